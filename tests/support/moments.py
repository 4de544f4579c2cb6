"""Records that only last a moment, or that need a camera or a lost connection: the demo district has none of them."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta

import sqlalchemy as sa
from PIL import Image

from webapp.accounts.models import Account
from webapp.accounts.service import open_session
from webapp.accounts.session import load_actor
from webapp.cases.service import intake
from webapp.directory.models import Unit
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock, photos
from webapp.foundation.access import Actor
from webapp.imports import service as imports
from webapp.networks.models import Committee, Seat
from webapp.offline import service as offline
from webapp.points.models import Redemption, RedemptionState
from webapp.residents import service as residents
from webapp.stations.models import Station
from webapp.visits import service as visits
from webapp.volunteering import codes
from webapp.volunteering.hours import statements
from webapp.volunteering.models import Activity

Address = tuple[str, str]  # who, and where


def picture(side: int = 320) -> photos.ReadyPhoto:
    """A photo as the server keeps it."""
    data = io.BytesIO()
    Image.new("RGB", (side, side), (90, 120, 160)).save(data, "JPEG")
    return photos.accept(data.getvalue())


def demo_actor(post: str) -> Actor:
    """The demo's person of this post, as a request of theirs would have it."""
    account = db.session.scalar(sa.select(Account.id).where(Account.username == post))
    assert account is not None
    actor = load_actor(open_session(account, trusted=True, device="test"), clock.now())
    assert actor is not None
    return actor


def make_moments() -> list[Address]:
    """Write them into the demo district; returns the addresses where they are seen, and by whom."""
    worker, staff = demo_actor(Post.GRID_WORKER), demo_actor(Post.COMMUNITY_STAFF)
    return [*_visits(worker), *_cases(worker), *_volunteering(), *_other(worker, staff), *_imports(staff)]


def _imports(staff: Actor) -> Iterator[Address]:
    # Not a row of it is right: so there is something to show, and to fetch.
    ledger = (
        "编号,走访时间,网格员,走访方式,事项类别,办理结果\nA-1,2024-02-30,无此人,上门,无此项,办结\n".encode()
    )
    upload = imports.take_in(staff, kind="visits", source="旧网格平台", file_name="走访台账.csv", data=ledger)
    for step in ("columns", "trial", "wrong.csv"):
        yield Post.COMMUNITY_STAFF, f"/imports/{upload.id}/{step}"


def _visits(worker: Actor) -> Iterator[Address]:
    details = visits.Details(
        resident_name="测试居民", resident_phone="13900009999", door="1栋101", note="楼道灯不亮。",
        at=clock.now() - timedelta(days=3), photos=[picture()],
    )  # fmt: skip
    for outcome in ("settled", "to_case"):
        visit = visits.log_visit(
            worker, kind="home_visit", items=["home_call"], outcome=outcome, details=details
        )
        for page in ("", "/saved", "/case"):
            yield Post.GRID_WORKER, f"/visits/{visit.id}{page}"


def _cases(worker: Actor) -> Iterator[Address]:
    for _ in range(2):  # the second may be the same matter as the first
        case = intake.register(
            worker, category="sanitation", unit_id=worker.unit_id, what="楼道里堆了杂物。", photos=[picture()],
            reporter_name="测试居民", reporter_phone="13900009998",
        )  # fmt: skip
        yield Post.GRID_WORKER, f"/cases/{case.number}/slip"
        yield Post.GRID_WORKER, f"/cases/{case.number}"
    yield "", f"/t/{case.tracking_code}"
    yield Post.GRID_WORKER, f"/cases/new/duplicates?category=sanitation&unit_id={worker.unit_id}"


def _volunteering() -> Iterator[Address]:
    volunteer = demo_actor(Post.VOLUNTEER)
    today = clock.today()
    paper = statements.issue(volunteer, since=today - timedelta(days=360), until=today)
    yield Post.VOLUNTEER, f"/volunteering/statements/{paper.verify_code}"
    yield "", f"/volunteering/verify/{paper.verify_code}"
    yield "", "/volunteering/verify/AAAA-AAAA-AAAA"
    coming = sa.select(Activity).where(Activity.ends_at > clock.now(), Activity.cancelled_at.is_(None))
    running = db.session.scalars(coming.order_by(Activity.starts_at).limit(1)).one()
    yield Post.VOLUNTEER, f"/volunteering/check-in/{running.poster_code}"
    token = codes.rotating_code(running.id, running.checkin_secret, clock.now())
    yield Post.VOLUNTEER, f"/volunteering/check-in/{token}"


def _other(worker: Actor, staff: Actor) -> Iterator[Address]:
    said = residents.send_feedback(
        worker, text="字再大一点就好了。", contact="13900009997", unit_id=staff.unit_id
    )
    yield "", f"/feedback/{said.code}"
    parcel = offline.Parcel(
        uuid.uuid4(), worker.person_id, None, "/visits/new", "/visits/new", [("note", "门没有开")],
        "备注：门没有开", "职务已经结束", clock.now(), [picture()],
    )  # fmt: skip
    yield Post.COMMUNITY_STAFF, f"/outbox/quarantine/{offline.put_aside(parcel).id}"
    waiting = sa.select(Redemption.code).join(Station, Station.id == Redemption.station_id)
    mine = Redemption.state == RedemptionState.REQUESTED, Station.community_id == staff.unit_id
    for code in db.session.scalars(waiting.where(*mine).limit(2)):
        yield Post.COMMUNITY_STAFF, f"/points/desk/{code}"
    # What who keeps the register does deep down in the tree, farther than the walk goes.
    committee, seat = (
        db.session.scalars(sa.select(Committee)).first(),
        db.session.scalars(sa.select(Seat)).first(),
    )
    assert committee is not None
    assert seat is not None
    grid = db.session.get_one(Unit, committee.unit_id).code
    for address in (
        f"/directory/units/{grid}", f"/directory/units/{grid}/committees/new", f"/directory/units/{grid}/company",
        f"/directory/committees/{committee.id}/change", f"/directory/units/{grid}/stations/new",
        f"/directory/people/{seat.person_id}", f"/directory/seats/{seat.id}/end",
    ):  # fmt: skip
        yield Post.DISTRICT_ADMIN, address
