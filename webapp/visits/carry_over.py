"""转为诉求: from a visit to a case, with nothing typed again (F-02)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from webapp.cases.categories import categories
from webapp.cases.models import Case
from webapp.cases.service import intake
from webapp.cases.states import Source
from webapp.foundation import journal, photos
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import NotFound
from webapp.foundation.photos import ReadyPhoto
from webapp.visits import queries
from webapp.visits.models import Outcome, Visit, VisitKind
from webapp.visits.permissions import check_can_turn_into_case
from webapp.visits.service import PHOTO_OWNER

SOURCES = {VisitKind.STATION_RECEPTION: Source.STATION, VisitKind.HOME_VISIT: Source.VISIT}


@dataclass(frozen=True)
class CaseDraft:
    """What the case form shows before anybody has touched it. Name, phone and door go along unseen."""

    visit: Visit
    sheet: queries.Sheet
    categories: list[tuple[str, str]]  # the likely one first
    category: str | None
    what: str
    place_text: str


def draft(actor: Actor, visit_id: int) -> CaseDraft:
    """The draft of the case that this visit would become.

    Raises:
        NotFound: no such visit in scope. Refused, Conflict: see ``check_can_turn_into_case``.
    """
    visit = queries.visit_for(actor, visit_id)
    check_can_turn_into_case(actor, visit)
    sheet = queries.sheet(visit)
    choices = [(row.key, row.name) for row in categories()]
    led_to = queries.case_categories(visit.id)
    likely = [key for key, _ in choices if key in led_to]  # in the order of the choices, where 其他 is last
    return CaseDraft(
        visit=visit,
        sheet=sheet,
        categories=sorted(choices, key=lambda pair: pair[0] not in likely[:1]),
        category=likely[0] if likely else None,
        what=visit.note or "、".join(sheet.items),
        place_text=sheet.unit,
    )


def turn_into_case(
    actor: Actor, visit_id: int, *, category: str, what: str, place_text: str = "", urgent: bool = False
) -> Case:
    """Register the case; place, person and photos come from the visit, which then points to it.

    Raises:
        NotFound: no such visit in scope. Refused, Conflict: see ``check_can_turn_into_case``.
        Invalid: what ``cases.service.register`` finds wrong.
    """
    with transaction():
        queries.visit_for(actor, visit_id)
        visit = locked(Visit, visit_id)
        if visit is None:
            raise NotFound
        check_can_turn_into_case(actor, visit)
        made = intake.register(
            actor,
            category=category,
            what=what,
            unit_id=visit.unit_id,
            source=SOURCES[VisitKind(visit.kind)],
            place_text=place_text,
            urgent=urgent,
            reporter_name=visit.resident_name or "",
            reporter_phone=visit.resident_phone or "",
            reporter_door=visit.door or "",
            photos=_copies(visit.id),
        )
        visit.outcome, visit.case_id = Outcome.TO_CASE, made.id
        journal.record(actor, "visit:to_case", "visit", visit.id, {"case": made.id})
        return made


def _copies(visit_id: int) -> list[ReadyPhoto]:
    """The visit's photos once more: who may see the visit need not be who may see the case."""
    copies = []
    for row in photos.photos_of(PHOTO_OWNER, visit_id):
        with photos.open_photo(row.id) as image, photos.open_photo(row.id, thumb=True) as thumb:
            content = image.read()
            digest = hashlib.sha256(content).hexdigest()
            copies.append(ReadyPhoto(content, thumb.read(), row.width, row.height, digest))
    return copies
