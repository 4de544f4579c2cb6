"""Tables of cases, and the rules that hold for one row whatever the code above does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, MappedSQLExpression, column_property, mapped_column

from webapp.cases.states import (
    CLOSED,
    LIMITS,
    CaseState,
    Channel,
    Confidentiality,
    Phase,
    ReasonKind,
    RequestKind,
    ResultKind,
    Source,
    Verdict,
    VerdictBy,
)
from webapp.directory.models import Placed
from webapp.directory.posts import LADDER
from webapp.extensions import db
from webapp.foundation.db import Code, Json, UTCDateTime, append_only
from webapp.foundation.periods import DatedRule
from webapp.foundation.private import EncryptedText

TERM_UNITS = ("workday", "work_hour", "minute")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _one_of(column: str, values: Iterable[str], name: str | None = None) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({_listed(values)})", name=name or column)


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)


class CaseCategory(db.Model):
    """A category of cases; a table, so that each district can define its own."""

    __tablename__ = "case_categories"

    key: Mapped[str] = mapped_column(Code, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    group: Mapped[str]
    position: Mapped[int]
    reopen_allowed: Mapped[bool] = mapped_column(default=True)
    retired_on: Mapped[date | None]


class TermRule(DatedRule, db.Model):
    """The term of a level for a category; without a category it applies to all.

    Versioned by date: a rule is never changed but ended, and a running term keeps the figures it began with.
    """

    __tablename__ = "term_rules"
    __table_args__ = (
        _one_of("level", LADDER),
        _one_of("accept_unit", TERM_UNITS),
        _one_of("handle_unit", TERM_UNITS),
        _check("amounts", "accept_amount >= 1 AND handle_amount >= 1"),
        _check("dates", "valid_to IS NULL OR valid_to >= valid_from"),
        sa.UniqueConstraint("level", "category", "urgent", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[str]
    category: Mapped[str] = mapped_column(Code, default="")
    urgent: Mapped[bool] = mapped_column(default=False)
    accept_amount: Mapped[int]
    accept_unit: Mapped[str]
    handle_amount: Mapped[int]
    handle_unit: Mapped[str]


_HANDED_OUT = ("assigned", "in_progress", "suspended", "pending_check", "callback", "appraised", "archived")
_WITH_RESULT = ("pending_check", "callback", "appraised", "archived")
_CHECKED = ("callback", "appraised", "archived")
_OPEN = sa.text("closed_at IS NULL")


def _open_index(name: str, *columns: str) -> sa.Index:
    return sa.Index(name, *columns, sqlite_where=_OPEN, postgresql_where=_OPEN)


class Case(Placed, db.Model):
    """A case, from the first report to the archive.

    ``level`` and ``owner_unit_id`` say whose it is now; ``handler_unit_id`` who works on it. The one who handled it is
    never the one who checked it, nor the one who asked the reporter: the table refuses such a row.
    """

    __tablename__ = "cases"
    __table_args__ = (
        _one_of("state", CaseState),
        _one_of("level", LADDER),
        _one_of("source", Source),
        _one_of("confidentiality", Confidentiality),
        _one_of("result_kind", ResultKind),
        _one_of("verdict", Verdict),
        _one_of("verdict_by", VerdictBy),
        _one_of("verdict_channel", Channel),
        _one_of("term_phase", Phase),
        _one_of("term_unit", TERM_UNITS),
        _check("closed", f"(state IN ({_listed(CLOSED)})) = (closed_at IS NOT NULL)"),
        _check("archived", "(state = 'archived') = (archived_at IS NOT NULL)"),
        _check("merged", "(state = 'merged') = (merged_into_id IS NOT NULL)"),
        _check("merged_from", "(state = 'merged') = (state_before IS NOT NULL)"),
        _check("not_into_itself", "merged_into_id <> id"),
        _check("handler", f"state NOT IN ({_listed(_HANDED_OUT)}) OR handler_unit_id IS NOT NULL"),
        _check(
            "result",
            f"state NOT IN ({_listed(_WITH_RESULT)}) OR "
            "(handled_by_id IS NOT NULL AND result_kind IS NOT NULL AND result_text <> '')",
        ),
        _check("checked", f"state NOT IN ({_listed(_CHECKED)}) OR checked_by_id IS NOT NULL"),
        _check("handler_is_not_checker", "handled_by_id <> checked_by_id"),
        _check("handler_is_not_caller", "handled_by_id <> caller_id"),
        _check("checker_is_not_caller", "checked_by_id <> caller_id"),
        _check(
            "verdict_whole",
            "(verdict IS NULL) = (verdict_by IS NULL) AND (verdict IS NULL) = (verdict_channel IS NULL) "
            "AND (verdict IS NULL) = (verdict_at IS NULL)",
        ),
        _check(
            "verdict_caller", "(verdict_by IS NOT NULL AND verdict_by = 'caller') = (caller_id IS NOT NULL)"
        ),
        _check("appraised", "state NOT IN ('appraised', 'archived') OR verdict IS NOT NULL"),
        # Who left no phone can't be called, and answers by the code or not at all.
        _check(
            "tries",
            f"verdict <> 'no_response' OR contact_tries >= {LIMITS.contact_tries} OR reporter_phone_hash IS NULL",
        ),
        _check("suspended", "(state = 'suspended') = (suspended_until IS NOT NULL)"),
        _check(
            "suspended_whole",
            "suspended_until IS NULL OR (suspended_reason <> '' AND suspended_at IS NOT NULL)",
        ),
        _check("due", "closed_at IS NOT NULL OR due_at IS NOT NULL"),
        _check(
            "anonymous",
            "confidentiality <> 'anonymous' OR (reporter_name IS NULL AND reporter_phone IS NULL "
            "AND reporter_door IS NULL AND reporter_phone_hash IS NULL)",
        ),
        _check("reported_side", "(against_unit_id IS NULL) OR (confidentiality = 'report')"),
        _check("reported_side_owner", "against_unit_id <> owner_unit_id"),
        _check("reported_side_handler", "against_unit_id <> handler_unit_id"),
        _check("report_alone", "confidentiality <> 'report' OR state <> 'merged'"),
        _check("returns", f"returns BETWEEN 0 AND {LIMITS.returns}"),
        _check("reopens", f"reopen_count BETWEEN 0 AND {LIMITS.reopens}"),
        _check("reworks", f"rework_count BETWEEN 0 AND {LIMITS.reworks}"),
        *(
            index
            for level in ("street", "community", "grid", "building")
            for index in (
                _open_index(f"ix_cases_{level}_open", f"{level}_id", "due_at", "id"),
                sa.Index(f"ix_cases_{level}_all", f"{level}_id", "registered_at", "id"),
            )
        ),
        _open_index("ix_cases_owner_open", "owner_unit_id", "due_at", "id"),
        _open_index("ix_cases_handler_open", "handler_unit_id", "due_at", "id"),
        sa.Index("ix_cases_handler_all", "handler_unit_id", "registered_at", "id"),
        _open_index("ix_cases_due", "due_at"),
        sa.Index("ix_cases_duplicates", "grid_id", "category", "registered_at"),
        sa.Index("ix_cases_merged_into", "merged_into_id"),
        sa.Index("ix_cases_phone", "reporter_phone_hash"),
        sa.Index("ix_cases_all", "registered_at", "id"),  # of the whole district
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(Code, unique=True)
    tracking_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    tracking_code: Mapped[str] = mapped_column(EncryptedText, deferred=True)  # few pages show it
    version: Mapped[int] = mapped_column(default=1)

    category: Mapped[str] = mapped_column(sa.ForeignKey("case_categories.key"))
    title: Mapped[str]
    what: Mapped[str] = mapped_column(sa.Text)
    place_text: Mapped[str] = mapped_column(default="")
    source: Mapped[str]
    confidentiality: Mapped[str] = mapped_column(default=Confidentiality.NORMAL)
    against_unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))  # 举报: the side reported
    urgent: Mapped[bool] = mapped_column(default=False)
    key_small_matter: Mapped[bool] = mapped_column(default=False)

    reporter_name: Mapped[str | None] = mapped_column(EncryptedText)
    reporter_phone: Mapped[str | None] = mapped_column(EncryptedText)
    reporter_door: Mapped[str | None] = mapped_column(EncryptedText)
    reporter_phone_hash: Mapped[str | None] = mapped_column(sa.String(64))
    registered_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))  # None: a resident
    registered_at: Mapped[datetime] = mapped_column(UTCDateTime)

    state: Mapped[str] = mapped_column(default=CaseState.REGISTERED)
    level: Mapped[str]
    owner_unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    came_from_unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))  # who handed it up last
    came_from_level: Mapped[str | None]
    returned_down: Mapped[bool] = mapped_column(default=False)
    overdue_stepped_level: Mapped[str | None]  # the highest level that it left by itself for being overdue

    handler_unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    assigned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    returns: Mapped[int] = mapped_column(default=0)
    ruled: Mapped[bool] = mapped_column(default=False)  # after two returns the level above ruled: no third

    handled_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    result_kind: Mapped[str | None]
    result_text: Mapped[str] = mapped_column(sa.Text, default="")
    result_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checked_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    rework_count: Mapped[int] = mapped_column(default=0)

    verdict: Mapped[str | None]
    verdict_by: Mapped[str | None]
    verdict_channel: Mapped[str | None]
    verdict_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    verdict_note: Mapped[str] = mapped_column(sa.Text, default="")
    caller_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    contact_tries: Mapped[int] = mapped_column(default=0)
    reopen_count: Mapped[int] = mapped_column(default=0)

    merged_into_id: Mapped[int | None] = mapped_column(sa.ForeignKey("cases.id"))
    state_before: Mapped[str | None]  # where it stood when it was merged

    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_explained: Mapped[str] = mapped_column(default="")
    due_warning: Mapped[str] = mapped_column(default="")
    term_phase: Mapped[str] = mapped_column(default=Phase.ACCEPT)
    term_amount: Mapped[int | None]
    term_unit: Mapped[str | None]
    term_rule_id: Mapped[int | None] = mapped_column(sa.ForeignKey("term_rules.id"))
    term_started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    suspended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    suspended_until: Mapped[date | None]
    suspended_reason: Mapped[str] = mapped_column(default="")
    suspended_due_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime
    )  # the deadline that was interrupted

    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    has_merged: ClassVar[MappedSQLExpression[bool]]  # whether others joined this case


_joined = Case.__table__.alias("joined")
Case.has_merged = column_property(
    sa.exists().where(_joined.c.merged_into_id == Case.id), expire_on_flush=False
)


class CaseEvent(db.Model):
    """One line of a case's timeline; never changed, never deleted. The sentence is made from it when it is read."""

    __tablename__ = "case_events"
    __table_args__ = (sa.Index("ix_case_events_case", "case_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("cases.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    action: Mapped[str]
    from_state: Mapped[str] = mapped_column(default="")
    to_state: Mapped[str]
    level: Mapped[str]  # after the action
    person_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    post: Mapped[str]  # a post, or "resident", "system"
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    note: Mapped[str] = mapped_column(sa.Text, default="")
    data: Mapped[dict[str, object]] = mapped_column(Json, default=dict)


append_only(CaseEvent.__table__)

_UNDECIDED = sa.text("decided_at IS NULL AND lapsed_at IS NULL")


class CaseRequest(db.Model):
    """A request that needs somebody else's approval. Nobody decides their own; only one is open at a time."""

    __tablename__ = "case_requests"
    __table_args__ = (
        _one_of("kind", RequestKind),
        _one_of("reason_kind", ReasonKind),
        _one_of("level", LADDER),
        _check(
            "decided_whole",
            "(decided_at IS NULL) = (decided_by_id IS NULL) AND (decided_at IS NULL) = (approved IS NULL)",
        ),
        _check("decided_or_lapsed", "decided_at IS NULL OR lapsed_at IS NULL"),
        _check("asker_does_not_decide", "asked_by_id <> decided_by_id"),
        _check("escalation_reason", "(kind = 'escalate') = (reason_kind IS NOT NULL)"),
        _check("extension_days", "(kind = 'extend') = (workdays IS NOT NULL)"),
        sa.Index(
            "uq_case_requests_open",
            "case_id",
            unique=True,
            sqlite_where=_UNDECIDED,
            postgresql_where=_UNDECIDED,
        ),
        sa.Index(
            "ix_case_requests_waiting",
            "deciding_unit_id",
            "asked_at",
            sqlite_where=_UNDECIDED,
            postgresql_where=_UNDECIDED,
        ),
        sa.Index("ix_case_requests_case", "case_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("cases.id"))
    kind: Mapped[str]
    level: Mapped[str]  # of the case when it was asked
    reason_kind: Mapped[str | None]
    reason: Mapped[str] = mapped_column(sa.Text)
    channel_text: Mapped[str] = mapped_column(default="")  # redirect: where to turn
    workdays: Mapped[int | None]  # extend: how many more
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    asked_unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deciding_unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("persons.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    approved: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(sa.Text, default="")
    lapsed_at: Mapped[datetime | None] = mapped_column(
        UTCDateTime
    )  # the case moved on before anybody decided


class CaseParty(db.Model):
    """A participant called together over a case: a unit of the directory, or somebody named in free text."""

    __tablename__ = "case_parties"
    __table_args__ = (sa.Index("ix_case_parties_case", "case_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("cases.id"))
    unit_id: Mapped[int | None] = mapped_column(sa.ForeignKey("units.id"))
    name: Mapped[str]
    called_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ContactTry(db.Model):
    """A failed attempt to reach the reporter."""

    __tablename__ = "contact_tries"
    __table_args__ = (_one_of("channel", Channel), sa.Index("ix_contact_tries_case", "case_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(sa.ForeignKey("cases.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    channel: Mapped[str]
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("persons.id"))
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    note: Mapped[str] = mapped_column(default="")
