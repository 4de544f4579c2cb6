"""What one can ask about points. Each returns only what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from webapp.directory.models import Person, Station, Unit
from webapp.directory.posts import Permission
from webapp.directory.scope import place_of, within
from webapp.extensions import db
from webapp.foundation import clock, codes
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import Page, keyset
from webapp.points.eligibility import add_months
from webapp.points.models import (
    EntryKind,
    EntryStatus,
    ObjectionState,
    PointEntry,
    PointObjection,
    PointRule,
    Redemption,
    RedemptionState,
    Reward,
    StockMovement,
)
from webapp.points.permissions import serves_station

RECENT = 10  # handed out by this clerk, on the desk's page
ENTRY_COLUMNS = (
    PointEntry.id, PointEntry.at, PointEntry.kind, PointEntry.title, PointEntry.amount, PointEntry.status,
    PointEntry.reason, PointEntry.answer, PointEntry.earned_on,
)
REWARD_COLUMNS = (
    Reward.id, Reward.name, Reward.kind, Reward.cost, Reward.picture, Reward.on_shelf, Reward.quarter_limit,
    Reward.retired_at,
)


# Entries


def entries_page(person_id: int, cursor: str = "") -> Page[Any]:
    """The person's entries, the newest first."""
    return keyset(
        sa.select(*ENTRY_COLUMNS).where(PointEntry.person_id == person_id), [PointEntry.at, PointEntry.id], cursor
    )


def waiting_points(person_id: int) -> int:
    """Points proposed for the person that nobody has reviewed yet."""
    total = sa.func.coalesce(sa.func.sum(PointEntry.amount), 0)
    waiting = sa.select(total).where(PointEntry.person_id == person_id, PointEntry.status == EntryStatus.PROPOSED)
    return int(db.session.scalar(waiting) or 0)


def entry_for(actor: Actor, entry_id: int) -> PointEntry:
    """One's own entry, or one that the actor reviews.

    Raises:
        NotFound: it is neither.
    """
    visible = PointEntry.person_id == actor.person_id
    if actor.can(Permission.POINTS_REVIEW):
        visible = sa.or_(visible, within(actor, PointEntry))
    return _one(sa.select(PointEntry).where(PointEntry.id == entry_id, visible))


def own_entry(actor: Actor, entry_id: int) -> PointEntry:
    """One's own entry.

    Raises:
        NotFound: it is another's.
    """
    mine = PointEntry.person_id == actor.person_id
    return _one(sa.select(PointEntry).where(PointEntry.id == entry_id, mine))


def entry_for_review(actor: Actor, entry_id: int) -> PointEntry:
    """An entry in the actor's scope.

    Raises:
        NotFound: it is not, or the post does not review.
    """
    if not actor.can(Permission.POINTS_REVIEW):
        raise NotFound
    return _one(sa.select(PointEntry).where(PointEntry.id == entry_id, within(actor, PointEntry)))


def is_reversed(entry_id: int) -> bool:
    """Whether a counter-entry has taken the entry back."""
    reversal = sa.exists().where(PointEntry.reverses_id == entry_id, PointEntry.kind == EntryKind.REVERSE)
    return bool(db.session.scalar(sa.select(reversal)))


def open_objection(entry_id: int) -> PointObjection | None:
    """The objection to the entry that is not settled."""
    still = (PointObjection.entry_id == entry_id, PointObjection.state == ObjectionState.OPEN)
    return db.session.scalars(sa.select(PointObjection).where(*still)).first()


def any_objection(entry_id: int, by: int) -> bool:
    """Whether an objection is open, or this person has raised one before."""
    mine_or_open = sa.or_(PointObjection.raised_by == by, PointObjection.state == ObjectionState.OPEN)
    return bool(db.session.scalar(sa.select(sa.exists().where(PointObjection.entry_id == entry_id, mine_or_open))))


def objections_to(entry_id: int) -> Sequence[Any]:
    """All objections to an entry, the oldest first, with the names of who raised and who settled them."""
    raiser, settler = aliased(Person), aliased(Person)
    columns = (
        PointObjection.reason, PointObjection.at, PointObjection.state, PointObjection.answer, PointObjection.settled_at,
        raiser.name.label("raised_by"), settler.name.label("settled_by"),
    )
    return db.session.execute(
        sa.select(*columns)
        .join(raiser, raiser.id == PointObjection.raised_by)
        .outerjoin(settler, settler.id == PointObjection.settled_by)
        .where(PointObjection.entry_id == entry_id)
        .order_by(PointObjection.id)
    ).all()


def sources_like(source_type: str, record_id: int) -> list[str]:
    """The source ids under which a record earned: the first, and those of its corrections ("17", "17/1")."""
    return list(
        db.session.scalars(
            sa.select(PointEntry.source_id)
            .where(
                PointEntry.source_type == source_type, PointEntry.kind == EntryKind.EARN,
                sa.or_(PointEntry.source_id == str(record_id), PointEntry.source_id.startswith(f"{record_id}/")),
            )
            .distinct()
        )
    )


# Review


def review_page(actor: Actor, which: str, cursor: str = "") -> Page[Any]:
    """Earnings in the actor's scope, the newest first: ``waiting`` for review, ``objections`` open, or ``all``."""
    query = _review_rows().where(within(actor, PointEntry))
    if which == "waiting":
        query = query.where(PointEntry.status == EntryStatus.PROPOSED)
    elif which == "objections":
        query = query.where(_has_open_objection())
    return keyset(query, [PointEntry.at, PointEntry.id], cursor)


def review_row(actor: Actor, entry_id: int) -> Any:
    """One row of ``review_page``.

    Raises:
        NotFound: not in the actor's scope.
    """
    row = db.session.execute(
        _review_rows().where(PointEntry.id == entry_id, within(actor, PointEntry))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


def decidable(actor: Actor) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """The two conditions under which an entry waits for this reviewer: as a proposal, or with an objection to settle."""
    me = actor.person_id
    others = (within(actor, PointEntry), PointEntry.person_id != me, _not(PointEntry.created_by, me))
    proposal = sa.and_(*others, PointEntry.status == EntryStatus.PROPOSED)
    objection = sa.and_(*others, _not(PointEntry.reviewed_by, me), _has_open_objection(not_by=me))
    return proposal, objection


def _not(column: Any, person_id: int) -> sa.ColumnElement[bool]:
    return sa.or_(column.is_(None), column != person_id)


def _has_open_objection(not_by: int | None = None) -> sa.ColumnElement[bool]:
    opened = sa.select(PointObjection.entry_id).where(PointObjection.state == ObjectionState.OPEN)
    if not_by is not None:
        opened = opened.where(PointObjection.raised_by != not_by)
    return PointEntry.id.in_(opened)


def _review_rows() -> sa.Select[Any]:
    creator = aliased(Person)
    return (
        sa.select(
            *ENTRY_COLUMNS, PointEntry.person_id, PointEntry.created_by, PointEntry.source_type, PointEntry.reviewed_by,
            Person.name.label("person_name"), Unit.short_name.label("unit_name"), creator.name.label("creator_name"),
            sa.exists()
            .where(PointObjection.entry_id == PointEntry.id, PointObjection.state == ObjectionState.OPEN)
            .label("disputed"),
        )
        .join(Person, Person.id == PointEntry.person_id)
        .outerjoin(Unit, Unit.id == sa.func.coalesce(PointEntry.grid_id, PointEntry.community_id, PointEntry.street_id))
        .outerjoin(creator, creator.id == PointEntry.created_by)
    )


# Rules


def rules_on(day: date, event: str = "") -> Sequence[PointRule]:
    """The rules in force on a day."""
    valid = (PointRule.valid_from <= day, sa.or_(PointRule.valid_to.is_(None), PointRule.valid_to >= day))
    query = sa.select(PointRule).where(*valid).order_by(PointRule.id)
    return db.session.scalars(query.where(PointRule.event == event) if event else query).all()


# Rewards


def shop_page(actor: Actor, kind: str = "", cursor: str = "") -> Page[Any]:
    """What is offered to the actor: by the own community, street and district; the newest first."""
    query = sa.select(*REWARD_COLUMNS).where(_offered_to(actor), Reward.retired_at.is_(None))
    return keyset(query.where(Reward.kind == kind) if kind else query, [Reward.id], cursor)


def reward_for(actor: Actor, reward_id: int) -> Any:
    """One reward that is offered to the actor, with where and when it is collected.

    Raises:
        NotFound: it is offered elsewhere.
    """
    row = db.session.execute(
        sa.select(
            *REWARD_COLUMNS, Reward.about, Reward.version, Station.name.label("station_name"), Station.address, Station.hours
        )
        .join(Station, Station.id == Reward.station_id)
        .where(Reward.id == reward_id, _offered_to(actor))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


def rewards_page(actor: Actor, cursor: str = "") -> Page[Any]:
    """The rewards of the actor's unit and below, with what is held of each; the newest first."""
    held = sa.select(sa.func.count()).where(
        Redemption.reward_id == Reward.id, Redemption.state == RedemptionState.REQUESTED
    )
    query = sa.select(*REWARD_COLUMNS, held.scalar_subquery().label("held"), Unit.short_name.label("unit_name"))
    return keyset(query.join(Unit, Unit.id == Reward.unit_id).where(within(actor, Reward)), [Reward.id], cursor)


def reward_managed_by(actor: Actor, reward_id: int) -> Reward:
    """A reward of the actor's unit or below.

    Raises:
        NotFound: it is another unit's.
    """
    return _one(sa.select(Reward).where(Reward.id == reward_id, within(actor, Reward)))


def movements_page(reward_id: int, cursor: str = "") -> Page[Any]:
    """What happened to a reward's stock, the newest first."""
    columns = (
        StockMovement.id, StockMovement.kind, StockMovement.amount, StockMovement.at, StockMovement.reason,
        Person.name.label("by_name"),
    )
    query = sa.select(*columns).outerjoin(Person, Person.id == StockMovement.by)
    return keyset(query.where(StockMovement.reward_id == reward_id), [StockMovement.id], cursor)


def stations_of(actor: Actor) -> Sequence[Any]:
    """Where rewards of the actor's unit can be collected: id and name."""
    return db.session.execute(
        sa.select(Station.id, Station.name).where(within(actor, Station), Station.retired_on.is_(None)).order_by(Station.id)
    ).all()


def _offered_to(actor: Actor) -> sa.ColumnElement[bool]:
    """Offered by the district, or by the street or community in which the actor's unit lies."""
    place = place_of(db.session.get_one(Unit, actor.unit_id))
    street, community = place["street_id"], place["community_id"]
    return sa.or_(
        Reward.street_id.is_(None),
        sa.and_(Reward.street_id == street, Reward.community_id.is_(None)),
        Reward.community_id == community,
    )


# Redemptions


def redemptions_page(person_id: int, cursor: str = "") -> Page[Any]:
    """The person's redemptions, the newest first."""
    columns = (
        Redemption.id, Redemption.requested_at, Redemption.code, Redemption.state, Redemption.cost, Redemption.expires_at,
        Redemption.settled_at, Reward.name.label("reward_name"), Station.name.label("station_name"),
    )
    query = sa.select(*columns).join(Reward, Reward.id == Redemption.reward_id).join(
        Station, Station.id == Redemption.station_id
    )
    mine = query.where(Redemption.person_id == person_id)
    return keyset(mine, [Redemption.requested_at, Redemption.id], cursor)


def redemption_for(actor: Actor, code: str) -> Redemption:
    """One's own redemption.

    Raises:
        NotFound: it is another's, or there is none.
    """
    mine = Redemption.person_id == actor.person_id
    return _one(sa.select(Redemption).where(Redemption.code == codes.normalise_code(code), mine))


def redemption_for_clerk(actor: Actor, code: str) -> Redemption:
    """The redemption behind a code, for a clerk who serves where it is collected.

    Raises:
        NotFound: no such code, or it is collected elsewhere.
    """
    found = db.session.execute(
        sa.select(Redemption, Unit)
        .join(Station, Station.id == Redemption.station_id)
        .join(Unit, Unit.id == Station.unit_id)
        .where(Redemption.code == codes.normalise_code(code))
    ).one_or_none()
    allowed = actor.can(Permission.REWARD_HAND_OUT)
    if found is None or not allowed or not serves_station(actor, found.Unit):
        raise NotFound("没有这个领取码，或者它不在您这里领取。请核对后再试。")
    redemption: Redemption = found.Redemption
    return redemption


def described(redemption: Redemption) -> Any:
    """What a page says of a redemption beside its own columns: reward, picture, station, receiver."""
    return db.session.execute(
        sa.select(
            Reward.name.label("reward_name"), Reward.picture, Reward.kind, Person.name.label("person_name"),
            Station.name.label("station_name"), Station.address, Station.hours,
        )
        .select_from(Redemption)
        .join(Reward, Reward.id == Redemption.reward_id)
        .join(Person, Person.id == Redemption.person_id)
        .join(Station, Station.id == Redemption.station_id)
        .where(Redemption.id == redemption.id)
    ).one()


def handed_out_by(actor: Actor) -> Sequence[Any]:
    """What this clerk has handed out lately."""
    return db.session.execute(
        sa.select(Redemption.id, Redemption.settled_at, Reward.name.label("reward_name"), Person.name.label("person_name"))
        .join(Reward, Reward.id == Redemption.reward_id)
        .join(Person, Person.id == Redemption.person_id)
        .where(Redemption.fulfilled_by == actor.person_id)
        .order_by(Redemption.settled_at.desc(), Redemption.id.desc())
        .limit(RECENT)
    ).all()


def redeemed_in_quarter(person_id: int, reward_id: int, now: datetime) -> int:
    """How many pieces the person has redeemed in the quarter of ``now`` and not given back."""
    day = clock.local(now).date()
    start = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    kept = Redemption.state.in_((RedemptionState.REQUESTED, RedemptionState.FULFILLED))
    query = sa.select(sa.func.count()).where(
        Redemption.person_id == person_id, Redemption.reward_id == reward_id, kept,
        Redemption.requested_at >= clock.at(start), Redemption.requested_at < clock.at(add_months(start, 3)),
    )
    return int(db.session.scalar(query) or 0)


def payment_of(redemption: Redemption) -> PointEntry:
    """The entry with which a redemption was paid."""
    return _one(
        sa.select(PointEntry).where(
            PointEntry.person_id == redemption.person_id, PointEntry.kind == EntryKind.REDEEM,
            PointEntry.source_type == "redemption", PointEntry.source_id == str(redemption.id),
        )
    )


# Statement


@dataclass(frozen=True)
class Statement:
    """An account from ``first`` to ``last``, both included: what there was, what happened, what there is."""

    first: date
    last: date
    opening: int
    closing: int
    rows: Sequence[Any]


def statement(person_id: int, first: date, last: date) -> Statement:
    """The account's statement; only entries that count."""
    counts = (PointEntry.person_id == person_id, PointEntry.status == EntryStatus.EFFECTIVE)
    start, end = clock.at(first), clock.at(date.fromordinal(last.toordinal() + 1))
    opening = db.session.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(PointEntry.amount), 0)).where(*counts, PointEntry.at < start)
    )
    rows = db.session.execute(
        sa.select(*ENTRY_COLUMNS)
        .where(*counts, PointEntry.at >= start, PointEntry.at < end)
        .order_by(PointEntry.at, PointEntry.id)
    ).all()
    return Statement(first, last, int(opening or 0), int(opening or 0) + sum(row.amount for row in rows), rows)


def _one(query: sa.Select[tuple[Any]]) -> Any:
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found
