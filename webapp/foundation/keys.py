"""Which keys a database needs: a fingerprint of each is kept in it, so that the app never starts with others.

With other keys names and phones can't be read, nobody is found by phone, and what is written meanwhile can only be read
with keys that nobody knows to be needed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import db
from webapp.foundation.db import transaction

DATA, HASH = "data", "hash"


class OtherKeys(RuntimeError):
    """The keys in the settings are not those of the database; the app does not start with them."""


class KeyCheck(db.Model):
    """The fingerprint of a key with which data of this database was encrypted or hashed."""

    __tablename__ = "key_checks"
    __table_args__ = (sa.CheckConstraint(f"purpose IN ('{DATA}', '{HASH}')", name="purpose"),)

    fingerprint: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    purpose: Mapped[str]


def check(data_keys: Sequence[str], hash_key: str) -> None:
    """Compare the keys with those of the database, and remember new ones. Does nothing before the tables are made.

    Raises:
        OtherKeys: one that the database needs is missing.
    """
    if not sa.inspect(db.engine).has_table(KeyCheck.__tablename__):
        return
    given = {_fingerprint(key): DATA for key in data_keys} | {_fingerprint(hash_key): HASH}
    if _unknown(given):
        try:
            with transaction() as session:
                session.add_all(
                    KeyCheck(fingerprint=fingerprint, purpose=given[fingerprint])
                    for fingerprint in _unknown(given)
                )
        except IntegrityError:  # another process that starts at the same time was first
            _unknown(given)


def _unknown(given: dict[str, str]) -> set[str]:
    """The keys that the database has not seen yet."""
    needed = {row.fingerprint: row.purpose for row in db.session.scalars(sa.select(KeyCheck))}
    missing = {purpose for fingerprint, purpose in needed.items() if fingerprint not in given}
    if missing:
        names = " and ".join(
            name for purpose, name in ((DATA, "DATA_KEYS"), (HASH, "HASH_KEY")) if purpose in missing
        )
        raise OtherKeys(
            f"{names}: not the keys of this database, whose names and phones can't be read or found without them. "
            "Put back its own secrets.json, or the settings, from the backup. Nothing was changed."
        )
    return set(given) - set(needed)


def _fingerprint(key: str) -> str:
    """Tells nothing of the key, which is long and random."""
    return hmac.new(key.encode(), b"mobile-desk key check", hashlib.sha256).hexdigest()
