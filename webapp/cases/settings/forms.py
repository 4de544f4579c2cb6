"""Forms for the district's case settings."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from webapp.cases.settings.queries import Run, Scope
from webapp.cases.settings.service import Terms
from webapp.cases.terms import UNIT_NAMES
from webapp.foundation.forms import DateField, IntegerField, SeenForm

REST, WORK = "rest", "work"
LONGEST_NAME = 20


class WorkdaysForm(SeenForm):
    """Correct one day, or several in a row."""

    first = DateField("从哪天", validators=[InputRequired("请选择日期。")])
    last = DateField("到哪天", validators=[Optional()])
    works = RadioField(
        "这些天",
        choices=[SelectChoice(REST, "休息"), SelectChoice(WORK, "上班")],
        validators=[InputRequired("请选择休息或上班。")],
    )
    name = StringField(
        "节日名称", validators=[Length(max=LONGEST_NAME, message=f"最多写{LONGEST_NAME}个字。")]
    )

    def run(self) -> Run:
        """The days, as the service takes them."""
        last = self.last.data or self.first.data
        return Run(self.first.data, last, self.works.data == WORK, self.name.data or "")


class FillYearForm(SeenForm):
    """Confirm that all days of a year are entered."""

    year = IntegerField(widget=HiddenInput(), validators=[InputRequired("请从页面上的按钮进入。")])
    sure = BooleanField(
        "放假和调休都已经录入", validators=[InputRequired("请先录入国务院公布的放假和调休，再打开这一项。")]
    )


def _amount(label: str) -> IntegerField:
    return IntegerField(label, validators=[InputRequired("请填写整数。")])


def _unit(label: str) -> SelectField:
    units = [SelectChoice(*pair) for pair in UNIT_NAMES.items()]
    return SelectField(label, choices=units, validators=[InputRequired("请选择单位。")])


class TermsForm(SeenForm):
    """A level's terms, and the first day they apply."""

    accept_amount = _amount("受理时限")
    accept_unit = _unit("受理的单位")
    handle_amount = _amount("办结时限")
    handle_unit = _unit("办结的单位")
    starts = DateField("从哪天起", validators=[InputRequired("请选择日期。")])

    def terms(self) -> Terms:
        """The terms, as the service takes them."""
        return Terms(
            self.accept_amount.data, self.accept_unit.data, self.handle_amount.data, self.handle_unit.data
        )


class NewTermsForm(TermsForm):
    """Special terms for a category, for urgent matters, or both."""

    level = HiddenField(validators=[InputRequired("请选择层级。")])
    category = SelectField("类别")
    urgent = BooleanField("只用于紧急事项")

    def scope(self) -> Scope:
        """What it is for, as the service takes it."""
        return Scope(self.level.data, self.category.data, self.urgent.data)
