"""人员名册: people, and what they serve as."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person
from webapp.directory.people.service import PersonFacts, appoint, change_person, create_person
from webapp.directory.posts import POST_LEVELS, POST_NAMES, Level, Permission, Post
from webapp.extensions import db
from webapp.foundation import clock, private
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, Invalid
from webapp.foundation.sheet_reader import Cell, text_of
from webapp.imports import cells
from webapp.imports.kinds import REF, Effect, Field, Kind, Marks, Refs, Taken, Values, marks
from webapp.imports.models import ImportKind
from webapp.imports.places import Place, Places
from webapp.networks.bodies.service import take_seat
from webapp.networks.models import Seat


class Party(NamedTuple):
    """What somebody's 政治面貌 says."""

    is_member: bool = False
    is_serving: bool = False  # employed elsewhere: 在职党员


class Seated(NamedTuple):
    """A seat: ``body`` is one of ``Seat.BODIES``, ``title`` what the person is in it."""

    body: str
    title: str


POSTS = {
    **{name: post for post, name in POST_NAMES.items()},
    "小区党支部书记": Post.BRANCH_SECRETARY,
    "网格长": Post.GRID_WORKER,
    "专职网格员": Post.GRID_WORKER,
    "楼长": Post.BUILDING_LEADER,
    "社区书记": Post.COMMUNITY_SECRETARY,
    "社区干部": Post.COMMUNITY_STAFF,
    "报到党员": Post.VOLUNTEER,
    "业委会成员": Post.COMMITTEE_MEMBER,
    "物管会成员": Post.COMMITTEE_MEMBER,
    **{post.value: post for post in Post},
}  # fmt: skip
PARTY = {
    **dict.fromkeys(("中共党员", "党员", "中共预备党员", "预备党员", "是"), Party(is_member=True)),
    "在职党员": Party(is_member=True, is_serving=True),
    **dict.fromkeys(("群众", "共青团员", "团员", "民主党派", "无党派人士", "否"), Party()),
}


_BODIES = re.compile(
    r"(?:红色|小区|网格)*(?:(?P<committee>业主委员会|业委会|物业管理委员会|物管会)|(?P<branch>党员|党支部|支部))(?P<title>.{0,20})"
)


def seat(cell: Cell) -> Seated:
    """A seat in a grid's branch or committee, and what it is called there: 业委会主任, 党支部委员, 党员."""
    found = _BODIES.fullmatch(re.sub(r"\s+", "", text_of(cell)))
    if found is None:
        raise ValueError("可以填：党员、党支部委员、业委会主任、物管会委员等。")
    return Seated("committee" if found["committee"] else "branch", found["title"] or "成员")


class People:
    """The register. Known is who has the row's id in the old system, else its phone, else its name and one of its places."""

    def __init__(self, actor: Actor, refs: Refs, seen: set[int]) -> None:
        self._actor, self._refs = actor, refs
        self._places = Places(actor)

    def take(self, values: Values, ref: str) -> Taken:
        """See ``Book.take``. Somebody known gets what is new about them; nothing is taken away."""
        held = self._held(values)
        person = self._find(values.text("name"), values.text("phone"), ref, held)
        effect = Effect.SAME if person else Effect.NEW
        facts = _facts(values, person)
        if person is None:
            person = create_person(self._actor, **vars(facts))
        elif _differs(person, facts):
            person, effect = change_person(self._actor, person.id, facts), Effect.CHANGED
        since = values.value("since", date) or clock.today()
        for place in held:
            if self._give(person.id, place, since) and effect == Effect.SAME:
                effect = Effect.CHANGED
        return Taken(person.id, effect)

    def _held(self, values: Values) -> list[Held]:
        """What the row says that the person is, and where."""
        unit, post, seat = values.text("unit"), values.value("post", Post), values.value("seat", Seated)
        if unit and not (post or seat):
            raise Invalid("写了单位，没有写职务或席位，不知道以什么身份登记。", "unit")
        if (post or seat) and not unit:
            raise Invalid("请写明在哪个单位。", "unit")
        held = []
        if post:
            held.append(Held(Appointment, post, self._places.find(unit, POST_LEVELS[post])))
        if seat:
            held.append(Held(Seat, seat.body, self._places.find(unit, (Level.GRID,)), seat.title))
        return held

    def _find(self, name: str, phone: str, ref: str, held: Sequence[Held]) -> Person | None:
        phone_hash = private.keyed_hash(private.normalise_phone(phone)) if phone else None
        if (person_id := self._refs.find(ref)) is not None:
            person = db.session.get_one(Person, person_id)
            if person.name != name and (phone_hash is None or phone_hash != person.phone_hash):
                raise Invalid(
                    f"这个编号登记的是{private.mask_name(person.name)}，请核对编号和姓名。", "external_id"
                )
            return person
        if phone_hash:
            has_phone = db.session.scalars(sa.select(Person).where(Person.phone_hash == phone_hash)).first()
            if has_phone:  # if it is somebody else's, the service says so
                return has_phone if has_phone.name == name else None
        called = sa.select(Person).where(Person.name == name)
        if phone_hash or not held:
            called = called.where(Person.phone_hash.is_(None))
        found = [person for person in db.session.scalars(called).all() if self._fits(person.id, ref, held)]
        if len(found) > 1:
            raise Invalid("有几个人同名，请加上电话或编号。", "name")
        return found[0] if found else None

    def _fits(self, person_id: int, ref: str, held: Sequence[Held]) -> bool:
        """Whether somebody of the row's name is whom it is about: is, or was, one of the things it says; or nothing."""
        if ref and self._refs.is_bound(person_id):
            return False
        has = _held_by(person_id)
        return any((place.what, place.unit.id) in has for place in held) if held else not has

    def _give(self, person_id: int, held: Held, since: date) -> bool:
        """Give the post or seat; says whether it was new."""
        try:
            if held.rows is Appointment:
                appoint(
                    self._actor,
                    person_id=person_id,
                    post=held.what,
                    unit_code=held.unit.code,
                    starts_on=since,
                )
            else:
                take_seat(
                    self._actor, person_id=person_id, body=held.what, unit_code=held.unit.code, title=held.title,
                    starts_on=since,
                )  # fmt: skip
        except Conflict:  # it is held already in these days
            return False
        return True


class Held(NamedTuple):
    """A post (``rows``: Appointment) or a seat in a body, and where."""

    rows: type[Appointment | Seat]
    what: str
    unit: Place
    title: str = ""


def _held_by(person_id: int) -> set[tuple[str, int]]:
    """All posts and seats that somebody ever had: which and where."""
    posts = sa.select(Appointment.post, Appointment.unit_id).where(Appointment.person_id == person_id)
    seats = sa.select(Seat.body, Seat.unit_id).where(Seat.person_id == person_id)
    return {(row.post, row.unit_id) for row in db.session.execute(posts.union_all(seats))}


def _facts(values: Values, known: Person | None) -> PersonFacts:
    """What the register is to say. A 三报到党员 is a serving party member by definition, and in a branch sit members."""
    party, seat = values.value("party", Party) or Party(), values.value("seat", Seated)
    is_volunteer = values.get("post") == Post.VOLUNTEER
    return PersonFacts(
        name=values.text("name"),
        phone=values.text("phone"),
        is_party_member=bool(
            party.is_member
            or is_volunteer
            or (seat and seat.body == "branch")
            or (known and known.is_party_member)
        ),
        is_serving_party_member=bool(
            party.is_serving or is_volunteer or (known and known.is_serving_party_member)
        ),
    )


def _differs(person: Person, facts: PersonFacts) -> bool:
    known = PersonFacts(
        person.name,
        private.normalise_phone(facts.phone) and person.phone,
        person.is_party_member,
        person.is_serving_party_member,
    )
    return known != replace(facts, phone=private.normalise_phone(facts.phone))


def _marks(values: Values) -> Marks:
    return Marks(marks(values.text(REF), values.text("name"), private.normalise_phone(values.text("phone"))))


KIND = Kind(
    key=ImportKind.PEOPLE,
    explained="网格员、楼栋长、党员、业委会成员等：姓名、电话、单位、职务",
    permission=Permission.DIRECTORY_MANAGE,
    fields=(
        Field("name", "姓名", cells.name(40), ("名字", "人员姓名", "党员姓名"), required=True),
        Field("phone", "电话", cells.plain(30), ("手机", "手机号", "手机号码", "联系电话", "联系方式", "电话号码"), private=True),
        Field(
            "unit", "单位", cells.plain(80),
            ("所在单位", "任职单位", "所属单位", "单位代码", "所在网格", "所属网格", "网格", "小区",
             "所在小区", "社区", "所属社区"),
        ),
        Field("post", "职务", cells.choice(POSTS), ("岗位", "身份", "担任职务")),
        Field("seat", "席位", seat, ("所在组织", "业委会职务", "支部职务", "党内职务", "组织")),
        Field("since", "任职日期", cells.day, ("开始日期", "任职时间", "上任日期", "入职日期", "报到日期")),
        Field("party", "政治面貌", cells.choice(PARTY), ("是否党员", "党员类别")),
    ),
    open=People,
    marks=_marks,
    columns=(("unit_code", "unit"), ("starts_on", "since")),
)  # fmt: skip
