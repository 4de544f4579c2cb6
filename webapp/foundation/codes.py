"""Codes that people read, type and say: secret ones with letters, and running numbers of digits only."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import db
from webapp.foundation.db import require_transaction

# Without 0 O 1 I L U: what looks or sounds alike. 30 characters, 4.9 bits each.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
TRACKING_LENGTH = 13  # 63.8 bits: nobody guesses one
PICKUP_LENGTH = 8  # 39 bits: shown to a clerk within 14 days
STATION_LENGTH = 6  # 29 bits: printed on a poster, no secret; short, for those who type it
GROUP = 4

Choose = Callable[[str], str]


class Counter(db.Model):
    """The last number given out under a name."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    value: Mapped[int]


def tracking_code() -> str:
    """A tracking code for residents without a login, such as ``K7QM-4FPX-9TRWH``."""
    return _code(TRACKING_LENGTH, secrets.choice)


def pickup_code() -> str:
    """With which a reward is collected, such as ``K7QM-4FPX``."""
    return _code(PICKUP_LENGTH, secrets.choice)


def station_code(choose: Choose = secrets.choice) -> str:
    """A station's code in the address of its QR code, such as ``K7QM4F``.

    ``choose`` picks one character of a string; only the demo district hands in a predictable one.
    """
    return _code(STATION_LENGTH, choose)


def normalise_code(text: str) -> str:
    """A code as it was given out, from what a person typed: lower case, spaces, no dashes, full-width letters."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return _grouped("".join(char for char in folded if char.isalnum()))


def _code(length: int, choose: Choose) -> str:
    return _grouped("".join(choose(ALPHABET) for _ in range(length)))


def _grouped(code: str) -> str:
    """In fours with dashes; a single character left over joins the last group, and short codes stay whole."""
    if len(code) <= STATION_LENGTH:
        return code
    groups = [code[start : start + GROUP] for start in range(0, len(code), GROUP)]
    if len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return "-".join(groups)


def next_number(name: str) -> int:
    """The next number under ``name``, from 1, without gaps: a change that is rolled back gives its number back.

    The counter stays locked until the caller's transaction ends, so it should be asked late.

    Raises:
        RuntimeError: called outside ``transaction()``.
    """
    require_transaction()
    number: int = db.session.execute(_NEXT, {"name": name}).scalar_one()
    return number


# SQLite and PostgreSQL share this statement: one step, so that two at once can't get the same number.
_NEXT = sa.text(
    "INSERT INTO counters (name, value) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value"
)


def monthly_number(name: str, day: date) -> str:
    """The next number of ``day``'s month, such as ``2611-0427``: year and month, then a running number.

    Digits only, to be read out on the phone. It has no check digit: who looks one up sees the matter's title at once,
    and one more digit to say would cost more than it saves.

    Raises:
        RuntimeError: called outside ``transaction()``.
    """
    month = f"{day:%y%m}"
    return f"{month}-{next_number(f'{name}:{month}'):04d}"
