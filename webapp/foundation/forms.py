"""What every form of the product shares: Chinese messages, a submission id, and the way from a form to its answer."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ClassVar, Concatenate, TypeVar

import wtforms
from flask import Response, flash, g, request, session
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    DateTimeLocalField,
    Field,
    HiddenField,
    MultipleFileField,
    PasswordField,
    StringField,
    TelField,
    TextAreaField,
    TimeField,
    ValidationError,
)
from wtforms.i18n import get_translations
from wtforms.widgets import HiddenInput

from webapp.foundation import clock, incoming, outbox, photos, receipts
from webapp.foundation.errors import Conflict, Invalid
from webapp.foundation.htmx import go
from webapp.foundation.photos import MAX_PHOTOS, ReadyPhoto
from webapp.foundation.receipts import Done, Submission

T = TypeVar("T")
F = TypeVar("F", bound="Form")
# The phone's outbox describes in words what it sends, for people to read where it can't be placed.
CONTENT_IN_WORDS = "outbox_text"
TOO_LARGE = "这个数太大了，请核对。"
FAR_AWAY = f"年份要在{incoming.YEARS[0]}到{incoming.YEARS[-1]}之间，请核对。"
UNKNOWN_CHOICE = "请从列出的选项里选。"
CSRF = "csrf_token"
NOT_CONTENT = (CSRF, "submission_id", CONTENT_IN_WORDS)
# Sent along by the page after a lapsed login: the form is to be shown as it was filled in, not to be done yet.
RESUME = "resume"


def id_or_none(value: Any) -> int | None:
    """An option's value as an id, for ``coerce``; the empty option as None."""
    if value in (None, "", "None"):
        return None
    chosen = incoming.number(str(value))
    if chosen is None:
        raise ValueError
    return chosen


class NameField(StringField):
    """A person's name."""


class CodeField(StringField):
    """A code, a user name, a number that is not counted with."""


class IntegerField(wtforms.IntegerField):
    """A whole number of a size that the database can hold."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take it in, unless it is none."""
        super().process_formdata(valuelist)
        if self.data is not None and abs(self.data) > incoming.HIGHEST:
            self.data = None
            raise ValueError(TOO_LARGE)


class DateField(wtforms.DateField):
    """A day within the years that somebody may mean."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Take it in, unless it is none or far away."""
        super().process_formdata(valuelist)
        if self.data is not None and self.data.year not in incoming.YEARS:
            self.data = None
            raise ValueError(FAR_AWAY)


class _Words:
    """Our wording for common WTForms messages; its own Chinese translation for the rest."""

    ours: ClassVar[dict[str, str]] = {
        "Not a valid integer value.": "请填写整数。",
        "Not a valid date value.": "请填写正确的日期。",
        "Not a valid datetime value.": "请填写正确的日期和时间。",
        "Not a valid choice.": UNKNOWN_CHOICE,
        "Invalid Choice: could not coerce.": UNKNOWN_CHOICE,
        "'%(value)s' is not a valid choice for this field.": UNKNOWN_CHOICE,
    }

    def __init__(self) -> None:
        self._theirs = get_translations(["zh"])

    def gettext(self, text: str) -> str:
        return self.ours.get(text) or str(self._theirs.gettext(text))

    def ngettext(self, one: str, many: str, number: int) -> str:
        return self.ours.get(one) or str(self._theirs.ngettext(one, many, number))


_words = _Words()


class Form(FlaskForm):
    """Base of every form that changes something; carries the ``submission_id`` that makes it count once."""

    submission_id = HiddenField(default=lambda: str(uuid.uuid4()))
    stale = False  # whether it came back because somebody was quicker: its page then shows what holds now

    class Meta(FlaskForm.Meta):
        """WTForms' own messages in Chinese: Flask-WTF would take English ones, unless Flask-Babel is there."""

        def get_translations(self, form: Any) -> Any:
            """The words that fields ask for."""
            return _words

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What was sent, cleaned before any field or validator looks: a name of blanks is none. No form comes as JSON."""
            sent = None if request.is_json else super().wrap_formdata(form, formdata)
            if sent is None:
                return None
            fields = {field.name: field for field in form}
            return MultiDict(
                [(key, _cleaned(fields.get(key), value)) for key, value in sent.items(multi=True)]
            )

    def validate_submission_id(self, field: HiddenField) -> None:
        """A form without a usable id was not made by this app."""
        try:
            uuid.UUID(field.data or "")
        except ValueError:
            field.data = str(uuid.uuid4())
            raise ValidationError("这份表单不完整，请再提交一次。") from None

    def first_errors(self) -> dict[str, str]:
        """The first error of each field that has one; under "" what concerns the whole."""
        return {name or "": _first(errors) for name, errors in self.errors.items() if errors}

    def refusal(self) -> str:
        """All of these in one line, for where there is no form to put them beside."""
        said = []
        for name, error in self.first_errors().items():
            field = self._fields.get(name)
            shown = field is not None and getattr(field.widget, "input_type", "") != "hidden"
            said.append(f"{field.label.text}：{error}" if shown else error)
        return " ".join(said)

    def refuse(self, error: Invalid) -> None:
        """Put a service's refusal beside the field that it belongs to, or above the form."""
        field = self._fields.get(error.field)
        if field is not None:
            field.errors = [*field.errors, error.message]
        else:
            self.form_errors.append(error.message)

    def is_button(self) -> bool:
        """Whether a person sees nothing of it but its button: no place for a message beside a field."""
        return all(isinstance(field.widget, HiddenInput) for field in self)

    def decide_anew(self) -> None:
        """After a refusal that showed what holds by now: to send the form again is a new decision."""
        self.stale = True
        self.submission_id.data = str(uuid.uuid4())
        if "seen" in self:
            self["seen"].data = self["seen"].object_data

    def hold_photos(self) -> None:
        """Keep the photos that came with a form that has to come back."""
        for field in self:
            if isinstance(field, PhotosField):
                field.hold()


class ButtonForm(Form):
    """A form that is nothing but its button."""


class ReasonField(TextAreaField):
    """A reason, from ready phrases (chips) and free text under one name; both together where both are given."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Join what was chosen and what was written."""
        self.data = "；".join(dict.fromkeys(value.strip() for value in valuelist if value.strip()))


class PhotosField(MultipleFileField):
    """Up to three photos. Once the form is valid, ``ready`` holds them checked and made small.

    Where the form has to come back, ``hold`` keeps them on the server: a browser never fills in a file field again.
    """

    ready: list[ReadyPhoto]
    held: list[str]

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """Take in what was sent now, and the ids of the photos that an earlier answer held."""
        super().process(formdata, *args, **kwargs)
        named = formdata.get(self.held_name, "") if formdata else ""
        self.held = [photo_id for photo_id in named.split(",") if photo_id]
        self.ready = []

    @property
    def held_name(self) -> str:
        """The name under which the form sends the ids of held photos back."""
        return f"{self.name}_held"

    def pre_validate(self, form: Any) -> None:
        """Decode them before any transaction begins: it costs the processor's time."""
        sent = [file for file in self.data or [] if getattr(file, "filename", "")]
        try:
            kept = photos.held(self.held, _person_id())
            if len(sent) + len(kept) > MAX_PHOTOS:
                raise Invalid(f"最多上传 {MAX_PHOTOS} 张照片。")
            self.ready = kept + [photos.accept(file.stream) for file in sent]
        except Invalid as error:
            raise ValidationError(error.message) from None
        finally:
            for file in sent:
                file.stream.seek(0)  # the receipt digests it

    def hold(self) -> None:
        """Keep them for the form's next try."""
        if len(self.ready) > len(self.held):
            self.held = photos.hold(self.ready, _person_id())


class LocalDateTimeField(DateTimeLocalField):
    """A moment typed as Shanghai wall time; its ``data`` is aware."""

    data: datetime | None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the wall time as Asia/Shanghai."""
        super().process_formdata(valuelist)
        if self.data is not None and self.data.year not in incoming.YEARS:
            self.data = None
            raise ValueError(FAR_AWAY)
        if self.data is not None:
            self.data = self.data.replace(tzinfo=clock.SHANGHAI)

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        data: datetime | None = self.data
        return clock.local(data).strftime("%Y-%m-%dT%H:%M") if data else ""


def _cleaned(field: Field | None, value: Any) -> Any:
    """Text as a field of this kind takes it; files and passwords stay as they are."""
    if not isinstance(value, str) or isinstance(field, PasswordField):
        return value
    if isinstance(field, (TextAreaField, HiddenField)):
        return incoming.lines(value)
    if isinstance(field, NameField):
        return incoming.name(value)
    return incoming.code(value) if isinstance(field, IN_HALF_WIDTH) else incoming.line(value)


IN_HALF_WIDTH = (TelField, CodeField, IntegerField, DateField, LocalDateTimeField, TimeField)


def _first(errors: Any) -> str:
    while not isinstance(errors, str):
        errors = next(iter(errors.values() if isinstance(errors, dict) else errors), "")
    return errors


def _person_id() -> int | None:
    actor = g.get("actor")
    return actor.person_id if actor else None


def submission(form: Form) -> Submission:
    """The arrival that this request is: who sends which content to which address."""
    # A password must not be kept, not even as a quick hash.
    left_out = {*NOT_CONTENT, *(field.name for field in form if isinstance(field, PasswordField))}
    content: dict[str, object] = {
        key: sorted(values) for key, values in request.form.lists() if key not in left_out
    }
    for key, files in request.files.lists():
        content[f"file:{key}"] = [_file_digest(file) for file in files if file.filename]
    return Submission(
        id=uuid.UUID(form.submission_id.data),
        person_id=_person_id(),
        action=f"{request.endpoint}:{request.path}",
        digest=receipts.digest(content),
        origin=outbox.origin(),
    )


def _file_digest(file: Any) -> str:
    data = hashlib.file_digest(file.stream, "sha256").hexdigest()
    file.stream.seek(0)
    return data


class SeenForm(Form):
    """Remembers what its sender saw (a version or digest), so that nobody undoes another's change unawares.

    The service refuses a stale edit with a ``Conflict`` that tells who changed what.
    """

    seen = HiddenField()


def resumes(view: object) -> bool:
    """Whether the form of ``view`` can be shown again as it was sent."""
    return bool(getattr(view, "resumes", False))


def _onwards(done: Done, **_: Any) -> Response:
    return go(done.url, done.message)


def once(
    make: Callable[..., F],
    again: Callable[..., Response],
    then: Callable[..., Response] = _onwards,
    *,
    resume: bool = True,
) -> Callable[[Callable[Concatenate[F, ...], Done]], Callable[..., Response]]:
    """A view that changes something, at most once for a submission, in one transaction with its receipt.

    ``make`` builds the form from the address's arguments. A GET shows it by ``again``, which also shows the page when
    the input is wrong (422) or somebody was quicker (409): then with what was typed, the photos too, and the reason.
    A form that remembers what its sender saw has a field ``seen``, which ``make`` fills with what holds now.
    ``then`` answers a success, if not by going where the view says. ``resume``: where the login has lapsed, the page of
    login carries the form along and shows it again afterwards; not to be had for passwords.
    """

    def decorate(view: Callable[Concatenate[F, ...], Done]) -> Callable[..., Response]:
        @wraps(view)
        def run(**args: Any) -> Response:
            form = make(**args)
            if not form.is_submitted() or RESUME in request.form:
                return again(**args, form=form, status=200)
            status = 422
            try:
                if form.validate():
                    arrival = submission(form)
                    done = receipts.once(arrival, lambda: view(form, **args))
                    session.update(done.remember)
                    return outbox.receipt(arrival.id, done) if outbox.asks() else then(done, **args)
            except Invalid as error:
                form.refuse(error)
            except Conflict as error:
                if outbox.asks():
                    raise
                status = 409
                form.decide_anew()
                flash(error.message, "overdue")
            if outbox.asks():
                return outbox.refused(form.refusal(), form.first_errors())
            if status == 422 and form.is_button():
                flash(form.refusal(), "overdue")
            form.hold_photos()
            return again(**args, form=form, status=status)

        run.resumes = resume  # type: ignore[attr-defined]
        return run

    return decorate
