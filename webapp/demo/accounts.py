"""The demo's logins: one for every post, user name equal to the post."""

from __future__ import annotations

from webapp.accounts.models import Account
from webapp.accounts.service import hasher
from webapp.demo.history import History


def tell(history: History, password: str) -> int:
    """Write the accounts; returns how many. One hash for all: they share the password anyway."""
    password_hash = hasher().hash(password)
    for post, person_id in history.made.demo.items():
        history.loader.add(
            Account,
            person_id=person_id,
            username=post.value,
            password_hash=password_hash,
            must_change_password=False,
            is_demo=True,
        )
    history.loader.write()
    return len(history.made.demo)
