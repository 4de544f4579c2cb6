"""The pages on which the district keeps its list of services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Response, url_for

from webapp.cases.queries import categories
from webapp.cases.settings_queries import category_names
from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import SeenForm, settle, submit
from webapp.foundation.htmx import go, page
from webapp.foundation.order import FIRST
from webapp.foundation.receipts import Done
from webapp.visits import settings, settings_queries
from webapp.visits.models import ServiceItem
from webapp.visits.settings_forms import ItemForm, RetireForm
from webapp.visits.settings_queries import Place
from webapp.visits.views import bp

P = Permission


@bp.get("/items")
@may(P.SETTINGS_MANAGE)
def items() -> Response:
    """The services on offer, and those that were."""
    listed = settings_queries.items()
    return page(
        "visits/items.html",
        offered=settings_queries.in_use(listed),
        ended=[item for item in listed if item.valid_to is not None],
        categories=category_names(),
    )


@bp.route("/items/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
def new_item() -> Response:
    """Offer another service."""
    actor = current_actor()
    listed = settings_queries.items()
    offered = settings_queries.in_use(listed)
    form = ItemForm(after=offered[-1].id if offered else FIRST)
    form.offer(offered, {row.key: row.name for row in categories()})
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: settings.add_item(actor, given=form.given(), after=form.after.data),
            lambda item: Done(url_for("visits.items"), f"已添加“{item.name}”，现在就能选。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "visits/item_new.html", status=422 if form.errors else 200, form=form, groups=_groups(offered)
    )


def _groups(listed: Sequence[ServiceItem]) -> list[str]:
    return list(dict.fromkeys(item.group for item in listed))


@bp.get("/items/<int:item_id>")
@may(P.SETTINGS_MANAGE, record="service_item")
def item(item_id: int) -> Response:
    """One service, and the form to change it."""
    return _item_page(item_id)


@bp.post("/items/<int:item_id>")
@may(P.SETTINGS_MANAGE, record="service_item")
def change_item(item_id: int) -> Response:
    """Say it otherwise, or put it elsewhere on the list."""
    actor, form = current_actor(), ItemForm()
    listed = settings_queries.items()
    _offer(form, listed, settings_queries.place_of(listed, item_id), category_names())
    return settle(
        form,
        lambda: settings.change_item(
            actor, item_id, given=form.given(), after=form.after.data, seen=form.seen.data or ""
        ),
        lambda changed: Done(url_for("visits.items"), f"“{changed.name}”已保存。"),
        lambda status, message: _item_page(item_id, status, form, message),
    )


@bp.post("/items/<int:item_id>/retire")
@may(P.SETTINGS_MANAGE, record="service_item")
def retire_item(item_id: int) -> Response:
    """Take a service out of use."""
    actor, form = current_actor(), RetireForm()
    settings_queries.place_of(settings_queries.items(), item_id)
    return settle(
        form,
        lambda: settings.retire_item(actor, item_id, seen=form.seen.data or ""),
        lambda ended: Done(
            url_for("visits.items"), f"“{ended.name}”已停用，今天还能选，明天起不再提供。以前的记录不变。"
        ),
        lambda status, message: _item_page(item_id, status, form, message),
    )


def _offer(form: ItemForm, listed: Sequence[ServiceItem], place: Place, names: Mapping[str, str]) -> None:
    """Give the form its choices; the category that it has stays one of them."""
    others = [other for other in settings_queries.in_use(listed) if other is not place.item]
    kept = place.item.case_category
    form.offer(others, {**{row.key: row.name for row in categories()}, kept: names.get(kept, kept)})


def _item_page(item_id: int, status: int = 200, tried: SeenForm | None = None, message: str = "") -> Response:
    listed, names = settings_queries.items(), category_names()
    place = settings_queries.place_of(listed, item_id)
    if tried and message:
        tried.come_back(message, place.state)
    form = tried if isinstance(tried, ItemForm) else None
    if form is None:
        form = ItemForm(formdata=None, obj=place.item, after=place.after, seen=place.state)
    _offer(form, listed, place, names)
    return page(
        "visits/item.html",
        status=status,
        item=place.item,
        before=place.before,
        category=names.get(place.item.case_category, ""),
        form=form,
        retire=tried if isinstance(tried, RetireForm) else RetireForm(formdata=None, seen=place.state),
        groups=_groups(settings_queries.in_use(listed)),
    )
