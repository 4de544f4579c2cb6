"""One record of each kind of this room, and who may see it, for the access test of the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from tests.house.records import (
    GRID_WORKERS_OWN,
    IT_DEPENDS,
    MINE_AND_BELOW,
    UNIT_OF_PLACE,
    Argument,
    Kind,
    table,
)
from tests.points.helpers import At, give
from tests.support.world import World
from webapp.directory.models import Station, Unit
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock, codes
from webapp.foundation.db import transaction
from webapp.points import ledger, service
from webapp.points.models import PointEntry, Redemption, Reward, RuleEvent

# Rewards are a community's, a street's or the district's; here the community's in which the place lies.
COMMUNITY_OF_PLACE = {
    "own": "community", "sibling": "community", "cousin": "community2", "far": "community3", "parent": "community",
}  # fmt: skip


def reward(world: World, place: str) -> int:
    return _reward(world, world.units[COMMUNITY_OF_PLACE[place]], world.stations["center"])


def redemption(world: World, place: str) -> str | None:
    return _redemption(world, "grid_worker", "station") if place == "own" else None


def redemption_clerk(world: World, place: str) -> str:
    """Collected at a station of the place, by somebody who hands nothing out."""
    unit = world.units[{**UNIT_OF_PLACE, "own": "grid"}[place]]
    with transaction() as session:
        where = session.get_one(Unit, unit)
        at = Station(code=f"R{place}", kind="service_station", name=place, unit_id=unit, **place_of(where))
        session.add(at)
        session.flush()
        world.stations[f"redemption-{place}"] = at.id
    return _redemption(world, "committee_member", f"redemption-{place}")


def point_entry(world: World, place: str) -> int:
    with transaction():
        found = service.earn(
            RuleEvent.VISIT_LOGGED,
            person_id=world.people["committee_member"],
            source=("visit", f"access-{place}"),
            on=clock.today(),
            place=At(world.units[UNIT_OF_PLACE[place]]),
            actor=None,
        )
    return found[0].id


def point_entry_own(world: World, place: str) -> int | None:
    return give(world, "grid_worker", 1)[0].id if place == "own" else None


def _reward(world: World, unit_id: int, station_id: int) -> int:
    now = clock.now()
    with transaction() as session:
        row = Reward(
            unit_id=unit_id, name="示范大米", kind="goods", cost=1, picture="rice", on_shelf=0, station_id=station_id,
            created_at=now, changed_at=now, changed_by=world.people["community_staff"],
            **place_of(session.get_one(Unit, unit_id)),
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def _redemption(world: World, receiver: str, station: str) -> str:
    station_id = world.stations[station]
    reward_id = _reward(world, world.units["community"], station_id)
    now, person_id = clock.now(), world.people[receiver]
    with transaction() as session:
        ledger.lock_account(person_id)
        row = Redemption(
            code=codes.pickup_code(), reward_id=reward_id, person_id=person_id, cost=1, station_id=station_id,
            requested_at=now, expires_at=clock.at(clock.today().replace(year=clock.today().year + 1, day=1)),
        )  # fmt: skip
        session.add(row)
        session.flush()
        give(world, receiver, 1)
        lot = db.session.scalar(
            sa.select(sa.func.max(PointEntry.id)).where(PointEntry.person_id == person_id)
        )
        paid = ledger.post(person_id, "redeem", -1, "示范大米", ("redemption", row.id))
        ledger.take(paid, [ledger.Lot(lot or 0, 1, None, False)])
        return row.code


KINDS: dict[str, Kind] = {
    # The shop shows what the own community offers, and who serves it may redeem where points allow.
    "reward": Kind(
        reward,
        table(
            """
            building_leader      own sibling parent
            building_leader2     own sibling parent
            grid_worker          own sibling parent
            grid_worker1b        own sibling parent
            grid_worker2         own sibling parent
            branch_secretary     own sibling parent
            branch_secretary2    own sibling parent
            volunteer            own sibling parent
            volunteer1b          own sibling parent
            volunteer2           cousin
            committee_member     own sibling parent
            committee_member2    cousin
            """
        ),
        acts={"points.redeem": IT_DEPENDS},
    ),
    "reward_managed": Kind(
        reward,
        table(
            """
            community_staff      own sibling parent
            community_staff1b    own sibling parent
            community_staff2     cousin
            community_secretary  own sibling parent
            community_secretary2 cousin
            street_staff         own sibling cousin parent
            street_staff1b       own sibling cousin parent
            street_staff2        far
            district_admin       own sibling cousin far parent
            """
        ),
    ),
    "redemption": Kind(redemption, GRID_WORKERS_OWN),
    # A clerk serves at stations of the own unit, above it and below it.
    "redemption_clerk": Kind(
        redemption_clerk,
        table(
            """
            grid_worker          own parent
            grid_worker1b        own parent
            grid_worker2         sibling parent
            community_staff      own sibling parent
            community_staff1b    own sibling parent
            community_staff2     cousin
            community_secretary  own sibling parent
            community_secretary2 cousin
            """
        ),
    ),
    "point_entry": Kind(point_entry, MINE_AND_BELOW, acts={"points.answer": IT_DEPENDS}),
    "point_entry_own": Kind(point_entry_own, GRID_WORKERS_OWN, acts={"points.object_to": IT_DEPENDS}),
}
CHOICES: Mapping[str, Sequence[Argument]] = {
    "points.answer.verb": ("approve", "reject", "reverse", "object", "uphold", "dismiss"),
}
