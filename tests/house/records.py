"""One record of each kind, and who may see it: written by hand from the rules, apart from the app's own code.

A view that loads a record says so: ``@may(Permission.CASE_READ, record="case")``. For each such kind stands here how to
make one at a place, and a table of who sees it there. A new kind fails the access test until it is entered. A view
without ``@may`` that takes an argument counts as a kind under its endpoint's name ("accounts.end_login").

The places, seen from the slice of the world that the people without a number serve:

    own      in the building (where the kind lies no deeper than grids: in the grid) that the slice serves
    sibling  in another grid of the same community
    cousin   in a grid of another community of the same street
    far      in another street
    parent   at the community itself, above all grids
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from tests.support.world import PEOPLE, World
from webapp.directory.models import Appointment, Station, Unit
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation.db import transaction

PLACES = ("own", "sibling", "cousin", "far", "parent")
# Where a record of a kind that may lie anywhere is put.
UNIT_OF_PLACE = {
    "own": "building",
    "sibling": "grid2",
    "cousin": "grid3",
    "far": "grid4",
    "parent": "community",
}
GRID_OF_PLACE = {"own": "grid", "sibling": "grid2", "cousin": "grid3", "far": "grid4"}

Argument = str | int
Arguments = Argument | Mapping[str, Argument] | None
Sees = Mapping[str, frozenset[str]]


def table(text: str) -> Sees:
    """Who sees which places, one person a line; who has no line sees none."""
    rows = {}
    for line in text.strip().splitlines():
        person, *places = line.split()
        assert person in PEOPLE, person
        assert set(places) <= set(PLACES), line
        rows[person] = frozenset(places)
    return {person: rows.get(person, frozenset()) for person in PEOPLE}


# Design section 1: rights follow the place a person serves, "mine and all below".
MINE_AND_BELOW = table(
    """
    building_leader      own
    grid_worker          own
    grid_worker1b        own
    grid_worker2         sibling
    branch_secretary     own
    branch_secretary2    sibling
    community_staff      own sibling parent
    community_staff1b    own sibling parent
    community_staff2     cousin
    community_secretary  own sibling parent
    community_secretary2 cousin
    street_staff         own sibling cousin parent
    street_staff1b       own sibling cousin parent
    street_staff2        far
    district_admin       own sibling cousin far parent
    auditor              own sibling cousin parent
    auditor2             far
    volunteer            own
    volunteer1b          own
    volunteer2           cousin
    """
)
# The same for what lies no deeper than a grid: a 楼栋长 serves a building and is not above it.
MINE_AND_BELOW_BY_GRID = {**MINE_AND_BELOW, "building_leader": frozenset()}
# One's own things: the record belongs to the person named.
GRID_WORKERS_OWN = table("grid_worker own")
VOLUNTEERS_OWN = table("volunteer own")
# A post or a page that anybody may see.
EVERYBODY = {person: frozenset(PLACES) for person in PEOPLE}
# For ``acts``: whoever sees it may be refused with a reason; the room's own tests say who is.
IT_DEPENDS: Sees = {}


@dataclass(frozen=True)
class Kind:
    """How to make a record and what is expected of those who come to it.

    ``load(world, place)`` makes one and returns its argument in the address (a mapping if there are several), or None
    if the kind has no such place. ``acts`` says who may use an endpoint (or any view under a permission) that changes
    it, where that is not everybody who sees it.
    """

    load: Callable[[World, str], Arguments]
    sees: Sees = field(default_factory=lambda: MINE_AND_BELOW)
    acts: Mapping[str, Sees] = field(default_factory=dict)


def unit(world: World, place: str) -> str:
    return db.session.get_one(Unit, world.units[UNIT_OF_PLACE[place]]).code


def station(world: World, place: str) -> str:
    with transaction() as session:
        where = session.get_one(Unit, world.units[UNIT_OF_PLACE[place]])
        code = f"H{place.upper()}"
        session.add(
            Station(
                code=code, kind="opinion_collection_point", name=place, unit_id=where.id, **place_of(where)
            )
        )
        return code


# The register shows a person where they serve; a person serves at each of the places.
PERSON_OF_PLACE = {
    "own": "building_leader", "sibling": "grid_worker2", "cousin": "volunteer2", "far": "street_staff2",
    "parent": "community_staff",
}  # fmt: skip


def person(world: World, place: str) -> int:
    return world.people[PERSON_OF_PLACE[place]]


def appointment(world: World, place: str) -> int:
    found = db.session.scalar(sa.select(Appointment.id).where(Appointment.person_id == person(world, place)))
    assert found is not None
    return found


def login(world: World, place: str) -> int | None:
    from webapp.accounts.models import LoginSession

    if place != "own":
        return None
    world.token("grid_worker")
    mine = LoginSession.account_id == world.account_id("grid_worker")
    return db.session.scalar(sa.select(sa.func.max(LoginSession.id)).where(mine))


KINDS: dict[str, Kind] = {
    "unit": Kind(unit),
    # A station of a unit above mine is mine to know, too: that is where I send people.
    "station": Kind(
        station,
        table(
            """
            building_leader      own parent
            building_leader2     parent
            grid_worker          own parent
            grid_worker1b        own parent
            grid_worker2         sibling parent
            branch_secretary     own parent
            branch_secretary2    sibling parent
            community_staff      own sibling parent
            community_staff1b    own sibling parent
            community_staff2     cousin
            community_secretary  own sibling parent
            community_secretary2 cousin
            street_staff         own sibling cousin parent
            street_staff1b       own sibling cousin parent
            street_staff2        far
            district_admin       own sibling cousin far parent
            auditor              own sibling cousin parent
            auditor2             far
            """
        ),
    ),
    "person": Kind(person),
    "appointment": Kind(appointment),
    "accounts.end_login": Kind(login, GRID_WORKERS_OWN),
}

# Arguments of an address that name no record, with the values to try; under the argument's name, or under
# "endpoint.argument" where the name means something else elsewhere.
CHOICES: dict[str, Sequence[Argument]] = {}
# What stands after the question mark where a page can't do without, by endpoint.
QUERIES: dict[str, Mapping[str, str]] = {"offline.status": {"device": "7b0f4e6a-1111-4a4a-9c9c-000000000003"}}
