"""Reads tables from .xlsx, .xls and CSV files (UTF-8, UTF-16 or GB18030; comma, semicolon or tab).

Files are read in a limited process, which loads this module without the rest of the app.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

Cell: TypeAlias = str | date | datetime | time

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 100 * 1024 * 1024
MAX_ROWS = 20_000
MAX_COLUMNS = 60
MAX_CELL = 2_000  # characters
SPARE_ROWS = 200  # empty ones, between the others
TITLE_ROWS = 10  # so far down the row with the columns' names is looked for, below titles
DELIMITERS = ",;\t，；"
READER_MEMORY = 1024 * 1024 * 1024
READER_SECONDS = 20

_ZIP, _OLE = b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class SheetError(ValueError):
    """The file can't be used; the Chinese message says why and what to do."""


@dataclass(frozen=True)
class Row:
    """A row that is not empty; ``number`` is its row number in Excel."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Sheet:
    """The columns' names and the rows below them; each row has as many cells as there are names."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def dump(self) -> str:
        """As text, to be kept."""
        rows = [[row.number, *map(_plain, row.cells)] for row in self.rows]
        return json.dumps([self.header, rows], ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Sheet:
        """From what ``dump`` gave."""
        header, rows = json.loads(text)
        return cls(tuple(header), tuple(Row(row[0], tuple(map(_cell, row[1:]))) for row in rows))


def read(data: bytes) -> Sheet:
    """The first sheet of a file, whatever it is called: its content tells what it is.

    Raises:
        SheetError: it is too large, encrypted, damaged, empty, or no table.
    """
    from webapp.foundation import limited  # not there in the limited process

    if not data:
        raise SheetError("这个文件是空的，请换一个。")
    if len(data) > MAX_BYTES:
        raise SheetError("文件超过 5 MB，请分成几个文件导入。")
    try:
        answer = limited.call(parse, data, memory=READER_MEMORY, seconds=READER_SECONDS)
    except limited.Overrun as error:
        raise SheetError("这个文件打不开，可能已损坏；请在 Excel 里另存为 .xlsx 再导入。") from error
    kind, text = answer[:1], answer[1:].decode()
    if kind == _REFUSED:
        raise SheetError(text)
    return _clean(Sheet.load(text))


def _clean(sheet: Sheet) -> Sheet:
    from webapp.foundation import incoming  # as above

    rows = [
        replace(
            row, cells=tuple(incoming.lines(cell) if isinstance(cell, str) else cell for cell in row.cells)
        )
        for row in sheet.rows
    ]
    return Sheet(tuple(map(incoming.line, sheet.header)), tuple(rows))


_REFUSED, _READ = b"-", b"+"


def parse(data: bytes) -> bytes:
    """What ``read`` needs, from the limited process: a dumped sheet or the reason of a refusal, after a sign for which."""
    try:
        return _READ + _parse(data).dump().encode()
    except SheetError as refused:
        return _REFUSED + str(refused).encode()


def _parse(data: bytes) -> Sheet:
    if data.startswith(_ZIP):
        _check_archive(data)
        return _sheet(_read_excel(data))
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise SheetError("这个文件加了密码，请先在 Excel 里取消密码再导入。")
        return _sheet(_read_excel(data))
    return _sheet(_read_csv(data))


def text_of(cell: Cell) -> str:
    """A cell as a person would type it, e.g. 2025-03-01, 2025-03-01 08:30, 08:30."""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, time):
        return f"{cell:%H:%M}"
    return cell if isinstance(cell, str) else cell.isoformat()


def write_csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A CSV that Excel opens in Chinese and in which no cell runs as a formula; ``read`` gives the same cells back."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(map(_guarded, header))
    writer.writerows([_guarded(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def _guarded(cell: str) -> str:
    return f"'{cell}" if re.match(r"'*[=+\-@＝＋－＠]", cell) else cell


# From bytes to raw rows


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise SheetError("这个文件展开后太大，请只留需要的那张表再导入。")
            if "xl/workbook.xml" not in archive.namelist():
                raise SheetError("这不是 Excel 表格，请上传 .xlsx、.xls 或 .csv 文件。")
            # Reads no more of an entry than it claims to hold, and notices where it claimed wrongly.
            if archive.testzip() is not None:
                raise SheetError("这个文件已损坏，请重新导出或另存一次。")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise SheetError("这个文件已损坏或加了密码，请重新导出或另存一次。") from error


def _read_excel(data: bytes) -> list[tuple[int, list[Cell]]]:
    import python_calamine

    most = MAX_ROWS + SPARE_ROWS + TITLE_ROWS
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
        found = sheet.to_python(skip_empty_area=False, nrows=most)
    except python_calamine.PasswordError as error:
        raise SheetError("这个文件加了密码，请先在 Excel 里取消密码再导入。") from error
    except python_calamine.CalamineError as error:
        raise SheetError("这不是 Excel 表格，请上传 .xlsx、.xls 或 .csv 文件。") from error
    if sheet.total_height > most:
        raise SheetError(TOO_LONG)
    return [(n, list(map(_raw, cells))) for n, cells in enumerate(found, start=1)]


TOO_LONG = f"这张表超过 {MAX_ROWS} 行，请分成几个文件导入。"


def _raw(value: bool | int | float | str | date | time | timedelta) -> Cell:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return value if isinstance(value, (date, time)) else str(value)


def _read_csv(data: bytes) -> Iterator[tuple[int, list[Cell]]]:
    text = _decoded(data)
    if re.match(r"\s*<(!doctype|html|table|\?xml|meta|head)", text[:500], re.IGNORECASE):
        raise SheetError("这个文件其实是网页，请用 Excel 打开后另存为 .xlsx 再导入。")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    number = 0
    try:
        # A cell may hold line breaks; Excel still counts the row as one.
        for number, cells in enumerate(lines, start=1):
            if number > MAX_ROWS + SPARE_ROWS + TITLE_ROWS:
                raise SheetError(TOO_LONG)
            yield number, [_unguarded(cell) for cell in cells]
    except csv.Error as error:
        raise SheetError(f"第 {number + 1} 行读不出来，请在 Excel 里另存为 .xlsx 再导入。") from error


def _decoded(data: bytes) -> str:
    kinds = ("utf-16",) if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for kind in kinds:
        try:
            text = data.decode(kind)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text
    raise SheetError("这不是表格文件，请上传 .xlsx、.xls 或 .csv 文件。")


def _delimiter(text: str) -> str:
    """What parts the cells of the first lines into most columns."""
    head = [line for line in text[:20_000].splitlines() if line.strip()][:TITLE_ROWS]
    return max(DELIMITERS, key=lambda sign: max((len(_split(line, sign)) for line in head), default=0))


def _split(line: str, sign: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return []


def _unguarded(cell: str) -> str:
    return cell[1:] if re.match(r"''*[=+\-@＝＋－＠]", cell) else cell


# From raw rows to the sheet


def _sheet(raw: Iterable[tuple[int, list[Cell]]]) -> Sheet:
    rows = [(number, [_tidy(cell) for cell in cells]) for number, cells in raw]
    rows = [(number, cells) for number, cells in rows if any(cell != "" for cell in cells)]
    at = _header_at([cells for _, cells in rows])
    if at is None:
        raise SheetError("这张表里没有内容，请换一个文件。")
    names = [re.sub(r"\s+", "", text_of(cell)) for cell in rows[at][1]]
    while names and not names[-1]:
        names.pop()
    below = rows[at + 1 :]
    if not below:
        raise SheetError("这张表只有表头，没有内容。")
    if len(below) > MAX_ROWS:
        raise SheetError(TOO_LONG)
    width = max(len(names), *(_filled(cells) for _, cells in below))
    if width > MAX_COLUMNS:
        raise SheetError(f"这张表超过 {MAX_COLUMNS} 列，请删去不用的列再导入。")
    header = tuple((names[n] if n < len(names) else "") or f"第{n + 1}列" for n in range(width))
    return Sheet(header, tuple(Row(number, _fitted(number, cells, width)) for number, cells in below))


def _header_at(rows: Sequence[Sequence[Cell]]) -> int | None:
    """The first row with at least two names; above it stand titles. In a table of one column, the first row."""
    if not rows:
        return None
    named = (n for n, cells in enumerate(rows[:TITLE_ROWS]) if sum(cell != "" for cell in cells) > 1)
    return next(named, 0)


def _filled(cells: Sequence[Cell]) -> int:
    return max((n for n, cell in enumerate(cells, start=1) if cell != ""), default=0)


def _fitted(number: int, cells: Sequence[Cell], width: int) -> tuple[Cell, ...]:
    if any(isinstance(cell, str) and len(cell) > MAX_CELL for cell in cells):
        raise SheetError(f"第 {number} 行有一格超过 {MAX_CELL} 个字，请先缩短。")
    return tuple(cells[n] if n < len(cells) else "" for n in range(width))


_HALF_WIDTH = {
    **{code: code - 0xFEE0 for code in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))},
    0x3000: " ",
    0xA0: " ",
}  # fmt: skip


def _tidy(cell: Cell) -> Cell:
    """Full-width digits and letters in their usual form; no blanks around, no signs that nobody sees."""
    if not isinstance(cell, str):
        return cell
    text = cell.translate(_HALF_WIDTH)
    if not text.isprintable():
        text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return text.strip()


# A cell in JSON: text as it is, a date or time under its kind


def _plain(cell: Cell) -> str | dict[str, str]:
    if isinstance(cell, str):
        return cell
    kind = "m" if isinstance(cell, datetime) else "d" if isinstance(cell, date) else "t"
    return {kind: cell.isoformat()}


def _cell(plain: str | dict[str, str]) -> Cell:
    if isinstance(plain, str):
        return plain
    [(kind, value)] = plain.items()
    return {"m": datetime, "d": date, "t": time}[kind].fromisoformat(value)  # type: ignore[attr-defined]
