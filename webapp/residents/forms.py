"""Forms of those who have no login."""

from __future__ import annotations

from typing import Any

from wtforms import (
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired

from webapp.cases.forms import LONGEST, SHORT, check_phone, given, shorter_than
from webapp.cases.states import VERDICT_NAMES, Confidentiality, Verdict
from webapp.foundation.forms import Form, NameField, PhotosField, ReasonField

OTHER = "other"  # the category of whoever does not choose one
WHOLE_DISTRICT = 0


class TrappedForm(Form):
    """A form with a hidden honeypot field that only programs fill in; nobody has to solve a puzzle."""

    website = StringField("这一栏请留空")

    def validate_website(self, field: StringField) -> None:
        """The label warns screen-reader users not to fill it in."""
        if field.data:
            raise ValidationError("请把“这一栏请留空”清空，再提交一次。")


class ReportForm(TrappedForm):
    """One answer is needed: what it is about."""

    what = TextAreaField(
        "您要反映什么", validators=[DataRequired("请写一句话，说明是什么事。"), shorter_than(LONGEST)]
    )
    category = RadioField("哪一类", validate_choice=False)
    place_text = StringField("在什么地方", validators=[shorter_than(SHORT)])
    photos = PhotosField("照片")
    name = NameField("怎么称呼您", validators=[shorter_than(40)])
    phone = TelField("电话", validators=[check_phone])
    confidentiality = RadioField(
        "要不要保密",
        choices={
            Confidentiality.NORMAL: "不用",
            Confidentiality.NAME_HIDDEN: "对承办单位保密",
            Confidentiality.ANONYMOUS: "匿名",
        },
        default=Confidentiality.NORMAL,
    )

    def inputs(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "what": self.what.data,
            "category": self.category.data or OTHER,
            "place_text": self.place_text.data or "",
            "confidentiality": self.confidentiality.data,
            "name": self.name.data or "",
            "phone": self.phone.data or "",
            "photos": self.photos.ready,
        }


class CodeForm(Form):
    """An action with a tracking code, which is sent in the form because addresses end up in logs."""

    code = HiddenField(validators=[DataRequired("查询码没有带上，请从查询页重新进入。")])

    def inputs(self) -> dict[str, Any]:
        """What the service's verb takes, beside the code."""
        return given(self)


class VerdictForm(CodeForm):
    """What the reporter says of the result. 不满意 needs no reason."""

    verdict = RadioField(
        "您对办理结果满意吗",
        choices={key: name for key, name in VERDICT_NAMES.items() if key != Verdict.NO_RESPONSE},
        validators=[InputRequired("请选择一项。")],
    )
    note = TextAreaField("想说的话", validators=[shorter_than(LONGEST)])


class WithdrawForm(CodeForm):
    """It is settled, or was a mistake."""

    reason = ReasonField("原因", validators=[shorter_than(LONGEST)])


class SuperviseForm(CodeForm):
    """It takes too long."""

    note = TextAreaField("想说的话", validators=[shorter_than(LONGEST)])


class ReopenForm(CodeForm):
    """It is not settled after all."""

    reason = ReasonField(
        "为什么", validators=[DataRequired("请写一句为什么要重新办理。"), shorter_than(LONGEST)]
    )


CODE_FORMS: dict[str, type[CodeForm]] = {
    "verdict": VerdictForm,
    "withdraw": WithdrawForm,
    "supervise": SuperviseForm,
    "reopen": ReopenForm,
}
PHRASES = {
    "withdraw": ("已经解决了", "我弄错了", "不想再反映了"),
    "reopen": ("同样的问题又出现了", "没有真正解决", "有新的情况"),
}


class FeedbackForm(TrappedForm):
    """投诉建议."""

    text = TextAreaField("您的意见", validators=[DataRequired("请写下您的意见。"), shorter_than(LONGEST)])
    unit_id = SelectField("和哪里有关", coerce=int, default=WHOLE_DISTRICT)
    contact = StringField("联系方式", validators=[shorter_than(SHORT)])
    path = HiddenField()

    def inputs(self) -> dict[str, Any]:
        """What the service takes."""
        return {
            "text": self.text.data,
            "contact": self.contact.data or "",
            "unit_id": self.unit_id.data or None,
            "path": self.path.data or "",
        }


class AnswerForm(Form):
    """The reply to one."""

    answer = TextAreaField("答复", validators=[DataRequired("请写下答复。"), shorter_than(LONGEST)])
