"""The pages on which the district keeps the kinds of 三报到."""

from __future__ import annotations

from flask import Response, url_for

from webapp.directory.posts import LEVEL_NAMES, Level, Permission
from webapp.foundation import order
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import Form, SeenForm, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.volunteering import bp
from webapp.volunteering.kinds import service as settings
from webapp.volunteering.kinds.forms import KindForm
from webapp.volunteering.models import CheckInKind

P = Permission


@bp.get("/kinds")
@may(P.SETTINGS_MANAGE)
def kinds() -> Response:
    """The kinds that one can report under, and those out of use."""
    listed = order.listed(CheckInKind)
    return page(
        "volunteering/kinds.html",
        offered=order.in_use(listed),
        ended=[kind for kind in listed if kind.retired_on is not None],
        level_names=LEVEL_NAMES,
    )


def _new_form() -> KindForm:
    offered = order.in_use(order.listed(CheckInKind))
    return KindForm(after=offered[-1].id if offered else order.FIRST).offer(offered)


def _new_page(form: KindForm, status: int) -> Response:
    return page("volunteering/kind_new.html", status=status, form=form)


@bp.route("/kinds/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
@once(_new_form, again=_new_page)
def new_kind(form: KindForm) -> Done:
    """Offer another kind."""
    kind = settings.add_kind(current_actor(), given=form.given(), after=form.after.data)
    return Done(url_for(".kinds"), f"已添加“{kind.name}”，现在就能选。")


@bp.get("/kinds/<int:kind_id>")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
def kind(kind_id: int) -> Response:
    """One kind, and the form to change it."""
    return _kind_page(kind_id)


def _kind_page(kind_id: int, form: Form | None = None, status: int = 200) -> Response:
    place = order.place_of(order.listed(CheckInKind), kind_id)
    return page(
        "volunteering/kind.html",
        status=status,
        kind=place.row,
        before=place.before,
        level_name=LEVEL_NAMES[Level(place.row.level)],
        form=form if isinstance(form, KindForm) else _kind_form(kind_id, formdata=None),
        switch=SeenForm(formdata=None, seen=place.state),
    )


def _kind_form(kind_id: int, **values: None) -> KindForm:
    listed = order.listed(CheckInKind)
    place = order.place_of(listed, kind_id)
    others = [other for other in order.in_use(listed) if other.id != kind_id]
    return KindForm(obj=place.row, after=place.after, seen=place.state, **values).offer(others)


def _switch_form(kind_id: int) -> SeenForm:
    return SeenForm(seen=order.place_of(order.listed(CheckInKind), kind_id).state)


@bp.post("/kinds/<int:kind_id>")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
@once(_kind_form, again=_kind_page)
def change_kind(form: KindForm, kind_id: int) -> Done:
    """Say it otherwise, or put it elsewhere on the list."""
    changed = settings.change_kind(
        current_actor(), kind_id, given=form.given(), after=form.after.data, seen=form.seen.data or ""
    )
    return Done(url_for(".kinds"), f"“{changed.name}”已保存。")


@bp.post("/kinds/<int:kind_id>/retire")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
@once(_switch_form, again=_kind_page)
def retire_kind(form: SeenForm, kind_id: int) -> Done:
    """Take a kind out of use."""
    kind = settings.retire_kind(current_actor(), kind_id, seen=form.seen.data or "")
    return Done(url_for(".kinds"), f"“{kind.name}”已停用，不能再选。以前的报到不变。")


@bp.post("/kinds/<int:kind_id>/restore")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
@once(_switch_form, again=_kind_page)
def restore_kind(form: SeenForm, kind_id: int) -> Done:
    """Bring a kind back into use."""
    kind = settings.restore_kind(current_actor(), kind_id, seen=form.seen.data or "")
    return Done(url_for(".kinds"), f"“{kind.name}”已恢复，现在就能选。")
