"""Forms of cases, one for each action; fields have the names of the service's arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from webapp.cases.states import (
    CHANNEL_NAMES,
    CONFIDENTIALITY_NAMES,
    LIMITS,
    REASON_NAMES,
    RESULT_NAMES,
    SOURCE_NAMES,
    VERDICT_NAMES,
    Channel,
    Confidentiality,
    ReasonKind,
    Source,
    Verdict,
)
from webapp.cases.workflow import CASE_FLOW
from webapp.foundation import incoming, private
from webapp.foundation.forms import (
    DateField,
    Form,
    IntegerField,
    NameField,
    PhotosField,
    ReasonField,
    SeenForm,
)

LONGEST = 2000
SHORT = 120
NOBODY = 0  # a choice of unit that was not made


def shorter_than(limit: int) -> Length:
    """A length limit with a Chinese message."""
    return Length(max=limit, message=f"最多写{limit}个字。")


def check_phone(_: Form, field: TelField) -> None:
    """Check that a phone number, if given, is valid."""
    if field.data and not private.valid_phone(field.data):
        raise ValidationError("电话号码不对，请检查。座机请加区号。")


def given(form: Form) -> dict[str, Any]:
    """The submitted values by field name, without hidden fields; a missing text is empty."""
    return {
        field.name: field.data or "" if isinstance(field, StringField) else field.data
        for field in form
        if not isinstance(field, HiddenField)
    }


class RegisterForm(Form):
    """A new case: three required answers, everything else folded away."""

    category = RadioField("什么事", validators=[InputRequired("请选一类，拿不准就选“其他”。")])
    unit_id = SelectField("在哪里", coerce=int, validators=[InputRequired("请选择地点。")])
    what = TextAreaField(
        "事情经过", validators=[DataRequired("请写一句话，说明是什么事。"), shorter_than(LONGEST)]
    )
    place_text = StringField("具体位置", validators=[shorter_than(SHORT)])
    photos = PhotosField("照片")
    urgent = BooleanField("紧急")
    key_small_matter = BooleanField("关键小事")
    source = SelectField("怎么来的", choices=dict(SOURCE_NAMES), default=Source.VISIT)
    confidentiality = RadioField("保密", choices=dict(CONFIDENTIALITY_NAMES), default=Confidentiality.NORMAL)
    against_unit_id = SelectField("举报的单位", coerce=int, default=NOBODY)
    reporter_name = NameField("姓名", validators=[shorter_than(40)])
    reporter_phone = TelField("电话", validators=[check_phone])
    reporter_door = StringField("门牌", validators=[shorter_than(SHORT)])

    def inputs(self) -> dict[str, Any]:
        """The arguments for ``register``."""
        return {
            **given(self),
            "against_unit_id": self.against_unit_id.data or None,
            "photos": self.photos.ready,
        }


class ActionForm(SeenForm):
    """The base of all action forms; ``seen`` is the version of the case that was on the screen."""

    @property
    def seen_version(self) -> int | None:
        """That version; None if the page did not send one."""
        return incoming.number(self.seen.data, least=0)

    def inputs(self) -> dict[str, Any]:
        """The arguments for the service's verb, by name."""
        return given(self)


class PlainForm(ActionForm):
    """An action that needs no input."""


class NoteForm(ActionForm):
    """An action with an optional note."""

    note = TextAreaField("说明", validators=[shorter_than(LONGEST)])


class NeededNoteForm(ActionForm):
    """An action with a required note on what to improve."""

    note = ReasonField(
        "哪里没有办好", validators=[DataRequired("请写明哪里没有办好。"), shorter_than(LONGEST)]
    )


class ReasonForm(ActionForm):
    """Why."""

    reason = ReasonField(
        "原因", validators=[DataRequired("请选一条原因，或自己写一句。"), shorter_than(LONGEST)]
    )


class MayReasonForm(ActionForm):
    """An optional reason."""

    reason = ReasonField("原因", validators=[shorter_than(LONGEST)])


class SettleForm(ActionForm):
    """What was done on the spot."""

    result_text = ReasonField(
        "做了什么", validators=[DataRequired("请写一句办了什么。"), shorter_than(LONGEST)]
    )
    result_kind = RadioField("结果", choices=dict(RESULT_NAMES), default="resolved")


class ResultForm(SettleForm):
    """What the handler did, with photos where they help."""

    photos = PhotosField("照片")

    def inputs(self) -> dict[str, Any]:
        return {**super().inputs(), "photos": self.photos.ready}


class ConveneForm(ActionForm):
    """Who is called together."""

    USUAL = ("物业企业", "业委会（物管会）", "网格党支部", "居民代表", "楼栋长", "社区民警")
    usual = SelectMultipleField("请谁来", choices=list(USUAL))
    others = StringField("还有谁", validators=[shorter_than(SHORT)], description="多个用顿号隔开")
    note = TextAreaField("时间、地点和议题", validators=[shorter_than(LONGEST)])

    def validate_others(self, field: StringField) -> None:
        """Require at least one party in either field."""
        if not self.usual.data and not field.data:
            raise ValidationError("请选一方，或写明请谁来。")

    def inputs(self) -> dict[str, Any]:
        words = (self.others.data or "").replace("，", "、").replace(",", "、").split("、")
        named = [word.strip() for word in words if word.strip()]
        return {
            "parties": list(dict.fromkeys([*(self.usual.data or []), *named])),
            "note": self.note.data or "",
        }


class AssignForm(ActionForm):
    """The handler, and a deadline if earlier than the rule's."""

    handler_unit_id = SelectField("交给谁办", coerce=int, validators=[InputRequired("请选择承办单位。")])
    due_on = DateField("要求办结日期", validators=[Optional()], description="不填按规定时限；只能更早")
    note = TextAreaField("交办要求", validators=[shorter_than(LONGEST)])

    def validate_handler_unit_id(self, field: SelectField) -> None:
        """A handler must be chosen."""
        if field.data == NOBODY:
            raise ValidationError("请选择承办单位。")


class SuspendForm(ReasonForm):
    """Until when the case is suspended."""

    until = DateField(
        "复查日期", validators=[InputRequired("请选择复查日期。")], description=f"最长{LIMITS.suspend_days}天"
    )


class TryForm(NoteForm):
    """How the caller tried to reach the reporter."""

    channel = RadioField(
        "怎么联系的",
        choices={key: name for key, name in CHANNEL_NAMES.items() if key != Channel.CODE},
        default=Channel.PHONE,
        validators=[InputRequired("请选择联系方式。")],
    )


class VerdictForm(TryForm):
    """What the reporter said."""

    verdict = RadioField(
        "诉求人怎么评价", choices=dict(VERDICT_NAMES), validators=[InputRequired("请选择评价。")]
    )
    note = TextAreaField("原话", validators=[shorter_than(LONGEST)])


class RedirectForm(ReasonForm):
    """Where to turn instead."""

    channel_text = StringField(
        "到哪里办",
        validators=[DataRequired("请写明诉求人该到哪里办。"), shorter_than(SHORT)],
        description="单位、地址或电话，会告诉诉求人",
    )


class MergeForm(ActionForm):
    """Which case it joins."""

    into = SelectField(
        "并入哪一件",
        validators=[InputRequired("请选择要并入的事项。")],
        description="诉求人各自保留查询码和评议",
    )


class ExtendForm(ReasonForm):
    """The number of additional working days."""

    workdays = IntegerField(
        "延长几个工作日",
        default=5,
        validators=[InputRequired("请填写天数。"), NumberRange(1, message="至少延长1个工作日。")],
    )


class EscalateForm(ReasonForm):
    """The reason for escalating, and up to which level."""

    reason_kind = RadioField(
        "为什么上报",
        choices={key: name for key, name in REASON_NAMES.items() if key != ReasonKind.OVERDUE},
        validators=[InputRequired("请选择上报的理由。")],
    )
    reason = ReasonField("具体情况", validators=[DataRequired("请写一句具体情况。"), shorter_than(LONGEST)])
    to_level = SelectField("报给哪一级", validate_choice=False, description="紧急或需要回避时才可以越级")

    def inputs(self) -> dict[str, Any]:
        return {**super().inputs(), "to_level": self.to_level.data or None}


def _below(form: type[ActionForm]) -> Iterator[type[ActionForm]]:
    for below in form.__subclasses__():
        yield below
        yield from _below(below)


_BY_NAME = {form.__name__: form for form in _below(ActionForm)}
FORMS = {t.action: _BY_NAME[t.form] for t in CASE_FLOW.transitions if t.form}
# Those that are one button on the page.
PLAIN = frozenset(action for action, form in FORMS.items() if form is PlainForm)


def set_choices(field: Any, rows: Iterable[Any], blank: str = "") -> None:
    """Fill a select field with units (id and name), with ``blank`` as the first, empty choice."""
    field.choices = {**({NOBODY: blank} if blank else {}), **{row.id: row.name for row in rows}}


def without_no_response(form: VerdictForm) -> None:
    """Offer 未联系上 only after the required number of attempts."""
    form.verdict.choices = {key: name for key, name in VERDICT_NAMES.items() if key != Verdict.NO_RESPONSE}
