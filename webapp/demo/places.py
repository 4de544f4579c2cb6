"""Units, stations, bodies and people of the demo district.

The figures are those that the district's own report gives (2024): 292 branches, 249 + 43 committees, 81 = 34 + 47
property companies and 16 removed, 75 service centres, 148 service stations, 79 reserve cadres, over 12,000 serving
party members. Grids, buildings, people and companies are invented and look it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from webapp.demo.loader import Loader
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import Level, Post
from webapp.directory.scope import COLUMN_OF_LEVEL
from webapp.directory.seeds import load_divisions
from webapp.foundation import private
from webapp.foundation.codes import station_code
from webapp.networks.models import Branch, Committee, PropertyCompany, PropertyContract, Seat
from webapp.stations.models import Station

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
MIDDLE = "安宁和乐平顺康文明志建国秀春夏冬雪梅兰竹松山水云月星海江河田园诚信仁义礼智忠孝"
LAST = "甲乙丙丁戊己庚辛壬癸"
HOURS = "周一至周五 8:30—12:00，14:30—17:30"


@dataclass(frozen=True)
class Figures:
    """How much of everything; the defaults are the whole district."""

    streets: int | None = None
    grids: int = 292
    owners_committees: int = 249
    own_branch: int = 34
    covered: int = 47
    removed: int = 16
    stations: int = 148
    cadres: int = 79
    members: int = 12060
    cases: int = 2600
    visits: int = 24400  # besides those of which a case came


SMALL = Figures(
    streets=1,
    grids=12,
    owners_committees=10,
    own_branch=2,
    covered=3,
    removed=1,
    stations=6,
    cadres=3,
    members=120,
    cases=200,
    visits=800,
)


@dataclass(frozen=True)
class Place:
    """A unit with the ids of those above it."""

    id: int
    level: Level
    code: str
    path: str
    name: str
    street_id: int | None = None
    community_id: int | None = None
    grid_id: int | None = None

    def columns(self) -> dict[str, int | None]:
        """The ``Placed`` columns of a record about this unit."""
        columns: dict[str, int | None] = {
            "street_id": self.street_id,
            "community_id": self.community_id,
            "grid_id": self.grid_id,
            "building_id": None,
        }
        if self.level in COLUMN_OF_LEVEL:
            columns[COLUMN_OF_LEVEL[self.level]] = self.id
        return columns


@dataclass
class District:
    """What was built, for the history to be told about."""

    figures: Figures
    today: date
    district: Place
    streets: list[Place] = field(default_factory=list)
    communities: list[Place] = field(default_factory=list)
    grids: list[Place] = field(default_factory=list)
    buildings: dict[int, list[Place]] = field(default_factory=dict)  # by grid
    companies: list[Place] = field(default_factory=list)
    departments: list[Place] = field(default_factory=list)
    company_of: dict[int, int] = field(default_factory=dict)  # grid → company
    stations_of: dict[int, int] = field(default_factory=dict)  # community or grid → station
    staff: dict[tuple[Post, int], list[int]] = field(default_factory=dict)  # (post, unit) → persons
    members: dict[int, list[int]] = field(default_factory=dict)  # grid → serving party members
    committee: dict[int, list[int]] = field(default_factory=dict)  # grid → committee members
    branch: dict[int, list[int]] = field(default_factory=dict)  # grid → branch members
    demo: dict[Post, int] = field(default_factory=dict)  # post → the person with the demo account


def build(rng: random.Random, today: date, figures: Figures) -> District:
    """Write the district's places and people; the slice of the demo accounts is the first of everything."""
    units = load_divisions(figures.streets)
    made = District(
        figures, today, district=next(_place(u) for u in units.values() if u.level == Level.DISTRICT)
    )
    made.streets = [_place(u) for u in units.values() if u.level == Level.STREET]
    # Villages come with their own stations in a later round; the report's 75 centres are the urban communities'.
    made.communities = [
        _place(u) for u in units.values() if u.level == Level.COMMUNITY and u.name.endswith("社区居民委员会")
    ]
    loader = Loader()
    people = _People(rng, loader, made)
    _grids(rng, loader, made)
    _companies(rng, loader, made)
    _stations(rng, loader, made)
    _staff(rng, people, made)
    _bodies(rng, people, made)
    _members(rng, people, made)
    loader.write()
    return made


def _place(unit: Unit) -> Place:
    return Place(
        unit.id, Level(unit.level), unit.code, unit.path, unit.short_name, unit.street_id, unit.community_id, unit.grid_id
    )  # fmt: skip


def _grids(rng: random.Random, loader: Loader, made: District) -> None:
    names = itertools.count(1)
    shares = [made.figures.grids // len(made.communities)] * len(made.communities)
    for index in range(made.figures.grids % len(made.communities)):
        shares[index] += 1
    for community, share in zip(made.communities, shares, strict=True):
        for number in range(1, share + 1):
            code = f"{community.code}-{number:03d}"
            name = f"示范小区{next(names):02d}"
            grid = Place(
                id=loader.add(
                    Unit,
                    code=code,
                    level=Level.GRID,
                    name=f"{name}网格",
                    short_name=name,
                    path=f"{community.path}{code}/",
                    parent_id=community.id,
                    street_id=community.street_id,
                    community_id=community.id,
                    households=rng.randint(180, 420),
                ),
                level=Level.GRID,
                code=code,
                path=f"{community.path}{code}/",
                name=name,
                street_id=community.street_id,
                community_id=community.id,
            )
            made.grids.append(grid)
            made.buildings[grid.id] = [_building(loader, grid, n) for n in range(1, rng.randint(2, 4) + 1)]


def _building(loader: Loader, grid: Place, number: int) -> Place:
    code, name = f"{grid.code}-{number:02d}", f"{number}栋"
    path = f"{grid.path}{code}/"
    key = loader.add(
        Unit,
        code=code,
        level=Level.BUILDING,
        name=f"{grid.name} {name}",
        short_name=f"{grid.name} {name}",
        path=path,
        parent_id=grid.id,
        street_id=grid.street_id,
        community_id=grid.community_id,
        grid_id=grid.id,
    )
    return Place(
        key, Level.BUILDING, code, path, f"{grid.name} {name}", grid.street_id, grid.community_id, grid.id
    )


def _companies(rng: random.Random, loader: Loader, made: District) -> None:
    figures, start = made.figures, made.today - timedelta(days=700)
    total = figures.own_branch + figures.covered
    for number in range(1, total + figures.removed + 1):
        gone = number > total
        removed_on = made.today - timedelta(days=rng.randint(30, 330)) if gone else None
        code, name = f"{made.district.code}-W{number:03d}", f"示范物业{number:02d}"
        place = _beside(loader, made, Level.COMPANY, code, name, retired_on=removed_on)
        coverage = (
            "own_branch"
            if number <= figures.own_branch
            else "none"
            if gone
            else rng.choice(("instructor", "mass_org"))
        )
        loader.add(
            PropertyCompany,
            unit_id=place.id,
            party_coverage=coverage,
            removed_on=removed_on,
            removal_note="经综合评价，由主管部门清退" if gone else "",
        )
        if not gone:
            made.companies.append(place)
    for index, grid in enumerate(made.grids):
        company = made.companies[index % len(made.companies)]
        made.company_of[grid.id] = company.id
        loader.add(PropertyContract, company_id=company.id, grid_id=grid.id, starts_on=start)
    for number, name in enumerate(("城管", "市政", "供水", "供电", "消防"), start=1):
        made.departments.append(
            _beside(loader, made, Level.DEPARTMENT, f"{made.district.code}-B{number:03d}", f"示范{name}部门")
        )


def _beside(
    loader: Loader, made: District, level: Level, code: str, name: str, retired_on: date | None = None
) -> Place:
    path = f"{made.district.path}{code}/"
    key = loader.add(
        Unit,
        code=code,
        level=level,
        name=name,
        short_name=name,
        path=path,
        parent_id=made.district.id,
        retired_on=retired_on,
    )
    return Place(key, level, code, path, name)


def _stations(rng: random.Random, loader: Loader, made: District) -> None:
    codes = _distinct(lambda: station_code(rng.choice))

    def station(kind: str, name: str, place: Place) -> None:
        made.stations_of[place.id] = loader.add(
            Station,
            code=next(codes),
            kind=kind,
            name=name,
            unit_id=place.id,
            address=f"{place.name}示范路1号",
            hours=HOURS,
            phone="0561-0000000",
            **place.columns(),
        )

    for community in made.communities:
        station("service_center", f"{community.name}党群服务中心", community)
    # Every second grid or so has a station of its own.
    step = len(made.grids) / made.figures.stations
    for number in range(made.figures.stations):
        grid = made.grids[int(number * step)]
        station("service_station", f"{grid.name}党群服务站", grid)


def _distinct(draw: Callable[[], str]) -> Iterator[str]:
    """What ``draw`` gives, each value once."""
    seen: set[str] = set()
    while True:
        value = draw()
        if value not in seen:
            seen.add(value)
            yield value


class _People:
    """Invents people; each has a phone that no real network gives out."""

    def __init__(self, rng: random.Random, loader: Loader, made: District) -> None:
        self.rng, self.loader, self.made = rng, loader, made
        self._numbers = itertools.count(1)
        self._start = made.today - timedelta(days=500)

    def person(self, **values: object) -> int:
        """A person without a post."""
        phone = f"1000{next(self._numbers):07d}"
        name = self.rng.choice(SURNAMES) + self.rng.choice(MIDDLE) + self.rng.choice(LAST)
        return self.loader.add(Person, name=name, phone=phone, phone_hash=private.keyed_hash(phone), **values)

    def appoint(self, person_id: int, post: Post, unit_id: int) -> None:
        """Give a person a post, from before the history begins."""
        self.loader.add(
            Appointment, person_id=person_id, post=post, unit_id=unit_id, starts_on=self._start, ends_on=None
        )
        self.made.staff.setdefault((post, unit_id), []).append(person_id)
        self.made.demo.setdefault(post, person_id)

    def serving(self, post: Post, unit_id: int, count: int = 1, **values: object) -> list[int]:
        """``count`` new people with this post."""
        found = [self.person(**values) for _ in range(count)]
        for person_id in found:
            self.appoint(person_id, post, unit_id)
        return found

    def seat(self, person_id: int, unit_id: int, body: str, title: str) -> None:
        """A seat in the branch or the committee of a grid."""
        self.loader.add(
            Seat,
            person_id=person_id,
            unit_id=unit_id,
            body=body,
            title=title,
            starts_on=self._start,
            ends_on=None,
        )
        getattr(self.made, body).setdefault(unit_id, []).append(person_id)


def _staff(rng: random.Random, people: _People, made: District) -> None:
    people.serving(Post.DISTRICT_ADMIN, made.district.id)
    people.serving(Post.AUDITOR, made.district.id)
    for street in made.streets:
        people.serving(Post.STREET_STAFF, street.id, 3, is_party_member=True)
    for community in made.communities:
        people.serving(Post.COMMUNITY_STAFF, community.id, 3)
        people.serving(Post.COMMUNITY_SECRETARY, community.id, is_party_member=True)
    # The first company serves the first grid, so the demo's handler stands in the demo's slice.
    for unit in (*made.companies, *made.departments):
        people.serving(Post.HANDLER, unit.id, 2)
    for grid in made.grids:
        people.serving(Post.GRID_WORKER, grid.id, 2 if grid is made.grids[0] else 1)
        for building in made.buildings[grid.id]:
            people.serving(Post.BUILDING_LEADER, building.id)
    for _ in range(made.figures.cadres):
        community = rng.choice(made.communities)
        person = people.person(is_reserve_cadre=True, is_party_member=True)
        people.appoint(person, Post.COMMUNITY_STAFF, community.id)


def _bodies(rng: random.Random, people: _People, made: District) -> None:
    for index, grid in enumerate(made.grids):
        people.loader.add(Branch, unit_id=grid.id, name=f"{grid.name}党支部")
        owners = index < made.figures.owners_committees
        start = made.today - timedelta(days=rng.randint(200, 900))
        people.loader.add(
            Committee,
            unit_id=grid.id,
            kind="owners_committee" if owners else "property_mgmt_committee",
            is_red=owners,
            name=f"{grid.name}{'业主委员会' if owners else '物业管理委员会'}",
            term_start=start,
            term_end=start + timedelta(days=3 * 365),
        )
        secretary = people.serving(Post.BRANCH_SECRETARY, grid.id, is_party_member=True)[0]
        people.seat(secretary, grid.id, "branch", "书记")
        worker = made.staff[Post.GRID_WORKER, grid.id][0]
        people.seat(worker, grid.id, "branch", "委员")
        members = people.serving(Post.COMMITTEE_MEMBER, grid.id, 3)
        for number, member in enumerate(members):
            people.seat(member, grid.id, "committee", "主任" if number == 0 else "委员")
        # 双向进入、交叉任职: in two grids of three the chair sits in the branch, too.
        if index % 3:
            people.seat(members[0], grid.id, "branch", "委员")


def _members(rng: random.Random, people: _People, made: District) -> None:
    for number in range(made.figures.members):
        grid = made.grids[number % len(made.grids)]
        person = people.person(
            is_party_member=True, is_serving_party_member=True, employer=f"示范单位{rng.randint(1, 60):02d}"
        )
        people.appoint(person, Post.VOLUNTEER, grid.id)
        made.members.setdefault(grid.id, []).append(person)
    # In every second grid a serving member sits in the branch, too; the demo's own is among them.
    for grid in made.grids[::2]:
        people.seat(made.members[grid.id][0], grid.id, "branch", "委员")
