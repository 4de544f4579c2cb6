"""Tables of reports to a grid, activities, attendance and hours."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.directory.models import Placed, one_of
from webapp.extensions import db
from webapp.foundation.db import Code, Json, UTCDateTime, append_only
from webapp.foundation.order import Ordered
from webapp.foundation.private import EncryptedText


class ReportState(StrEnum):
    """Of a report to a grid."""

    REPORTED = "reported"
    WITHDRAWN = "withdrawn"


class Category(StrEnum):
    """What kind of service an activity is. Training is none, and has no place here."""

    CARE = "care"
    CONVENIENCE = "convenience"
    ENVIRONMENT = "environment"
    SAFETY = "safety"
    PUBLICITY = "publicity"
    MEDIATION = "mediation"
    EMERGENCY = "emergency"
    OTHER = "other"


CATEGORY_NAMES = {
    Category.CARE: "关爱帮扶",
    Category.CONVENIENCE: "便民服务",
    Category.ENVIRONMENT: "环境整治",
    Category.SAFETY: "平安巡防",
    Category.PUBLICITY: "政策宣传",
    Category.MEDIATION: "矛盾调解",
    Category.EMERGENCY: "应急支援",
    Category.OTHER: "其他",
}


class SignupState(StrEnum):
    """Of a person's sign-up."""

    SIGNED_UP = "signed_up"
    WAITING = "waiting"
    LEFT = "left"


class Way(StrEnum):
    """How an attendance came onto the list."""

    ROTATING_CODE = "rotating_code"
    POSTER = "poster"
    ORGANISER = "organiser"
    SELF = "self"


WAY_NAMES = {
    Way.ROTATING_CODE: "扫现场码",
    Way.POSTER: "扫海报码",
    Way.ORGANISER: "组织者登记",
    Way.SELF: "本人补记",
}


class HoursState(StrEnum):
    """Of the hours of one attendance; only confirmed ones count."""

    PRESENT = "present"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    REJECTED = "rejected"


HOURS_NAMES = {
    HoursState.PRESENT: "已签到",
    HoursState.PENDING: "待确认",
    HoursState.CONFIRMED: "已确认",
    HoursState.DISPUTED: "异议中",
    HoursState.REJECTED: "不计入",
}


class ObjectionState(StrEnum):
    """Of an objection to one's hours."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


OBJECTION_NAMES = {
    ObjectionState.OPEN: "待答复",
    ObjectionState.UPHELD: "已更正",
    ObjectionState.DISMISSED: "维持原时长",
}


class CheckInKind(Ordered, db.Model):
    """One kind of 三报到. Rows, since no source says what the three are; ``level`` is where one reports."""

    __tablename__ = "check_in_kinds"
    __table_args__ = (one_of("level", ("community", "grid")),)

    SAID = ("name", "level")

    name: Mapped[str] = mapped_column(unique=True)
    level: Mapped[str]


class PartyReport(Placed, db.Model):
    """A party member reported to a grid, or for a unit of theirs to a community."""

    __tablename__ = "party_reports"
    __table_args__ = (
        one_of("state", tuple(ReportState)),
        sa.Index(
            "uq_party_reports_in_force",
            "person_id",
            "kind_id",
            "unit_id",
            unique=True,
            sqlite_where=sa.text("state = 'reported'"),
            postgresql_where=sa.text("state = 'reported'"),
        ),
        sa.Index("ix_party_reports_person", "person_id", "reported_at", "id"),
        sa.Index("ix_party_reports_street", "street_id", "reported_at", "id"),
        sa.Index("ix_party_reports_community", "community_id", "reported_at", "id"),
        sa.Index("ix_party_reports_grid", "grid_id", "reported_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    kind_id: Mapped[int] = mapped_column(sa.ForeignKey("check_in_kinds.id"))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    reported_at: Mapped[datetime] = mapped_column(UTCDateTime)
    state: Mapped[str] = mapped_column(default=ReportState.REPORTED)
    skills: Mapped[str] = mapped_column(default="")


class Activity(Placed, db.Model):
    """A volunteer activity of a community or one of its grids; what it is now follows from the time."""

    __tablename__ = "activities"
    __table_args__ = (
        one_of("category", tuple(Category)),
        sa.CheckConstraint("ends_at > starts_at", name="times"),
        sa.CheckConstraint("capacity IS NULL OR capacity > 0", name="capacity"),
        sa.CheckConstraint("min_age IS NULL OR min_age > 0", name="min_age"),
        # 志愿服务条例, article 17: insured before anything risky.
        sa.CheckConstraint("NOT is_risky OR insured", name="insured_if_risky"),
        sa.CheckConstraint("community_id IS NOT NULL", name="in_a_community"),
        sa.Index("ix_activities_street", "street_id", "ends_at", "id"),
        sa.Index("ix_activities_community", "community_id", "ends_at", "id"),
        sa.Index("ix_activities_grid", "grid_id", "ends_at", "id"),
        sa.Index("ix_activities_end", "ends_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    title: Mapped[str]
    category: Mapped[str]
    place: Mapped[str]
    station_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stations.id"))
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    capacity: Mapped[int | None]  # None: as many as come
    organiser_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    organising_unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    contact: Mapped[str] = mapped_column(default="")
    description: Mapped[str] = mapped_column(default="")
    is_risky: Mapped[bool] = mapped_column(default=False)
    risk_note: Mapped[str] = mapped_column(default="")
    insured: Mapped[bool] = mapped_column(default=False)
    min_age: Mapped[int | None]
    case_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("cases.id"), index=True
    )  # the problem it helps to solve
    record_due: Mapped[datetime] = mapped_column(UTCDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    poster_code: Mapped[str] = mapped_column(Code, unique=True)
    checkin_secret: Mapped[str] = mapped_column(EncryptedText)
    version: Mapped[int] = mapped_column(default=1)

    def phase(self, now: datetime) -> str:
        """``cancelled``, ``planned``, ``ongoing`` or ``ended``."""
        return phase(self.cancelled_at, self.starts_at, self.ends_at, now)


PHASE_NAMES = {"cancelled": "已取消", "planned": "报名中", "ongoing": "进行中", "ended": "已结束"}


def phase(cancelled_at: datetime | None, starts_at: datetime, ends_at: datetime, now: datetime) -> str:
    """What an activity is at ``now``; see ``PHASE_NAMES``."""
    if cancelled_at:
        return "cancelled"
    if now < starts_at:
        return "planned"
    return "ongoing" if now < ends_at else "ended"


class Signup(db.Model):
    """A person's place on the list; one row a person, which a second sign-up brings back to the end of the queue."""

    __tablename__ = "signups"
    __table_args__ = (
        one_of("state", tuple(SignupState)),
        sa.UniqueConstraint("activity_id", "person_id"),
        sa.Index("ix_signups_queue", "activity_id", "state", "joined_at", "id"),
        sa.Index("ix_signups_person", "person_id", "joined_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activities.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    state: Mapped[str]
    joined_at: Mapped[datetime] = mapped_column(UTCDateTime)


_WAITS = sa.text("state IN ('pending', 'disputed')")


class Attendance(Placed, db.Model):
    """A person's attendance at an activity, in minutes. Its place is the activity's."""

    __tablename__ = "attendances"
    __table_args__ = (
        one_of("way", tuple(Way)),
        one_of("state", tuple(HoursState)),
        sa.UniqueConstraint("activity_id", "person_id"),
        sa.CheckConstraint("minutes >= 0", name="minutes"),
        sa.CheckConstraint("sign_out_at >= sign_in_at", name="times"),
        sa.CheckConstraint("confirmed_by_id <> person_id", name="not_by_oneself"),
        sa.CheckConstraint("(confirmed_by_id IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        sa.CheckConstraint(
            "state <> 'confirmed' OR (confirmed_by_id IS NOT NULL AND minutes IS NOT NULL)",
            name="confirmed_by_somebody",
        ),
        sa.CheckConstraint("(state = 'present') = (minutes IS NULL)", name="minutes_once_over"),
        sa.Index("ix_attendances_person", "person_id", "at", "id"),
        *(
            sa.Index(
                f"ix_attendances_waits_{level}",
                f"{level}_id",
                "at",
                "id",
                sqlite_where=_WAITS,
                postgresql_where=_WAITS,
            )
            for level in ("street", "community", "grid")
        ),
        sa.Index(
            "ix_attendances_present",
            "at",
            sqlite_where=sa.text("state = 'present'"),
            postgresql_where=sa.text("state = 'present'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    activity_id: Mapped[int] = mapped_column(sa.ForeignKey("activities.id"))
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)  # when it came onto the list
    sign_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sign_out_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    way: Mapped[str]
    auto_closed: Mapped[bool] = mapped_column(default=False)  # 未签退
    capped: Mapped[bool] = mapped_column(default=False)  # stayed longer than is credited
    minutes: Mapped[int | None]
    state: Mapped[str]
    late_reason: Mapped[str] = mapped_column(default="")  # why it was recorded after the ten working days
    reject_reason: Mapped[str] = mapped_column(default="")
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class HoursCorrection(db.Model):
    """The minutes of an attendance were changed by hand: from what, to what, why, by whom. Never changed itself."""

    __tablename__ = "hours_corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    attendance_id: Mapped[int] = mapped_column(sa.ForeignKey("attendances.id"), index=True)
    old_minutes: Mapped[int]
    new_minutes: Mapped[int]
    reason: Mapped[str]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


append_only(HoursCorrection.__table__)


class Objection(db.Model):
    """A person disagrees with the minutes recorded (办法, article 13); one open at a time."""

    __tablename__ = "objections"
    __table_args__ = (
        one_of("state", tuple(ObjectionState)),
        sa.CheckConstraint("(answered_by_id IS NULL) = (answered_at IS NULL)", name="answered"),
        sa.CheckConstraint("(state = 'open') = (answered_by_id IS NULL)", name="answered_if_closed"),
        sa.Index("ix_objections_attendance", "attendance_id"),
        sa.Index(
            "uq_objections_open",
            "attendance_id",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    attendance_id: Mapped[int] = mapped_column(sa.ForeignKey("attendances.id"))
    text: Mapped[str]
    state: Mapped[str] = mapped_column(default=ObjectionState.OPEN)
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(default="")
    answered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Statement(db.Model):
    """A 服务记录单: what was confirmed for a person in a period, as it stood when it was issued.

    ``rows`` is that snapshot; ``digest`` a keyed hash over it, with which the verify page proves it unchanged.
    """

    __tablename__ = "service_statements"
    __table_args__ = (sa.Index("ix_service_statements_person", "person_id", "issued_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    since: Mapped[date]
    until: Mapped[date]
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    verify_code: Mapped[str] = mapped_column(Code, unique=True)
    total_minutes: Mapped[int]
    rows: Mapped[list[dict[str, object]]] = mapped_column(Json)
    digest: Mapped[str] = mapped_column(sa.String(64))
