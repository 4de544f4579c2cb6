"""New units and stations, and what becomes of a station."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import bp, queries, service
from webapp.directory.forms import NewUnitForm, StationForm
from webapp.directory.models import Unit
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Level, Permission
from webapp.directory.views import station_page
from webapp.foundation.access import current_actor, may
from webapp.foundation.errors import Conflict
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done


def _unit_form(code: str) -> NewUnitForm:
    parent = queries.unit_for(current_actor(), code)
    service.check_in_use(parent)
    levels = LEVELS_BELOW[Level(parent.level)]
    if not levels:
        raise Conflict(f"{LEVEL_NAMES[Level(parent.level)]}下面不再登记单位。")
    asked = request.args.get("level", "")
    form = NewUnitForm(level=asked if asked in levels else levels[0])
    form.fit(form.level.data or "")
    return form


def _unit_page(code: str, form: NewUnitForm, status: int) -> Response:
    parent = queries.unit_for(current_actor(), code)
    return page(
        "directory/unit_new.html",
        status=status,
        form=form,
        parent=parent,
        choices=LEVELS_BELOW[Level(parent.level)],
        levels=LEVEL_NAMES,
    )


@bp.route("/units/<code>/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(_unit_form, again=_unit_page)
def new_unit(form: NewUnitForm, code: str) -> Done:
    """Set up a unit below this one."""
    row = service.create_unit(current_actor(), code, form.level.data or "", form.facts())
    return Done(_after(row, code), f"已登记{row.short_name}，代码{row.code}。")


def _after(row: Unit, parent_code: str) -> str:
    """Where one goes on: into the new unit, or back to where the next one is set up."""
    code = row.code if LEVELS_BELOW[Level(row.level)] else parent_code
    return url_for("directory.unit", code=code)


def _new_station_form(code: str) -> StationForm:
    unit = queries.unit_for(current_actor(), code)
    service.check_in_use(unit)
    service.check_may_have_stations(unit)
    return StationForm()


def _new_station_page(code: str, form: StationForm, status: int) -> Response:
    unit = queries.unit_for(current_actor(), code)
    return page("directory/station_form.html", status=status, form=form, unit=unit, station=None)


@bp.route("/units/<code>/stations/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(_new_station_form, again=_new_station_page)
def new_station(form: StationForm, code: str) -> Done:
    """Set up a station at this unit."""
    row = service.open_station(current_actor(), code, form.facts())
    return Done(url_for("directory.station", code=row.code), "已登记。接下来可以打印海报。")


def _station_form(code: str) -> StationForm:
    return StationForm(obj=queries.station_for(current_actor(), code))


def _station_form_page(code: str, form: StationForm, status: int) -> Response:
    station = queries.station_for(current_actor(), code)
    return page("directory/station_form.html", status=status, form=form, unit=station.unit, station=station)


@bp.route("/stations/<code>/change", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="station")
@once(_station_form, again=_station_form_page)
def change_station(form: StationForm, code: str) -> Done:
    """Change what people are told of a station."""
    row = service.change_station(current_actor(), code, form.facts())
    return Done(url_for("directory.station", code=row.code), "已保存。")


def _retired_again(code: str, form: ButtonForm, status: int) -> Response:
    return station_page(code, status)


@bp.post("/stations/<code>/retire")
@may(Permission.DIRECTORY_MANAGE, record="station")
@once(lambda code: ButtonForm(), again=_retired_again)
def retire_station(form: ButtonForm, code: str) -> Done:
    """Take it out of use."""
    row = service.retire_station(current_actor(), code)
    return Done(url_for("directory.stations"), f"{row.name}已停用，海报可以取下了。")
