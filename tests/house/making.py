"""How to make one record of each kind at a place; ``records.py`` says who sees it there.

Each function takes the world and a place and returns the record's argument in the address (a mapping if there are
several), or None if the kind has no such place. People of the world make what is theirs; where nobody of them serves, a
stand-in does, who sees nothing of it under the post that they really hold.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

import sqlalchemy as sa
import time_machine
from PIL import Image

from tests.points.helpers import earn, give
from tests.support.world import World
from webapp.accounts.models import LoginSession
from webapp.cases.models import Case, CaseRequest, TermRule
from webapp.cases.service import escalation, intake, loop
from webapp.directory.models import Appointment, Unit
from webapp.directory.posts import GRANTS, POST_NAMES, Permission, Post
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock, codes, photos
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.imports import service as imports
from webapp.networks.models import Committee, Seat
from webapp.offline import service as offline
from webapp.points.ledger import queries as points
from webapp.points.ledger import service as point_service
from webapp.points.models import Redemption, RuleEvent
from webapp.points.redemptions import service as redemptions
from webapp.points.rewards import service as catalogue
from webapp.points.rules import queries as rule_queries
from webapp.residents import service as residents
from webapp.stations.models import Station
from webapp.visits import service as visits
from webapp.visits.desks import service as desk
from webapp.visits.models import DeskHost, ServiceItem
from webapp.volunteering.activities import service as activity_service
from webapp.volunteering.attendance import service as attendance_service
from webapp.volunteering.hours import service as hours_service
from webapp.volunteering.hours import statements
from webapp.volunteering.models import Activity, CheckInKind, Way
from webapp.volunteering.reports import service as report_service

Argument = str | int
Arguments = Argument | Mapping[str, Argument] | None

# Where a record of a kind that may lie anywhere is put.
UNIT_OF_PLACE = {
    "own": "building", "sibling": "grid2", "cousin": "grid3", "far": "grid4", "parent": "community",
    "street": "street", "district": "district",
}  # fmt: skip
# The same for what lies no deeper than a grid and no higher than a community.
GRID_OF_PLACE = {
    "own": "grid", "sibling": "grid2", "cousin": "grid3", "far": "grid4", "parent": "community",
}  # fmt: skip
# The same for what lies no deeper than a community.
COMMUNITY_OF_PLACE = {
    "parent": "community", "cousin": "community2", "far": "community3", "street": "street",
    "district": "district",
}  # fmt: skip
# Who serves at a place.
PERSON_OF_PLACE = {
    "own": "building_leader", "sibling": "grid_worker2", "cousin": "volunteer2", "far": "street_staff2",
    "parent": "community_staff",
}  # fmt: skip
VOLUNTEER_OF_PLACE = {"own": "volunteer", "sibling": "volunteer1b", "cousin": "volunteer2"}
STAND_IN = "handler2"
PHONE = "13800001234"
HOUR = timedelta(hours=1)


def stand_in(world: World, post: Post, unit_name: str) -> Actor:
    """Somebody who serves a unit where nobody of the world does."""
    actor = world.actor(STAND_IN)
    unit = db.session.get_one(Unit, world.units[unit_name])
    holding = replace(
        actor.holding, post=post, post_name=POST_NAMES[post], unit_id=unit.id, unit_name=unit.short_name,
        unit_level=unit.level, unit_path=unit.path,
    )  # fmt: skip
    return replace(actor, holding=holding, permissions=frozenset(GRANTS[post]))


def worker(world: World, place: str) -> Actor:
    """Who logs and registers at a place."""
    known = {"own": "grid_worker", "sibling": "grid_worker2", "parent": "community_staff"}
    if place in known:
        return world.actor(known[place])
    return stand_in(world, Post.GRID_WORKER, GRID_OF_PLACE[place])


def picture() -> photos.ReadyPhoto:
    data = io.BytesIO()
    Image.new("RGB", (64, 64), (90, 120, 160)).save(data, "JPEG")
    return photos.accept(data.getvalue())


def photo_of(owner_type: str, owner_id: int) -> str:
    return str(photos.photos_of(owner_type, owner_id)[0].id)


# The register


def unit(world: World, place: str) -> str | None:
    name = UNIT_OF_PLACE.get(place)
    return db.session.get_one(Unit, world.units[name]).code if name else None


def station(world: World, place: str) -> str | None:
    return (
        db.session.get_one(Station, _station(world, UNIT_OF_PLACE[place])).code
        if place in GRID_OF_PLACE
        else None
    )


def _station(world: World, unit_name: str) -> int:
    """A new station of a unit."""
    with transaction() as session:
        where = session.get_one(Unit, world.units[unit_name])
        row = Station(
            code=codes.station_code(), kind="opinion_collection_point", name="测试站点",
            unit_id=where.id, **place_of(where),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def person(world: World, place: str) -> int | None:
    return world.people[PERSON_OF_PLACE[place]] if place in PERSON_OF_PLACE else None


def appointment(world: World, place: str) -> int | None:
    if place not in PERSON_OF_PLACE:
        return None
    return db.session.scalar(sa.select(Appointment.id).where(Appointment.person_id == person(world, place)))


def committee(world: World, place: str) -> int | None:
    """Every grid of the world has one."""
    if place not in GRID_OF_PLACE or place == "parent":
        return None
    at = Committee.unit_id == world.units[GRID_OF_PLACE[place]]
    return db.session.scalars(sa.select(Committee.id).where(at)).one()


def seat(world: World, place: str) -> int | None:
    if place not in GRID_OF_PLACE or place == "parent":
        return None
    with transaction() as session:
        row = Seat(
            person_id=world.people[STAND_IN], unit_id=world.units[GRID_OF_PLACE[place]], body="branch",
            starts_on=clock.today(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def login(world: World, place: str) -> int | None:
    if place != "own":
        return None
    world.token("grid_worker")
    mine = LoginSession.account_id == world.account_id("grid_worker")
    return db.session.scalar(sa.select(sa.func.max(LoginSession.id)).where(mine))


# Visits


def visit(world: World, place: str) -> Arguments:
    if place not in GRID_OF_PLACE:
        return None
    details = visits.Details(
        unit_id=world.units[UNIT_OF_PLACE[place]],
        resident_name="测试居民",
        resident_phone=PHONE,
        photos=[picture()],
    )
    row = visits.log_visit(
        worker(world, place), kind="home_visit", items=["home_call"], outcome="settled", details=details
    )
    return {"visit_id": row.id, "photo_id": photo_of("visit", row.id)}


def desk_session(world: World, place: str) -> Arguments:
    """At the sibling grid, the worker of the own grid sits there, too."""
    if place not in GRID_OF_PLACE:
        return None
    starts = time(8 + list(GRID_OF_PLACE).index(place))  # the stand-in can't sit at two desks at once
    ends = time(starts.hour + 1)
    plan = desk.Plan(day=clock.today() + timedelta(days=1), starts=starts, ends=ends, place="1栋门前")
    row = desk.plan_desk(worker(world, place), plan).sessions[0]
    if place == "sibling":
        with transaction() as session:
            session.add(DeskHost(session_id=row.id, person_id=world.people["grid_worker"]))
    return row.id


# Cases


def case(world: World, place: str) -> Arguments:
    """The one at the own place is with the company; ``report`` and ``reported`` are 举报."""
    number = _report(world, place) if place in ("report", "reported") else _case(world, place)
    if number is None:
        return None
    row = db.session.scalars(sa.select(Case).where(Case.number == number)).one()
    return {"number": number, "photo_id": photo_of("case", row.id)}


def _case(world: World, place: str) -> str | None:
    if place not in GRID_OF_PLACE:
        return None
    actor = worker(world, place)
    row = intake.register(
        actor, category="sanitation", unit_id=world.units[UNIT_OF_PLACE[place]], what="楼道里堆了杂物。",
        reporter_name="测试居民", reporter_phone=PHONE, photos=[picture()],
    )  # fmt: skip
    if place == "own":
        loop.assign(actor, row.number, handler_unit_id=world.units["company"])
    return row.number


def _report(world: World, place: str) -> str:
    """Against the company, written down by a worker; against the community, sent by a resident."""
    given: dict[str, Any] = {
        "category": "sanitation",
        "what": "反映的情况。",
        "confidentiality": "report",
        "photos": [picture()],
    }
    if place == "report":
        against, where = world.units["company"], world.units["grid"]
        actor = world.actor("grid_worker1b")
        return intake.register(actor, unit_id=where, against_unit_id=against, **given).number
    code = db.session.get_one(Station, world.stations["station"]).code
    return intake.register_by_resident(code, against_unit_id=world.units["community"], **given).number


def tracking_code(world: World, place: str) -> str | None:
    number = _case(world, place)
    return number and db.session.scalars(sa.select(Case.tracking_code).where(Case.number == number)).one()


# Volunteering


def _plan(world: World, unit_name: str, starts: timedelta) -> activity_service.Plan:
    begin = clock.now() + starts
    return activity_service.Plan(
        title="楼道清扫", category="environment", place="1栋门前", starts_at=begin, ends_at=begin + 2 * HOUR,
        unit_id=world.units[unit_name],
    )  # fmt: skip


def _activity(world: World, place: str) -> Activity:
    """It begins soon: one may sign up, and check in."""
    organiser = stand_in(world, Post.COMMUNITY_STAFF, "district")
    return activity_service.create_activity(organiser, _plan(world, GRID_OF_PLACE[place], HOUR / 2))


def activity(world: World, place: str) -> int | None:
    return _activity(world, place).id if place in GRID_OF_PLACE else None


def poster(world: World, place: str) -> str | None:
    return _activity(world, place).poster_code if place in GRID_OF_PLACE else None


def attendance(world: World, place: str) -> int | None:
    """At the community itself, the volunteer of the sibling place was there."""
    if place not in GRID_OF_PLACE:
        return None
    who = {**VOLUNTEER_OF_PLACE, "parent": "volunteer1b"}
    actor = world.actor(who[place]) if place in who else stand_in(world, Post.VOLUNTEER, GRID_OF_PLACE[place])
    return _served(world, actor, GRID_OF_PLACE[place], 3 + list(GRID_OF_PLACE).index(place))


def _served(world: World, volunteer: Actor, unit_name: str, days_ago: int) -> int:
    """The volunteer came and went on that day; nobody has confirmed it yet."""
    organiser = stand_in(world, Post.COMMUNITY_STAFF, "district")
    begin = clock.now() - timedelta(days=days_ago)
    with time_machine.travel(begin - HOUR, tick=False):
        planned = activity_service.create_activity(organiser, _plan(world, unit_name, HOUR)).id
    with time_machine.travel(begin, tick=False):
        attendance_service.check_in(volunteer, planned, Way.POSTER)
    with time_machine.travel(begin + 2 * HOUR, tick=False):
        return attendance_service.check_out(volunteer, planned).id


def statement(world: World, place: str) -> str | None:
    return _statement(world, place, 20) if place in VOLUNTEER_OF_PLACE else None


def _statement(world: World, place: str, days_ago: int) -> str:
    """Of an activity on that day: nobody serves in two at once."""
    mine = world.actor(VOLUNTEER_OF_PLACE[place])
    served = _served(world, mine, GRID_OF_PLACE[place], days_ago)
    hours_service.confirm_hours(stand_in(world, Post.COMMUNITY_STAFF, "district"), served, reason="已核对")
    today = clock.today()
    return statements.issue(mine, since=today - timedelta(days=60), until=today).verify_code


def issued(world: World, place: str) -> str | None:
    """A statement for the page that proves it, which knows no places."""
    return _statement(world, "own", 30) if place == "own" else None


def party_report(world: World, place: str) -> int | None:
    if place not in VOLUNTEER_OF_PLACE:
        return None
    kind = db.session.scalars(sa.select(CheckInKind.id).where(CheckInKind.level == "grid")).one()
    mine = world.actor(VOLUNTEER_OF_PLACE[place])
    return report_service.report_to_grid(mine, kind_id=kind, grid_id=world.units[GRID_OF_PLACE[place]]).id


# Points

EARNER_OF_PLACE = {"own": "grid_worker", "sibling": "branch_secretary", "cousin": "committee_member2"}
REDEEMER_OF_PLACE = {"own": "committee_member", "cousin": "committee_member2"}


def _proposed(world: World) -> int:
    """Put forward by the worker for a member of the committee; nobody has reviewed it yet."""
    rule = rule_queries.rules_on(clock.today(), RuleEvent.BY_HAND)[0]
    actor, whose = world.actor("grid_worker"), world.people["committee_member"]
    open_days = clock.today() - timedelta(days=len(points.entries_page(whose).rows))
    return point_service.propose(actor, person_id=whose, rule_id=rule.id, day=open_days, reason="调解").id


def point_entry(world: World, place: str) -> int | None:
    """At the own place a proposal; elsewhere what counts already."""
    if place not in GRID_OF_PLACE:
        return None
    if place == "own":
        return _proposed(world)
    return earn(world, "committee_member", unit=GRID_OF_PLACE[place])[0].id


def term_rule(world: World, place: str) -> int | None:
    return _first(TermRule, place)


def service_item(world: World, place: str) -> int | None:
    return _first(ServiceItem, place)


def check_in_kind(world: World, place: str) -> int | None:
    return _first(CheckInKind, place)


def _first(model: type[TermRule | ServiceItem | CheckInKind], place: str) -> int | None:
    """One of those that every district begins with; they are the district's."""
    return db.session.scalars(sa.select(model.id)).first() if place == "district" else None


def point_rule(world: World, place: str) -> int | None:
    """The rules are the district's."""
    return rule_queries.rules_on(clock.today())[0].id if place == "district" else None


def point_entry_own(world: World, place: str) -> int | None:
    return earn(world, EARNER_OF_PLACE[place])[0].id if place in EARNER_OF_PLACE else None


def reward(world: World, place: str) -> int | None:
    """Of a community or a unit above, collected somewhere in it."""
    if place not in COMMUNITY_OF_PLACE:
        return None
    name = COMMUNITY_OF_PLACE[place]
    return _reward(world, name, _station(world, name))


def _reward(world: World, unit_name: str, station_id: int) -> int:
    post = Post.DISTRICT_ADMIN if unit_name == "district" else Post.COMMUNITY_STAFF
    given = catalogue.RewardInput(
        name="示范大米",
        kind="goods",
        about="",
        cost=10,
        picture="rice",
        quarter_limit=None,
        station_id=station_id,
    )
    return catalogue.offer(stand_in(world, post, unit_name), given=given, stock=10).id


def redemption(world: World, place: str) -> str | None:
    """Of a member of the committee there."""
    if place not in REDEEMER_OF_PLACE:
        return None
    return _redeemed(world, REDEEMER_OF_PLACE[place], "community" if place == "own" else "grid3").code


def redemption_clerk(world: World, place: str) -> str | None:
    """By a member of the committee, to be collected at the place."""
    if place not in GRID_OF_PLACE:
        return None
    return _redeemed(world, "committee_member", GRID_OF_PLACE[place]).code


def _redeemed(world: World, who: str, unit_name: str) -> Redemption:
    give(world, who, 10)
    offered = _reward(world, "district", _station(world, unit_name))
    return redemptions.redeem(world.actor(who), reward_id=offered)


# What waits


def ask(world: World, place: str) -> Arguments:
    """From a place to the level above it; ``hours`` and ``points`` wait in the own grid."""
    if place == "hours":
        served = _served(world, world.actor("volunteer1b"), "grid", 40)
        return {"source": "hours", "ask_id": served}
    if place == "points":
        return {"source": "points", "ask_id": _proposed(world)}
    if place not in GRID_OF_PLACE:
        return None
    actor = worker(world, place)
    assert actor.can(Permission.CASE_OWN)
    row = intake.register(actor, category="parking", unit_id=actor.unit_id, what="通道被占用。")
    escalation.escalate(actor, row.number, reason_kind="beyond_authority", reason="需要上级协调。")
    return {
        "source": "case",
        "ask_id": db.session.scalars(sa.select(CaseRequest.id).where(CaseRequest.case_id == row.id)).one(),
    }


def feedback(world: World, place: str) -> int | None:
    if place not in COMMUNITY_OF_PLACE:
        return None
    where = None if place == "district" else world.units[COMMUNITY_OF_PLACE[place]]
    return residents.send_feedback(None, text="字再大一点就好了。", contact=PHONE, unit_id=where).id


def feedback_code(world: World, place: str) -> str | None:
    if place != "own":
        return None
    return residents.send_feedback(None, text="字再大一点就好了。").code


def quarantine(world: World, place: str) -> Arguments:
    if place not in PERSON_OF_PLACE:
        return None
    parcel = offline.Parcel(
        uuid.uuid4(), world.people[PERSON_OF_PLACE[place]], None, "/visits/new", "/visits/new", [("note", "门没有开")],
        "备注：门没有开", "职务已经结束", clock.now(), [picture()],
    )  # fmt: skip
    row = offline.put_aside(parcel)
    return {"quarantine_id": row.id, "photo_id": photo_of(offline.PHOTO_OWNER, row.id)}


def import_upload(world: World, place: str) -> Arguments:
    people = {"parent": "community_staff", "cousin": "community_staff2", "district": "district_admin"}
    if place not in people:
        return None
    kind = "people" if place == "district" else "visits"
    data = "姓名,日期,服务形式,服务事项,办理结果\n示例,2025-3-1,上门,政策咨询,已办结\n".encode()
    upload = imports.take_in(
        world.actor(people[place]), kind=kind, source="旧平台", file_name="台账.csv", data=data
    )
    return str(upload.id)
