"""Queries about a person's own logins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from webapp.accounts.models import Account, LoginSession
from webapp.accounts.session import token_hash
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound

SHOWN = 50


@dataclass(frozen=True)
class Login:
    """A browser in which the actor is logged in; ``current`` marks the one making this request."""

    id: int
    device: str
    trusted: bool
    created_at: datetime
    expires_at: datetime
    current: bool


def logins(actor: Actor, token: str) -> Sequence[Login]:
    """The actor's browsers that are logged in, the newest first."""
    columns = (
        LoginSession.id,
        LoginSession.device,
        LoginSession.trusted,
        LoginSession.created_at,
        LoginSession.expires_at,
    )
    query = (
        sa.select(*columns, (LoginSession.token_hash == token_hash(token)).label("current"))
        .where(
            LoginSession.account_id == actor.account_id,
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > clock.now(),
        )
        .order_by(LoginSession.created_at.desc(), LoginSession.id.desc())
        .limit(SHOWN)
    )
    return [Login(**row) for row in db.session.execute(query).mappings()]


@dataclass(frozen=True)
class PersonLogin:
    """A person and their user name; empty if they have no login."""

    person_id: int
    name: str
    username: str


def person_login(person_id: int) -> PersonLogin:
    """A person's login, for those who keep the register.

    Raises:
        NotFound: no such person.
    """
    query = (
        sa.select(Person.id, Person.name, Account.username)
        .outerjoin(Account, Account.person_id == Person.id)
        .where(Person.id == person_id)
    )
    row = db.session.execute(query).first()
    if row is None:
        raise NotFound
    return PersonLogin(row.id, row.name, row.username or "")
