"""The bodies of a grid: branch, committee, seats."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.events import Section, person_shown, unit_shown
from webapp.directory.models import Person, Unit
from webapp.directory.people.forms import EndForm
from webapp.directory.people.queries import person_page
from webapp.directory.posts import LEVEL_NAMES, Level, Permission
from webapp.directory.units.queries import find_units, unit_for
from webapp.directory.units.views import unit_page
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.forms import Form, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.networks import bp
from webapp.networks.bodies import queries, service
from webapp.networks.bodies.forms import BranchForm, CommitteeForm, SeatForm
from webapp.networks.models import COMMITTEE_KINDS
from webapp.networks.permissions import check_grid


@unit_shown.connect
def at_unit(_: object, *, actor: Actor, unit: Unit, form: Form | None) -> Section | None:
    """Branch and committees of a grid."""
    if unit.level != Level.GRID:
        return None
    branch = queries.branch_of(unit.id)
    data = {
        "code": unit.code,
        "branch": branch,
        "committees": queries.committees_of(unit.id),
        "kinds": COMMITTEE_KINDS,
        "governs": actor.can(Permission.DIRECTORY_MANAGE) and not unit.retired_on,
        "form": form if isinstance(form, BranchForm) else BranchForm(formdata=None, branch=branch),
    }
    return Section(10, "networks/_bodies.html", data)


@bp.post("/units/<code>/branch")
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(lambda code: BranchForm(), again=unit_page)
def name_branch(form: BranchForm, code: str) -> Done:
    """Say what the branch of a grid is called."""
    row = service.name_branch(current_actor(), code, form.branch.data or "")
    return Done(url_for("directory.unit", code=code), f"已登记{row.name}。")


def _grid_name(code: str) -> str:
    unit = unit_for(current_actor(), code)
    check_grid(unit)
    return unit.short_name


def _new_committee_page(code: str, form: CommitteeForm, status: int) -> Response:
    name = _grid_name(code)
    return page(
        "networks/committee.html", status=status, form=form, code=code, unit_name=name, committee=None
    )


@bp.route("/units/<code>/committees/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(lambda code: CommitteeForm(), again=_new_committee_page)
def new_committee(form: CommitteeForm, code: str) -> Done:
    """Enter the committee of a grid for a term."""
    row = service.form_committee(current_actor(), code, form.facts())
    return Done(url_for("directory.unit", code=code), f"已登记{row.name}。")


def _committee_form(committee_id: int) -> CommitteeForm:
    return CommitteeForm(obj=queries.committee_for(current_actor(), committee_id))


def _committee_page(committee_id: int, form: CommitteeForm, status: int) -> Response:
    row = queries.committee_for(current_actor(), committee_id)
    return page(
        "networks/committee.html",
        status=status,
        form=form,
        code=row.code,
        unit_name=row.unit_name,
        committee=row,
    )


@bp.route("/committees/<int:committee_id>/change", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="committee")
@once(_committee_form, again=_committee_page)
def change_committee(form: CommitteeForm, committee_id: int) -> Done:
    """Correct a committee, or end its term on another day."""
    service.change_committee(current_actor(), committee_id, form.facts())
    code = queries.committee_for(current_actor(), committee_id).code
    return Done(url_for("directory.unit", code=code), "已保存。")


@person_shown.connect
def at_person(_: object, *, actor: Actor, person: Person) -> Section | None:
    """Where somebody sits or sat."""
    seats, gives = queries.seats(actor, person.id), actor.can(Permission.DIRECTORY_MANAGE)
    if not (seats or gives):
        return None
    return Section(10, "networks/_seats.html", {"seats": seats, "gives": gives, "person_id": person.id})


def _seat_page(person_id: int, form: SeatForm, status: int) -> Response:
    actor, text = current_actor(), request.args.get("q", "").strip()
    return page(
        "networks/seat_new.html",
        part="" if form.is_submitted() else "directory/_appoint.html",
        status=status,
        form=form,
        q=text,
        found=person_page(actor, person_id),
        units=find_units(actor, text, Level.GRID) if text else [],
        levels=LEVEL_NAMES,
        endpoint="networks.new_seat",
    )


@bp.route("/people/<int:person_id>/seats/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="person")
@once(lambda person_id: SeatForm(unit_code=request.args.get("unit", "")), again=_seat_page)
def new_seat(form: SeatForm, person_id: int) -> Done:
    """Find the grid, then ask for body, title and days."""
    service.take_seat(
        current_actor(),
        person_id=person_id,
        body=form.body.data,
        unit_code=form.unit_code.data,
        title=form.title.data,
        starts_on=form.starts_on.data,
        ends_on=form.ends_on.data,
    )
    return Done(url_for("directory.person", person_id=person_id), "席位已登记。")


def _seat_ending_page(seat_id: int, form: EndForm, status: int) -> Response:
    seat = queries.seat_for(current_actor(), seat_id)
    return page("networks/seat_ending.html", status=status, form=form, seat=seat)


@bp.route("/seats/<int:seat_id>/end", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="seat")
@once(lambda seat_id: EndForm(), again=_seat_ending_page)
def end_seat(form: EndForm, seat_id: int) -> Done:
    """Ask for its last day, and end it."""
    row = service.end_seat(current_actor(), seat_id, last_day=form.last_day.data)
    return Done(url_for("directory.person", person_id=row.person_id), "已记下，积分记到最后一天。")
