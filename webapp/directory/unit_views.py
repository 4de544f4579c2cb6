"""New units."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory import bp, queries, service
from webapp.directory.forms import NewUnitForm
from webapp.directory.models import Unit
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Level, Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.errors import Conflict
from webapp.foundation.forms import once
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
    """Where one goes on: into the new unit; from a building back to where the next one is set up."""
    return url_for("directory.unit", code=parent_code if row.level == Level.BUILDING else row.code)
