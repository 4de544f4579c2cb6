"""What the demo accounts find on their desks: cases of their own street, community, grid and building, in every state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from webapp.cases.models import Case
from webapp.cases.states import Confidentiality, ResultKind, Source, Verdict
from webapp.demo import case_texts as texts
from webapp.demo import people
from webapp.demo.case_story import CaseStory
from webapp.demo.case_texts import CITY, COMPANY, FIRE, OWN, POWER, SUBJECTS, WORKS
from webapp.demo.cases import Cases, Heard
from webapp.demo.timeline import Stage, Story
from webapp.directory.models import Unit
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
        ("convene", (2, 10)), ("escalate", (1, 10), "unresolved"), ("decide", (1, 15), "escalate", False),
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
    S("grid", "policy", 1, (6, 9), (("decline", (6, 10)), ("decide", (5, 9), "decline", True))),
    S("grid", "other", 3, (8, 9), (("redirect", (8, 11)), ("decide", (7, 9), "redirect", True))),
    S(RESIDENT, "utilities", 3, (7, 10), (("withdraw", (7, 15)),)),
    S("grid", "charging", 2, (2, 9), (("convene", (2, 15)),)),
    S("grid", "charging", 2, (1, 9), (("merge", (1, 10)),)),
)  # fmt: skip


def tell(stage: Stage, cases: Cases) -> None:
    """Let each of the scenes begin in its time."""
    troupe = _Troupe(stage, cases)
    for scene in SCENES:
        stage.timeline.begin(troupe.moment(scene.began), troupe.play(scene))


class _Troupe:
    """Plays the scenes in the places of the demo accounts: the first of everything."""

    def __init__(self, stage: Stage, cases: Cases) -> None:
        self.stage, self.cases, self.rng = stage, cases, stage.rng("scenes")
        made = stage.made
        grid = made.grids[0]
        self.here: dict[str, Unit] = {
            "street": made.streets[0], "community": made.communities[0], "grid": grid, "building": made.buildings[grid.id][0],
        }  # fmt: skip
        self.leads: dict[
            tuple[str, int], Case
        ] = {}  # the first of each matter: another may be merged into it

    def moment(self, when: When) -> datetime:
        days, number = when
        if days == 0:
            return self.stage.now - timedelta(minutes=number)
        day = self.stage.today
        for _ in range(days):
            day = self.stage.last_workday(day - timedelta(days=1))
        return clock.at(day, time(number, self.rng.randrange(2, 55)))

    def play(self, scene: Scene) -> Story:
        """What happened, up to now."""
        case = self.cases.open(self._heard(scene))
        matter = self._matter(scene)
        story = CaseStory(self.stage, self.rng, case, matter, first_hand=True)
        lead = self.leads.setdefault((scene.category, scene.matter), case)
        for action, when, *words in scene.steps:
            yield self.moment(when)  # type: ignore[arg-type]
            self._step(story, lead, str(action), words)

    @staticmethod
    def _matter(scene: Scene) -> texts.Matter:
        report = Confidentiality.REPORT in scene.options
        return (texts.REPORTS if report else SUBJECTS[scene.category].matters)[scene.matter]

    def _heard(self, scene: Scene) -> Heard:
        by_resident = scene.heard_by == RESIDENT
        place = self.here["grid" if by_resident else scene.heard_by]
        secrecy = next(
            (Confidentiality(o) for o in scene.options if o in set(Confidentiality)), Confidentiality.NORMAL
        )
        return Heard(
            scene.category, self._matter(scene), place if place.level == Level.BUILDING else self.here["grid"],
            None if by_resident else self.stage.cast.workers(place.id)[0], Source.VISIT, secrecy,
            self.stage.made.companies[0].id if secrecy == Confidentiality.REPORT else None, "urgent" in scene.options,
            people.resident(self.rng) if secrecy != Confidentiality.ANONYMOUS else ("", "", ""),
        )  # fmt: skip

    def _step(self, story: CaseStory, lead: Case, action: str, words: list[Any]) -> None:
        matter, owner = story.matter, story.case.owner_unit_id
        steps: dict[str, Callable[..., object]] = {
            "convene": story.convene,
            "assign": lambda handler: story.assign(handler, self.rng.choice(texts.ASSIGN_NOTES)),
            "accept": story.accept,
            "submit": lambda: story.by_handler(
                "submit_result", result_text=matter.results[0], result_kind=ResultKind.RESOLVED
            ),
            "settle": lambda: story.do("settle_on_spot", owner, result_text=matter.results[0]),
            "check": lambda: story.check("pass_check", texts.CHECK_NOTES[0]),
            "miss": lambda: story.call("log_try", note=texts.TRY_NOTES[0]),
            "judge": lambda: story.resident(
                "record_verdict", verdict=Verdict.SATISFIED, note=texts.VERDICT_NOTES[Verdict.SATISFIED][0]
            ),
            "archive": lambda: story.file("archive"),
            "suspend": lambda days, why: story.file(
                "suspend", until=self.stage.today + timedelta(days=days), reason=texts.SUSPEND_NOTES[why]
            ),
            "supervise": lambda: story.resident("supervise"),
            "escalate": story.escalate,
            "extend": lambda days, why: story.by_handler(
                "extend", workdays=days, reason=texts.EXTEND_NOTES[why]
            ),
            "decline": lambda: story.do("decline", owner, reason=texts.DECLINE_NOTES[1]),
            "redirect": story.redirect,
            "decide": lambda kind, approve: story.decide(
                kind, approve, "" if approve else texts.REFUSE_NOTES[0]
            ),
            "withdraw": lambda: story.resident("withdraw", reason=texts.WITHDRAW_NOTES[0]),
            "merge": lambda: story.do("merge", owner, into=lead.number),
        }
        steps[action](*words)
