"""Forms of this room."""

from __future__ import annotations

from wtforms.validators import DataRequired, Length

from webapp.foundation.forms import Form, ReasonField


class DiscardForm(Form):
    """Why it is not used."""

    reason = ReasonField("原因", validators=[DataRequired("请写明不采用的原因。"), Length(max=200)])
