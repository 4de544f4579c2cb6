"""Access to views, and the actor.

No address is open unless its view says so: ``@may(permission)``, ``@logged_in`` or ``@public``. A request to a view that
says nothing is refused, and a test walks the address map for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from flask.typing import ResponseReturnValue

from webapp.extensions import login_manager
from webapp.foundation.errors import Refused

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Holding:
    """One appointment in force, as the page shows it."""

    appointment_id: int
    post: str
    post_name: str
    unit_id: int
    unit_name: str
    unit_level: str
    unit_path: str


@dataclass(frozen=True)
class Actor:
    """The person making the request, under their chosen post; loaded once per request."""

    person_id: int
    account_id: int
    name: str
    holding: Holding
    permissions: frozenset[str]
    holdings: tuple[Holding, ...] = ()
    elder: bool = False
    must_change_password: bool = False

    @property
    def post(self) -> str:
        """The identifier of the post acted under."""
        return self.holding.post

    @property
    def post_name(self) -> str:
        """The post's Chinese name."""
        return self.holding.post_name

    @property
    def unit_id(self) -> int:
        """The unit that the post serves."""
        return self.holding.unit_id

    @property
    def unit_name(self) -> str:
        """The short name of that unit."""
        return self.holding.unit_name

    @property
    def unit_level(self) -> str:
        """district, street, community, grid, building; company, department for handlers."""
        return self.holding.unit_level

    @property
    def unit_path(self) -> str:
        """The unit's materialised path; "mine and all below" is a prefix of it."""
        return self.holding.unit_path

    def can(self, permission: str) -> bool:
        """Whether the chosen post holds ``permission``."""
        return permission in self.permissions


@dataclass(frozen=True)
class Access:
    """Who may use a view: everybody, everybody logged in, or posts with ``permission``.

    ``record`` names the kind of record that the address loads ("case", "visit"), for the access test.
    """

    public: bool = False
    permission: str | None = None
    record: str | None = None


def public(view: View) -> View:
    """Open to everybody, without a login."""
    view.access = Access(public=True)  # type: ignore[attr-defined]
    return view


def logged_in(view: View) -> View:
    """Open to everybody with a current appointment, for their own affairs."""
    view.access = Access()  # type: ignore[attr-defined]
    return view


def may(permission: str, record: str | None = None) -> Callable[[View], View]:
    """Open to the posts that hold ``permission``; ``record`` as in ``Access``."""

    def mark(view: View) -> View:
        view.access = Access(permission=permission, record=record)  # type: ignore[attr-defined]
        return view

    return mark


def current_actor() -> Actor:
    """The actor of this request. Only for views that are not public."""
    actor: Actor | None = g.get("actor")
    if actor is None:
        raise RuntimeError("a view that needs an actor must not be @public")
    return actor


def access_of(app: Flask, endpoint: str | None) -> Access | None:
    """The access declared by the view of ``endpoint``; None if undeclared."""
    return getattr(app.view_functions.get(endpoint or ""), "access", None)


def check() -> ResponseReturnValue | None:
    """Check the request against what its view declares.

    Raises:
        Refused: the view declares nothing, or the actor's post does not hold the permission.
    """
    if request.endpoint is None:
        return None  # 404 or 405
    access = access_of(current_app, request.endpoint)
    if access is None:
        raise Refused("这个页面没有开放。")
    if access.public:
        return None
    actor: Actor | None = g.actor
    if actor is None:
        answer: ResponseReturnValue = login_manager.unauthorized()
        return answer
    if access.permission is not None and not actor.can(access.permission):
        raise Refused(f"您以“{actor.post_name}”的身份不能使用这个功能。")
    return None
