"""``python -m webapp.serve``: the server, with the same options for ``make run``, a deployment and the tests."""

from __future__ import annotations

import resource
import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from webapp import config, create_app
from webapp.foundation import proxies, start
from webapp.foundation.serving import Server

# Half a request line costs a connection, no thread; a proxy or a phone sends its headers at once.
HEADER_MILLISECONDS = 15_000
# As much as a proxy lets through; the 400 kB of the server's default would be half a second's worth of cookies to parse.
HEADER_BYTES = 64 * 1024
# Idle and slow connections count as well as busy ones; each costs some kilobytes.
CONNECTIONS = 4096
OPEN_FILES = 65_536  # an upload that is arriving has a file beside its connection; the usual limit is 1,024
UPLOAD_THREADS = 2  # for each process; what they wait for, the decoders, needs up to 1 GB each


def application() -> Server:
    """What each of the server's processes runs."""
    app = create_app()
    with app.app_context():
        start.require_database()
    return Server(
        app.wsgi_app,
        app.config["MAX_CONTENT_LENGTH"],
        threads=app.config["SETTINGS"].threads,
        upload_threads=UPLOAD_THREADS,
    )


def main(target: str = "webapp.serve:application") -> None:
    """Serve until told to stop; ends with a failure where it had to give up."""
    settings = config.load()
    for misfit in proxies.misfits(settings):
        sys.stderr.write(f"{misfit.logged}\n")  # the log is not set up yet
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, OPEN_FILES), most))
    Granian(
        target,
        factory=True,
        interface=Interfaces.ASGINL,
        address=settings.host,
        port=settings.port,
        http=HTTPModes.http1,
        websockets=False,
        workers=settings.workers,
        backlog=1024,
        backpressure=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEADER_BYTES),
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main()
