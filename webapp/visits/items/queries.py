"""The list of services, as those who keep it see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from webapp.extensions import db
from webapp.foundation.errors import NotFound
from webapp.foundation.receipts import digest
from webapp.visits.models import ServiceItem


@dataclass(frozen=True)
class Place:
    """An item, and the one in use that stands before it on the list."""

    item: ServiceItem
    before: ServiceItem | None

    @property
    def after(self) -> int:
        """The id of the one before it; 0 for the first."""
        return self.before.id if self.before else 0

    @property
    def state(self) -> str:
        """In one word, another once anything about it was changed."""
        item = self.item
        said = (item.name, item.group, item.case_category, item.valid_from, item.retired_on, self.after)
        return digest({"item": said})


def items() -> Sequence[ServiceItem]:
    """Every item there ever was, in order; read anew, not from memory."""
    query = sa.select(ServiceItem).order_by(ServiceItem.position, ServiceItem.id)
    return db.session.scalars(query).all()


def in_use(listed: Sequence[ServiceItem]) -> list[ServiceItem]:
    """Those of the list that stay on offer."""
    return [item for item in listed if item.retired_on is None]


def place_of(listed: Sequence[ServiceItem], item_id: int) -> Place:
    """An item and its place on the list.

    Raises:
        NotFound: there is no such item.
    """
    for number, item in enumerate(listed):
        if item.id == item_id:
            return Place(item, next(reversed(in_use(listed[:number])), None))
    raise NotFound
