"""Units, stations, bodies and people of the demo district.

The figures are those that the district's own report gives (2024): 292 branches, 249 + 43 committees, 81 = 34 + 47
property companies and 16 removed, 75 service centres, 148 service stations, 79 reserve cadres, over 12,000 serving
party members. Grids, buildings, people and companies are invented and look it.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from datetime import date, time, timedelta

import sqlalchemy as sa

from webapp.accounts.service import create_account
from webapp.demo.cast import Cast
from webapp.directory.models import Unit
from webapp.directory.people.service import appoint, create_person
from webapp.directory.posts import Level, Post
from webapp.directory.seeds import found_district
from webapp.directory.units.service import UnitFacts, create_unit
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.networks.bodies.service import CommitteeFacts, form_committee, name_branch, take_seat
from webapp.networks.companies.service import change_company, set_coverage
from webapp.stations.service import StationFacts, open_station

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
MIDDLE = "安宁和乐平顺康文明志建国秀春夏冬雪梅兰竹松山水云月星海江河田园诚信仁义礼智忠孝"
LAST = "甲乙丙丁戊己庚辛壬癸"
HOURS = "周一至周五 8:30—12:00，14:30—17:30"
FOUNDED = timedelta(days=700)  # before the present


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


@dataclass
class District:
    """What was founded, for the history to be told about."""

    figures: Figures
    today: date
    admin: Actor
    streets: list[Unit]
    communities: list[Unit]
    grids: list[Unit] = field(default_factory=list)
    buildings: dict[int, list[Unit]] = field(default_factory=dict)  # by grid
    companies: list[Unit] = field(default_factory=list)
    leaving: list[Unit] = field(default_factory=list)  # companies that serve no more
    departments: list[Unit] = field(default_factory=list)
    company_of: dict[int, int] = field(default_factory=dict)  # grid → company
    stations_of: dict[int, int] = field(default_factory=dict)  # community or grid → station
    bodies: dict[int, list[int]] = field(default_factory=dict)  # grid → who sits in its branch or committee
    demo: dict[Post, int] = field(default_factory=dict)  # post → the person with the demo account


def found(rng: random.Random, today: date, figures: Figures, password: str) -> District:
    """Found the district as its first administrator does, some time before the history begins.

    The slice of the demo accounts is the first of everything.
    """
    with clock.at_moment(clock.at(today - FOUNDED, time(9))):
        admin_id = found_district(figures.streets)
        units = db.session.scalars(sa.select(Unit).order_by(Unit.id)).all()
        made = District(
            figures,
            today,
            Cast().first(Post.DISTRICT_ADMIN, units[0].id),
            streets=[unit for unit in units if unit.level == Level.STREET],
            # Villages come with their own stations in a later round; the report's 75 centres are the urban communities'.
            communities=[unit for unit in units if unit.name.endswith("社区居民委员会")],
            demo={Post.DISTRICT_ADMIN: admin_id},
        )
        _Founding(rng, made).found()
        for post, person_id in made.demo.items():
            create_account(person_id, post.value, password, is_demo=True, initial=False, actor=made.admin)
    return made


class _Founding:
    """What the administrator enters on the first day."""

    def __init__(self, rng: random.Random, made: District) -> None:
        self.rng, self.made, self.admin, self.today = rng, made, made.admin, clock.today()
        self.district = made.admin.holding.unit_path.strip("/")
        self._phones = itertools.count(20000001)

    def found(self) -> None:
        """Everything."""
        self._grids()
        self._companies()
        self._stations()
        self._staff()
        for index, grid in enumerate(self.made.grids):
            self._bodies(index, grid)
        self._members()

    def _unit(self, parent_code: str, level: Level, name: str, households: int | None = None) -> Unit:
        full_name = f"{name}网格" if level == Level.GRID else name
        return create_unit(self.admin, parent_code, level, UnitFacts(full_name, name, households))

    def _grids(self) -> None:
        rng, made, numbers = self.rng, self.made, itertools.count(1)
        share, more = divmod(made.figures.grids, len(made.communities))
        for index, community in enumerate(made.communities):
            for _ in range(share + (index < more)):
                name = f"示范小区{next(numbers):02d}"
                grid = self._unit(community.code, Level.GRID, name, rng.randint(180, 420))
                made.grids.append(grid)
                made.buildings[grid.id] = [
                    self._unit(grid.code, Level.BUILDING, f"{number}栋")
                    for number in range(1, rng.randint(2, 4) + 1)
                ]

    def _companies(self) -> None:
        made, figures = self.made, self.made.figures
        for number in range(1, figures.own_branch + figures.covered + figures.removed + 1):
            company = self._unit(self.district, Level.COMPANY, f"示范物业{number:02d}")
            if number > figures.own_branch + figures.covered:
                made.leaving.append(company)
                continue
            made.companies.append(company)
            other = self.rng.choice(("instructor", "mass_org"))
            set_coverage(self.admin, company.code, "own_branch" if number <= figures.own_branch else other)
        for grid, company in zip(made.grids, itertools.cycle(made.companies), strict=False):
            change_company(self.admin, grid.code, company_code=company.code, starts_on=self.today)
            made.company_of[grid.id] = company.id
        for name in ("城管", "市政", "供水", "供电", "消防"):
            made.departments.append(self._unit(self.district, Level.DEPARTMENT, f"示范{name}部门"))

    def _stations(self) -> None:
        made = self.made
        for community in made.communities:
            self._station(community, "service_center", "党群服务中心")
        # Every second grid or so has a station of its own.
        step = len(made.grids) / made.figures.stations
        for number in range(made.figures.stations):
            self._station(made.grids[int(number * step)], "service_station", "党群服务站")

    def _station(self, unit: Unit, kind: str, what: str) -> None:
        name = unit.short_name
        facts = StationFacts(f"{name}{what}", kind, f"{name}示范路1号", HOURS, "0561-0000000")
        self.made.stations_of[unit.id] = open_station(self.admin, unit.code, facts).id

    def _staff(self) -> None:
        made, rng = self.made, self.rng
        self._serving(Post.AUDITOR, self.district)
        for street in made.streets:
            for _ in range(3):
                self._serving(Post.STREET_STAFF, street.code, is_party_member=True)
        for community in made.communities:
            for _ in range(3):
                self._serving(Post.COMMUNITY_STAFF, community.code)
            self._serving(Post.COMMUNITY_SECRETARY, community.code, is_party_member=True)
        # The first company serves the first grid, so the demo's handler stands in the demo's slice.
        for unit in (*made.companies, *made.departments):
            for _ in range(2):
                self._serving(Post.HANDLER, unit.code)
        for _ in range(made.figures.cadres):
            community = rng.choice(made.communities)
            self._serving(Post.COMMUNITY_STAFF, community.code, is_party_member=True, is_reserve_cadre=True)

    def _bodies(self, index: int, grid: Unit) -> None:
        made = self.made
        owners = index < made.figures.owners_committees
        start = self.today - timedelta(days=self.rng.randint(0, 200))
        committee = CommitteeFacts(
            "owners_committee" if owners else "property_mgmt_committee",
            f"{grid.short_name}{'业主委员会' if owners else '物业管理委员会'}",
            is_red=owners,
            term_start=start,
            term_end=start + timedelta(days=3 * 365),
        )
        name_branch(self.admin, grid.code, f"{grid.short_name}党支部")
        form_committee(self.admin, grid.code, committee)
        workers = [self._serving(Post.GRID_WORKER, grid.code) for _ in range(1 if index else 2)]
        for building in made.buildings[grid.id]:
            self._serving(Post.BUILDING_LEADER, building.code)
        secretary = self._serving(Post.BRANCH_SECRETARY, grid.code, is_party_member=True)
        self._seat(secretary, grid, "branch", "书记")
        self._seat(workers[0], grid, "branch", "委员")
        members = [self._serving(Post.COMMITTEE_MEMBER, grid.code) for _ in range(3)]
        for member in members:
            self._seat(member, grid, "committee", "主任" if member == members[0] else "委员")
        # 双向进入、交叉任职: in two grids of three the chair sits in the branch, too.
        if index % 3:
            self._seat(members[0], grid, "branch", "委员")

    def _members(self) -> None:
        grids = self.made.grids
        for number in range(self.made.figures.members):
            index = number % len(grids)
            grid = grids[index]
            member = self._serving(
                Post.VOLUNTEER, grid.code, is_party_member=True, is_serving_party_member=True
            )
            # In every second grid a serving member sits in the branch, too; the demo's own is among them.
            if number == index and index % 2 == 0:
                self._seat(member, grid, "branch", "委员")

    def _serving(self, post: Post, unit_code: str, **facts: bool) -> int:
        """Somebody new with this post, whose phone has an area code (0300) that does not exist."""
        name = "".join(self.rng.choice(letters) for letters in (SURNAMES, MIDDLE, LAST))
        person = create_person(self.admin, name=name, phone=f"0300{next(self._phones)}", **facts)
        appoint(self.admin, person_id=person.id, post=post, unit_code=unit_code, starts_on=self.today)
        self.made.demo.setdefault(post, person.id)
        return person.id

    def _seat(self, person_id: int, grid: Unit, body: str, title: str) -> None:
        take_seat(
            self.admin, person_id=person_id, body=body, unit_code=grid.code, title=title, starts_on=self.today
        )
        self.made.bodies.setdefault(grid.id, []).append(person_id)
