"""Bringing an old ledger of visits in: as late entries, under the name of who made the visit.

What is brought in sends no ``visit_logged``: it earns no points. A visit is matched by its id in the old ledger, then by
all that it says; of one that is there, only what came of it may change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from webapp.directory.importing import Places
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import GRANTS, Permission, Post
from webapp.directory.scope import place_of, units_within, within
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, require_transaction
from webapp.foundation.errors import Conflict, Invalid, Refused
from webapp.foundation.merging import Effect, Known, Target
from webapp.foundation.private import keyed_hash, normalise_phone, valid_phone
from webapp.visits.models import Outcome, ServiceItem, Visit, VisitItem, VisitKind

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # older than this is a mistyped year
AT_ONCE = 500  # ids in one query
_WORKING_POSTS = [post.value for post in Post if Permission.VISIT_LOG in GRANTS[post]]


@dataclass(frozen=True)
class Record:
    """One line of an old ledger. The worker is named, or known already (``worker_id``)."""

    at: datetime
    kind: VisitKind
    outcome: Outcome
    items: frozenset[int]
    worker: str = ""
    worker_phone: str = ""
    worker_id: int | None = None
    unit: str = ""
    note: str = ""
    resident_name: str = ""
    resident_phone: str = ""


@dataclass
class Worker:
    """Who serves, or once served, in the actor's scope under a post that logs visits."""

    id: int
    name: str
    phone_hash: str | None
    unit_ids: list[int]


class Line(Target):
    """A visit as the ledger knows it, or will once it is written."""

    def __init__(self, fixed: tuple[Any, ...], said: dict[str, Any], items: frozenset[int]) -> None:
        super().__init__()
        self.fixed, self.said, self.items = fixed, said, items  # fixed: worker, unit, kind, moment
        self.closed = ""  # why it can't change any more
        self.private: dict[str, str | None] = {}

    @property
    def content(self) -> tuple[Any, ...]:
        """All that it says, to be compared."""
        return (*self.fixed, *self.said.values(), self.items)


class Ledger:
    """The visits of the actor's scope, to weigh records against. ``known``: ids of the old ledger.

    Raises:
        Refused: the actor brings nothing in.
    """

    def __init__(self, actor: Actor, known: Known) -> None:
        if not actor.can(Permission.IMPORT_RUN):
            raise Refused(f"您以“{actor.post_name}”的身份不能导入台账。")
        self.actor, self.places = actor, Places(actor)
        self.items = {name: item_id for item_id, name in _items()}
        self._workers = _workers(actor)
        self._by_name: dict[str, list[Worker]] = defaultdict(list)
        for worker in self._workers.values():
            self._by_name[worker.name].append(worker)
        self._by_phone = {worker.phone_hash: worker for worker in self._workers.values() if worker.phone_hash}
        found = _lines(Visit.id.in_(part) for part in _parts(sorted(set(known.refs.values()))))
        lines = {line.id: line for line in found if line.id}
        within_scope = set(_ids_within(actor, list(lines)))
        self._by_ref = {ref: lines[id_] if id_ in within_scope else None for ref, id_ in known.refs.items()}
        self._bound = known.bound
        self._of_worker: dict[int, dict[tuple[Any, ...], list[Line]]] = {}
        self._seen: set[int] = set()
        self._touched: dict[int, Line] = {}

    def weigh(self, record: Record, ref: str = "") -> tuple[Line, Effect]:
        """Which visit a record is, and what it does; the next one is weighed as if this one was written.

        Raises:
            Invalid: something in it can't be, with the name of its field.
        """
        worker = self._worker(record)
        unit = self._place(record, worker)
        _check(record)
        line = Line((worker.id, unit.id, record.kind.value, record.at), _said(record), record.items)
        line.private = {
            "resident_name": record.resident_name or None,
            "resident_phone": normalise_phone(record.resident_phone) or None,
        }
        if ref and ref in self._by_ref:
            return self._again(self._by_ref[ref], line)
        alike = [old for old in self._lines_of(worker.id)[line.content] if not (ref and old.bound)]
        found = next((old for old in alike if id(old) not in self._seen), None)
        if alike and found is None:
            raise Invalid("和前面的一行完全相同；确实是两次的，请加上编号或写明时间。", "at")
        effect = Effect.SAME if found else Effect.NEW
        if found is None:
            found = self._touched[id(line)] = line
            self._lines_of(worker.id)[line.content].append(line)
        self._seen.add(id(found))
        if ref:
            found.bound = True
            self._by_ref[ref] = found
        return found, effect

    def _again(self, old: Line | None, new: Line) -> tuple[Line, Effect]:
        if old is None:
            raise Invalid("这个编号的记录不在您的范围内。", "external_id")
        if id(old) in self._seen and old.content != new.content:
            raise Invalid("这个编号在前面的一行用过了，内容不同。", "external_id")
        self._seen.add(id(old))
        if old.content == new.content:
            return old, Effect.SAME
        if old.fixed != new.fixed:
            raise Invalid("这个编号已用于另一次走访（人员、地点、形式或时间不同），请核对。", "external_id")
        if old.closed:
            raise Invalid(old.closed, "external_id")
        old.said, old.items, old.private = new.said, new.items, new.private
        self._touched[id(old)] = old
        return old, Effect.CHANGED

    def _worker(self, record: Record) -> Worker:
        if record.worker_id is not None:
            found = [worker for worker in [self._workers.get(record.worker_id)] if worker]
        elif record.worker_phone:
            by_phone = self._by_phone.get(keyed_hash(record.worker_phone))
            found = [by_phone] if by_phone else []
            if by_phone and record.worker and by_phone.name != record.worker:
                raise Invalid("走访人的姓名和电话不是同一个人。", "worker_phone")
        else:
            found = self._by_name.get(record.worker, [])
            if len(found) > 1 and record.unit:
                place = self.places.find(record.unit).path
                found = [worker for worker in found if self._serves(worker, place)]
        if not found:
            raise Invalid("在您的范围内没有这位走访人，请先导入或登记人员。", "worker")
        if len(found) > 1:
            raise Invalid("有几位走访人同名，请加上电话。", "worker")
        return found[0]

    def _serves(self, worker: Worker, path: str) -> bool:
        """Whether the place with ``path`` is one that the worker serves: the own unit, or one below."""
        return any(path.startswith(self.places.by_id[unit_id].path) for unit_id in worker.unit_ids)

    def _place(self, record: Record, worker: Worker) -> Unit:
        if record.unit:
            unit = self.places.find(record.unit)
            if not self._serves(worker, unit.path):
                raise Invalid("这个地点不在走访人任职的范围内。", "unit")
            return unit
        if len(worker.unit_ids) != 1:
            raise Invalid("走访人在几个单位任职，请写明地点。", "unit")
        return self.places.by_id[worker.unit_ids[0]]

    def _lines_of(self, worker_id: int) -> dict[tuple[Any, ...], list[Line]]:
        """The worker's visits by all that they say; read when the first record of the worker comes."""
        if worker_id not in self._of_worker:
            by_content = self._of_worker[worker_id] = defaultdict(list)
            weighed = {line.id: line for line in self._by_ref.values() if line and line.id}
            for line in _lines([Visit.worker_id == worker_id]):
                line.bound = line.id in self._bound
                if line.closed != UNDONE:
                    by_content[line.content].append(weighed.get(line.id or 0, line))
        return self._of_worker[worker_id]

    def write(self) -> None:
        """Write what the records weighed so far came to; a journal entry for each. Inside the caller's transaction."""
        require_transaction()
        touched = list(self._touched.values())
        fresh = [line for line in touched if line.id is None]
        known = [line for line in touched if line.id is not None]
        now = clock.now()
        visits = [self._visit(line, now) for line in fresh]
        db.session.add_all(visits)
        db.session.flush()
        for line, visit in zip(fresh, visits, strict=True):
            line.id = visit.id
            detail = {"kind": visit.kind, "outcome": visit.outcome, "worker": visit.worker_id}
            journal.record(self.actor, "visit:import", "visit", visit.id, detail)
        rows = [{"visit_id": line.id, "item_id": item_id} for line in fresh for item_id in sorted(line.items)]
        if rows:
            db.session.execute(sa.insert(VisitItem), rows)
        for line in known:
            self._change(line)
        self._touched.clear()

    def _visit(self, line: Line, now: datetime) -> Visit:
        worker_id, unit_id, kind, at = line.fixed
        return Visit(
            worker_id=worker_id, unit_id=unit_id, kind=kind, at=at, logged_at=now, is_late_entry=True,
            **line.said, **line.private, **place_of(self.places.by_id[unit_id]),
        )  # fmt: skip

    def _change(self, line: Line) -> None:
        visit = locked(Visit, line.id)
        if visit is None or visit.undone_at is not None or visit.case_id is not None:
            raise Conflict("导入期间有记录变了，请再试导入一次。")
        for name, value in (line.said | line.private).items():
            setattr(visit, name, value)
        db.session.execute(sa.delete(VisitItem).where(VisitItem.visit_id == visit.id))
        db.session.add_all(VisitItem(visit_id=visit.id, item_id=item_id) for item_id in sorted(line.items))
        journal.record(self.actor, "visit:import_again", "visit", visit.id, {"outcome": visit.outcome})


UNDONE = "这条记录在这里已经撤销，不再更新。"
TURNED = "这条记录在这里已经转为诉求，不再更新。"


def _check(record: Record) -> None:
    if record.at < EARLIEST:
        raise Invalid("时间太早，请看看年份。", "at")
    if record.at > clock.now():
        raise Invalid("服务时间不能晚于现在。", "at")
    if record.kind == VisitKind.STATION_RECEPTION and record.outcome == Outcome.NOBODY_HOME:
        raise Invalid("“无人在家”只用于上门服务，请换一个结果。", "outcome")
    if record.resident_phone and not valid_phone(record.resident_phone):
        raise Invalid("这个电话号码不完整，请核对；不知道可以不填。", "resident_phone")


def _said(record: Record) -> dict[str, Any]:
    return {
        "outcome": record.outcome.value,
        "note": record.note,
        "resident_name_hash": keyed_hash(record.resident_name) if record.resident_name else None,
        "resident_phone_hash": keyed_hash(record.resident_phone) if record.resident_phone else None,
    }


def _items() -> Sequence[Any]:
    """Ids and names of the list of services; of two lines with one name, the newer. An old ledger may be older than they."""
    query = sa.select(ServiceItem.id, ServiceItem.name).order_by(ServiceItem.valid_from, ServiceItem.id)
    return db.session.execute(query).all()


def _workers(actor: Actor) -> dict[int, Worker]:
    query = (
        sa.select(Person.id, Person.name, Person.phone_hash, Appointment.unit_id)
        .join(Appointment, Appointment.person_id == Person.id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(units_within(actor), Unit.retired_on.is_(None), Appointment.post.in_(_WORKING_POSTS))
        .order_by(Appointment.id)
    )
    found: dict[int, Worker] = {}
    for row in db.session.execute(query):
        worker = found.setdefault(row.id, Worker(row.id, row.name, row.phone_hash, []))
        if row.unit_id not in worker.unit_ids:
            worker.unit_ids.append(row.unit_id)
    return found


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


def _ids_within(actor: Actor, ids: Sequence[int]) -> Iterable[int]:
    for part in _parts(sorted(ids)):
        yield from db.session.scalars(sa.select(Visit.id).where(Visit.id.in_(part), within(actor, Visit)))


def _lines(conditions: Iterable[sa.ColumnElement[bool]]) -> Iterable[Line]:
    """The visits that meet each of ``conditions`` in turn: two queries for each."""
    columns = (Visit.worker_id, Visit.unit_id, Visit.kind, Visit.at)
    said = (Visit.outcome, Visit.note, Visit.resident_name_hash, Visit.resident_phone_hash)
    for condition in conditions:
        items: dict[int, set[int]] = defaultdict(set)
        chosen = sa.select(VisitItem.visit_id, VisitItem.item_id).join(Visit, Visit.id == VisitItem.visit_id)
        for about in db.session.execute(chosen.where(condition)):
            items[about.visit_id].add(about.item_id)
        query = sa.select(Visit.id, *columns, *said, Visit.undone_at, Visit.case_id).where(condition)
        for row in db.session.execute(query):
            values = {column.key: getattr(row, column.key) for column in said}
            fixed = tuple(getattr(row, column.key) for column in columns)
            line = Line(fixed, values, frozenset(items[row.id]))
            line.id = row.id
            line.closed = UNDONE if row.undone_at else TURNED if row.case_id else ""
            yield line
