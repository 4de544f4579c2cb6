"""What one can ask about rewards and redemptions. Each returns only what the actor may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa

from webapp.directory.models import Person, Unit
from webapp.directory.posts import Permission
from webapp.directory.scope import place_of, within
from webapp.extensions import db
from webapp.foundation import clock, codes
from webapp.foundation.access import Actor
from webapp.foundation.db import AnyRow
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.points.eligibility import add_months
from webapp.points.models import (
    UNCOLLECTED,
    EntryKind,
    PointEntry,
    Redemption,
    RedemptionState,
    Reward,
    StockMovement,
)
from webapp.points.permissions import serves_station
from webapp.stations.models import Station

T = TypeVar("T")
RECENT = 10  # handed out by this clerk, on the desk's page
REWARD_COLUMNS = (
    Reward.id,
    Reward.name,
    Reward.kind,
    Reward.cost,
    Reward.picture,
    Reward.on_shelf,
    Reward.quarter_limit,
    Reward.retired_on,
)
RewardRow: TypeAlias = sa.Row[int, str, str, int, str, int, int | None, date | None]
MovementRow: TypeAlias = sa.Row[int, str, int, datetime, str, str | None]
RedemptionRow: TypeAlias = sa.Row[int, datetime, str, str, int, datetime, datetime | None, str, str]


# Rewards


def shop_page(actor: Actor, kind: str = "", cursor: str = "") -> Page[RewardRow]:
    """What is offered to the actor: by the own community, street and district; the newest first."""
    query = sa.select(*REWARD_COLUMNS).where(_offered_to(actor), Reward.retired_on.is_(None))
    return keyset(query.where(Reward.kind == kind) if kind else query, [Reward.id], cursor)


def reward_for(actor: Actor, reward_id: int) -> Any:
    """One reward that is offered to the actor, with where and when it is collected.

    Raises:
        NotFound: it is offered elsewhere.
    """
    row = db.session.execute(
        sa.select(
            *REWARD_COLUMNS,
            Reward.about,
            Reward.version,
            Station.name.label("station_name"),
            Station.address,
            Station.hours,
        )
        .join(Station, Station.id == Reward.station_id)
        .where(Reward.id == reward_id, _offered_to(actor))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row


def rewards_page(actor: Actor, cursor: str = "", size: int = PAGE_SIZE) -> Page[AnyRow]:
    """The rewards of the actor's unit and below, with what is held of each; the newest first."""
    held = sa.select(sa.func.count()).where(Redemption.reward_id == Reward.id, UNCOLLECTED)
    query = sa.select(
        *REWARD_COLUMNS,
        held.scalar_subquery().label("held"),
        Reward.unit_id,
        Unit.short_name.label("unit_name"),
    )
    return keyset(
        query.join(Unit, Unit.id == Reward.unit_id).where(within(actor, Reward)), [Reward.id], cursor, size
    )


def reward_managed_by(actor: Actor, reward_id: int) -> Reward:
    """A reward of the actor's unit or below.

    Raises:
        NotFound: it is another unit's.
    """
    return _one(sa.select(Reward).where(Reward.id == reward_id, within(actor, Reward)))


def movements_page(reward_id: int, cursor: str = "", size: int = PAGE_SIZE) -> Page[MovementRow]:
    """What happened to a reward's stock, the newest first."""
    columns = (
        StockMovement.id,
        StockMovement.kind,
        StockMovement.amount,
        StockMovement.at,
        StockMovement.reason,
        Person.name.label("by_name"),
    )
    query = sa.select(*columns).outerjoin(Person, Person.id == StockMovement.by_id)
    return keyset(query.where(StockMovement.reward_id == reward_id), [StockMovement.id], cursor, size)


def stations_of(actor: Actor) -> Sequence[sa.Row[int, str]]:
    """Where rewards of the actor's unit can be collected: id and name."""
    return db.session.execute(
        sa.select(Station.id, Station.name)
        .where(within(actor, Station), Station.retired_on.is_(None))
        .order_by(Station.id)
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


def redemptions_page(person_id: int, cursor: str = "", size: int = PAGE_SIZE) -> Page[RedemptionRow]:
    """The person's redemptions, the newest first."""
    columns = (
        Redemption.id,
        Redemption.requested_at,
        Redemption.code,
        Redemption.state,
        Redemption.cost,
        Redemption.expires_at,
        Redemption.settled_at,
        Reward.name.label("reward_name"),
        Station.name.label("station_name"),
    )
    query = (
        sa.select(*columns)
        .join(Reward, Reward.id == Redemption.reward_id)
        .join(Station, Station.id == Redemption.station_id)
    )
    mine = query.where(Redemption.person_id == person_id)
    return keyset(mine, [Redemption.requested_at, Redemption.id], cursor, size)


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


def described(redemption: Redemption) -> sa.Row[str, str, str, str, str, str, str]:
    """What a page says of a redemption beside its own columns: reward, picture, station, receiver."""
    return db.session.execute(
        sa.select(
            Reward.name.label("reward_name"),
            Reward.picture,
            Reward.kind,
            Person.name.label("person_name"),
            Station.name.label("station_name"),
            Station.address,
            Station.hours,
        )
        .select_from(Redemption)
        .join(Reward, Reward.id == Redemption.reward_id)
        .join(Person, Person.id == Redemption.person_id)
        .join(Station, Station.id == Redemption.station_id)
        .where(Redemption.id == redemption.id)
    ).one()


def handed_out_by(actor: Actor) -> Sequence[sa.Row[int, datetime | None, str, str]]:
    """What this clerk has handed out lately."""
    return db.session.execute(
        sa.select(
            Redemption.id,
            Redemption.settled_at,
            Reward.name.label("reward_name"),
            Person.name.label("person_name"),
        )
        .join(Reward, Reward.id == Redemption.reward_id)
        .join(Person, Person.id == Redemption.person_id)
        .where(Redemption.fulfilled_by_id == actor.person_id)
        .order_by(Redemption.settled_at.desc(), Redemption.id.desc())
        .limit(RECENT)
    ).all()


def redeemed_in_quarter(person_id: int, reward_id: int, now: datetime) -> int:
    """How many pieces the person has redeemed in the quarter of ``now`` and not given back."""
    day = clock.local(now).date()
    start = date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    kept = Redemption.state.in_((RedemptionState.REQUESTED, RedemptionState.FULFILLED))
    query = sa.select(sa.func.count()).where(
        Redemption.person_id == person_id,
        Redemption.reward_id == reward_id,
        kept,
        Redemption.requested_at >= clock.at(start),
        Redemption.requested_at < clock.at(add_months(start, 3)),
    )
    return int(db.session.scalar(query) or 0)


def payment_of(redemption: Redemption) -> PointEntry:
    """The entry with which a redemption was paid."""
    return _one(
        sa.select(PointEntry).where(
            PointEntry.person_id == redemption.person_id,
            PointEntry.kind == EntryKind.REDEEM,
            PointEntry.source_type == "redemption",
            PointEntry.source_id == str(redemption.id),
        )
    )


def _one(query: sa.Select[T]) -> T:
    found = db.session.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found
