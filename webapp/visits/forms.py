"""Forms of this room."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from webapp.foundation.forms import (
    DateField,
    Form,
    LocalDateTimeField,
    NameField,
    PhotosField,
    id_or_none,
)
from webapp.visits.models import KIND_NAMES, OUTCOME_NAMES

NOTE_LENGTH = 1000


def numbered(rows: Sequence[tuple[int, str]]) -> dict[str, str]:
    """Choices from ids and names."""
    return {str(number): name for number, name in rows}


class VisitForm(Form):
    """Three choices, all the rest optional (F-01, F-02)."""

    kind = RadioField("服务形式", choices={**KIND_NAMES}, validators=[InputRequired("请选择服务形式。")])
    items = SelectMultipleField(
        "做了什么", validate_choice=False, validators=[DataRequired("请选择服务事项。")]
    )
    outcome = RadioField(
        "结果怎样", choices={**OUTCOME_NAMES}, validators=[InputRequired("请选择办理结果。")]
    )
    note = TextAreaField("情况说明", validators=[Length(max=NOTE_LENGTH)])
    photos = PhotosField("照片")
    unit_id = SelectField("地点", coerce=id_or_none, validate_choice=False)
    station_id = SelectField("接待站点", coerce=id_or_none, validate_choice=False)
    at = LocalDateTimeField("服务时间", validators=[Optional()])
    resident_name = NameField("居民姓名", validators=[Length(max=40)])
    resident_phone = TelField("联系电话", validators=[Length(max=30)])
    door = StringField("门牌", validators=[Length(max=60)])
    next_visit_on = DateField("下次上门", validators=[Optional()])
    do_not_disturb = BooleanField("免打扰（住户不希望再上门）")
    desk = HiddenField()

    def offer(
        self,
        items: Sequence[tuple[str, str]],
        places: Sequence[tuple[int, str]],
        stations: Sequence[tuple[int, str]],
    ) -> None:
        """Fill in what this worker can choose from. Only for showing it: the service checks what comes back."""
        self.items.choices = dict(items)
        self.unit_id.choices = numbered(places)
        self.station_id.choices = {"": "不选站点", **numbered(stations)}


class CaseForm(Form):
    """The case that a visit becomes. All of it is carried over from the visit; the worker may change it."""

    category = RadioField("诉求类别", validators=[InputRequired("请选择类别。")])
    what = TextAreaField(
        "反映什么", validators=[DataRequired("请写明居民反映什么。"), Length(max=NOTE_LENGTH)]
    )
    place_text = StringField("具体位置", validators=[Length(max=80)])
    urgent = BooleanField("情况紧急")
