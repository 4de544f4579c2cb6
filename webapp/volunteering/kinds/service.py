"""What one can do with the kinds of 三报到: add one, change it, take it out of use and back."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from webapp.directory.changes import changed_meanwhile
from webapp.directory.posts import Level
from webapp.foundation import clock, journal, order
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid
from webapp.volunteering.models import CheckInKind

LEVELS = (Level.COMMUNITY, Level.GRID)  # where one can report


@dataclass(frozen=True)
class KindInput:
    """What the form says of a kind; ``level`` is where one reports."""

    name: str
    level: str


def add_kind(actor: Actor, *, given: KindInput, after: int) -> CheckInKind:
    """Offer another kind of report, behind the kind ``after`` on the list.

    Raises:
        Invalid: the name is taken, also by a kind out of use; or there is no such level or place on the list.
    """
    with transaction() as session:
        kinds = order.held(CheckInKind)
        _check(kinds, given)
        kind = CheckInKind(**asdict(given), position=len(kinds))
        session.add(kind)
        session.flush()
        order.put(kinds, kind, after)
        journal.record(actor, "check_in_kind:add", "check_in_kind", kind.id, _told(kind))
        return kind


def change_kind(actor: Actor, kind_id: int, *, given: KindInput, after: int, seen: str) -> CheckInKind:
    """Say it otherwise, or put it elsewhere. Reports made before stay where they were made, under the new name.

    Raises:
        NotFound: there is no such kind. Conflict: changed by somebody else meanwhile, or out of use.
        Invalid: as in ``add_kind``.
    """
    with transaction():
        kinds = order.held(CheckInKind)
        kind = _unmoved(kinds, kind_id, seen)
        if kind.retired_on is not None:
            raise Conflict("这一类已经停用，要先恢复。")
        _check(kinds, given, kind)
        for name, value in asdict(given).items():
            setattr(kind, name, value)
        order.put(kinds, kind, after)
        journal.record(actor, "check_in_kind:change", "check_in_kind", kind.id, _told(kind))
        return kind


def retire_kind(actor: Actor, kind_id: int, *, seen: str) -> CheckInKind:
    """Take a kind out of use at once. Reports made stay.

    Raises:
        NotFound, Conflict: as in ``change_kind``; or it is the last one in use.
    """
    with transaction():
        kinds = order.held(CheckInKind)
        kind = _unmoved(kinds, kind_id, seen)
        if kind.retired_on is not None:
            raise Conflict("这一类已经停用。")
        if all(other.retired_on is not None for other in kinds if other is not kind):
            raise Conflict("至少要留一类。请先添加别的，再停用它。")
        kind.retired_on = clock.today()
        journal.record(actor, "check_in_kind:retire", "check_in_kind", kind.id, {})
        return kind


def restore_kind(actor: Actor, kind_id: int, *, seen: str) -> CheckInKind:
    """Bring a kind back into use: its name is taken, so no other can be added in its place.

    Raises:
        NotFound: there is no such kind. Conflict: changed by somebody else meanwhile, or in use.
    """
    with transaction():
        kind = _unmoved(order.held(CheckInKind), kind_id, seen)
        if kind.retired_on is None:
            raise Conflict("这一类正在用。")
        kind.retired_on = None
        journal.record(actor, "check_in_kind:restore", "check_in_kind", kind.id, {})
        return kind


def _unmoved(kinds: list[CheckInKind], kind_id: int, seen: str) -> CheckInKind:
    found = order.place_of(kinds, kind_id)
    if found.state != seen:
        raise changed_meanwhile("这一类", "check_in_kind", kind_id)
    return found.row


def _check(kinds: list[CheckInKind], given: KindInput, kind: CheckInKind | None = None) -> None:
    for other in kinds:
        if other is not kind and other.name == given.name:
            raise Invalid(
                "已停用的里面有这一类，可以恢复它。" if other.retired_on else "已经有这一类。", "name"
            )
    if given.level not in LEVELS:
        raise Invalid("请选择在哪里报到。", "level")


def _told(kind: CheckInKind) -> dict[str, object]:
    return {"level": kind.level, "position": kind.position}
