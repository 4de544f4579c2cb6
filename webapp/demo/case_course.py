"""The course that cases take: how far each climbs, who is called together, what delays it, how it ends."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import TypeVar

from webapp.cases.permissions import Voice
from webapp.cases.states import LIMITS, CaseState, Channel, Confidentiality, ReasonKind, ResultKind, Verdict
from webapp.cases.workflow import next_level
from webapp.demo import case_texts as texts
from webapp.demo.case_cast import Cast
from webapp.demo.case_story import Story
from webapp.demo.case_texts import SUBJECTS, Matter
from webapp.demo.history import NEXT_MORNING, Doer, History
from webapp.directory.posts import Level
from webapp.foundation import clock

T = TypeVar("T")

# How often something happens, of the cases to which it can.
CONVENED, CLIMBS, APPROVED, RETURNED, CHECK_FAILS, REOPENED = 0.465, 0.22, 0.85, 0.04, 0.05, 0.015
EXTENDED, SUSPENDED, PRESSED, LATE, HANDED_DOWN = 0.05, 0.03, 0.04, 0.05, 0.06
BY_CODE, NOBODY_ANSWERS = 0.45, 0.05
VERDICTS = ((Verdict.SATISFIED, 72), (Verdict.MOSTLY, 21), (Verdict.UNSATISFIED, 7))
RESULTS = ((ResultKind.RESOLVED, 84), (ResultKind.PARTLY, 8), (ResultKind.EXPLAINED, 8))
# Working days from taking a case up to its result, well within the level's term.
DAYS = {Level.BUILDING: (0, 0), Level.GRID: (1, 3), Level.COMMUNITY: (2, 6), Level.STREET: (3, 9)}
QUICK = ("policy",)


class Course:
    """Leads a story onwards; ``NotYetError`` ends it wherever the present cuts in."""

    def __init__(self, history: History, cast: Cast, rng: random.Random) -> None:
        self.history, self.cast, self.rng = history, cast, rng

    # Ends

    def whole(self, story: Story, matter: Matter) -> None:
        """The usual course, to the archive and now and then beyond."""
        self.climb(story)
        self.handle(story, matter)
        self.finish(story, matter)
        if self._happens(REOPENED):
            self.wait(story, 3, 15)
            story.reopen(Voice.RESIDENT, self._one(texts.REOPEN_NOTES))
            self.work(story, matter)
            self.finish(story, matter)

    def on_spot(self, story: Story, matter: Matter) -> None:
        """Done while one stood there."""
        story.go(story.at + timedelta(minutes=self.rng.randint(3, 12)))
        story.settle_on_spot(self.cast.owner(story), self._one(matter.results))
        self.finish(story, matter)

    def withdrawn(self, story: Story) -> None:
        """The reporter takes it back."""
        self.wait(story, 0, 1)
        story.withdraw(Voice.RESIDENT, self._one(texts.WITHDRAW_NOTES))

    def refused(self, story: Story, elsewhere: tuple[str, str] | None = None) -> None:
        """Not taken, or led elsewhere; the next level confirms it."""
        self.wait(story, 0, 0)
        by = self.cast.owner(story)
        if elsewhere:
            story.redirect(by, *elsewhere)
        else:
            story.decline(by, self._one(texts.DECLINE_NOTES))
        self.wait(story, 0, 1)
        if story.ask is not None:
            story.decide(self.cast.decider(story), True, "")

    # Stages

    def climb(self, story: Story) -> None:
        """Up the ladder as far as it must, called together on the way."""
        report = story.case.confidentiality == Confidentiality.REPORT
        while True:
            level = Level(story.case.level)
            if level == Level.BUILDING:
                story.go(story.at + timedelta(minutes=self.rng.randint(5, 90)))
                reason = ReasonKind.BEYOND_AUTHORITY
                story.escalate(self.cast.owner(story), reason, self._one(texts.ESCALATE[reason]))
                continue
            if story.case.state == CaseState.REGISTERED and not report and self._happens(CONVENED):
                self.wait(story, 0, 1)
                parties = SUBJECTS[story.case.category].parties
                story.convene(self.cast.owner(story), parties, self._one(texts.CONVENE_NOTES))
            if next_level(level) is None or report or not self._happens(CLIMBS) or not self._ask_up(story):
                return

    def _ask_up(self, story: Story) -> bool:
        """Ask the level above to take it; whether it did."""
        self.wait(story, 0, 1)
        reason = self._one(tuple(texts.ESCALATE))
        story.escalate(self.cast.owner(story), reason, self._one(texts.ESCALATE[reason]))
        self.wait(story, 0, 1)
        if story.ask is None or story.case.level == Level.STREET:
            return False
        approve = self._happens(APPROVED)
        note = self._one(texts.APPROVE_NOTES if approve else texts.REFUSE_NOTES)
        story.decide(self.cast.decider(story), approve, note)
        if approve and not story.case.returned_down and self._happens(HANDED_DOWN):
            self.wait(story, 0, 1)
            story.hand_down(self.cast.owner(story), self._one(texts.HAND_DOWN_NOTES))
            return False
        return approve

    def handle(self, story: Story, matter: Matter) -> None:
        """Given to a handler, perhaps sent back once, taken up, perhaps delayed, done."""
        self.assign(story, self._one(matter.handlers))
        self.wait(story, 0, 1)
        if self._happens(RETURNED):
            story.return_case(self._handler(story), self._one(texts.RETURN_NOTES))
            self.assign(story, self._one(matter.handlers))
            self.wait(story, 0, 0)
        story.accept(self._handler(story))
        self.delays(story)
        self.work(story, matter)

    def assign(self, story: Story, handler: str) -> None:
        """转办."""
        self.wait(story, 0, 1)
        unit_id = self.cast.handler_unit(story, handler)
        if unit_id == story.case.against_unit_id:
            unit_id = story.case.owner_unit_id
        story.assign(self.cast.owner(story), unit_id, self._one(texts.ASSIGN_NOTES))

    def delays(self, story: Story) -> None:
        """What may come between: pressing, a longer term, a missing condition."""
        if self._happens(PRESSED):
            self.wait(story, 1, 1)
            above = next_level(story.case.level)
            by = (
                self.cast.of_unit(getattr(story.case, f"{above}_id"))
                if above and self._happens(0.5)
                else Voice.RESIDENT
            )
            story.supervise(by, self._one(texts.SUPERVISE_NOTES))
        if self._happens(EXTENDED):
            self.wait(story, 0, 1)
            story.extend(self._handler(story), self.rng.randint(2, 4), self._one(texts.EXTEND_NOTES))
            self.wait(story, 0, 1)
            if story.ask is not None:
                story.decide(self.cast.decider(story), True, "")
        if self._happens(SUSPENDED):
            self.wait(story, 0, 1)
            self.park(story, self.rng.randint(14, 80))

    def park(self, story: Story, days: int) -> None:
        """挂账, and on again when the review date is over."""
        until = clock.local(story.at).date() + timedelta(days=days)
        story.suspend(self.cast.filer(story), until, self._one(texts.SUSPEND_NOTES))
        if self._happens(0.5):
            story.go(self.history.moment(self.rng, self.history.workday(until - timedelta(days=2))))
        else:
            story.go(clock.at(until + timedelta(days=1), NEXT_MORNING))
        if story.case.state == CaseState.SUSPENDED:  # else it went on by itself
            story.resume(self.cast.filer(story), "条件已经具备")

    def work(self, story: Story, matter: Matter) -> None:
        """The work itself, now and then too long."""
        low, high = (
            (0, 1) if story.case.category in QUICK or story.case.urgent else DAYS[Level(story.case.level)]
        )
        late = self.rng.randint(3, 8) if self._happens(LATE) else 0
        self.wait(story, low + late, high + late)
        kind = self.weighted(RESULTS)
        story.submit_result(self._handler(story), self._one(matter.results), kind)

    def finish(self, story: Story, matter: Matter) -> None:
        """核查, 评议, 归档."""
        self.wait(story, 0, 1)
        if (
            self._happens(CHECK_FAILS)
            and story.case.assigned_at
            and story.case.state == CaseState.PENDING_CHECK
        ):
            story.fail_check(self.cast.checker(story), self._one(texts.FAIL_NOTES))
            self.work(story, matter)
            self.wait(story, 0, 1)
        story.pass_check(self.cast.checker(story), self._one(texts.CHECK_NOTES))
        self.verdict(story)
        if story.case.state == CaseState.IN_PROGRESS:  # not satisfied: once more
            self.work(story, matter)
            self.finish(story, matter)
            return
        self.wait(story, 0, 1)
        story.archive(self.cast.filer(story))

    def verdict(self, story: Story) -> None:
        """By the reporter's code, by a caller, or by nobody."""
        phone = story.case.reporter_phone_hash is not None
        if not self._happens(NOBODY_ANSWERS) and (self._happens(BY_CODE) or not phone):
            self.wait(story, 0, 4)
            value = self.weighted(VERDICTS)
            story.record_verdict(Voice.RESIDENT, value, Channel.CODE, self._one(texts.VERDICT_NOTES[value]))
            return
        tries = LIMITS.contact_tries if self._happens(0.08) else self.rng.choice((0, 0, 0, 1))
        for _ in range(tries if phone else 0):
            self.wait(story, 1, 1)
            story.log_try(self.cast.caller(story), Channel.PHONE, self._one(texts.TRY_NOTES))
        if not phone or tries == LIMITS.contact_tries:
            assert story.case.due_at is not None
            story.go(clock.at(clock.local(story.case.due_at).date() + timedelta(days=1), NEXT_MORNING))
            return
        self.wait(story, 1, 2)
        value = self.weighted(VERDICTS)
        story.record_verdict(
            self.cast.caller(story), value, Channel.PHONE, self._one(texts.VERDICT_NOTES[value])
        )

    # Small things

    def wait(self, story: Story, low: int, high: int) -> None:
        """So many working days, in the hours of service; what is urgent and not taken up yet waits minutes only."""
        days = self.rng.randint(low, high)
        if story.case.urgent and story.case.state in (CaseState.REGISTERED, CaseState.CONVENING):
            story.go(story.at + timedelta(minutes=self.rng.randint(2, 7)))
        elif days:
            day = self.history.calendar.add_workdays(clock.local(story.at).date(), days)
            story.go(self.history.moment(self.rng, day))
        else:
            story.go(story.at + timedelta(minutes=self.rng.randint(10, 55)))

    def _handler(self, story: Story) -> Doer:
        """Who works on it: the one who took it up, else somebody of the unit."""
        return story.worker or self.cast.of_unit(story.case.handler_unit_id)

    def _happens(self, share: float) -> bool:
        return self.rng.random() < share

    def _one(self, choices: Sequence[T]) -> T:
        return self.rng.choice(choices)

    def weighted(self, choices: Sequence[tuple[T, int]]) -> T:
        """One of them, as often as its share says."""
        return self.rng.choices([value for value, _ in choices], weights=[share for _, share in choices])[0]
