"""What the pages of rules and settings send."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from webapp.directory.posts import GRANTS, POST_NAMES, Permission
from webapp.foundation import clock
from webapp.foundation.forms import DateField, IntegerField, SeenForm
from webapp.points.eligibility import Settings
from webapp.points.models import (
    EVIDENCE_NAMES,
    PER_NAMES,
    Evidence,
    Per,
    RuleEvent,
)
from webapp.points.rules.service import ONE_DAY, RuleInput
from webapp.points.rules.words import BODY_MEMBERS

MOST_POINTS = 100_000
MOST_FOR_ONE = 1000  # points for one act or hour


def _cap(label: str) -> IntegerField:
    message = "请填写 1 以上的整数。"
    return IntegerField(label, validators=[Optional(), NumberRange(1, MOST_POINTS, message=message)])


class RuleForm(SeenForm):
    """A rule; made for one kind of event, it keeps only the fields that the event needs."""

    name = StringField(
        "名称", validators=[DataRequired("请填写名称。"), Length(max=20, message="不超过 20 字。")]
    )
    amount = IntegerField(
        "得几分",
        validators=[
            InputRequired("请填写分数。"),
            NumberRange(1, MOST_FOR_ONE, message=f"请填写 1 到 {MOST_FOR_ONE} 的整数。"),
        ],
    )
    per = RadioField(
        "怎样计",
        choices=[SelectChoice(value, f"每{name}") for value, name in PER_NAMES.items()],
        default=Per.ACT,
        validators=[InputRequired("请选择一项。")],
    )
    daily_cap = _cap("每天最多几分")
    monthly_cap = _cap("每月最多几分")
    evidence = RadioField(
        "凭什么审核",
        choices=[SelectChoice(*pair) for pair in EVIDENCE_NAMES.items() if pair[0] != Evidence.RECORD],
        validators=[InputRequired("请选择一项。")],
    )
    first_day = DateField(
        "从哪一天起", default=lambda: clock.today() + ONE_DAY, validators=[InputRequired("请选择日期。")]
    )
    event = HiddenField(default=RuleEvent.BY_HAND)

    def fit(self, event: str) -> None:
        """Leave out what the rules for ``event`` do not say."""
        if event == RuleEvent.BY_HAND:
            del self.daily_cap, self.monthly_cap
        else:
            del self.evidence
        if event != RuleEvent.ATTENDANCE_CONFIRMED:
            del self.per

    def given(self) -> RuleInput:
        """The fields as the service takes them."""
        names = [field.name for field in fields(RuleInput) if field.name in self]
        return RuleInput(**{name: self[name].data for name in names})


class EndRuleForm(SeenForm):
    """The last day of a rule."""

    last_day = DateField("最后一天", default=clock.today, validators=[InputRequired("请选择日期。")])


def _count(label: str, least: int, most: int, *others: Any) -> IntegerField:
    between = NumberRange(least, most, message=f"请填写 {least} 到 {most} 的整数。")
    return IntegerField(label, validators=[*(others or (InputRequired("请填写数字。"),)), between])


class SettingsForm(SeenForm):
    """The settings; the names are those of ``Settings``."""

    bodies = SelectMultipleField("谁能得分", choices=[SelectChoice(*pair) for pair in BODY_MEMBERS.items()])
    # Only those who have an account of their own to look at.
    posts = SelectMultipleField(
        "再加上这些岗位的人",
        choices=[
            SelectChoice(post, name)
            for post, name in POST_NAMES.items()
            if Permission.POINTS_OWN in GRANTS[post]
        ],
    )
    serving_members_redeem = BooleanField("在职党员可以兑换")
    lot_months = _count("积分有效期（月）", 1, 120, Optional())
    notice_days = _count("到期前几天提醒", 0, 365)
    pickup_days = _count("兑换后几天内领取", 1, 90)
    grace_months = _count("任职结束后几个月内可以兑换", 0, 60)

    def given(self) -> Settings:
        """The fields as the service takes them."""
        return Settings(**{name: self[name].data for name in Settings._fields})
