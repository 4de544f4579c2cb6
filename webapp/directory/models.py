"""Tables of places and people."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

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
