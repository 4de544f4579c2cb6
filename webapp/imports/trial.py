"""The rows of a file, entered by the services: each in a savepoint, so that a wrong one leaves nothing behind.

Trying a file and bringing it in are the same work, except that a try undoes it. So the rules of the services stand in the
services alone, and what a try finds is what will happen.

A file may have 20,000 rows, and a row takes some milliseconds. One transaction for all of them would keep every other
writer waiting for a minute, so the work is done in turns of ``TURN`` seconds, with a pause after each for the others:

- A file is brought in turn by turn, each turn whole. If the work breaks off, what was brought in so far stays and its
  batch says how many rows are missing; the same file again goes on from there, because a row that was brought in
  changes nothing when it comes again.
- A try undoes each turn. A later row may rest on one of an undone turn (a building on its grid, a second post on its
  person); such rows are entered again, first, in the turn that needs them. ``Kind.marks`` tells which these are.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import dry_run, savepoint
from webapp.foundation.errors import DomainError, Invalid
from webapp.foundation.private import mask_phone, scrub
from webapp.foundation.sheet_reader import Cell, Row, Sheet, text_of
from webapp.imports.columns import check
from webapp.imports.kinds import REF, Effect, Field, Kind, Marks, Refs, Values
from webapp.imports.models import Batch, Upload

TURN = 0.15  # seconds
PAUSE = 0.02
MOST_ALIKE = 150  # rows with one mark: so many are a column that was taken for another


@dataclass(frozen=True)
class Wrong:
    """Why a row can't be brought in: which cell, what stands there (phones masked), and the reason."""

    row: int
    column: str
    value: str
    reason: str


@dataclass
class Trial:
    """What came of the rows."""

    counts: Counter[Effect] = field(default_factory=Counter)
    wrong: list[Wrong] = field(default_factory=list)

    @property
    def added(self) -> int:
        """Rows that make a record."""
        return self.counts[Effect.NEW]

    @property
    def changed(self) -> int:
        """Rows that change one."""
        return self.counts[Effect.CHANGED]

    @property
    def unchanged(self) -> int:
        """Rows that say what is known."""
        return self.counts[Effect.SAME]

    @property
    def right(self) -> int:
        """Rows that can be brought in."""
        return self.counts.total()

    @property
    def wrong_rows(self) -> set[int]:
        """The numbers of the others."""
        return {wrong.row for wrong in self.wrong}


@dataclass(frozen=True)
class Line:
    """A row whose cells can be read."""

    row: Row
    values: Values
    marks: Marks


class Reading:
    """A file's rows as values, in the order in which they are entered; ``wrong``: the cells that can't be read.

    Raises:
        Invalid: a field that every row needs has no column.
    """

    def __init__(self, kind: Kind, upload: Upload) -> None:
        self.kind, self.source = kind, upload.source
        self._upload = {
            name: getattr(upload, name) for name in ("person_id", "kind", "source", "file_name", "digest")
        }
        self._sheet = Sheet.load(upload.rows)
        self._columns: Mapping[str, int] = upload.mapping
        check(kind, self._columns)
        self.wrong: list[Wrong] = []
        alike: Counter[str] = Counter()
        lines = []
        for row in self._sheet.rows:
            values = self._values(row)
            if values is None:
                continue
            line = Line(row, values, kind.marks(values))
            alike.update(line.marks.own)
            if any(alike[mark] > MOST_ALIKE for mark in line.marks.own):
                told = f"前面已经有{MOST_ALIKE}行写着同样的内容，请核对列有没有对错。"
                self.wrong.append(Wrong(row.number, "", "", told))
            else:
                lines.append(line)
        self.lines = sorted(lines, key=lambda line: kind.tier(line.values))

    def new_batch(self) -> Batch:
        """The file's batch, before any of its rows was brought in."""
        batch = Batch(
            **self._upload, at=clock.now(), added=0, changed=0, unchanged=0, left_out=len(self._sheet.rows)
        )
        db.session.add(batch)
        db.session.flush()
        return batch

    def _values(self, row: Row) -> Values | None:
        """What the cells say; None if one of them can't be read."""
        values, before = Values(), len(self.wrong)
        for known in self.kind.all_fields:
            column = self._columns.get(known.name)
            if column is None:
                continue
            cell = row.cells[column]
            if cell == "":
                if known.required:
                    self.wrong.append(Wrong(row.number, self._sheet.header[column], "", "这一格不能空。"))
                continue
            try:
                values[known.name] = known.parse(cell)
            except ValueError as error:
                wrong = Wrong(row.number, self._sheet.header[column], shown(cell, known), str(error))
                self.wrong.append(wrong)
        return values if len(self.wrong) == before else None

    def about(self, error: DomainError, row: Row) -> Wrong:
        """The refusal of a row, at the cell that it is about."""
        known = self.kind.field(error.field) if isinstance(error, Invalid) else None
        column = self._columns.get(known.name) if known else None
        if column is None or known is None:
            return Wrong(row.number, known.label if known else "", "", error.message)
        return Wrong(row.number, self._sheet.header[column], shown(row.cells[column], known), error.message)


class Turn:
    """The rows of a file that are entered in one transaction. ``seen``: the records that rows before were about."""

    def __init__(self, actor: Actor, reading: Reading, batch: Batch, seen: set[int]) -> None:
        self._reading, self._batch_id = reading, batch.id
        self._refs = Refs(reading.source, reading.kind.key)
        self._book = reading.kind.open(actor, self._refs, seen)
        self._until: float | None = None

    def lines(self, waiting: deque[Line]) -> Iterator[Line]:
        """Take lines from ``waiting`` until the turn is over; at least one."""
        while waiting:
            yield waiting.popleft()
            if self._until is not None and time.monotonic() > self._until:
                return

    def enter(self, line: Line, trial: Trial) -> bool:
        """Enter a row and count it, or note in ``trial`` why it can't be entered.

        The time runs from the first one: by then, what it rests on has been entered.
        """
        self._until = self._until or time.monotonic() + TURN
        try:
            trial.counts[self.effect_of(line)] += 1
        except DomainError as error:
            trial.wrong.append(self._reading.about(error, line.row))
            return False
        return True

    def effect_of(self, line: Line) -> Effect:
        """Enter a row.

        Raises:
            DomainError: it can't be entered, and nothing of it was.
        """
        ref = line.values.text(REF)
        with savepoint():
            taken = self._book.take(line.values, ref)
            self._refs.keep(ref, taken.record_id, self._batch_id)
        return taken.effect


def try_out(actor: Actor, reading: Reading) -> Trial:
    """Enter the rows and undo it, turn by turn."""
    trial = Trial(wrong=list(reading.wrong))
    waiting, right = deque(_together(reading)), _Right()
    while waiting:
        with dry_run():
            turn, present = Turn(actor, reading, reading.new_batch(), set()), set[int]()
            for line in turn.lines(waiting):
                for earlier in right.below(line, present):
                    turn.effect_of(earlier)
                    present.add(earlier.row.number)
                if turn.enter(line, trial):
                    right.add(line)
                    present.add(line.row.number)
        time.sleep(PAUSE)
    trial.wrong.sort(key=attrgetter("row"))
    return trial


def _together(reading: Reading) -> list[Line]:
    """The rows, those beside each other that rest on each other or on the same ones: most then meet in one turn.

    Their order among themselves stays, and it alone matters.
    """
    above: list[int] = []  # for each row one it hangs together with, itself if it is the first of them
    having: dict[str, int] = {}

    def first(place: int) -> int:
        while above[place] != place:
            place = above[place] = above[above[place]]
        return place

    for place, line in enumerate(reading.lines):
        above.append(place)
        for mark in line.marks.own:
            one, other = sorted((first(having.setdefault(mark, place)), first(place)))
            above[other] = one
    tier, lines = reading.kind.tier, reading.lines
    order = sorted(
        range(len(lines)), key=lambda at: (tier(lines[at].values), lines[at].marks.group, first(at), at)
    )
    return [lines[at] for at in order]


class _Right:
    """The rows that could be entered so far, found by their marks."""

    def __init__(self) -> None:
        self._by_mark: dict[str, list[tuple[int, Line]]] = defaultdict(list)
        self._count = 0

    def add(self, line: Line) -> None:
        self._count += 1
        for mark in line.marks.own:
            self._by_mark[mark].append((self._count, line))

    def below(self, line: Line, present: set[int]) -> list[Line]:
        """The rows that ``line`` rests on, at whatever distance, in their order; without those in ``present``."""
        found: dict[int, Line] = {}
        waiting = [line]
        while waiting:
            marks = waiting.pop().marks
            for mark in marks.own | marks.needed:
                for place, earlier in self._by_mark.get(mark, ()):
                    if place not in found and earlier.row.number not in present:
                        found[place] = earlier
                        waiting.append(earlier)
        return [found[place] for place in sorted(found)]


def shown(cell: Cell, known: Field | None = None) -> str:
    """A cell for the screen: short, phones masked."""
    text = text_of(cell)
    text = mask_phone(text) if known and known.private else scrub(text)
    return text if len(text) <= 30 else f"{text[:29]}…"
