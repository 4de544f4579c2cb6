"""What the demo accounts find on their desks: cases of their own street, community, grid and building, in every state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import NamedTuple

from webapp.cases.permissions import Voice
from webapp.cases.states import Channel, Confidentiality, ReasonKind, Source, Verdict
from webapp.demo import case_texts as texts
from webapp.demo import people
from webapp.demo.case_cast import OWNERS, Cast
from webapp.demo.case_course import Course
from webapp.demo.case_record import Opening, Who
from webapp.demo.case_story import Story
from webapp.demo.case_texts import CITY, COMPANY, FIRE, OWN, POWER, SUBJECTS, WORKS
from webapp.demo.history import Doer, History, Slice, demo_slice
from webapp.demo.places import Place
from webapp.directory.posts import Level
from webapp.foundation import clock

# When: so many working days ago, at that hour; with 0 days: so many minutes ago.
When = tuple[int, int]
RESIDENT = "resident"


class Scene(NamedTuple):
    """How a case began, and what happened to it since: (action, when, further words)."""

    heard_by: str  # a level, or a resident by the station's QR code
    category: str
    matter: int
    began: When
    steps: tuple[tuple[object, ...], ...] = ()
    options: tuple[str, ...] = ()


S = Scene
_HANDLED = (("assign", (9, 10), COMPANY), ("accept", (9, 15)), ("submit", (7, 16)), ("check", (6, 10)))
SCENES = (
    # Just in.
    S("building", "lighting", 0, (0, 70)),
    S(RESIDENT, "charging", 0, (0, 180)),
    S("grid", "sanitation", 0, (1, 9)),
    S("grid", "fire_safety", 0, (0, 26), (("assign", (0, 14), FIRE),), ("urgent",)),
    S("community", "property_service", 1, (1, 10), options=("report",)),
    # Under way.
    S("grid", "parking", 1, (2, 10), (("convene", (1, 15)),)),
    S(RESIDENT, "lift", 2, (2, 11), (("convene", (1, 16)),), ("name_hidden",)),
    S("grid", "property_service", 0, (1, 9), (("assign", (1, 11), COMPANY),)),
    S("community", "lift", 1, (3, 9), (("assign", (2, 10), COMPANY),)),
    S("grid", "parking", 0, (6, 9), (("convene", (6, 11)), ("assign", (5, 10), COMPANY), ("accept", (4, 9)))),
    S("grid", "lighting", 2, (7, 9), (("assign", (6, 10), COMPANY), ("accept", (6, 15)), ("supervise", (1, 11)))),
    S("grid", "dogs", 0, (3, 15), (("assign", (2, 9), OWN), ("accept", (2, 10))), ("anonymous",)),
    S("community", "lift", 2, (14, 9), (
        ("convene", (13, 15)), ("assign", (12, 10), COMPANY), ("accept", (11, 9)), ("suspend", (8, 10), 40, 2),
    )),
    S("street", "illegal_building", 0, (9, 9), (("assign", (8, 10), CITY), ("accept", (8, 15)))),
    S("grid", "utilities", 0, (12, 9), (("assign", (11, 10), WORKS), ("accept", (10, 15)))),  # late: stepped up by itself
    # Somebody asks for leave.
    S("grid", "parking", 3, (3, 9), (("convene", (2, 10)), ("escalate", (1, 16), "unresolved"))),
    S("grid", "noise", 2, (2, 9), (("convene", (1, 9)), ("escalate", (0, 95), "beyond_authority"))),
    S("community", "utilities", 1, (3, 10), (("convene", (2, 16)), ("escalate", (1, 10), "major"))),
    S("community", "illegal_building", 1, (2, 9), (("escalate", (1, 15), "beyond_authority"),)),
    S("grid", "dispute", 1, (1, 10), (("decline", (0, 130)),)),
    S("building", "dogs", 1, (0, 160), (("decline", (0, 120)),)),
    S("community", "other", 2, (1, 15), (("redirect", (0, 200)),)),
    S("grid", "property_service", 2, (5, 9), (
        ("assign", (4, 10), COMPANY), ("accept", (3, 9)), ("extend", (1, 10), 3, 2),
    )),
    S("community", "lighting", 1, (8, 9), (("assign", (7, 10), POWER), ("accept", (6, 9)), ("extend", (1, 11), 4, 0))),
    S("grid", "corridor_clutter", 1, (3, 9), (
        ("convene", (2, 10)), ("escalate", (1, 10), "unresolved"), ("decide", (1, 15), False),
    )),
    # Done, to be checked, asked, filed.
    S("grid", "charging", 1, (5, 9), (("assign", (4, 10), COMPANY), ("accept", (4, 15)), ("submit", (1, 16)))),
    S("community", "parking", 2, (7, 9), (("assign", (6, 10), COMPANY), ("accept", (5, 9)), ("submit", (1, 11)))),
    S(RESIDENT, "lighting", 1, (6, 9), (
        ("assign", (5, 10), COMPANY), ("accept", (5, 15)), ("submit", (2, 16)), ("check", (1, 10)),
    )),
    S("grid", "sanitation", 2, (6, 10), (
        ("assign", (5, 11), COMPANY), ("accept", (5, 16)), ("submit", (3, 9)), ("check", (3, 16)), ("miss", (1, 9)),
    )),
    S("grid", "corridor_clutter", 0, (6, 9), (
        ("assign", (5, 10), OWN), ("accept", (5, 11)), ("submit", (3, 9)), ("check", (3, 15)), ("judge", (1, 9)),
    )),
    # Over.
    S("building", "assistance", 0, (10, 9), (
        ("settle", (10, 10)), ("check", (9, 15)), ("judge", (8, 9)), ("archive", (7, 15)),
    )),
    S("grid", "charging", 3, (10, 9), (*_HANDLED, ("judge", (5, 9)), ("archive", (5, 16)))),
    S("community", "property_service", 3, (10, 10), (*_HANDLED, ("judge", (4, 9)), ("archive", (4, 16)))),
    S("street", "fire_safety", 1, (10, 11), (*_HANDLED, ("judge", (4, 10)), ("archive", (3, 16)))),
    S("grid", "policy", 1, (6, 9), (("decline", (6, 10)), ("decide", (5, 9), True))),
    S("grid", "other", 3, (8, 9), (("redirect", (8, 11)), ("decide", (7, 9), True))),
    S(RESIDENT, "utilities", 3, (7, 10), (("withdraw", (7, 15)),)),
    S("grid", "charging", 2, (2, 9), (("convene", (2, 15)),)),
    S("grid", "charging", 2, (1, 9), (("merge", (1, 10)),)),
)  # fmt: skip


def beginnings(
    history: History, cast: Cast, course: Course
) -> Iterator[tuple[datetime, Callable[[str, str], Story]]]:
    """When each of the scenes began, and how to tell it."""
    stage = _Stage(history, cast, course)
    for scene in SCENES:
        at = stage.moment(scene.began)
        yield at, lambda number, code, scene=scene, at=at: stage.tell(scene, at, number, code)  # type: ignore[misc]


class _Stage:
    def __init__(self, history: History, cast: Cast, course: Course) -> None:
        self.history, self.cast, self.course = history, cast, course
        self.rng = history.rng("live")
        self.here: Slice = demo_slice(history.made)
        self.told: dict[
            tuple[str, int], Story
        ] = {}  # the first of each matter: another may be merged into it

    def moment(self, when: When) -> datetime:
        days, number = when
        if days == 0:
            return self.history.now - timedelta(minutes=number)
        day = self.history.today
        for _ in range(days):
            day = self.history.last_workday(day - timedelta(days=1))
        return clock.at(day, time(number, self.rng.randrange(2, 55)))

    def tell(self, scene: Scene, at: datetime, number: str, code: str) -> Story:
        place: Place = getattr(self.here, scene.heard_by if scene.heard_by != RESIDENT else "grid")
        matter = (texts.REPORTS if "report" in scene.options else SUBJECTS[scene.category].matters)[
            scene.matter
        ]
        about = self.here.grid if place.level not in (Level.GRID, Level.BUILDING) else place
        secrecy = next(
            (Confidentiality(o) for o in scene.options if o in set(Confidentiality)), Confidentiality.NORMAL
        )
        report = secrecy == Confidentiality.REPORT
        by: Who = Voice.RESIDENT if scene.heard_by == RESIDENT else self._first(place.id)
        opening = Opening(
            at, number, code, scene.category, matter.what, about,
            matter.where, place, Source.RESIDENT_QR if by == Voice.RESIDENT else Source.VISIT, by, secrecy,
            self.history.made.companies[0].id if report else None, urgent="urgent" in scene.options,
            key_small_matter=scene.category in ("parking", "charging"),
            reporter=people.resident(self.rng) if secrecy != Confidentiality.ANONYMOUS else None,
        )  # fmt: skip
        story = Story(self.history, opening)
        for action, when, *words in scene.steps:
            story.go(self.moment(when))  # type: ignore[arg-type]
            getattr(self, f"_{action}")(story, matter, *words)
        self.told.setdefault((scene.category, scene.matter), story)
        return story

    def _first(self, unit_id: int | None) -> Doer:
        """The unit's first person: in the demo's slice, the one with the account."""
        assert unit_id is not None
        post = OWNERS[self.cast.level(unit_id)][0]
        return Doer(self.history.made.staff[post, unit_id][0], post, unit_id)

    def _owner(self, story: Story) -> Doer:
        return self._first(story.case.owner_unit_id)

    def _convene(self, story: Story, matter: texts.Matter) -> None:
        story.convene(self._owner(story), SUBJECTS[story.case.category].parties, texts.CONVENE_NOTES[0])

    def _assign(self, story: Story, matter: texts.Matter, name: str) -> None:
        unit_id = self.cast.handler_unit(story, name)
        story.assign(self._owner(story), unit_id, self.rng.choice(texts.ASSIGN_NOTES))

    def _accept(self, story: Story, matter: texts.Matter) -> None:
        story.accept(self._first(story.case.handler_unit_id))

    def _submit(self, story: Story, matter: texts.Matter) -> None:
        story.submit_result(self._first(story.case.handler_unit_id), matter.results[0])

    def _settle(self, story: Story, matter: texts.Matter) -> None:
        story.settle_on_spot(self._owner(story), matter.results[0])

    def _check(self, story: Story, matter: texts.Matter) -> None:
        story.pass_check(self.cast.checker(story), texts.CHECK_NOTES[0])

    def _miss(self, story: Story, matter: texts.Matter) -> None:
        story.log_try(self.cast.caller(story), Channel.PHONE, texts.TRY_NOTES[0])

    def _judge(self, story: Story, matter: texts.Matter) -> None:
        note = texts.VERDICT_NOTES[Verdict.SATISFIED][0]
        story.record_verdict(Voice.RESIDENT, Verdict.SATISFIED, Channel.CODE, note)

    def _archive(self, story: Story, matter: texts.Matter) -> None:
        story.archive(self.cast.filer(story))

    def _suspend(self, story: Story, matter: texts.Matter, days: int, why: int) -> None:
        until = self.history.today + timedelta(days=days)
        story.suspend(self.cast.filer(story), until, texts.SUSPEND_NOTES[why])

    def _supervise(self, story: Story, matter: texts.Matter) -> None:
        story.supervise(Voice.RESIDENT, "")

    def _escalate(self, story: Story, matter: texts.Matter, reason: str) -> None:
        story.escalate(self._owner(story), ReasonKind(reason), self.rng.choice(texts.ESCALATE[reason]))

    def _extend(self, story: Story, matter: texts.Matter, days: int, why: int) -> None:
        story.extend(self._first(story.case.handler_unit_id), days, texts.EXTEND_NOTES[why])

    def _decline(self, story: Story, matter: texts.Matter) -> None:
        story.decline(self._owner(story), texts.DECLINE_NOTES[1])

    def _redirect(self, story: Story, matter: texts.Matter) -> None:
        assert matter.elsewhere is not None
        story.redirect(self._owner(story), *matter.elsewhere)

    def _decide(self, story: Story, matter: texts.Matter, approve: bool) -> None:
        story.decide(self.cast.decider(story), approve, "" if approve else texts.REFUSE_NOTES[0])

    def _withdraw(self, story: Story, matter: texts.Matter) -> None:
        story.withdraw(Voice.RESIDENT, texts.WITHDRAW_NOTES[0])

    def _merge(self, story: Story, matter: texts.Matter) -> None:
        lead = self.told[story.case.category, SUBJECTS[story.case.category].matters.index(matter)]
        story.merge(self._owner(story), lead)
