"""What one can do with a login."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from webapp.accounts.models import Account, LoginSession
from webapp.accounts.session import token_hash
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock, journal, limits, private
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Invalid, NotFound

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TRUSTED = timedelta(days=60)  # F-15: at least 30 days on a trusted phone
SHARED = timedelta(hours=12)
MIN_PASSWORD = 10
WRONG = "用户名、手机号或密码不对。"  # one answer, so that nobody can find out who has an account
COMMON = ("123456", "password", "qwerty", "111111", "000000", "abcdef", "liudong")


@cache
def hasher() -> PasswordHasher:
    """Argon2id at the size that OWASP names as its least (19 MiB, t=2, p=1): cheap enough for a morning's rush."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    return hasher().hash(secrets.token_urlsafe())


def log_in(login: str, password: str, *, trusted: bool, device: str, address: str) -> str:
    """Check name and password; open a session and return its token for the cookie.

    Raises:
        Invalid: name and password do not belong together.
        TooMany: too many tries for this name or from this address.
    """
    from argon2.exceptions import VerificationError

    limits.hit(f"login:address:{private.keyed_hash(address)}", limit=60, per_minutes=10)
    limits.hit(f"login:name:{private.keyed_hash(login.strip().lower())}", limit=10, per_minutes=10)
    account = _account_of(login.strip())
    try:
        # Somebody unknown costs as much time as somebody known.
        hasher().verify(account.password_hash if account else _nobody(), password)
    except VerificationError:
        account = None
    if account is None or account.disabled_at:
        raise Invalid(WRONG, "password")
    return open_session(account.id, trusted=trusted, device=device)


def open_session(account_id: int, *, trusted: bool, device: str) -> str:
    """A new login of this account; returns the token for the cookie."""
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        now = clock.now()
        row = LoginSession(
            account_id=account_id, token_hash=token_hash(token), device=device[:120], trusted=trusted,
            created_at=now, expires_at=now + (TRUSTED if trusted else SHARED),
        )
        session.add(row)
        session.flush()
        journal.record(None, "account:log_in", "account", account_id, {"session": row.id})
    return token


def _account_of(login: str) -> Account | None:
    phone = private.normalise_phone(login)
    match = Account.username == login
    if phone:
        match = sa.or_(match, Person.phone_hash == private.keyed_hash(phone))
    return db.session.scalars(sa.select(Account).join(Person, Person.id == Account.person_id).where(match)).first()


def log_out(token: str) -> None:
    """End the session behind ``token``, if it has not ended."""
    with transaction() as session:
        row = session.scalars(sa.select(LoginSession).where(LoginSession.token_hash == token_hash(token))).first()
        if row and row.ended_at is None:
            row.ended_at = clock.now()
            journal.record(None, "account:log_out", "account", row.account_id, {"session": row.id})


def end_session(actor: Actor, session_id: int) -> LoginSession:
    """Log out another of the actor's own browsers.

    Raises:
        NotFound: it is not the actor's.
    """
    with transaction() as session:
        row = session.get(LoginSession, session_id)
        if row is None or row.account_id != actor.account_id:
            raise NotFound
        row.ended_at = row.ended_at or clock.now()
        journal.record(actor, "account:end_session", "account", actor.account_id, {"session": row.id})
        return row


def choose_post(actor: Actor, token: str, appointment_id: int) -> None:
    """Act under another of one's appointments in force from the next request on.

    Raises:
        NotFound: it is not the actor's, or not in force.
    """
    if appointment_id not in {h.appointment_id for h in actor.holdings}:
        raise NotFound
    with transaction() as session:
        row = session.scalars(sa.select(LoginSession).where(LoginSession.token_hash == token_hash(token))).one()
        row.appointment_id = appointment_id
        journal.record(actor, "account:choose_post", "appointment", appointment_id)


def set_elder(actor: Actor, elder: bool) -> None:
    """Turn 长辈版 on or off for this person."""
    with transaction() as session:
        session.get_one(Account, actor.account_id).elder = elder
        journal.record(actor, "account:set_elder", "account", actor.account_id, {"elder": elder})


def change_password(actor: Actor, token: str, old: str, new: str) -> None:
    """Set a new password and log out every other browser.

    Raises:
        Invalid: the old one is wrong, or the new one is weak or the same.
    """
    from argon2.exceptions import VerificationError

    limits.hit(f"password:{actor.account_id}", limit=10, per_minutes=10)
    with transaction() as session:
        account = session.get_one(Account, actor.account_id)
        try:
            hasher().verify(account.password_hash, old)
        except VerificationError:
            raise Invalid("现在的密码不对。", "old") from None
        if new == old:
            raise Invalid("新密码要和现在的不同。", "new")
        check_password(new, account.username)
        account.password_hash = hasher().hash(new)
        account.must_change_password = False
        others = sa.update(LoginSession).where(
            LoginSession.account_id == account.id,
            LoginSession.token_hash != token_hash(token),
            LoginSession.ended_at.is_(None),
        )
        session.execute(others.values(ended_at=clock.now()))
        journal.record(actor, "account:change_password", "account", account.id)


def check_password(password: str, username: str) -> None:
    """Refuse a password that can be guessed.

    Raises:
        Invalid: too short, too plain, or holds the user name.
    """
    low = password.lower()
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"密码至少 {MIN_PASSWORD} 个字符，可以用一句话。", "new")
    if len(set(password)) < 5 or any(word in low for word in COMMON) or username.lower() in low:
        raise Invalid("这个密码太容易被猜到，请换一个。", "new")


def create_account(person_id: int, username: str, password: str, *, is_demo: bool = False, initial: bool = True) -> Account:
    """Give a person a login; an ``initial`` password must be changed at the first use."""
    with transaction() as session:
        account = Account(
            person_id=person_id, username=username, password_hash=hasher().hash(password),
            must_change_password=initial, is_demo=is_demo,
        )
        session.add(account)
        session.flush()
        journal.record(None, "account:create", "account", account.id)
        return account
