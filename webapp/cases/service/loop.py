"""网格召集, 分级转办, 问题处置, 核查: from the first hand to a checked result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from webapp.cases import options, terms
from webapp.cases.models import Case, CaseParty
from webapp.cases.service.turn import Turn, clear_handler, clear_result, one_of, required, turn
from webapp.cases.states import LIMITS, Phase, ResultKind
from webapp.cases.workflow import next_level
from webapp.extensions import db
from webapp.foundation import clock, photos
from webapp.foundation.access import Actor
from webapp.foundation.errors import Invalid
from webapp.foundation.photos import ReadyPhoto

WHAT_WAS_DONE = "请用一句话写明做了什么。"


def settle_on_spot(
    actor: Actor,
    number: str,
    *,
    result_text: str,
    result_kind: str = ResultKind.RESOLVED,
    version: int | None = None,
) -> Case:
    """当场办结: solved on the spot. Somebody else still checks it."""
    with turn(actor, number, "settle_on_spot", version) as t:
        t.case.handler_unit_id, t.case.assigned_at = actor.unit_id, t.now
        return _result(t, actor, result_text, result_kind)


def convene(
    actor: Actor,
    number: str,
    *,
    parties: Sequence[str] = (),
    party_unit_ids: Sequence[int] = (),
    note: str = "",
    version: int | None = None,
) -> Case:
    """网格召集: the branch calls the parties together, named in free text or as units of the directory."""
    with turn(actor, number, "convene", version) as t:
        units = {row.id: row.name for row in options.unit_names([*party_unit_ids])}
        named = [(None, name.strip()) for name in parties if name.strip()]
        called: list[tuple[int | None, str]] = [*units.items(), *named]
        if not called:
            raise Invalid("请写明召集哪些方面。", "parties")
        db.session.add_all(
            CaseParty(case_id=t.case.id, unit_id=unit, name=name, called_at=t.now) for unit, name in called
        )
        terms.start(t.case, Phase.ACCEPT, t.now)
        return t.finish(note=note.strip(), data={"parties": [name for _, name in called]})


def assign(
    actor: Actor,
    number: str,
    *,
    handler_unit_id: int,
    due_on: date | None = None,
    note: str = "",
    version: int | None = None,
) -> Case:
    """分级转办: to the property company, a department, or a unit of one's own ladder, with a deadline.

    ``due_on`` may be earlier than the rule's term, never later.
    """
    with turn(actor, number, "assign", version) as t:
        if handler_unit_id not in {row.id for row in options.handler_options(actor, t.case)}:
            raise Invalid("请选择承办单位。", "handler_unit_id")
        if due_on is not None and due_on < clock.local(t.now).date():
            raise Invalid("办结日期不能早于今天。", "due_on")
        clear_handler(t.case)
        t.case.handler_unit_id, t.case.assigned_at = handler_unit_id, t.now
        terms.start(t.case, Phase.HANDLE, t.now, by_day=due_on)
        return t.finish(note=note.strip(), data={"unit": handler_unit_id, **_due(t.case)})


def return_case(actor: Actor, number: str, *, reason: str, version: int | None = None) -> Case:
    """退单: wrongly assigned, returned with a reason. The third time the level above takes over and decides."""
    with turn(actor, number, "return_case", version) as t:
        case, note = t.case, required(reason, "reason", "请写明退单原因。")
        from_unit = case.handler_unit_id
        clear_handler(case)
        data: dict[str, object] = {"from_unit": from_unit}
        above = next_level(case.level)
        if case.returns >= LIMITS.returns and above is not None:
            case.ruled = True
            data |= t.to_level(above, Phase.ACCEPT)
        else:
            case.returns += 1
            terms.start(case, Phase.ACCEPT, t.now)
        return t.finish(note=note, data=data)


def recall(actor: Actor, number: str, *, reason: str, version: int | None = None) -> Case:
    """收回另办: the owner takes the case back from its handler to assign it to another."""
    with turn(actor, number, "recall", version) as t:
        data: dict[str, object] = {"from_unit": t.case.handler_unit_id}
        clear_handler(t.case)
        terms.start(t.case, Phase.ACCEPT, t.now)
        return t.finish(note=required(reason, "reason", "请写明收回的原因。"), data=data)


def accept(actor: Actor, number: str, *, version: int | None = None) -> Case:
    """签收: the handler accepts. The clock has been running since the assignment."""
    with turn(actor, number, "accept", version) as t:
        return t.finish()


def suspend(actor: Actor, number: str, *, reason: str, until: date, version: int | None = None) -> Case:
    """挂账: blocked by something outside; to be reviewed within 90 days."""
    with turn(actor, number, "suspend", version) as t:
        note = required(reason, "reason", "请写明暂时不能办理的条件。")
        today = clock.local(t.now).date()
        if not today < until <= today + timedelta(days=LIMITS.suspend_days):
            raise Invalid(f"复查日期要在今天之后、{LIMITS.suspend_days}天以内。", "until")
        t.case.suspended_reason = note
        terms.suspend(t.case, until, t.now)
        return t.finish(note=note, data={"until": until.isoformat()})


def resume(actor: Actor, number: str, *, note: str = "", version: int | None = None) -> Case:
    """恢复办理: the term continues with the time that was left."""
    with turn(actor, number, "resume", version) as t:
        return resumed(t, note.strip())


def resumed(t: Turn, note: str) -> Case:
    """End the suspension of the case at hand."""
    terms.resume(t.case, t.now)
    return t.finish(note=note, data=_due(t.case))


def submit_result(
    actor: Actor,
    number: str,
    *,
    result_text: str,
    result_kind: str,
    photos: Sequence[ReadyPhoto] = (),
    version: int | None = None,
) -> Case:
    """反馈结果: one sentence on what was done; photos are optional."""
    with turn(actor, number, "submit_result", version) as t:
        case = _result(t, actor, result_text, result_kind)
        _attach(case, photos, actor)
        return case


def _attach(case: Case, ready: Sequence[ReadyPhoto], actor: Actor) -> None:
    if ready:
        photos.attach("case_result", case.id, ready, actor.person_id)


def _result(t: Turn, actor: Actor, result_text: str, result_kind: str) -> Case:
    case = t.case
    text = required(result_text, "result_text", WHAT_WAS_DONE)
    case.result_kind = one_of(result_kind, ResultKind, "result_kind", "请选择办理结果。")
    case.result_text, case.result_at = text, t.now
    case.handled_by_id, case.checked_by_id = actor.person_id, None
    terms.start(case, Phase.CHECK, t.now)
    return t.finish(note=text, data={"result_kind": result_kind})


def pass_check(actor: Actor, number: str, *, note: str = "", version: int | None = None) -> Case:
    """核查通过, by somebody not involved in handling."""
    with turn(actor, number, "pass_check", version) as t:
        t.case.checked_by_id = actor.person_id
        terms.start(t.case, Phase.CALLBACK, t.now)
        return t.finish(note=note.strip())


def fail_check(actor: Actor, number: str, *, note: str, version: int | None = None) -> Case:
    """退回重办: what the check found differs from the reported result."""
    with turn(actor, number, "fail_check", version) as t:
        reason = required(note, "note", "请写明哪里没有办好。")
        clear_result(t.case)
        terms.start(t.case, Phase.HANDLE, t.now)
        return t.finish(note=reason, data=_due(t.case))


def _due(case: Case) -> dict[str, object]:
    return {"due": case.due_at.isoformat()} if case.due_at else {}
