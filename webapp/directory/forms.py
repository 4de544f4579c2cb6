"""Forms of the register."""

from __future__ import annotations

from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from webapp.directory.models import BODY_NAMES, COMMITTEE_KINDS, COVERAGE_NAMES, STATION_KINDS
from webapp.directory.posts import POST_NAMES, Level
from webapp.directory.service import NO_COMPANY, CommitteeFacts, StationFacts, UnitFacts
from webapp.foundation import clock
from webapp.foundation.forms import CodeField, DateField, Form, IntegerField, NameField


class PersonForm(Form):
    """A new person."""

    name = NameField(
        "姓名", validators=[InputRequired("请填写姓名。"), Length(max=40, message="姓名最多40个字。")]
    )
    phone = TelField("电话", validators=[Length(max=30, message="号码没有这么长。")])


class AppointForm(Form):
    """A post for a person. The unit is given by its code; the page helps to find it."""

    post = SelectField(
        "职务",
        choices=[SelectChoice(post.value, name) for post, name in POST_NAMES.items()],
        validators=[InputRequired("请选择职务。")],
        validate_choice=True,
    )
    unit_code = CodeField(
        "单位代码", validators=[InputRequired("请填写单位代码。"), Length(max=60, message="代码没有这么长。")]
    )
    starts_on = DateField("从哪一天起", default=clock.today, validators=[InputRequired("请填写开始日期。")])
    ends_on = DateField("到哪一天止", validators=[Optional()])


class EndForm(Form):
    """The last day of an appointment, or of a seat."""

    last_day = DateField("最后一天", default=clock.today, validators=[InputRequired("请填写最后一天。")])


class UnitForm(Form):
    """What is known of a unit. ``fit`` leaves what its level has."""

    name = StringField(
        "全称", validators=[InputRequired("请填写全称。"), Length(max=80, message="全称最多80个字。")]
    )
    short_name = StringField(
        "简称", validators=[InputRequired("请填写简称。"), Length(max=30, message="简称最多30个字。")]
    )
    households = IntegerField(
        "户数", validators=[Optional(), NumberRange(0, 99_999, message="请填写0到99999的整数。")]
    )
    branch = StringField("党支部名称", validators=[Length(max=60, message="名称最多60个字。")])
    coverage = RadioField(
        "党组织覆盖",
        choices=[SelectChoice(*pair) for pair in COVERAGE_NAMES.items()],
        validators=[InputRequired("请选择党组织覆盖情况。")],
    )

    def fit(self, level: str) -> UnitForm:
        """Take away what a unit of this level has not."""
        for field in ("households", "branch", "coverage"):
            if field not in FACTS_OF_LEVEL.get(level, ()):
                delattr(self, field)
        return self

    def facts(self) -> UnitFacts:
        """What was written."""
        given = {name: self.data[name] for name in ("branch", "coverage") if self.data.get(name)}
        return UnitFacts(
            self.name.data or "", self.short_name.data or "", self.data.get("households"), **given
        )


FACTS_OF_LEVEL: dict[str, tuple[str, ...]] = {
    Level.GRID: ("households", "branch"),
    Level.BUILDING: ("households",),
    Level.COMPANY: ("coverage",),
}


class NewUnitForm(UnitForm):
    """A unit below another; the page says which level it is for."""

    level = HiddenField("级别")


class StationForm(Form):
    """A station: new or changed."""

    name = StringField(
        "名称", validators=[InputRequired("请填写名称。"), Length(max=40, message="名称最多40个字。")]
    )
    kind = RadioField(
        "类别",
        choices=[SelectChoice(*pair) for pair in STATION_KINDS.items()],
        validators=[InputRequired("请选择类别。")],
    )
    address = StringField(
        "地址", validators=[InputRequired("请填写地址。"), Length(max=80, message="地址最多80个字。")]
    )
    hours = StringField("接待时间", validators=[Length(max=60, message="时间最多60个字。")])
    phone = TelField("电话", validators=[Length(max=30, message="号码没有这么长。")])

    def facts(self) -> StationFacts:
        """What was written."""
        return StationFacts(
            name=self.name.data or "", kind=self.kind.data, address=self.address.data or "",
            hours=self.hours.data or "", phone=self.phone.data or "",
        )  # fmt: skip


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


class CompanyForm(Form):
    """Which company serves a grid from a day on."""

    company_code = SelectField("物业企业", validators=[InputRequired("请选择物业企业。")])
    starts_on = DateField("从哪一天起", default=clock.today, validators=[InputRequired("请填写开始日期。")])

    def offer(self, companies: list[tuple[str, str]], *, none: bool) -> None:
        """What there is to choose from; ``none``: that nobody serves it any more, too."""
        last = [(NO_COMPANY, "不再有物业企业")] if none else []
        self.company_code.choices = [
            SelectChoice(*pair) for pair in [("", "请选择"), *companies, *last]
        ]  # fmt: skip


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
