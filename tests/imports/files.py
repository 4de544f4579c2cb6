"""Files as people keep them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

from tests.support.world import World
from webapp.directory.models import Unit
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.imports import service
from webapp.imports.models import Batch, Upload

SOURCE = "旧网格平台"
PEOPLE = ("编号", "姓名", "手机号", "所在网格", "职务", "任职日期")
UNITS = ("编号", "级别", "简称", "全称", "上级", "户数", "党支部名称")
VISITS = ("编号", "走访时间", "网格员", "走访方式", "事项类别", "办理结果", "居民姓名", "居民电话", "备注")


def to_csv(rows: Sequence[Sequence[object]], encoding: str = "utf-8-sig", delimiter: str = ",") -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue().encode(encoding)


def to_xlsx(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    moments = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    hours = book.add_format({"num_format": "hh:mm"})
    for y, row in enumerate(rows):
        for x, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(y, x, cell, moments)
            elif isinstance(cell, (date, time)):
                sheet.write_datetime(y, x, cell, days if isinstance(cell, date) else hours)
            elif isinstance(cell, (int, float)):
                sheet.write_number(y, x, cell)
            else:
                sheet.write_string(y, x, cell)
    book.close()
    return out.getvalue()


def take_in(actor: Actor, kind: str, data: bytes, source: str = SOURCE) -> Upload:
    return service.take_in(actor, kind=kind, source=source, file_name="台账.csv", data=data)


def bring_in(
    actor: Actor, kind: str, rows: Sequence[Sequence[object]], leave_out: bool = False, source: str = SOURCE
) -> Batch:
    """All steps at once."""
    upload = take_in(actor, kind, to_csv(rows), source)
    return service.bring_in(actor, upload.id, leave_out_wrong=leave_out)


def wrong(actor: Actor, kind: str, rows: Sequence[Sequence[object]]) -> list[tuple[int, str, str]]:
    """Row, column and reason of all that is wrong."""
    tried = service.try_out(actor, take_in(actor, kind, to_csv(rows)))
    return [(line.row, line.column, line.reason) for line in tried.wrong]


def unit(world: World, name: str) -> str:
    """What a unit is called."""
    found = db.session.get(Unit, world.units[name])
    assert found is not None
    return found.short_name


def counts(batch: Batch) -> tuple[int, int, int, int]:
    return batch.added, batch.changed, batch.unchanged, batch.left_out
