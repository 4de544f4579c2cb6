"""Bringing a register of people in: who is known already, who is new, and what changes. Needs DIRECTORY_MANAGE.

A row is matched by its id in the old system, then by phone, then by name together with what the person serves as. The
checks are those of ``service``; all is read once and judged in memory, so that a long register costs few queries.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Seat, Unit
from webapp.directory.posts import LEVEL_NAMES, POST_LEVELS, Level, Post
from webapp.directory.scope import units_within
from webapp.directory.service import check_can_manage
from webapp.extensions import db
from webapp.foundation import journal, private
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, require_transaction
from webapp.foundation.errors import Invalid
from webapp.foundation.merging import Effect, Known, Target

PHONE_TAKEN = "这个号码已经登记在另一个人名下，请核对姓名和号码。"


class Places:
    """The units in use in the actor's scope, found by code or by name as people write it."""

    def __init__(self, actor: Actor) -> None:
        query = sa.select(Unit).where(units_within(actor), Unit.retired_on.is_(None))
        self.by_id = {unit.id: unit for unit in db.session.scalars(query)}
        self._by_word: dict[str, list[Unit]] = defaultdict(list)
        for unit in self.by_id.values():
            above = self.by_id.get(unit.parent_id or 0)
            words = {
                unit.code,
                unit.name,
                unit.short_name,
                f"{above.short_name if above else ''}{unit.short_name}",
            }
            for word in {bare(word) for word in words}:
                self._by_word[word].append(unit)

    def find(self, text: str, levels: Sequence[Level] = ()) -> Unit:
        """The unit called so; ``levels`` are those that come into question.

        Raises:
            Invalid: there is none in scope, it is of another level, or several are called so.
        """
        called = self._by_word.get(bare(text), [])
        found = [unit for unit in called if not levels or unit.level in levels]
        if not called:
            raise Invalid("在您的范围内没有找到这个单位，请填写全称、简称或代码。", "unit")
        if not found:
            wanted = "或".join(LEVEL_NAMES[level] for level in levels)
            raise Invalid(f"这里要填{wanted}，这是{LEVEL_NAMES[Level(called[0].level)]}。", "unit")
        if len(found) > 1:
            raise Invalid("有几个单位都叫这个名字，请在前面加上级名称，或改填代码。", "unit")
        return found[0]


def bare(text: str) -> str:
    """What somebody calls a unit, however they part the names in it."""
    return re.sub(r"[\s/／\\\-—>·]+", "", text).casefold()


@dataclass(frozen=True)
class Entry:
    """One row of a register. ``seat`` is the body (``Seat.BODIES``) and what the person is in it."""

    name: str
    since: date
    phone: str = ""
    unit: str = ""
    post: Post | None = None
    seat: tuple[str, str] | None = None
    is_party_member: bool = False
    is_serving_party_member: bool = False


class Member(Target):
    """A person as the register knows them, or will once it is written."""

    def __init__(self, name: str, phone_hash: str | None) -> None:
        super().__init__()
        self.name, self.phone_hash = name, phone_hash
        self.flags: set[str] = set()
        self.serves: dict[tuple[str, int], list[date | None]] = defaultdict(
            list
        )  # post or body, unit: last days
        self.changes: dict[str, Any] = {}
        self.appointments: list[dict[str, Any]] = []
        self.seats: list[dict[str, Any]] = []

    def serves_as(self, what: tuple[str, int], since: date) -> bool:
        """Whether the person is this already, on ``since`` or later."""
        return any(last is None or last >= since for last in self.serves.get(what, ()))


class Register:
    """All people, to weigh rows against. ``known``: ids of the old system."""

    def __init__(self, actor: Actor, known: Known) -> None:
        check_can_manage(actor)
        self.actor, self.places = actor, Places(actor)
        self._by_phone: dict[str, Member] = {}
        self._by_name: dict[str, list[Member]] = defaultdict(list)
        self._touched: dict[int, Member] = {}
        by_id: dict[int, Member] = {}
        columns = (Person.is_party_member, Person.is_serving_party_member)
        for row in db.session.execute(sa.select(Person.id, Person.name, Person.phone_hash, *columns)):
            member = by_id[row.id] = Member(row.name, row.phone_hash)
            member.id = row.id
            member.flags = {column.key for column in columns if getattr(row, column.key)}
            self._enter(member)
        for what, rows in ((Appointment.post, Appointment), (Seat.body, Seat)):
            held = sa.select(rows.person_id, what.label("what"), rows.unit_id, rows.ends_on)
            for place in db.session.execute(held):
                by_id[place.person_id].serves[place.what, place.unit_id].append(place.ends_on)
        self._by_ref = {ref: by_id[person_id] for ref, person_id in known.refs.items() if person_id in by_id}
        for person_id in known.bound & by_id.keys():
            by_id[person_id].bound = True

    def _enter(self, member: Member) -> None:
        self._by_name[member.name].append(member)
        if member.phone_hash:
            self._by_phone[member.phone_hash] = member

    def weigh(self, entry: Entry, ref: str = "") -> tuple[Member, Effect]:
        """Whom a row is about, and what it does; the next row is weighed as if this one was written.

        Raises:
            Invalid: something in it can't be, with the name of its field.
        """
        _check(entry)
        places = self._places(entry)
        phone = private.normalise_phone(entry.phone) if entry.phone else ""
        phone_hash = private.keyed_hash(phone) if phone else None
        member = self._by_ref.get(ref) if ref else None
        if member is not None:
            self._check_same(member, entry, phone_hash)
        else:
            member = self._find(entry, phone_hash, list(places), ref)
        if member is None:
            member, effect = Member(entry.name, phone_hash), Effect.NEW
            member.changes = {"name": entry.name, "phone": phone, "phone_hash": phone_hash}
            self._enter(member)
        else:
            effect = Effect.CHANGED if self._rename(member, entry.name, phone, phone_hash) else Effect.SAME
        if self._extend(member, entry, places) and effect == Effect.SAME:
            effect = Effect.CHANGED
        if ref:
            member.bound = True
            self._by_ref[ref] = member
        if effect != Effect.SAME:
            self._touched[id(member)] = member
        return member, effect

    def _places(self, entry: Entry) -> dict[tuple[str, int], str]:
        """What the person serves as and where: (post or body, unit) → which of the two."""
        if not (entry.post or entry.seat):
            if entry.unit:
                raise Invalid("写了单位，没有写职务或席位，不知道以什么身份登记。", "unit")
            return {}
        if not entry.unit:
            raise Invalid("请写明在哪个单位。", "unit")
        places = {}
        if entry.post:
            places[entry.post.value, self.places.find(entry.unit, POST_LEVELS[entry.post]).id] = "post"
        if entry.seat:
            places[entry.seat[0], self.places.find(entry.unit, (Level.GRID,)).id] = "seat"
        return places

    def _check_same(self, member: Member, entry: Entry, phone_hash: str | None) -> None:
        other = self._by_phone.get(phone_hash) if phone_hash else None
        if other not in (None, member):
            raise Invalid(PHONE_TAKEN, "phone")
        if member.name != entry.name and (not phone_hash or phone_hash != member.phone_hash):
            raise Invalid(
                f"这个编号登记的是{private.mask_name(member.name)}，请核对编号和姓名。", "external_id"
            )

    def _find(
        self, entry: Entry, phone_hash: str | None, places: list[tuple[str, int]], ref: str
    ) -> Member | None:
        if phone_hash and phone_hash in self._by_phone:
            if self._by_phone[phone_hash].name != entry.name:
                raise Invalid(PHONE_TAKEN, "phone")
            return self._by_phone[phone_hash]
        called = [member for member in self._by_name[entry.name] if not (ref and member.bound)]
        if phone_hash or not places:
            called = [member for member in called if not member.phone_hash]
        if places:
            found = [member for member in called if any(place in member.serves for place in places)]
        else:
            found = [member for member in called if not member.serves]
        if len(found) > 1:
            raise Invalid("有几个人同名，请加上电话或编号。", "name")
        return found[0] if found else None

    def _rename(self, member: Member, name: str, phone: str, phone_hash: str | None) -> bool:
        changed = False
        if name != member.name:
            self._by_name[member.name].remove(member)
            self._by_name[name].append(member)
            member.name = member.changes["name"] = name
            changed = True
        if phone_hash and phone_hash != member.phone_hash:
            self._by_phone.pop(member.phone_hash or "", None)
            self._by_phone[phone_hash] = member
            member.phone_hash = phone_hash
            member.changes |= {"phone": phone, "phone_hash": phone_hash}
            changed = True
        return changed

    def _extend(self, member: Member, entry: Entry, places: Mapping[tuple[str, int], str]) -> bool:
        """Add what the person did not serve as; says whether there was anything."""
        changed = False
        for flag in ("is_party_member", "is_serving_party_member"):
            if getattr(entry, flag) and flag not in member.flags:
                member.flags.add(flag)
                member.changes[flag] = changed = True
        for (what, unit_id), kind in places.items():
            if member.serves_as((what, unit_id), entry.since):
                continue
            member.serves[what, unit_id].append(None)
            row = {"unit_id": unit_id, "starts_on": entry.since}
            if kind == "post":
                member.appointments.append({**row, "post": what})
            else:
                member.seats.append({**row, "body": what, "title": entry.seat[1] if entry.seat else ""})
            changed = True
        return changed

    def write(self) -> None:
        """Write what the rows weighed so far came to; a journal entry for each record. Inside the caller's transaction."""
        require_transaction()
        touched = list(self._touched.values())
        fresh = [member for member in touched if member.id is None]
        known = [member for member in touched if member.id is not None and member.changes]
        people = [Person(**member.changes) for member in fresh]
        db.session.add_all(people)
        db.session.flush()
        for member, person in zip(fresh, people, strict=True):
            member.id = person.id
            journal.record(self.actor, "person:create", "person", person.id)
        for member in known:
            _change(self.actor, member)
        self._write_places(touched)
        self._touched.clear()

    def _write_places(self, touched: Iterable[Member]) -> None:
        posts, seats = [], []
        for member in touched:
            posts += [Appointment(person_id=member.id, **row) for row in member.appointments]
            seats += [Seat(person_id=member.id, **row) for row in member.seats]
            member.appointments, member.seats = [], []
        db.session.add_all([*posts, *seats])
        db.session.flush()
        for post in posts:
            detail = {"post": str(post.post), "unit": post.unit_id}
            journal.record(self.actor, "appointment:create", "appointment", post.id, detail)
        for seat in seats:
            journal.record(
                self.actor, "seat:create", "seat", seat.id, {"body": seat.body, "unit": seat.unit_id}
            )


def _check(entry: Entry) -> None:
    if len(entry.name) > 40:
        raise Invalid("姓名最多40个字。", "name")
    if entry.phone and not private.valid_phone(entry.phone):
        raise Invalid("这不像一个电话号码，请核对。", "phone")


def _change(actor: Actor, member: Member) -> None:
    person = locked(Person, member.id)
    assert person is not None
    for name, value in member.changes.items():
        setattr(person, name, value)
    journal.record(
        actor, "person:change", "person", person.id, {"fields": sorted(set(member.changes) - {"phone_hash"})}
    )
    member.changes = {}
