"""A short list that the district keeps in an order of its own. Its rows are taken out of use, never deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import db
from webapp.foundation.errors import Invalid, NotFound
from webapp.foundation.receipts import digest

FIRST = 0  # in place of a row's id: before all others


class Ordered:
    """What the tables of such lists share. ``retired_on`` is the first day on which a row is no longer in use."""

    SAID: ClassVar[tuple[str, ...]]  # the columns whose change makes a form out of date

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    position: Mapped[int]
    retired_on: Mapped[date | None]


Row = TypeVar("Row", bound=Ordered)


@dataclass(frozen=True)
class Place(Generic[Row]):
    """A row, and the one in use that stands before it on the list."""

    row: Row
    before: Row | None

    @property
    def after(self) -> int:
        """The id of the one before it; ``FIRST`` where it stands first."""
        return self.before.id if self.before else FIRST

    @property
    def state(self) -> str:
        """A digest that changes whenever the row or its place does."""
        return digest(
            {"row": [getattr(self.row, name) for name in (*self.row.SAID, "retired_on")] + [self.after]}
        )


def listed(model: type[Row]) -> Sequence[Row]:
    """Every row there ever was, in order."""
    return db.session.scalars(sa.select(model).order_by(model.position, model.id)).all()


def held(model: type[Row]) -> list[Row]:
    """The same, held against other writers until the transaction ends."""
    # Only a second look sees a row that another writer has added meanwhile.
    db.session.execute(sa.select(model.id).order_by(model.id).with_for_update())
    return list(listed(model))


def in_use(rows: Sequence[Row]) -> list[Row]:
    """Those of the list that can be chosen and stay so."""
    return [row for row in rows if row.retired_on is None]


def place_of(rows: Sequence[Row], row_id: int) -> Place[Row]:
    """A row and its place on the list.

    Raises:
        NotFound: there is no such row.
    """
    for number, row in enumerate(rows):
        if row.id == row_id:
            return Place(row, next(reversed(in_use(rows[:number])), None))
    raise NotFound


def put(rows: Sequence[Row], row: Row, after: int) -> None:
    """Number the list anew with ``row``, new or from elsewhere in it, behind the one whose id is ``after``.

    Raises:
        Invalid: there is no such place (field ``after``).
    """
    rest = [other for other in rows if other is not row]
    places = [FIRST, *(other.id for other in rest)]
    if after not in places:
        raise Invalid("请选择排在哪里。", "after")
    where = places.index(after)
    for position, each in enumerate([*rest[:where], row, *rest[where:]], start=1):
        each.position = position
