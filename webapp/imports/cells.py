"""From a cell to a value. Each parser raises ValueError with the reason, in Chinese, for the person who mends the cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias, TypeVar

from webapp.foundation import incoming
from webapp.foundation.sheet_reader import Cell, text_of

T = TypeVar("T")
Parser: TypeAlias = Callable[[Cell], object]

EXCEL_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - wall time, as Excel counts it
SERIALS = range(20_000, 80_000)  # 1954 to 2119, as Excel numbers days
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT_DAY = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_CLOCK = re.compile(
    r"(上午|下午|晚上|中午)?\s*(\d{1,2})\s*[:：时点]\s*(?:(\d{1,2})\s*分?)?(?::\d{1,2}(?:\.\d+)?)?"
)
BAD_DAY = "看不出是哪一天，请写成 2025-3-1 这样。"
BAD_TIME = "看不出是几点，请写成 14:30 这样。"


class Moment(NamedTuple):
    """A day, and the time where there is one."""

    day: date
    clock: time | None


def plain(most: int) -> Parser:
    """Text of at most ``most`` characters."""

    def parse(cell: Cell) -> str:
        text = text_of(cell)
        if len(text) > most:
            raise ValueError(f"最多{most}个字。")
        return text

    return parse


def name(most: int) -> Parser:
    """A person's name of at most ``most`` characters."""
    short = plain(most)
    return lambda cell: short(incoming.name(text_of(cell)))


def choice(words: Mapping[str, T]) -> Callable[[Cell], T]:
    """One of ``words``, whatever blanks and brackets stand around it."""
    known = {_bare(word): value for word, value in words.items()}

    def parse(cell: Cell) -> T:
        found = known.get(_bare(text_of(cell)))
        if found is None:
            raise ValueError(f"可以填：{'、'.join(list(words)[:8])}。")
        return found

    return parse


def _bare(text: str) -> str:
    return re.sub(r"[\s（）()“”\"]+", "", text).casefold()


def day(cell: Cell) -> date:
    """A day: a date, 2025-3-1, 2025/3/1, 2025.3.1, 2025年3月1日, 20250301, or Excel's number of it."""
    return moment(cell).day


def moment(cell: Cell) -> Moment:
    """A day, and the time where there is one."""
    if isinstance(cell, datetime):
        return Moment(cell.date(), clock_time(cell) if cell.time() != time.min else None)
    if isinstance(cell, date):
        return Moment(cell, None)
    if isinstance(cell, time):
        raise ValueError(BAD_DAY)
    if (serial := _serial(cell)) is not None:
        return moment(serial)
    found = _DAY.match(cell) or _COMPACT_DAY.match(cell)
    if found is None:
        raise ValueError(BAD_DAY)
    try:
        when = date(*map(int, found.groups()))
    except ValueError:
        raise ValueError("没有这一天，请核对。") from None
    rest = re.sub(r"^[\sT,，]*(?:(?:星期|周)[一二三四五六日天])?\s*", "", cell[found.end() :])
    return Moment(when, clock_time(rest) if rest else None)


def clock_time(cell: Cell) -> time:
    """A time of day: 14:30, 下午2点, 9时15分."""
    if isinstance(cell, datetime):
        return cell.time().replace(second=0, microsecond=0)
    if isinstance(cell, time):
        return cell.replace(second=0, microsecond=0)
    found = None if isinstance(cell, date) else _CLOCK.fullmatch(cell)
    if found is None:
        raise ValueError(BAD_TIME)
    hour, minute = int(found[2]), int(found[3] or 0)
    if found[1] in ("下午", "晚上") and hour < 12:
        hour += 12
    try:
        return time(hour, minute)
    except ValueError:
        raise ValueError(BAD_TIME) from None


def _serial(text: str) -> datetime | None:
    if not re.fullmatch(r"\d{5}(\.\d+)?", text) or int(text.split(".")[0]) not in SERIALS:
        return None
    days = timedelta(minutes=round(float(text) * 24 * 60))
    return EXCEL_DAY_ZERO + days
