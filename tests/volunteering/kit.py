"""Volunteers and activities for the tests of this room."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import time_machine
from blinker import Signal

from tests.support.world import World
from webapp.directory.models import Person
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.volunteering.activities import service as activity_service
from webapp.volunteering.activities.service import Plan
from webapp.volunteering.attendance import service as attendance_service
from webapp.volunteering.models import Activity, Attendance, Way

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def tomorrow(hours: float = 9) -> datetime:
    """That many hours after the next midnight in Shanghai."""
    return clock.at(clock.today() + timedelta(days=1)) + hours * HOUR


def a_plan(world: World, **changes: Any) -> Plan:
    """Two hours tomorrow morning in the first grid."""
    given: dict[str, Any] = {
        "title": "楼道清扫", "category": "environment", "place": "1栋门前", "starts_at": tomorrow(), "ends_at": tomorrow(11),
        "unit_id": world.units["grid"],
    }  # fmt: skip
    return Plan(**{**given, **changes})


def an_activity(world: World, who: str = "grid_worker", **changes: Any) -> Activity:
    """The same, planned by the grid's worker."""
    return activity_service.create_activity(world.actor(who), a_plan(world, **changes))


def volunteers(world: World, count: int) -> list[Actor]:
    """More volunteers of the first grid, without logins."""
    pattern = world.actor("volunteer")
    with transaction() as session:
        people = [Person(name=f"志愿者{number}", is_serving_party_member=True) for number in range(count)]
        session.add_all(people)
        session.flush()
        return [dataclasses.replace(pattern, person_id=person.id, name=person.name) for person in people]


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The clock stands at ``moment``."""
    with time_machine.travel(moment, tick=False):
        yield


def served(
    actor: Actor, activity: Activity, came: datetime | None = None, went: datetime | None = None
) -> Attendance:
    """The actor checked in and out; from start to end, if not said otherwise."""
    with at(came or activity.starts_at):
        attendance_service.check_in(actor, activity.id, Way.ROTATING_CODE)
    with at(went or activity.ends_at):
        return attendance_service.check_out(actor, activity.id)


class Collected(list[dict[str, Any]]):
    """What a signal delivers from now on, as long as the test keeps this list."""

    def __init__(self, signal: Signal) -> None:
        super().__init__()
        signal.connect(self.note)

    def note(self, _sender: Any, **values: Any) -> None:
        """Keep one piece of news."""
        self.append(values)
