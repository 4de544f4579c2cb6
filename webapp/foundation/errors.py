"""What a service says when it will not do a thing. One handler in ``web.py`` turns each into a page.

Messages are Chinese, for the person at the screen; they say what is wrong and, where it helps, how to go on.
"""

from __future__ import annotations


class DomainError(Exception):
    """A refusal with its reason and its HTTP status."""

    status = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Refused(DomainError):
    """The actor has no right to this (403)."""

    status = 403


class NotFound(DomainError):
    """There is no such thing, or it is not the actor's to see (404; the two look alike)."""

    status = 404

    def __init__(self, message: str = "没有找到这个页面，或者它不在您的范围内。") -> None:
        super().__init__(message)


class Conflict(DomainError):
    """It can't be done in this state: done already, changed meanwhile, out of stock (409)."""

    status = 409


class Invalid(DomainError):
    """The input is wrong (422). ``field`` names the form field that the message belongs to."""

    status = 422

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooMany(DomainError):
    """Too often in a short time (429). ``retry_after`` is in seconds."""

    status = 429

    def __init__(self, retry_after: int) -> None:
        minutes = max(1, -(-retry_after // 60))
        super().__init__(f"操作太频繁，请 {minutes} 分钟后再试。")
        self.retry_after = retry_after


class Unavailable(DomainError):
    """The service can't take anything at present (503). A phone keeps what it has, and sends it again later."""

    status = 503
