"""The pages on which the district keeps its list of services."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, url_for

from webapp.cases.categories import categories
from webapp.cases.settings.queries import category_names
from webapp.directory.posts import Permission
from webapp.foundation import order
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import Form, SeenForm, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.visits import bp
from webapp.visits.items import service as settings
from webapp.visits.items.forms import ItemForm
from webapp.visits.models import ServiceItem

P = Permission


@bp.get("/items")
@may(P.SETTINGS_MANAGE)
def items() -> Response:
    """The services on offer, and those that were."""
    listed = order.listed(ServiceItem)
    return page(
        "visits/items.html",
        offered=order.in_use(listed),
        ended=[item for item in listed if item.retired_on is not None],
        categories=category_names(),
    )


def _new_form() -> ItemForm:
    offered = order.in_use(order.listed(ServiceItem))
    form = ItemForm(after=offered[-1].id if offered else order.FIRST)
    return form.offer(offered, {row.key: row.name for row in categories()})


def _new_page(form: ItemForm, status: int) -> Response:
    groups = _groups(order.in_use(order.listed(ServiceItem)))
    return page("visits/item_new.html", status=status, form=form, groups=groups)


@bp.route("/items/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
@once(_new_form, again=_new_page)
def new_item(form: ItemForm) -> Done:
    """Offer another service."""
    item = settings.add_item(current_actor(), given=form.given(), after=form.after.data)
    return Done(url_for("visits.items"), f"已添加“{item.name}”，现在就能选。")


def _groups(listed: Sequence[ServiceItem]) -> list[str]:
    return list(dict.fromkeys(item.group for item in listed))


@bp.get("/items/<int:item_id>")
@may(P.SETTINGS_MANAGE, record="service_item")
def item(item_id: int) -> Response:
    """One service, and the form to change it."""
    return _item_page(item_id)


def _item_page(item_id: int, form: Form | None = None, status: int = 200) -> Response:
    listed, names = order.listed(ServiceItem), category_names()
    place = order.place_of(listed, item_id)
    return page(
        "visits/item.html",
        status=status,
        item=place.row,
        before=place.before,
        category=names.get(place.row.case_category, ""),
        form=form if isinstance(form, ItemForm) else _item_form(item_id, formdata=None),
        retire=SeenForm(formdata=None, seen=place.state),
        groups=_groups(order.in_use(listed)),
    )


def _item_form(item_id: int, **values: None) -> ItemForm:
    """The form with its choices; the category that the service has stays one of them."""
    listed = order.listed(ServiceItem)
    place = order.place_of(listed, item_id)
    others = [other for other in order.in_use(listed) if other is not place.row]
    kept = place.row.case_category
    offered = {**{row.key: row.name for row in categories()}, kept: category_names().get(kept, kept)}
    return ItemForm(obj=place.row, after=place.after, seen=place.state, **values).offer(others, offered)


def _retire_form(item_id: int) -> SeenForm:
    return SeenForm(seen=order.place_of(order.listed(ServiceItem), item_id).state)


@bp.post("/items/<int:item_id>")
@may(P.SETTINGS_MANAGE, record="service_item")
@once(_item_form, again=_item_page)
def change_item(form: ItemForm, item_id: int) -> Done:
    """Say it otherwise, or put it elsewhere on the list."""
    changed = settings.change_item(
        current_actor(), item_id, given=form.given(), after=form.after.data, seen=form.seen.data or ""
    )
    return Done(url_for("visits.items"), f"“{changed.name}”已保存。")


@bp.post("/items/<int:item_id>/retire")
@may(P.SETTINGS_MANAGE, record="service_item")
@once(_retire_form, again=_item_page)
def retire_item(form: SeenForm, item_id: int) -> Done:
    """Take a service out of use."""
    ended = settings.retire_item(current_actor(), item_id, seen=form.seen.data or "")
    said = f"“{ended.name}”已停用，今天还能选，明天起不再提供。以前的记录不变。"
    return Done(url_for("visits.items"), said)
