"""Tables of places and people."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.directory.posts import Level, Post
from webapp.extensions import db
from webapp.foundation.db import Code
from webapp.foundation.private import EncryptedText


def one_of(
    column: str, values: type[Level] | type[Post] | tuple[str, ...], name: str | None = None
) -> sa.CheckConstraint:
    """The database refuses any other value."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=name or column)


class Unit(db.Model):
    """A place in the tree 区 → 街道 → 社区 → 网格 → 楼栋, or a company or department beside it.

    ``path`` is the codes from the top, each followed by a slash; "mine and all below" is a prefix of it. A unit is
    retired, never deleted. Official statistical codes down to the community, local ones below.
    """

    __tablename__ = "units"
    __table_args__ = (one_of("level", Level),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code, unique=True)
    level: Mapped[str]
    name: Mapped[str]
    short_name: Mapped[str]
    path: Mapped[str] = mapped_column(Code, unique=True)
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"), index=True)
    street_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    community_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    grid_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    households: Mapped[int | None]
    retired_on: Mapped[date | None]


class Placed:
    """Where a record belongs: the unit it is about and each of its ancestors.

    Each level has its own column, so that a list of any level is one index: (grid_id, at, id) and so on.
    """

    street_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    community_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    grid_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    building_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))


class Station(Placed, db.Model):
    """A place where residents are received: 党群服务中心, 党群服务站 and the like. Its code stands on the resident's QR."""

    __tablename__ = "stations"
    KINDS = ("service_center", "service_station", "opinion_collection_point", "reception_center")
    __table_args__ = (
        one_of("kind", KINDS),
        sa.Index("ix_stations_community", "community_id"),
        sa.Index("ix_stations_grid", "grid_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code, unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    address: Mapped[str] = mapped_column(default="")
    hours: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    retired_on: Mapped[date | None]
    unit: Mapped[Unit] = relationship(foreign_keys=[unit_id], lazy="raise_on_sql")


STATION_KINDS = {
    "service_center": "社区党群服务中心",
    "service_station": "网格党群服务站",
    "opinion_collection_point": "民情收集站",
    "reception_center": "民情接待处置中心",
}


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


class Person(db.Model):
    """Anyone the register knows, with or without a login."""

    __tablename__ = "persons"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)
    phone: Mapped[str] = mapped_column(EncryptedText, default="")
    phone_hash: Mapped[str | None] = mapped_column(unique=True)
    is_party_member: Mapped[bool] = mapped_column(default=False)
    # A party member employed elsewhere (在职党员): hours are kept, goods are not given (design section 6).
    is_serving_party_member: Mapped[bool] = mapped_column(default=False)
    is_reserve_cadre: Mapped[bool] = mapped_column(default=False)
    employer: Mapped[str] = mapped_column(default="")


class Appointment(db.Model):
    """A person holds a post in a unit from a date to a date (both included)."""

    __tablename__ = "appointments"
    __table_args__ = (
        one_of("post", Post),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),
        sa.Index("ix_appointments_unit_post", "unit_id", "post"),
        sa.Index("ix_appointments_person", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    post: Mapped[str]
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]


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
