"""The pages of desk sessions; they stand on the blueprint of the visits."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import current_actor, may
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.forms import once
from webapp.foundation.htmx import page
from webapp.foundation.private import scrub
from webapp.foundation.receipts import Done
from webapp.foundation.spreadsheets import Column
from webapp.foundation.text import day as day_text
from webapp.visits import bp
from webapp.visits.desks import queries, service
from webapp.visits.desks.forms import CancelForm, DeskForm
from webapp.visits.desks.queries import Desk
from webapp.visits.desks.service import Plan, Planned
from webapp.visits.permissions import check_can_cancel, reason_against
from webapp.visits.queries import stations, usual_station

P = Permission


@bp.get("/desk/")
@may(P.VISIT_READ)
def desks() -> Response:
    """The timetable from today on."""
    actor, after = current_actor(), request.args.get("after", "")
    found = queries.timetable(actor, after)
    last = request.args.get("last", "")
    return page("visits/desks.html", part="visits/_desk_rows.html", found=found, last=last, now=clock.now())


def _desk_form() -> DeskForm:
    actor = current_actor()
    found = stations(actor)
    form = DeskForm(station_id=usual_station(actor, found), hosts=[actor.person_id])
    return form.offer([(row.id, row.name) for row in found], queries.possible_hosts(actor))


def _plan_page(form: DeskForm, status: int) -> Response:
    return page("visits/plan.html", part="visits/_plan.html", status=status, form=form)


@bp.route("/desk/new", methods=["GET", "POST"])
@may(P.DESK_PLAN)
@once(_desk_form, again=_plan_page)
def plan_desk(form: DeskForm) -> Done:
    """Plan a session, or one a week."""
    plan = Plan(
        day=form.day.data,
        starts=form.starts.data,
        ends=form.ends.data,
        station_id=form.station_id.data,
        place=form.place.data or "",
        hosts=form.hosts.data or (),
        weeks=form.weeks.data,
    )
    return Done(url_for("visits.desks"), _planned(service.plan_desk(current_actor(), plan)))


def _planned(planned: Planned) -> str:
    count = len(planned.sessions)
    message = "已安排，居民可以在时间表上看到。" if count == 1 else f"已安排 {count} 次，每周一次。"
    if planned.rest_days:
        days = "、".join(day_text(day) for day in planned.rest_days)
        message += f"其中 {days} 不是工作日，照常保留，不需要的请单独取消。"
    return message


@bp.get("/desk/<int:desk_id>")
@may(P.VISIT_READ, record="desk_session")
def show_desk(desk_id: int) -> Response:
    """One session."""
    return _desk_page(desk_id, CancelForm(), 200)


def _desk_page(desk_id: int, form: CancelForm, status: int) -> Response:
    actor = current_actor()
    row, found = queries.desk_for(actor, desk_id), queries.desk_page(actor, desk_id)
    return page(
        "visits/desk.html",
        part="visits/_desk.html",
        status=status,
        desk=found,
        now=clock.now(),
        form=form,
        visits=queries.visits_at(desk_id),
        later=queries.later_in_series(found),
        no_cancel=reason_against(check_can_cancel, actor, row, clock.now()),
    )


def _cancel_form(desk_id: int) -> CancelForm:
    # Who may not cancel is told so, and not what the form lacks.
    check_can_cancel(current_actor(), queries.desk_for(current_actor(), desk_id), clock.now())
    return CancelForm()


@bp.post("/desk/<int:desk_id>/cancel")
@may(P.DESK_PLAN, record="desk_session")
@once(_cancel_form, again=_desk_page)
def cancel_desk(form: CancelForm, desk_id: int) -> Done:
    """Cancel it, or it and all that follow."""
    rows = service.cancel_desk(
        current_actor(), desk_id, reason=form.reason.data, following=form.following.data
    )
    count = "" if len(rows) == 1 else f" {len(rows)} 次"
    return Done(url_for("visits.show_desk", desk_id=rows[0].id), f"已取消{count}，时间表上会写明原因。")


@bp.post("/desk/export")
@may(P.VISIT_READ)
def export_desks() -> Response:
    """The timetable from today on."""
    actor, now = current_actor(), clock.now()
    columns: list[Column[Desk]] = [
        Column("开始时间", lambda row: row.starts_at),
        Column("结束时间", lambda row: row.ends_at),
        Column("地点", lambda row: row.place),
        Column("地址", lambda row: row.address),
        Column("单位", lambda row: row.unit),
        Column("接待人", lambda row: "、".join(row.hosts)),
        Column("每周", lambda row: bool(row.series_id)),
        Column("状态", lambda row: row.state(now)[1]),
        Column("取消原因", lambda row: scrub(row.cancel_reason)),
    ]
    return export(
        "流动办公桌安排",
        columns,
        lambda cursor: queries.timetable(actor, cursor, AT_ONCE),
        back="visits.desks",
    )
