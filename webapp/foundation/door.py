"""The door of the app: how the arguments of an address are read, in its path and after the question mark."""

from __future__ import annotations

from typing import Any

import flask
from htmx_flask.requests import HtmxAwareRequest
from werkzeug.datastructures import CombinedMultiDict, MultiDict
from werkzeug.routing import IntegerConverter, Map, UnicodeConverter, ValidationError
from werkzeug.utils import cached_property

from webapp.foundation import incoming

LONGEST_CODE = 100  # characters of one argument of a path


class IdConverter(IntegerConverter):
    """``<int:…>``: an id that the database can hold. Any other address does not exist."""

    regex = "[0-9]{1,10}"

    def __init__(self, url_map: Map, **options: Any) -> None:
        super().__init__(url_map, **{"min": 1, "max": incoming.HIGHEST, **options})


class CodeConverter(UnicodeConverter):
    """``<…>``: a number or code of some length, with nothing hidden in it."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, maxlength=LONGEST_CODE)

    def to_python(self, value: str) -> str:
        if not incoming.seen_whole(value):
            raise ValidationError
        return value


class Request(HtmxAwareRequest):
    """A request whose ``args`` and ``values`` are clean. ``form`` is as it was sent: forms clean it field by field."""

    @cached_property
    def args(self) -> MultiDict[str, str]:
        return _clean(super().args)

    @cached_property
    def values(self) -> CombinedMultiDict[str, str]:
        return CombinedMultiDict([self.args, _clean(self.form)] if self.method == "POST" else [self.args])


def _clean(sent: MultiDict[str, str]) -> MultiDict[str, str]:
    return MultiDict([(key, incoming.line(value)) for key, value in sent.items(multi=True)])


def register(app: flask.Flask) -> None:
    """Read all addresses of ``app`` this way: after htmx-flask, which sets a class of its own, and before the first route."""
    app.request_class = Request
    app.url_map.converters.update(int=IdConverter, default=CodeConverter)
