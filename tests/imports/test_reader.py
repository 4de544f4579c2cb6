"""Files are read as they are meant, and refused in plain words where they can't be."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.imports.files import to_csv, to_xlsx
from webapp.foundation import incoming, sheet_reader
from webapp.foundation.sheet_reader import Sheet, SheetError, read
from webapp.imports import cells

HEADER = ("姓名", "电话", "日期")
# What survives tidying: no blanks at the ends, nothing invisible, no full-width letters; line ends of one kind.
WORDS = st.text(
    st.characters(categories=("L", "N", "P", "S"), exclude_characters="０１２３４５６７８９", max_codepoint=0xFEFF), max_size=12
)  # fmt: skip
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
ROWS = st.lists(st.tuples(WORDS.filter(bool), PHONES, DAYS), min_size=1, max_size=8)


def tidy(rows: list[tuple[str, str, date]]) -> list[tuple[str, str, date]]:
    return [row for row in rows if sheet_reader._tidy(row[0]) == incoming.lines(row[0]) == row[0]]


@settings(max_examples=40, deadline=None)
@given(ROWS.map(tidy).filter(bool))
def test_a_register_written_as_csv_reads_back_equal(rows: list[tuple[str, str, date]]) -> None:
    written = sheet_reader.write_csv(HEADER, [(name, phone, day.isoformat()) for name, phone, day in rows])
    sheet = Sheet.load(
        sheet_reader.parse(written)[1:].decode()
    )  # as `read`, without a process for each example
    assert sheet.header == HEADER
    assert [(name, phone, cells.day(day)) for name, phone, day in (row.cells for row in sheet.rows)] == rows
    assert Sheet.load(sheet.dump()) == sheet


@settings(max_examples=12, deadline=None)
@given(ROWS.map(tidy).filter(bool))
def test_a_register_written_as_xlsx_reads_back_equal(rows: list[tuple[str, str, date]]) -> None:
    sheet = read(to_xlsx([HEADER, *((name, int(phone), day) for name, phone, day in rows)]))
    assert sheet.header == HEADER
    assert [row.cells for row in sheet.rows] == rows, "phones stay whole numbers, dates stay dates"
    assert Sheet.load(sheet.dump()) == sheet


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_kind(encoding: str, delimiter: str) -> None:
    sheet = read(to_csv([HEADER, ("张三", "１３８００００１２３４", "2025-3-1")], encoding, delimiter))
    assert sheet.header == HEADER
    assert sheet.rows[0].cells == ("张三", "13800001234", "2025-3-1")


def test_titles_above_and_empty_rows_between_do_no_harm() -> None:
    rows = [
        ["示范社区走访台账"],
        [],
        [" 姓 名 ", "电话", ""],
        ["", "", ""],
        ["张三\u200b", "\u202d138", ""],
        [" 李四", "", "多"],
    ]
    sheet = read(to_csv(rows))
    assert sheet.header == ("姓名", "电话", "第3列")
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (5, ("张三", "138", "")),
        (6, ("李四", "", "多")),
    ]


def test_excel_cells_become_what_people_see() -> None:
    row = (138_0000_1234, 3.5, datetime(2025, 3, 1, 8, 30), date(2025, 3, 1), time(8, 30), "００7")  # noqa: DTZ001 - as Excel has it
    sheet = read(to_xlsx([("a", "b", "c", "d", "e", "f"), row]))
    assert sheet.rows[0].cells == ("13800001234", "3.5", *row[2:5], "007")


@pytest.mark.parametrize("text", [
    "2025-3-1", "2025/3/1", "2025.03.01", "2025年3月1日", "20250301", "45717", "2025-03-01 星期六",
])  # fmt: skip
def test_a_day_however_written(text: str) -> None:
    assert cells.day(text) == date(2025, 3, 1)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-3-1 8:30", time(8, 30)),
        ("2025年3月1日 下午2点", time(14, 0)),
        ("2025/3/1 14:05:59", time(14, 5)),
        ("45717.5", time(12, 0)),
        ("2025-3-1 上午9时15分", time(9, 15)),
    ],
)
def test_a_moment_however_written(text: str, at: time) -> None:
    assert cells.moment(text) == (date(2025, 3, 1), at)


@pytest.mark.parametrize("text", ["三月", "2025-13-1", "2025-2-30", "1", "2025-3-1 后来"])
def test_what_is_no_day_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"。$"):
        cells.moment(text)


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def sparse() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "a")
    sheet.write(1_048_575, 16_383, "b")
    book.close()
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "空的"),
        (b" \n \n", "没有内容"),
        ("姓名,电话\n".encode(), "只有表头"),
        (b"a" * (sheet_reader.MAX_BYTES + 1), "5 MB"),
        (b"%PDF-1.7\0\0\0", "不是表格"),
        (zipped(**{"word/document.xml": b"x"}), "不是 Excel"),
        (zipped(**{"xl/workbook.xml": b"0" * (sheet_reader.MAX_UNPACKED + 1)}), "展开后太大"),
        (zipped(**{"xl/workbook.xml": b"x"}), "Excel"),
        (to_xlsx([HEADER, ("张三", "1", "2")])[:-40], "损坏"),
        (sheet_reader._OLE + "EncryptedPackage".encode("utf-16-le"), "密码"),
        (sheet_reader._OLE + b"\0" * 2000, "Excel"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
        (to_csv([HEADER, *[("张三", "", "")] * (sheet_reader.MAX_ROWS + 1)]), "行"),
        (to_csv([["列"] * 61, ["值"] * 61]), "列"),
        (to_csv([HEADER, ("长" * 2001, "1", "")]), "第 2 行"),
        (sparse(), "打不开"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_not_be_read_is_refused_in_plain_words(data: bytes, said: str) -> None:
    with pytest.raises(SheetError, match=said):
        read(data)


def test_no_cell_of_what_is_written_runs_as_a_formula() -> None:
    rows = [("=1+1", "@x", "-2"), ("'=a", "+86138", "好")]
    data = sheet_reader.write_csv(HEADER, rows)
    assert "'=1+1" in data.decode("utf-8-sig")
    assert [row.cells for row in read(data).rows] == rows
