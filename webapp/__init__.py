"""流动办公桌 · Mobile Desk: the app that runs a district's grids from phone browsers."""

from __future__ import annotations

import gc
from collections.abc import Callable
from importlib import import_module
from typing import Any

from flask import Flask

from webapp import config
from webapp.extensions import compress, csrf, db, login_manager

# From the ground up; each has register(app) in its views.py.
ROOMS = (
    "directory",
    "accounts",
    "cases",
    "visits",
    "volunteering",
    "points",
    "inbox",
    "residents",
    "offline",
    "imports",
)


class _App(Flask):
    """Flask without what it does anew in each request and never comes out differently here."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is a coroutine."""
        return func


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the app: settings, extensions, then each room's blueprint."""
    from webapp.accounts.session import find_actor, send_to_login
    from webapp.foundation import access, assets, cookies, exports, htmx, photos, private, proxies, start, web
    from webapp.foundation.db import end_of_reading

    settings = settings or config.load()
    app = _App(
        __name__,
        instance_path=str(settings.instance),
        template_folder="../templates",
        static_folder="../static",
    )
    app.config.from_mapping(settings.flask_config())
    app.config["SETTINGS"] = settings
    app.session_interface = cookies.Cookies(app)
    private.configure(settings.data_keys, settings.hash_key)
    photos.configure(settings.instance / "photos")
    db.init_app(app)
    app.teardown_appcontext(end_of_reading)
    csrf.init_app(app)
    compress.init_app(app)
    # Its context processor would load the user for every template.
    login_manager.init_app(app, add_context_processor=False)
    htmx.htmx.init_app(app)
    web.register(app, settings.proxies)
    proxies.register(app, settings)
    assets.register(app)
    exports.register(app)
    access.guard(app, find_actor, send_to_login)
    app.view_functions["static"] = access.public(app.view_functions["static"])
    for room in ROOMS:
        import_module(f"webapp.{room}.views").register(app)
    from webapp import commands

    commands.register(app)
    with app.app_context():
        start.check(settings)
    # What is loaded now lives as long as the process: the collector need not look at it again, nor in every request.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    return app
