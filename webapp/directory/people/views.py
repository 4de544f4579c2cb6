"""The pages of people and their appointments."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import bp
from webapp.directory.events import person_shown, sections
from webapp.directory.people import queries, service
from webapp.directory.people.forms import AppointForm, EndForm, PersonForm
from webapp.directory.people.queries import PersonLine
from webapp.directory.posts import LEVEL_NAMES, Permission
from webapp.directory.units.queries import find_units, unit_for
from webapp.foundation import incoming
from webapp.foundation.access import current_actor, may
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.foundation.spreadsheets import Column

PEOPLE: list[Column[PersonLine]] = [
    Column("姓名", lambda row: row.name),
    Column("职务", lambda row: row.serves),
]


@bp.get("/people/")
@may(Permission.DIRECTORY_READ)
def people() -> Response:
    """People by name; of one unit and below, if asked."""
    actor, text, code = current_actor(), incoming.name(request.args.get("q")), request.args.get("unit", "")
    after = request.args.get("after", "")
    unit = unit_for(actor, code) if code else None
    rows = queries.people(actor, text, unit, after)
    part = "directory/_people_rows.html" if after else "directory/_people.html"
    return page("directory/people.html", part=part, rows=rows, q=text, unit=unit)


@bp.get("/people/<int:person_id>")
@may(Permission.DIRECTORY_READ, record="person")
def person(person_id: int) -> Response:
    """A person, and what they serve as in my scope."""
    return _person_page(person_id)


@bp.post("/people/<int:person_id>/phone")
@may(Permission.DIRECTORY_READ, record="person")
def read_phone(person_id: int) -> Response:
    """The person's private phone in full: a POST, since each look goes into the journal."""
    phone = service.read_phone(current_actor(), person_id) if ButtonForm().validate_on_submit() else ""
    return _person_page(person_id, phone)


def _person_page(person_id: int, phone: str = "") -> Response:
    actor = current_actor()
    found = queries.person_page(actor, person_id)
    return page(
        "directory/person.html",
        part="directory/_person.html",
        found=found,
        sections=sections(person_shown.send(actor=actor, person=found.person)),
        phone=phone,
        button=ButtonForm(formdata=None),
        can_manage=actor.can(Permission.DIRECTORY_MANAGE),
    )


def _person_new_page(form: PersonForm, status: int) -> Response:
    return page("directory/person_new.html", status=status, form=form)


@bp.route("/people/new", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE)
@once(PersonForm, again=_person_new_page)
def new_person(form: PersonForm) -> Done:
    """Enter a person into the register."""
    person = service.create_person(current_actor(), name=form.name.data, phone=form.phone.data or "")
    return Done(url_for("directory.person", person_id=person.id), "已登记。接下来可以任命职务、开通账号。")


def _appoint_form(person_id: int) -> AppointForm:
    return AppointForm(unit_code=request.args.get("unit", ""))


def _appoint_page(person_id: int, form: AppointForm, status: int = 200) -> Response:
    actor, text = current_actor(), incoming.name(request.args.get("q"))
    return page(
        "directory/appoint.html",
        part="directory/_appoint.html",
        status=status,
        form=form,
        q=text,
        found=queries.person_page(actor, person_id),
        units=find_units(actor, text) if text else [],
        levels=LEVEL_NAMES,
        endpoint="directory.appoint",
    )


@bp.route("/people/<int:person_id>/appoint", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="person")
@once(_appoint_form, again=_appoint_page)
def appoint(form: AppointForm, person_id: int) -> Done:
    """Find the unit, then give the person a post there."""
    service.appoint(
        current_actor(),
        person_id=person_id,
        post=form.post.data,
        unit_code=form.unit_code.data,
        starts_on=form.starts_on.data,
        ends_on=form.ends_on.data,
    )
    return Done(url_for("directory.person", person_id=person_id), "已任命。")


def _ending_page(appointment_id: int, form: EndForm, status: int = 200) -> Response:
    held = queries.appointment_for(current_actor(), appointment_id)
    return page("directory/ending.html", status=status, form=form, held=held)


@bp.route("/appointments/<int:appointment_id>/end", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="appointment")
@once(lambda appointment_id: EndForm(), again=_ending_page)
def end_appointment(form: EndForm, appointment_id: int) -> Done:
    """Ask for the last day, and end it."""
    row = service.end_appointment(current_actor(), appointment_id, last_day=form.last_day.data)
    return Done(url_for("directory.person", person_id=row.person_id), "已记下，过了最后一天就不能再使用。")


@bp.post("/people/export")
@may(Permission.DIRECTORY_READ)
def export_people() -> Response:
    """The people whose name holds what was looked for; of one unit and below, if asked."""
    actor, text, code = (
        current_actor(),
        incoming.name(request.values.get("q")),
        request.values.get("unit", ""),
    )
    unit = unit_for(actor, code) if code else None
    chosen = {key: value for key, value in {"q": text, "unit": code}.items() if value}
    return export(
        f"{unit.short_name}的人员" if unit else "人员",
        PEOPLE,
        lambda cursor: queries.people(actor, text, unit, cursor, AT_ONCE),
        back="directory.people",
        filters=chosen,
    )
