"""三报到: a party member reports to a grid."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.directory.people.service import hold_person
from webapp.directory.scope import place_of
from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Invalid, NotFound
from webapp.volunteering.models import CheckInKind, PartyReport, ReportState
from webapp.volunteering.reports import queries as report_queries

# No source defines the three; these are defaults that a district changes as rows.
DEFAULT_KINDS = (
    ("单位党组织到社区报到", "community"),
    ("在职党员到居住地社区报到", "community"),
    ("在职党员到小区（网格）报到", "grid"),
)


def seed_defaults() -> int:
    """Write the default kinds of 三报到 into a new database; returns how many were added."""
    with transaction() as session:
        if session.scalar(sa.select(sa.func.count()).select_from(CheckInKind)):
            return 0
        session.add_all(
            CheckInKind(name=name, level=level, position=number)
            for number, (name, level) in enumerate(DEFAULT_KINDS)
        )
        return len(DEFAULT_KINDS)


def report_to_grid(actor: Actor, *, kind_id: int, grid_id: int, skills: str = "") -> PartyReport:
    """Report to a grid of one's community, or to the community itself where the kind asks for that.

    Raises:
        Invalid: no such kind or grid, or reported already.
    """
    with transaction() as session:
        kind = session.get(CheckInKind, kind_id)
        if kind is None or kind.retired_on:
            raise Invalid("请选择一种报到。", "kind_id")
        unit = report_queries.unit_to_report_to(actor, grid_id, kind.level)
        if unit is None:
            raise Invalid("请选择本社区的网格。", "grid_id")
        hold_person(actor.person_id)  # two phones at once
        same = sa.select(PartyReport.id).where(
            PartyReport.person_id == actor.person_id,
            PartyReport.kind_id == kind_id,
            PartyReport.unit_id == unit.id,
            PartyReport.state == ReportState.REPORTED,
        )
        if session.scalar(same):
            raise Invalid("您已经在这里报到过了。", "kind_id")
        report = PartyReport(
            person_id=actor.person_id,
            kind_id=kind_id,
            unit_id=unit.id,
            reported_at=clock.now(),
            skills=skills,
            **place_of(unit),
        )
        session.add(report)
        session.flush()
        journal.record(actor, "report:make", "party_report", report.id, {"kind": kind_id, "unit": unit.id})
        return report


def withdraw_report(actor: Actor, report_id: int) -> PartyReport:
    """Take one's own report back.

    Raises:
        NotFound: it is not the actor's.
    """
    with transaction():
        report = locked(PartyReport, report_id)
        if report is None or report.person_id != actor.person_id:
            raise NotFound
        if report.state == ReportState.REPORTED:
            report.state = ReportState.WITHDRAWN
            journal.record(actor, "report:withdraw", "party_report", report.id)
        return report
