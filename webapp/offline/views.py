"""The addresses that the outbox asks, its page, the quarantine, and the files of the installed app."""

from __future__ import annotations

import json
import uuid

from flask import (
    Response,
    current_app,
    jsonify,
    make_response,
    request,
    url_for,
)
from flask_wtf.csrf import generate_csrf

from webapp.accounts.session import current_person_id
from webapp.directory.posts import Permission
from webapp.foundation import photos
from webapp.foundation.access import current_actor, logged_in, may, public
from webapp.foundation.errors import NotFound
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import no_store, page
from webapp.foundation.photo_view import send_photo
from webapp.foundation.receipts import Done
from webapp.offline import bp, queries, service, shell, takeover
from webapp.offline.forms import DiscardForm
from webapp.offline.models import STATE_NAMES, State

P = Permission


bp.before_app_request(takeover.take_over)


@bp.app_context_processor
def outbox_identity() -> dict[str, object]:
    """``outbox``: whose page this is, asked for by whole pages only."""
    return {"outbox": shell.identity}


bp.after_app_request(shell.mark)


@bp.get("/outbox")
@logged_in
def index() -> Response:
    """What this phone holds; the phone itself fills it in."""
    return page("offline/index.html")


@bp.get("/outbox/token")
@public
def token() -> Response:
    """A fresh CSRF token and the login's owner, requested before each send; also for people without a post."""
    owner = queries.owner_key(current_person_id())
    return no_store(jsonify(csrf=generate_csrf(), owner=owner, version=shell.version()))


@bp.get("/outbox/status")
@logged_in
def status() -> Response:
    """Which of a phone's running numbers arrived."""
    try:
        device = uuid.UUID(request.args.get("device", ""))
    except ValueError:
        raise NotFound from None
    found = queries.arrivals(device)
    return no_store(jsonify(received=found.received, highest=found.highest, missing=found.missing))


@bp.get("/outbox/quarantine")
@may(P.CASE_DECIDE)
def quarantine() -> Response:
    """What arrived and could not be placed."""
    return page("offline/quarantine.html", rows=queries.waiting(current_actor()))


@bp.get("/outbox/quarantine/<int:quarantine_id>")
@may(P.CASE_DECIDE, record="quarantine")
def quarantined(quarantine_id: int) -> Response:
    """One of them, in full."""
    return _quarantined(quarantine_id)


def _quarantined(quarantine_id: int, form: Form | None = None, status: int = 200) -> Response:
    row = service.read(current_actor(), quarantine_id)
    return no_store(
        page(
            "offline/quarantined.html",
            status=status,
            row=row,
            by=queries.name_of(row.person_id),
            state=STATE_NAMES[State(row.state)],
            draft={"action": row.action, "fields": json.loads(row.fields)},
            shots=photos.photos_of(service.PHOTO_OWNER, row.id),
            claim=ButtonForm(formdata=None),
            form=form if isinstance(form, DiscardForm) else DiscardForm(formdata=None),
        )
    )


@bp.get("/outbox/quarantine/<int:quarantine_id>/photos/<photo_id>")
@may(P.CASE_DECIDE, record="quarantine")
def quarantined_photo(quarantine_id: int, photo_id: str) -> Response:
    """A photo that came with it."""
    row = queries.quarantined_for(current_actor(), quarantine_id)
    return send_photo(service.PHOTO_OWNER, row.id, photo_id)


@bp.post("/outbox/quarantine/<int:quarantine_id>/claim")
@may(P.CASE_DECIDE, record="quarantine")
@once(lambda quarantine_id: ButtonForm(), again=_quarantined)
def claim(form: ButtonForm, quarantine_id: int) -> Done:
    """Take it on."""
    service.claim(current_actor(), quarantine_id)
    here = url_for("offline.quarantined", quarantine_id=quarantine_id)
    return Done(here, "已认领，请按原来的内容重新登记。")


@bp.post("/outbox/quarantine/<int:quarantine_id>/discard")
@may(P.CASE_DECIDE, record="quarantine")
@once(lambda quarantine_id: DiscardForm(), again=_quarantined)
def discard(form: DiscardForm, quarantine_id: int) -> Done:
    """Not to be used."""
    service.discard(current_actor(), quarantine_id, form.reason.data)
    return Done(url_for("offline.quarantine"), "这一条不予采用。")


@bp.get("/offline")
@public
def no_signal() -> Response:
    """Shown without signal in place of a page that the phone has not kept."""
    return page("offline/no_signal.html")


@bp.get("/sw.js")
@public
def service_worker() -> Response:
    """The service worker, from the root so that it serves the whole site; browsers ask for it afresh."""
    response = make_response(shell.service_worker(current_app))
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = "no-cache"
    return response


@bp.get("/manifest.webmanifest")
@public
def manifest() -> Response:
    """The manifest of the app that can be installed."""
    response = jsonify(shell.manifest(current_app))
    response.mimetype = "application/manifest+json"
    response.headers["Cache-Control"] = "no-cache"
    return response
