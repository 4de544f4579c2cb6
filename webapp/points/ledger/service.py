"""What one can do with points: earn, propose, review, take back, object.

A correction is never a change: it is a further entry, with the person who made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from webapp.directory.scope import PERSON_ID, place_of
from webapp.extensions import db
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow, locked, require_transaction, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound
from webapp.foundation.hot import HotQuery
from webapp.points import eligibility, permissions
from webapp.points.ledger import balance as ledger
from webapp.points.ledger import queries
from webapp.points.models import (
    EntryKind,
    EntryState,
    ObjectionState,
    Per,
    PointEntry,
    PointObjection,
    PointRule,
    RuleEvent,
)
from webapp.points.rules import queries as rule_queries

PLACE = ("street_id", "community_id", "grid_id", "building_id")


def earn(
    event: RuleEvent,
    *,
    person_id: int | None,
    source: tuple[str, object],
    on: date,
    place: object,
    actor: Actor | None,
    minutes: int = 0,
    counted: int = 0,
) -> list[int]:
    """Credit what the rules of ``event`` give on the day ``on``; above a cap it is only proposed. Returns the entries' ids.

    Runs inside the caller's transaction. ``place`` is the record that earned (its ``Placed`` columns); ``minutes`` are served,
    ``counted`` of them earned before. Only full hours count. Nothing happens where no rule is in force, the person does
    not belong to those who earn, or this source earned before.
    """
    require_transaction()
    rules = rule_queries.rules_on(on, event)
    if not rules or person_id is None:
        return []
    chosen = eligibility.settings()
    if not eligibility.may_earn(person_id, on, chosen):
        return []
    ledger.lock_account(person_id)
    entries = []
    for rule in rules:
        # By the act, more minutes are no further act.
        amount = 0 if counted else rule.amount
        if rule.per == Per.HOUR:
            amount = rule.amount * (minutes // 60) - rule.amount * (counted // 60)
        got = _earned(rule, person_id, source, on)
        if amount > 0 and not got.before:
            below = _below(rule.daily_cap, got.day + amount) and _below(rule.monthly_cap, got.month + amount)
            state = EntryState.EFFECTIVE if below else EntryState.PROPOSED
            columns = {column: getattr(place, column) for column in PLACE}
            reason = "" if below else "超过每天或每月的上限"
            entries.append(
                _credit(rule, chosen, actor, state, person_id, amount, source, on, columns, reason)
            )
    return entries


def take_back(source: tuple[str, object], actor: Actor | None, why: str) -> None:
    """Undo what a source earned, because the source itself was undone or corrected. Runs inside the caller's transaction.

    Raises:
        Conflict: the points have been redeemed already.
    """
    require_transaction()
    matches = (PointEntry.source_type == source[0], PointEntry.source_id == str(source[1]))
    found = sa.select(PointEntry.id, PointEntry.person_id).where(*matches, PointEntry.kind == EntryKind.EARN)
    for entry_id, person_id in db.session.execute(found.order_by(PointEntry.person_id)).all():
        ledger.lock_account(person_id)
        entry = _locked_entry(entry_id)
        if entry.state == EntryState.PROPOSED:
            _answer(entry, None, EntryState.REJECTED, why)
        elif entry.state == EntryState.EFFECTIVE and not queries.is_reversed(entry.id):
            _reverse(entry, None, why)
        journal.record(actor, "points:take_back", "point_entry", entry.id)


def propose(actor: Actor, *, person_id: int, rule_id: int, day: date, reason: str) -> PointEntry:
    """Put forward an act that no record proves by itself; it counts once a second person has agreed.

    Raises:
        Invalid: the rule, the person or the day do not fit; or the act was put forward before.
    """
    with transaction():
        asked = db.session.get(PointRule, rule_id)
        # The figures are those of the day, whatever has been changed since.
        by_hand = rule_queries.rules_on(day, RuleEvent.BY_HAND)
        rule = next((row for row in by_hand if asked and row.code == asked.code), None)
        if rule is None:
            raise Invalid("这一天没有这项积分规则。", "rule_id")
        if day > clock.today():
            raise Invalid("日期不能晚于今天。", "day")
        chosen = eligibility.settings()
        unit = eligibility.unit_of(person_id, actor.unit_path, day, chosen)
        if unit is None:
            raise Invalid("这一天他不在可积分人员中，或不在您的范围内。", "person_id")
        ledger.lock_account(person_id)
        source = ("by_hand", day.isoformat())
        if _earned(rule, person_id, source, day).before:
            raise Invalid("这一天的这一项已经申报过了。", "day")
        entry_id = _credit(
            rule,
            chosen,
            actor,
            EntryState.PROPOSED,
            person_id,
            rule.amount,
            source,
            day,
            place_of(unit),
            reason,
        )
        return db.session.get_one(PointEntry, entry_id)


def review(actor: Actor, entry_id: int, *, approve: bool, reason: str = "") -> PointEntry:
    """Answer a proposal.

    Raises:
        NotFound, Refused, Conflict: it is not the actor's to answer, or is answered.
        Invalid: sent back without a reason.
    """
    with transaction():
        entry = _held_entry(queries.entry_for_review(actor, entry_id))
        permissions.check_can_review(actor, entry)
        _need_reason(approve, reason)
        _answer(entry, actor, EntryState.EFFECTIVE if approve else EntryState.REJECTED, reason)
        journal.record(actor, "points:approve" if approve else "points:reject", "point_entry", entry.id)
        return entry


def reverse(actor: Actor, entry_id: int, *, reason: str) -> PointEntry:
    """Take an earning back by a counter-entry, wholly.

    Raises:
        NotFound, Refused, Conflict: not the actor's to reverse, reversed before, or not enough points left.
        Invalid: no reason given.
    """
    with transaction():
        entry = _held_entry(queries.entry_for_review(actor, entry_id))
        permissions.check_can_reverse(actor, entry, queries.is_reversed(entry.id))
        _need_reason(False, reason)
        return _reverse(entry, actor, reason)


def object_to(actor: Actor, entry_id: int, *, reason: str) -> PointObjection:
    """Say that an entry is wrong: one's own that was refused or reversed, or, as a reviewer, one that counts.

    What is left of the entry is frozen until somebody else has settled it; the account is not.

    Raises:
        NotFound, Conflict: not the actor's to object to, or objected to already.
        Invalid: no reason given.
    """
    with transaction() as session:
        entry = _held_entry(queries.entry_for(actor, entry_id))
        permissions.check_can_object(actor, entry, queries.is_reversed(entry.id))
        if queries.any_objection(entry.id, by=actor.person_id):
            raise Conflict("这笔积分已经提出过异议。")
        _need_reason(False, reason)
        objection = PointObjection(
            entry_id=entry.id, raised_by_id=actor.person_id, reason=reason, at=clock.now()
        )
        session.add(objection)
        session.flush()
        journal.record(actor, "points:object", "point_entry", entry.id, {"objection": objection.id})
        return objection


def settle(actor: Actor, entry_id: int, *, uphold: bool, reason: str = "") -> PointObjection:
    """Decide an objection. Upheld, a wrong earning is reversed, and a wrong refusal or reversal is made good.

    Raises:
        NotFound, Refused, Conflict: not the actor's to settle, settled already, or not enough points left to reverse.
        Invalid: dismissed without a reason.
    """
    with transaction():
        entry = _held_entry(queries.entry_for_review(actor, entry_id))
        found = queries.open_objection(entry.id)
        permissions.check_can_settle(actor, entry, found)
        assert found is not None
        _need_reason(uphold, reason)
        if uphold:
            _make_good(entry, found, actor, reason)
        found.state = ObjectionState.UPHELD if uphold else ObjectionState.DISMISSED
        found.settled_by_id, found.settled_at, found.answer = actor.person_id, clock.now(), reason
        journal.record(
            actor, "points:settle", "point_entry", entry.id, {"objection": found.id, "state": found.state}
        )
        return found


def _below(cap: int | None, amount: int) -> bool:
    return cap is None or amount <= cap


class _Earned(NamedTuple):
    day: int
    month: int
    before: bool


def _earned(rule: AnyRow, person_id: int, source: tuple[str, object], day: date) -> _Earned:
    """What the rule gave the person on the day and in its month, less what was reversed, and whether by this source."""
    first = day.replace(day=1)
    return _earned_before(rule.event == RuleEvent.BY_HAND).one(
        person_id=person_id,
        rule=rule.code,
        source_type=source[0],
        source_id=str(source[1]),
        day=day,
        first=first,
        after=eligibility.add_months(first, 1),
    )


@cache
def _earned_before(by_hand: bool) -> HotQuery[_Earned]:
    entry = PointEntry.__table__.c
    day, first, after = (sa.bindparam(name, type_=sa.Date) for name in ("day", "first", "after"))
    mine = sa.and_(entry.person_id == PERSON_ID, entry.rule_code == sa.bindparam("rule"))
    # As literals: SQLite plans a statement anew for each value that a partial index may ask for.
    effective = entry.state == sa.literal_column(f"'{EntryState.EFFECTIVE}'")
    counts = sa.and_(mine, effective)
    total = sa.func.coalesce(sa.func.sum(entry.amount), 0)
    # By hand, what was rejected may be put forward again with better proof; a record that earned nothing stays so.
    again = entry.state != EntryState.REJECTED if by_hand else sa.true()
    before = sa.exists().where(
        mine,
        entry.kind == sa.literal_column(f"'{EntryKind.EARN}'"),
        again,
        entry.source_type == sa.bindparam("source_type"),
        entry.source_id == sa.bindparam("source_id"),
    )
    in_month = sa.select(total).where(counts, entry.earned_on >= first, entry.earned_on < after)
    on_day = sa.select(total).where(counts, entry.earned_on == day).scalar_subquery()
    return HotQuery(
        _Earned,
        sa.select(on_day.label("day"), in_month.scalar_subquery().label("month"), before.label("before")),
    )


# Past the unit of work, which takes as long as all the rest: each visit earns.
_CREDIT = sa.insert(PointEntry.__table__).returning(PointEntry.__table__.c.id)


def _credit(
    rule: AnyRow,
    chosen: eligibility.Settings,
    actor: Actor | None,
    state: EntryState,
    person_id: int,
    amount: int,
    source: tuple[str, object],
    day: date,
    place: Mapping[str, int | None],
    reason: str = "",
) -> int:
    months = chosen.lot_months
    row = {
        "person_id": person_id,
        "kind": EntryKind.EARN,
        "amount": amount,
        "title": rule.name,
        "rule_id": rule.id,
        "rule_code": rule.code,
        "source_type": source[0],
        "source_id": str(source[1]),
        "earned_on": day,
        "state": state,
        "reason": reason,
        "at": clock.now(),
        "created_by_id": actor.person_id if actor else None,
        "expires_on": eligibility.add_months(clock.today(), months) if months else None,
        **{column: place[column] for column in PLACE},
    }
    entry_id = int(db.session.execute(_CREDIT, row).scalar_one())
    journal.record(actor, f"points:{state}", "point_entry", entry_id, {"rule": rule.id, "amount": amount})
    return entry_id


def _held_entry(entry: PointEntry) -> PointEntry:
    """The entry with its present values, its account locked before it."""
    ledger.lock_account(entry.person_id)
    return _locked_entry(entry.id)


def _locked_entry(entry_id: int) -> PointEntry:
    entry = locked(PointEntry, entry_id)
    if entry is None:
        raise NotFound
    return entry


def _need_reason(agreed: bool, reason: str) -> None:
    if not agreed and not reason.strip():
        raise Invalid("请写明原因。", "reason")


def _answer(entry: PointEntry, actor: Actor | None, state: EntryState, answer: str) -> None:
    entry.state, entry.answer = state, answer
    entry.reviewed_by_id, entry.reviewed_at = actor.person_id if actor else None, clock.now()
    db.session.flush()


def _reverse(entry: PointEntry, actor: Actor | None, reason: str) -> PointEntry:
    """The counter-entry: from the lot itself first, then from the others. What had expired is gone anyway."""
    amount = entry.amount - ledger.taken_from(entry.id, EntryKind.EXPIRE)
    lots = ledger.lots(entry.person_id, clock.today(), even=entry.id)
    lots = sorted(
        (lot for lot in lots if lot.id == entry.id or not lot.frozen), key=lambda lot: lot.id != entry.id
    )
    missing = amount - sum(lot.left for lot in lots)
    if amount <= 0:
        raise Conflict("这笔积分已经过期，不用冲正。")
    if missing > 0:
        raise Conflict(f"账户里还差 {missing} 分，现在不能冲正。可以先提出异议，冻结这笔积分。")
    counter = ledger.post(
        entry.person_id,
        EntryKind.REVERSE,
        -amount,
        entry.title,
        (entry.source_type, entry.source_id),
        created_by_id=actor.person_id if actor else None,
        reason=reason,
        reverses_id=entry.id,
        rule_code=entry.rule_code,
        earned_on=entry.earned_on,
        **{column: getattr(entry, column) for column in PLACE},
    )
    ledger.take(counter, lots)
    journal.record(
        actor, "points:reverse", "point_entry", entry.id, {"counter": counter.id, "amount": counter.amount}
    )
    return counter


def _make_good(entry: PointEntry, objection: PointObjection, actor: Actor, reason: str) -> None:
    if entry.kind == EntryKind.EARN and entry.state == EntryState.EFFECTIVE:
        _reverse(entry, actor, reason or objection.reason)
        return
    original = db.session.get_one(PointEntry, entry.reverses_id) if entry.reverses_id else entry
    rule = db.session.get_one(PointRule, original.rule_id)
    granted = PointEntry(
        person_id=entry.person_id,
        kind=EntryKind.EARN,
        amount=abs(entry.amount),
        title=entry.title,
        rule_id=rule.id,
        rule_code=rule.code,
        source_type="objection",
        source_id=str(objection.id),
        earned_on=original.earned_on,
        state=EntryState.EFFECTIVE,
        reason=objection.reason,
        at=clock.now(),
        created_by_id=objection.raised_by_id,
        reviewed_by_id=actor.person_id,
        reviewed_at=clock.now(),
        answer=reason,
        expires_on=original.expires_on,
        **{column: getattr(entry, column) for column in PLACE},
    )
    db.session.add(granted)
    db.session.flush()
    journal.record(actor, "points:grant", "point_entry", granted.id, {"objection": objection.id})
