"""Forms of stations."""

from __future__ import annotations

from wtforms import RadioField, StringField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from webapp.foundation.forms import Form
from webapp.stations.models import STATION_KINDS
from webapp.stations.service import StationFacts


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
