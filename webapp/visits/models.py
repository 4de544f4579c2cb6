"""Tables of visits and desk sessions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.directory.models import Placed, one_of
from webapp.extensions import db
from webapp.foundation.db import Code, UTCDateTime, where_given
from webapp.foundation.order import Ordered
from webapp.foundation.private import EncryptedText


class VisitKind(StrEnum):
    """The forms of 流动办公桌. The source names two and says "and others": add them here."""

    STATION_RECEPTION = "station_reception"
    HOME_VISIT = "home_visit"


KIND_NAMES = {VisitKind.STATION_RECEPTION: "站点接待", VisitKind.HOME_VISIT: "上门服务"}


class Outcome(StrEnum):
    """What came of a visit."""

    SETTLED = "settled"
    IN_PROGRESS = "in_progress"
    TO_CASE = "to_case"
    EXPLAINED = "explained"
    NOBODY_HOME = "nobody_home"


OUTCOME_NAMES = {
    Outcome.SETTLED: "已办结",
    Outcome.IN_PROGRESS: "代办中",
    Outcome.TO_CASE: "转为诉求",
    Outcome.EXPLAINED: "已解释",
    Outcome.NOBODY_HOME: "无人在家",
}


class ServiceItem(Ordered, db.Model):
    """One line of the published list of services (事项清单). It changes over time: lines end, they are never deleted.

    ``case_category`` is the category that a case gets when a visit about this item is turned into one.
    """

    __tablename__ = "service_items"
    __table_args__ = (sa.CheckConstraint("retired_on IS NULL OR retired_on > valid_from", name="dates"),)

    SAID = ("name", "group", "case_category", "valid_from")

    key: Mapped[str] = mapped_column(Code, unique=True)
    group: Mapped[str]
    case_category: Mapped[str]
    valid_from: Mapped[date]
    retired_on: Mapped[date | None]  # the first day on which it can no longer be chosen

    @property
    def last_day(self) -> date | None:
        """The last day on which it could be chosen; None while it is in use."""
        return self.retired_on - timedelta(days=1) if self.retired_on else None


class DeskSession(Placed, db.Model):
    """The desk stands at a place from one time to another, as the timetable says.

    Those of one weekly series carry the id of its first as ``series_id``.
    """

    __tablename__ = "desk_sessions"
    __table_args__ = (
        sa.CheckConstraint("ends_at > starts_at", name="times"),
        sa.CheckConstraint("station_id IS NOT NULL OR place <> ''", name="somewhere"),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancelled_by_id IS NULL) AND (cancelled_at IS NULL) = (cancel_reason = '')",
            name="cancelled",
        ),
        sa.Index("ix_desk_sessions_street", "street_id", "starts_at", "id"),
        sa.Index("ix_desk_sessions_community", "community_id", "starts_at", "id"),
        sa.Index("ix_desk_sessions_grid", "grid_id", "starts_at", "id"),
        sa.Index("ix_desk_sessions_building", "building_id", "starts_at", "id"),
        sa.Index("ix_desk_sessions_starts", "starts_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    station_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stations.id"))
    place: Mapped[str] = mapped_column(default="")
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    series_id: Mapped[int | None] = mapped_column(sa.ForeignKey("desk_sessions.id"), index=True)
    planned_by_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    cancelled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    cancel_reason: Mapped[str] = mapped_column(default="")


class DeskHost(db.Model):
    """A person sits at the desk in a session."""

    __tablename__ = "desk_hosts"

    session_id: Mapped[int] = mapped_column(sa.ForeignKey("desk_sessions.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"), primary_key=True, index=True)


_AGREED = sa.text("next_visit_on IS NOT NULL")


class Visit(Placed, db.Model):
    """A service record: one contact with a resident, and what was done.

    ``at`` is when it took place and ``logged_at`` when it was written down; ``is_late_entry`` (补记) says that these are
    two days, which is a mark and not a fault. An undone visit stays as an empty shell.
    """

    __tablename__ = "visits"
    __table_args__ = (
        one_of("kind", tuple(VisitKind)),
        one_of("outcome", tuple(Outcome)),
        sa.CheckConstraint("case_id IS NULL OR (outcome = 'to_case' AND undone_at IS NULL)", name="case"),
        sa.Index("ix_visits_street", "street_id", "at", "id"),
        sa.Index("ix_visits_community", "community_id", "at", "id"),
        sa.Index("ix_visits_grid", "grid_id", "at", "id"),
        where_given("ix_visits_building", "building_id", "at", "id"),
        sa.Index("ix_visits_worker", "worker_id", "at", "id"),
        sa.Index("ix_visits_at", "at", "id"),
        where_given("ix_visits_phone", "resident_phone_hash", "at", "id"),
        where_given("ix_visits_name", "resident_name_hash", "at", "id"),
        where_given("ix_visits_desk_session", "desk_session_id"),
        where_given("uq_visits_case", "case_id", unique=True),
        sa.Index(
            "ix_visits_next", "worker_id", "next_visit_on", sqlite_where=_AGREED, postgresql_where=_AGREED
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    outcome: Mapped[str]
    worker_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    station_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stations.id"))
    desk_session_id: Mapped[int | None] = mapped_column(sa.ForeignKey("desk_sessions.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    logged_at: Mapped[datetime] = mapped_column(UTCDateTime)
    is_late_entry: Mapped[bool] = mapped_column(default=False)
    # None where nothing was given: an empty text would be encrypted and decrypted, too.
    resident_name: Mapped[str | None] = mapped_column(EncryptedText)
    resident_name_hash: Mapped[str | None] = mapped_column(sa.String(64))
    resident_phone: Mapped[str | None] = mapped_column(EncryptedText)
    resident_phone_hash: Mapped[str | None] = mapped_column(sa.String(64))
    door: Mapped[str | None] = mapped_column(EncryptedText)
    note: Mapped[str] = mapped_column(sa.Text, default="")
    next_visit_on: Mapped[date | None]
    do_not_disturb: Mapped[bool] = mapped_column(default=False)
    case_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cases.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class VisitItem(db.Model):
    """A visit was about this item; it may have been about several."""

    __tablename__ = "visit_items"

    visit_id: Mapped[int] = mapped_column(sa.ForeignKey("visits.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(sa.ForeignKey("service_items.id"), primary_key=True, index=True)
