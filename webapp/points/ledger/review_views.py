"""The pages of those who put points forward, and of those who review them."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, flash, request, url_for
from wtforms.fields import SelectChoice

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.forms import once
from webapp.foundation.htmx import go, page, wants_part
from webapp.foundation.receipts import Done
from webapp.points import bp, eligibility, permissions
from webapp.points.ledger import queries, service
from webapp.points.ledger.forms import AnswerForm, ProposeForm
from webapp.points.models import EVIDENCE_NAMES, Evidence, PointEntry, RuleEvent
from webapp.points.rules import queries as rule_queries
from webapp.points.rules.words import earners

P = Permission
TABS = {"waiting": "待审核", "objections": "异议", "all": "全部"}
Verb = Callable[[Actor, int, str], object]
# What can be done to an entry under review, and what is said afterwards.
VERBS: dict[str, tuple[Verb, str]] = {
    "approve": (
        lambda actor, key, why: service.review(actor, key, approve=True, reason=why),
        "已同意，积分已入账。",
    ),
    "reject": (
        lambda actor, key, why: service.review(actor, key, approve=False, reason=why),
        "已退回，不计积分。",
    ),
    "reverse": (lambda actor, key, why: service.reverse(actor, key, reason=why), "已冲正，原记录保留。"),
    "object": (
        lambda actor, key, why: service.object_to(actor, key, reason=why),
        "已提出异议，这笔积分先冻结。",
    ),
    "uphold": (
        lambda actor, key, why: service.settle(actor, key, uphold=True, reason=why),
        "异议成立，已更正。",
    ),
    "dismiss": (
        lambda actor, key, why: service.settle(actor, key, uphold=False, reason=why),
        "异议不成立，已答复。",
    ),
}


def _propose_form() -> ProposeForm:
    """The form with the people and the rules of today."""
    actor, today = current_actor(), clock.today()
    form = ProposeForm()
    text = request.args.get("q", "").strip()
    people = eligibility.candidates(actor.unit_path, today, eligibility.settings(), text)
    form.person_id.choices = [SelectChoice(str(row.id), f"{row.name} · {row.unit_name}") for row in people]
    form.rule_id.choices = [
        SelectChoice(
            str(rule.id), f"{rule.name} +{rule.amount} 分（凭{EVIDENCE_NAMES[Evidence(rule.evidence)]}）"
        )
        for rule in rule_queries.rules_on(today, RuleEvent.BY_HAND)
    ]
    return form


def _propose_page(form: ProposeForm, status: int) -> Response:
    return page(
        "points/propose.html",
        status=status,
        form=form,
        q=request.args.get("q", ""),
        today=clock.today(),
        earners=earners(eligibility.settings()),
    )


@bp.route("/propose", methods=["GET", "POST"])
@may(P.POINTS_PROPOSE)
@once(_propose_form, again=_propose_page)
def propose(form: ProposeForm) -> Done:
    """Put forward what no record proves by itself."""
    row = service.propose(
        current_actor(),
        person_id=form.person_id.data,
        rule_id=form.rule_id.data,
        day=form.day.data,
        reason=form.reason.data,
    )
    return Done(url_for("points.propose"), f"已申报 {row.amount} 分，等其他人审核。")


@bp.get("/review")
@may(P.POINTS_REVIEW)
def review() -> Response:
    """Earnings in scope: those that wait, those objected to, all."""
    actor = current_actor()
    which = tab_asked()
    found = queries.review_page(actor, which, request.args.get("after", ""))
    return page(
        "points/review.html",
        part="points/_review_rows.html",
        found=found,
        tab=which,
        names=TABS,
        new_form=AnswerForm,
        against=lambda row: permissions.why_not(permissions.check_can_review, actor, row),
    )


def tab_asked() -> str:
    """Which tab the address, or the form under one, names."""
    which = request.values.get("tab", "")
    return which if which in TABS else "waiting"


@bp.get("/review/<int:entry_id>")
@may(P.POINTS_REVIEW, record="point_entry")
def review_entry(entry_id: int) -> Response:
    """One entry, what can be done to it, and why not."""
    return _review_page(entry_id, AnswerForm())


def _review_page(entry_id: int, form: AnswerForm, status: int = 200) -> Response:
    actor = current_actor()
    row = queries.review_row(actor, entry_id)
    hints = _hints(actor, queries.entry_for_review(actor, entry_id))
    return page(
        "points/review_entry.html",
        part="points/_review_row.html",
        status=status,
        row=row,
        form=form,
        hints=hints,
        objections=queries.objections_to(entry_id),
        new_form=lambda: form,
        against=lambda _: hints["approve"],
    )


def _hints(actor: Actor, entry: PointEntry) -> dict[str, str | None]:
    """For each verb why it can't be done; None where it can."""
    why_not = permissions.why_not
    gone, objection = queries.is_reversed(entry.id), queries.open_objection(entry.id)
    answer = why_not(permissions.check_can_review, actor, entry)
    settle = why_not(permissions.check_can_settle, actor, entry, objection)
    return {
        "approve": answer,
        "reject": answer,
        "reverse": why_not(permissions.check_can_reverse, actor, entry, gone),
        "object": why_not(permissions.check_can_object, actor, entry, gone)
        if objection is None
        else "异议还没有处理。",
        "uphold": settle,
        "dismiss": settle,
    }


def _answer_again(entry_id: int, form: AnswerForm, status: int, verb: str) -> Response:
    return _review_page(entry_id, form, status)


def _answered(done: Done, entry_id: int, verb: str) -> Response:
    if not wants_part():
        return go(done.url, done.message)
    flash(done.message, "done")
    return _review_page(entry_id, AnswerForm(formdata=None))


@bp.post("/review/<int:entry_id>/<any(approve, reject, reverse, object, uphold, dismiss):verb>")
@may(P.POINTS_REVIEW, record="point_entry")
@once(lambda entry_id, verb: AnswerForm(), again=_answer_again, then=_answered)
def answer(form: AnswerForm, entry_id: int, verb: str) -> Done:
    """Do one of the verbs to an entry."""
    do, said = VERBS[verb]
    do(current_actor(), entry_id, form.reason.data or "")
    return Done(url_for("points.review_entry", entry_id=entry_id), said)
