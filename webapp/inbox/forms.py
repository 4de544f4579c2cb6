"""Forms of the inbox."""

from __future__ import annotations

from wtforms import SelectMultipleField, StringField
from wtforms.validators import AnyOf, DataRequired, Length

from webapp.foundation.forms import Form, ReasonField


class DecisionForm(Form):
    """Approve, or send back with a reason; the button's value says which."""

    decision = StringField("决定", validators=[AnyOf(("approve", "back"), "请选择同意或退回。")])
    reason = ReasonField("理由", validators=[Length(max=300, message="理由请写在300字以内。")])


class BatchForm(Form):
    """Approve those that are ticked."""

    chosen = SelectMultipleField(
        "选中的", validate_choice=False, validators=[DataRequired("请先勾选要同意的事项。")]
    )
