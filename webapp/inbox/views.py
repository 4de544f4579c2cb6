"""The start page and the inbox."""

from __future__ import annotations

from flask import Response, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import current_actor, logged_in, may
from webapp.foundation.forms import once
from webapp.foundation.htmx import go, page, wants_part
from webapp.foundation.receipts import Done
from webapp.inbox import bp, sources, start
from webapp.inbox.forms import BatchForm, DecisionForm
from webapp.inbox.home import greeting, home_of


@bp.app_context_processor
def badge() -> dict[str, object]:
    """``inbox_count``, for the tab bar of every page; called only where there is one."""
    return {"inbox_count": sources.count}


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
    return _list(BatchForm(formdata=None), 200)


def _list(form: BatchForm, status: int) -> Response:
    return page(
        "inbox/index.html",
        status=status,
        items=sources.waiting(current_actor()),
        form=DecisionForm(formdata=None),
        batch=form,
        phrases=sources.PHRASES,
    )


def _card(source: str, ask_id: int, form: DecisionForm, status: int) -> Response:
    """The card (or the list) again, with what is missing; for HTMX a message if it no longer waits."""
    items = sources.waiting(current_actor())
    item = next((item for item in items if item.source == source and item.ask.id == ask_id), None)
    if item is None and wants_part():
        return _decided(Done("", "这件事已经不在您的待办里。"), source, ask_id)
    return page(
        "inbox/index.html",
        part="inbox/_ask.html",
        status=status,
        items=items,
        item=item,
        form=form,
        batch=BatchForm(formdata=None),
        phrases=sources.PHRASES,
        failed=(source, ask_id),
    )


def _decided(done: Done, source: str, ask_id: int) -> Response:
    if not wants_part():
        return go(done.url, done.message)
    count = sources.count(current_actor())
    return page("inbox/index.html", part="inbox/_decided.html", message=done.message, count=count)


@bp.post("/<source>/<int:ask_id>")
@may(Permission.INBOX_READ, record="ask")
@once(lambda source, ask_id: DecisionForm(), again=_card, then=_decided)
def decide(form: DecisionForm, source: str, ask_id: int) -> Done:
    """Approve, or send back."""
    approve = form.decision.data == "approve"
    said = sources.decide(current_actor(), source, ask_id, approve=approve, reason=form.reason.data)
    return Done(url_for("inbox.index"), said)


@bp.post("/batch")
@may(Permission.INBOX_READ)
@once(BatchForm, again=_list)
def batch(form: BatchForm) -> Done:
    """Approve several at once (meant for the desktop)."""
    return Done(url_for("inbox.index"), _summary(*sources.approve_all(current_actor(), form.chosen.data)))


def _summary(done: int, refusals: list[str]) -> str:
    parts = [f"已同意 {done} 件。"] if done else []
    if refusals:
        parts.append(f"{len(refusals)} 件没有办成：{refusals[0]}")
    return "".join(parts)
