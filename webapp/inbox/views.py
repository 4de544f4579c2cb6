"""The start page and the inbox."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import current_actor, logged_in, may
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page, wants_part
from webapp.foundation.receipts import Done
from webapp.inbox import sources
from webapp.inbox.forms import BatchForm, DecisionForm
from webapp.inbox.home import greeting, home_of

bp = Blueprint("inbox", __name__, url_prefix="/inbox")
start = Blueprint("home", __name__)


def register(app: Flask) -> None:
    """Hang the room on ``app``, and give the tab bar its count."""
    app.register_blueprint(start)
    app.register_blueprint(bp)
    app.extensions["inbox_count"] = sources.count


@start.get("/")
@logged_in
def home() -> Response:
    """What is mine today, by post."""
    return page(
        "inbox/home.html",
        part="inbox/_home.html",
        home=home_of(current_actor()),
        now=clock.now(),
        greeting=greeting(),
    )


@bp.get("/")
@may(Permission.INBOX_READ)
def index() -> Response:
    """All that waits for my decision."""
    items = sources.waiting(current_actor())
    return page(
        "inbox/index.html",
        items=items,
        form=DecisionForm(formdata=None),
        batch=BatchForm(formdata=None),
        phrases=sources.PHRASES,
    )


@bp.post("/<source>/<int:ask_id>")
@may(Permission.INBOX_READ, record="ask")
def decide(source: str, ask_id: int) -> Response:
    """Approve, or send back."""
    actor, form = current_actor(), DecisionForm()
    approve = form.decision.data == "approve"
    if not approve and form.decision.data != "back":
        form.form_errors.append("请选择同意或退回。")
    elif form.validate_on_submit():
        done = submit(
            form,
            lambda: sources.decide(actor, source, ask_id, approve=approve, reason=form.reason.data),
            lambda message: Done(url_for("inbox.index"), message),
        )
        if done and wants_part():
            return page(
                "inbox/index.html",
                part="inbox/_decided.html",
                message=done.message,
                count=sources.count(actor),
            )
        if done:
            return go(done.url, done.message)
    return _again(source, ask_id, form)


def _again(source: str, ask_id: int, form: DecisionForm) -> Response:
    """The card (or the list) once more, with what is missing."""
    items = sources.waiting(current_actor())
    own = [item for item in items if item.source == source and item.ask.id == ask_id]
    return page(
        "inbox/index.html",
        part="inbox/_ask.html" if own else "",
        status=422,
        items=items,
        item=own[0] if own else None,
        form=form,
        batch=BatchForm(formdata=None),
        phrases=sources.PHRASES,
        failed=(source, ask_id),
    )


@bp.post("/batch")
@may(Permission.INBOX_READ)
def batch() -> Response:
    """Approve several at once (meant for the desktop)."""
    actor, form = current_actor(), BatchForm()
    if not form.validate_on_submit() or not form.chosen.data:
        return go(url_for("inbox.index"), "请先勾选要同意的事项。", "due")
    done = submit(
        form,
        lambda: sources.approve_all(actor, form.chosen.data),
        lambda result: Done(url_for("inbox.index"), _summary(*result)),
    )
    return go(
        url_for("inbox.index"),
        done.message if done else "没有办成，请刷新后再试。",
        "done" if done else "overdue",
    )


def _summary(done: int, refusals: list[str]) -> str:
    parts = [f"已同意 {done} 件。"] if done else []
    if refusals:
        parts.append(f"{len(refusals)} 件没有办成：{refusals[0]}")
    return "".join(parts)
