"""The pages on which the district keeps its list of services."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response, url_for

from webapp.cases.categories import categories
from webapp.cases.settings.queries import category_names
from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import Form, SeenForm, once
from webapp.foundation.htmx import page
from webapp.foundation.order import FIRST
from webapp.foundation.receipts import Done
from webapp.visits import bp
from webapp.visits.items import queries as settings_queries
from webapp.visits.items import service as settings
from webapp.visits.items.forms import ItemForm
from webapp.visits.models import ServiceItem

P = Permission


@bp.get("/items")
@may(P.SETTINGS_MANAGE)
def items() -> Response:
    """The services on offer, and those that were."""
    listed = settings_queries.items()
    return page(
        "visits/items.html",
        offered=settings_queries.in_use(listed),
        ended=[item for item in listed if item.retired_on is not None],
        categories=category_names(),
    )


def _new_form() -> ItemForm:
    offered = settings_queries.in_use(settings_queries.items())
    form = ItemForm(after=offered[-1].id if offered else FIRST)
    return form.offer(offered, {row.key: row.name for row in categories()})


def _new_page(form: ItemForm, status: int) -> Response:
    groups = _groups(settings_queries.in_use(settings_queries.items()))
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
    listed, names = settings_queries.items(), category_names()
    place = settings_queries.place_of(listed, item_id)
    return page(
        "visits/item.html",
        status=status,
        item=place.item,
        before=place.before,
        category=names.get(place.item.case_category, ""),
        form=form if isinstance(form, ItemForm) else _item_form(item_id, formdata=None),
        retire=SeenForm(formdata=None, seen=place.state),
        groups=_groups(settings_queries.in_use(listed)),
    )


def _item_form(item_id: int, **values: None) -> ItemForm:
    """The form with its choices; the category that the service has stays one of them."""
    listed = settings_queries.items()
    place = settings_queries.place_of(listed, item_id)
    others = [other for other in settings_queries.in_use(listed) if other is not place.item]
    kept = place.item.case_category
    offered = {**{row.key: row.name for row in categories()}, kept: category_names().get(kept, kept)}
    return ItemForm(obj=place.item, after=place.after, seen=place.state, **values).offer(others, offered)


def _retire_form(item_id: int) -> SeenForm:
    return SeenForm(seen=settings_queries.place_of(settings_queries.items(), item_id).state)


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
