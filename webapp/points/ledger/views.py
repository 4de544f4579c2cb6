"""The pages of one's own points: account, shop, redemptions, statement."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock, incoming
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.points import bp, eligibility, permissions
from webapp.points.ledger import balance as ledger
from webapp.points.ledger import queries, service
from webapp.points.ledger.forms import AnswerForm
from webapp.points.rules import queries as rule_queries
from webapp.points.rules.words import earners, rule_lines
from webapp.points.words import WORDS

P = Permission
LONGEST_STATEMENT = timedelta(days=366)


@bp.context_processor
def words() -> dict[str, object]:
    """The Chinese names of kinds and states."""
    return dict(WORDS)


@bp.get("/")
@may(P.POINTS_OWN)
def account() -> Response:
    """One's own account: what there is, what is about to expire, how it came about."""
    actor, after = current_actor(), request.args.get("after", "")
    found = queries.entries_page(actor.person_id, after)
    if after:
        return page("points/entries.html", part="points/_entries.html", found=found)
    chosen, today = eligibility.settings(), clock.today()
    return page(
        "points/account.html",
        found=found,
        summary=ledger.summary(actor.person_id, today, today + timedelta(days=chosen.notice_days)),
        waiting=queries.waiting_points(actor.person_id),
        rule_lines=rule_lines(rule_queries.rules_on(today)),
        earns=bool(found.rows) or eligibility.may_earn(actor.person_id, today, chosen),
        earners=earners(chosen),
    )


@bp.get("/entries/<int:entry_id>")
@may(P.POINTS_OWN, record="point_entry_own")
def entry(entry_id: int) -> Response:
    """One of one's own entries, and what became of it."""
    return _entry_page(entry_id, AnswerForm(), 200)


def _entry_page(entry_id: int, form: AnswerForm, status: int) -> Response:
    row = queries.own_entry(current_actor(), entry_id)
    against = permissions.why_not(
        permissions.check_can_object, current_actor(), row, queries.is_reversed(row.id)
    )
    objections = queries.objections_to(row.id)
    return page(
        "points/entry.html",
        status=status,
        entry=row,
        form=form,
        objections=objections,
        may_object=against is None and not objections,
    )


def _objection_form(entry_id: int) -> AnswerForm:
    queries.own_entry(current_actor(), entry_id)
    return AnswerForm()


@bp.post("/entries/<int:entry_id>/object")
@may(P.POINTS_OWN, record="point_entry_own")
@once(_objection_form, again=_entry_page)
def object_to(form: AnswerForm, entry_id: int) -> Done:
    """Say that one's own entry was wrongly refused or taken back."""
    service.object_to(current_actor(), entry_id, reason=form.reason.data)
    return Done(url_for("points.entry", entry_id=entry_id), "异议已提出，由其他人核对后答复。")


@bp.get("/statement")
@may(P.POINTS_OWN)
def statement() -> Response:
    """The account over a range of days, to be printed."""
    return page("points/statement.html", statement=statement_asked(current_actor().person_id))


def statement_asked(person_id: int) -> queries.Statement:
    """The statement over the days that the address, or the form under it, names."""
    today = clock.today()
    last = min(_day("last", today), today)
    first = max(min(_day("first", last.replace(month=1, day=1)), last), last - LONGEST_STATEMENT)
    return queries.statement(person_id, first, last)


def _day(name: str, default: date) -> date:
    """A day of the address or the form; ``default`` where they name none."""
    return incoming.day(request.values.get(name)) or default
