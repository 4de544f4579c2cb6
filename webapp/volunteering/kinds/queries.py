"""The kinds of 三报到, as those who keep them see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation.errors import NotFound
from webapp.foundation.receipts import digest
from webapp.volunteering.models import CheckInKind


@dataclass(frozen=True)
class Place:
    """A kind, and the one in use that stands before it on the list."""

    kind: CheckInKind
    before: CheckInKind | None

    @property
    def after(self) -> int:
        """The id of the one before it; 0 for the first."""
        return self.before.id if self.before else 0

    @property
    def state(self) -> str:
        """In one word, another once anything about it was changed."""
        kind = self.kind
        return digest({"kind": (kind.name, kind.level, kind.retired_on, self.after)})


def kinds() -> Sequence[CheckInKind]:
    """Every kind there ever was, in order."""
    return db.session.scalars(sa.select(CheckInKind).order_by(CheckInKind.position, CheckInKind.id)).all()


def in_use(listed: Sequence[CheckInKind]) -> list[CheckInKind]:
    """Those of the list that one can report under."""
    return [kind for kind in listed if kind.retired_on is None]


def place_of(listed: Sequence[CheckInKind], kind_id: int) -> Place:
    """A kind and its place on the list.

    Raises:
        NotFound: there is no such kind.
    """
    for number, kind in enumerate(listed):
        if kind.id == kind_id:
            return Place(kind, next(reversed(in_use(listed[:number])), None))
    raise NotFound
