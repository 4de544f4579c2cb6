"""QR codes: as SVG inside a page, and for the console."""

from __future__ import annotations

import io

from markupsafe import Markup

QUIET_ZONE = 4  # modules of white around the code, as ISO/IEC 18004 asks
TERMINAL_QUIET_ZONE = 2  # enough for a phone's camera, and it fits beside the text


def qr_svg(text: str, *, scale: int = 4) -> Markup:
    """``text`` as an inline SVG of ``scale`` pixels a module.

    Attributes only, no styles, so that it passes the content security policy; black on its own white ground, so that it
    can be read in dark mode too.

    Raises:
        ValueError: ``text`` is longer than a QR code can hold.
    """
    import segno  # 50 ms to import, and few pages show a code

    code = segno.make(text, error="m", micro=False)
    modules = code.symbol_size(border=QUIET_ZONE)[0]
    path = "".join(
        f"M{x} {y}h{length}v1h-{length}z"
        for y, row in enumerate(code.matrix, QUIET_ZONE)
        for x, length in _dark_runs(bytes(row), QUIET_ZONE)
    )
    size = modules * scale
    return Markup(
        '<svg class="qr" role="img" aria-label="二维码" shape-rendering="crispEdges"'
        ' width="{size}" height="{size}" viewBox="0 0 {modules} {modules}">'
        '<path fill="#fff" d="M0 0h{modules}v{modules}h-{modules}z"/><path fill="#000" d="{path}"/></svg>'
    ).format(size=size, modules=modules, path=path)


def _dark_runs(row: bytes, offset: int) -> list[tuple[int, int]]:
    """Where the stretches of dark modules begin, and how long they are."""
    runs: list[tuple[int, int]] = []
    for x, dark in enumerate(row, offset):
        if not dark:
            continue
        if runs and sum(runs[-1]) == x:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((x, 1))
    return runs


def qr_terminal(text: str) -> str:
    """``text`` as lines of block characters, two modules a character high, for a console with a dark ground."""
    import segno

    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, border=TERMINAL_QUIET_ZONE, compact=True)
    return out.getvalue()
