"""New units and stations, and what becomes of a station."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import queries, service
from webapp.directory.forms import ButtonForm, NewUnitForm, StationForm
from webapp.directory.models import Unit
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Level, Permission
from webapp.directory.views import bp, station_page
from webapp.foundation.access import current_actor, may
from webapp.foundation.errors import Conflict
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done


@bp.route("/units/<code>/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
def new_unit(code: str) -> Response:
    """Set up a unit below this one."""
    actor = current_actor()
    parent = queries.unit_for(actor, code)
    service.check_in_use(parent)
    levels = LEVELS_BELOW[Level(parent.level)]
    if not levels:
        raise Conflict(f"{LEVEL_NAMES[Level(parent.level)]}下面不再登记单位。")
    form = NewUnitForm()
    if not form.is_submitted():
        asked = request.args.get("level", "")
        form.level.data = asked if asked in levels else levels[0]
    form.fit(form.level.data or "")
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.create_unit(actor, code, form.level.data or "", form.facts()),
            lambda row: Done(_after(row, code), f"已登记{row.short_name}，代码{row.code}。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/unit_new.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        parent=parent,
        choices=levels,
        levels=LEVEL_NAMES,
    )


def _after(row: Unit, parent_code: str) -> str:
    """Where one goes on: into the new unit, or back to where the next one is set up."""
    code = row.code if LEVELS_BELOW[Level(row.level)] else parent_code
    return url_for("directory.unit", code=code)


@bp.route("/units/<code>/stations/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
def new_station(code: str) -> Response:
    """Set up a station at this unit."""
    actor, form = current_actor(), StationForm()
    unit = queries.unit_for(actor, code)
    service.check_in_use(unit)
    service.check_may_have_stations(unit)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.open_station(actor, code, form.facts()),
            lambda row: Done(url_for("directory.station", code=row.code), "已登记。接下来可以打印海报。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/station_form.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        unit=unit,
        station=None,
    )


@bp.route("/stations/<code>/change", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="station")
def change_station(code: str) -> Response:
    """Change what people are told of a station."""
    actor = current_actor()
    station = queries.station_for(actor, code)
    form = StationForm(obj=station)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.change_station(actor, code, form.facts()),
            lambda row: Done(url_for("directory.station", code=row.code), "已保存。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/station_form.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        unit=station.unit,
        station=station,
    )


@bp.post("/stations/<code>/retire")
@may(Permission.DIRECTORY_MANAGE, record="station")
def retire_station(code: str) -> Response:
    """Take it out of use."""
    actor, form = current_actor(), ButtonForm()
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.retire_station(actor, code),
            lambda row: Done(url_for("directory.stations"), f"{row.name}已停用，海报可以取下了。"),
        )
        if done:
            return go(done.url, done.message)
    return station_page(code, status=422)
