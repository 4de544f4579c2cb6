"""Tables of what a grid has: its branch, its committee, who sits in them, and the company that serves it."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.directory.models import one_of
from webapp.extensions import db

COMMITTEE_KINDS = {
    "owners_committee": "业主委员会",
    "property_mgmt_committee": "物业管理委员会",
}
BODY_NAMES = {
    "branch": "党支部",
    "committee": "业委会（物管会）",
}
COVERAGE_NAMES = {
    "own_branch": "建有党支部",
    "instructor": "有党建指导员",
    "mass_org": "有群团组织",
    "none": "尚未覆盖",
}


class Branch(db.Model):
    """A 小区(网格)党支部, one a grid."""

    __tablename__ = "branches"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"), unique=True)
    name: Mapped[str]


class Committee(db.Model):
    """A 业主委员会 (is_red: with party lead), or the 物业管理委员会 that stands in for one."""

    __tablename__ = "committees"
    KINDS = ("owners_committee", "property_mgmt_committee")
    __table_args__ = (one_of("kind", KINDS),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"), index=True)
    kind: Mapped[str]
    is_red: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str]
    term_start: Mapped[date]
    term_end: Mapped[date]


class Seat(db.Model):
    """A person sits in the branch or the committee of a grid; in both at once: 交叉任职."""

    __tablename__ = "seats"
    BODIES = ("branch", "committee")
    __table_args__ = (
        one_of("body", BODIES),
        sa.Index("ix_seats_person", "person_id"),
        sa.Index("ix_seats_unit", "unit_id", "body"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    body: Mapped[str]
    title: Mapped[str] = mapped_column(default="成员")
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


class PropertyCompany(db.Model):
    """What is known of a 物业服务企业; its unit (level company) carries name and code."""

    __tablename__ = "property_companies"
    COVERAGE = ("own_branch", "instructor", "mass_org", "none")
    __table_args__ = (one_of("party_coverage", COVERAGE),)

    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"), primary_key=True)
    party_coverage: Mapped[str] = mapped_column(default="none")
    removed_on: Mapped[date | None]  # 清退, decided by the housing authority and recorded here
    removal_note: Mapped[str] = mapped_column(default="")


class PropertyContract(db.Model):
    """A company serves a grid from a date to a date."""

    __tablename__ = "property_contracts"

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"), index=True)
    grid_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
