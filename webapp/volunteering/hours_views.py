"""The pages of hours: one's own, one attendance with its trail, statements and their proof."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock, limits
from webapp.foundation.access import Actor, current_actor, may, public
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.qr import qr_svg
from webapp.foundation.receipts import Done
from webapp.volunteering import queries, service
from webapp.volunteering.asks import marks
from webapp.volunteering.day_views import absolute
from webapp.volunteering.forms import CorrectionForm, ObjectionForm, StatementForm
from webapp.volunteering.models import OBJECTION_NAMES, Attendance, HoursState
from webapp.volunteering.permissions import (
    check_can_confirm,
    check_can_decide_hours,
    check_can_object,
    why_not,
)
from webapp.volunteering.views import bp

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
    actor = current_actor()
    return _show(actor, queries.attendance_for(actor, attendance_id))


@bp.post("/attendances/<int:attendance_id>/object")
@may(P.REPORT_OWN, record="attendance")
def object_to(attendance_id: int) -> Response:
    """Object to one's own hours."""
    actor, form = current_actor(), ObjectionForm()
    shown = queries.attendance_for(actor, attendance_id)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.object_to(actor, attendance_id, text=form.text.data or ""),
            lambda _: Done(
                url_for(".attendance", attendance_id=attendance_id), "已提出异议，组织者会核对后答复。"
            ),
        )
        if done:
            return go(done.url, done.message)
    return _show(actor, shown, objection=form)


@bp.post("/attendances/<int:attendance_id>/correct")
@may(P.ACTIVITY_ORGANISE, record="attendance")
def correct(attendance_id: int) -> Response:
    """Correct hours, or answer an objection."""
    actor, form = current_actor(), CorrectionForm()
    shown = queries.attendance_for(actor, attendance_id)
    check_can_decide_hours(actor, shown)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.correct(
                actor, attendance_id, minutes=form.minutes.data or 0, reason=form.reason.data or ""
            ),
            lambda _: Done(url_for(".attendance", attendance_id=attendance_id), "已保存，本人可以看到。"),
        )
        if done:
            return go(done.url, done.message)
    return _show(actor, shown, correction=form)


def _show(
    actor: Actor,
    row: Attendance,
    objection: ObjectionForm | None = None,
    correction: CorrectionForm | None = None,
) -> Response:
    activity = queries.activity_of(row)
    decides = not why_not(check_can_decide_hours, actor, row)
    return page(
        "volunteering/attendance.html", "", 422 if objection or correction else 200,
        attendance=row, activity=activity, name=queries.name_of(row.person_id), mine=row.person_id == actor.person_id,
        marks=marks(row.way, auto_closed=row.auto_closed, capped=row.capped), decides=decides,
        corrections=queries.corrections(row), objections=queries.objections(row), OBJECTION_NAMES=OBJECTION_NAMES,
        no_object=why_not(check_can_object, actor, row), no_correct=why_not(check_can_confirm, actor, activity),
        objection=objection or ObjectionForm(formdata=None),
        correction=correction or CorrectionForm(formdata=None, minutes=row.minutes),
        open_objection=objection is not None, open_correction=correction is not None,
    )  # fmt: skip


@bp.route("/statements", methods=["GET", "POST"])
@may(P.REPORT_OWN)
def statements() -> Response:
    """Issue a statement; those issued so far."""
    actor = current_actor()
    today = clock.today()
    form = StatementForm(since=today.replace(month=1, day=1), until=today)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.issue(actor, since=form.since.data, until=form.until.data),
            lambda made: Done(url_for(".statement", code=made.verify_code), "服务记录单已生成，可以打印。"),
        )
        if done:
            return go(done.url, done.message)
    status = 422 if form.is_submitted() else 200
    return page("volunteering/statements.html", "", status, form=form, rows=queries.statements(actor))


@bp.get("/statements/<code>")
@may(P.REPORT_OWN, record="statement")
def statement(code: str) -> Response:
    """A statement to print."""
    actor = current_actor()
    found = queries.statement_for(actor, code)
    address = absolute(url_for(".verify", code=found.verify_code))
    return page(
        "volunteering/statement.html", statement=found, name=actor.name, code=qr_svg(address),
        issued_on=clock.local(found.issued_at).date(),
    )  # fmt: skip


@bp.get("/verify/<code>")
@public
def verify(code: str) -> Response:
    """Whether a statement is genuine, for anybody who holds it; shows just enough for that."""
    limits.hit(f"verify:{request.remote_addr}", VERIFY_TRIES, VERIFY_MINUTES)
    proof = service.verify(code)
    return page("volunteering/verify.html", "", 200 if proof else 404, proof=proof)
