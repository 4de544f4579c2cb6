"""The lists of activities, reports and hours as files."""

from __future__ import annotations

from flask import Response

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import current_actor, may
from webapp.foundation.db import AnyRow
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.paging import Page
from webapp.foundation.private import scrub
from webapp.foundation.spreadsheets import Column
from webapp.volunteering import bp, queries
from webapp.volunteering.activities.views import LISTS, list_asked, listed
from webapp.volunteering.day_views import organised
from webapp.volunteering.hours import queries as hours_queries
from webapp.volunteering.models import (
    CATEGORY_NAMES,
    HOURS_NAMES,
    PHASE_NAMES,
    WAY_NAMES,
    Category,
    HoursState,
    ReportState,
    SignupState,
    Way,
    phase,
)
from webapp.volunteering.reports import queries as report_queries

P = Permission
SIGNUP_NAMES = {SignupState.SIGNED_UP: "已报名", SignupState.WAITING: "候补"}
ACTIVITIES: list[Column[AnyRow]] = [
    Column("活动", lambda row: row.title),
    Column("类别", lambda row: CATEGORY_NAMES[Category(row.category)]),
    Column("开始时间", lambda row: row.starts_at),
    Column("结束时间", lambda row: row.ends_at),
    Column("地点", lambda row: row.place),
    Column("已报名人数", lambda row: row.signed_up),
    Column("名额", lambda row: row.capacity),
    Column("状态", lambda row: PHASE_NAMES[phase(row.cancelled_at, row.starts_at, row.ends_at, clock.now())]),
    Column("时长确认时间", lambda row: row.confirmed_at),
]
MY_PLACE = Column[AnyRow]("我的报名", lambda row: SIGNUP_NAMES[SignupState(row.state)])
REPORTS: list[Column[report_queries.ReportRow]] = [
    Column("姓名", lambda row: row.name),
    Column("报到类型", lambda row: row.kind),
    Column("报到单位", lambda row: row.unit),
    Column("报到时间", lambda row: row.reported_at),
    Column("特长", lambda row: scrub(row.skills or "")),
    Column("状态", lambda row: "已报到" if row.state == ReportState.REPORTED else "已撤回"),
]
HOURS: list[Column[hours_queries.HoursRow]] = [
    Column("活动", lambda row: row.title),
    Column("活动时间", lambda row: row.starts_at),
    Column("时长（分钟）", lambda row: row.minutes),
    Column("状态", lambda row: HOURS_NAMES[HoursState(row.state)]),
    Column("未签退", lambda row: row.auto_closed),
]
ATTENDANCES: list[Column[queries.Attendee]] = [
    Column("姓名", lambda row: row.name),
    Column("报名", lambda row: SIGNUP_NAMES[SignupState(row.signup)]),
    Column("签到时间", lambda row: row.sign_in_at),
    Column("签退时间", lambda row: None if row.auto_closed else row.sign_out_at),
    Column("登记方式", lambda row: WAY_NAMES[Way(row.way)] if row.way else ""),
    Column("时长（分钟）", lambda row: row.minutes),
    Column("状态", lambda row: HOURS_NAMES[HoursState(row.state)] if row.state else "未签到"),
]


@bp.post("/export")
@may(P.ACTIVITY_READ)
def export_activities() -> Response:
    """The activities under the chosen tab."""
    actor = current_actor()
    which = list_asked(actor)
    return export(
        f"志愿服务活动-{LISTS[which]}",
        [*ACTIVITIES, MY_PLACE] if which == "mine" else ACTIVITIES,
        lambda cursor: listed(actor, which, cursor, AT_ONCE),
        back="volunteering.index",
        filters={"tab": which},
    )


@bp.post("/reports/export")
@may(P.ACTIVITY_READ)
def export_reports() -> Response:
    """One's own reports, or those made to the place one serves."""
    actor = current_actor()
    return export(
        "我的报到" if actor.can(P.REPORT_OWN) else "三报到登记",
        REPORTS,
        lambda cursor: report_queries.reports(actor, cursor, AT_ONCE),
        back="volunteering.reports",
    )


@bp.post("/hours/export")
@may(P.REPORT_OWN)
def export_hours() -> Response:
    """One's own hours."""
    actor = current_actor()
    return export(
        "我的服务时长",
        HOURS,
        lambda cursor: hours_queries.my_hours(actor, cursor, AT_ONCE),
        back="volunteering.hours",
    )


@bp.post("/<int:activity_id>/export")
@may(P.ACTIVITY_ORGANISE, record="activity")
def export_attendances(activity_id: int) -> Response:
    """Who signed up for an activity and was there, for those who organise it."""
    activity = organised(current_actor(), activity_id)
    return export(
        f"活动名单-{activity.title}",
        ATTENDANCES,
        lambda _: Page(queries.attendees(activity)),
        back="volunteering.desk",
    )
