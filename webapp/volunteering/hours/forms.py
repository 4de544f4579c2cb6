"""Forms about hours: to confirm, to note afterwards, to object, to correct; and the statement."""

from __future__ import annotations

from wtforms import (
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired

from webapp.foundation.forms import DateField, Form, IntegerField, ReasonField, id_or_none
from webapp.volunteering.forms import TEXT, WRITE


class ConfirmForm(Form):
    """Confirm the whole list, or those that are ticked."""

    people = SelectMultipleField("到场的人", coerce=id_or_none, validate_choice=False)
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
