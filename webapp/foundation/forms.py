"""What every form of the product shares: Chinese messages, a submission id, and the way from a form to its answer."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from flask import g, request
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, HiddenField, PasswordField, TextAreaField, ValidationError

from webapp.foundation import clock, receipts
from webapp.foundation.errors import Invalid
from webapp.foundation.receipts import Done, Submission

T = TypeVar("T")
NOT_CONTENT = ("csrf_token", "submission_id")


class Form(FlaskForm):
    """Base of every form that changes something; carries the ``submission_id`` that makes it count once."""

    submission_id = HiddenField(default=lambda: str(uuid.uuid4()))

    class Meta(FlaskForm.Meta):
        """WTForms' own messages in Chinese."""

        locales = ("zh",)

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            """Trim text input: a stray blank is never meant."""
            filters = list(unbound_field.kwargs.get("filters", []))
            if unbound_field.field_class.__name__ in (
                "StringField",
                "TextAreaField",
                "TelField",
                "SearchField",
            ):
                options["filters"] = (_trim, *filters)
            return unbound_field.bind(form=form, **options)

    def validate_submission_id(self, field: HiddenField) -> None:
        """A form without a usable id was not made by this app."""
        try:
            uuid.UUID(field.data or "")
        except ValueError:
            field.data = str(uuid.uuid4())
            raise ValidationError("这份表单不完整，请再提交一次。") from None

    def refuse(self, error: Invalid) -> None:
        """Put a service's refusal beside the field that it belongs to, or above the form."""
        field = self._fields.get(error.field)
        if field is not None:
            field.errors = [*field.errors, error.message]
        else:
            self.form_errors.append(error.message)


class ReasonField(TextAreaField):
    """A reason, from ready phrases (chips) and free text under one name; both together where both are given."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Join what was chosen and what was written."""
        self.data = "；".join(dict.fromkeys(value.strip() for value in valuelist if value.strip()))


class LocalDateTimeField(DateTimeLocalField):
    """A moment typed as Shanghai wall time; its ``data`` is aware."""

    data: datetime | None

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the wall time as Asia/Shanghai."""
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = self.data.replace(tzinfo=clock.SHANGHAI)

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        data: datetime | None = self.data
        return clock.local(data).strftime("%Y-%m-%dT%H:%M") if data else ""


def _trim(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def submission(form: Form) -> Submission:
    """The arrival that this request is: who sends which content to which address."""
    # A password must not be kept, not even as a quick hash.
    left_out = {*NOT_CONTENT, *(field.name for field in form if isinstance(field, PasswordField))}
    content: dict[str, object] = {key: sorted(values) for key, values in request.form.lists() if key not in left_out}
    for key, files in request.files.lists():
        content[f"file:{key}"] = [_file_digest(file) for file in files if file.filename]
    actor = g.get("actor")
    return Submission(
        id=uuid.UUID(form.submission_id.data),
        person_id=actor.person_id if actor else None,
        action=f"{request.endpoint}:{request.path}",
        digest=receipts.digest(content),
    )


def _file_digest(file: Any) -> str:
    data = hashlib.file_digest(file.stream, "sha256").hexdigest()
    file.stream.seek(0)
    return data


def submit(form: Form, do: Callable[[], T], answer: Callable[[T], Done]) -> Done | None:
    """Do what the form asks for, once. None: the service found the input wrong, and the form says so now.

    Conflicts and refusals go on to the error handler.
    """
    try:
        return receipts.once(submission(form), do, answer)
    except Invalid as error:
        form.refuse(error)
        return None
