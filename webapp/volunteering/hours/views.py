"""The pages of hours: one's own, one attendance with its trail, statements and their proof."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock, limits
from webapp.foundation.access import current_actor, may, public
from webapp.foundation.addresses import public_url
from webapp.foundation.forms import Form, once
from webapp.foundation.htmx import page
from webapp.foundation.qr import qr_svg
from webapp.foundation.receipts import Done
from webapp.volunteering import bp
from webapp.volunteering.hours import queries
from webapp.volunteering.hours import service as hours_service
from webapp.volunteering.hours.asks import marks
from webapp.volunteering.hours.forms import CorrectionForm, ObjectionForm, StatementForm
from webapp.volunteering.hours.statements import issue
from webapp.volunteering.hours.statements import verify as verify_statement
from webapp.volunteering.models import OBJECTION_NAMES, HoursState
from webapp.volunteering.permissions import (
    check_can_confirm,
    check_can_decide_hours,
    check_can_object,
    why_not,
)

P = Permission
VERIFY_TRIES, VERIFY_MINUTES = 60, 10  # looking up statements from one address


@bp.get("/hours")
@may(P.REPORT_OWN)
def hours() -> Response:
    """One's own hours."""
    actor, cursor = current_actor(), request.args.get("after", "")
    found = queries.my_hours(actor, cursor)
    more = url_for(".hours", after=found.next) if found.next else ""
    minutes = {} if cursor else queries.my_minutes(actor)
    part = "volunteering/_hours_rows.html" if cursor else ""
    return page("volunteering/hours.html", part, found=found, more=more, minutes=minutes, states=HoursState)


@bp.get("/attendances/<int:attendance_id>")
@may(P.ACTIVITY_READ, record="attendance")
def attendance(attendance_id: int) -> Response:
    """One attendance: how it came about, its corrections and objections."""
    return _show(attendance_id)


def _show(attendance_id: int, form: Form | None = None, status: int = 200) -> Response:
    actor = current_actor()
    row = queries.attendance_for(actor, attendance_id)
    activity = queries.activity_of(row)
    objection = form if isinstance(form, ObjectionForm) else None
    correction = form if isinstance(form, CorrectionForm) else None
    return page(
        "volunteering/attendance.html", "", status,
        attendance=row, activity=activity, name=queries.name_of(row.person_id), mine=row.person_id == actor.person_id,
        marks=marks(row.way, auto_closed=row.auto_closed, capped=row.capped),
        decides=not why_not(check_can_decide_hours, actor, row),
        corrections=queries.corrections(row), objections=queries.objections(row), OBJECTION_NAMES=OBJECTION_NAMES,
        no_object=why_not(check_can_object, actor, row), no_correct=why_not(check_can_confirm, actor, activity),
        objection=objection or ObjectionForm(formdata=None),
        correction=correction or CorrectionForm(formdata=None, minutes=row.minutes),
        open_objection=objection is not None, open_correction=correction is not None,
    )  # fmt: skip


def _objection_form(attendance_id: int) -> ObjectionForm:
    queries.attendance_for(current_actor(), attendance_id)
    return ObjectionForm()


def _correction_form(attendance_id: int) -> CorrectionForm:
    check_can_decide_hours(current_actor(), queries.attendance_for(current_actor(), attendance_id))
    return CorrectionForm()


@bp.post("/attendances/<int:attendance_id>/object")
@may(P.REPORT_OWN, record="attendance")
@once(_objection_form, again=_show)
def object_to(form: ObjectionForm, attendance_id: int) -> Done:
    """Object to one's own hours."""
    hours_service.object_to(current_actor(), attendance_id, text=form.text.data or "")
    here = url_for(".attendance", attendance_id=attendance_id)
    return Done(here, "已提出异议，组织者会核对后答复。")


@bp.post("/attendances/<int:attendance_id>/correct")
@may(P.ACTIVITY_ORGANISE, record="attendance")
@once(_correction_form, again=_show)
def correct(form: CorrectionForm, attendance_id: int) -> Done:
    """Correct hours, or answer an objection."""
    hours_service.correct(
        current_actor(), attendance_id, minutes=form.minutes.data or 0, reason=form.reason.data or ""
    )
    return Done(url_for(".attendance", attendance_id=attendance_id), "已保存，本人可以看到。")


def _statement_form() -> StatementForm:
    today = clock.today()
    return StatementForm(since=today.replace(month=1, day=1), until=today)


def _statements_page(form: StatementForm, status: int) -> Response:
    rows = queries.statements(current_actor())
    return page("volunteering/statements.html", "", status, form=form, rows=rows)


@bp.route("/statements", methods=["GET", "POST"])
@may(P.REPORT_OWN)
@once(_statement_form, again=_statements_page)
def statements(form: StatementForm) -> Done:
    """Issue a statement; those issued so far."""
    made = issue(current_actor(), since=form.since.data, until=form.until.data)
    return Done(url_for(".statement", code=made.verify_code), "服务记录单已生成，可以打印。")


@bp.get("/statements/<code>")
@may(P.REPORT_OWN, record="statement")
def statement(code: str) -> Response:
    """A statement to print."""
    actor = current_actor()
    found = queries.statement_for(actor, code)
    address = public_url("volunteering.verify", code=found.verify_code)
    return page(
        "volunteering/statement.html", statement=found, name=actor.name, code=qr_svg(address),
        issued_on=clock.local(found.issued_at).date(),
    )  # fmt: skip


@bp.get("/verify/<code>")
@public
def verify(code: str) -> Response:
    """Whether a statement is genuine, for anybody who holds it; shows just enough for that."""
    limits.hit(f"verify:{request.remote_addr}", VERIFY_TRIES, VERIFY_MINUTES)
    proof = verify_statement(code)
    return page("volunteering/verify.html", "", 200 if proof else 404, proof=proof)
