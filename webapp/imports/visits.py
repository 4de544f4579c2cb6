"""走访台账: service records that were kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Any

import sqlalchemy as sa

from webapp.directory.posts import Permission
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import Invalid
from webapp.foundation.merging import Effect, Known, Target
from webapp.imports import cells
from webapp.imports.kinds import Field, Kind
from webapp.imports.models import ExternalId, ImportKind
from webapp.visits.importing import Ledger, Record
from webapp.visits.models import KIND_NAMES, OUTCOME_NAMES, Outcome, VisitKind

NOON = time(12)  # of a record that names the day alone
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
    """The ledger, as rows of a file see it."""

    def __init__(self, actor: Actor, source: str, known: Known) -> None:
        self._ledger = Ledger(actor, known)
        self.write = self._ledger.write
        people = sa.select(ExternalId.external_id, ExternalId.record_id)
        same = people.where(ExternalId.source == source, ExternalId.kind == ImportKind.PEOPLE)
        self._people = {row.external_id: row.record_id for row in db.session.execute(same)}

    def weigh(self, values: Mapping[str, Any], ref: str) -> tuple[Target, Effect]:
        """See ``Ledger.weigh``. The worker's column may hold the id that the person has in the same old system."""
        day, at = values["at"]
        worker = values.get("worker", "")
        record = Record(
            at=clock.at(day, values.get("time") or at or NOON),
            kind=values["form"],
            outcome=values["outcome"],
            items=self._items(values["items"]),
            worker=worker,
            worker_phone=values.get("worker_phone", ""),
            worker_id=self._people.get(worker),
            unit=values.get("unit", ""),
            note=values.get("note", ""),
            resident_name=values.get("resident_name", ""),
            resident_phone=values.get("resident_phone", ""),
        )
        return self._ledger.weigh(record, ref)

    def _items(self, text: str) -> frozenset[int]:
        """The items named: one, or several with a comma or a blank between them."""
        known = self._ledger.items
        names = [text] if text in known else [name for name in re.split(r"[、,，;；/\s]+", text) if name]
        for name in names:
            if name not in known:
                raise Invalid(f"事项清单里没有这一项。清单里有：{'、'.join(known)}。", "items")
        return frozenset(known[name] for name in names)


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
        Field("worker", "走访人", cells.plain(40), ("走访人员", "服务人员", "网格员", "经办人", "工作人员", "记录人", "登记人")),
        Field("worker_phone", "走访人电话", cells.plain(30), ("网格员电话", "经办人电话"), private=True),
        Field("form", "服务形式", cells.choice(FORMS), ("形式", "方式", "走访方式", "服务方式", "走访形式"), required=True),
        Field("items", "服务事项", cells.plain(200), ("事项", "事项类别", "类别", "走访事项", "服务内容", "事由"), required=True),
        Field("outcome", "办理结果", cells.choice(OUTCOMES), ("结果", "办理情况", "处理结果", "状态"), required=True),
        Field("unit", "地点", cells.plain(80), ("网格", "小区", "楼栋", "所在网格", "所属网格", "走访地点", "服务地点")),
        Field("note", "情况说明", cells.plain(1000), ("备注", "说明", "内容", "走访内容", "情况", "走访情况", "具体情况")),
        Field("resident_name", "居民姓名", cells.plain(40), ("居民", "姓名", "户主", "户主姓名", "走访对象", "服务对象")),
        Field(
            "resident_phone", "居民电话", cells.plain(30),
            ("电话", "联系电话", "手机", "手机号", "手机号码", "联系方式"),
            private=True,
        ),
    ),
    open=Visits,
)  # fmt: skip
