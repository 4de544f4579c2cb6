"""Forms of the list of services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length

from webapp.foundation.forms import SeenForm
from webapp.foundation.order import FIRST
from webapp.visits.items.service import ItemInput
from webapp.visits.models import ServiceItem


class ItemForm(SeenForm):
    """A service: new or changed."""

    name = StringField(
        "名称", validators=[DataRequired("请填写名称。"), Length(max=12, message="最多写12个字。")]
    )
    group = StringField(
        "分组", validators=[DataRequired("请填写分组。"), Length(max=10, message="最多写10个字。")]
    )
    case_category = SelectField("转为诉求时的类别", validators=[InputRequired("请选择诉求类别。")])
    after = SelectField("排在哪一项后面", coerce=int, validators=[InputRequired("请选择排在哪里。")])

    def offer(self, others: Sequence[ServiceItem], categories: Mapping[str, str]) -> ItemForm:
        """Fill in behind which items it may stand, and the categories to choose from."""
        self.case_category.choices = dict(categories)
        self.after.choices = {FIRST: "放在最前面", **{item.id: item.name for item in others}}
        return self

    def given(self) -> ItemInput:
        """The fields as the service takes them."""
        return ItemInput(self.name.data or "", self.group.data or "", self.case_category.data)
