"""What one can do with the list of services: add to it, change it, take a line out of use."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from webapp.cases.categories import categories
from webapp.directory.changes import changed_meanwhile
from webapp.foundation import clock, journal, order
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid
from webapp.visits.models import ServiceItem
from webapp.visits.queries import all_items


@dataclass(frozen=True)
class ItemInput:
    """What the form says of a service; ``case_category`` is proposed where a case comes of it."""

    name: str
    group: str
    case_category: str


def add_item(actor: Actor, *, given: ItemInput, after: int) -> ServiceItem:
    """Offer another service from today on, behind the item ``after`` on the list.

    Raises:
        Invalid: the name is taken, or there is no such category or place on the list.
    """
    with transaction() as session:
        items = order.held(ServiceItem)
        _check(items, given)
        # Lines are never deleted: the next number was no line's before.
        number = max((item.id for item in items), default=0) + 1
        item = ServiceItem(
            key=f"item{number}", **asdict(given), position=len(items) + 1, valid_from=clock.today()
        )
        session.add(item)
        session.flush()
        order.put(items, item, after)
        journal.record(actor, "service_item:add", "service_item", item.id, _told(item))
    all_items.forget()
    return item


def change_item(actor: Actor, item_id: int, *, given: ItemInput, after: int, seen: str) -> ServiceItem:
    """Say it otherwise, or put it elsewhere on the list. Visits logged before show the new name, too.

    Raises:
        NotFound: there is no such item. Conflict: changed by somebody else meanwhile, or out of use.
        Invalid: as in ``add_item``.
    """
    with transaction():
        items = order.held(ServiceItem)
        item = _unmoved(items, item_id, seen)
        _check(items, given, item)
        for name, value in asdict(given).items():
            setattr(item, name, value)
        order.put(items, item, after)
        journal.record(actor, "service_item:change", "service_item", item.id, _told(item))
    all_items.forget()
    return item


def retire_item(actor: Actor, item_id: int, *, seen: str) -> ServiceItem:
    """Take a service out of use: today is its last day, so that what a phone holds of today still arrives.

    Raises:
        NotFound, Conflict: as in ``change_item``; or it is the last one in use.
    """
    with transaction():
        items = order.held(ServiceItem)
        item = _unmoved(items, item_id, seen)
        if all(other.retired_on is not None for other in items if other is not item):
            raise Conflict("至少要留一项服务。请先添加别的，再停用它。")
        item.retired_on = clock.today() + timedelta(days=1)
        journal.record(actor, "service_item:retire", "service_item", item.id, {})
    all_items.forget()
    return item


def _unmoved(items: list[ServiceItem], item_id: int, seen: str) -> ServiceItem:
    found = order.place_of(items, item_id)
    if found.row.retired_on is not None:
        raise Conflict("这一项已经停用。")
    if found.state != seen:
        raise changed_meanwhile("这一项", "service_item", item_id)
    return found.row


def _check(items: list[ServiceItem], given: ItemInput, item: ServiceItem | None = None) -> None:
    if given.name in {other.name for other in order.in_use(items) if other is not item}:
        raise Invalid("已经有这一项。", "name")
    kept = item.case_category if item else ""
    if given.case_category not in {kept, *(row.key for row in categories())}:
        raise Invalid("请选择诉求类别。", "case_category")


def _told(item: ServiceItem) -> dict[str, object]:
    return {"category": item.case_category, "position": item.position}
