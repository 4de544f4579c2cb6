"""A year of cases: each is heard by somebody and worked on until it is filed, or until the present interrupts it."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa

from webapp.cases.models import Case
from webapp.cases.service import intake
from webapp.cases.states import Confidentiality, Source
from webapp.demo import case_texts as texts
from webapp.demo import people
from webapp.demo.case_story import CaseStory
from webapp.demo.case_texts import SUBJECTS, Matter
from webapp.demo.timeline import Stage, Story, weighted
from webapp.directory.models import Unit
from webapp.directory.posts import Permission, Post
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.stations.models import Station
from webapp.visits import carry_over
from webapp.visits.models import Outcome, ServiceItem, VisitKind
from webapp.visits.service import Details, log_visit

SOURCES = (
    (Source.VISIT, 40), (Source.STATION, 14), (Source.PHONE, 10), (Source.RESIDENT_QR, 14), (Source.PAPER, 2),
    (Source.HOTLINE, 7), (Source.PARTY_MEMBER, 13),
)  # fmt: skip
VISITED = {Source.VISIT: VisitKind.HOME_VISIT, Source.STATION: VisitKind.STATION_RECEPTION}
KEY_SMALL = ("parking", "charging")  # 关键小事
URGENT = {"fire_safety": 0.2, "utilities": 0.12, "lift": 0.15}
CONFIDENTIALITY = (
    (Confidentiality.NORMAL, 93), (Confidentiality.NAME_HIDDEN, 4), (Confidentiality.ANONYMOUS, 2),
    (Confidentiality.REPORT, 1),
)  # fmt: skip
WITHDRAWN, DECLINED, ON_SPOT, TWICE = 0.015, 0.012, 0.2, 0.015
# What can be done on the spot.
SMALL = ("sanitation", "corridor_clutter", "lighting", "policy", "assistance", "dogs")


class Heard(NamedTuple):
    """A matter as somebody hears it; ``by`` None: a resident writes it down at the station of ``place``."""

    category: str
    matter: Matter
    place: Unit
    by: Actor | None
    source: Source = Source.RESIDENT_QR
    confidentiality: Confidentiality = Confidentiality.NORMAL
    against_unit_id: int | None = None
    urgent: bool = False
    reporter: tuple[str, str, str] = ("", "", "")  # name, phone, door


class Cases:
    """Brings cases in."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.rng = stage, stage.rng("cases")
        self._stations = {row.id: row.code for row in db.session.execute(sa.select(Station.id, Station.code))}
        rows = db.session.execute(
            sa.select(ServiceItem.case_category, ServiceItem.key).order_by(ServiceItem.position.desc())
        )
        self._item_of = {row.case_category: row.key for row in rows}
        self._communities = {place.id: place for place in stage.made.communities}

    def tell(self, count: int) -> None:
        """``count`` cases in the course of the year; now and then another resident says the same an hour later."""
        for day in self.stage.some_days(self.rng, count):
            self.stage.timeline.begin(self.stage.moment(self.rng, day), self._usual())

    def open(self, heard: Heard) -> Case:
        """The first word: noted on a visit, at a desk, or by the resident."""
        (name, phone, door), matter, key_small = heard.reporter, heard.matter, heard.category in KEY_SMALL
        if heard.by is None:
            made = intake.register_by_resident(
                self._stations[self.stage.made.stations_of[heard.place.id]], category=heard.category, what=matter.what,
                place_text=matter.where, confidentiality=heard.confidentiality, urgent=heard.urgent,
                against_unit_id=heard.against_unit_id, name=name, phone=phone, door=door,
            )  # fmt: skip
            return db.session.scalars(sa.select(Case).where(Case.number == made.number)).one()
        plain = heard.confidentiality == Confidentiality.NORMAL and not key_small
        if heard.source in VISITED and plain and heard.by.can(Permission.VISIT_LOG):
            return self._on_visit(heard, heard.by)
        return intake.register(
            heard.by, category=heard.category, unit_id=heard.place.id, what=matter.what, place_text=matter.where,
            source=heard.source, confidentiality=heard.confidentiality, against_unit_id=heard.against_unit_id,
            urgent=heard.urgent, key_small_matter=key_small, reporter_name=name, reporter_phone=phone, reporter_door=door,
        )  # fmt: skip

    def _on_visit(self, heard: Heard, by: Actor) -> Case:
        (name, phone, door), matter = heard.reporter, heard.matter
        details = Details(
            unit_id=heard.place.id, resident_name=name, resident_phone=phone, door=door, note=matter.what.split("。")[0]
        )  # fmt: skip
        visit = log_visit(
            by, kind=VISITED[heard.source], items=[self._item_of.get(heard.category, "other")],
            outcome=Outcome.IN_PROGRESS, details=details,
        )  # fmt: skip
        return carry_over.turn_into_case(
            by,
            visit.id,
            category=heard.category,
            what=matter.what,
            place_text=matter.where,
            urgent=heard.urgent,
        )

    def _usual(self) -> Story:
        """Hear of something, and lead it to its end."""
        rng, luck, twice = self.rng, self.rng.random(), self.rng.random() < TWICE
        heard = self._hear()
        case = self.open(heard)
        story = CaseStory(self.stage, rng, case, heard.matter)
        normal = heard.confidentiality == Confidentiality.NORMAL
        if twice and normal and not heard.matter.elsewhere:
            self._say_again(heard, case)
        if heard.matter.elsewhere:
            course = story.refused()
        elif luck < WITHDRAWN:
            course = story.withdrawn()
        elif luck < WITHDRAWN + DECLINED and normal:
            course = story.refused()
        elif heard.by and heard.category in SMALL and normal and luck < ON_SPOT:
            course = story.on_spot()
        else:
            course = story.whole()
        yield from story.told(course)

    def _say_again(self, heard: Heard, lead: Case) -> None:
        def again() -> Story:
            by = self.rng.choice(self.stage.cast.workers(lead.grid_id or lead.community_id))
            second = heard._replace(by=by, source=Source.PHONE, reporter=people.resident(self.rng))
            story = CaseStory(self.stage, self.rng, self.open(second), heard.matter)
            yield from story.told(story.merged(lead))

        at = lead.registered_at + timedelta(minutes=self.rng.randint(25, 70))
        self.stage.timeline.begin(at, again())

    def _hear(self) -> Heard:
        rng, made = self.rng, self.stage.made
        grid = rng.choice(made.grids)
        category = weighted(rng, [(key, subject.share) for key, subject in SUBJECTS.items()])
        secrecy, source = weighted(rng, CONFIDENTIALITY), weighted(rng, SOURCES)
        matter = rng.choice(SUBJECTS[category].matters)
        if secrecy == Confidentiality.REPORT:
            category, matter = texts.REPORTS_CATEGORY, rng.choice(texts.REPORTS)
        if source == Source.RESIDENT_QR and grid.id not in made.stations_of:
            source = Source.PHONE
        by, place = self._hearer(source, grid)
        known = secrecy != Confidentiality.ANONYMOUS and rng.random() < 0.85
        return Heard(
            category, matter, place, by, source, secrecy,
            against_unit_id=made.company_of[grid.id] if secrecy == Confidentiality.REPORT else None,
            urgent=bool(by and by.post != Post.BUILDING_LEADER) and rng.random() < URGENT.get(category, 0),
            reporter=people.resident(rng) if known else ("", "", ""),
        )  # fmt: skip

    def _hearer(self, source: Source, grid: Unit) -> tuple[Actor | None, Unit]:
        """Who hears it, and about which place: the building, or the whole grid."""
        rng, cast = self.rng, self.stage.cast
        building = rng.choice(self.stage.made.buildings[grid.id])
        place = building if rng.random() < 0.6 else grid
        if source == Source.RESIDENT_QR:
            return None, grid
        if source == Source.PARTY_MEMBER:
            return cast.first(Post.BRANCH_SECRETARY, grid.id), place
        if source in (Source.HOTLINE, Source.PAPER) or (source == Source.STATION and rng.random() < 0.5):
            return rng.choice(cast.holders(Post.COMMUNITY_STAFF, grid.community_id)), place
        if source == Source.VISIT and rng.random() < 0.25:
            return cast.first(Post.BUILDING_LEADER, building.id), building
        return rng.choice(cast.holders(Post.GRID_WORKER, grid.id)), place
