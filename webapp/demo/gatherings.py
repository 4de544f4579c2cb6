"""Activities, who signed up, who came and for how long: the rows, as the room itself would have written them."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from webapp.demo.history import Act, Doer, History
from webapp.demo.places import Place
from webapp.directory.posts import Post
from webapp.foundation import clock
from webapp.foundation.codes import tracking_code
from webapp.points.models import RuleEvent
from webapp.volunteering.models import (
    Activity,
    Attendance,
    Category,
    HoursState,
    Objection,
    ObjectionState,
    Signup,
    SignupState,
    Way,
)
from webapp.volunteering.rules import RECORD_WORKDAYS, length_minutes, service_minutes

WAYS = (Way.ROTATING_CODE, Way.ROTATING_CODE, Way.POSTER, Way.ORGANISER)
AHEAD = timedelta(days=4)  # planned so long before, where nothing else is said


@dataclass(frozen=True)
class Gathering:
    """What an organiser would write down; ``risk`` empty: none, else the risk and the precaution."""

    grid: Place
    title: str
    category: Category
    place: str
    starts_at: datetime
    ends_at: datetime
    capacity: int | None = None
    case_id: int | None = None
    risk: str = ""
    description: str = ""
    planned_at: datetime | None = None


class Gatherings:
    """Writes activities; keeps nobody at two on one day."""

    def __init__(self, history: History, rng: random.Random) -> None:
        self.history, self.rng = history, rng
        self.grids = {grid.id: grid for grid in history.made.grids}
        self.attendances = 0
        self._busy: set[tuple[int, date]] = set()

    def plan(self, plan: Gathering, *, cancelled: bool = False, confirmed_at: datetime | None = None) -> int:
        """Write the activity; returns its id."""
        organiser = self.history.serving(self.rng, Post.GRID_WORKER, plan.grid.id)
        planned_at = self._planned_at(plan)
        called_off = planned_at + (plan.starts_at - planned_at) / 2 if cancelled else None
        activity_id = self.history.loader.add(
            Activity,
            unit_id=plan.grid.id,
            title=plan.title,
            category=plan.category,
            place=plan.place,
            station_id=self.history.made.stations_of.get(plan.grid.id),
            starts_at=plan.starts_at,
            ends_at=plan.ends_at,
            capacity=plan.capacity,
            organiser_id=organiser.person_id,
            organising_unit_id=plan.grid.id,
            contact="请联系网格员",
            description=plan.description,
            is_risky=bool(plan.risk),
            risk_note=plan.risk,
            insured=bool(plan.risk),
            min_age=None,
            case_id=plan.case_id,
            record_due=self.history.calendar.due_at(plan.ends_at, RECORD_WORKDAYS, "workday").due_at,
            cancelled_at=called_off,
            confirmed_at=None if cancelled else confirmed_at,
            poster_code=tracking_code(self.rng.choice),
            checkin_secret=secrets.token_hex(32),
            version=1,
            **plan.grid.columns(),
        )
        subject = ("activity", activity_id)
        self.history.book.note(
            planned_at, organiser, "activity:create", subject, {"unit": plan.grid.id, "case": plan.case_id}
        )
        if called_off:
            self.history.book.note(called_off, organiser, "activity:cancel", subject)
        return activity_id

    def _planned_at(self, plan: Gathering) -> datetime:
        return min(plan.planned_at or plan.starts_at - AHEAD, self.history.now - timedelta(hours=1))

    def sign_up(
        self,
        activity_id: int,
        plan: Gathering,
        heads: int,
        *,
        first: int | None = None,
        without: int | None = None,
    ) -> list[int]:
        """Members of the grid sign up, ``first`` among them and ``without`` not; returns who has a place.

        Those above the capacity wait.
        """
        day, members = clock.local(plan.starts_at).date(), self.history.made.members.get(plan.grid.id, [])
        willing = [p for p in members if (p, day) not in self._busy and p not in (first, without)]
        chosen = self.rng.sample(willing, min(heads - (first is not None), len(willing)))
        chosen = [*([first] if first else []), *chosen]
        self._busy.update((person_id, day) for person_id in chosen)
        planned_at = self._planned_at(plan)
        window = min(plan.starts_at, self.history.now) - planned_at
        moments = sorted(planned_at + window * self.rng.random() for _ in chosen)
        for number, (person_id, at) in enumerate(zip(chosen, moments, strict=True)):
            fits = plan.capacity is None or number < plan.capacity
            state = SignupState.SIGNED_UP if fits else SignupState.WAITING
            self.history.loader.add(
                Signup, activity_id=activity_id, person_id=person_id, state=state, joined_at=at
            )
            doer = Doer(person_id, Post.VOLUNTEER, plan.grid.id)
            detail = {"state": str(state)}
            self.history.book.note(at, doer, "activity:sign_up", ("activity", activity_id), detail)
        return chosen[: plan.capacity]

    def attend(
        self, activity_id: int, plan: Gathering, person_id: int, *,
        confirmed: tuple[datetime, Doer] | None = None, state: HoursState = HoursState.CONFIRMED,
    ) -> int:  # fmt: skip
        """The person came; with ``confirmed`` the hours count, else they wait in ``state``. Returns the attendance's id."""
        way = self.rng.choice(WAYS)
        values = self._times(plan, way, confirmed[0] if confirmed else self.history.now - timedelta(hours=2))
        attendance_id = self.history.loader.add(
            Attendance,
            activity_id=activity_id,
            person_id=person_id,
            way=way,
            state=state,
            late_reason="",
            reject_reason="",
            confirmed_by_id=confirmed[1].person_id if confirmed else None,
            confirmed_at=confirmed[0] if confirmed else None,
            **values,
            **plan.grid.columns(),
        )
        self.attendances += 1
        doer = (
            Doer(person_id, Post.VOLUNTEER, plan.grid.id)
            if way != Way.ORGANISER
            else confirmed and confirmed[1]
        )
        detail = {"activity": activity_id, "way": str(way)}
        self.history.book.note(
            values["at"], doer or None, "attendance:add", ("attendance", attendance_id), detail
        )
        if confirmed:
            self._confirm(attendance_id, plan, person_id, values["minutes"], *confirmed)
        if state == HoursState.DISPUTED:
            self._object(attendance_id, person_id, plan)
        return attendance_id

    def _times(self, plan: Gathering, way: Way, noted_at: datetime) -> dict[str, Any]:
        """When one came and went; those whom the organiser noted are credited the whole length."""
        if way == Way.ORGANISER:
            minutes = length_minutes(plan.starts_at, plan.ends_at)
            return {
                "at": noted_at, "sign_in_at": None, "sign_out_at": None, "auto_closed": False, "capped": False,
                "minutes": minutes,
            }  # fmt: skip
        came = plan.starts_at + timedelta(minutes=self.rng.randint(-10, 6))
        forgot = self.rng.random() < 0.06
        went = plan.ends_at if forgot else plan.ends_at + timedelta(minutes=self.rng.randint(-8, 12))
        minutes, capped = service_minutes(came, went, plan.starts_at, plan.ends_at)
        return {
            "at": came, "sign_in_at": came, "sign_out_at": went, "auto_closed": forgot, "capped": capped, "minutes": minutes,
        }  # fmt: skip

    def _confirm(
        self, attendance_id: int, plan: Gathering, person_id: int, minutes: int, at: datetime, by: Doer
    ) -> None:
        self.history.book.note(at, by, "hours:confirm", ("attendance", attendance_id), {"minutes": minutes})
        day = clock.local(plan.starts_at).date()
        place = plan.grid.columns()
        source = ("attendance", attendance_id)
        self.history.acts.append(
            Act(RuleEvent.ATTENDANCE_CONFIRMED, person_id, by, source, day, at, place, minutes)
        )

    def _object(self, attendance_id: int, person_id: int, plan: Gathering) -> None:
        at = self.history.now - timedelta(hours=20)
        self.history.loader.add(
            Objection,
            attendance_id=attendance_id,
            text="当天我提前半小时到场布置，时长少记了。",
            state=ObjectionState.OPEN,
            made_at=at,
            answer="",
            answered_by_id=None,
            answered_at=None,
        )
        doer = Doer(person_id, Post.VOLUNTEER, plan.grid.id)
        self.history.book.note(at, doer, "hours:object", ("attendance", attendance_id))
