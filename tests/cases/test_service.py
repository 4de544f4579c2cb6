from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlalchemy.exc import DatabaseError, IntegrityError

from tests.cases.factories import CALLER, case_at, register
from tests.support.world import World
from webapp.cases import events, public, queries
from webapp.cases.models import Case, CaseEvent, CaseRequest
from webapp.cases.service import escalation, identity, intake, loop, review
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, DomainError, Invalid, NotFound, Refused
from webapp.foundation.journal import JournalEntry, broken_links

pytestmark = pytest.mark.usefixtures("app")


def told(code: str) -> list[str]:
    return [step.text for step in public.public_view(code).steps]


# Registration


def test_the_first_unit_that_hears_it_owns_it(world: World) -> None:
    for level, unit in (
        ("building", "building"),
        ("grid", "grid"),
        ("community", "community"),
        ("street", "street"),
    ):
        case = register(world, level)
        assert (case.level, case.owner_unit_id, case.state) == (level, world.units[unit], "registered")
    assert case.title == "消防通道被车辆占用"
    assert case.number[-4:] == "0004"


def test_the_place_must_lie_within_ones_own_unit(world: World) -> None:
    for place in ("grid2", "community", "company", "district"):
        with pytest.raises(Invalid) as refused:
            register(world, unit_id=world.units[place])
        assert refused.value.field == "unit_id"


@pytest.mark.parametrize(
    ("inputs", "field"),
    [
        ({"category": "nonsense"}, "category"),
        ({"what": "  "}, "what"),
        ({"what": "长" * 2001}, "what"),
        ({"source": "pigeon"}, "source"),
        ({"confidentiality": "secret"}, "confidentiality"),
        ({"reporter_phone": "123"}, "reporter_phone"),
    ],
)
def test_wrong_input_is_named_beside_its_field(world: World, inputs: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        register(world, **inputs)
    assert refused.value.field == field


def test_who_has_no_such_post_registers_nothing(world: World) -> None:
    for name in ("handler", "volunteer", "auditor", "district_admin", "committee_member"):
        with pytest.raises(Refused):
            intake.register(world.actor(name), category="noise", unit_id=world.units["grid"], what="吵")


def test_of_who_stays_anonymous_nothing_is_kept(world: World) -> None:
    case = register(world, confidentiality="anonymous")
    assert (case.reporter_name, case.reporter_phone, case.reporter_door, case.reporter_phone_hash) == (
        None,
    ) * 4


def test_private_data_is_not_readable_in_the_database(world: World) -> None:
    register(world)
    row = db.session.execute(
        sa.text("SELECT reporter_name, reporter_phone, reporter_door, tracking_code FROM cases")
    ).one()
    assert all(str(value).startswith("gAAAA") for value in row)


def test_a_resident_reports_at_a_station_and_follows_by_the_code(world: World) -> None:
    done = intake.register_by_resident(
        "s-00002", category="lighting", what="楼道灯不亮", phone="138 1234 5678"
    )
    view = public.public_view(done.tracking_code.lower().replace("-", " "))
    assert (view.number, view.state_name, view.place_name) == (done.number, "已登记", "示范小区01")
    case = db.session.scalars(sa.select(Case)).one()
    assert (case.registered_by_id, case.source, case.level) == (None, "resident_qr", "grid")
    assert told(done.tracking_code) == ["已登记。"]
    with pytest.raises(NotFound):
        intake.register_by_resident("XXXXXX", category="lighting", what="灯")
    with pytest.raises(NotFound):
        public.public_view("K7QM-4FPX-9TRWH")


# 举报


def test_a_report_goes_past_the_grid_and_is_shown_to_those_who_keep_reports(world: World) -> None:
    case = register(world, confidentiality="report", against_unit_id=world.units["company"])
    assert (case.level, case.owner_unit_id) == ("community", world.units["community"])
    for name, sees in (
        ("community_secretary", True),
        ("street_staff", True),
        ("grid_worker", True),
        ("branch_secretary", False),
        ("community_staff", False),
        ("auditor", False),
        ("handler", False),
        ("community_secretary2", False),
    ):
        if sees:
            assert queries.case_for(world.actor(name), case.number).id == case.id
        else:
            with pytest.raises(NotFound):
                queries.case_for(world.actor(name), case.number)


def test_the_side_reported_is_never_owner_handler_or_reader(world: World) -> None:
    community = world.units["community"]
    case = register(world, confidentiality="report", against_unit_id=community)
    assert (case.level, case.owner_unit_id) == ("street", world.units["street"])
    for name in ("community_secretary", "community_staff", "grid_worker"):
        with pytest.raises(NotFound):
            queries.case_for(world.actor(name), case.number)
    company = register(world, confidentiality="report", against_unit_id=world.units["company"])
    with pytest.raises(Invalid) as refused:
        loop.assign(
            world.actor("community_secretary"), company.number, handler_unit_id=world.units["company"]
        )
    assert refused.value.field == "handler_unit_id"
    with pytest.raises(Invalid):
        register(world, confidentiality="report", against_unit_id=world.units["street"])
    with pytest.raises(Invalid):
        register(world, confidentiality="report", against_unit_id=world.units["grid"])


def test_reports_are_not_merged(world: World) -> None:
    one, other = (register(world, confidentiality="report") for _ in range(2))
    with pytest.raises(Conflict, match="举报"):
        review.merge(world.actor("community_secretary"), one.number, into=other.number)


# The loop


def test_the_whole_loop_reads_as_a_story(world: World) -> None:
    case = case_at(world, "archived")
    page = queries.case_page(world.actor("community_staff"), case)
    names = {
        key: world.actor(key).name
        for key in ("grid_worker", "handler", "branch_secretary", "community_staff", CALLER)
    }
    due = page.timeline[1].text.split("，")[1]
    assert [line.text for line in page.timeline] == [
        f"示范小区01网格员{names['grid_worker']}登记了这件事（上门走访）。",
        f"示范小区01网格员{names['grid_worker']}转办给示范物业一，{due}",
        f"示范物业一承办人{names['handler']}签收，开始处置。",
        f"示范物业一承办人{names['handler']}反馈结果：已解决。",
        f"示范小区01网格党支部书记{names['branch_secretary']}核查通过。",
        f"诉求人（示范社区一社区党组织书记{names[CALLER]}回访）评议：满意。",
        f"示范社区一社区工作者{names['community_staff']}归档。",
    ]
    assert (page.result_name, page.verdict_name, page.stage) == ("已解决", "满意", "评议归档")
    assert told(case.tracking_code)[-2:] == ["评议：满意。", "已归档。"]


def test_who_settled_it_on_the_spot_does_not_check_it(world: World) -> None:
    case = register(world)
    worker = world.actor("grid_worker")
    loop.settle_on_spot(worker, case.number, result_text="当场挪车")
    assert (case.state, case.handled_by_id, case.handler_unit_id) == (
        "pending_check",
        worker.person_id,
        world.units["grid"],
    )
    with pytest.raises(Refused, match="您经办了"):
        loop.pass_check(worker, case.number)
    loop.pass_check(world.actor("grid_worker1b"), case.number)
    with pytest.raises(Refused):  # a caller comes from another unit
        review.record_verdict(
            world.actor("branch_secretary"), case.number, verdict="satisfied", channel="phone"
        )


def test_who_took_it_up_does_not_check_what_a_colleague_brought_in(world: World) -> None:
    case = register(world)
    loop.assign(world.actor("branch_secretary"), case.number, handler_unit_id=world.units["grid"])
    loop.accept(world.actor("grid_worker"), case.number)
    loop.submit_result(
        world.actor("grid_worker1b"), case.number, result_text="已清理", result_kind="resolved"
    )
    for name in ("grid_worker", "grid_worker1b"):
        with pytest.raises(Refused, match="您经办了"):
            loop.pass_check(world.actor(name), case.number)
    loop.pass_check(world.actor("branch_secretary"), case.number)


def test_three_hands_handler_checker_caller(world: World) -> None:
    case = case_at(world, "pending_check", "community")
    loop.pass_check(world.actor("community_secretary"), case.number)
    with pytest.raises(Refused, match="您核查了"):
        review.record_verdict(
            world.actor("community_secretary"), case.number, verdict="satisfied", channel="phone"
        )
    review.record_verdict(world.actor("community_staff"), case.number, verdict="mostly", channel="visit")


def test_a_failed_check_sends_it_back_with_a_new_term(world: World) -> None:
    case = case_at(world, "pending_check")
    with pytest.raises(Invalid):
        loop.fail_check(world.actor("branch_secretary"), case.number, note=" ")
    loop.fail_check(world.actor("branch_secretary"), case.number, note="垃圾还在")
    assert (case.state, case.result_kind, case.handled_by_id, case.term_phase) == (
        "in_progress",
        None,
        None,
        "handle",
    )


def test_convening_names_its_parties(world: World) -> None:
    case = register(world)
    with pytest.raises(Invalid):
        loop.convene(world.actor("branch_secretary"), case.number, parties=[" "])
    loop.convene(
        world.actor("branch_secretary"),
        case.number,
        parties=["业主代表"],
        party_unit_ids=[world.units["company"]],
    )
    page = queries.case_page(world.actor("branch_secretary"), case)
    assert page.parties == ["示范物业一", "业主代表"]
    assert page.timeline[-1].text.endswith("召集示范物业一、业主代表协商。")


def test_suspending_needs_a_condition_and_a_review_date_within_ninety_days(world: World) -> None:
    case = case_at(world, "in_progress")
    community = world.actor("community_staff")
    for days in (0, 91):
        with pytest.raises(Invalid) as refused:
            loop.suspend(community, case.number, reason="等汛期", until=clock.today() + timedelta(days=days))
        assert refused.value.field == "until"
    loop.suspend(community, case.number, reason="等汛期", until=clock.today() + timedelta(days=90))
    review.withdraw(world.actor("grid_worker"), case.number)
    assert (case.state, case.suspended_until) == ("withdrawn", None)


def test_a_stale_page_is_told_who_did_what_meanwhile(world: World) -> None:
    case = register(world)
    version = case.version
    loop.assign(
        world.actor("branch_secretary"), case.number, handler_unit_id=world.units["company"], version=version
    )
    with pytest.raises(Conflict) as refused:
        loop.convene(world.actor("grid_worker"), case.number, parties=["物业"], version=version)
    assert refused.value.message.startswith(
        f"示范小区01 {world.actor('branch_secretary').name} 刚刚做了“转办”"
    )


# Verdict, reopening


def test_the_verdict_is_given_once(world: World) -> None:
    case = case_at(world, "callback")
    assert public.public_view(case.tracking_code).can_verdict
    review.record_verdict_by_code(case.tracking_code, verdict="mostly", note="还可以")
    assert (case.state, case.verdict, case.verdict_by, case.caller_id) == (
        "appraised",
        "mostly",
        "resident",
        None,
    )
    assert not public.public_view(case.tracking_code).can_verdict
    with pytest.raises(DomainError):
        review.record_verdict_by_code(case.tracking_code, verdict="satisfied")
    with pytest.raises(DomainError):
        review.record_verdict(world.actor(CALLER), case.number, verdict="satisfied", channel="phone")


def test_not_satisfied_needs_no_reason_and_goes_one_level_up_once(world: World) -> None:
    case = case_at(world, "callback")
    review.record_verdict_by_code(case.tracking_code, verdict="unsatisfied")
    assert (case.state, case.level, case.owner_unit_id) == (
        "in_progress",
        "community",
        world.units["community"],
    )
    assert (case.verdict, case.handled_by_id, case.checked_by_id) == (None, None, None)
    assert told(case.tracking_code)[-1] == "您不满意，已由社区督促重新办理。"
    loop.submit_result(world.actor("handler1b"), case.number, result_text="重新清理", result_kind="resolved")
    loop.pass_check(world.actor("community_staff"), case.number)
    review.record_verdict_by_code(case.tracking_code, verdict="unsatisfied")
    assert (case.state, case.verdict, case.level) == ("appraised", "unsatisfied", "community")


def test_not_reached_stands_only_after_three_tries(world: World) -> None:
    case = case_at(world, "callback")
    caller = world.actor(CALLER)
    for _ in range(3):
        with pytest.raises(Invalid, match="3次"):
            review.record_verdict(caller, case.number, verdict="no_response", channel="phone")
        review.log_try(caller, case.number, channel="phone", note="无人接听")
    review.record_verdict(caller, case.number, verdict="no_response", channel="phone")
    assert (case.verdict, case.contact_tries) == ("no_response", 3)


def test_the_handler_does_not_see_who_answered_before_the_archive(world: World) -> None:
    case = case_at(world, "appraised")
    handler = world.actor("handler")
    page = queries.case_page(handler, case)
    assert (page.verdict_name, page.verdict_note) == ("", "")
    assert "评议" not in "".join(line.text for line in page.timeline)
    review.archive(world.actor("community_staff"), case.number)
    assert queries.case_page(handler, case).verdict_name == "满意"


def test_reopened_the_second_time_one_level_up_and_then_no_more(world: World) -> None:
    case = case_at(world, "archived")
    review.reopen_by_code(case.tracking_code, reason="又堵了")
    assert (case.state, case.level, case.archived_at, case.verdict) == ("in_progress", "grid", None, None)
    for level in ("community", ""):
        loop.submit_result(world.actor("handler"), case.number, result_text="再清理", result_kind="resolved")
        loop.pass_check(
            world.actor("branch_secretary" if case.level == "grid" else "community_staff1b"), case.number
        )
        review.record_verdict_by_code(case.tracking_code, verdict="satisfied")
        review.archive(world.actor("community_staff"), case.number)
        if level:
            review.reopen_by_code(case.tracking_code, reason="又堵了")
            assert case.level == level
    view = public.public_view(case.tracking_code)
    assert (view.can_reopen, view.lawful_channels) == (False, True)
    with pytest.raises(Conflict, match="终结"):
        review.reopen_by_code(case.tracking_code, reason="又堵了")


def test_the_reporter_reopens_within_thirty_days_the_owner_later_too(world: World) -> None:
    case = case_at(world, "archived")
    with time_machine.travel(clock.now() + timedelta(days=31), tick=False):
        with pytest.raises(Conflict, match="30天"):
            review.reopen_by_code(case.tracking_code, reason="又堵了")
        review.reopen(world.actor("branch_secretary"), case.number, reason="巡查发现又堵了")


def test_the_reporter_presses_once_a_day(world: World) -> None:
    case = case_at(world, "assigned")
    review.supervise_by_code(case.tracking_code)
    with pytest.raises(Conflict, match="催办"):
        review.supervise_by_code(case.tracking_code)
    review.supervise(world.actor("community_staff"), case.number, note="请尽快")
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=False):
        review.supervise_by_code(case.tracking_code)


# 并案


def test_each_reporter_keeps_code_notices_and_verdict(world: World) -> None:
    lead = register(world)
    other = register(world)
    review.merge(world.actor("grid_worker"), other.number, into=lead.number)
    assert (other.state, other.merged_into_id) == ("merged", lead.id)
    loop.assign(world.actor("grid_worker"), lead.number, handler_unit_id=world.units["company"])
    assert public.public_view(other.tracking_code).state_name == "已转办"
    assert told(other.tracking_code)[-1].startswith("已转办给示范物业一")
    with pytest.raises(Conflict, match="还没有核查"):
        review.record_verdict_by_code(other.tracking_code, verdict="satisfied")
    loop.accept(world.actor("handler"), lead.number)
    loop.submit_result(world.actor("handler"), lead.number, result_text="已清理", result_kind="resolved")
    loop.pass_check(world.actor("branch_secretary"), lead.number)
    review.record_verdict_by_code(lead.tracking_code, verdict="satisfied", note="谢谢")
    assert "评议：满意。" not in told(other.tracking_code)
    review.record_verdict_by_code(other.tracking_code, verdict="mostly")
    assert (lead.verdict, other.verdict, other.state) == ("satisfied", "mostly", "merged")
    with pytest.raises(Conflict, match="已经评议"):
        review.record_verdict_by_code(other.tracking_code, verdict="mostly")
    with pytest.raises(Conflict, match="不能再拆分"):
        review.unmerge(world.actor("grid_worker"), other.number)


def test_one_of_two_not_satisfied_goes_its_own_way_again(world: World) -> None:
    lead, other = case_at(world, "pending_check"), register(world)
    review.merge(world.actor("grid_worker"), other.number, into=lead.number)
    loop.pass_check(world.actor("branch_secretary"), lead.number)
    with pytest.raises(NotFound):
        review.record_verdict(world.actor("handler"), other.number, verdict="satisfied", channel="phone")
    review.record_verdict(world.actor(CALLER), other.number, verdict="unsatisfied", channel="phone")
    assert (other.state, other.level, other.merged_into_id) == ("in_progress", "community", None)
    assert other.handler_unit_id == world.units["company"]
    assert lead.state == "callback"


def test_split_again_it_goes_on_where_it_stood(world: World) -> None:
    lead = register(world)
    for state in (
        "registered",
        "convening",
        "assigned",
        "in_progress",
        "pending_check",
        "callback",
        "appraised",
    ):
        other = case_at(world, state)
        review.merge(world.actor("grid_worker"), other.number, into=lead.number)
        review.unmerge(world.actor("grid_worker"), other.number)
        assert (other.state, other.merged_into_id, other.closed_at) == (state, None, None)
    suspended = case_at(world, "suspended")
    review.merge(world.actor("grid_worker"), suspended.number, into=lead.number)
    review.unmerge(world.actor("grid_worker"), suspended.number)
    assert suspended.state == "in_progress"


def test_who_joined_a_case_that_is_withdrawn_goes_on_alone(world: World) -> None:
    lead, other = register(world), register(world)
    review.merge(world.actor("grid_worker"), other.number, into=lead.number)
    review.withdraw_by_code(lead.tracking_code)
    assert (lead.state, other.state, other.merged_into_id) == ("withdrawn", "registered", None)


def test_what_does_not_fit_is_not_merged(world: World) -> None:
    one = register(world)
    worker = world.actor("grid_worker")
    hidden, closed = register(world, confidentiality="name_hidden"), case_at(world, "archived")
    for number in (one.number, hidden.number, closed.number, "0000-0000"):
        with pytest.raises(Invalid) as refused:
            review.merge(worker, one.number, into=number)
        assert refused.value.field == "into"
    two = register(world)
    review.merge(worker, two.number, into=one.number)
    with pytest.raises(Conflict, match="已有其他诉求"):
        review.merge(worker, one.number, into=register(world).number)


# Identity


def test_each_look_at_the_reporter_is_journalled(world: World) -> None:
    case = case_at(world, "in_progress")
    for name in ("grid_worker", "handler", "community_staff"):
        assert identity.reveal_identity(world.actor(name), case.number).phone == "13812345678"
    looks = db.session.scalars(
        sa.select(JournalEntry).where(JournalEntry.action == "case:read_identity")
    ).all()
    assert [look.person_id for look in looks] == [
        world.people[n] for n in ("grid_worker", "handler", "community_staff")
    ]
    for name in ("auditor", "building_leader"):
        with pytest.raises((Refused, NotFound)):
            identity.reveal_identity(world.actor(name), case.number)


def test_a_name_kept_secret_is_kept_from_the_handler(world: World) -> None:
    case = case_at(
        world, "in_progress", confidentiality="name_hidden", what="我家3栋2单元501漏水，电话13812345678"
    )
    handler = world.actor("handler")
    page = queries.case_page(handler, case)
    assert (page.identity.name, page.identity.phone, page.identity.can_reveal) == ("", "", False)
    assert "13812345678" not in page.what
    assert "501" not in page.what
    with pytest.raises(Refused):
        identity.reveal_identity(handler, case.number)
    shown = queries.case_page(world.actor("grid_worker"), case).identity
    assert (shown.name, shown.phone, shown.can_reveal) == ("张**", "138****5678", True)


# On the record


def test_every_change_has_its_line_its_journal_entry_and_its_news(world: World) -> None:
    heard: list[tuple[str, str]] = []

    def hear(_: object, *, case: Case, actor: object, event: CaseEvent) -> None:
        heard.append((event.action, event.to_state))

    archived: list[tuple[int, int | None]] = []

    def hear_archived(_: object, *, case: Case, actor: object) -> None:
        archived.append((case.id, case.handled_by_id))

    with events.case_changed.connected_to(hear), events.case_archived.connected_to(hear_archived):
        case = case_at(world, "archived")
    lines = db.session.scalars(
        sa.select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.id)
    ).all()
    assert [(line.action, line.to_state) for line in lines] == heard
    assert archived == [(case.id, world.people["handler"])]
    journal = db.session.scalars(
        sa.select(JournalEntry.action).where(JournalEntry.subject_type == "case")
    ).all()
    assert journal == [f"case:{action}" for action, _ in heard]
    assert case.version == len(lines)
    assert broken_links() == []


def test_a_listener_that_fails_undoes_the_change(world: World) -> None:
    case = register(world)

    def fail(_: object, **__: object) -> None:
        raise Conflict("名额已满")

    with events.case_changed.connected_to(fail), pytest.raises(Conflict):
        loop.convene(world.actor("grid_worker"), case.number, parties=["物业"])
    db.session.expire_all()
    assert case.state == "registered"
    assert len(queries.case_page(world.actor("grid_worker"), case).timeline) == 1


# What the database itself refuses


BROKEN = {
    "callback": [
        "checked_by_id = handled_by_id",
        "checked_by_id = NULL",
    ],
    "appraised": [
        "caller_id = handled_by_id",
        "caller_id = checked_by_id",
        "verdict = NULL",
        "caller_id = NULL",
        "verdict_at = NULL",
        "verdict = 'no_response'",
    ],
    "archived": [
        "archived_at = NULL",
        "closed_at = NULL",
        "verdict = NULL, verdict_by = NULL, verdict_at = NULL, verdict_channel = NULL, caller_id = NULL",
    ],
    "registered": [
        "state = 'archived'",
        "state = 'nonsense'",
        "level = 'moon'",
        "state = 'assigned'",
        "due_at = NULL",
        "merged_into_id = id",
        "returns = 3",
        "reopen_count = 3",
        "confidentiality = 'anonymous'",
        "against_unit_id = owner_unit_id, confidentiality = 'report'",
    ],
    "in_progress": [
        "against_unit_id = 1",
        "state = 'pending_check'",
        "against_unit_id = handler_unit_id, confidentiality = 'report'",
    ],
    "pending_check": [
        "state = 'callback'",
        "result_text = ''",
    ],
    "suspended": [
        "suspended_until = NULL",
        "suspended_reason = ''",
    ],
    "merged": [
        "merged_into_id = NULL",
        "state_before = NULL",
        "confidentiality = 'report'",
    ],
    "withdrawn": [
        "closed_at = NULL",
    ],
}


@pytest.mark.parametrize("state", BROKEN)
def test_the_database_refuses_a_row_that_breaks_a_rule(world: World, state: str) -> None:
    case_id = case_at(world, state).id
    for values in BROKEN[state]:
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(sa.text(f"UPDATE cases SET {values} WHERE id = {case_id}"))


def test_the_database_refuses_to_rewrite_the_timeline(world: World) -> None:
    register(world)
    for statement in ("UPDATE case_events SET note = 'x'", "DELETE FROM case_events"):
        with pytest.raises(DatabaseError), transaction() as session:
            session.execute(sa.text(statement))


def test_the_database_refuses_a_second_open_request_and_a_self_made_decision(world: World) -> None:
    case = register(world)
    escalation.decline(world.actor("grid_worker"), case.number, reason="不归社区管")
    ask = db.session.scalars(sa.select(CaseRequest)).one()
    copy = {c.name: getattr(ask, c.name) for c in CaseRequest.__table__.columns if c.name != "id"}
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.insert(CaseRequest).values(copy))
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            sa.update(CaseRequest).values(
                decided_by_id=CaseRequest.asked_by_id, decided_at=clock.now(), approved=True
            )
        )
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(sa.update(CaseRequest).values(approved=True))


def test_of_two_at_once_one_wins_and_the_other_is_told(app: Flask, world: World) -> None:
    case = case_at(world, "pending_check")
    number, version = case.number, case.version
    actors = [world.actor("branch_secretary"), world.actor("community_staff")]
    db.session.remove()
    results: list[str] = []
    start = threading.Barrier(2)

    def check(actor: Any) -> None:
        with app.app_context():
            start.wait()
            try:
                loop.pass_check(actor, number, version=version)
                results.append("done")
            except Conflict as refused:
                results.append(refused.message)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=check, args=(actor,)) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result == "done" for result in results) == [False, True]
    assert any("核查通过" in result for result in results)
