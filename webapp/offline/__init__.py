"""The server's side of working without signal: fresh tokens, gaps, what could not be placed, service worker, manifest."""
