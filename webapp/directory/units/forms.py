"""Forms of units."""

from __future__ import annotations

from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from webapp.directory.posts import Level
from webapp.directory.units.service import UnitFacts
from webapp.foundation.forms import Form, IntegerField


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

    def fit(self, level: str) -> UnitForm:
        """Take away what a unit of this level has not."""
        if level not in (Level.GRID, Level.BUILDING):
            del self.households
        return self

    def facts(self) -> UnitFacts:
        """What was written."""
        return UnitFacts(self.name.data or "", self.short_name.data or "", self.data.get("households"))


class NewUnitForm(UnitForm):
    """A unit below another; the page says which level it is for."""

    level = HiddenField("级别")
