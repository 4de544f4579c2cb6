"""The pages on which the district keeps the kinds of 三报到."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, url_for

from webapp.directory.posts import LEVEL_NAMES, Level, Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import SeenForm, settle, submit
from webapp.foundation.htmx import go, page
from webapp.foundation.order import FIRST
from webapp.foundation.receipts import Done
from webapp.volunteering import settings_queries
from webapp.volunteering.models import CheckInKind
from webapp.volunteering.service import settings
from webapp.volunteering.settings_forms import KindForm, SwitchForm
from webapp.volunteering.views import bp

P = Permission


@bp.get("/kinds")
@may(P.SETTINGS_MANAGE)
def kinds() -> Response:
    """The kinds that one can report under, and those out of use."""
    listed = settings_queries.kinds()
    return page(
        "volunteering/kinds.html",
        offered=settings_queries.in_use(listed),
        ended=[kind for kind in listed if kind.retired_on is not None],
        level_names=LEVEL_NAMES,
    )


@bp.route("/kinds/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
def new_kind() -> Response:
    """Offer another kind."""
    actor = current_actor()
    offered = settings_queries.in_use(settings_queries.kinds())
    form = KindForm(after=offered[-1].id if offered else FIRST).offer(offered)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: settings.add_kind(actor, given=form.given(), after=form.after.data),
            lambda kind: Done(url_for(".kinds"), f"已添加“{kind.name}”，现在就能选。"),
        )
        if done:
            return go(done.url, done.message)
    return page("volunteering/kind_new.html", status=422 if form.errors else 200, form=form)


@bp.get("/kinds/<int:kind_id>")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
def kind(kind_id: int) -> Response:
    """One kind, and the form to change it."""
    return _kind_page(kind_id)


@bp.post("/kinds/<int:kind_id>")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
def change_kind(kind_id: int) -> Response:
    """Say it otherwise, or put it elsewhere on the list."""
    actor = current_actor()
    listed = settings_queries.kinds()
    settings_queries.place_of(listed, kind_id)
    form = KindForm().offer(_others(listed, kind_id))
    return settle(
        form,
        lambda: settings.change_kind(
            actor, kind_id, given=form.given(), after=form.after.data, seen=form.seen.data or ""
        ),
        lambda changed: Done(url_for(".kinds"), f"“{changed.name}”已保存。"),
        lambda status, message: _kind_page(kind_id, status, form, message),
    )


@bp.post("/kinds/<int:kind_id>/retire")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
def retire_kind(kind_id: int) -> Response:
    """Take a kind out of use."""
    return _switch(kind_id, settings.retire_kind, "已停用，不能再选。以前的报到不变。")


@bp.post("/kinds/<int:kind_id>/restore")
@may(P.SETTINGS_MANAGE, record="check_in_kind")
def restore_kind(kind_id: int) -> Response:
    """Bring a kind back into use."""
    return _switch(kind_id, settings.restore_kind, "已恢复，现在就能选。")


def _switch(kind_id: int, do: Callable[..., CheckInKind], said: str) -> Response:
    actor, form = current_actor(), SwitchForm()
    settings_queries.place_of(settings_queries.kinds(), kind_id)
    return settle(
        form,
        lambda: do(actor, kind_id, seen=form.seen.data or ""),
        lambda switched: Done(url_for(".kinds"), f"“{switched.name}”{said}"),
        lambda status, message: _kind_page(kind_id, status, form, message),
    )


def _others(listed: Sequence[CheckInKind], kind_id: int) -> list[CheckInKind]:
    return [other for other in settings_queries.in_use(listed) if other.id != kind_id]


def _kind_page(kind_id: int, status: int = 200, tried: SeenForm | None = None, message: str = "") -> Response:
    listed = settings_queries.kinds()
    place = settings_queries.place_of(listed, kind_id)
    if tried and message:
        tried.come_back(message, place.state)
    form = tried if isinstance(tried, KindForm) else None
    if form is None:
        form = KindForm(formdata=None, obj=place.kind, after=place.after, seen=place.state)
    return page(
        "volunteering/kind.html",
        status=status,
        kind=place.kind,
        before=place.before,
        level_name=LEVEL_NAMES[Level(place.kind.level)],
        form=form.offer(_others(listed, kind_id)),
        switch=tried if isinstance(tried, SwitchForm) else SwitchForm(formdata=None, seen=place.state),
    )
