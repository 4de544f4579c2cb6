"""The pages of the day itself: the organiser's desk with its changing code, the poster, check-in, the list afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, request, url_for
from markupsafe import Markup

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.addresses import public_url
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import page
from webapp.foundation.qr import qr_svg
from webapp.foundation.receipts import Done
from webapp.foundation.text import clocktime, hours
from webapp.volunteering import bp, queries
from webapp.volunteering.activities.forms import ClaimForm
from webapp.volunteering.activities.views import in_place, show_activity
from webapp.volunteering.attendance import service as attendance_service
from webapp.volunteering.codes import rotating_code
from webapp.volunteering.hours import service as hours_service
from webapp.volunteering.hours.forms import ConfirmForm
from webapp.volunteering.models import WAY_NAMES, Activity, HoursState, SignupState, Way
from webapp.volunteering.permissions import check_can_check_in, check_can_confirm, check_can_organise, why_not
from webapp.volunteering.queries import Attendee
from webapp.volunteering.rules import CLOSE_AFTER, LONG_DAY_MINUTES, length_minutes

P = Permission


def organised(actor: Actor, activity_id: int) -> Activity:
    """The activity, for one who organises it."""
    activity = queries.activity_for(actor, activity_id)
    check_can_organise(actor, activity)
    return activity


@bp.get("/<int:activity_id>/desk")
@may(P.ACTIVITY_ORGANISE, record="activity")
def desk(activity_id: int) -> Response:
    """The changing code, who is there, and afterwards the list to confirm. HTMX asks for the upper part every minute."""
    return _desk(activity_id, ConfirmForm(formdata=None), 200)


def _desk(activity_id: int, form: ConfirmForm, status: int) -> Response:
    actor = current_actor()
    activity = organised(actor, activity_id)
    rows = queries.attendees(activity)
    return page(
        "volunteering/desk.html", "volunteering/_desk.html" if request.method == "GET" else "", status,
        activity=activity, rows=rows, form=form, code=_code(actor, activity), length=_length(activity),
        confirmable=[row for row in rows if _is_open(row, actor)], ticked=_ticked(form, rows),
        no_confirm=why_not(check_can_confirm, actor, activity), late=clock.now() > activity.record_due,
        remarks=lambda row: _remarks(row, _length(activity)), me=actor.person_id,
    )  # fmt: skip


def _confirm_form(activity_id: int) -> ConfirmForm:
    organised(current_actor(), activity_id)
    return ConfirmForm()


@bp.post("/<int:activity_id>/confirm")
@may(P.ACTIVITY_ORGANISE, record="activity")
@once(_confirm_form, again=_desk)
def confirm(form: ConfirmForm, activity_id: int) -> Done:
    """Confirm the list."""
    count = hours_service.confirm_list(
        current_actor(), activity_id, people=form.people.data, reason=form.reason.data or ""
    )
    return Done(url_for(".desk", activity_id=activity_id), f"已确认 {count} 人的时长。")


def _code(actor: Actor, activity: Activity) -> Markup | None:
    """The QR code to show now; None before and after the time for it."""
    now = clock.now()
    if activity.cancelled_at or now >= activity.ends_at + CLOSE_AFTER:
        return None
    token = rotating_code(activity.id, activity.checkin_secret, now)
    return qr_svg(public_url("volunteering.check_in", token=token))


def _is_open(row: Attendee, actor: Actor) -> bool:
    """Whether somebody on the list still waits for confirmation by this actor."""
    listed = row.signup == SignupState.SIGNED_UP
    return (
        listed
        and row.person_id != actor.person_id
        and row.state in (None, HoursState.PRESENT, HoursState.PENDING)
    )


def _ticked(form: ConfirmForm, rows: Sequence[Attendee]) -> set[int]:
    """Who is ticked at first: those who checked in, or everybody where nobody used the code."""
    if form.is_submitted():
        return set(form.people.data or ())
    checked_in = {row.person_id for row in rows if row.attendance_id}
    return checked_in or {row.person_id for row in rows}


def _remarks(row: Attendee, length: int) -> list[str]:
    """What the one who confirms should know of a person on the list."""
    found = []
    if row.minutes is not None:
        found.append(hours(row.minutes))
    if row.sign_in_at is None:
        found.append(WAY_NAMES[Way(row.way)] if row.way else "未签到")
    elif row.sign_out_at is None or row.auto_closed:
        found.append(f"{clocktime(row.sign_in_at)} 签到，未签退，按活动结束时间计")
    else:
        found.append(f"{clocktime(row.sign_in_at)}–{clocktime(row.sign_out_at)}")
    if row.capped:
        found.append("超出活动时长，按上限计")
    if row.day_minutes + (length if row.minutes is None else row.minutes) > LONG_DAY_MINUTES:
        found.append(f"当天合计超过{hours(LONG_DAY_MINUTES)}，请核对")
    return found


def _length(activity: Activity) -> int:
    return length_minutes(activity.starts_at, activity.ends_at)


@bp.get("/<int:activity_id>/poster")
@may(P.ACTIVITY_ORGANISE, record="activity")
def poster(activity_id: int) -> Response:
    """A sheet to print, with a fixed code."""
    actor = current_actor()
    activity = organised(actor, activity_id)
    code = qr_svg(public_url("volunteering.check_in", token=activity.poster_code))
    return page("volunteering/poster.html", activity=activity, code=code, people=queries.people(activity))


def _check_in_form(token: str) -> ButtonForm:
    queries.activity_by_token(current_actor(), token)
    return ButtonForm()


def _check_in_page(token: str, form: ButtonForm, status: int) -> Response:
    actor = current_actor()
    activity, _ = queries.activity_by_token(actor, token)
    mine = queries.my_attendance(actor, activity.id)
    return page(
        "volunteering/check_in.html",
        status=status,
        activity=activity,
        attendance=mine,
        reason="" if mine else why_not(check_can_check_in, actor, activity),
        form=ButtonForm(formdata=None),
        token=token,
    )


@bp.route("/check-in/<token>", methods=["GET", "POST"])
@may(P.REPORT_OWN)
@once(_check_in_form, again=_check_in_page)
def check_in(form: ButtonForm, token: str) -> Done:
    """What the phone's camera opens: one button to check in or out."""
    actor = current_actor()
    activity, way = queries.activity_by_token(actor, token)
    url = url_for(".activity", activity_id=activity.id)
    if request.form.get("step") == "out":
        left = attendance_service.check_out(actor, activity.id)
        said = f"{clocktime(left.sign_out_at)} 已签退，服务 {hours(left.minutes)}，等组织者确认。"
        return Done(url, said)
    came = attendance_service.check_in(actor, activity.id, way)
    return Done(url, f"{clocktime(came.sign_in_at)} 已签到。离开时再扫一次签退。")


@bp.post("/<int:activity_id>/claim")
@may(P.REPORT_OWN, record="activity")
@once(lambda activity_id: ClaimForm(), again=show_activity, then=in_place)
def claim(form: ClaimForm, activity_id: int) -> Done:
    """Note afterwards that one was there."""
    attendance_service.claim(
        current_actor(), activity_id, minutes=form.minutes.data or 0, reason=form.reason.data or ""
    )
    return Done(url_for(".activity", activity_id=activity_id), "已补记，等组织者确认。")
