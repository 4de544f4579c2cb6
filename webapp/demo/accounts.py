"""The demo's logins: one for every post, user name equal to the post."""

from __future__ import annotations

from webapp.accounts.models import Account
from webapp.accounts.service import hasher
from webapp.demo.loader import Loader
from webapp.demo.places import District


def tell(made: District, password: str) -> int:
    """Write the accounts; returns how many. One hash for all: they share the password anyway."""
    loader, password_hash = Loader(), hasher().hash(password)
    for post, person_id in made.demo.items():
        loader.add(
            Account,
            person_id=person_id,
            username=post.value,
            password_hash=password_hash,
            must_change_password=False,
            is_demo=True,
        )
    loader.write()
    return len(made.demo)
