"""Bringing units in: what is there already, what is new, and what was not known of it. Needs DIRECTORY_MANAGE.

The rules are those of ``service.create_unit``; all is read once and judged in memory, so that hundreds of grids with their
buildings cost few queries. What is there is never renamed or moved: a row only fills what was empty.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from webapp.directory.importing import bare
from webapp.directory.models import Branch, PropertyCompany, Unit
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Level
from webapp.directory.scope import units_within
from webapp.directory.service import check_can_manage
from webapp.directory.service.units import Numbers, check_length, unit_below, with_grid
from webapp.extensions import db
from webapp.foundation import journal
from webapp.foundation.access import Actor
from webapp.foundation.db import require_transaction, writing
from webapp.foundation.errors import Invalid
from webapp.foundation.merging import Effect, Known, Target

ABOVE = {level: above for above, levels in LEVELS_BELOW.items() for level in levels}
# From the top, so that a parent is there before what stands below it.
TOP_DOWN = (
    Level.STREET, Level.COMPANY, Level.DEPARTMENT, Level.COMMUNITY, Level.GRID, Level.BUILDING,
)  # fmt: skip
WITH_HOUSEHOLDS = (Level.GRID, Level.BUILDING)
NO_PARENT = "名录里和这张表里都没有这个上级，或者它那一行有问题。请填写全称、简称或代码。"


@dataclass(frozen=True)
class UnitEntry:
    """One row. ``parent`` as people write it; households, branch and coverage count where the level has them."""

    level: Level
    short_name: str
    name: str = ""
    parent: str = ""
    households: int | None = None
    branch: str = ""
    coverage: str = ""


class Node(Target):
    """A unit as the tree knows it (``unit``: it is there), or will once it is written."""

    def __init__(
        self, level: Level, name: str, short_name: str, above: Node | None, unit: Unit | None = None
    ) -> None:
        super().__init__()
        self.level, self.name, self.short_name, self.above = level, name, short_name, above
        self.unit = unit
        self.id = unit.id if unit else None
        self.households = unit.households if unit else None
        self.has_branch = False
        self.branch = ""  # to be written
        self.coverage = ""

    def words(self) -> Iterator[str]:
        """All that it is called: code, names, and each behind the name of what is above."""
        if self.unit:
            yield self.unit.code
        for name in (self.name, self.short_name):
            yield name
            if self.above:
                yield f"{self.above.name}{name}"
                yield f"{self.above.short_name}{name}"


class Tree:
    """All units in use in the actor's scope, to weigh rows against. ``known``: ids of the old system.

    Rows are to be weighed from the top (``TOP_DOWN``): a parent may stand anywhere in the file.
    """

    def __init__(self, actor: Actor, known: Known) -> None:
        check_can_manage(actor)
        self.actor = actor
        if writing():
            # Before the reading, and as a statement of its own, so that it sees what those wrote that it waited for. A unit
            # before what is above it, as ``change_unit`` does: two never wait for each other.
            mine = sa.select(Unit.id).where(units_within(actor)).order_by(Unit.id.desc())
            db.session.execute(mine.with_for_update(key_share=True)).all()
        self._by_word: dict[str, list[Node]] = defaultdict(list)
        self._below: dict[tuple[Node | None, str], Node] = {}
        self._touched: dict[int, Node] = {}
        self._fresh: list[Node] = []
        branches = set(db.session.scalars(sa.select(Branch.unit_id)))
        query = sa.select(Unit).where(units_within(actor), Unit.retired_on.is_(None)).order_by(Unit.path)
        by_id: dict[int, Node] = {}
        for unit in db.session.scalars(query):
            above = by_id.get(unit.parent_id or 0)
            node = by_id[unit.id] = Node(Level(unit.level), unit.name, unit.short_name, above, unit)
            node.has_branch = unit.id in branches
            node.bound = unit.id in known.bound
            self._enter(node)
        self._by_ref = {ref: by_id[unit_id] for ref, unit_id in known.refs.items() if unit_id in by_id}
        self._gone = known.refs.keys() - self._by_ref.keys()
        districts = [node for node in by_id.values() if node.level == Level.DISTRICT]
        self._district = districts[0] if len(districts) == 1 else None

    def _enter(self, node: Node) -> None:
        self._below.setdefault((node.above, _unspaced(node.short_name)), node)
        if LEVELS_BELOW[node.level]:
            for word in {bare(word) for word in node.words()}:
                self._by_word[word].append(node)

    def weigh(self, entry: UnitEntry, ref: str = "") -> tuple[Node, Effect]:
        """Which unit a row is about, and what it does; the next row is weighed as if this one was written.

        Raises:
            Invalid: something in it can't be, with the name of its field.
        """
        above = self._parent(entry)
        name, short_name = entry.name or entry.short_name, entry.short_name
        if entry.level == Level.BUILDING:
            name, short_name = with_grid(above.short_name, name), with_grid(above.short_name, short_name)
        check_length(short_name)
        node = self._below.get((above, _unspaced(short_name)))
        if ref:
            self._check_ref(node, ref)
        if node is None:
            node, effect = Node(entry.level, name, short_name, above), Effect.NEW
            self._enter(node)
            self._fresh.append(node)
        elif node.level != entry.level:
            raise Invalid(
                f"这里已经有一个叫“{node.short_name}”的{LEVEL_NAMES[node.level]}，请换一个简称。",
                "short_name",
            )
        else:
            effect = Effect.SAME
        if self._fill(node, entry) and effect == Effect.SAME:
            effect = Effect.CHANGED
        if ref:
            node.bound = True
            self._by_ref[ref] = node
        return node, effect

    def _parent(self, entry: UnitEntry) -> Node:
        wanted = ABOVE[entry.level]
        if not entry.parent:
            if wanted == Level.DISTRICT and self._district:
                return self._district
            raise Invalid(f"请写明在哪个{LEVEL_NAMES[wanted]}。", "parent")
        called = self._by_word.get(bare(entry.parent), [])
        found = [node for node in called if node.level == wanted]
        if len(found) > 1:  # 1-1 and 11 sound alike
            found = [node for node in found if entry.parent in node.words()] or found
        if len(found) > 1:
            beside = (
                f"写成“{LEVEL_NAMES[ABOVE[wanted]]}/{LEVEL_NAMES[wanted]}”，或" if wanted in ABOVE else ""
            )
            raise Invalid(f"有几个{LEVEL_NAMES[wanted]}都叫这个名字，请{beside}改填代码。", "parent")
        if found:
            return found[0]
        named = self._by_ref.get(entry.parent)  # by the id that it has in the same old system
        if named and named.level == wanted:
            return named
        if not called:
            raise Invalid(NO_PARENT, "parent")
        empty = "，可以空着" if wanted == Level.DISTRICT else ""
        right = f"{LEVEL_NAMES[entry.level]}的上级是{LEVEL_NAMES[wanted]}{empty}"
        raise Invalid(f"{right}；这里写的是{LEVEL_NAMES[called[0].level]}。", "parent")

    def _check_ref(self, node: Node | None, ref: str) -> None:
        """That an id of the old system and a unit belong together."""
        if ref in self._gone:
            raise Invalid("这个编号的单位已经停用，请核对，或不导入这一行。", "external_id")
        other = self._by_ref.get(ref)
        if other is not None and other is not node:
            raise Invalid(f"这个编号登记的是{other.short_name}，请核对编号、简称和上级。", "external_id")
        if other is None and node is not None and node.bound:
            raise Invalid(
                f"这里已经有一个叫“{node.short_name}”的单位，编号不同。请换一个简称，或核对编号。",
                "short_name",
            )

    def _fill(self, node: Node, entry: UnitEntry) -> bool:
        """Enter what was not known of the unit; says whether there was anything."""
        changed = False
        if node.level in WITH_HOUSEHOLDS and entry.households is not None and node.households is None:
            node.households, changed = entry.households, True
        if node.level == Level.GRID and entry.branch and not node.has_branch:
            node.branch, node.has_branch, changed = entry.branch, True, True
        if node.level == Level.COMPANY and node.unit is None and entry.coverage and not node.coverage:
            node.coverage, changed = entry.coverage, True
        if changed and node.unit is not None:
            self._touched[node.unit.id] = node
        return changed

    def write(self) -> None:
        """Write what the rows weighed so far came to; a journal entry for each unit. Inside the caller's transaction."""
        require_transaction()
        numbers = Numbers(db.session.scalars(sa.select(Unit.code).where(units_within(self.actor))))
        for level in TOP_DOWN:
            self._write_level([node for node in self._fresh if node.level == level], numbers)
        for node in self._touched.values():
            assert node.unit is not None
            node.unit.households = node.households
            journal.record(self.actor, "unit:change", "unit", node.unit.id)
        for node in (*self._fresh, *self._touched.values()):
            if node.branch:
                db.session.add(Branch(unit_id=node.id, name=node.branch))
                node.branch = ""
            if node.level == Level.COMPANY:
                db.session.add(PropertyCompany(unit_id=node.id, party_coverage=node.coverage or "none"))
        db.session.flush()
        self._fresh.clear()
        self._touched.clear()

    def _write_level(self, fresh: list[Node], numbers: Numbers) -> None:
        for node in fresh:
            assert node.above is not None
            assert node.above.unit is not None
            above = node.above.unit
            code = numbers.next(above.code, node.level)
            node.unit = unit_below(above, node.level, code, node.name, node.short_name)
            node.unit.households = node.households
            db.session.add(node.unit)
        db.session.flush()
        for node in fresh:
            assert node.unit is not None
            node.id = node.unit.id
            detail = {"level": node.level, "parent": node.unit.parent_id}
            journal.record(self.actor, "unit:create", "unit", node.id, detail)


def _unspaced(name: str) -> str:
    return re.sub(r"\s+", "", name)
