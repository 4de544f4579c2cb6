"""Variables for every template: the actor, the text size, the tab bar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import g, request

from webapp.accounts import bp
from webapp.directory.posts import Permission
from webapp.foundation.access import Actor

ELDER_COOKIE = "elder"
MOST_TABS = 5


@dataclass(frozen=True)
class Tab:
    """One place of the tab bar."""

    label: str
    url: str
    icon: str
    current: bool = False
    count: int = 0


@dataclass(frozen=True)
class _Place:
    label: str
    url: str
    icon: str
    permissions: tuple[Permission, ...]
    prefix: str
    counted: bool = False


HOME = _Place("首页", "/", "home", (), "")
ME = _Place("我的", "/me", "user", (), "/me")
# In order of use; the first that the post may open stand between 首页 and 我的.
PLACES = (
    _Place("走访", "/visits/", "walk", (Permission.VISIT_READ,), "/visits/"),
    _Place("诉求", "/cases/", "clipboard-list", (Permission.CASE_READ, Permission.CASE_HANDLE), "/cases/"),
    _Place("待办", "/inbox/", "inbox", (Permission.INBOX_READ,), "/inbox/", counted=True),
    _Place("活动", "/volunteering/", "heart-handshake", (Permission.REPORT_OWN,), "/volunteering/"),
    _Place("积分", "/points/shop", "gift", (Permission.POINTS_OWN,), "/points/"),
    _Place("名录", "/directory/", "users", (Permission.DIRECTORY_READ,), "/directory/"),
)


class Tabs:
    """The tab bar, built lazily: page fragments have none and need not count what is waiting."""

    def __init__(self, actor: Actor | None, path: str) -> None:
        self._actor, self._path = actor, path

    def __bool__(self) -> bool:
        return self._actor is not None and not self._actor.must_change_password

    def shown(self, count_waiting: Callable[[Actor], int]) -> tuple[Tab, ...]:
        """The tabs for this post; ``count_waiting`` counts the decisions waiting in the actor's inbox."""
        if self._actor is None or not self:
            return ()
        tabs = []
        for place in _places(self._actor.permissions):
            current = self._path.startswith(place.prefix) if place.prefix else self._path == place.url
            count = count_waiting(self._actor) if place.counted else 0
            tabs.append(Tab(place.label, place.url, place.icon, current, count))
        return tuple(tabs)


@lru_cache(maxsize=64)
def _places(permissions: frozenset[str]) -> tuple[_Place, ...]:
    open_to = [place for place in PLACES if not permissions.isdisjoint(place.permissions)]
    return (HOME, *open_to[: MOST_TABS - 2], ME)


@bp.app_context_processor
def page_context() -> dict[str, Any]:
    """``actor``, ``elder`` and ``tabs``."""
    actor: Actor | None = g.get("actor")
    return {
        "actor": actor,
        # 长辈版 follows the person; without a login, the browser.
        "elder": actor.elder if actor else request.cookies.get(ELDER_COOKIE) == "1",
        "tabs": Tabs(actor, request.path),
    }
