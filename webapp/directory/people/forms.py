"""Forms of people and their appointments."""

from __future__ import annotations

from wtforms import SelectField, TelField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from webapp.directory.posts import POST_NAMES
from webapp.foundation import clock
from webapp.foundation.forms import CodeField, DateField, Form, NameField


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
