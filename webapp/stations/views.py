"""Stations: looked up, kept, and their posters."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Response, current_app, request, url_for

from webapp.directory.events import Section, unit_shown
from webapp.directory.models import Unit
from webapp.directory.permissions import check_in_use
from webapp.directory.posts import Permission
from webapp.directory.units.queries import unit_for
from webapp.foundation import qr
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.errors import Conflict
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.foundation.spreadsheets import Column
from webapp.stations import bp, queries, service
from webapp.stations.forms import StationForm
from webapp.stations.models import STATION_KINDS, STATION_LEVELS

STATIONS: list[Column[sa.Row[str, str, str, str, str]]] = [
    Column("编号", lambda row: row.code),
    Column("名称", lambda row: row.name),
    Column("类型", lambda row: STATION_KINDS[row.kind]),
    Column("单位", lambda row: row.unit),
    Column("地址", lambda row: row.address),
]


@unit_shown.connect
def at_unit(_: object, *, actor: Actor, unit: Unit, form: Form | None) -> Section | None:
    """The stations of a unit."""
    stations = queries.stations_at(unit.id)
    opens = actor.can(Permission.DIRECTORY_MANAGE) and unit.level in STATION_LEVELS and not unit.retired_on
    if not (stations or opens):
        return None
    data = {"stations": stations, "kinds": STATION_KINDS, "opens": opens, "code": unit.code}
    return Section(30, "stations/_unit.html", data)


@bp.get("/stations/")
@may(Permission.DIRECTORY_READ)
def stations() -> Response:
    """Stations, by code."""
    rows = queries.stations(current_actor(), request.args.get("after", ""))
    return page("stations/stations.html", part="stations/_stations.html", rows=rows, kinds=STATION_KINDS)


@bp.get("/stations/<code>")
@may(Permission.DIRECTORY_READ, record="station")
def station(code: str) -> Response:
    """A station, and the way to its poster."""
    return _station_page(code)


def _station_page(code: str, status: int = 200) -> Response:
    actor = current_actor()
    return page(
        "stations/station.html",
        part="stations/_station.html",
        status=status,
        station=queries.station_for(actor, code),
        kinds=STATION_KINDS,
        button=ButtonForm(formdata=None),
        can_manage=actor.can(Permission.DIRECTORY_MANAGE),
    )


@bp.get("/stations/<code>/poster")
@may(Permission.DIRECTORY_READ, record="station")
def poster(code: str) -> Response:
    """The sheet to hang up: residents scan it and report."""
    found = queries.station_for(current_actor(), code)
    if found.retired_on:
        raise Conflict("这个站点已经停用，海报上的码不能再用了。")
    site = current_app.config["SETTINGS"].public_url or request.host_url.rstrip("/")
    address = f"{site}/r/{found.code}"
    return page("stations/poster.html", station=found, address=address, code=qr.qr_svg(address))


def _new_station_form(code: str) -> StationForm:
    unit = unit_for(current_actor(), code)
    check_in_use(unit)
    service.check_may_have_stations(unit)
    return StationForm()


def _new_station_page(code: str, form: StationForm, status: int) -> Response:
    unit = unit_for(current_actor(), code)
    return page("stations/station_form.html", status=status, form=form, unit=unit, station=None)


@bp.route("/units/<code>/stations/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(_new_station_form, again=_new_station_page)
def new_station(form: StationForm, code: str) -> Done:
    """Set up a station at this unit."""
    row = service.open_station(current_actor(), code, form.facts())
    return Done(url_for("stations.station", code=row.code), "已登记。接下来可以打印海报。")


def _station_form(code: str) -> StationForm:
    return StationForm(obj=queries.station_for(current_actor(), code))


def _station_form_page(code: str, form: StationForm, status: int) -> Response:
    station = queries.station_for(current_actor(), code)
    return page("stations/station_form.html", status=status, form=form, unit=station.unit, station=station)


@bp.route("/stations/<code>/change", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="station")
@once(_station_form, again=_station_form_page)
def change_station(form: StationForm, code: str) -> Done:
    """Change what people are told of a station."""
    row = service.change_station(current_actor(), code, form.facts())
    return Done(url_for("stations.station", code=row.code), "已保存。")


def _retired_again(code: str, form: ButtonForm, status: int) -> Response:
    return _station_page(code, status)


@bp.post("/stations/<code>/retire")
@may(Permission.DIRECTORY_MANAGE, record="station")
@once(lambda code: ButtonForm(), again=_retired_again)
def retire_station(form: ButtonForm, code: str) -> Done:
    """Take it out of use."""
    row = service.retire_station(current_actor(), code)
    return Done(url_for("stations.stations"), f"{row.name}已停用，海报可以取下了。")


@bp.post("/stations/export")
@may(Permission.DIRECTORY_READ)
def export_stations() -> Response:
    """The stations, by code."""
    actor = current_actor()
    return export(
        "服务站点",
        STATIONS,
        lambda cursor: queries.stations(actor, cursor, AT_ONCE),
        back="stations.stations",
    )
