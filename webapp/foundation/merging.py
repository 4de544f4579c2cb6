"""Bringing records in from elsewhere: what one row does to what is there."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """A row makes a record, changes one, or says what is known already."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True)
class Known:
    """What is kept of the other system's ids: those that the file names, with their records, and all records that have one."""

    refs: Mapping[str, int]
    bound: Set[int]


class Target:
    """The record that a row is about: one that is there (``id``), or one to be written, which has its id afterwards.

    ``bound``: it has an id of the system that the file comes from; another id there is then another record.
    """

    def __init__(self) -> None:
        self.id: int | None = None
        self.bound = False
