"""What happened to a case, as its page and its rules read it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from webapp.cases.models import CaseEvent
from webapp.directory.models import Person, Unit
from webapp.foundation.hot import HotQuery


class EventRow(NamedTuple):
    """A ``CaseEvent`` with the names of who acted and where they served."""

    id: int
    case_id: int
    at: datetime
    action: str
    to_state: str
    level: str
    person_id: int | None
    post: str
    unit_id: int | None
    note: str
    data: dict[str, object]
    person_name: str | None
    unit_name: str | None


_E = CaseEvent.__table__.c
_EVENTS = HotQuery(
    EventRow,
    sa.select(
        _E.id, _E.case_id, _E.at, _E.action, _E.to_state, _E.level, _E.person_id, _E.post, _E.unit_id, _E.note, _E.data,
        Person.name.label("person_name"), Unit.short_name.label("unit_name"),
    )
    .select_from(CaseEvent)
    .outerjoin(Person, Person.id == _E.person_id)
    .outerjoin(Unit, Unit.id == _E.unit_id)
    .where(_E.case_id == sa.bindparam("case"))
    .order_by(_E.id),
)  # fmt: skip


def events_of(*case_ids: int) -> list[EventRow]:
    """All events of these cases, in order."""
    found = [event for case_id in case_ids for event in _EVENTS.all(case=case_id)]
    return found if len(case_ids) == 1 else sorted(found, key=lambda event: event.id)
