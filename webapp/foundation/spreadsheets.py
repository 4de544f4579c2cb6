"""Rows as a file for a spreadsheet: CSV, or XLSX.

Excel on Windows opens the CSV right by its byte order mark. No text of a record ever becomes a formula, and a long number
that is text (a phone, a code) stays text in XLSX. Moments are written by the wall clock of the users.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeAlias, TypeVar

from webapp.foundation import clock

Row = TypeVar("Row")
Cell: TypeAlias = "str | int | bool | date | datetime | None"
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# Full-width ones too: Excel in Chinese takes them for the same.
FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
LONGEST_TEXT = 32_767  # characters that a cell of Excel holds
FIRST_YEAR = 1901  # of Excel; an older day is a slip of the pen and goes out as text
# What XML or UTF-8 can't hold. Line ends are made one kind before.
_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NO_SHEET_NAME = re.compile(r"[\[\]:*?/\\']")
_SHEET_NAME = 31  # characters
_DAY, _MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
_WIDE, _WIDTHS = 40, {"day": 12, "moment": 17}  # columns, in characters
_AT_ONCE = 500  # lines of CSV in one piece


@dataclass(frozen=True)
class Column(Generic[Row]):
    """A column: its Chinese header, and what a row has there."""

    header: str
    of: Callable[[Row], Cell]


@dataclass(frozen=True)
class Table:
    """What a file holds. ``note`` is the last line, for what the reader must know (that it is cut)."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""

    def digest(self) -> str:
        """Equal for equal content."""
        content = repr((self.title, self.headers, self.rows, self.note))
        return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


def write(table: Table, kind: str) -> Iterator[bytes]:
    """The file of ``kind`` ("csv" or "xlsx"), piece by piece."""
    return _csv(table) if kind == "csv" else _xlsx(table)


def _csv(table: Table) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")

    def piece() -> bytes:
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        return text.encode()

    out.write("\ufeff")
    writer.writerow(map(_in_csv, table.headers))
    for number, row in enumerate(table.rows, start=1):
        writer.writerow(map(_in_csv, row))
        if number % _AT_ONCE == 0:
            yield piece()
    if table.note:
        writer.writerow([_in_csv(table.note)])
    yield piece()


def _in_csv(cell: Cell) -> str:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)  # a number: its sign begins no formula
    text = _text(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def _text(cell: Cell) -> str:
    """A cell in words."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "是" if cell else ""
    if isinstance(cell, datetime):
        return f"{clock.local(cell):%Y-%m-%d %H:%M}"
    text = _UNWRITABLE.sub("", str(cell).replace("\r\n", "\n").replace("\r", "\n"))
    return text[:LONGEST_TEXT]


def _xlsx(table: Table) -> Iterator[bytes]:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet(_sheet_name(table.title))
    bold = book.add_format({"bold": True})
    formats = {
        "day": book.add_format({"num_format": _DAY}),
        "moment": book.add_format({"num_format": _MOMENT}),
    }
    sheet.freeze_panes(1, 0)
    for column, header in enumerate(table.headers):
        sheet.set_column(column, column, _width(table, column))
        sheet.write_string(0, column, _text(header), bold)
    for number, row in enumerate(table.rows, start=1):
        for column, cell in enumerate(row):
            _write_cell(sheet, number, column, cell, formats)
    if table.note:
        sheet.write_string(len(table.rows) + 1, 0, _text(table.note))
    book.close()
    yield out.getvalue()


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    if isinstance(cell, datetime) and cell.year >= FIRST_YEAR:
        wall = clock.local(cell).replace(tzinfo=None, second=0, microsecond=0)
        sheet.write_datetime(row, column, wall, formats["moment"])
    elif isinstance(cell, date) and cell.year >= FIRST_YEAR:
        sheet.write_datetime(row, column, cell, formats["day"])
    elif isinstance(cell, int) and not isinstance(cell, bool):
        sheet.write_number(row, column, cell)
    elif text := _text(cell):
        sheet.write_string(row, column, text)


def _width(table: Table, column: int) -> int:
    """Wide enough for the header and for what stands in the first rows; a Chinese character takes two."""
    kinds = [row[column] for row in table.rows[:50]]
    if any(isinstance(cell, datetime) for cell in kinds):
        return _WIDTHS["moment"]
    if any(isinstance(cell, date) for cell in kinds):
        return _WIDTHS["day"]
    longest = max(len(_text(cell).encode("gb18030")) for cell in (table.headers[column], *kinds))
    return min(longest + 2, _WIDE)


def _sheet_name(title: str) -> str:
    return _NO_SHEET_NAME.sub("", title)[:_SHEET_NAME] or "数据"
