"""The pages of reports to a grid."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.volunteering import bp
from webapp.volunteering.reports import queries as report_queries
from webapp.volunteering.reports import service as report_service
from webapp.volunteering.reports.forms import ReportForm, report_form

P = Permission


@bp.get("/reports")
@may(P.ACTIVITY_READ)
def reports() -> Response:
    """One's reports, and the form to make one; for those who serve a place, the reports made to it."""
    return _reports_page()


def _reports_page(form: Form | None = None, status: int = 200, **_: int) -> Response:
    actor, cursor = current_actor(), request.args.get("after", "")
    if not isinstance(form, ReportForm):
        form = report_form(actor, formdata=None) if actor.can(P.REPORT_OWN) else None
    found = report_queries.reports(actor, cursor)
    more = url_for(".reports", after=found.next) if found.next else ""
    part = "volunteering/_report_rows.html" if cursor else ""
    return page(
        "volunteering/reports.html",
        part,
        status,
        form=form,
        found=found,
        more=more,
        button=lambda: ButtonForm(formdata=None),
    )


@bp.post("/reports")
@may(P.REPORT_OWN)
@once(lambda: report_form(current_actor()), again=_reports_page)
def report(form: ReportForm) -> Done:
    """Report to a grid."""
    report_service.report_to_grid(
        current_actor(), kind_id=form.kind_id.data, grid_id=form.grid_id.data, skills=form.skills.data or ""
    )
    return Done(url_for(".reports"), "已报到。")


@bp.post("/reports/<int:report_id>/withdraw")
@may(P.REPORT_OWN, record="party_report")
@once(lambda report_id: ButtonForm(), again=_reports_page)
def withdraw_report(form: ButtonForm, report_id: int) -> Done:
    """Take one's report back."""
    report_service.withdraw_report(current_actor(), report_id)
    return Done(url_for(".reports"), "已撤回报到。")
