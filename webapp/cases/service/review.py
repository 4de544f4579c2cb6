"""回访, 评议, 归档, 重新办理, 撤回, 督办, 并案: the verdict, and how a case ends or is reopened."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.cases import terms
from webapp.cases.models import Case, ContactTry
from webapp.cases.permissions import Voice, may_see
from webapp.cases.service.turn import (
    Turn,
    begin,
    clear_result,
    code_hash,
    lock_case,
    one_of,
    phase_of,
    required,
    turn,
    turn_by_code,
)
from webapp.cases.states import CLOSED, LIMITS, CaseState, Channel, Phase, Verdict, VerdictBy
from webapp.cases.workflow import next_level
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid

CALLED_BY = (Channel.PHONE, Channel.VISIT, Channel.STATION)


def log_try(actor: Actor, number: str, *, channel: str, note: str = "", version: int | None = None) -> Case:
    """Note that the reporter could not be reached."""
    with turn(actor, number, "log_try", version) as t:
        if _channel(channel) == Channel.PHONE and t.case.reporter_phone_hash is None:
            raise Invalid("诉求人没有留电话，请等待其凭查询码评议。", "channel")
        db.session.add(
            ContactTry(
                case_id=t.case.id,
                at=t.now,
                channel=channel,
                person_id=actor.person_id,
                unit_id=actor.unit_id,
                note=note.strip(),
            )
        )
        t.case.contact_tries += 1
        return t.finish(note=note.strip(), data={"channel": channel, "try": t.case.contact_tries})


def record_verdict(
    actor: Actor, number: str, *, verdict: str, channel: str, note: str = "", version: int | None = None
) -> Case:
    """评议, as told to a caller from another unit. 未联系上 is accepted only after three attempts."""
    with turn(actor, number, "record_verdict", version) as t:
        value = one_of(verdict, Verdict, "verdict", "请选择评议结果。")
        if value == Verdict.NO_RESPONSE and t.case.contact_tries < LIMITS.contact_tries:
            raise Invalid(f"联系满{LIMITS.contact_tries}次仍未联系上，才能这样记录。", "verdict")
        return _give(t, value, VerdictBy.CALLER, _channel(channel), note.strip())


def record_verdict_by_code(code: str, *, verdict: str, note: str = "") -> Case:
    """评议 by the reporter with the tracking code, once. 不满意 needs no reason.

    Raises:
        NotFound: no such code. Conflict: not yet to be judged, or judged already.
    """
    with turn_by_code(code_hash(code), "record_verdict") as t:
        if verdict not in (Verdict.SATISFIED, Verdict.MOSTLY, Verdict.UNSATISFIED):
            raise Invalid("请选择满意、基本满意或不满意。", "verdict")
        return _give(t, verdict, VerdictBy.RESIDENT, Channel.CODE, note.strip())


def _channel(channel: str) -> str:
    if channel not in CALLED_BY:
        raise Invalid("请选择联系方式。", "channel")
    return channel


def _give(t: Turn, verdict: str, by: str, channel: str, note: str) -> Case:
    """Record the verdict; the first 不满意 sends the case back to be done again, one level up."""
    data: dict[str, object] = {"verdict": verdict, "by": by, "channel": channel}
    if verdict == Verdict.UNSATISFIED and t.case.rework_count < LIMITS.reworks:
        return _rework(t, note, data)
    case = t.case
    case.verdict, case.verdict_by, case.verdict_channel, case.verdict_at = verdict, by, channel, t.now
    case.verdict_note = note
    case.caller_id = t.actor.person_id if t.actor and by == VerdictBy.CALLER else None
    if case.state == CaseState.MERGED:
        return t.finish(note=note, data=data)
    terms.start(case, Phase.ARCHIVE, t.now)
    return t.finish(CaseState.APPRAISED, note=note, data=data)


def _rework(t: Turn, note: str, data: dict[str, object]) -> Case:
    case, lead = t.case, t.facts.lead
    if lead is not None:
        # One of several reporters is not satisfied: the matter goes its own way again, from where the shared one stands.
        case.merged_into_id = case.state_before = None
        case.handler_unit_id, case.assigned_at = lead.handler_unit_id, lead.assigned_at
        case.owner_unit_id, case.level = lead.owner_unit_id, lead.level
    case.rework_count += 1
    data |= _again(t, up=True)
    return t.finish(CaseState.IN_PROGRESS, note=note, data=data)


def _again(t: Turn, *, up: bool) -> dict[str, object]:
    """Send the case back to its handler, one level up if asked and possible."""
    clear_result(t.case)
    above = next_level(t.case.level) if up else None
    if above is not None:
        return t.to_level(above, Phase.HANDLE)
    terms.start(t.case, Phase.HANDLE, t.now)
    return {}


def archive(actor: Actor, number: str, *, note: str = "", version: int | None = None) -> Case:
    """归档, by the community or above."""
    with turn(actor, number, "archive", version) as t:
        t.case.archived_at = t.now
        return t.finish(note=note.strip())


def reopen(actor: Actor, number: str, *, reason: str, version: int | None = None) -> Case:
    """重新办理; the second time one level up."""
    with turn(actor, number, "reopen", version) as t:
        return _reopen(t, reason)


def reopen_by_code(code: str, *, reason: str) -> Case:
    """重新办理, by the reporter within 30 days."""
    with turn_by_code(code_hash(code), "reopen") as t:
        return _reopen(t, reason)


def _reopen(t: Turn, reason: str) -> Case:
    note = required(reason, "reason", "请写明为什么要重新办理。")
    t.case.reopen_count += 1
    t.case.archived_at = None
    data = _again(t, up=t.case.reopen_count > 1)
    return t.finish(note=note, data={**data, "count": t.case.reopen_count})


def withdraw(actor: Actor, number: str, *, reason: str = "", version: int | None = None) -> Case:
    """撤回, for the reporter, by whoever wrote the case down."""
    with turn(actor, number, "withdraw", version) as t:
        return _withdraw(t, reason)


def withdraw_by_code(code: str, *, reason: str = "") -> Case:
    """撤回, by the reporter."""
    with turn_by_code(code_hash(code), "withdraw") as t:
        return _withdraw(t, reason)


def _withdraw(t: Turn, reason: str) -> Case:
    joined = db.session.scalars(
        sa.select(Case.id).where(Case.merged_into_id == t.case.id).order_by(Case.id)
    ).all()
    case = t.finish(note=reason.strip())
    for case_id in joined:  # others who said the same have not withdrawn
        _split(begin(Voice.SYSTEM, lock_case(Case.id, case_id), "unmerge"), "")
    return case


def supervise(actor: Actor, number: str, *, note: str = "", version: int | None = None) -> Case:
    """督办, by the level above or by whoever registered the case."""
    with turn(actor, number, "supervise", version) as t:
        return t.finish(note=note.strip())


def supervise_by_code(code: str, *, note: str = "") -> Case:
    """催办, by the reporter; once a day."""
    with turn_by_code(code_hash(code), "supervise") as t:
        return t.finish(note=note.strip())


def merge(actor: Actor, number: str, *, into: str, version: int | None = None) -> Case:
    """并案: the same matter twice. The reporter keeps code, notices and verdict.

    Raises:
        Invalid: the other case does not fit. NotFound, Refused, Conflict: as every verb.
    """
    with transaction():
        both = sa.select(Case.number, Case.id).where(Case.number.in_([number, into]))
        ids = {row.number: row.id for row in db.session.execute(both)}
        for case_id in sorted(
            ids.values()
        ):  # in one order, so that two merges at once can't wait for each other
            locked(Case, case_id)
        with turn(actor, number, "merge", version) as t:
            lead = db.session.get(Case, ids[into]) if into in ids else None
            _check_lead(actor, t.case, lead)
            assert lead is not None
            if t.case.state == CaseState.SUSPENDED:
                terms.resume(t.case, t.now)
                t.case.state_before = CaseState.IN_PROGRESS
            else:
                t.case.state_before = t.case.state
            t.case.merged_into_id = lead.id
            return t.finish(data={"into": lead.number})


def _check_lead(actor: Actor, case: Case, lead: Case | None) -> None:
    if lead is None or not may_see(actor, lead):
        raise Invalid("没有找到这个编号的诉求。", "into")
    if lead.id == case.id:
        raise Invalid("不能并入自己。", "into")
    if lead.state in CLOSED:
        raise Invalid("那件事已经办结，不能并入。", "into")
    if lead.confidentiality != case.confidentiality:
        raise Invalid("两件事的保密方式不同，不能并案。", "into")


def unmerge(actor: Actor, number: str, *, note: str = "", version: int | None = None) -> Case:
    """拆分: not the same matter after all; the case continues where it was."""
    with turn(actor, number, "unmerge", version) as t:
        return _split(t, note.strip())


def _split(t: Turn, note: str) -> Case:
    case = t.case
    into, before = case.merged_into_id, case.state_before
    assert before is not None
    case.merged_into_id = case.state_before = None
    lead = db.session.get_one(Case, into)
    terms.start(case, phase_of(before), t.now)
    return t.finish(before, note=note, data={"from": lead.number})


def close_callback(t: Turn) -> Case:
    """未联系上 once the time for calling is over; not counted as satisfied."""
    if t.case.reporter_phone_hash is not None and t.case.contact_tries < LIMITS.contact_tries:
        raise Conflict("还没有联系满三次。")
    return _give(
        t,
        Verdict.NO_RESPONSE,
        VerdictBy.SYSTEM,
        Channel.PHONE if t.case.reporter_phone_hash else Channel.CODE,
        "",
    )
