"""The small world that tests live in: two streets, three communities, four grids, and a person for every post.

The first of each kind forms one connected slice (the worker's grid lies in the staff's community, and so on); a second
stands beside it (sibling), so that "mine" and "my neighbour's" can both be tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from webapp.accounts import service as accounts
from webapp.accounts.models import Account
from webapp.accounts.session import load_actor
from webapp.commands import seed_defaults
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import Level, Post
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock, private
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.networks.models import Branch, Committee, PropertyCompany, PropertyContract, Seat
from webapp.stations.models import Station

PASSWORD = "a-walk-in-the-park"


@dataclass
class World:
    """Ids of what there is, by name: ``units["grid"]``, ``stations["station"]``, ``people["grid_worker"]``.

    A name with a 2 is the sibling; with a 3, farther off (another street). ``people`` with ``_ended``: the appointment
    ended yesterday.
    """

    units: dict[str, int] = field(default_factory=dict)
    stations: dict[str, int] = field(default_factory=dict)
    people: dict[str, int] = field(default_factory=dict)

    def actor(self, name: str) -> Actor:
        """The actor that a request of this person would have."""
        actor = load_actor(self.token(name), clock.now())
        assert actor is not None, f"{name} has no appointment in force"
        return actor

    def token(self, name: str) -> str:
        """Log this person in, and return the session's token."""
        return accounts.open_session(self.account_id(name), trusted=True, device="test")

    def account_id(self, name: str) -> int:
        """The account of this person."""
        found = db.session.scalar(db.select(Account.id).where(Account.person_id == self.people[name]))
        assert found is not None
        return found


SINCE = date(2025, 1, 1)  # everybody serves since then: some tests go back to days of 2026
# name of unit → (level, parent, short name)
UNITS = {
    "district": (Level.DISTRICT, None, "示范区"),
    "street": (Level.STREET, "district", "示范街道一"),
    "street2": (Level.STREET, "district", "示范街道二"),
    "community": (Level.COMMUNITY, "street", "示范社区一"),
    "community2": (Level.COMMUNITY, "street", "示范社区二"),
    "community3": (Level.COMMUNITY, "street2", "示范社区三"),
    "grid": (Level.GRID, "community", "示范小区01"),
    "grid2": (Level.GRID, "community", "示范小区02"),
    "grid3": (Level.GRID, "community2", "示范小区03"),
    "grid4": (Level.GRID, "community3", "示范小区04"),
    "building": (Level.BUILDING, "grid", "示范小区01 1栋"),
    "building2": (Level.BUILDING, "grid", "示范小区01 2栋"),
    "company": (Level.COMPANY, "district", "示范物业一"),
    "company2": (Level.COMPANY, "district", "示范物业二"),
    "department": (Level.DEPARTMENT, "district", "示范城管大队"),
}
# person → (post, unit); a second person of a kind serves a sibling unit
PEOPLE = {
    "building_leader": (Post.BUILDING_LEADER, "building"),
    "building_leader2": (Post.BUILDING_LEADER, "building2"),
    "grid_worker": (Post.GRID_WORKER, "grid"),
    "grid_worker1b": (Post.GRID_WORKER, "grid"),
    "grid_worker2": (Post.GRID_WORKER, "grid2"),
    "branch_secretary": (Post.BRANCH_SECRETARY, "grid"),
    "branch_secretary2": (Post.BRANCH_SECRETARY, "grid2"),
    "community_staff": (Post.COMMUNITY_STAFF, "community"),
    "community_staff1b": (Post.COMMUNITY_STAFF, "community"),
    "community_staff2": (Post.COMMUNITY_STAFF, "community2"),
    "community_secretary": (Post.COMMUNITY_SECRETARY, "community"),
    "community_secretary2": (Post.COMMUNITY_SECRETARY, "community2"),
    "street_staff": (Post.STREET_STAFF, "street"),
    "street_staff1b": (Post.STREET_STAFF, "street"),
    "street_staff2": (Post.STREET_STAFF, "street2"),
    "district_admin": (Post.DISTRICT_ADMIN, "district"),
    "auditor": (Post.AUDITOR, "street"),
    "auditor2": (Post.AUDITOR, "street2"),
    "handler": (Post.HANDLER, "company"),
    "handler1b": (Post.HANDLER, "company"),
    "handler2": (Post.HANDLER, "company2"),
    "volunteer": (Post.VOLUNTEER, "grid"),
    "volunteer1b": (Post.VOLUNTEER, "grid"),
    "volunteer2": (Post.VOLUNTEER, "grid3"),
    "committee_member": (Post.COMMITTEE_MEMBER, "grid"),
    "committee_member2": (Post.COMMITTEE_MEMBER, "grid3"),
}
ENDED = {
    f"{post}_ended": (Post(post), unit)
    for post, unit in [(name, unit) for name, (_, unit) in PEOPLE.items() if name in set(Post)]
}
STATIONS = {
    "center": ("service_center", "community"),
    "station": ("service_station", "grid"),
    "station2": ("service_station", "grid3"),
}
SEATS = [
    ("branch_secretary", "branch"),
    ("grid_worker", "branch"),
    ("committee_member", "committee"),
    ("committee_member2", "committee"),
]


def build_world() -> World:
    """Write the world into the empty database and return its ids."""
    world = World()
    seed_defaults()
    password = accounts.hasher().hash(PASSWORD)
    with transaction() as session:
        units: dict[str, Unit] = {}
        for number, (name, (level, parent, short)) in enumerate(UNITS.items(), start=1):
            units[name] = _unit(name, level, units.get(parent or ""), short, number)
            session.add(units[name])
            session.flush()
            world.units[name] = units[name].id
        today = clock.today()
        for number, (name, (post, unit)) in enumerate({**PEOPLE, **ENDED}.items(), start=1):
            phone = f"139000{number:05d}"
            person = Person(
                name=f"测试{chr(0x7532 + number)}{number}",
                phone=phone,
                phone_hash=private.keyed_hash(phone),
                is_serving_party_member=name.startswith("volunteer"),
                is_party_member=name.startswith("volunteer"),
            )
            session.add(person)
            session.flush()
            world.people[name] = person.id
            ends = today - timedelta(days=1) if name.endswith("_ended") else None
            session.add(
                Appointment(
                    person_id=person.id,
                    post=post,
                    unit_id=units[unit].id,
                    starts_on=SINCE,
                    ends_on=ends,
                )
            )
            session.add(Account(person_id=person.id, username=name, password_hash=password))
        for number, (name, (kind, unit)) in enumerate(STATIONS.items(), start=1):
            station = Station(
                code=f"S{number:05d}",
                kind=kind,
                name=f"{units[unit].short_name}服务站",
                unit_id=units[unit].id,
                address="示范路1号",
                hours="周一至周五 9:00—17:00",
                phone="0561-0000000",
                **place_of(units[unit]),
            )
            session.add(station)
            session.flush()
            world.stations[name] = station.id
        _bodies(world, units, today)
    return world


def _unit(name: str, level: Level, parent: Unit | None, short: str, number: int) -> Unit:
    code = f"9{number:04d}"
    return Unit(
        code=code,
        level=level,
        name=short,
        short_name=short,
        path=f"{parent.path if parent else ''}{code}/",
        parent_id=parent.id if parent else None,
        street_id=parent.id
        if parent and parent.level == Level.STREET
        else parent.street_id
        if parent
        else None,
        community_id=parent.id
        if parent and parent.level == Level.COMMUNITY
        else parent.community_id
        if parent
        else None,
        grid_id=parent.id if parent and parent.level == Level.GRID else parent.grid_id if parent else None,
    )


def _bodies(world: World, units: dict[str, Unit], today: date) -> None:
    for name in ("grid", "grid2", "grid3", "grid4"):
        unit = units[name]
        db.session.add(Branch(unit_id=unit.id, name=f"{unit.short_name}党支部"))
        db.session.add(
            Committee(
                unit_id=unit.id,
                kind="owners_committee",
                is_red=True,
                name=f"{unit.short_name}业主委员会",
                term_start=today - timedelta(days=300),
                term_end=today + timedelta(days=800),
            )
        )
    for name in ("company", "company2"):
        db.session.add(PropertyCompany(unit_id=units[name].id, party_coverage="own_branch"))
    db.session.add(
        PropertyContract(company_id=units["company"].id, grid_id=units["grid"].id, starts_on=SINCE)
    )
    db.session.add(
        PropertyContract(company_id=units["company2"].id, grid_id=units["grid3"].id, starts_on=SINCE)
    )
    for person, body in SEATS:
        _, grid = PEOPLE[person]
        db.session.add(
            Seat(person_id=world.people[person], unit_id=units[grid].id, body=body, starts_on=SINCE)
        )
