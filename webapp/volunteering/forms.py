"""Forms of this room."""

from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from webapp.foundation.access import Actor
from webapp.foundation.forms import Form, IntegerField, LocalDateTimeField, ReasonField, SeenForm
from webapp.volunteering import queries, report_queries
from webapp.volunteering.models import CATEGORY_NAMES
from webapp.volunteering.service import Plan

WRITE = "请填写。"
CHOOSE = "请选择一项。"
SHORT = Length(max=40, message="请写在40字以内。")
TEXT = Length(max=300, message="请写在300字以内。")


def _number(value: Any) -> int | None:
    """An option's value; the empty option is None."""
    return int(value) if value not in (None, "", "None") else None


class ReportForm(Form):
    """Report to a grid."""

    kind_id = RadioField("报到类型", coerce=_number, validators=[InputRequired(CHOOSE)])
    grid_id = SelectField("报到的网格", coerce=_number, validators=[InputRequired(CHOOSE)])
    skills = StringField("特长", validators=[Length(max=100, message="请写在100字以内。")])


class ActivityForm(SeenForm):
    """Plan or change an activity; what is optional is folded away."""

    title = StringField("活动名称", validators=[InputRequired(WRITE), SHORT])
    category = RadioField(
        "服务类别",
        choices=[SelectChoice(*pair) for pair in CATEGORY_NAMES.items()],
        validators=[InputRequired(CHOOSE)],
    )
    starts_at = LocalDateTimeField("开始时间", validators=[InputRequired(WRITE)])
    ends_at = LocalDateTimeField("结束时间", validators=[InputRequired(WRITE)])
    place = StringField("地点", validators=[InputRequired(WRITE), SHORT])
    capacity = IntegerField("名额", validators=[Optional(), NumberRange(1, 9999, "请填写1到9999。")])
    unit_id = SelectField("范围", coerce=_number, validators=[InputRequired(CHOOSE)])
    station_id = SelectField("站点", coerce=_number)
    contact = StringField("联系电话", validators=[SHORT])
    description = TextAreaField("服务内容", validators=[TEXT])
    is_risky = BooleanField("有安全风险（登高、涉水、搬重物等）")
    risk_note = StringField("风险和防护", validators=[TEXT])
    insured = BooleanField("已为志愿者购买保险")
    min_age = IntegerField("最低年龄", validators=[Optional(), NumberRange(1, 99, "请填写1到99。")])
    case_number = StringField("关联诉求的编号", validators=[SHORT])

    def plan(self) -> Plan:
        """What the organiser wrote down."""
        values = {name: self[name].data for name in Plan.__dataclass_fields__}
        return Plan(
            **{**values, "capacity": values["capacity"] or None, "min_age": values["min_age"] or None}
        )


class ConfirmForm(Form):
    """Confirm the whole list, or those that are ticked."""

    people = SelectMultipleField("到场的人", coerce=_number, validate_choice=False)
    reason = StringField("补记原因", validators=[TEXT])


class ClaimForm(Form):
    """Note afterwards that one was there."""

    minutes = IntegerField("服务了多少分钟", validators=[InputRequired(WRITE)])
    reason = StringField("补记原因", validators=[TEXT])


class ObjectionForm(Form):
    """Object to one's hours."""

    text = ReasonField("哪里不对", validators=[TEXT])


class CorrectionForm(Form):
    """Correct hours, or answer an objection."""

    minutes = IntegerField("服务时长（分钟）", validators=[InputRequired(WRITE)])
    reason = ReasonField("理由", validators=[TEXT])


class StatementForm(Form):
    """Issue a statement of one's hours."""

    since = DateField("从", validators=[InputRequired(WRITE)])
    until = DateField("到", validators=[InputRequired(WRITE)])

    def validate_until(self, field: DateField) -> None:
        """A period ends after it begins."""
        if self.since.data and field.data and field.data < self.since.data:
            raise ValidationError("结束日期要晚于开始日期。")


def report_form(actor: Actor, **values: Any) -> ReportForm:
    """The form with the kinds in use and the grids of the actor's community."""
    form = ReportForm(**values)
    form.kind_id.choices = [SelectChoice(str(kind.id), kind.name) for kind in report_queries.check_in_kinds()]
    form.grid_id.choices = [
        SelectChoice(str(row.id), row.short_name) for row in report_queries.grids_to_report_to(actor)
    ]
    return form


def activity_form(actor: Actor, **values: Any) -> ActivityForm:
    """The form with the places that the actor organises for."""
    form = ActivityForm(**values)
    form.unit_id.choices = [
        SelectChoice(str(row.id), row.short_name) for row in queries.places_to_organise(actor)
    ]
    form.station_id.choices = [
        SelectChoice("", "不在站点"),
        *(SelectChoice(str(row.id), row.name) for row in queries.stations(actor)),
    ]
    return form
