"""What the pages of the ledger send."""

from __future__ import annotations

from wtforms import (
    RadioField,
    SelectField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from webapp.foundation import clock
from webapp.foundation.forms import DateField, Form, ReasonField


class AnswerForm(Form):
    """A decision, with its reason where it needs one; the service says where."""

    reason = ReasonField("原因", validators=[Optional(), Length(max=200)])


class ProposeForm(Form):
    """Points put forward by hand."""

    person_id = SelectField("给谁", coerce=int, validators=[InputRequired("请选择人员。")])
    rule_id = RadioField("做了什么", coerce=int, validators=[InputRequired("请选择一项。")])
    day = DateField("哪一天", default=clock.today, validators=[InputRequired("请选择日期。")])
    reason = TextAreaField(
        "情况说明",
        validators=[DataRequired("请写一句说明，审核的人要看。"), Length(max=200, message="不超过 200 字。")],
    )
