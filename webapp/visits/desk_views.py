"""The pages of desk sessions; they stand on the blueprint of the visits."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done
from webapp.foundation.text import day as day_text
from webapp.visits import desk, desk_queries, queries
from webapp.visits.desk import Plan, Planned
from webapp.visits.forms import CancelForm, DeskForm
from webapp.visits.models import DeskSession
from webapp.visits.permissions import check_can_cancel, reason_against
from webapp.visits.views import bp

P = Permission


@bp.get("/desk/")
@may(P.VISIT_READ)
def desks() -> Response:
    """The timetable from today on."""
    actor, after = current_actor(), request.args.get("after", "")
    found = desk_queries.timetable(actor, after)
    last = request.args.get("last", "")
    return page("visits/desks.html", part="visits/_desk_rows.html", found=found, last=last, now=clock.now())


@bp.route("/desk/new", methods=["GET", "POST"])
@may(P.DESK_PLAN)
def plan_desk() -> Response:
    """Plan a session, or one a week."""
    actor = current_actor()
    form = _desk_form(actor)
    if form.validate_on_submit():
        done = submit(form, lambda: desk.plan_desk(actor, _plan(form)), _after_planning)
        if done:
            return go(done.url, done.message)
    return page("visits/plan.html", part="visits/_plan.html", status=422 if form.errors else 200, form=form)


def _desk_form(actor: Actor) -> DeskForm:
    stations = queries.stations(actor)
    form = DeskForm(station_id=queries.usual_station(actor, stations), hosts=[actor.person_id])
    return form.offer([(row.id, row.name) for row in stations], desk_queries.possible_hosts(actor))


def _plan(form: DeskForm) -> Plan:
    return Plan(
        day=form.day.data,
        starts=form.starts.data,
        ends=form.ends.data,
        station_id=form.station_id.data,
        place=form.place.data or "",
        hosts=form.hosts.data or (),
        weeks=form.weeks.data,
    )


def _after_planning(planned: Planned) -> Done:
    count = len(planned.sessions)
    message = "已安排，居民可以在时间表上看到。" if count == 1 else f"已安排 {count} 次，每周一次。"
    if planned.rest_days:
        days = "、".join(day_text(day) for day in planned.rest_days)
        message += f"其中 {days} 不是工作日，照常保留，不需要的请单独取消。"
    return Done(url_for("visits.desks"), message)


@bp.get("/desk/<int:desk_id>")
@may(P.VISIT_READ, record="desk_session")
def show_desk(desk_id: int) -> Response:
    """One session."""
    return _desk_page(current_actor(), desk_id, CancelForm())


@bp.post("/desk/<int:desk_id>/cancel")
@may(P.DESK_PLAN, record="desk_session")
def cancel_desk(desk_id: int) -> Response:
    """Cancel it, or it and all that follow."""
    actor, form = current_actor(), CancelForm()
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: desk.cancel_desk(actor, desk_id, reason=form.reason.data, following=form.following.data),
            _after_cancelling,
        )
        if done:
            return go(done.url, done.message)
    # Who may not cancel is told so, and not what the form lacks.
    check_can_cancel(actor, desk_queries.desk_for(actor, desk_id), clock.now())
    return _desk_page(actor, desk_id, form, status=422)


def _after_cancelling(rows: list[DeskSession]) -> Done:
    message = (
        "已取消，时间表上会写明原因。" if len(rows) == 1 else f"已取消 {len(rows)} 次，时间表上会写明原因。"
    )
    return Done(url_for("visits.show_desk", desk_id=rows[0].id), message)


def _desk_page(actor: Actor, desk_id: int, form: CancelForm, status: int = 200) -> Response:
    row, found = desk_queries.desk_for(actor, desk_id), desk_queries.desk_page(actor, desk_id)
    return page(
        "visits/desk.html",
        part="visits/_desk.html",
        status=status,
        desk=found,
        now=clock.now(),
        form=form,
        visits=desk_queries.visits_at(desk_id),
        later=desk_queries.later_in_series(found),
        no_cancel=reason_against(check_can_cancel, actor, row, clock.now()),
    )
