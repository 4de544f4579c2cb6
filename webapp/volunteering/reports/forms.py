"""The form of a report."""

from __future__ import annotations

from typing import Any

from wtforms import (
    RadioField,
    SelectField,
    StringField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length

from webapp.foundation.access import Actor
from webapp.foundation.forms import Form, id_or_none
from webapp.volunteering.forms import CHOOSE
from webapp.volunteering.reports import queries as report_queries


class ReportForm(Form):
    """Report to a grid."""

    kind_id = RadioField("报到类型", coerce=id_or_none, validators=[InputRequired(CHOOSE)])
    grid_id = SelectField("报到的网格", coerce=id_or_none, validators=[InputRequired(CHOOSE)])
    skills = StringField("特长", validators=[Length(max=100, message="请写在100字以内。")])


def report_form(actor: Actor, **values: Any) -> ReportForm:
    """The form with the kinds in use and the grids of the actor's community."""
    form = ReportForm(**values)
    form.kind_id.choices = [SelectChoice(str(kind.id), kind.name) for kind in report_queries.check_in_kinds()]
    form.grid_id.choices = [
        SelectChoice(str(row.id), row.short_name) for row in report_queries.grids_to_report_to(actor)
    ]
    return form
