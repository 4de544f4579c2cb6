"""What the pages of rewards send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms import (
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from webapp.foundation.forms import Form, IntegerField, ReasonField, SeenForm
from webapp.points.models import (
    REWARD_KIND_NAMES,
    RewardKind,
)
from webapp.points.rewards.service import PICTURES, RewardInput

MOST_POINTS = 100_000
MOST_PIECES = 100_000


class RewardForm(SeenForm):
    """A reward: new or changed."""

    name = StringField(
        "名称", validators=[DataRequired("请填写名称。"), Length(max=30, message="不超过 30 字。")]
    )
    kind = RadioField(
        "类别",
        choices=[SelectChoice(*pair) for pair in REWARD_KIND_NAMES.items()],
        default=RewardKind.GOODS,
        validators=[InputRequired()],
    )
    cost = IntegerField(
        "所需积分",
        validators=[
            InputRequired("请填写积分。"),
            NumberRange(1, MOST_POINTS, message="请填写 1 以上的整数。"),
        ],
    )
    station_id = SelectField("领取点", coerce=int, validators=[InputRequired("请选择领取点。")])
    picture = RadioField(
        "图片",
        choices=[SelectChoice(*pair) for pair in PICTURES.items()],
        default="box",
        validators=[InputRequired()],
    )
    quarter_limit = IntegerField(
        "每人每季度限兑",
        validators=[Optional(), NumberRange(1, MOST_PIECES, message="请填写 1 以上的整数。")],
    )
    about = TextAreaField("说明", validators=[Length(max=200, message="不超过 200 字。")])

    def offer_stations(self, stations: Iterable[Any]) -> None:
        """Let one choose among ``stations`` (rows of id and name)."""
        self.station_id.choices = [SelectChoice(str(row.id), row.name) for row in stations]

    def given(self) -> RewardInput:
        """The fields as the service takes them."""
        return RewardInput(
            name=self.name.data or "",
            kind=self.kind.data,
            about=self.about.data or "",
            cost=self.cost.data or 0,
            picture=self.picture.data,
            quarter_limit=self.quarter_limit.data,
            station_id=self.station_id.data,
        )


class NewRewardForm(RewardForm):
    """A new reward comes with its first stock."""

    stock = IntegerField(
        "入库数量",
        default=0,
        validators=[
            InputRequired("请填写数量。"),
            NumberRange(0, MOST_PIECES, message="请填写 0 以上的整数。"),
        ],
    )


class StockForm(Form):
    """More pieces, or a correction after counting."""

    amount = IntegerField(
        "数量",
        validators=[
            InputRequired("请填写数量。"),
            NumberRange(-MOST_PIECES, MOST_PIECES, message="请填写整数。"),
        ],
    )
    reason = ReasonField("说明", validators=[Optional(), Length(max=200)])
