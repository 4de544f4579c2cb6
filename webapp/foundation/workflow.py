"""Transitions as data.

A room's ``workflow.py`` lists what can happen to its record; from that one table come the buttons on the page, the check
on the server, the words of the timeline, the test matrix and the diagram in the README.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from webapp.foundation.errors import Conflict

T = TypeVar("T", bound="Transition")


@dataclass(frozen=True)
class Transition:
    """A transition of a record.

    ``sources`` are the states in which it can happen (empty: it makes the record); ``target`` the state after it
    (empty: the state stays, or the service decides between ``targets``). ``by`` names who may: keys that the room's
    permissions give a meaning. ``sends`` names a signal.
    """

    action: str
    label: str
    sources: tuple[str, ...]
    target: str
    by: tuple[str, ...] = ()
    sends: str = ""
    stage: str = ""
    targets: tuple[str, ...] = ()


class Workflow(Generic[T]):
    """A room's table of transitions, looked up by action and by state."""

    def __init__(self, transitions: Iterable[T]) -> None:
        self.transitions = tuple(transitions)
        self._by_action = {t.action: t for t in self.transitions}
        if len(self._by_action) != len(self.transitions):
            raise ValueError("an action stands twice in the table")

    def __getitem__(self, action: str) -> T:
        return self._by_action[action]

    def __contains__(self, action: str) -> bool:
        return action in self._by_action

    def open_to(self, state: str) -> list[T]:
        """What can happen in ``state``, in the table's order."""
        return [t for t in self.transitions if state in t.sources]

    def check(self, action: str, state: str, state_label: str = "") -> T:
        """The transition, if it can happen in ``state``.

        Raises:
            Conflict: it can't; the message says which state the record is in.
        """
        transition = self._by_action[action]
        if state not in transition.sources:
            raise Conflict(
                f"现在是“{state_label or state}”，不能{transition.label}。可能有人刚处理过，请看最新进展。"
            )
        return transition
