"""The pages of units."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import bp
from webapp.directory.events import sections, unit_shown
from webapp.directory.models import Unit
from webapp.directory.permissions import check_in_use
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Level, Permission
from webapp.directory.units import queries, service
from webapp.directory.units.forms import NewUnitForm, UnitForm
from webapp.foundation.access import current_actor, may
from webapp.foundation.errors import Conflict
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done


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


def _new_form(code: str) -> NewUnitForm:
    parent = queries.unit_for(current_actor(), code)
    check_in_use(parent)
    levels = LEVELS_BELOW[Level(parent.level)]
    if not levels:
        raise Conflict(f"{LEVEL_NAMES[Level(parent.level)]}下面不再登记单位。")
    asked = request.args.get("level", "")
    form = NewUnitForm(level=asked if asked in levels else levels[0])
    form.fit(form.level.data or "")
    return form


def _new_page(code: str, form: NewUnitForm, status: int) -> Response:
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
@once(_new_form, again=_new_page)
def new_unit(form: NewUnitForm, code: str) -> Done:
    """Set up a unit below this one."""
    row = service.create_unit(current_actor(), code, form.level.data or "", form.facts())
    return Done(_after(row, code), f"已登记{row.short_name}，代码{row.code}。")


def _after(row: Unit, parent_code: str) -> str:
    """Where one goes on: into the new unit; from a building back to where the next one is set up."""
    return url_for("directory.unit", code=parent_code if row.level == Level.BUILDING else row.code)
