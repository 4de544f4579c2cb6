"""走访台账: service records that were kept elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time

import sqlalchemy as sa

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import GRANTS, Permission, Post
from webapp.directory.scope import units_within, within
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow
from webapp.foundation.errors import Conflict, Invalid
from webapp.foundation.private import keyed_hash
from webapp.imports import cells
from webapp.imports.cells import Moment
from webapp.imports.kinds import REF, Effect, Field, Kind, Marks, Refs, Taken, Values, marks
from webapp.imports.models import ImportKind
from webapp.imports.places import Places
from webapp.visits.models import KIND_NAMES, OUTCOME_NAMES, Outcome, ServiceItem, Visit, VisitItem, VisitKind
from webapp.visits.service import OldRecord, enter_old_record, update_old_record

NOON = time(12)  # of a record that names the day alone
WORKING_POSTS = [post.value for post in Post if Permission.VISIT_LOG in GRANTS[post]]
FORMS = {
    **{name: kind for kind, name in KIND_NAMES.items()},
    **dict.fromkeys(("上门", "入户", "入户走访", "上门走访", "走访"), VisitKind.HOME_VISIT),
    **dict.fromkeys(("站点", "接待", "来访", "站点服务", "来访接待"), VisitKind.STATION_RECEPTION),
}
OUTCOMES = {
    **{name: outcome for outcome, name in OUTCOME_NAMES.items()},
    **dict.fromkeys(("办结", "已解决", "已完成", "完成", "已处理"), Outcome.SETTLED),
    **dict.fromkeys(("办理中", "处理中", "在办", "未办结"), Outcome.IN_PROGRESS),
    **dict.fromkeys(("已答复", "已解答", "解释", "已告知"), Outcome.EXPLAINED),
    **dict.fromkeys(("无人", "不在家", "家中无人", "未见到"), Outcome.NOBODY_HOME),
}


class Visits:
    """The visits of the actor's scope. One is known by its id in the old ledger, else by all that is said of it."""

    def __init__(self, actor: Actor, refs: Refs, seen: set[int]) -> None:
        self._actor, self._refs, self._seen = actor, refs, seen
        self._people = Refs(refs.source, ImportKind.PEOPLE)
        self._places = Places(actor)
        self._items = _items()
        self._workers = _workers(actor)

    def take(self, values: Values, ref: str) -> Taken:
        """See ``Book.take``. Only what came of a visit may change afterwards."""
        record = self._record(values)
        if (visit_id := self._refs.find(ref)) is not None:
            taken = self._again(visit_id, record)
        else:
            taken = self._enter(record, ref)
        self._seen.add(taken.record_id)
        return taken

    def _record(self, values: Values) -> OldRecord:
        unit, when = values.text("unit"), values.given("at", Moment)
        worker = self._worker(values.text("worker"), values.text("worker_phone"), unit)
        return OldRecord(
            worker_id=worker.id,
            unit_id=self._place(unit, worker),
            at=clock.at(when.day, values.value("time", time) or when.clock or NOON),
            kind=values.given("form", VisitKind),
            outcome=values.given("outcome", Outcome),
            item_ids=self._item_ids(values.text("items")),
            note=values.text("note"),
            resident_name=values.text("resident_name"),
            resident_phone=values.text("resident_phone"),
        )

    def _again(self, visit_id: int, record: OldRecord) -> Taken:
        visit = db.session.execute(KNOWN.where(Visit.id == visit_id, within(self._actor, Visit))).first()
        if visit is None:
            raise Invalid("这个编号的记录不在您的范围内。", REF)
        if _says(visit, record):
            return Taken(visit_id, Effect.SAME)
        if visit_id in self._seen:
            raise Invalid("这个编号在前面的一行用过了，内容不同。", REF)
        if (visit.worker_id, visit.unit_id, visit.kind, visit.at) != (
            record.worker_id, record.unit_id, record.kind, record.at,
        ):  # fmt: skip
            raise Invalid("这个编号已用于另一次走访（人员、地点、形式或时间不同），请核对。", REF)
        try:
            update_old_record(self._actor, visit_id, record)
        except Conflict as error:
            raise Invalid(error.message, REF) from error
        return Taken(visit_id, Effect.CHANGED)

    def _enter(self, record: OldRecord, ref: str) -> Taken:
        then = KNOWN.where(
            Visit.worker_id == record.worker_id, Visit.at == record.at, Visit.undone_at.is_(None)
        )
        alike = [
            visit.id
            for visit in db.session.execute(then.order_by(Visit.id)).all()
            if _says(visit, record) and not (ref and self._refs.is_bound(visit.id))
        ]
        new = [visit_id for visit_id in alike if visit_id not in self._seen]
        if new:
            return Taken(new[0], Effect.SAME)
        if alike:
            raise Invalid("和前面的一行完全相同；确实是两次的，请加上编号或写明时间。", "at")
        return Taken(enter_old_record(self._actor, record).id, Effect.NEW)

    def _worker(self, name: str, phone: str, unit: str) -> Worker:
        """Who made the visit. The column may also hold the id that the person has in the same old system."""
        if name and (person_id := self._people.find(name)) is not None:
            found = [worker for worker in self._workers if worker.id == person_id]
        elif phone:
            phone_hash = keyed_hash(phone)
            found = [worker for worker in self._workers if worker.phone_hash == phone_hash]
            if found and name and found[0].name != name:
                raise Invalid("走访人的姓名和电话不是同一个人。", "worker_phone")
        else:
            found = [worker for worker in self._workers if worker.name == name]
            if len(found) > 1 and unit:
                path = self._places.find(unit).path
                found = [worker for worker in found if self._serves(worker, path)]
        if not found:
            raise Invalid("在您的范围内没有这位走访人，请先导入或登记人员。", "worker")
        if len(found) > 1:
            raise Invalid("有几位走访人同名，请加上电话。", "worker")
        return found[0]

    def _serves(self, worker: Worker, path: str) -> bool:
        """Whether the worker serves, or once served, the place with ``path`` or one above it."""
        return any(path.startswith(self._places.by_id[unit_id].path) for unit_id in worker.unit_ids)

    def _place(self, text: str, worker: Worker) -> int:
        if text:
            unit = self._places.find(text)
            if not self._serves(worker, unit.path):
                raise Invalid("这个地点不在走访人任职的范围内。", "unit")
            return unit.id
        if len(worker.unit_ids) != 1:
            raise Invalid("走访人在几个单位任职，请写明地点。", "unit")
        return worker.unit_ids[0]

    def _item_ids(self, text: str) -> frozenset[int]:
        """The items named: one, or several with a comma or a blank between them."""
        names = (
            [text] if text in self._items else [name for name in re.split(r"[、,，;；/\s]+", text) if name]
        )
        for name in names:
            if name not in self._items:
                raise Invalid(f"事项清单里没有这一项。清单里有：{'、'.join(self._items)}。", "items")
        return frozenset(self._items[name] for name in names)


@dataclass
class Worker:
    """Somebody who serves, or once served, in the actor's scope under a post that logs visits."""

    id: int
    name: str
    phone_hash: str | None
    unit_ids: list[int]


def _workers(actor: Actor) -> list[Worker]:
    query = (
        sa.select(Person.id, Person.name, Person.phone_hash, Appointment.unit_id)
        .join(Appointment, Appointment.person_id == Person.id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(units_within(actor), Unit.retired_on.is_(None), Appointment.post.in_(WORKING_POSTS))
        .order_by(Appointment.id)
    )
    found: dict[int, Worker] = {}
    for row in db.session.execute(query):
        worker = found.setdefault(row.id, Worker(row.id, row.name, row.phone_hash, []))
        if row.unit_id not in worker.unit_ids:
            worker.unit_ids.append(row.unit_id)
    return list(found.values())


def _items() -> dict[str, int]:
    """All that were ever offered, by name; of two with one name, the newer. An old ledger may be older than they."""
    query = sa.select(ServiceItem.name, ServiceItem.id).order_by(ServiceItem.valid_from, ServiceItem.id)
    return {row.name: row.id for row in db.session.execute(query)}


# What is compared; name and phone by their hashes, as they are encrypted.
COMPARED = (
    Visit.worker_id, Visit.unit_id, Visit.kind, Visit.at, Visit.outcome, Visit.note, Visit.resident_name_hash,
    Visit.resident_phone_hash,
)  # fmt: skip
KNOWN = sa.select(Visit.id, *COMPARED)


def _says(visit: AnyRow, record: OldRecord) -> bool:
    """Whether a visit says the same as a record."""
    written = record.columns()
    if any(getattr(visit, column.key) != written[column.key] for column in COMPARED):
        return False
    items = sa.select(VisitItem.item_id).where(VisitItem.visit_id == visit.id)
    return set(db.session.scalars(items)) == record.item_ids


def _marks(values: Values) -> Marks:
    said = [repr(value) for name, value in sorted(values.items()) if name not in (REF, "unit", "items")]
    return Marks(marks(values.text(REF), "|".join(said)))


KIND = Kind(
    key=ImportKind.VISITS,
    explained="以前的走访、接待记录。导入的都记为补记，不计积分",
    permission=Permission.IMPORT_RUN,
    fields=(
        Field(
            "at", "日期", cells.moment,
            ("时间", "走访时间", "走访日期", "服务时间", "服务日期", "办理时间", "登记时间"),
            required=True,
        ),
        Field("time", "几点", cells.clock_time, ("钟点", "具体时间", "时刻")),
        Field("worker", "走访人", cells.name(40), ("走访人员", "服务人员", "网格员", "经办人", "工作人员", "记录人", "登记人")),
        Field("worker_phone", "走访人电话", cells.plain(30), ("网格员电话", "经办人电话"), private=True),
        Field("form", "服务形式", cells.choice(FORMS), ("形式", "方式", "走访方式", "服务方式", "走访形式"), required=True),
        Field("items", "服务事项", cells.plain(200), ("事项", "事项类别", "类别", "走访事项", "服务内容", "事由"), required=True),
        Field("outcome", "办理结果", cells.choice(OUTCOMES), ("结果", "办理情况", "处理结果", "状态"), required=True),
        Field("unit", "地点", cells.plain(80), ("网格", "小区", "楼栋", "所在网格", "所属网格", "走访地点", "服务地点")),
        Field("note", "情况说明", cells.plain(1000), ("备注", "说明", "内容", "走访内容", "情况", "走访情况", "具体情况")),
        Field("resident_name", "居民姓名", cells.name(40), ("居民", "姓名", "户主", "户主姓名", "走访对象", "服务对象")),
        Field(
            "resident_phone", "居民电话", cells.plain(30),
            ("电话", "联系电话", "手机", "手机号", "手机号码", "联系方式"),
            private=True,
        ),
    ),
    open=Visits,
    marks=_marks,
)  # fmt: skip
