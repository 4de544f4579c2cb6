"""From the cookie to the actor, with one query per request; logging in and out with Flask-Login."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from flask import Response, current_app, flash, g, request, session, url_for
from flask_login import AnonymousUserMixin, UserMixin, current_user, login_user, logout_user

from webapp.accounts import resume
from webapp.accounts.forms import LoginForm
from webapp.accounts.models import Account, LoginSession
from webapp.directory.holders import in_force
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import GRANTS, POST_NAMES, Post
from webapp.extensions import db, login_manager
from webapp.foundation import clock, outbox
from webapp.foundation.access import Actor, Holding, access_of
from webapp.foundation.db import UTCDateTime
from webapp.foundation.hot import HotQuery
from webapp.foundation.htmx import go, page, whole_page

NO_POST = "您目前没有在任的职务，暂时不能使用。如有疑问，请联系所在社区。"


def token_hash(token: str) -> str:
    """The hash under which the database stores a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


# Open to a person who must change the first password before anything else.
BEFORE_CHANGE = ("accounts.password", "accounts.logout", "accounts.elder")

# The token names one row of sessions; a phone keeps it when its address changes.
login_manager.session_protection = None


class SessionUser(UserMixin):
    """Flask-Login's ``current_user`` when logged in. Its id, kept in the signed cookie, is the session's token.

    ``actor`` is None while the person holds no appointment in force.
    """

    def __init__(self, token: str, person_id: int, actor: Actor | None) -> None:
        self.id = token
        self.person_id = person_id
        self.actor = actor


class Nobody(AnonymousUserMixin):
    """Flask-Login's ``current_user`` when nobody is logged in."""

    person_id: int | None = None
    actor: Actor | None = None


login_manager.anonymous_user = Nobody


@login_manager.user_loader
def load_user(token: str) -> SessionUser | None:
    """The login for ``token``, unless it has ended or expired."""
    now = clock.now()
    actor = load_actor(token, now)
    person_id = actor.person_id if actor else _standing_person(token, now)
    if person_id is None:
        g.lapsed_token = token  # for ``send_to_login``
        return None
    return SessionUser(token, person_id, actor)


def load_actor(token: str, now: datetime) -> Actor | None:
    """The person for ``token`` with their current appointments; None if the session or all appointments have ended."""
    rows = _ACTOR.all(token_hash=token_hash(token), now=now, today=clock.local(now).date())
    if not rows:
        return None
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


def _standing_person(token: str, now: datetime) -> int | None:
    query = sa.select(Account.person_id).join(LoginSession, Account.id == LoginSession.account_id)
    return db.session.scalar(query.where(*_STANDING), {"token_hash": token_hash(token), "now": now})


def under(actor: Actor, appointment_id: int | None) -> Actor:
    """The same person acting under this appointment, if it is current."""
    holding = next((h for h in actor.holdings if h.appointment_id == appointment_id), actor.holding)
    return replace(actor, holding=holding, permissions=frozenset(GRANTS[Post(holding.post)]))


_STANDING = (
    LoginSession.token_hash == sa.bindparam("token_hash"),
    LoginSession.ended_at.is_(None),
    LoginSession.expires_at > sa.bindparam("now", type_=UTCDateTime),
    Account.disabled_at.is_(None),
)


class _Appointed(NamedTuple):
    """The person behind a session, with one of their current appointments."""

    account_id: int
    elder: bool
    must_change_password: bool
    person_id: int
    person_name: str
    chosen: int | None
    appointment_id: int
    post: str
    unit_id: int
    unit_name: str
    level: str
    path: str


_ACTOR = HotQuery(
    _Appointed,
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
    .order_by(Appointment.starts_on, Appointment.id),
)


def start(token: str, *, trusted: bool) -> None:
    """Log this browser in with ``token`` and a new CSRF token, dropping everything its cookie held before.

    The cookie outlives the browser's window only on a phone that is the person's own.
    """
    session.clear()
    g.pop("csrf_token", None)  # Flask-WTF would give this request's page the token that was cleared
    login_user(load_user(token))
    session.permanent = trusted


def forget() -> None:
    """Log this browser out."""
    logout_user()
    session.clear()


def identify() -> None:
    """Find the actor of this request before anything else runs."""
    if request.endpoint == "static":
        return  # the same for everybody
    actor: Actor | None = current_user.actor
    # What waited in a phone's outbox counts under the post that it was written under.
    g.actor = under(actor, outbox.number("X-Outbox-Post")) if actor and outbox.asks() else actor


def current_person_id() -> int | None:
    """The person logged in on this browser, with or without a current appointment."""
    return current_user.person_id


def password_first() -> Response | None:
    """Make a person with an initial password change it first: somebody else knows it too."""
    actor: Actor | None = g.get("actor")
    if actor is None or not actor.must_change_password or request.endpoint in BEFORE_CHANGE:
        return None
    access = access_of(current_app, request.endpoint)
    if access is None or access.public:
        return None
    return outbox.refusal(401, outbox.LOG_IN) if outbox.asks() else go(url_for("accounts.password"))


@login_manager.unauthorized_handler
def send_to_login() -> Response:
    """Redirect to the login page, with the reason and the way back."""
    if outbox.asks():
        return outbox.refusal(401, outbox.LOG_IN)
    wanted = request.full_path.rstrip("?") if request.method == "GET" else "/"
    held = ""
    if current_user.is_authenticated:
        # The login stays: the phone may still hand over what it kept, under it and no other.
        flash(NO_POST, "due")
    elif "lapsed_token" in g:
        held = _held(g.lapsed_token)
        session.clear()
        flash("登录已过期，请重新登录。" + ("您填的内容还在。" if held else ""), "due")
    if held:
        answer = page("accounts/login.html", status=401, form=LoginForm(formdata=None, held=held))
        return whole_page(answer, url_for("accounts.login"))
    return go(url_for("accounts.login", next=None if wanted == "/" else wanted))


def _held(token: str) -> str:
    """The form that arrived with an expired login."""
    query = sa.select(Account.person_id).join(LoginSession, Account.id == LoginSession.account_id)
    person_id = db.session.scalar(query.where(LoginSession.token_hash == token_hash(token)))
    return resume.hold(person_id) if person_id is not None else ""
