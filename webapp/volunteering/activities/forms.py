"""The form of an activity."""

from __future__ import annotations

from typing import Any

from wtforms import (
    BooleanField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional

from webapp.foundation.access import Actor
from webapp.foundation.forms import CodeField, Form, IntegerField, LocalDateTimeField, SeenForm, id_or_none
from webapp.volunteering import queries
from webapp.volunteering.activities.service import Plan
from webapp.volunteering.forms import CHOOSE, SHORT, TEXT, WRITE
from webapp.volunteering.models import CATEGORY_NAMES


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
    unit_id = SelectField("范围", coerce=id_or_none, validators=[InputRequired(CHOOSE)])
    station_id = SelectField("站点", coerce=id_or_none)
    contact = StringField("联系电话", validators=[SHORT])
    description = TextAreaField("服务内容", validators=[TEXT])
    is_risky = BooleanField("有安全风险（登高、涉水、搬重物等）")
    risk_note = StringField("风险和防护", validators=[TEXT])
    insured = BooleanField("已为志愿者购买保险")
    min_age = IntegerField("最低年龄", validators=[Optional(), NumberRange(1, 99, "请填写1到99。")])
    case_number = CodeField("关联诉求的编号", validators=[SHORT])

    def plan(self) -> Plan:
        """What the organiser wrote down."""
        values = {name: self[name].data for name in Plan.__dataclass_fields__}
        return Plan(
            **{**values, "capacity": values["capacity"] or None, "min_age": values["min_age"] or None}
        )


class ClaimForm(Form):
    """Note afterwards that one was there."""

    minutes = IntegerField("服务了多少分钟", validators=[InputRequired(WRITE)])
    reason = StringField("补记原因", validators=[TEXT])


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
