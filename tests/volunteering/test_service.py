from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError

from tests.support.world import World
from tests.volunteering.kit import (
    HOUR,
    MINUTE,
    Collected,
    a_plan,
    an_activity,
    at,
    served,
    tomorrow,
    volunteers,
)
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.asks import how_many
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.journal import JournalEntry, broken_links
from webapp.volunteering import events, queries
from webapp.volunteering.activities import service as activity_service
from webapp.volunteering.attendance import service as attendance_service
from webapp.volunteering.hours import asks, statements
from webapp.volunteering.hours import queries as hours_queries
from webapp.volunteering.hours import service as hours_service
from webapp.volunteering.models import Activity, Attendance, HoursCorrection, Signup, SignupState, Way
from webapp.volunteering.reports import queries as report_queries
from webapp.volunteering.reports import service as report_service

# Reports


def test_a_party_member_reports_to_a_grid_once_and_may_take_it_back(app: Flask, world: World) -> None:
    volunteer = world.actor("volunteer")
    kinds = {kind.level: kind.id for kind in report_queries.check_in_kinds()}
    report = report_service.report_to_grid(
        volunteer, kind_id=kinds["grid"], grid_id=world.units["grid2"], skills="水电"
    )
    assert (report.unit_id, report.grid_id) == (world.units["grid2"], world.units["grid2"])
    with pytest.raises(Invalid, match="已经在这里报到"):
        report_service.report_to_grid(volunteer, kind_id=kinds["grid"], grid_id=world.units["grid2"])
    report_service.withdraw_report(volunteer, report.id)
    report_service.report_to_grid(volunteer, kind_id=kinds["grid"], grid_id=world.units["grid2"])
    assert [row.state for row in report_queries.reports(volunteer).rows] == ["reported", "withdrawn"]


def test_a_kind_for_the_community_is_placed_there(app: Flask, world: World) -> None:
    kinds = {kind.level: kind.id for kind in report_queries.check_in_kinds()}
    report = report_service.report_to_grid(
        world.actor("volunteer"), kind_id=kinds["community"], grid_id=world.units["grid"]
    )
    assert (report.unit_id, report.grid_id) == (world.units["community"], None)
    assert [row.person_id for row in report_queries.reports(world.actor("community_staff")).rows] == [
        world.people["volunteer"]
    ]
    assert report_queries.reports(world.actor("community_staff2")).rows == []


def test_nobody_reports_to_another_community_or_for_another(app: Flask, world: World) -> None:
    kind = report_queries.check_in_kinds()[0].id
    with pytest.raises(Invalid):
        report_service.report_to_grid(world.actor("volunteer"), kind_id=kind, grid_id=world.units["grid3"])
    with pytest.raises(Invalid):
        report_service.report_to_grid(world.actor("volunteer"), kind_id=0, grid_id=world.units["grid"])
    report = report_service.report_to_grid(
        world.actor("volunteer"), kind_id=kind, grid_id=world.units["grid"]
    )
    with pytest.raises(NotFound):
        report_service.withdraw_report(world.actor("volunteer1b"), report.id)


def test_seeding_again_adds_nothing(app: Flask) -> None:
    assert report_service.seed_defaults() == 0
    assert len(report_queries.check_in_kinds()) == 3


# Activities


def test_an_activity_lies_where_it_is_held_and_must_be_recorded_in_ten_working_days(
    app: Flask, world: World
) -> None:
    start = datetime(2026, 12, 25, 9, tzinfo=clock.SHANGHAI)
    with at(start - HOUR):
        activity = an_activity(world, starts_at=start, ends_at=start + 2 * HOUR)
    assert (activity.street_id, activity.community_id, activity.grid_id) == tuple(
        world.units[name] for name in ("street", "community", "grid")
    )
    assert (activity.organiser_id, activity.organising_unit_id) == (
        world.people["grid_worker"],
        world.units["grid"],
    )
    # The calendar of 2027 is not known: New Year's Day is a Friday and counts as a weekday there.
    assert clock.local(activity.record_due).date().year == 2027


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends_at": 9}, "ends_at"),
        ({"ends_at": 9 + 25}, "ends_at"),
        ({"is_risky": True, "risk_note": "登高"}, "insured"),
        ({"is_risky": True, "insured": True}, "risk_note"),
        ({"station_id": -1}, "station_id"),
        ({"unit_id": -1}, "unit_id"),
        ({"case_number": "2611-9999"}, "case_number"),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field(
    app: Flask, world: World, changes: dict[str, Any], field: str
) -> None:
    if isinstance(hours := changes.get("ends_at"), int):
        changes = {"ends_at": tomorrow(hours)}  # not before the test begins: it may be another day by then
    with pytest.raises(Invalid) as refusal:
        an_activity(world, **changes)
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("who", "where"),
    [
        ("grid_worker", "grid2"),
        ("grid_worker", "community"),
        ("street_staff", "street"),
        ("community_staff", "grid3"),
        ("community_staff", "building"),
    ],
)
def test_an_activity_is_held_in_a_community_or_grid_of_ones_own(
    app: Flask, world: World, who: str, where: str
) -> None:
    with pytest.raises(Invalid):
        an_activity(world, who, unit_id=world.units[where])


def test_the_database_wants_insurance_for_what_is_risky(app: Flask, world: World) -> None:
    activity = an_activity(world)
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.update(Activity).where(Activity.id == activity.id).values(is_risky=True))


def test_a_stale_edit_is_refused(app: Flask, world: World) -> None:
    activity = an_activity(world)
    worker = world.actor("grid_worker")
    activity_service.edit_activity(worker, activity.id, a_plan(world, title="楼道清扫（改）"), seen="1")
    with pytest.raises(Conflict, match="修改过这场活动"):
        activity_service.edit_activity(worker, activity.id, a_plan(world), seen="1")
    assert db.session.get_one(Activity, activity.id).title == "楼道清扫（改）"


def test_only_its_organisers_change_an_activity(app: Flask, world: World) -> None:
    activity = an_activity(world)
    with pytest.raises(NotFound):
        activity_service.edit_activity(world.actor("grid_worker2"), activity.id, a_plan(world), seen="1")
    whole = an_activity(world, "community_staff", unit_id=world.units["community"])
    with pytest.raises(Refused):
        activity_service.cancel_activity(world.actor("grid_worker"), whole.id)
    activity_service.edit_activity(world.actor("branch_secretary"), activity.id, a_plan(world), seen="1")
    activity_service.cancel_activity(world.actor("community_staff1b"), activity.id)


def test_an_activity_under_way_is_not_called_off(app: Flask, world: World) -> None:
    activity = an_activity(world)
    with at(activity.starts_at):
        attendance_service.check_in(world.actor("volunteer"), activity.id, Way.POSTER)
        with pytest.raises(Conflict, match="已经有人签到"):
            activity_service.cancel_activity(world.actor("grid_worker"), activity.id)


# Signing up


def test_who_comes_after_the_last_place_queues_and_moves_up(app: Flask, world: World) -> None:
    activity = an_activity(world, capacity=1)
    first, second, third = volunteers(world, 3)
    states = [activity_service.sign_up(actor, activity.id).state for actor in (first, second, third)]
    assert states == [SignupState.SIGNED_UP, SignupState.WAITING, SignupState.WAITING]
    assert queries.my_place(third, activity.id) == (SignupState.WAITING, 2)
    activity_service.leave(first, activity.id)
    assert [queries.my_place(actor, activity.id)[0] for actor in (first, second, third)] == [
        "",
        "signed_up",
        "waiting",
    ]
    # Who comes back queues at the end.
    activity_service.sign_up(first, activity.id)
    assert queries.my_place(first, activity.id) == (SignupState.WAITING, 2)


def test_more_room_lets_those_who_wait_in(app: Flask, world: World) -> None:
    activity = an_activity(world, capacity=1)
    people = volunteers(world, 4)
    for actor in people:
        activity_service.sign_up(actor, activity.id)
    activity_service.edit_activity(
        world.actor("grid_worker"), activity.id, a_plan(world, capacity=3), seen="1"
    )
    assert queries.counts(activity.id) == {"signed_up": 3, "waiting": 1}
    activity_service.edit_activity(world.actor("grid_worker"), activity.id, a_plan(world), seen="2")
    assert queries.counts(activity.id) == {"signed_up": 4}


def test_signing_up_and_leaving_twice_changes_nothing(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    assert (
        activity_service.sign_up(volunteer, activity.id).id
        == activity_service.sign_up(volunteer, activity.id).id
    )
    activity_service.leave(volunteer, activity.id)
    activity_service.leave(volunteer, activity.id)
    assert queries.counts(activity.id) == {"left": 1}


def test_two_activities_at_the_same_time_are_refused(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    activity_service.sign_up(volunteer, activity.id)
    overlapping = an_activity(world, starts_at=tomorrow(10.5), ends_at=tomorrow(12))
    adjoining = an_activity(world, starts_at=tomorrow(11), ends_at=tomorrow(12))
    with pytest.raises(Conflict, match="时间重叠"):
        activity_service.sign_up(volunteer, overlapping.id)
    activity_service.sign_up(volunteer, adjoining.id)
    activity_service.leave(volunteer, activity.id)
    activity_service.leave(volunteer, adjoining.id)
    activity_service.sign_up(volunteer, overlapping.id)


@pytest.mark.parametrize("who", ["grid_worker", "community_staff"])
def test_signing_up_is_a_volunteers_own_act(app: Flask, world: World, who: str) -> None:
    with pytest.raises(Refused):
        activity_service.sign_up(world.actor(who), an_activity(world).id)


def test_what_is_over_called_off_or_elsewhere_takes_no_one(app: Flask, world: World) -> None:
    activity = an_activity(world)
    with pytest.raises(NotFound):
        activity_service.sign_up(world.actor("volunteer2"), activity.id)
    with at(activity.ends_at), pytest.raises(Conflict, match="已结束"):
        activity_service.sign_up(world.actor("volunteer"), activity.id)
    activity_service.cancel_activity(world.actor("grid_worker"), activity.id)
    with pytest.raises(Conflict, match="已取消"):
        activity_service.sign_up(world.actor("volunteer"), activity.id)


@pytest.mark.slow
def test_a_rush_for_the_last_places_gives_out_exactly_those(app: Flask, world: World) -> None:
    number = an_activity(world, capacity=5).id
    people = volunteers(world, 30)
    assert _all_at_once(app, [partial(activity_service.sign_up, actor, number) for actor in people]) == []
    assert queries.counts(number) == {"signed_up": 5, "waiting": 25}


@pytest.mark.slow
def test_one_person_taps_on_two_overlapping_activities_at_once(app: Flask, world: World) -> None:
    volunteer = world.actor("volunteer")
    ids = [an_activity(world).id for _ in range(6)]
    failures = _all_at_once(app, [partial(activity_service.sign_up, volunteer, number) for number in ids])
    assert len(failures) == 5
    assert all(isinstance(failure, Conflict) for failure in failures)


def _all_at_once(app: Flask, calls: Sequence[Callable[[], object]]) -> list[BaseException]:
    failures: list[BaseException] = []
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> None:
        with app.app_context():
            barrier.wait()
            try:
                call()
            except Exception as error:  # noqa: BLE001 - counted below
                failures.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    return failures


# Checking in and out


def test_check_in_and_out_give_the_minutes_between(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, activity, tomorrow(9) + 7 * MINUTE, tomorrow(10) + 30 * MINUTE)
    assert (attendance.minutes, attendance.state, attendance.auto_closed) == (83, "pending", False)
    assert (
        queries.my_place(volunteer, activity.id)[0] == SignupState.SIGNED_UP
    )  # who just comes is on the list


def test_a_second_scan_changes_nothing(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    first = served(volunteer, activity)
    with at(activity.ends_at + 20 * MINUTE):
        assert attendance_service.check_out(volunteer, activity.id).minutes == first.minutes
        assert attendance_service.check_in(volunteer, activity.id, Way.POSTER).id == first.id


@pytest.mark.parametrize(("hours", "words"), [(-1.1, "还没到签到时间"), (2, "已结束")])
def test_check_in_has_its_time(app: Flask, world: World, hours: float, words: str) -> None:
    activity = an_activity(world)
    with at(activity.starts_at + hours * HOUR), pytest.raises(Conflict, match=words):
        attendance_service.check_in(world.actor("volunteer"), activity.id, Way.ROTATING_CODE)


def test_who_has_no_place_does_not_check_in(app: Flask, world: World) -> None:
    activity = an_activity(world, capacity=1)
    activity_service.sign_up(world.actor("volunteer1b"), activity.id)
    with at(activity.starts_at), pytest.raises(Conflict, match="名额已满"):
        attendance_service.check_in(world.actor("volunteer"), activity.id, Way.ROTATING_CODE)
    with pytest.raises(Conflict, match="还没有签到"):
        attendance_service.check_out(world.actor("volunteer"), activity.id)


def test_a_long_stay_is_cut_to_the_activity_and_its_grace(app: Flask, world: World) -> None:
    activity = an_activity(world)
    attendance = served(world.actor("volunteer"), activity, tomorrow(8), tomorrow(12))
    assert (attendance.minutes, attendance.capped) == (150, True)


def test_a_forgotten_check_out_is_closed_at_the_end_and_marked(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    with at(tomorrow(9)):
        attendance_service.check_in(volunteer, activity.id, Way.ROTATING_CODE)
    assert attendance_service.close_forgotten(tomorrow(12.9)) == 0
    assert attendance_service.close_forgotten(tomorrow(13)) == 1
    assert attendance_service.close_forgotten(tomorrow(14)) == 0
    db.session.expire_all()
    attendance = queries.my_attendance(volunteer, activity.id)
    assert attendance is not None
    assert (attendance.minutes, attendance.auto_closed, attendance.state) == (120, True, "pending")
    assert attendance.sign_out_at == activity.ends_at


def test_checking_out_long_after_the_end_counts_as_forgotten(app: Flask, world: World) -> None:
    activity = an_activity(world)
    attendance = served(world.actor("volunteer"), activity, went=tomorrow(13))
    assert (attendance.minutes, attendance.auto_closed) == (120, True)


def test_a_night_over_new_year_counts_whole(app: Flask, world: World) -> None:
    start = datetime(2026, 12, 31, 23, tzinfo=clock.SHANGHAI)
    with at(start - HOUR):
        activity = an_activity(world, starts_at=start, ends_at=start + 2 * HOUR)
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, activity, start, start + 90 * MINUTE)
    with at(start + 3 * HOUR):
        hours_service.confirm_hours(world.actor("grid_worker"), attendance.id)
        volunteer = world.actor("volunteer")
        old = statements.issue(volunteer, since=start.date(), until=start.date())
        assert (old.total_minutes, old.rows[0]["day"]) == (90, "2026-12-31")
        with pytest.raises(Invalid):
            statements.issue(
                volunteer, since=start.date() + timedelta(days=1), until=start.date() + timedelta(days=1)
            )


# Confirming


def test_the_organiser_confirms_the_whole_list_once(app: Flask, world: World) -> None:
    activity = an_activity(world)
    came, absent, scanned = volunteers(world, 3)
    for actor in (came, absent, scanned):
        activity_service.sign_up(actor, activity.id)
    with at(tomorrow(9.5)):
        attendance_service.check_in(scanned, activity.id, Way.ROTATING_CODE)
    told = Collected(events.attendance_confirmed)
    with at(tomorrow(11)):
        worker = world.actor("grid_worker")
        people = [came.person_id, scanned.person_id]
        assert hours_service.confirm_list(worker, activity.id, people=people) == 2
        assert hours_service.confirm_list(worker, activity.id, people=people) == 0
    rows = {row.person_id: row for row in db.session.scalars(sa.select(Attendance))}
    assert set(rows) == {came.person_id, scanned.person_id}
    assert (rows[came.person_id].minutes, rows[came.person_id].way) == (120, Way.ORGANISER)
    assert (rows[scanned.person_id].minutes, rows[scanned.person_id].auto_closed) == (90, True)
    assert {row.confirmed_by_id for row in rows.values()} == {world.people["grid_worker"]}
    assert [(news["attendance"].person_id, news["activity"].id) for news in told] == [
        (came.person_id, activity.id),
        (scanned.person_id, activity.id),
    ]
    assert all(news["actor"].person_id == world.people["grid_worker"] for news in told)
    assert broken_links() == []


def test_nothing_is_confirmed_before_the_end_or_by_strangers(app: Flask, world: World) -> None:
    activity = an_activity(world)
    activity_service.sign_up(world.actor("volunteer"), activity.id)
    people = [world.people["volunteer"]]
    with pytest.raises(Conflict, match="活动结束后"):
        hours_service.confirm_list(world.actor("grid_worker"), activity.id, people=people)
    with at(activity.ends_at):
        with pytest.raises(NotFound):
            hours_service.confirm_list(world.actor("grid_worker2"), activity.id, people=people)
        with pytest.raises(Refused):
            hours_service.confirm_list(world.actor("volunteer1b"), activity.id, people=people)
        with pytest.raises(Invalid, match="至少勾选"):
            hours_service.confirm_list(
                world.actor("grid_worker"), activity.id, people=[world.people["volunteer1b"]]
            )


def _volunteering_worker(world: World, activity: Activity) -> Actor:
    """The grid's worker, who helps at the activity too."""
    worker = world.actor("grid_worker")
    with transaction() as session:
        session.add(
            Signup(
                activity_id=activity.id,
                person_id=worker.person_id,
                state=SignupState.SIGNED_UP,
                joined_at=clock.now(),
            )
        )
    return worker


def test_nobody_confirms_their_own_hours(app: Flask, world: World) -> None:
    activity = an_activity(world)
    _volunteering_worker(world, activity)
    with at(activity.ends_at):
        worker = world.actor("grid_worker")
        assert hours_service.confirm_list(worker, activity.id, people=[worker.person_id]) == 0
        attendance = db.session.scalars(sa.select(Attendance)).one()
        assert attendance.state == "pending"
        with pytest.raises(Refused, match="由别人确认"):
            hours_service.confirm_hours(worker, attendance.id)
        with pytest.raises(Refused, match="由别人确认"):
            hours_service.correct(worker, attendance.id, minutes=60, reason="改")
        with pytest.raises(Refused, match="由别人确认"):
            hours_service.reject_hours(worker, attendance.id, reason="不计")
        with pytest.raises(NotFound):
            asks.decide(worker, attendance.id, approve=True)
        assert how_many(worker, asks) == 0
        hours_service.confirm_hours(world.actor("community_staff"), attendance.id)


def test_the_database_refuses_self_confirmation(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, activity)
    by_oneself = {"state": "confirmed", "confirmed_by_id": volunteer.person_id, "confirmed_at": clock.now()}
    for values in (by_oneself, {"state": "confirmed"}):
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(sa.update(Attendance).where(Attendance.id == attendance.id).values(values))


def test_late_confirmation_needs_a_reason(app: Flask, world: World) -> None:
    activity = an_activity(world)
    attendance = served(world.actor("volunteer"), activity)
    people = [attendance.person_id]
    with at(activity.record_due - MINUTE):
        world.actor("grid_worker")
    with at(activity.record_due + MINUTE):
        worker = world.actor("grid_worker")
        with pytest.raises(Invalid) as refusal:
            hours_service.confirm_list(worker, activity.id, people=people)
        assert refusal.value.field == "reason"
        with pytest.raises(Invalid):
            asks.decide(worker, attendance.id, approve=True)
        hours_service.confirm_list(worker, activity.id, people=people, reason="组织者出差")
    assert db.session.get_one(Attendance, attendance.id).late_reason == "组织者出差"


def test_who_was_there_without_a_code_notes_it_afterwards(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    activity_service.sign_up(volunteer, activity.id)
    with pytest.raises(Conflict, match="活动结束后"):
        attendance_service.claim(volunteer, activity.id, minutes=60)
    with at(activity.ends_at):
        with pytest.raises(Invalid, match="最多记 150 分钟"):
            attendance_service.claim(volunteer, activity.id, minutes=151)
        with pytest.raises(Conflict, match="没有报名"):
            attendance_service.claim(world.actor("volunteer1b"), activity.id, minutes=60)
        claimed = attendance_service.claim(volunteer, activity.id, minutes=100)
        assert (claimed.way, claimed.state, claimed.minutes) == (Way.SELF, "pending", 100)
        with pytest.raises(Conflict, match="已在签到名单"):
            attendance_service.claim(volunteer, activity.id, minutes=60)


def test_noting_it_late_needs_a_reason(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    activity_service.sign_up(volunteer, activity.id)
    with at(activity.record_due + MINUTE):
        with pytest.raises(Invalid, match="10个工作日"):
            attendance_service.claim(volunteer, activity.id, minutes=60)
        assert (
            attendance_service.claim(volunteer, activity.id, minutes=60, reason="住院").late_reason == "住院"
        )


# Objections and corrections


def test_an_objection_is_answered_by_a_correction_with_its_trail(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, activity, went=tomorrow(10))
    confirmed = Collected(events.attendance_confirmed)
    corrected = Collected(events.hours_corrected)
    with at(tomorrow(12)):
        worker = world.actor("grid_worker")
        hours_service.confirm_hours(worker, attendance.id)
        with pytest.raises(Conflict):
            hours_service.confirm_hours(worker, attendance.id)
        with pytest.raises(Invalid):
            hours_service.object_to(volunteer, attendance.id, text="")
        with pytest.raises(NotFound):
            hours_service.object_to(world.actor("volunteer1b"), attendance.id, text="不是我的")
        hours_service.object_to(volunteer, attendance.id, text="我做到11点")
        with pytest.raises(Conflict, match="正在等待答复"):
            hours_service.object_to(volunteer, attendance.id, text="再说一次")
        with pytest.raises(Invalid):
            asks.decide(worker, attendance.id, approve=True)
        with pytest.raises(Invalid):
            hours_service.correct(worker, attendance.id, minutes=120, reason="")
        with pytest.raises(Invalid):
            hours_service.correct(worker, attendance.id, minutes=151, reason="太多")
        hours_service.correct(worker, attendance.id, minutes=120, reason="现场照片可证")
    row = db.session.get_one(Attendance, attendance.id)
    assert (row.minutes, row.state) == (120, "confirmed")
    trail = hours_queries.corrections(row)
    assert [(entry.old_minutes, entry.new_minutes, entry.reason) for entry in trail] == [
        (60, 120, "现场照片可证")
    ]
    assert [(entry.state, entry.answer) for entry in hours_queries.objections(row)] == [
        ("upheld", "现场照片可证")
    ]
    assert len(confirmed) == 1
    assert [(news["old"], news["attendance"].minutes) for news in corrected] == [(60, 120)]


def test_an_objection_may_be_answered_without_a_change(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, activity)
    corrected = Collected(events.hours_corrected)
    with at(tomorrow(12)):
        worker = world.actor("community_staff")
        hours_service.confirm_hours(worker, attendance.id)
        with pytest.raises(Invalid, match="没有变化"):
            hours_service.correct(worker, attendance.id, minutes=120, reason="核对过")
        hours_service.object_to(volunteer, attendance.id, text="少了")
        assert how_many(worker, asks) == 1
        hours_service.correct(worker, attendance.id, minutes=120, reason="核对过")
        assert how_many(worker, asks) == 0
    row = db.session.get_one(Attendance, attendance.id)
    assert (row.state, [entry.state for entry in hours_queries.objections(row)]) == (
        "confirmed",
        ["dismissed"],
    )
    assert corrected == []


def test_what_does_not_count_may_be_objected_to(app: Flask, world: World) -> None:
    activity = an_activity(world)
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, activity)
    with at(tomorrow(12)):
        worker = world.actor("grid_worker")
        with pytest.raises(Invalid):
            asks.decide(worker, attendance.id, approve=False)
        asks.decide(worker, attendance.id, approve=False, reason="没有看到人")
        hours_service.object_to(volunteer, attendance.id, text="我在后门")
        hours_service.correct(worker, attendance.id, minutes=120, reason="没有人证明")
        assert db.session.get_one(Attendance, attendance.id).state == "rejected"
        hours_service.object_to(volunteer, attendance.id, text="有照片")
        hours_service.correct(worker, attendance.id, minutes=90, reason="照片为证")
    row = db.session.get_one(Attendance, attendance.id)
    assert (row.state, row.minutes, row.reject_reason) == ("confirmed", 90, "")


def test_the_trail_can_not_be_rewritten(app: Flask, world: World) -> None:
    attendance = served(world.actor("volunteer"), an_activity(world))
    with at(tomorrow(12)):
        hours_service.correct(world.actor("grid_worker"), attendance.id, minutes=60, reason="核对")
    for statement in (sa.update(HoursCorrection).values(reason="别的"), sa.delete(HoursCorrection)):
        with pytest.raises(DBAPIError, match="append-only"), transaction() as session:
            session.execute(statement)


# What waits


def test_hours_wait_for_those_in_whose_scope_they_lie(app: Flask, world: World) -> None:
    attendance = served(world.actor("volunteer"), an_activity(world))
    with at(tomorrow(12)):
        for who in (
            "grid_worker",
            "branch_secretary",
            "community_staff",
            "community_secretary",
            "street_staff",
        ):
            actor = world.actor(who)
            assert how_many(actor, asks) == len(asks.asks(actor)) == 1, who
        for who in (
            "grid_worker2",
            "community_staff2",
            "street_staff2",
            "volunteer",
            "auditor",
            "district_admin",
            "building_leader",
        ):
            actor = world.actor(who)
            assert (how_many(actor, asks), asks.asks(actor)) == (0, []), who
        with pytest.raises(NotFound):
            asks.decide(world.actor("grid_worker2"), attendance.id, approve=True)
        ask = asks.asks(world.actor("grid_worker"))[0]
        assert (ask.kind, ask.title, ask.detail) == ("时长", "楼道清扫 · 2.0小时", "扫现场码")
        assert asks.decide(world.actor("grid_worker"), attendance.id, approve=True) == "时长已确认。"
        with pytest.raises(Conflict):
            asks.decide(world.actor("community_staff"), attendance.id, approve=True)


# Statements


def test_a_statement_holds_what_is_confirmed_and_proves_itself(app: Flask, world: World) -> None:
    volunteer = world.actor("volunteer")
    confirmed = served(volunteer, an_activity(world, description="扫楼道、清杂物"))
    served(volunteer, an_activity(world, starts_at=tomorrow(14), ends_at=tomorrow(15)))  # not confirmed
    with at(tomorrow(16)):
        hours_service.confirm_hours(world.actor("grid_worker"), confirmed.id)
        day = clock.today()
        statement = statements.issue(volunteer, since=day, until=day)
    assert statement.total_minutes == 120
    assert statement.rows == [
        {
            "activity": "楼道清扫", "day": day.isoformat(), "place": "1栋门前", "content": "扫楼道、清杂物", "minutes": 120,
            "unit": "示范小区01", "leader": world.actor("grid_worker").name,
        }
    ]  # fmt: skip
    proof = statements.verify(statement.verify_code.lower().replace("-", " "))
    assert proof is not None
    assert proof.whole
    assert (proof.total_minutes, proof.activities) == (120, 1)
    assert proof.masked_name.endswith("*")
    assert statements.verify("2222-2222-22222") is None
    with transaction() as session:
        row = session.get_one(type(statement), statement.id)
        row.total_minutes = 1200
    changed = statements.verify(statement.verify_code)
    assert changed is not None
    assert not changed.whole


def test_a_statement_is_its_owners(app: Flask, world: World) -> None:
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, an_activity(world))
    with at(tomorrow(12)):
        hours_service.confirm_hours(world.actor("grid_worker"), attendance.id)
        statement = statements.issue(volunteer, since=clock.today(), until=clock.today())
    assert hours_queries.statement_for(volunteer, statement.verify_code).id == statement.id
    for who in ("volunteer1b", "grid_worker", "district_admin"):
        with pytest.raises(NotFound):
            hours_queries.statement_for(world.actor(who), statement.verify_code)
    with pytest.raises(Invalid):
        statements.issue(volunteer, since=clock.today(), until=clock.today() - timedelta(days=1))


def test_every_change_is_in_the_journal(app: Flask, world: World) -> None:
    volunteer = world.actor("volunteer")
    attendance = served(volunteer, an_activity(world))
    with at(tomorrow(12)):
        hours_service.confirm_hours(world.actor("grid_worker"), attendance.id)
        hours_service.object_to(volunteer, attendance.id, text="少了")
        hours_service.correct(world.actor("grid_worker"), attendance.id, minutes=130, reason="核对")
        statements.issue(volunteer, since=clock.today(), until=clock.today())
    actions = [
        action
        for action in db.session.scalars(sa.select(JournalEntry.action).order_by(JournalEntry.id))
        if not action.startswith(("account:", "report:"))
    ]
    assert actions == [
        "activity:create", "activity:sign_up", "attendance:add", "attendance:check_out", "hours:confirm", "hours:object",
        "hours:correct", "hours:answer", "statement:issue",
    ]  # fmt: skip
