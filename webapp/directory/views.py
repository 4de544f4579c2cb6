"""Looking up units and people; keeping the register."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import bp, queries, service
from webapp.directory.events import person_shown, sections, unit_shown
from webapp.directory.forms import AppointForm, EndForm, PersonForm, UnitForm
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Permission
from webapp.foundation import incoming
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done


@bp.get("/")
@may(Permission.DIRECTORY_READ)
def index() -> Response:
    """The ways in, and one search over units and people."""
    actor, text = current_actor(), incoming.name(request.args.get("q"))
    found = (
        (queries.find_units(actor, text), queries.people(actor, text, size=queries.FOUND)) if text else None
    )
    own = queries.own_unit(actor)
    return page(
        "directory/index.html", part="directory/_found.html", q=text, found=found, own=own, levels=LEVEL_NAMES
    )


@bp.get("/units/<code>")
@may(Permission.DIRECTORY_READ, record="unit")
def unit(code: str) -> Response:
    """A unit with what belongs to it."""
    return unit_page(code)


def unit_page(code: str, form: Form | None = None, status: int = 200) -> Response:
    """The page of a unit, also with a form on it that came back."""
    actor = current_actor()
    found = queries.unit_page(actor, code)
    change = form if isinstance(form, UnitForm) else UnitForm(formdata=None, obj=found.unit)
    return page(
        "directory/unit.html",
        status=status,
        found=found,
        levels=LEVEL_NAMES,
        levels_below=LEVELS_BELOW,
        sections=sections(unit_shown.send(actor=actor, unit=found.unit, form=form)),
        change=change.fit(found.unit.level),
        button=ButtonForm(formdata=None),
        can_manage=actor.can(Permission.DIRECTORY_MANAGE),
    )


def _unit_form(code: str) -> UnitForm:
    return UnitForm().fit(queries.unit_for(current_actor(), code).level)


@bp.post("/units/<code>/change")
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(_unit_form, again=unit_page)
def change_unit(form: UnitForm, code: str) -> Done:
    """Change its name and what is known of it."""
    unit = service.change_unit(current_actor(), code, form.facts())
    return Done(url_for("directory.unit", code=unit.code), "已保存。")


@bp.post("/units/<code>/retire")
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(lambda code: ButtonForm(), again=unit_page)
def retire_unit(form: ButtonForm, code: str) -> Done:
    """Take it out of use."""
    unit = service.retire_unit(current_actor(), code)
    return Done(url_for("directory.index"), f"{unit.short_name}已停用。")


@bp.get("/people/")
@may(Permission.DIRECTORY_READ)
def people() -> Response:
    """People by name; of one unit and below, if asked."""
    actor, text, code = current_actor(), incoming.name(request.args.get("q")), request.args.get("unit", "")
    after = request.args.get("after", "")
    unit = queries.unit_for(actor, code) if code else None
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
        units=queries.find_units(actor, text) if text else [],
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
