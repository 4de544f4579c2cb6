"""What can happen to a case, told: the verbs of the closed loop, each at the moment that the story has got to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from webapp.cases import terms
from webapp.cases.models import CaseParty, ContactTry
from webapp.cases.permissions import Voice, unit_at
from webapp.cases.service.turn import clear_handler, clear_result, phase_of
from webapp.cases.states import (
    LIMITS,
    UNDER_WAY,
    CaseState,
    Channel,
    Phase,
    RequestKind,
    ResultKind,
    Verdict,
    VerdictBy,
)
from webapp.cases.workflow import next_level
from webapp.demo.case_record import Record, Who
from webapp.demo.history import Doer
from webapp.directory.posts import Level
from webapp.foundation import clock

OFTEN = timedelta(seconds=1)  # what is due happens at the next sweep


class NotYetError(Exception):
    """The next step lies in the future; the story ends where it stands."""


class Story(Record):
    """A case under way. Every verb happens at ``at``; nothing is checked, the teller knows the rules."""

    # Time

    def go(self, at: datetime) -> None:
        """Let time pass until ``at``; what was due by then has happened by itself.

        Raises:
            NotYetError: ``at`` has not come yet.
        """
        self._meanwhile(min(at, self.history.now))
        if at >= self.history.now:
            raise NotYetError
        self.at = max(self.at, at)

    def catch_up(self) -> None:
        """Let time pass until the present, so that the sweep finds nothing that it would have done before."""
        self._meanwhile(self.history.now)

    def _meanwhile(self, until: datetime) -> None:
        while (due := self._due_by_itself()) is not None and due[0] <= until:
            self.at, happen = due
            happen()

    def _due_by_itself(self) -> tuple[datetime, Callable[[], None]] | None:
        """When the sweep would next move the case, and what it would do."""
        case = self.case
        if case.due_at is None:
            return None
        if case.state == CaseState.SUSPENDED:
            return case.due_at + OFTEN, lambda: self.resume(Voice.SYSTEM)
        if case.state == CaseState.CALLBACK:
            tried = case.reporter_phone_hash is None or case.contact_tries >= LIMITS.contact_tries
            return (case.due_at + OFTEN, self._no_response) if tried else None
        stepped_here = case.overdue_stepped_level == case.level
        steps = case.state in (*UNDER_WAY, CaseState.PENDING_CHECK) and next_level(case.level) is not None
        return (self._step_up_at(case.due_at), self._step_up) if steps and not stepped_here else None

    def _step_up_at(self, due_at: datetime) -> datetime:
        """In working hours: at once if it is urgent, else when the working days of grace are over."""
        if self.case.urgent:
            return self.history.working_hours(due_at + OFTEN)
        due_on = clock.local(due_at).date()
        return self.history.working_hours(
            clock.at(self.history.calendar.add_workdays(due_on, LIMITS.grace_workdays + 1))
        )

    def _step_up(self) -> None:
        """超期升级."""
        self.case.overdue_stepped_level = self.case.level
        self._finish("step_up", Voice.SYSTEM, data=self._to_level(next_level(self.case.level)))

    def _no_response(self) -> None:
        """未联系上: nobody answered until the end of the term."""
        channel = Channel.PHONE if self.case.reporter_phone_hash else Channel.CODE
        self.record_verdict(Voice.SYSTEM, Verdict.NO_RESPONSE, channel)

    # 收集, 召集, 转办, 处置

    def settle_on_spot(self, by: Doer, text: str, kind: str = ResultKind.RESOLVED) -> None:
        """当场办结."""
        self.case.handler_unit_id, self.case.assigned_at = by.unit_id, self.at
        self._result("settle_on_spot", by, text, kind)

    def convene(self, by: Doer, parties: tuple[str, ...], note: str) -> None:
        """召集."""
        for name in parties:
            self._rows.append(
                (CaseParty, {"case_id": self.case.id, "unit_id": None, "name": name, "called_at": self.at})
            )
        self._term(Phase.ACCEPT)
        self._finish("convene", by, note, {"parties": list(parties)})

    def assign(self, by: Doer, unit_id: int, note: str) -> None:
        """转办."""
        clear_handler(self.case)
        self.hands.clear()
        self.worker = None
        self.case.handler_unit_id, self.case.assigned_at = unit_id, self.at
        self._term(Phase.HANDLE)
        self._finish("assign", by, note, {"unit": unit_id, **self._due()})

    def return_case(self, by: Doer, note: str) -> None:
        """退单, the first or second time."""
        data = {"from_unit": self.case.handler_unit_id}
        clear_handler(self.case)
        self.case.returns += 1
        self._term(Phase.ACCEPT)
        self._finish("return_case", by, note, data)

    def accept(self, by: Doer) -> None:
        """签收."""
        self.worker = by
        self.hands.add(by.person_id)
        self._finish("accept", by)

    def suspend(self, by: Doer, until: date, note: str) -> None:
        """挂账."""
        self.case.suspended_reason = note
        terms.suspend(self.case, until, self.at)
        self._finish("suspend", by, note, {"until": until.isoformat()})

    def resume(self, by: Who, note: str = "") -> None:
        """恢复办理."""
        terms.resume(self.case, self.at)
        self._finish("resume", by, note, self._due())

    def submit_result(self, by: Doer, text: str, kind: str = ResultKind.RESOLVED) -> None:
        """反馈结果."""
        self._result("submit_result", by, text, kind)

    def _result(self, action: str, by: Doer, text: str, kind: str) -> None:
        case = self.case
        case.result_kind, case.result_text, case.result_at = kind, text, self.at
        case.handled_by_id, case.checked_by_id = by.person_id, None
        self.worker = by
        self.hands.add(by.person_id)
        self._term(Phase.CHECK)
        self._finish(action, by, text, {"result_kind": kind})

    def pass_check(self, by: Doer, note: str) -> None:
        """核查通过."""
        self.case.checked_by_id = by.person_id
        self._term(Phase.CALLBACK)
        self._finish("pass_check", by, note)

    def fail_check(self, by: Doer, note: str) -> None:
        """退回重办."""
        clear_result(self.case)
        self._term(Phase.HANDLE)
        self._finish("fail_check", by, note, self._due())

    # 回访, 评议, 归档

    def log_try(self, by: Doer, channel: str, note: str) -> None:
        """记录未联系上."""
        self._rows.append((ContactTry, {
            "case_id": self.case.id, "at": self.at, "channel": channel, "person_id": by.person_id,
            "unit_id": by.unit_id, "note": note,
        }))  # fmt: skip
        self.case.contact_tries += 1
        self._finish("log_try", by, note, {"channel": channel, "try": self.case.contact_tries})

    def record_verdict(self, by: Who, verdict: str, channel: str, note: str = "") -> None:
        """评议; not satisfied for the first time, it is done again one level up."""
        whose = VerdictBy.CALLER if isinstance(by, Doer) else VerdictBy(by.value)
        data: dict[str, object] = {"verdict": verdict, "by": whose, "channel": channel}
        case = self.case
        if verdict == Verdict.UNSATISFIED and case.rework_count < LIMITS.reworks:
            case.rework_count += 1
            data |= self._again(up=True)
            self._finish("record_verdict", by, note, data, to=CaseState.IN_PROGRESS)
            return
        case.verdict, case.verdict_by, case.verdict_channel, case.verdict_at = (
            verdict,
            whose,
            channel,
            self.at,
        )
        case.verdict_note = note
        case.caller_id = by.person_id if isinstance(by, Doer) else None
        self._term(Phase.ARCHIVE)
        self._finish("record_verdict", by, note, data, to=CaseState.APPRAISED)

    def archive(self, by: Doer) -> None:
        """归档."""
        self.case.archived_at = self.at
        self.filer = by
        self._finish("archive", by)

    def reopen(self, by: Who, note: str) -> None:
        """重新办理."""
        self.case.reopen_count += 1
        self.case.archived_at = None
        data = self._again(up=self.case.reopen_count > 1)
        self.hands.clear()
        self._finish("reopen", by, note, {**data, "count": self.case.reopen_count})

    def withdraw(self, by: Who, note: str) -> None:
        """撤回."""
        self._finish("withdraw", by, note)

    def supervise(self, by: Who, note: str) -> None:
        """督办, 催办."""
        self._finish("supervise", by, note)

    def merge(self, by: Doer, lead: Story) -> None:
        """并案."""
        self.case.state_before, self.case.merged_into_id = self.case.state, lead.case.id
        self._finish("merge", by, data={"into": lead.case.number})

    # Leave of others

    def escalate(self, by: Doer, reason_kind: str, note: str) -> None:
        """上报: at once from the building, as a request above."""
        level = next_level(self.case.level)
        data: dict[str, object] = {"reason_kind": reason_kind, "to_level": level}
        if level == Level.GRID:
            data |= self._climb(level)
            self._finish("escalate", by, note, data, to=self._after_climbing)
            return
        unit_id = unit_at(self.case, level)
        ask_id = self._open(RequestKind.ESCALATE, by, unit_id, note, reason_kind=reason_kind)
        self._finish("escalate", by, note, {**data, "unit": unit_id, "request": ask_id})

    def extend(self, by: Doer, workdays: int, note: str) -> None:
        """申请延期."""
        ask_id = self._open(RequestKind.EXTEND, by, self.case.owner_unit_id, note, workdays=workdays)
        self._finish(
            "extend", by, note, {"request": ask_id, "workdays": workdays, "unit": self.case.owner_unit_id}
        )

    def decline(self, by: Doer, note: str) -> None:
        """申请不予受理."""
        unit_id = self._confirming()
        self._finish(
            "decline",
            by,
            note,
            {"request": self._open(RequestKind.DECLINE, by, unit_id, note), "unit": unit_id},
        )

    def redirect(self, by: Doer, note: str, channel: str) -> None:
        """申请引导其他渠道."""
        unit_id = self._confirming()
        ask_id = self._open(RequestKind.REDIRECT, by, unit_id, note, channel_text=channel)
        self._finish("redirect", by, note, {"request": ask_id, "unit": unit_id, "channel": channel})

    def decide(self, by: Doer, approve: bool, note: str) -> None:
        """Approve what is asked for, or send it back."""
        ask, case = self.ask, self.case
        assert ask is not None
        ask.decided_by_id, ask.decided_at, ask.approved, ask.answer = by.person_id, self.at, approve, note
        data: dict[str, object] = {"request": ask.id}
        if not approve:
            self._finish(f"refuse_{ask.kind}", by, note, {**data, "unit": ask.asked_unit_id})
        elif ask.kind == RequestKind.ESCALATE:
            after, level = self._after_climbing, next_level(case.level)
            data |= self._climb(level)
            self._finish("approve_escalate", by, note, data, to=after)
        else:
            if ask.kind == RequestKind.EXTEND:
                terms.extend(case, ask.workdays or 1, ask.reason)
                data |= {"workdays": ask.workdays, **self._due()}
            if ask.kind == RequestKind.REDIRECT:
                data["channel"] = ask.channel_text
            self._finish(f"approve_{ask.kind}", by, ask.reason, data)

    def hand_down(self, by: Doer, note: str) -> None:
        """交回下级."""
        case = self.case
        assert case.came_from_unit_id is not None
        assert case.came_from_level is not None
        case.owner_unit_id, case.level = case.came_from_unit_id, case.came_from_level
        case.came_from_unit_id = case.came_from_level = None
        case.returned_down = True
        self._term(phase_of(case.state))
        self._finish("hand_down", by, note, {"unit": case.owner_unit_id})

    def _confirming(self) -> int | None:
        return unit_at(self.case, next_level(self.case.level)) or self.case.owner_unit_id

    @property
    def _after_climbing(self) -> str:
        in_hand = self.case.state in (CaseState.ASSIGNED, CaseState.IN_PROGRESS)
        return CaseState.CONVENING if in_hand else self.case.state

    def _climb(self, level: str | None) -> dict[str, object]:
        data: dict[str, object] = {}
        if self._after_climbing != self.case.state:
            data["handler"] = self.case.handler_unit_id
            clear_handler(self.case)
        return {**data, **self._to_level(level, Phase.ACCEPT)}

    def _again(self, *, up: bool) -> dict[str, object]:
        clear_result(self.case)
        above = next_level(self.case.level) if up else None
        if above is not None:
            return self._to_level(above, Phase.HANDLE)
        self._term(Phase.HANDLE)
        return {}
