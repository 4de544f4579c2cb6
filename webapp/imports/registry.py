"""All kinds of ledger that can be brought in."""

from __future__ import annotations

from webapp.foundation.access import Actor
from webapp.imports import people, visits
from webapp.imports.kinds import Kind
from webapp.imports.models import ImportKind

KINDS: dict[ImportKind, Kind] = {kind.key: kind for kind in (people.KIND, visits.KIND)}


def open_to(actor: Actor) -> list[Kind]:
    """The kinds that the actor may bring in."""
    return [kind for kind in KINDS.values() if actor.can(kind.permission)]
