"""A year of cases: each is told step by step until it is filed, or until the present interrupts it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

from webapp.cases.permissions import Voice
from webapp.cases.states import Confidentiality, Source
from webapp.demo import case_live, people
from webapp.demo import case_texts as texts
from webapp.demo.case_cast import Cast
from webapp.demo.case_course import Course
from webapp.demo.case_record import Opening, ToldCase, Who
from webapp.demo.case_story import NotYetError, Story
from webapp.demo.case_texts import SUBJECTS, Matter
from webapp.demo.history import Act, Doer, History
from webapp.demo.places import Place
from webapp.directory.posts import Level, Post
from webapp.foundation import clock, codes
from webapp.points.models import RuleEvent

SOURCES = {
    Source.VISIT: 40,
    Source.STATION: 14,
    Source.PHONE: 10,
    Source.RESIDENT_QR: 14,
    Source.PAPER: 2,
    Source.HOTLINE: 7,
    Source.PARTY_MEMBER: 13,
}
KEY_SMALL = ("parking", "charging")  # 关键小事
URGENT = {"fire_safety": 0.2, "utilities": 0.12, "lift": 0.15}
CONFIDENTIALITY = (
    (Confidentiality.NORMAL, 93),
    (Confidentiality.NAME_HIDDEN, 4),
    (Confidentiality.ANONYMOUS, 2),
    (Confidentiality.REPORT, 1),
)
WITHDRAWN, DECLINED, ON_SPOT, TWICE = 0.015, 0.012, 0.2, 0.015
SMALL = (
    "sanitation",
    "corridor_clutter",
    "lighting",
    "policy",
    "assistance",
    "dogs",
)  # can be done on the spot

Tell = Callable[[str, str], Story]  # number, tracking code


class Beginning(NamedTuple):
    """A case that is to be told: numbers are given in the order in which cases began."""

    at: datetime
    tell: Tell


def tell(history: History, count: int) -> list[ToldCase]:
    """Write ``count`` cases, those of the demo's slice included; returns them in the order in which they began."""
    author = _Author(history)
    live = [Beginning(at, told) for at, told in case_live.beginnings(history, author.cast, author.course)]
    usual = [
        author.invent(history.moment(author.rng, day))
        for day in history.some_days(author.rng, count - len(live))
    ]
    beginnings = sorted([*live, *usual, *author.twins], key=lambda beginning: beginning.at)
    numbers: Counter[str] = Counter()
    told = []
    for beginning in beginnings:
        month = f"{clock.local(beginning.at):%y%m}"
        numbers[month] += 1
        code = codes.tracking_code(author.rng.choice)
        story = beginning.tell(f"{month}-{numbers[month]:04d}", code)
        story.catch_up()
        told.append(story.write())
    for month, value in numbers.items():
        history.loader.add(codes.Counter, name=f"case:{month}", value=value)
    history.loader.write()
    _note_acts(history, told)
    return told


def _note_acts(history: History, told: list[ToldCase]) -> None:
    """An archived case may earn for who wrote it down and for who settled it."""
    for case in told:
        if case.archived_at is None or case.archived_by is None:
            continue
        hands = {case.registered_by.person_id if case.registered_by else None, case.handled_by_id} - {None}
        for person_id in sorted(person for person in hands if person is not None):
            day = clock.local(case.archived_at).date()
            source, at = ("case", case.id), case.archived_at
            history.acts.append(
                Act(RuleEvent.CASE_ARCHIVED, person_id, case.archived_by, source, day, at, case.place)
            )


class _Idea(NamedTuple):
    """What a case will be about; ``twice``: another resident will say the same."""

    grid: Place
    category: str
    matter: Matter
    secrecy: Confidentiality
    twice: bool


class _Author:
    """Invents cases and tells their usual course."""

    def __init__(self, history: History) -> None:
        self.history, self.rng = history, history.rng("cases")
        self.cast = Cast(history.made, self.rng)
        self.course = Course(history, self.cast, self.rng)
        self.twins: list[Beginning] = []
        self._categories = list(SUBJECTS)
        self._shares = [subject.share for subject in SUBJECTS.values()]

    def invent(self, at: datetime) -> Beginning:
        """A case that began at that moment; now and then another resident says the same an hour later."""
        rng = self.rng
        idea = self._idea()
        lead: list[Story] = []
        if idea.twice:
            later = at + timedelta(minutes=rng.randint(25, 70))
            self.twins.append(
                Beginning(later, lambda number, code: self._twin(later, number, code, lead[0], idea.matter))
            )

        def told(number: str, code: str) -> Story:
            story = self._open(at, number, code, idea)
            lead.append(story)
            with suppress(NotYetError):
                self._end(story, idea)
            return story

        return Beginning(at, told)

    def _idea(self) -> _Idea:
        rng = self.rng
        grid, twice = rng.choice(self.history.made.grids), rng.random() < TWICE
        category = rng.choices(self._categories, weights=self._shares)[0]
        secrecy = Confidentiality.NORMAL if twice else self.course.weighted(CONFIDENTIALITY)
        if secrecy == Confidentiality.REPORT:
            return _Idea(grid, texts.REPORTS_CATEGORY, rng.choice(texts.REPORTS), secrecy, twice=False)
        matter = rng.choice(SUBJECTS[category].matters)
        return _Idea(grid, category, matter, secrecy, twice=twice and not matter.elsewhere)

    def _end(self, story: Story, idea: _Idea) -> None:
        """Which way it goes."""
        luck, by, matter = self.rng.random(), story.opening.by, idea.matter
        if matter.elsewhere:
            self.course.refused(story, matter.elsewhere)
        elif idea.twice or idea.secrecy == Confidentiality.REPORT:
            self.course.whole(story, matter)
        elif luck < WITHDRAWN:
            self.course.withdrawn(story)
        elif luck < WITHDRAWN + DECLINED:
            self.course.refused(story)
        elif isinstance(by, Doer) and story.case.category in SMALL and luck < ON_SPOT:
            self.course.on_spot(story, matter)
        else:
            self.course.whole(story, matter)

    def _twin(self, at: datetime, number: str, code: str, lead: Story, matter: Matter) -> Story:
        """The same matter from another resident, joined to the first within the hour."""
        start = lead.opening
        owner = self._place(lead.case.grid_id)
        by = self.cast.of_unit(owner.id)
        opening = Opening(
            at, number, code, start.category, matter.what, start.place, start.place_text, owner, Source.PHONE, by,
            reporter=people.resident(self.rng),
        )  # fmt: skip
        story = Story(self.history, opening)
        with suppress(NotYetError):
            story.go(at + timedelta(minutes=self.rng.randint(8, 20)))
            story.merge(self.cast.owner(story), lead)
        return story

    def _place(self, grid_id: int | None) -> Place:
        return next(grid for grid in self.history.made.grids if grid.id == grid_id)

    def _open(self, at: datetime, number: str, code: str, idea: _Idea) -> Story:
        """The first word: who heard it, about which place, from whom."""
        rng, made, grid, secrecy = self.rng, self.history.made, idea.grid, idea.secrecy
        building = rng.choice(made.buildings[grid.id])
        source = rng.choices(list(SOURCES), weights=list(SOURCES.values()))[0]
        community = next(place for place in made.communities if place.id == grid.community_id)
        owner, by = self._hearer(source, grid, building, community)
        against = None
        if secrecy == Confidentiality.REPORT:
            owner, against = community, made.company_of[grid.id]
        place = building if owner.level == Level.BUILDING or rng.random() < 0.6 else grid
        opening = Opening(
            at, number, code, idea.category, idea.matter.what, place, idea.matter.where, owner, source, by, secrecy, against,
            urgent=owner.level != Level.BUILDING and rng.random() < URGENT.get(idea.category, 0),
            key_small_matter=idea.category in KEY_SMALL,
            reporter=people.resident(rng) if secrecy != Confidentiality.ANONYMOUS and rng.random() < 0.85 else None,
        )  # fmt: skip
        return Story(self.history, opening)

    def _hearer(self, source: str, grid: Place, building: Place, community: Place) -> tuple[Place, Who]:
        """Which unit heard it first, and who wrote it down."""
        rng, staff = self.rng, self.history.made.staff
        if source == Source.RESIDENT_QR:
            return (grid if grid.id in self.history.made.stations_of else community), Voice.RESIDENT
        if source == Source.PARTY_MEMBER:
            return grid, Doer(staff[Post.BRANCH_SECRETARY, grid.id][0], Post.BRANCH_SECRETARY, grid.id)
        if source in (Source.HOTLINE, Source.PAPER) or (source == Source.STATION and rng.random() < 0.5):
            return community, self.history.serving(rng, Post.COMMUNITY_STAFF, community.id)
        if source == Source.VISIT and rng.random() < 0.25:
            return building, self.history.serving(rng, Post.BUILDING_LEADER, building.id)
        return grid, self.history.serving(rng, Post.GRID_WORKER, grid.id)
