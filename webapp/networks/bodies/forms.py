"""Forms of a grid's bodies."""

from __future__ import annotations

from wtforms import BooleanField, RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from webapp.foundation import clock
from webapp.foundation.forms import CodeField, DateField, Form
from webapp.networks.bodies.service import CommitteeFacts
from webapp.networks.models import BODY_NAMES, COMMITTEE_KINDS


class BranchForm(Form):
    """What the branch of a grid is called."""

    branch = StringField(
        "党支部名称",
        validators=[InputRequired("请填写党支部名称。"), Length(max=60, message="名称最多60个字。")],
    )


class CommitteeForm(Form):
    """A committee and its term."""

    kind = RadioField(
        "类别",
        choices=[SelectChoice(*pair) for pair in COMMITTEE_KINDS.items()],
        validators=[InputRequired("请选择类别。")],
    )
    is_red = BooleanField("红色业委会")
    name = StringField(
        "名称", validators=[InputRequired("请填写名称。"), Length(max=60, message="名称最多60个字。")]
    )
    term_start = DateField("任期从", validators=[InputRequired("请填写任期开始的日期。")])
    term_end = DateField("任期到", validators=[InputRequired("请填写任期结束的日期。")])

    def facts(self) -> CommitteeFacts:
        """What was written."""
        assert self.term_start.data
        assert self.term_end.data
        return CommitteeFacts(
            self.kind.data, self.name.data or "", self.is_red.data, self.term_start.data, self.term_end.data
        )


class SeatForm(Form):
    """A seat in the branch or the committee of a grid, given by its code; the page helps to find it."""

    unit_code = CodeField(
        "网格代码", validators=[InputRequired("请填写网格代码。"), Length(max=60, message="代码没有这么长。")]
    )
    body = RadioField(
        "在哪里",
        choices=[SelectChoice(*pair) for pair in BODY_NAMES.items()],
        validators=[InputRequired("请选择党支部或业委会。")],
    )
    title = StringField(
        "担任",
        default="委员",
        validators=[InputRequired("请填写担任什么。"), Length(max=20, message="最多20个字。")],
    )
    starts_on = DateField("从哪一天起", default=clock.today, validators=[InputRequired("请填写开始日期。")])
    ends_on = DateField("到哪一天止", validators=[Optional()])
