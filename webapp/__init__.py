"""流动办公桌 · Mobile Desk: the app that runs a district's grids from phone browsers."""

from __future__ import annotations

from flask import Flask

from webapp import config
from webapp.extensions import compress, csrf, db, login_manager


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the app: settings, extensions, then each room's blueprint."""
    from webapp import commands, rooms
    from webapp.accounts.session import identify, password_first
    from webapp.foundation import access, assets, door, exports, htmx, photos, private, proxies, start, web

    settings = settings or config.load()
    app = Flask(
        __name__,
        instance_path=str(settings.instance),
        template_folder="../templates",
        static_folder="../static",
    )
    app.config.from_mapping(settings.flask_config())
    app.config["SETTINGS"] = settings
    private.init_app(app, settings.data_keys, settings.hash_key)
    photos.init_app(app, settings.instance / "photos")
    db.init_app(app)
    csrf.init_app(app)
    compress.init_app(app)
    # Without its context processor: the page that says the database is gone must not ask it for a user.
    login_manager.init_app(app, add_context_processor=False)
    htmx.htmx.init_app(app)
    door.register(app)
    web.register(app, settings.proxies)
    proxies.register(app, settings)
    assets.register(app)
    exports.register(app)
    app.view_functions["static"] = access.public(app.view_functions["static"])
    # Before each request, in this order: who asks; what the outbox hands over (a hook of the room `offline`);
    # whether the actor may; a first password is changed before anything else.
    app.before_request(identify)
    rooms.register(app)
    app.before_request(access.check)
    app.before_request(password_first)
    commands.register(app)
    with app.app_context():
        start.check(settings)
    return app
