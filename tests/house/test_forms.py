"""Every form of the app: nonsense in any field is answered in Chinese."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest
import wtforms
from flask import Flask
from wtforms import Field, FieldList, FileField, FormField, SelectField

import webapp
from webapp.foundation.forms import Form

LATIN_WORD = re.compile(r"[A-Za-z]{4,}")
NONSENSE = ("", "@@", "9" * 400, "\x00")


def forms_below(form: type[Form]) -> Iterator[type[Form]]:
    for below in form.__subclasses__():
        yield below
        yield from forms_below(below)


def every_form() -> list[type[Form]]:
    for module in pkgutil.walk_packages(webapp.__path__, "webapp."):
        if module.name.endswith("forms"):
            importlib.import_module(module.name)
    return sorted(set(forms_below(Form)), key=lambda form: (form.__module__, form.__name__))


def said(field: Field) -> list[str]:
    """What stands beside the field, in lists of fields and forms within forms too."""
    if isinstance(field, FieldList | FormField):
        return [text for inner in field for text in said(inner)]
    return [str(text) for text in field.errors]


def test_every_number_and_date_has_bounds(lite_app: Flask) -> None:
    unbounded = {wtforms.IntegerField, wtforms.DateField, wtforms.DateTimeField, wtforms.DateTimeLocalField}
    with lite_app.test_request_context("/"):
        found = [f"{form.__name__}.{field.name}" for form in every_form() for field in form(formdata=None)
                 if type(field) in unbounded]  # fmt: skip
    assert not found, f"these take theirs from wtforms and not from foundation/forms.py: {found}"


@pytest.mark.parametrize("form", every_form(), ids=lambda form: form.__name__)
@pytest.mark.parametrize("nonsense", NONSENSE, ids=("empty", "signs", "long", "zero"))
def test_what_is_no_answer_is_refused_in_chinese(lite_app: Flask, form: type[Form], nonsense: str) -> None:
    with lite_app.test_request_context("/", method="POST"):
        names = [field.name for field in form(formdata=None) if not isinstance(field, FileField)]
    with lite_app.test_request_context("/", method="POST", data=dict.fromkeys(names, nonsense)):
        filled = form()
        for field in filled:  # the page gives these their choices
            if isinstance(field, SelectField) and field.choices is None:
                field.choices = []
        filled.validate()
        for field in filled:
            if field.name != "csrf_token":
                assert [text for text in said(field) if LATIN_WORD.search(text)] == [], field.name
