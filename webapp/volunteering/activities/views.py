"""The pages of reports, activities and sign-ups."""

from __future__ import annotations

from datetime import time, timedelta

from flask import Response, flash, request, url_for
from flask.sansio.blueprints import BlueprintSetupState

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.db import AnyRow
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import go, page, wants_part
from webapp.foundation.paging import PAGE_SIZE, Page
from webapp.foundation.receipts import Done
from webapp.volunteering import bp, queries
from webapp.volunteering.activities import service as activity_service
from webapp.volunteering.activities.forms import ActivityForm, ClaimForm, activity_form
from webapp.volunteering.models import (
    CATEGORY_NAMES,
    HOURS_NAMES,
    PHASE_NAMES,
    Activity,
    SignupState,
    phase,
)
from webapp.volunteering.permissions import (
    check_can_check_in,
    check_can_edit,
    check_can_organise,
    check_can_sign_up,
    why_not,
)
from webapp.volunteering.rules import length_minutes

P = Permission
# What a new activity's form begins with.
USUAL_START, USUAL_LENGTH = time(9), timedelta(hours=2)
LISTS = {"coming": "即将开始", "mine": "我报名的", "past": "已结束"}


@bp.app_template_global()
def activity_phase(row: Activity) -> str:
    """Where an activity, or its row in a list, stands at this moment."""
    return phase(row.cancelled_at, row.starts_at, row.ends_at, clock.now())


@bp.record
def name_kinds(state: BlueprintSetupState) -> None:
    """Give the macros, which see no page's values, the Chinese names."""
    state.app.jinja_env.globals.update(
        PHASE_NAMES=PHASE_NAMES, CATEGORY_NAMES=CATEGORY_NAMES, HOURS_NAMES=HOURS_NAMES
    )


@bp.get("/")
@may(P.ACTIVITY_READ)
def index() -> Response:
    """The activities to come, one's own, those that are over."""
    actor, cursor = current_actor(), request.args.get("after", "")
    shown, which = _lists(actor), list_asked(actor)
    found = listed(actor, which, cursor)
    return page(
        "volunteering/index.html", "volunteering/_rows.html" if cursor else "volunteering/_index.html",
        lists=[{"label": shown[key], "url": url_for(".index", tab=key), "current": key == which} for key in shown],
        which=which, found=found, more=url_for(".index", tab=which, after=found.next) if found.next else "",
        own=actor.can(P.REPORT_OWN), may_plan=actor.can(P.ACTIVITY_ORGANISE),
    )  # fmt: skip


def _lists(actor: Actor) -> dict[str, str]:
    return {key: label for key, label in LISTS.items() if key != "mine" or actor.can(P.REPORT_OWN)}


def list_asked(actor: Actor) -> str:
    """Which of the lists the address, or the form under one, names."""
    which = request.values.get("tab", "")
    return which if which in _lists(actor) else "coming"


def listed(actor: Actor, which: str, cursor: str, size: int = PAGE_SIZE) -> Page[AnyRow]:
    """A page of one of the lists."""
    if which == "mine":
        return queries.my_activities(actor, cursor, size)
    return queries.activities(actor, past=which == "past", cursor=cursor, size=size)


def _new_form() -> ActivityForm:
    morning = clock.at(clock.today() + timedelta(days=1), USUAL_START)
    return activity_form(
        current_actor(),
        starts_at=morning,
        ends_at=morning + USUAL_LENGTH,
        case_number=request.args.get("case", ""),
    )


def _new_page(form: ActivityForm, status: int) -> Response:
    return page("volunteering/form.html", "volunteering/_form.html", status, form=form, activity=None)


@bp.route("/activities/new", methods=["GET", "POST"])
@may(P.ACTIVITY_ORGANISE)
@once(_new_form, again=_new_page)
def new(form: ActivityForm) -> Done:
    """Plan an activity."""
    made = activity_service.create_activity(current_actor(), form.plan())
    return Done(url_for(".activity", activity_id=made.id), "活动已发布，可以报名了。")


def _edit_form(activity_id: int) -> ActivityForm:
    actor = current_actor()
    activity = queries.activity_for(actor, activity_id)
    check_can_edit(actor, activity)
    case = queries.case_of(actor, activity)
    return activity_form(
        actor, obj=activity, case_number=case.number if case else "", seen=str(activity.version)
    )


def _edit_page(activity_id: int, form: ActivityForm, status: int) -> Response:
    activity = queries.activity_for(current_actor(), activity_id)
    return page("volunteering/form.html", "volunteering/_form.html", status, form=form, activity=activity)


@bp.route("/<int:activity_id>/edit", methods=["GET", "POST"])
@may(P.ACTIVITY_ORGANISE, record="activity")
@once(_edit_form, again=_edit_page)
def edit(form: ActivityForm, activity_id: int) -> Done:
    """Change an activity."""
    activity_service.edit_activity(current_actor(), activity_id, form.plan(), seen=form.seen.data or "")
    return Done(url_for(".activity", activity_id=activity_id), "已保存。")


@bp.get("/<int:activity_id>")
@may(P.ACTIVITY_READ, record="activity")
def activity(activity_id: int) -> Response:
    """One activity, and what the actor can do about it."""
    return show_activity(activity_id)


def show_activity(activity_id: int, form: Form | None = None, status: int = 200) -> Response:
    """Its page; ``form`` is the one on it that was refused."""
    actor = current_actor()
    activity = queries.activity_for(actor, activity_id)
    claim = form if isinstance(form, ClaimForm) else None
    return page(
        "volunteering/activity.html", "volunteering/_activity.html", status,
        **_context(actor, activity), claim=claim or ClaimForm(formdata=None, minutes=_length(activity)),
    )  # fmt: skip


def in_place(done: Done, activity_id: int) -> Response:
    """After a tap: the changed part for HTMX, a redirect for a browser without a script."""
    if not wants_part():
        return go(done.url, done.message)
    flash(done.message, "done")
    return show_activity(activity_id)


def _context(actor: Actor, activity: Activity) -> dict[str, object]:
    own = actor.can(P.REPORT_OWN)
    place, queue = queries.my_place(actor, activity.id) if own else ("", 0)
    organises = not why_not(check_can_organise, actor, activity)
    return {
        "activity": activity,
        "people": queries.people(activity),
        "counts": queries.counts(activity.id),
        "case": queries.case_of(actor, activity),
        "place": place,
        "queue": queue,
        "attendance": queries.my_attendance(actor, activity.id) if own else None,
        "own": own,
        "organises": organises,
        "no_sign_up": why_not(check_can_sign_up, actor, activity),
        "no_check_in": why_not(check_can_check_in, actor, activity),
        "no_edit": why_not(check_can_edit, actor, activity),
        "button": _button,
    }


def _length(activity: Activity) -> int:
    return length_minutes(activity.starts_at, activity.ends_at)


def _button() -> ButtonForm:
    """A form for one button, with a submission id of its own."""
    return ButtonForm(formdata=None)


def _one_button(activity_id: int) -> ButtonForm:
    return ButtonForm()


@bp.post("/<int:activity_id>/sign-up")
@may(P.REPORT_OWN, record="activity")
@once(_one_button, again=show_activity, then=in_place)
def sign_up(form: ButtonForm, activity_id: int) -> Done:
    """Take a place, or queue."""
    signup = activity_service.sign_up(current_actor(), activity_id)
    placed = signup.state == SignupState.SIGNED_UP
    words = "已报名。" if placed else "名额已满，已排入候补，有人退出时自动递补。"
    return Done(url_for(".activity", activity_id=activity_id), words)


@bp.post("/<int:activity_id>/leave")
@may(P.REPORT_OWN, record="activity")
@once(_one_button, again=show_activity, then=in_place)
def leave(form: ButtonForm, activity_id: int) -> Done:
    """Give one's place back."""
    activity_service.leave(current_actor(), activity_id)
    return Done(url_for(".activity", activity_id=activity_id), "已退出报名。")


@bp.post("/<int:activity_id>/cancel")
@may(P.ACTIVITY_ORGANISE, record="activity")
@once(_one_button, again=show_activity, then=in_place)
def cancel(form: ButtonForm, activity_id: int) -> Done:
    """Call an activity off."""
    activity_service.cancel_activity(current_actor(), activity_id)
    return Done(url_for(".activity", activity_id=activity_id), "活动已取消。")
