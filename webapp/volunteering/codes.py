"""The check-in codes: one that changes on the organiser's phone, and a fixed one on a poster.

A rotating code is ``<activity id>.<mac>`` with a MAC of the activity's secret over the window of server time it was
shown in. The window before is taken too, so one that changes while somebody scans it is still good.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from webapp.foundation import incoming
from webapp.volunteering.rules import CODE_SECONDS

MAC_DIGITS = 20  # 80 bits


def window(now: datetime) -> int:
    """The running number of the window that ``now`` lies in."""
    return int(now.timestamp()) // CODE_SECONDS


def rotating_code(activity_id: int, secret: str, now: datetime) -> str:
    """The code to show at ``now``."""
    return f"{activity_id}.{_mac(activity_id, secret, window(now))}"


def activity_of(token: str) -> int | None:
    """The activity that a rotating code names; None when ``token`` is none."""
    number, dot, _ = token.partition(".")
    return incoming.number(number, least=0) if dot else None


def is_current(token: str, activity_id: int, secret: str, now: datetime) -> bool:
    """Whether ``token`` is the activity's code of this window or of the one before."""
    mac = token.partition(".")[2].encode()
    present, before = (_mac(activity_id, secret, window(now) - back).encode() for back in (0, 1))
    return hmac.compare_digest(mac, present) | hmac.compare_digest(mac, before)


def _mac(activity_id: int, secret: str, number: int) -> str:
    text = f"check-in:{activity_id}:{number}".encode()
    return hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()[:MAC_DIGITS]
