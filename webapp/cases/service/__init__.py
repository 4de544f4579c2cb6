"""What one can do with a case: one function a verb, (actor, number, *, inputs, version) → the case."""

from __future__ import annotations

from collections.abc import Callable

from webapp.cases.models import Case
from webapp.cases.permissions import DECISIONS
from webapp.cases.seeds import seed_defaults
from webapp.cases.service.escalation import (
    decide,
    decide_request,
    decline,
    escalate,
    extend,
    hand_down,
    redirect,
)
from webapp.cases.service.identity import Identity, reveal_identity
from webapp.cases.service.loop import (
    accept,
    assign,
    convene,
    fail_check,
    pass_check,
    recall,
    resume,
    return_case,
    settle_on_spot,
    submit_result,
    suspend,
)
from webapp.cases.service.register import Registered, register, register_by_resident
from webapp.cases.service.review import (
    archive,
    log_try,
    merge,
    record_verdict,
    record_verdict_by_code,
    reopen,
    reopen_by_code,
    supervise,
    supervise_by_code,
    unmerge,
    withdraw,
    withdraw_by_code,
)
from webapp.cases.service.sweep import SweepCounts, sweep
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound

Verb = Callable[..., Case]

VERBS: dict[str, Verb] = {
    verb.__name__: verb
    for verb in (
        settle_on_spot,
        convene,
        assign,
        return_case,
        recall,
        accept,
        suspend,
        resume,
        submit_result,
        pass_check,
        fail_check,
        log_try,
        record_verdict,
        archive,
        reopen,
        decline,
        redirect,
        withdraw,
        merge,
        unmerge,
        supervise,
        extend,
        escalate,
        hand_down,
    )
}


def _decision(action: str) -> Verb:
    return lambda actor, number, **inputs: decide(actor, number, action, **inputs)


VERBS |= {action: _decision(action) for action in DECISIONS}


def act(actor: Actor, number: str, action: str, *, version: int | None = None, **inputs: object) -> Case:
    """Do the action of that name; ``inputs`` are those of its verb.

    Raises:
        NotFound: no person can do such an action. Otherwise what the verb raises.
    """
    if action not in VERBS:
        raise NotFound
    return VERBS[action](actor, number, version=version, **inputs)


__all__ = [
    "VERBS",
    "Identity",
    "Registered",
    "SweepCounts",
    "accept",
    "act",
    "archive",
    "assign",
    "convene",
    "decide",
    "decide_request",
    "decline",
    "escalate",
    "extend",
    "fail_check",
    "hand_down",
    "log_try",
    "merge",
    "pass_check",
    "recall",
    "record_verdict",
    "record_verdict_by_code",
    "redirect",
    "register",
    "register_by_resident",
    "reopen",
    "reopen_by_code",
    "resume",
    "return_case",
    "reveal_identity",
    "seed_defaults",
    "settle_on_spot",
    "submit_result",
    "supervise",
    "supervise_by_code",
    "suspend",
    "sweep",
    "unmerge",
    "withdraw",
    "withdraw_by_code",
]
