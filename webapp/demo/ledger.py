"""The ledger of points in memory: what was earned, from which lot it was spent. Written at the end, in the order of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from webapp.demo.history import Doer, History
from webapp.foundation import clock
from webapp.points.models import EntryKind, EntryState, PointAccount, PointEntry, PointSpend

NOWHERE: Mapping[str, int | None] = dict.fromkeys(("street_id", "community_id", "grid_id", "building_id"))


@dataclass(eq=False)
class Entry:
    """One change of a person's points; ``left`` is what a lot still holds, ``taken`` from which lots it took how much."""

    person_id: int
    kind: EntryKind
    amount: int
    title: str
    source: tuple[str, object]
    at: datetime
    on: date
    state: EntryState = EntryState.EFFECTIVE
    rule: tuple[int | None, str] = (None, "")  # id, code
    place: Mapping[str, int | None] = field(default_factory=lambda: NOWHERE)
    created_by_id: int | None = None
    reason: str = ""
    expires_on: date | None = None
    reviewed_by_id: int | None = None
    reviewed_at: datetime | None = None
    answer: str = ""
    reverses: Entry | None = None
    taken: list[tuple[Entry, int]] = field(default_factory=list)
    left: int = 0
    id: int = 0


class Ledger:
    """All entries so far."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._entries: list[Entry] = []
        self._lots: dict[int, list[Entry]] = defaultdict(list)

    def earn(self, entry: Entry) -> Entry:
        """Note an earning; one that counts is a lot."""
        self._entries.append(entry)
        if entry.state == EntryState.EFFECTIVE:
            entry.left = entry.amount
            self._lots[entry.person_id].append(entry)
        return entry

    def balance(self, person_id: int, at: datetime) -> int:
        """What the person can spend at that moment."""
        return sum(lot.left for lot in self._open(person_id, at))

    def spend(
        self, person_id: int, amount: int, title: str, source: tuple[str, object], at: datetime
    ) -> Entry:
        """Take points from the lots that expire first, the older first among equals."""
        entry = Entry(
            person_id,
            EntryKind.REDEEM,
            -amount,
            title,
            source,
            at,
            clock.local(at).date(),
            created_by_id=person_id,
        )
        for lot in self._open(person_id, at):
            part = min(lot.left, amount)
            if part:
                lot.left -= part
                entry.taken.append((lot, part))
                amount -= part
        if amount:
            raise ValueError(f"{amount} points are missing")
        self._entries.append(entry)
        return entry

    def refund(self, paid: Entry, at: datetime, reason: str, by: int | None) -> None:
        """Give back to each lot what was taken from it."""
        entry = Entry(
            paid.person_id, EntryKind.REFUND, -paid.amount, paid.title, paid.source, at, clock.local(at).date(),
            created_by_id=by, reason=reason, reverses=paid,
        )  # fmt: skip
        for lot, part in paid.taken:
            lot.left += part
            entry.taken.append((lot, -part))
        self._entries.append(entry)

    def _open(self, person_id: int, at: datetime) -> list[Entry]:
        day = clock.local(at).date()
        lots = [
            lot
            for lot in self._lots[person_id]
            if lot.left
            and (lot.reviewed_at or lot.at) <= at
            and (lot.expires_on is None or lot.expires_on >= day)
        ]
        return sorted(lots, key=lambda lot: (lot.expires_on is None, lot.expires_on or day, lot.at))

    def write(self) -> int:
        """Hand everything to the loader, with the journal; returns how many entries."""
        self._entries.sort(key=lambda entry: entry.at)
        loader = self._history.loader
        opened: dict[int, datetime] = {}
        for entry in self._entries:
            entry.id = loader.reserve(PointEntry)
            opened.setdefault(entry.person_id, entry.at)
        for person_id, at in opened.items():
            loader.add(PointAccount, person_id=person_id, opened_at=at)
        for entry in self._entries:
            self._write(entry)
        return len(self._entries)

    def _write(self, entry: Entry) -> None:
        loader = self._history.loader
        loader.add(
            PointEntry,
            id=entry.id,
            person_id=entry.person_id,
            kind=entry.kind,
            amount=entry.amount,
            title=entry.title,
            rule_id=entry.rule[0],
            rule_code=entry.rule[1],
            source_type=entry.source[0],
            source_id=str(entry.source[1]),
            earned_on=entry.on,
            state=entry.state,
            created_by_id=entry.created_by_id,
            reason=entry.reason,
            at=entry.at,
            expires_on=entry.expires_on,
            reverses_id=entry.reverses.id if entry.reverses else None,
            reviewed_by_id=entry.reviewed_by_id,
            reviewed_at=entry.reviewed_at,
            answer=entry.answer,
            **entry.place,
        )
        for lot, part in entry.taken:
            loader.add(PointSpend, entry_id=entry.id, lot_id=lot.id, amount=part)


def note(history: History, entry: Entry, by: Doer | None) -> None:
    """The journal's line about an earning, once the entry has its number."""
    detail = {"rule": entry.rule[0], "amount": entry.amount}
    first = EntryState.PROPOSED if entry.reviewed_at else entry.state
    history.book.note(entry.at, by, f"points:{first}", ("point_entry", entry.id), detail)
