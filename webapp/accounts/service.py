"""Changes to logins."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from webapp.accounts.models import Account, LoginSession
from webapp.accounts.session import NO_POST, token_hash
from webapp.directory.holders import holds_post
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock, codes, journal, limits, private
from webapp.foundation.access import Actor, Holding
from webapp.foundation.db import transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound

if TYPE_CHECKING:
    from argon2 import PasswordHasher

TRUSTED = timedelta(days=60)  # F-15: at least 30 days on a trusted phone
SHARED = timedelta(hours=12)
# Tries within ten minutes. Many may sit behind one address, of a mobile network or an office.
TRIES_PER_NAME = 10
TRIES_PER_ADDRESS = 100
TRIES_MINUTES = 10
MIN_PASSWORD = 10
INITIAL_GROUPS = 3  # of four characters: 58 bits
WRONG = "用户名、手机号或密码不对。"  # one answer, so that nobody can find out who has an account
COMMON = ("123456", "password", "qwerty", "111111", "000000", "abcdef", "liudong")


@cache
def hasher() -> PasswordHasher:
    """Argon2id with OWASP's minimum parameters (19 MiB, t=2, p=1): cheap enough for the morning rush."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobody() -> str:
    return hasher().hash(secrets.token_urlsafe())


def log_in(login: str, password: str, *, trusted: bool, device: str, address: str) -> str:
    """Check name and password; open a session and return its token for the cookie.

    Raises:
        Invalid: name and password do not belong together, or the person holds no post now.
        TooMany: too many tries for this name or from this address.
    """
    from argon2.exceptions import VerificationError

    name = normal_login(login)
    limits.hit(f"login:address:{address}", limit=TRIES_PER_ADDRESS, per_minutes=TRIES_MINUTES)
    limits.hit(f"login:name:{name}", limit=TRIES_PER_NAME, per_minutes=TRIES_MINUTES)
    account = _account_of(name)
    try:
        # Somebody unknown costs as much time as somebody known.
        hasher().verify(account.password_hash if account else _nobody(), password)
    except VerificationError:
        account = None
    if account is None or account.disabled_at:
        raise Invalid(WRONG, "password")
    if not holds_post(account.person_id):
        raise Invalid(NO_POST)
    return open_session(account.id, trusted=trusted, device=device)


def normal_login(login: str) -> str:
    """A user name or phone number, normalised for lookups and for counting attempts."""
    login = login.strip()
    return private.normalise_phone(login) if private.valid_phone(login) else login.lower()


def open_session(account_id: int, *, trusted: bool, device: str) -> str:
    """Open a session for this account; returns the token for the cookie."""
    token = secrets.token_urlsafe(32)
    with transaction() as session:
        now = clock.now()
        row = LoginSession(
            account_id=account_id,
            token_hash=token_hash(token),
            device=device[:120],
            trusted=trusted,
            created_at=now,
            expires_at=now + (TRUSTED if trusted else SHARED),
        )
        session.add(row)
        session.flush()
        journal.record(None, "account:log_in", "account", account_id, {"session": row.id})
    return token


def _account_of(name: str) -> Account | None:
    match = Account.username == name
    if private.valid_phone(name):
        match = sa.or_(match, Person.phone_hash == private.keyed_hash(name))
    return db.session.scalars(
        sa.select(Account).join(Person, Person.id == Account.person_id).where(match)
    ).first()


def log_out(token: str) -> None:
    """End the session behind ``token``, if it has not ended."""
    with transaction() as session:
        row = session.scalars(
            sa.select(LoginSession).where(LoginSession.token_hash == token_hash(token))
        ).first()
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


def choose_post(actor: Actor, token: str, appointment_id: int) -> Holding:
    """Switch to another of the actor's current appointments, from the next request on.

    Raises:
        NotFound: it is not the actor's, or not in force.
    """
    holding = next((h for h in actor.holdings if h.appointment_id == appointment_id), None)
    if holding is None:
        raise NotFound
    with transaction() as session:
        row = session.scalars(
            sa.select(LoginSession).where(LoginSession.token_hash == token_hash(token))
        ).one()
        row.appointment_id = appointment_id
        journal.record(actor, "account:choose_post", "appointment", appointment_id)
    return holding


def set_elder(actor: Actor, elder: bool) -> None:
    """Turn 长辈版 on or off for this person."""
    with transaction() as session:
        session.get_one(Account, actor.account_id).elder = elder
        journal.record(actor, "account:set_elder", "account", actor.account_id, {"elder": elder})


def count_password_try(actor: Actor) -> None:
    """Count an attempt at the current password, before and outside the transaction of the change.

    Raises:
        TooMany: too many in a short time.
    """
    limits.hit(f"password:{actor.account_id}", limit=TRIES_PER_NAME, per_minutes=TRIES_MINUTES)


def change_password(actor: Actor, token: str, old: str, new: str) -> None:
    """Set a new password and log out every other browser.

    Raises:
        Invalid: the old one is wrong, or the new one is weak or the same.
    """
    from argon2.exceptions import VerificationError

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
        _end_all(account.id, but=token)
        journal.record(actor, "account:change_password", "account", account.id)


def _end_all(account_id: int, but: str = "") -> None:
    """Log out every browser of an account except ``but``, the one with this token."""
    open_ones = sa.update(LoginSession).where(
        LoginSession.account_id == account_id,
        LoginSession.token_hash != token_hash(but),
        LoginSession.ended_at.is_(None),
    )
    db.session.execute(open_ones.values(ended_at=clock.now()))


def check_password(password: str, username: str) -> None:
    """Refuse a password that can be guessed.

    Raises:
        Invalid: too short, too plain, or holds the user name or a zero byte.
    """
    low = password.lower()
    if "\0" in password:
        raise Invalid("密码里有打不出来的字符，请重新输入。", "new")
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"密码至少 {MIN_PASSWORD} 个字符，可以用一句话。", "new")
    if len(set(password)) < 5 or any(word in low for word in COMMON) or username.lower() in low:
        raise Invalid("这个密码太容易被猜到，请换一个。", "new")


def create_account(
    person_id: int,
    username: str,
    password: str,
    *,
    is_demo: bool = False,
    initial: bool = True,
    actor: Actor | None = None,
) -> Account:
    """Give a person a login; an ``initial`` password must be changed on first use.

    Raises:
        Conflict: the person has a login already. Invalid: another person has this user name.
    """
    username = username.strip().lower()
    with transaction() as session:
        if session.scalar(sa.select(Account.id).where(Account.person_id == person_id)):
            raise Conflict("这个人已经有账号了。")
        if session.scalar(sa.select(Account.id).where(Account.username == username)):
            raise Invalid("这个用户名已经有人用了，请换一个。", "username")
        account = Account(
            person_id=person_id,
            username=username,
            password_hash=hasher().hash(password),
            must_change_password=initial,
            is_demo=is_demo,
        )
        session.add(account)
        session.flush()
        journal.record(actor, "account:create", "account", account.id)
        return account


def open_account(actor: Actor, *, person_id: int, username: str) -> str:
    """Give a person a login and return its initial password, which is shown once and stored nowhere.

    Raises:
        NotFound: no such person. Others as ``create_account``.
    """
    password = initial_password()
    with transaction() as session:
        if session.get(Person, person_id) is None:
            raise NotFound
        create_account(person_id, username, password, actor=actor)
    return password


def reset_password(actor: Actor, *, person_id: int) -> str:
    """Replace a forgotten password, log the person out everywhere, and return the new initial password.

    Raises:
        NotFound: the person has no login.
    """
    password = initial_password()
    with transaction() as session:
        account = session.scalars(sa.select(Account).where(Account.person_id == person_id)).first()
        if account is None:
            raise NotFound
        account.password_hash = hasher().hash(password)
        account.must_change_password = True
        _end_all(account.id)
        journal.record(actor, "account:reset_password", "account", account.id)
    return password


def initial_password() -> str:
    """A random password that can be read out and typed on a phone, such as ``k7qm-4fpx-9trw``."""
    letters = codes.ALPHABET.lower()
    return "-".join(
        "".join(secrets.choice(letters) for _ in range(codes.GROUP)) for _ in range(INITIAL_GROUPS)
    )
