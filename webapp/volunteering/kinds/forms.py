"""Forms of the kinds of 三报到."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from webapp.directory.posts import LEVEL_NAMES
from webapp.foundation.forms import SeenForm
from webapp.foundation.order import FIRST
from webapp.volunteering.kinds.service import LEVELS, KindInput
from webapp.volunteering.models import CheckInKind


class KindForm(SeenForm):
    """A kind of report: new or changed."""

    name = StringField(
        "名称", validators=[DataRequired("请填写名称。"), Length(max=20, message="最多写20个字。")]
    )
    level = RadioField(
        "在哪里报到",
        choices=[SelectChoice(level, LEVEL_NAMES[level]) for level in LEVELS],
        validators=[InputRequired("请选择在哪里报到。")],
    )
    after = SelectField("排在哪一类后面", coerce=int, validators=[InputRequired("请选择排在哪里。")])

    def offer(self, others: Sequence[CheckInKind]) -> KindForm:
        """Fill in behind which kinds it may stand."""
        self.after.choices = {FIRST: "放在最前面", **{kind.id: kind.name for kind in others}}
        return self

    def given(self) -> KindInput:
        """The fields as the service takes them."""
        return KindInput(self.name.data or "", self.level.data)
