"""What comes in from outside, character by character."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from webapp.foundation import incoming


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("  楼道灯不亮　", "楼道灯不亮"),
        ("a\x00b\x1bc\x7f", "abc"),
        ("一行\r\n二行\r三行", "一行\n二行\n三行"),
        ("左\u202e右\u2066\u200f", "左右"),
        ("张\u200b三\ufeff\u2060", "张三"),
        ("\u3164\u2800\u200b \u0301", ""),
        ("\ue81e\ue816\ue000", "龴\U00020087"),
        ("e\u0301", "é"),
        ("\ud800", ""),
    ],
)
def test_text_loses_what_nobody_sees(sent: str, kept: str) -> None:
    assert incoming.lines(sent) == kept


def test_a_line_is_one_line() -> None:
    assert incoming.line("一\n二\t三") == "一 二 三"


def test_a_name_has_one_kind_of_dot() -> None:
    assert {incoming.name(f"买买提{dot}艾力") for dot in "·•．・‧∙⋅"} == {"买买提·艾力"}


def test_a_code_is_in_half_width() -> None:
    assert incoming.code("ＡＢ－１２　３") == "AB-12 3"


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("17", 17),
        ("１７", 17),
        ("0", None),
        ("-1", None),
        ("²", None),
        ("1_0", None),
        ("2147483647", 2147483647),
        ("2147483648", None),
        ("9" * 5000, None),
        ("", None),
        (None, None),
    ],
)
def test_an_id_is_one_that_a_database_holds(sent: str | None, value: int | None) -> None:
    assert incoming.number(sent) == value


@pytest.mark.parametrize(
    ("sent", "value"),
    [
        ("2026-11-28", date(2026, 11, 28)),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("2026-02-30", None),
        ("x", None),
    ],
)
def test_a_day_is_of_these_centuries(sent: str, value: date | None) -> None:
    assert incoming.day(sent) == value


def test_a_moment_knows_its_offset() -> None:
    assert incoming.moment("2026-11-28T08:00:00+00:00") == datetime(2026, 11, 28, 8, tzinfo=UTC)
    assert incoming.moment("2026-11-28T08:00:00") is None
    assert incoming.moment("0001-01-01T00:00:00+14:00") is None
