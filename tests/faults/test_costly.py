"""Files and forms made to cost as much as possible: whether refused or taken, nobody else waits for them."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import sqlalchemy as sa
from werkzeug.datastructures import FileStorage

from tests.faults.phone import session_cookie
from tests.support import hostile
from tests.support.live import Live
from tests.support.visitor import Visitor
from webapp.extensions import db
from webapp.stations.models import Station

AT_ONCE = 3  # one more than there are threads for uploads


def report(live: Live, photo: bytes) -> tuple[int, str]:
    with live.app.app_context():
        code = db.session.scalar(sa.select(Station.code).limit(1))
        db.session.remove()
    return Visitor(live.port).send(
        f"/r/{code}", {"what": "路灯不亮", "photos": FileStorage(io.BytesIO(photo), "a.jpg")}
    )


def table(live: Live, data: bytes) -> tuple[int, str]:
    importer = Visitor(live.port, f"desk={session_cookie(live, 'district_admin')}")
    return importer.send(
        "/imports/", {"kind": "people", "source": "a", "file": FileStorage(io.BytesIO(data), "a.xlsx")}
    )


def form(live: Live, body: bytes) -> tuple[int, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return Visitor(live.port).ask("/login", body, headers)


@pytest.mark.parametrize(
    ("send", "make", "status"),
    [
        pytest.param(report, partial(hostile.many_scans, 4000), 422, id="JPEG of 4,000 scans"),
        pytest.param(report, hostile.large_webp, 303, id="WebP of 50 megapixels"),
        pytest.param(table, partial(hostile.shared_strings, 99), 303, id="spreadsheet with 99 MB of strings"),
        pytest.param(table, partial(hostile.shared_strings, 500), 422, id="spreadsheet with 500 MB of strings"),
        pytest.param(form, lambda: b"a=&" * 480_000, 413, id="480,000 empty fields"),
        pytest.param(form, lambda: b"a" * 2_000_000, 400, id="one field of 2 MB"),
    ],
)  # fmt: skip
def test_what_is_costly_holds_up_nobody(
    live: Live,
    send: Callable[[Live, bytes], tuple[int, str]],
    make: Callable[[], bytes],
    status: int,
    record_property: Callable[[str, object], None],
) -> None:
    content = make()
    with Visitor(live.port).watching() as waits, ThreadPoolExecutor(AT_ONCE) as senders:
        answers = list(senders.map(lambda _: send(live, content), range(AT_ONCE)))
    assert [found for found, _ in answers] == [status] * AT_ONCE
    record_property("note", f"worst wait {max(waits):.2f} s")
    assert max(waits) < 1
