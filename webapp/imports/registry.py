"""All kinds of ledger that can be brought in."""

from __future__ import annotations

from webapp.directory.posts import Permission
from webapp.foundation.access import Actor
from webapp.imports import people, units, visits
from webapp.imports.kinds import Kind
from webapp.imports.models import ImportKind

KINDS: dict[ImportKind, Kind] = {kind.key: kind for kind in (units.KIND, people.KIND, visits.KIND)}


def open_to(actor: Actor) -> list[Kind]:
    """The kinds that the actor may bring in: who may import at all, and keeps what the kind writes to."""
    if not actor.can(Permission.IMPORT_RUN):
        return []
    return [kind for kind in KINDS.values() if actor.can(kind.permission)]
