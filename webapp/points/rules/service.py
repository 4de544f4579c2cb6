"""What the district decides about points: the rules by which they are earned, and the settings. Needs SETTINGS_MANAGE.

A rule is known by its code, and is a row for each term in which it stood unchanged. Of a row that has begun nothing changes
but its last day, so what was earned stays as it was; what is announced for later may be replaced or taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from webapp.directory.changes import changed_meanwhile
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid
from webapp.foundation.periods import Standing
from webapp.foundation.receipts import digest
from webapp.points import eligibility, permissions
from webapp.points.eligibility import Settings
from webapp.points.models import Evidence, Per, PointRule, PointSettings, RuleEvent
from webapp.points.rules import queries as rule_queries

ONE_DAY = timedelta(days=1)
AHEAD = timedelta(days=366)  # how far ahead a change may be announced: farther is a slip of the hand
FIGURES = ("amount", "per", "daily_cap", "monthly_cap", "evidence")


@dataclass(frozen=True)
class RuleInput:
    """What the form says of a rule; a cap is in points, None: no cap."""

    name: str
    amount: int
    per: str = Per.ACT
    daily_cap: int | None = None
    monthly_cap: int | None = None
    evidence: str = Evidence.RECORD


def stamp(rules: Iterable[Any], standing: Standing[PointRule]) -> str:
    """What all rows of a rule say, in short: a form that was opened on other rows is out of date."""
    code = standing.row.code
    rows = [{"id": row.id, **_figures(row), "name": row.name} for row in rules if row.code == code]
    return digest({"rows": sorted(rows, key=lambda row: row["id"])})


def settings_stamp(chosen: Settings) -> str:
    """The same for the settings."""
    return digest(chosen._asdict())


def change(actor: Actor, rule_id: int, *, given: RuleInput, first_day: date, seen: str) -> PointRule:
    """Let a rule give something else from ``first_day`` on; what was announced for later before is replaced.

    ``seen`` is the ``stamp`` of the rule when the form was opened.

    Raises:
        NotFound: there is no such rule, or it has ended. Conflict: it was changed meanwhile.
        Invalid: the figures do not fit together, the day is not ahead, or nothing is changed.
    """
    with transaction() as session:
        rules, held = _held(actor, rule_id, seen)
        _check(rules, held.row.code, held.row.event, given, first_day)
        _check_first_day(first_day)
        if held.now and held.last_day is None and _says(held.now) == asdict(given):
            raise Invalid("和现在的规则一样，没有改动。")
        if held.later and held.later.valid_from == first_day and _says(held.later) == asdict(given):
            raise Invalid("和已经安排的一样，没有改动。")
        old = _figures(held.row)
        replaced = {"replaced": _figures(held.later)} if held.now and held.later else {}
        row = held.later or PointRule(code=held.row.code, event=held.row.event)
        renamed = held.row.name != given.name
        _write(row, given, first_day)
        session.add(row)
        if held.now:
            held.now.valid_to = first_day - ONE_DAY
        session.flush()
        detail = {"rule": row.id, "old": old, "new": _figures(row), "renamed": renamed, **replaced}
        journal.record(actor, "point_rule:change", "point_rule", row.code, detail)
    rule_queries.all_rules.forget()
    return row


def take_back(actor: Actor, rule_id: int, *, seen: str) -> None:
    """Take back what is announced for later, be it a change or the end: the rule goes on as it is.

    Raises:
        NotFound, Conflict: as in ``change``; or nothing is announced. Invalid: another rule has taken its place.
    """
    with transaction() as session:
        rules, held = _held(actor, rule_id, seen)
        if held.later is None and held.last_day is None:
            raise Conflict("没有可以撤回的安排。")
        old = _figures(held.later or held.now)
        if held.later:
            # It never applied to anything, and the journal keeps what it would have been.
            session.delete(held.later)
        if held.now:
            _check_alone(rules, held.now.code, held.now.event, held.now.name, clock.today())
            held.now.valid_to = None
        detail = {"rule": held.row.id, "old": old, "new": _figures(held.now) if held.now else {}}
        journal.record(actor, "point_rule:take_back", "point_rule", held.row.code, detail)
    rule_queries.all_rules.forget()


def end(actor: Actor, rule_id: int, *, last_day: date, seen: str) -> PointRule:
    """Let a rule end after ``last_day``; what was announced for later falls away.

    Raises:
        NotFound, Conflict: as in ``change``; or the rule has not begun. Invalid: the day is past, or nothing is changed.
    """
    with transaction() as session:
        _, held = _held(actor, rule_id, seen)
        if held.now is None:
            raise Conflict("这项规则还没有开始，可以直接撤回。")
        if last_day < clock.today():
            raise Invalid("最早到今天为止，已经过去的日子不能改。", "last_day")
        _check_not_far(last_day, "last_day")
        if held.last_day == last_day:
            raise Invalid("已经是这一天停止，没有改动。", "last_day")
        row: PointRule = held.now
        old = _figures(row)
        replaced = {"replaced": _figures(held.later)} if held.later else {}
        if held.later:
            session.delete(held.later)
        row.valid_to = last_day
        detail = {"rule": row.id, "old": old, "new": _figures(row), **replaced}
        journal.record(actor, "point_rule:end", "point_rule", row.code, detail)
    rule_queries.all_rules.forget()
    return row


def begin(actor: Actor, *, event: str, given: RuleInput, first_day: date) -> PointRule:
    """Make a new rule: one by hand, or anew the one of an event whose rule has ended.

    Raises:
        Conflict: the event has a rule. Invalid: the figures do not fit together, or the day is not ahead.
    """
    permissions.check_can_set_rules(actor)
    with transaction() as session:
        rules = _all_locked()
        if event == RuleEvent.BY_HAND:
            code = f"by_hand_{1 + len({rule.code for rule in rules if rule.event == event})}"
        else:
            last = [rule for rule in rule_queries.resting(rules, clock.today()) if rule.event == event]
            if not last:
                raise Conflict("这件事已经有规则在用，修改它就可以。")
            # Under its old code, so that what has earned once does not earn again.
            code = last[0].code
        _check(rules, code, event, given, first_day)
        _check_first_day(first_day)
        row = PointRule(code=code, event=event)
        _write(row, given, first_day)
        session.add(row)
        session.flush()
        journal.record(
            actor,
            "point_rule:begin",
            "point_rule",
            code,
            {"rule": row.id, "event": event, "new": _figures(row)},
        )
    rule_queries.all_rules.forget()
    return row


def change_settings(actor: Actor, *, given: Settings, seen: str) -> None:
    """Settle anew who earns and what holds for redeeming, from now on; lots and codes keep the days that they have.

    ``seen`` is the ``settings_stamp`` of when the form was opened.

    Raises:
        Conflict: changed by somebody else meanwhile. Invalid: nobody would earn, or nothing is changed.
    """
    permissions.check_can_set_rules(actor)
    with transaction():
        row = locked(PointSettings, 1)
        before = eligibility.read_settings()
        if seen != settings_stamp(before):
            raise changed_meanwhile("积分设置", "point_settings", 1)
        if not given.bodies and not given.posts:
            raise Invalid("请至少选一类人，否则谁也不能得分和兑换。", "bodies")
        old, new = before._asdict(), given._asdict()
        changed = [name for name in old if old[name] != new[name]]
        if not changed:
            raise Invalid("和现在的设置一样，没有改动。")
        for name in changed:
            setattr(row, name, new[name])
        detail = {"old": {name: old[name] for name in changed}, "new": {name: new[name] for name in changed}}
        journal.record(actor, "point_settings:change", "point_settings", 1, detail)
    eligibility.settings.forget()


def _all_locked() -> Sequence[PointRule]:
    """Every rule with its present values. Who changes one waits for who changes another: they must fit together."""
    locked(PointSettings, 1)
    return db.session.scalars(sa.select(PointRule).order_by(PointRule.id)).all()


def _held(actor: Actor, rule_id: int, seen: str) -> tuple[Sequence[PointRule], Standing[PointRule]]:
    permissions.check_can_set_rules(actor)
    rules = _all_locked()
    standing = rule_queries.standing_of(rules, rule_id, clock.today())
    if seen != stamp(rules, standing):
        raise changed_meanwhile("这项规则", "point_rule", standing.row.code)
    return rules, standing


def _check(rules: Iterable[PointRule], code: str, event: str, given: RuleInput, first_day: date) -> None:
    """That figures, caps and evidence fit the event, and that no other rule earns for the same."""
    _check_alone(rules, code, event, given.name, first_day)
    by_hand = event == RuleEvent.BY_HAND
    if given.per == Per.HOUR and event != RuleEvent.ATTENDANCE_CONFIRMED:
        raise Invalid("只有服务时长可以按小时计分。", "per")
    if not by_hand and given.evidence != Evidence.RECORD:
        raise Invalid("自动记分只凭系统中的记录。", "evidence")
    caps = {"daily_cap": given.daily_cap, "monthly_cap": given.monthly_cap}
    for name, cap in caps.items():
        if cap is not None and by_hand:
            raise Invalid("申报的都要审核，不设上限。", name)
        if cap is not None and cap < given.amount:
            raise Invalid(f"上限不能少于 {given.amount} 分，否则每次都要审核。", name)
    if given.daily_cap and given.monthly_cap and given.daily_cap > given.monthly_cap:
        raise Invalid("每天的上限不能高于每月的上限。", "daily_cap")


def _check_alone(rules: Iterable[PointRule], code: str, event: str, name: str, first_day: date) -> None:
    """An event earns by every rule that applies on the day: so one at most may apply to what other rooms report."""
    for other in rules:
        if other.code == code or other.event != event:
            continue
        if other.valid_to is not None and other.valid_to < first_day:
            continue
        if event != RuleEvent.BY_HAND:
            raise Conflict(f"同一件事还有另一项规则“{other.name}”，请先停用它。")
        if other.name == name:
            raise Invalid("已经有同名的规则。", "name")


def _check_first_day(day: date) -> None:
    if day <= clock.today():
        raise Invalid("最早从明天起，已经过去的日子不能改。", "first_day")
    _check_not_far(day, "first_day")


def _check_not_far(day: date, field: str) -> None:
    if day > clock.today() + AHEAD:
        raise Invalid("最晚在一年以内。", field)


def _write(row: PointRule, given: RuleInput, first_day: date) -> None:
    for name, value in asdict(given).items():
        setattr(row, name, value)
    row.valid_from, row.valid_to = first_day, None


def _says(row: Any) -> dict[str, object]:
    return {"name": row.name, **{name: getattr(row, name) for name in FIGURES}}


def _figures(row: Any) -> dict[str, Any]:
    """What a row says, for the journal: without the name, which is free text."""
    last = row.valid_to.isoformat() if row.valid_to else None
    return {**{name: getattr(row, name) for name in FIGURES}, "from": row.valid_from.isoformat(), "to": last}
