"""What a grid has: committee, company, seats."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import body_queries, bp, queries, service
from webapp.directory.forms import CommitteeForm, CompanyForm, EndForm, SeatForm
from webapp.directory.models import Unit
from webapp.directory.posts import LEVEL_NAMES, Level, Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done


def _grid_of(code: str) -> Unit:
    unit = queries.unit_for(current_actor(), code)
    service.check_grid(unit)
    return unit


def _new_committee_page(code: str, form: CommitteeForm, status: int) -> Response:
    name = _grid_of(code).short_name
    return page(
        "directory/committee.html", status=status, form=form, code=code, unit_name=name, committee=None
    )


@bp.route("/units/<code>/committees/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(lambda code: CommitteeForm(), again=_new_committee_page)
def new_committee(form: CommitteeForm, code: str) -> Done:
    """Enter the committee of a grid for a term."""
    row = service.form_committee(current_actor(), code, form.facts())
    return Done(url_for("directory.unit", code=code), f"已登记{row.name}。")


def _committee_form(committee_id: int) -> CommitteeForm:
    return CommitteeForm(obj=body_queries.committee_for(current_actor(), committee_id))


def _committee_page(committee_id: int, form: CommitteeForm, status: int) -> Response:
    row = body_queries.committee_for(current_actor(), committee_id)
    return page(
        "directory/committee.html",
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
    code = body_queries.committee_for(current_actor(), committee_id).code
    return Done(url_for("directory.unit", code=code), "已保存。")


def _company_form(code: str) -> CompanyForm:
    form = CompanyForm()
    form.offer(body_queries.companies(current_actor()), none=bool(body_queries.contracts(_grid_of(code).id)))
    return form


def _company_page(code: str, form: CompanyForm, status: int) -> Response:
    unit = queries.unit_for(current_actor(), code)
    return page(
        "directory/company.html",
        status=status,
        form=form,
        unit=unit,
        contracts=body_queries.contracts(unit.id),
        companies=body_queries.companies(current_actor()),
    )


@bp.route("/units/<code>/company", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(_company_form, again=_company_page)
def change_company(form: CompanyForm, code: str) -> Done:
    """Say which company serves a grid, and from when."""
    service.change_company(
        current_actor(), code, company_code=form.company_code.data, starts_on=form.starts_on.data
    )
    return Done(url_for("directory.unit", code=code), "已登记。")


def _seat_page(person_id: int, form: SeatForm, status: int) -> Response:
    actor, text = current_actor(), request.args.get("q", "").strip()
    return page(
        "directory/seat_new.html",
        part="" if form.is_submitted() else "directory/_appoint.html",
        status=status,
        form=form,
        q=text,
        found=queries.person_page(actor, person_id),
        units=queries.find_units(actor, text, Level.GRID) if text else [],
        levels=LEVEL_NAMES,
        endpoint="directory.new_seat",
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
    seat = body_queries.seat_for(current_actor(), seat_id)
    return page("directory/seat_ending.html", status=status, form=form, seat=seat)


@bp.route("/seats/<int:seat_id>/end", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="seat")
@once(lambda seat_id: EndForm(), again=_seat_ending_page)
def end_seat(form: EndForm, seat_id: int) -> Done:
    """Ask for its last day, and end it."""
    row = service.end_seat(current_actor(), seat_id, last_day=form.last_day.data)
    return Done(url_for("directory.person", person_id=row.person_id), "已记下，积分记到最后一天。")
