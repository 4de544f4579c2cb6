"""Signals to the rooms above.

``unit_shown`` and ``person_shown`` ask what those rooms add to the page of a unit or a person: who has something to add
answers with a ``Section``. The others are sent inside the transaction of the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from blinker import Signal

unit_shown = Signal()  # actor=, unit=, form=: one of the page's forms that came back, or None
person_shown = Signal()  # actor=, person=
unit_created = Signal()  # unit=
unit_retiring = Signal()  # unit=: who has something in use there refuses with a Conflict


@dataclass(frozen=True)
class Section:
    """What a room adds to a page: its template, which finds ``data`` as ``section.data``; by ``place`` from the top."""

    place: int
    template: str
    data: object


def sections(answers: Iterable[tuple[object, Section | None]]) -> list[Section]:
    """What the rooms above have to add, in the order of the page."""
    return sorted((answer for _, answer in answers if answer), key=lambda section: section.place)
