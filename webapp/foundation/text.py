"""How moments, durations and amounts are written for people. Registered as template filters."""

from __future__ import annotations

from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from webapp.foundation import clock

WEEKDAYS = "一二三四五六日"


def day(value: date | datetime | None) -> str:
    """11月22日; with the year when it is not this one."""
    if value is None:
        return ""
    local = clock.local(value).date() if isinstance(value, datetime) else value
    text = f"{local.month}月{local.day}日"
    return text if local.year == clock.today().year else f"{local.year}年{text}"


def daytime(value: datetime | None) -> str:
    """11月22日 14:30."""
    return f"{day(value)} {clock.local(value):%H:%M}" if value else ""


def clocktime(value: datetime | None) -> str:
    """14:30."""
    return f"{clock.local(value):%H:%M}" if value else ""


def weekday(value: date | datetime) -> str:
    """周日."""
    local = clock.local(value) if isinstance(value, datetime) else value
    return "周" + WEEKDAYS[local.weekday()]


def ago(value: datetime | None) -> str:
    """刚刚, 5分钟前, 3小时前, 昨天 14:30, 3天前; after a week the date."""
    if value is None:
        return ""
    now = clock.now()
    seconds = (now - value).total_seconds()
    if seconds < 0:
        return daytime(value)
    if seconds < 60:
        return "刚刚"
    if seconds < 3600:
        return f"{int(seconds // 60)}分钟前"
    days = (clock.local(now).date() - clock.local(value).date()).days
    if days == 0:
        return f"{int(seconds // 3600)}小时前"
    if days == 1:
        return f"昨天 {clocktime(value)}"
    return f"{days}天前" if days < 7 else day(value)


def hours(minutes: int | None) -> str:
    """Minutes as hours with one decimal, half up, as service time is shown; stored minutes are never rounded."""
    value = (Decimal(minutes or 0) / 60).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return f"{value}小时"


def yuan(fen: int | None) -> str:
    """Integer 分 as 元 with two decimals."""
    return f"{Decimal(fen or 0) / 100:,.2f}元"


def iso(value: datetime | date | None) -> str:
    """Machine-readable, for <time datetime>."""
    return value.isoformat() if value else ""


FILTERS = {f.__name__: f for f in (day, daytime, clocktime, weekday, ago, hours, yuan, iso)}
