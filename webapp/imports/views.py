"""The steps of an import, one page each: file, columns, trial. All without a script."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, make_response, url_for

from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.errors import Invalid, NotFound
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import go, no_store, page
from webapp.foundation.receipts import Done
from webapp.foundation.sheet_reader import Sheet
from webapp.imports import bp, service
from webapp.imports.forms import ColumnsForm, ConfirmForm, UploadForm, columns_form
from webapp.imports.models import KIND_NAMES, Batch, ImportKind, Upload
from webapp.imports.registry import KINDS, open_to

P = Permission
STEPS = ("选文件", "对列", "试导入，确认")
SHOWN = 50  # wrong rows on the page; the file has them all


@bp.get("/")
@may(P.IMPORT_RUN)
def index() -> Response:
    """Ask for the file; what was brought in of late."""
    return _index(UploadForm(formdata=None))


def _index(form: UploadForm, status: int = 200) -> Response:
    actor = current_actor()
    batches = service.own_batches(actor)
    return page(
        "imports/index.html", status=status, form=form.offer(actor), kinds=open_to(actor), batches=batches,
        names=KIND_NAMES, steps=STEPS,
    )  # fmt: skip


@bp.post("/")
@may(P.IMPORT_RUN)
@once(lambda: UploadForm().offer(current_actor()), again=_index)
def upload(form: UploadForm) -> Done:
    """Take the file in."""
    file = form.file.data
    row = service.take_in(
        current_actor(),
        kind=form.kind.data,
        source=form.source.data,
        file_name=file.filename or "",
        data=file.read(),
    )
    return Done(url_for("imports.columns", upload_id=row.id))


def _columns_form(upload_id: uuid.UUID) -> ColumnsForm:
    found = service.upload_for(current_actor(), upload_id)
    return columns_form(KINDS[ImportKind(found.kind)], Sheet.load(found.rows), found.mapping)


def _columns_page(upload_id: uuid.UUID, form: ColumnsForm, status: int) -> Response:
    found = service.upload_for(current_actor(), upload_id)
    return _step("imports/columns.html", found, 1, status, form=form)


def _step(template: str, found: Upload, step: int, status: int, **data: Any) -> Response:
    return no_store(
        page(
            template, status=status, upload=found, name=KIND_NAMES[ImportKind(found.kind)], steps=STEPS, step=step,
            button=ButtonForm(formdata=None), **data,
        )
    )  # fmt: skip


@bp.route("/<uuid:upload_id>/columns", methods=["GET", "POST"])
@may(P.IMPORT_RUN, record="import_upload")
@once(_columns_form, again=_columns_page)
def columns(form: ColumnsForm, upload_id: uuid.UUID) -> Done:
    """Show which column was taken for what; keep what is chosen, and try."""
    row = service.match_columns(current_actor(), upload_id, form.mapping())
    return Done(url_for("imports.trial", upload_id=row.id))


@bp.get("/<uuid:upload_id>/trial")
@may(P.IMPORT_RUN, record="import_upload")
def trial(upload_id: uuid.UUID) -> Response:
    """What the file would do; nothing is written."""
    return _trial(upload_id)


def _trial(upload_id: uuid.UUID, form: Form | None = None, status: int = 200) -> Response:
    actor = current_actor()
    found = service.upload_for(actor, upload_id)
    try:
        tried = service.try_out(actor, found)
    except Invalid as error:  # columns were not matched yet
        return go(url_for("imports.columns", upload_id=upload_id), error.message, "due")
    confirm = form if isinstance(form, ConfirmForm) else ConfirmForm(formdata=None)
    return _step("imports/trial.html", found, 2, status, form=confirm, tried=tried, wrong=tried.wrong[:SHOWN])


@bp.get("/<uuid:upload_id>/wrong.csv")
@may(P.IMPORT_RUN, record="import_upload")
def wrong(upload_id: uuid.UUID) -> Response:
    """The rows that can't be brought in, with the reasons."""
    response = make_response(service.wrong_rows(current_actor(), upload_id))
    response.mimetype = "text/csv"
    response.headers.set("Content-Disposition", "attachment", filename="wrong-rows.csv")
    return no_store(response)


def _bring_in(done: Done, upload_id: uuid.UUID) -> Response:
    """Bring the file in, after the order to do so was kept with its receipt: in transactions of its own.

    Sent again after it broke off, the same order goes on; when all is done, there is no file any more.
    """
    try:
        row = service.enter(current_actor(), upload_id, leave_out_wrong=ConfirmForm().leave_out.data)
    except NotFound:
        return go(done.url)
    return go(done.url, _told(row))


@bp.post("/<uuid:upload_id>/confirm")
@may(P.IMPORT_RUN, record="import_upload")
@once(ConfirmForm.about, again=_trial, then=_bring_in)
def confirm(form: ConfirmForm, upload_id: uuid.UUID) -> Done:
    """Order that the file be brought in."""
    service.upload_for(current_actor(), upload_id)
    return Done(url_for("imports.index"))


def _told(batch: Batch) -> str:
    parts = [
        (batch.added, f"新增 {batch.added} 行"),
        (batch.changed, f"更新 {batch.changed} 行"),
        (batch.unchanged, f"{batch.unchanged} 行早已有了"),
        (batch.left_out, f"没有导入 {batch.left_out} 行"),
    ]
    return f"已导入：{'，'.join(words for number, words in parts if number)}。"


@bp.post("/<uuid:upload_id>/cancel")
@may(P.IMPORT_RUN, record="import_upload")
@once(lambda upload_id: ButtonForm(), again=_trial)
def cancel(form: ButtonForm, upload_id: uuid.UUID) -> Done:
    """Forget the file."""
    service.cancel(current_actor(), upload_id)
    return Done(url_for("imports.index"), "已取消，文件已删除，什么都没有写入。")
