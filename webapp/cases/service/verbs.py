"""The verbs by the name of their row in the table."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from webapp.cases.models import Case, CaseRequest
from webapp.cases.permissions import DECISIONS
from webapp.cases.service import escalation, loop, review
from webapp.cases.workflow import CASE_FLOW
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, NotFound

VERBS: dict[str, Callable[..., Case]] = {
    t.action: getattr(module, t.action)
    for module in (loop, review, escalation)
    for t in CASE_FLOW.transitions
    if hasattr(module, t.action)
}
ACTIONS = (*VERBS, *DECISIONS)


def act(actor: Actor, number: str, action: str, *, version: int | None = None, **inputs: object) -> Case:
    """Run the action of that name with its verb's ``inputs``.

    Raises:
        NotFound: no person can do such an action. Otherwise what the verb raises.
    """
    if action in DECISIONS:
        return _decide(actor, number, action, version, str(inputs.get("reason", "")))
    if action not in VERBS:
        raise NotFound
    return VERBS[action](actor, number, version=version, **inputs)


def _decide(actor: Actor, number: str, action: str, version: int | None, reason: str) -> Case:
    """Decide the pending request of this case."""
    waiting = (
        CaseRequest.kind == DECISIONS[action],
        CaseRequest.decided_at.is_(None),
        CaseRequest.lapsed_at.is_(None),
    )
    query = sa.select(CaseRequest.id).join(Case, Case.id == CaseRequest.case_id)
    request_id = db.session.scalar(query.where(Case.number == number, *waiting))
    if request_id is None:
        raise Conflict("没有等待决定的申请。可能已经有人决定了。")
    approve = action.startswith("approve_")
    return escalation.decide(actor, request_id, approve=approve, reason=reason, version=version).case
