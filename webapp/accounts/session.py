"""From the cookie to the actor: one query a request."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, g, request, session, url_for
from flask_login import UserMixin

from webapp.accounts.models import Account, LoginSession
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import GRANTS, POST_NAMES, Post
from webapp.directory.queries import in_force
from webapp.extensions import db, login_manager
from webapp.foundation import clock, outbox
from webapp.foundation.access import Actor, Holding
from webapp.foundation.db import AnySelect, UTCDateTime
from webapp.foundation.htmx import go
from webapp.foundation.prepared import Prepared

NO_POST = "您目前没有在任的职务，暂时不能使用。如有疑问，请联系所在社区。"


@lru_cache(maxsize=4096)
def token_hash(token: str) -> str:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


# The token names one session among the rows; a phone that changes its address must not lose it.
login_manager.session_protection = None
login_manager._session_identifier_generator = lambda: ""  # a hash of address and browser that nobody looks at


class SessionUser(UserMixin):
    """What Flask-Login carries: the session's token and the actor that it stands for."""

    def __init__(self, token: str, actor: Actor) -> None:
        self.token = token
        self.actor = actor

    def get_id(self) -> str:
        """The value kept in the signed cookie."""
        return self.token


@login_manager.user_loader
def load_user(token: str) -> SessionUser | None:
    """The user of a session that is neither ended nor past its term and has an appointment in force today."""
    actor = load_actor(token, clock.now())
    return SessionUser(token, actor) if actor else None


def load_actor(token: str, now: datetime) -> Actor | None:
    """The person behind ``token`` with the appointments in force; None when any of it has ended."""
    rows = tuple(_ACTOR.rows(_values(token, now)))
    return _actor(rows) if rows else None


@lru_cache(maxsize=4096)
def _actor(rows: tuple[Any, ...]) -> Actor:
    """Made once for the same rows: most requests come from who was here a minute ago."""
    holdings = tuple(
        Holding(
            appointment_id=row.appointment_id,
            post=row.post,
            post_name=POST_NAMES[Post(row.post)],
            unit_id=row.unit_id,
            unit_name=row.unit_name,
            unit_level=row.level,
            unit_path=row.path,
        )
        for row in rows
    )
    chosen = next((h for h in holdings if h.appointment_id == rows[0].chosen), holdings[0])
    return Actor(
        person_id=rows[0].person_id,
        account_id=rows[0].account_id,
        name=rows[0].person_name,
        holding=chosen,
        permissions=frozenset(GRANTS[Post(chosen.post)]),
        holdings=holdings,
        elder=rows[0].elder,
        must_change_password=rows[0].must_change_password,
    )


def standing_person(token: str, now: datetime) -> int | None:
    """Whose login ``token`` is, if it still stands, with or without an appointment in force."""
    if not token:
        return None
    query = sa.select(Account.person_id).join(LoginSession, Account.id == LoginSession.account_id)
    return db.session.scalar(query.where(*_STANDING), _values(token, now))


def under(actor: Actor, appointment_id: int | None) -> Actor:
    """The same person acting under this appointment, if it is one of those in force."""
    holding = next((h for h in actor.holdings if h.appointment_id == appointment_id), actor.holding)
    return replace(actor, holding=holding, permissions=frozenset(GRANTS[Post(holding.post)]))


# The values of each request; the statements around them are built once, for they run before every page.
_STANDING = (
    LoginSession.token_hash == sa.bindparam("token_hash"),
    LoginSession.ended_at.is_(None),
    LoginSession.expires_at > sa.bindparam("now", type_=UTCDateTime),
    Account.disabled_at.is_(None),
)


def _values(token: str, now: datetime) -> dict[str, object]:
    return {"token_hash": token_hash(token), "now": now, "today": clock.local(now).date()}


def _query() -> AnySelect:
    return (
        sa.select(
            Account.id.label("account_id"),
            Account.elder,
            Account.must_change_password,
            Person.id.label("person_id"),
            Person.name.label("person_name"),
            LoginSession.appointment_id.label("chosen"),
            Appointment.id.label("appointment_id"),
            Appointment.post,
            Unit.id.label("unit_id"),
            Unit.short_name.label("unit_name"),
            Unit.level,
            Unit.path,
        )
        .join(Account, Account.id == LoginSession.account_id)
        .join(Person, Person.id == Account.person_id)
        .join(Appointment, Appointment.person_id == Person.id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(*_STANDING, in_force(sa.bindparam("today", type_=sa.Date)))
        .order_by(Appointment.starts_on, Appointment.id)
    )


_ACTOR = Prepared(_query())


def start(token: str, *, trusted: bool) -> None:
    """Give this browser the session behind ``token``, and a new CSRF token; nothing of what it carried before stays.

    The cookie outlives the browser's window only on a phone that is the person's own.
    """
    session.clear()
    session["_user_id"] = token
    session.permanent = trusted


def forget() -> None:
    """Take the session from this browser."""
    session.clear()


def current_token() -> str:
    """The token in this browser's cookie; empty where there is none."""
    return session.get("_user_id", "")


def find_actor() -> Actor | None:
    """The actor of this request; asks Flask-Login only when the cookie names a session."""
    if not current_token():
        return None
    user = login_manager._load_user() or g.get("_login_user")
    actor: Actor | None = getattr(user, "actor", None)
    # What waited in a phone's outbox counts under the post that it was written under.
    return under(actor, outbox.number("X-Outbox-Post")) if actor and outbox.asks() else actor


def send_to_login() -> Response:
    """A page that needs a login: say why, ask for it, and come back here afterwards."""
    if outbox.asks():
        return outbox.refusal(401, outbox.LOG_IN)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    if token := current_token():
        without_post = standing_person(token, clock.now()) is not None
        if not without_post:  # else the phone may still hand over what it kept, under this login and no other
            session.clear()
        flash(NO_POST if without_post else "登录已过期，请重新登录。", "due")
    return go(url_for("accounts.login", next=None if wanted == "/" else wanted))
