"""What a grid has: committee, company, seats."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import body_queries, queries, service
from webapp.directory.forms import CommitteeForm, CompanyForm, EndForm, SeatForm
from webapp.directory.posts import LEVEL_NAMES, Level, Permission
from webapp.directory.views import bp
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done


@bp.route("/units/<code>/committees/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
def new_committee(code: str) -> Response:
    """Enter the committee of a grid for a term."""
    actor, form = current_actor(), CommitteeForm()
    unit = queries.unit_for(actor, code)
    service.check_grid(unit)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.form_committee(actor, code, form.facts()),
            lambda row: Done(url_for("directory.unit", code=code), f"已登记{row.name}。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/committee.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        code=code,
        unit_name=unit.short_name,
        committee=None,
    )


@bp.route("/committees/<int:committee_id>/change", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="committee")
def change_committee(committee_id: int) -> Response:
    """Put it right, or let its term end on another day."""
    actor = current_actor()
    row = body_queries.committee_for(actor, committee_id)
    form = CommitteeForm(obj=row)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.change_committee(actor, committee_id, form.facts()),
            lambda _: Done(url_for("directory.unit", code=row.code), "已保存。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/committee.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        code=row.code,
        unit_name=row.unit_name,
        committee=row,
    )


@bp.route("/units/<code>/company", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
def change_company(code: str) -> Response:
    """Say which company serves a grid, and from when."""
    actor, form = current_actor(), CompanyForm()
    unit = queries.unit_for(actor, code)
    service.check_grid(unit)
    contracts, companies = body_queries.contracts(unit.id), body_queries.companies(actor)
    form.offer(companies, none=bool(contracts))
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.change_company(
                actor,
                code,
                company_code=form.company_code.data,
                starts_on=form.starts_on.data,
            ),
            lambda _: Done(url_for("directory.unit", code=code), "已登记。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/company.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        unit=unit,
        contracts=contracts,
        companies=companies,
    )


@bp.route("/people/<int:person_id>/seats/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="person")
def new_seat(person_id: int) -> Response:
    """Find the grid, then ask for body, title and days."""
    actor, text = current_actor(), request.args.get("q", "").strip()
    found = queries.person_page(actor, person_id)
    form = SeatForm()
    if not form.is_submitted():
        form.unit_code.data = request.args.get("unit", "")
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.take_seat(
                actor,
                person_id=person_id,
                body=form.body.data,
                unit_code=form.unit_code.data,
                title=form.title.data,
                starts_on=form.starts_on.data,
                ends_on=form.ends_on.data,
            ),
            lambda _: Done(url_for("directory.person", person_id=person_id), "席位已登记。"),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/seat_new.html",
        part="" if form.is_submitted() else "directory/_appoint.html",
        status=422 if form.is_submitted() else 200,
        form=form,
        q=text,
        found=found,
        units=queries.find_units(actor, text, Level.GRID) if text else [],
        levels=LEVEL_NAMES,
        endpoint="directory.new_seat",
    )


@bp.route("/seats/<int:seat_id>/end", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="seat")
def end_seat(seat_id: int) -> Response:
    """Ask for its last day, and end it."""
    actor, form = current_actor(), EndForm()
    seat = body_queries.seat_for(actor, seat_id)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.end_seat(actor, seat_id, last_day=form.last_day.data),
            lambda row: Done(
                url_for("directory.person", person_id=row.person_id), "已记下，积分记到最后一天。"
            ),
        )
        if done:
            return go(done.url, done.message)
    return page(
        "directory/seat_ending.html", status=422 if form.is_submitted() else 200, form=form, seat=seat
    )
