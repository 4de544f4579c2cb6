from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from webapp.foundation import clock
from webapp.foundation.exports import gather
from webapp.foundation.paging import Page
from webapp.foundation.spreadsheets import LONGEST_TEXT, Cell, Column, Table, write

HEADERS = ["编号", "姓名"]


def table(*rows: list[Cell], note: str = "", title: str = "诉求-未办结") -> Table:
    return Table(title, HEADERS, rows, note)


def written(what: Table, kind: str) -> bytes:
    return b"".join(write(what, kind))


def from_csv(what: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(written(what, "csv").decode("utf-8-sig"), newline="")))


def from_xlsx(what: Table) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(written(what, "xlsx")))
    return book.get_sheet_by_index(0).to_python(skip_empty_area=False)


def test_excel_on_windows_opens_the_csv_right() -> None:
    data = written(table(["2611-0001", "示范"]), "csv")
    assert data == "\ufeff编号,姓名\r\n2611-0001,示范\r\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+86",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠A1",
        "=cmd|'/C calc'!A0",
    ],
)
def test_no_text_becomes_a_formula(text: str) -> None:
    plain = text.replace("\r", "\n")
    assert from_csv(table([text, ""]))[1][0] == f"'{plain}"
    assert from_xlsx(table([text, "x"]))[1][0] == plain


def test_no_formula_and_no_link_is_in_the_sheet_itself() -> None:
    with zipfile.ZipFile(io.BytesIO(written(table(["=1+1", "https://example.com"]), "xlsx"))) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert 'state="frozen"' in sheet


def test_a_number_keeps_its_sign_and_stays_a_number() -> None:
    assert from_csv(table([-5, 0]))[1] == ["-5", "0"]
    assert from_xlsx(table([-5, 0]))[1] == [-5.0, 0.0]


def test_a_long_number_that_is_text_stays_text() -> None:
    for number in ("13800001234", "340603199001011234", "000123"):
        assert from_xlsx(table([number, ""]))[1][0] == number
        assert from_csv(table([number, ""]))[1][0] == number


def test_rare_characters_come_through() -> None:
    name = "𬱖甽䶮㛃🏠·阿依古丽"
    assert from_csv(table([name, name]))[1] == [name, name]
    assert from_xlsx(table([name, name]))[1] == [name, name]


def test_what_a_file_cannot_hold_is_left_out() -> None:
    assert from_csv(table(["a\x00b\x0bc\ud800d\uffffe\r\nf", "x"]))[1][0] == "abcde\nf"
    assert from_xlsx(table(["a\x00b\x0bc\ud800d\uffffe\r\nf", "x"]))[1][0] == "abcde\nf"
    assert len(from_xlsx(table(["长" * 40_000, "x"]))[1][0]) == LONGEST_TEXT


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_empty_list_has_its_header_alone(kind: str) -> None:
    read = from_csv if kind == "csv" else from_xlsx
    assert read(table()) == [HEADERS]


def test_moments_are_those_of_the_users_clock() -> None:
    row: list[Cell] = [datetime(2026, 11, 22, 18, 30, 59, tzinfo=UTC), date(2026, 3, 1)]
    assert from_csv(table(row))[1] == ["2026-11-23 02:30", "2026-03-01"]
    assert from_xlsx(table(row))[1] == [datetime(2026, 11, 23, 2, 30), date(2026, 3, 1)]  # noqa: DTZ001
    slip = date(202, 1, 1)
    assert from_xlsx(table([slip, "x"]))[1][0] == "0202-01-01"


def test_yes_is_said_and_no_is_blank() -> None:
    assert from_csv(table([True, False]))[1] == ["是", ""]
    assert from_xlsx(table([False, True]))[1] == ["", "是"]
    assert from_csv(table([None, "x"]))[1] == ["", "x"]


@pytest.mark.parametrize("title", ["2栋[北]:*?/\\'的人员", "长" * 60, "", "历史"])
def test_any_title_names_a_sheet(title: str) -> None:
    assert from_xlsx(table(["1", "2"], title=title))[1] == ["1", "2"]


def test_the_note_is_the_last_line() -> None:
    what = table(["1", "2"], note="还有更多。")
    assert from_csv(what)[-1][0] == "还有更多。"
    assert from_xlsx(what)[-1][0] == "还有更多。"


def test_all_pages_are_gathered_up_to_the_limit() -> None:
    numbers = list(range(25))

    def pages(cursor: str) -> Page[int]:
        start = int(cursor or 0)
        return Page(numbers[start : start + 10], str(start + 10) if start + 10 < len(numbers) else "")

    columns = [Column[int]("数", lambda number: number)]
    assert gather("数", columns, pages, most=99).rows == [[number] for number in numbers]
    assert gather("数", columns, pages, most=99).note == ""
    exact = gather("数", columns, pages, most=25)
    assert (len(exact.rows), exact.note) == (25, "")
    for most in (10, 12, 24):
        cut = gather("数", columns, pages, most=most)
        assert [row[0] for row in cut.rows] == numbers[:most]
        assert f"前 {most} 条" in cut.note


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).filter(  # noqa: DTZ001
    lambda moment: (
        clock.local(moment).strftime("%H:%M") != "00:00"
    )  # the reader takes midnight for a day alone
)
CELLS = st.one_of(
    st.none(), st.booleans(), TEXTS, st.integers(-(2**50), 2**50), MOMENTS,
    st.dates(date(1950, 1, 1), date(2100, 1, 1)),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_what_is_written_reads_back(rows: list[tuple[Cell, Cell]]) -> None:
    what = table(*(list(row) for row in rows))
    words = [[_words(cell) for cell in row] for row in rows]
    assert [[text.removeprefix("'") if shield else text for text, shield in zip(line, shielded, strict=True)]
            for line, shielded in zip(from_csv(what)[1:], _shielded(rows), strict=True)] == words  # fmt: skip
    read = from_xlsx(what)[1:]
    while words and not any(words[-1]):
        words.pop()  # nothing is written of an empty row at the end
    assert [[_words(_read(cell)) for cell in line] for line in read] == words


def _words(cell: Cell) -> str:
    """A cell as the plain text of either file, written down apart from the product's code."""
    if cell is None or isinstance(cell, bool):
        return "是" if cell else ""
    if isinstance(cell, datetime):
        return clock.local(cell).strftime("%Y-%m-%d %H:%M")
    if isinstance(cell, str):
        kept = cell.replace("\r\n", "\n").replace("\r", "\n")
        return "".join(c for c in kept if c in "\t\n" or (c >= " " and c not in "\x7f\ufffe\uffff"))
    return str(cell)


def _shielded(rows: list[tuple[Cell, Cell]]) -> list[list[bool]]:
    return [[isinstance(c, str) and _words(c)[:1] in (*"=+-@\t\n＝＋－＠",) for c in row] for row in rows]


def _read(cell: Any) -> Cell:
    """Numbers come back as floats, wall time without a zone."""
    if isinstance(cell, float):
        return int(cell)
    return cell.replace(tzinfo=clock.SHANGHAI) if isinstance(cell, datetime) else cell
