"""Forms of desk sessions."""

from __future__ import annotations

from collections.abc import Sequence

from wtforms import BooleanField, SelectField, SelectMultipleField, StringField, TimeField
from wtforms.validators import DataRequired, InputRequired, Length

from webapp.foundation.forms import DateField, Form, ReasonField, id_or_none
from webapp.visits.desks.service import MOST_WEEKS
from webapp.visits.forms import numbered

REPEATS = (1, 2, 4, 8, 12, MOST_WEEKS)


class DeskForm(Form):
    """One session of the desk, or one a week."""

    station_id = SelectField("站点", coerce=id_or_none)
    day = DateField("日期", validators=[InputRequired("请选择日期。")])
    starts = TimeField("开始", validators=[InputRequired("请填写开始时间。")])
    ends = TimeField("结束", validators=[InputRequired("请填写结束时间。")])
    weeks = SelectField(
        "重复",
        coerce=int,
        default=1,
        validators=[DataRequired()],
        choices={str(weeks): "只这一次" if weeks == 1 else f"每周一次，共 {weeks} 次" for weeks in REPEATS},
    )
    place = StringField("具体位置", validators=[Length(max=80)])
    hosts = SelectMultipleField("值守人员", coerce=int)

    def offer(self, stations: Sequence[tuple[int, str]], hosts: Sequence[tuple[int, str]]) -> DeskForm:
        """Fill in what this planner can choose from."""
        self.station_id.choices = {**numbered(stations), "": "其他地点（在补充里写明）"}
        self.hosts.choices = numbered(hosts)
        return self


class CancelForm(Form):
    """Why a session is cancelled, and whether those after it are, too."""

    reason = ReasonField("取消原因", validators=[DataRequired("请选择或写下取消原因。"), Length(max=200)])
    following = BooleanField("以后每周的也一起取消")
