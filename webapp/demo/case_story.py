"""The course that cases take: how far each climbs, who is called together, what delays it, how it ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from webapp.cases.models import Case
from webapp.cases.options import longest_extension
from webapp.cases.permissions import Voice, reason_not, unit_at
from webapp.cases.service import review, verbs
from webapp.cases.states import LIMITS, CaseState, Channel, Confidentiality, ReasonKind, ResultKind, Verdict
from webapp.cases.workflow import next_level
from webapp.demo import case_texts as texts
from webapp.demo import volunteering
from webapp.demo.case_texts import SUBJECTS, Matter
from webapp.demo.timeline import Stage, Story, T, weighted
from webapp.directory.posts import Level
from webapp.foundation import clock
from webapp.foundation.access import Actor

# How often something happens, of the cases to which it can.
CONVENED, CLIMBS, APPROVED, RETURNED, CHECK_FAILS, REOPENED = 0.465, 0.22, 0.85, 0.04, 0.05, 0.015
EXTENDED, SUSPENDED, PRESSED, LATE, HANDED_DOWN = 0.05, 0.03, 0.04, 0.05, 0.06
BY_CODE, NOBODY_ANSWERS, TRIED_IN_VAIN = 0.45, 0.05, 0.08
VERDICTS = ((Verdict.SATISFIED, 72), (Verdict.MOSTLY, 21), (Verdict.UNSATISFIED, 7))
RESULTS = ((ResultKind.RESOLVED, 84), (ResultKind.PARTLY, 8), (ResultKind.EXPLAINED, 8))
# Working days from taking a case up to its result, well within the level's term.
DAYS = {Level.BUILDING: (0, 0), Level.GRID: (1, 3), Level.COMMUNITY: (2, 6), Level.STREET: (3, 9)}
QUICK = ("policy",)
DEPARTMENTS = (texts.CITY, texts.WORKS, texts.WATER, texts.POWER, texts.FIRE)
RESIDENTS: dict[str, Callable[..., Case]] = {
    "withdraw": review.withdraw_by_code,
    "supervise": review.supervise_by_code,
    "record_verdict": review.record_verdict_by_code,
    "reopen": review.reopen_by_code,
}


class OverError(Exception):
    """Nobody may do what comes next: time or others have led the case elsewhere. Its story ends here."""


class CaseStory:
    """A case under way, and what people do to it."""

    def __init__(
        self, stage: Stage, rng: random.Random, case: Case, matter: Matter, *, first_hand: bool = False
    ) -> None:
        self.stage, self.rng, self.case, self.matter = stage, rng, case, matter
        # With ``first_hand`` it is always the first who may: in the demo's own places the one with the account.
        self._choice = None if first_hand else rng
        self.worker: Actor | None = None  # who took it up

    def told(self, course: Story) -> Story:
        """Follow the course until it ends, or until nobody may go on."""
        try:
            yield from course
        except OverError:
            return

    # Single steps

    def do(self, action: str, *unit_ids: int | None, **inputs: object) -> Actor:
        """Somebody of the first of these units that may does it.

        Raises:
            OverError: nobody may.
        """
        actor = self.stage.cast.able(self.case, action, unit_ids, self._choice)
        if actor is None:
            raise OverError
        verbs.act(actor, self.case.number, action, version=None, **inputs)
        return actor

    def resident(self, action: str, **inputs: object) -> None:
        """The reporter does it, with the tracking code."""
        if reason_not(Voice.RESIDENT, self.case, action):
            raise OverError
        RESIDENTS[action](self.case.tracking_code, **inputs)

    def assign(self, handler: str, note: str) -> None:
        """Give it to who stands behind a word of the texts: the grid's company, a department, or the owner itself."""
        case, made = self.case, self.stage.made
        unit_id = case.owner_unit_id
        if handler == texts.COMPANY and case.grid_id:
            unit_id = made.company_of[case.grid_id]
        elif handler in DEPARTMENTS:
            unit_id = made.departments[DEPARTMENTS.index(handler)].id
        if unit_id == case.against_unit_id:
            unit_id = case.owner_unit_id
        self.do("assign", case.owner_unit_id, handler_unit_id=unit_id, note=note)

    def accept(self) -> None:
        """签收, by the one who will work on it."""
        self.worker = self.do("accept", self.case.handler_unit_id)

    def by_handler(self, action: str, **inputs: object) -> None:
        """Whoever took it up does it, else somebody of the same unit."""
        worker, case = self.worker, self.case
        if worker and worker.unit_id == case.handler_unit_id and not reason_not(worker, case, action):
            verbs.act(worker, case.number, action, version=None, **inputs)
        else:
            self.do(action, case.handler_unit_id, **inputs)

    def check(self, action: str, note: str) -> None:
        """Somebody of the owner without a hand in it; where there is none, of the level above."""
        case = self.case
        self.do(action, case.owner_unit_id, unit_at(case, next_level(case.level)), note=note)

    def call(self, action: str, **inputs: object) -> None:
        """Somebody of another unit than the handler's asks the reporter."""
        self.do(action, self.case.community_id, self.case.street_id, channel=Channel.PHONE, **inputs)

    def file(self, action: str, **inputs: object) -> None:
        """Somebody of the community does it, or of the level that owns the case where that is higher."""
        self.do(action, self.case.community_id, self.case.street_id, **inputs)

    def decide(self, kind: str, approve: bool, reason: str = "") -> None:
        """Approve what is asked for, or send it back: the owner for a longer term, else the level above."""
        case, action = self.case, f"{'approve' if approve else 'refuse'}_{kind}"
        self.do(
            action, unit_at(case, next_level(case.level)), case.owner_unit_id, case.community_id, case.street_id,
            reason=reason,
        )  # fmt: skip

    def escalate(self, kind: str) -> None:
        """上报, for a reason of that kind."""
        reason = self._one(texts.ESCALATE[kind])
        self.do("escalate", self.case.owner_unit_id, reason_kind=kind, reason=reason)

    def convene(self) -> None:
        """召集 those whom such a matter concerns."""
        parties = SUBJECTS[self.case.category].parties
        self.do("convene", self.case.owner_unit_id, parties=parties, note=self._one(texts.CONVENE_NOTES))

    def redirect(self) -> None:
        """Ask to lead the reporter to where the matter belongs."""
        assert self.matter.elsewhere is not None
        reason, channel = self.matter.elsewhere
        self.do("redirect", self.case.owner_unit_id, reason=reason, channel_text=channel)

    # Courses

    def whole(self) -> Story:
        """The usual course, to the archive and now and then beyond."""
        yield from self._climb()
        yield from self._handle()
        yield from self._finish()
        if self._happens(REOPENED):
            yield self.later(3, 15)
            self.resident("reopen", reason=self._one(texts.REOPEN_NOTES))
            yield from self._work()
            yield from self._finish()

    def on_spot(self) -> Story:
        """Done while one stood there."""
        volunteering.help_with(self.stage, self.case)
        yield self._in_minutes(3, 12)
        self.do("settle_on_spot", self.case.owner_unit_id, result_text=self._one(self.matter.results))
        yield from self._finish()

    def withdrawn(self) -> Story:
        """The reporter takes it back."""
        yield self.later(0, 1)
        self.resident("withdraw", reason=self._one(texts.WITHDRAW_NOTES))

    def refused(self) -> Story:
        """Not taken, or led elsewhere; the next level confirms it."""
        yield self.later(0, 0)
        if self.matter.elsewhere:
            self.redirect()
        else:
            self.do("decline", self.case.owner_unit_id, reason=self._one(texts.DECLINE_NOTES))
        yield self.later(0, 1)
        self.decide("redirect" if self.matter.elsewhere else "decline", True)

    def merged(self, lead: Case) -> Story:
        """The same matter from another resident, joined to the first within the hour."""
        yield self._in_minutes(8, 20)
        if lead.closed_at is None:
            self.do("merge", self.case.owner_unit_id, into=lead.number)

    def _climb(self) -> Story:
        """Up the ladder as far as it must, called together on the way."""
        case, report = self.case, self.case.confidentiality == Confidentiality.REPORT
        while True:
            if case.level == Level.BUILDING:
                yield self._in_minutes(5, 90)
                self.escalate(ReasonKind.BEYOND_AUTHORITY)
                continue
            if case.state == CaseState.REGISTERED and not report and self._happens(CONVENED):
                yield self.later(0, 1)
                self.convene()
            if next_level(case.level) is None or report or not self._happens(CLIMBS):
                return
            yield self.later(0, 1)
            self.escalate(self._one(tuple(texts.ESCALATE)))
            yield self.later(0, 1)
            if not self._happens(APPROVED):
                self.decide("escalate", False, self._one(texts.REFUSE_NOTES))
                return
            self.decide("escalate", True, self._one(texts.APPROVE_NOTES))
            if not case.returned_down and self._happens(HANDED_DOWN):
                yield self.later(0, 1)
                self.do("hand_down", case.owner_unit_id, reason=self._one(texts.HAND_DOWN_NOTES))
                return

    def _handle(self) -> Story:
        """Given to a handler, perhaps sent back once, taken up, perhaps delayed, done."""
        yield self.later(0, 1)
        self.assign(self._one(self.matter.handlers), self._one(texts.ASSIGN_NOTES))
        yield self.later(0, 1)
        if self._happens(RETURNED):
            self.do("return_case", self.case.handler_unit_id, reason=self._one(texts.RETURN_NOTES))
            yield self.later(0, 1)
            self.assign(self._one(self.matter.handlers), self._one(texts.ASSIGN_NOTES))
            yield self.later(0, 0)
        self.accept()
        volunteering.help_with(self.stage, self.case)
        yield from self._delays()
        yield from self._work()

    def _delays(self) -> Story:
        """What may come between: pressing, a longer term, a missing condition."""
        case = self.case
        if self._happens(PRESSED):
            yield self.later(1, 1)
            above = unit_at(case, next_level(case.level))
            if above and self._happens(0.5):
                self.do("supervise", above, note=self._one(texts.SUPERVISE_NOTES))
            else:
                self.resident("supervise", note=self._one(texts.SUPERVISE_NOTES))
        if self._happens(EXTENDED):
            yield self.later(0, 1)
            days = min(self.rng.randint(2, 4), longest_extension(case))
            self.by_handler("extend", workdays=days, reason=self._one(texts.EXTEND_NOTES))
            yield self.later(0, 1)
            self.decide("extend", True)
        if self._happens(SUSPENDED):
            yield self.later(0, 1)
            until = clock.today() + timedelta(days=self.rng.randint(14, 80))
            self.file("suspend", until=until, reason=self._one(texts.SUSPEND_NOTES))
            early = self._happens(0.5)
            day = self.stage.workday(until + timedelta(days=-2 if early else 1))
            yield self.stage.moment(self.rng, day)
            if case.state == CaseState.SUSPENDED:  # else it went on by itself
                self.file("resume", note="条件已经具备")

    def _work(self) -> Story:
        """The work itself, now and then too long."""
        case = self.case
        low, high = (0, 1) if case.category in QUICK or case.urgent else DAYS[Level(case.level)]
        late = self.rng.randint(3, 8) if self._happens(LATE) else 0
        yield self.later(low + late, high + late)
        text, kind = self._one(self.matter.results), weighted(self.rng, RESULTS)
        self.by_handler("submit_result", result_text=text, result_kind=kind)

    def _finish(self) -> Story:
        """核查, 评议, 归档."""
        case, spot = self.case, self.worker is None
        yield self.later(0, 1)
        if self._happens(CHECK_FAILS) and not spot:
            self.check("fail_check", self._one(texts.FAIL_NOTES))
            yield from self._work()
            yield self.later(0, 1)
        self.check("pass_check", self._one(texts.CHECK_NOTES))
        yield from self._verdict()
        if case.state == CaseState.IN_PROGRESS:  # not satisfied: once more
            yield from self._work()
            yield from self._finish()
            return
        yield self.later(0, 1)
        self.file("archive")

    def _verdict(self) -> Story:
        """By the reporter's code, by a caller, or by nobody."""
        phone = self.case.reporter_phone_hash is not None
        value = weighted(self.rng, VERDICTS)
        note = self._one(texts.VERDICT_NOTES[value])
        if not self._happens(NOBODY_ANSWERS) and (self._happens(BY_CODE) or not phone):
            yield self.later(0, 4)
            self.resident("record_verdict", verdict=value, note=note)
            return
        in_vain = self._happens(TRIED_IN_VAIN)
        tries = LIMITS.contact_tries if in_vain else self.rng.choice((0, 0, 0, 1))
        for _ in range(tries if phone else 0):
            yield self.later(1, 1)
            self.call("log_try", note=self._one(texts.TRY_NOTES))
        if in_vain or not phone:  # it closes by itself when the term is over
            assert self.case.due_at is not None
            yield self.stage.moment(
                self.rng, self.stage.workday(clock.local(self.case.due_at).date() + timedelta(days=1))
            )
            return
        yield self.later(1, 2)
        self.call("record_verdict", verdict=value, note=note)

    # Small things

    def later(self, low: int, high: int) -> datetime:
        """So many working days on, in the hours of service; what is urgent and not taken up yet waits minutes only."""
        days = self.rng.randint(low, high)
        if self.case.urgent and self.case.state in (CaseState.REGISTERED, CaseState.CONVENING):
            return self._in_minutes(2, 7)
        if not days:
            return self._in_minutes(10, 55)
        return self.stage.moment(self.rng, self.stage.calendar.add_workdays(clock.today(), days))

    def _in_minutes(self, low: int, high: int) -> datetime:
        return clock.now() + timedelta(minutes=self.rng.randint(low, high))

    def _happens(self, share: float) -> bool:
        return self.rng.random() < share

    def _one(self, choices: Sequence[T]) -> T:
        return self.rng.choice(choices)
