"""Two builds are alike, and the whole district counts what the article reports."""

from __future__ import annotations

import hashlib
import time
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine

from tests.demo.conftest import Demo, built
from webapp.cases import lists
from webapp.cases.models import Case, CaseEvent
from webapp.cases.service.sweep import SweepCounts, sweep
from webapp.cases.states import CaseState
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import Level, Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.journal import broken_links
from webapp.foundation.private import EncryptedText
from webapp.networks.models import Branch, Committee, PropertyCompany
from webapp.points.checks import verify
from webapp.points.redemptions.service import expire_due
from webapp.stations.models import Station
from webapp.visits.models import Visit
from webapp.volunteering.attendance.service import close_forgotten
from webapp.volunteering.models import Activity, Attendance, HoursState, PartyReport

TABLES = ("units", "persons", "appointments", "cases", "case_events", "case_requests", "visits", "desk_sessions",
          "activities", "signups", "attendances", "point_entries", "point_spends", "redemptions", "journal")  # fmt: skip
MOST_SECONDS = 360  # of processor time, which grows beside other tests


RANDOM = {
    "cases.tracking_hash",
    "activities.poster_code",
    "activities.checkin_secret",
    "redemptions.code",
}  # nobody may guess them


def _digest() -> str:
    """Over all rows of the tables, but for what is random by nature: encrypted, or a code."""
    found = hashlib.sha256()
    for name in TABLES:
        table = db.metadata.tables[name]
        columns = [
            column
            for column in table.c
            if not isinstance(column.type, EncryptedText) and str(column) not in RANDOM
        ]
        for row in db.session.execute(sa.select(*columns).order_by(*table.primary_key.columns)):
            found.update(repr(tuple(row)).encode())
    return found.hexdigest()


def test_two_builds_of_one_moment_are_alike(tmp_path: Path) -> None:
    now, digests = clock.now(), set()
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        with built(f"sqlite:///{folder / 'desk.sqlite3'}", folder, now=now).app_context():
            digests.add(_digest())
            db.engine.dispose()
    assert len(digests) == 1


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-23 08:17",  # a Monday morning: what became due over the weekend has just stepped up
        "2026-11-21 23:30",  # a Saturday night
        "2026-10-08 14:31",  # the first day after a long holiday
        "2027-01-01 00:30",  # New Year, half an hour old
        "2028-02-29 12:30",  # a lunch break, in a year whose holidays are not known yet
    ],
)
def test_it_can_be_built_at_any_hour_of_any_day(moment: str, tmp_path: Path) -> None:
    now = datetime.fromisoformat(moment).replace(tzinfo=clock.SHANGHAI)
    with (
        time_machine.travel(now, tick=False),
        built(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path, now=clock.now()).app_context(),
    ):
        assert verify() == []
        assert {*db.session.scalars(sa.select(Case.state).distinct())} == set(CaseState)
        open_cases = lists.CaseFilters(tab="open")
        rows = lists.list_cases(Demo().actor(Post.GRID_WORKER), open_cases).rows
        assert {row.mark.kind for row in rows} >= {"overdue", "due_soon"}
        assert sweep() == SweepCounts()  # it was done all along
        assert close_forgotten() == 0
        assert not any(expire_due(clock.now()).values())
        db.engine.dispose()


@pytest.mark.slow
def test_the_district_counts_what_the_article_reports(tmp_path: Path) -> None:
    started = (
        time.process_time()
    )  # of this process alone: the tests beside it take their share of the machine
    app = built(f"sqlite:///{tmp_path / 'desk.sqlite3'}", tmp_path, small=False)
    assert time.process_time() - started < MOST_SECONDS
    with app.app_context():
        _check_places()
        _check_work()
        assert broken_links() == []
        assert verify() == []
        db.engine.dispose()


def count(what: object, *where: object) -> int:
    return db.session.scalar(sa.select(sa.func.count(what)).where(*where)) or 0  # type: ignore[arg-type]


def _check_places() -> None:
    assert (count(Branch.id), count(Unit.id, Unit.level == Level.GRID)) == (292, 292)
    owners = Committee.kind == "owners_committee"
    assert (count(Committee.id, owners, Committee.is_red), count(Committee.id, ~owners)) == (249, 43)
    assert count(Committee.unit_id.distinct()) == 292
    serving = PropertyCompany.removed_on.is_(None)
    own, covered = (
        PropertyCompany.party_coverage == "own_branch",
        PropertyCompany.party_coverage.in_(("instructor", "mass_org")),
    )
    unit = PropertyCompany.unit_id
    assert (count(unit, serving), count(unit, serving, own), count(unit, serving, covered)) == (81, 34, 47)
    assert count(unit, ~serving) == 16
    assert (
        count(Station.id, Station.kind == "service_center"),
        count(Station.id, Station.kind == "service_station"),
    ) == (75, 148)
    assert count(Person.id, Person.is_reserve_cadre) == 79
    registered = count(PartyReport.person_id.distinct(), PartyReport.grid_id.is_not(None))
    assert 12_000 <= registered <= 12_999
    assert count(Appointment.id) >= 12_000


def _check_work() -> None:
    convened = count(CaseEvent.case_id.distinct(), CaseEvent.action == "convene")
    assert 1_130 <= convened <= 1_400
    # Settled by serving members: archived, with hours of such a member confirmed for it.
    problems = db.session.scalar(
        sa.select(sa.func.count(Case.id.distinct()))
        .join(Activity, Activity.case_id == Case.id)
        .join(Attendance, Attendance.activity_id == Activity.id)
        .join(Person, Person.id == Attendance.person_id)
        .where(
            Case.state == CaseState.ARCHIVED,
            Attendance.state == HoursState.CONFIRMED,
            Person.is_serving_party_member,
        )
    )
    assert 2_000 <= (problems or 0) <= 2_400
    assert count(Visit.id) >= 25_000
    weekdays = [0] * 7
    for at in db.session.scalars(sa.select(Visit.at)):
        weekdays[clock.local(at).weekday()] += 1
    assert max(weekdays[5:]) < min(weekdays[:5])
