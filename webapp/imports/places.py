"""Units by the names that people give them in a file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.posts import LEVEL_NAMES, Level
from webapp.directory.scope import units_within
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import Invalid


class Place(NamedTuple):
    """A unit in use."""

    id: int
    code: str
    level: str
    name: str
    short_name: str
    path: str
    parent_id: int | None


class Places:
    """The units in use in the actor's scope, found by code or name; a name may stand behind that of the unit above."""

    def __init__(self, actor: Actor, levels: Sequence[Level] = tuple(Level)) -> None:
        columns = (Unit.id, Unit.code, Unit.level, Unit.name, Unit.short_name, Unit.path, Unit.parent_id)
        query = sa.select(*columns).where(
            units_within(actor), Unit.retired_on.is_(None), Unit.level.in_(levels)
        )
        self.by_id: dict[int, Place] = {}
        self._by_word: dict[str, list[Place]] = defaultdict(list)
        for row in db.session.execute(query.order_by(Unit.path)):
            self._enter(Place(*row))

    def add(self, unit: Unit) -> None:
        """Find a new unit, too."""
        self._enter(
            Place(unit.id, unit.code, unit.level, unit.name, unit.short_name, unit.path, unit.parent_id)
        )

    def _enter(self, place: Place) -> None:
        self.by_id[place.id] = place
        for word in {bare(word) for word in self._words(place)}:
            self._by_word[word].append(place)

    def _words(self, place: Place) -> Iterator[str]:
        above = self.by_id.get(place.parent_id or 0)
        yield place.code
        for name in (place.name, place.short_name):
            yield name
            if above:
                yield f"{above.name}{name}"
                yield f"{above.short_name}{name}"

    def called(self, text: str, levels: Sequence[Level] = ()) -> list[Place]:
        """All units that ``text`` may mean; those of ``levels``, if any is among them and several are called so."""
        found = self._by_word.get(bare(text), [])
        found = [place for place in found if not levels or place.level in levels] or found
        if len(found) > 1:  # 1-1 and 11 sound alike
            found = [place for place in found if text in self._words(place)] or found
        return found

    def find(self, text: str, levels: Sequence[Level] = ()) -> Place:
        """Find a unit by name, limited to ``levels`` if given.

        Raises:
            Invalid: there is none in scope, it is of another level, or several are called so.
        """
        found = self.called(text, levels)
        if not found:
            raise Invalid("在您的范围内没有找到这个单位，请填写全称、简称或代码。", "unit")
        if levels and found[0].level not in levels:
            wanted = "或".join(LEVEL_NAMES[level] for level in levels)
            raise Invalid(f"这里要填{wanted}，这是{LEVEL_NAMES[Level(found[0].level)]}。", "unit")
        if len(found) > 1:
            raise Invalid("有几个单位都叫这个名字，请在前面加上级名称，或改填代码。", "unit")
        return found[0]


def bare(text: str) -> str:
    """What somebody calls a unit, however they part the names in it."""
    return _PARTING.sub("", text).casefold()


_PARTING = re.compile(r"[\s/／\\\-—>·]+")
