"""The district corrects its working days: what starts afterwards follows, what runs already does not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from tests.cases.factories import register
from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.cases import terms as case_terms
from webapp.cases.models import Case
from webapp.cases.settings import queries as settings_queries
from webapp.cases.settings import service as settings
from webapp.cases.settings.queries import Run, days_of
from webapp.cases.states import Phase
from webapp.extensions import db
from webapp.foundation import calendar, clock
from webapp.foundation.calendar import STALE, Workday
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid
from webapp.foundation.journal import JournalEntry

TODAY = date(2026, 11, 23)  # a Monday; the library of holidays ends with this year
HOLIDAY = Run(date(2027, 2, 8), date(2027, 2, 12), False, "春节")  # Monday to Friday
WORKED = Run(date(2027, 2, 20), date(2027, 2, 20), True, "春节")  # a Saturday


@pytest.fixture(autouse=True)
def _now(request: pytest.FixtureRequest) -> Iterator[None]:
    """The clock stands at a Monday in November, with the world built before."""
    request.getfixturevalue("world")
    with time_machine.travel(at(TODAY, 10), tick=False), transaction() as session:
        # A newer library would know more.
        session.execute(sa.delete(Workday).where(Workday.day > date(2026, 12, 31)))
    calendar.forget()
    with time_machine.travel(at(TODAY, 10), tick=False):
        yield
    calendar.forget()


def at(day: date, hour: int = 10) -> datetime:
    return clock.at(day, time(hour))


def correct(world: World, run: Run) -> None:
    settings.correct_workdays(world.actor("district_admin"), run, seen=calendar.state())


def fill(world: World, year: int = 2027) -> int:
    return settings.fill_year(world.actor("district_admin"), year, seen=calendar.state())


def started(day: date) -> Case:
    """A case of a grid: five working days."""
    case = Case(level="grid", category="parking", urgent=False)
    case_terms.start(case, Phase.HANDLE, at(day))
    return case


def entries(action: str) -> list[JournalEntry]:
    return list(db.session.scalars(sa.select(JournalEntry).where(JournalEntry.action == action)))


@pytest.mark.usefixtures("app")
def test_a_term_started_afterwards_skips_the_holiday_and_one_started_before_keeps_its_day(
    world: World,
) -> None:
    friday = date(2027, 2, 5)
    before = started(friday)
    assert before.due_at == clock.at(date(2027, 2, 12), calendar.END_OF_DAY)
    running = register(world)
    due = running.due_at
    correct(world, HOLIDAY)
    correct(world, WORKED)
    after = started(friday)
    assert after.due_at == clock.at(date(2027, 2, 19), calendar.END_OF_DAY)
    assert "春节" in after.due_explained
    assert before.due_at == clock.at(date(2027, 2, 12), calendar.END_OF_DAY)
    db.session.expire_all()
    assert db.session.get_one(Case, running.id).due_at == due
    # The worked Saturday counts, too: Friday the 12th is rest, 15 to 18 and 20 are worked.
    assert started(date(2027, 2, 13)).due_at == clock.at(date(2027, 2, 19), calendar.END_OF_DAY)
    assert started(date(2027, 2, 15)).due_at == clock.at(date(2027, 2, 20), calendar.END_OF_DAY)
    assert [entry.detail for entry in entries("workdays:correct")] == [
        {"last": "2027-02-12", "works": False},
        {"last": "2027-02-20", "works": True},
    ]


@pytest.mark.usefixtures("app")
def test_the_warning_goes_away_once_the_year_is_whole_and_not_before(world: World) -> None:
    assert started(date(2027, 2, 5)).due_warning == STALE
    correct(world, HOLIDAY)
    assert started(date(2027, 2, 5)).due_warning == STALE
    assert calendar.reach(TODAY) == date(2026, 12, 31)
    assert fill(world) == 360
    assert started(date(2027, 2, 5)).due_warning == ""
    assert started(date(2027, 12, 29)).due_warning == STALE
    assert calendar.reach(TODAY) == date(2027, 12, 31)
    # What had been entered before stays.
    assert started(date(2027, 2, 5)).due_at == clock.at(date(2027, 2, 19), calendar.END_OF_DAY)
    assert [(entry.subject_id, entry.detail) for entry in entries("workdays:fill")] == [
        ("2027", {"days": 360})
    ]
    with pytest.raises(Conflict, match="已经完整"):
        fill(world)


@pytest.mark.usefixtures("app")
def test_a_correction_is_itself_corrected(world: World) -> None:
    correct(world, HOLIDAY)
    fill(world)
    correct(world, Run(HOLIDAY.first, HOLIDAY.last, True))
    assert started(date(2027, 2, 5)).due_at == clock.at(date(2027, 2, 12), calendar.END_OF_DAY)
    assert settings_queries.year_of_workdays(2027).runs == []


REFUSED = {
    "yesterday": (Run(TODAY - timedelta(days=1), TODAY - timedelta(days=1), False, "春节"), "first"),
    "today": (Run(TODAY, TODAY + timedelta(days=1), False, "春节"), "first"),
    "the wrong way round": (Run(TODAY + timedelta(days=3), TODAY + timedelta(days=2), True), "last"),
    "too far ahead": (Run(date(2027, 12, 30), date(2028, 1, 2), False, "元旦"), "last"),
    "without a name": (Run(date(2027, 2, 8), date(2027, 2, 8), False), "name"),
    "a mistyped month": (Run(date(2027, 2, 8), date(2027, 8, 12), False, "春节"), "last"),
}


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("which", REFUSED)
def test_what_is_no_correction_is_refused_and_leaves_the_calendar_alone(world: World, which: str) -> None:
    run, field = REFUSED[which]
    before = calendar.state()
    with pytest.raises(Invalid) as refusal:
        correct(world, run)
    assert refusal.value.field == field
    assert calendar.state() == before


def test_no_term_is_left_without_an_end(lite_app: Flask, world: World) -> None:
    """Month after month of rest, each run short enough by itself."""
    days = [date(2027, 1, 4) + number * timedelta(days=22) for number in range(8)]
    runs = [Run(day, day + timedelta(days=20), False, "放假") for day in days]
    correct(world, runs[0])
    with pytest.raises(Invalid, match="连着休息"):
        correct(world, runs[1])
    for run in runs[2:]:
        with suppress(Invalid):
            correct(world, run)
    begin, months = date(2026, 12, 20), timedelta(days=200)
    assert calendar.load_calendar(begin, begin + months).surplus_of_rest() <= settings.MOST_REST
    for amount in (1, 5, 20, 40):
        calendar.deadline(at(begin), amount, "workday")


@pytest.mark.usefixtures("app")
def test_who_saw_an_older_calendar_changes_nothing(world: World) -> None:
    admin, seen = world.actor("district_admin"), calendar.state()
    settings.correct_workdays(admin, HOLIDAY, seen=seen)
    with pytest.raises(Conflict, match="别人改过"):
        settings.correct_workdays(admin, Run(HOLIDAY.first, HOLIDAY.last, True), seen=seen)
    with pytest.raises(Conflict, match="别人改过"):
        settings.fill_year(admin, 2027, seen=seen)
    assert days_of(2027)[HOLIDAY.first].note == "春节"


@pytest.mark.usefixtures("lite_app")
@pytest.mark.parametrize("year", [1999, 2028])
def test_a_year_that_is_none_of_the_calendar_s_is_not_filled(world: World, year: int) -> None:
    with pytest.raises(Invalid):
        fill(world, year)


@pytest.mark.usefixtures("lite_app")
def test_a_gap_before_today_may_be_filled_it_counted_by_weekdays_all_along(world: World) -> None:
    with transaction() as session:
        session.execute(sa.delete(Workday).where(Workday.day == date(2026, 3, 4)))
    assert fill(world, 2026) == 1
    assert days_of(2026)[date(2026, 3, 4)].is_workday


# The page


def sent(browse: Browse, **fields: str) -> dict[str, str]:
    """What a person sends from the page as it stands."""
    seen = re.findall(r'name="seen" value="(\w+)"', browse.get("/cases/workdays?year=2027").text)
    return {"seen": seen[0], **fields}


REST = {"first": "2027-02-08", "last": "2027-02-12", "works": "rest", "name": "春节"}


def test_the_page_shows_the_holidays_and_how_far_they_reach(lite_app: Flask, browse: Browse) -> None:
    page = browse.log_in("district_admin").get("/cases/workdays").text
    assert "节假日已录入到12月31日" in page
    assert "国庆节" in page
    assert "10月1日至10月7日，7 天" in page
    assert re.search(r"10月10日 周六.*?上班", page, re.DOTALL)
    assert "补齐" not in page
    page = browse.get("/cases/workdays?year=2027").text
    assert "2027 年还没有录入放假和调休" in page
    assert "补齐 2027 年" in page
    for odd in ("1999", "2099", "x"):
        assert "国庆节" in browse.get(f"/cases/workdays?year={odd}").text
    assert "春节" in browse.get("/cases/workdays?year=2024").text


def test_an_admin_enters_next_year(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    answer = browse.post("/cases/workdays?year=2027", sent(browse, **REST))
    assert answer.headers["Location"] == "/cases/workdays?year=2027"
    page = browse.follow(answer).text
    assert "2027年2月8日至2027年2月12日休息" in page
    assert "，5 天" in page
    browse.post("/cases/workdays", sent(browse, first="2027-02-20", works="work", name="春节"))
    refused = browse.post("/cases/workdays/fill", sent(browse, year="2027"), status=422).text
    assert "请先录入国务院公布的放假和调休" in refused
    browse.post("/cases/workdays/fill", sent(browse, year="2027", sure="y"))
    page = browse.get("/cases/workdays?year=2027").text
    assert "节假日已录入到2027年12月31日" in page
    assert "/cases/workdays/fill" not in page
    assert started(date(2027, 2, 5)).due_warning == ""


def test_wrong_input_comes_back_beside_its_field(lite_app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    page = browse.post("/cases/workdays?year=2027", sent(browse, **{**REST, "name": ""}), status=422).text
    assert re.search(r'id="name-err">.*?请写节日名称', page)
    assert 'value="2027-02-08"' in page
    page = browse.post("/cases/workdays", sent(browse, first="x", works="nap"), status=422).text
    assert 'id="first-err"' in page
    browse.post("/cases/workdays", sent(browse, **{**REST, "first": "2026-11-23"}), status=422)
    assert days_of(2027) == {}


def test_a_form_opened_before_another_s_change_comes_back_with_what_was_typed(
    app: Flask, browse: Browse, world: World
) -> None:
    browse.log_in("district_admin")
    mine = sent(browse, **REST)
    correct(world, WORKED)
    page = browse.post("/cases/workdays?year=2027", mine, status=409).text
    assert "刚被别人改过" in page
    assert 'value="2027-02-08"' in page
    assert "2027年2月20日 周六" in page
    again = re.findall(r'name="seen" value="(\w+)"', page)[0]
    browse.post("/cases/workdays?year=2027", {**mine, "seen": again})


def test_sent_twice_it_is_done_once(app: Flask, browse: Browse) -> None:
    browse.log_in("district_admin")
    once, form = str(uuid.uuid4()), sent(browse, **REST)
    first, second = (browse.post("/cases/workdays", form, submission_id=once) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(entries("workdays:correct")) == 1


@pytest.mark.parametrize("person", ["grid_worker", "community_staff", "street_staff", "auditor"])
def test_it_is_for_the_district_s_administrator_alone(lite_app: Flask, browse: Browse, person: str) -> None:
    browse.log_in(person).get("/cases/workdays", status=403)
    browse.post("/cases/workdays", REST, status=403)
    browse.post("/cases/workdays/fill", {"year": "2027", "sure": "y"}, status=403)


def test_more_holidays_take_no_more_queries(lite_app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("district_admin")

    def queries() -> int:
        with counting() as asked:
            browse.get("/cases/workdays?year=2027")
        return len(asked)

    few = queries()
    correct(world, HOLIDAY)
    correct(world, WORKED)
    assert queries() == few
