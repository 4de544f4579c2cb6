"""The steps of an import, one page each: file, columns, trial. All without a script."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Flask, Response, make_response, url_for

from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.errors import Invalid
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done
from webapp.foundation.sheet_reader import Sheet
from webapp.imports import service
from webapp.imports.forms import ButtonForm, ColumnsForm, ConfirmForm, UploadForm, columns_form
from webapp.imports.models import KIND_NAMES, Batch, ImportKind, Upload
from webapp.imports.registry import KINDS, open_to

P = Permission
bp = Blueprint("imports", __name__, url_prefix="/imports")
STEPS = ("选文件", "对列", "试导入，确认")
SHOWN = 50  # wrong rows on the page; the file has them all


def register(app: Flask) -> None:
    """Hang the room on ``app``."""
    app.register_blueprint(bp)


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
def upload() -> Response:
    """Take the file in."""
    actor, form = current_actor(), UploadForm()
    if form.offer(actor).validate_on_submit():
        file = form.file.data
        values = {"kind": form.kind.data, "source": form.source.data, "file_name": file.filename or ""}
        done = submit(
            form,
            lambda: service.take_in(actor, **values, data=file.read()),
            lambda row: Done(url_for("imports.columns", upload_id=row.id)),
        )
        if done:
            return go(done.url)
    return _index(form, status=422)


@bp.get("/<uuid:upload_id>/columns")
@may(P.IMPORT_RUN, record="import_upload")
def columns(upload_id: uuid.UUID) -> Response:
    """Show which column was taken for what."""
    found = service.upload_for(current_actor(), upload_id)
    return _columns(found, _columns_form(found))


def _columns_form(found: Upload) -> ColumnsForm:
    return columns_form(KINDS[ImportKind(found.kind)], Sheet.load(found.rows), found.mapping)


def _columns(found: Upload, form: ColumnsForm, status: int = 200) -> Response:
    return _step("imports/columns.html", found, 1, status, form=form)


def _step(template: str, found: Upload, step: int, status: int, **data: Any) -> Response:
    response = page(
        template, status=status, upload=found, name=KIND_NAMES[ImportKind(found.kind)], steps=STEPS, step=step,
        button=ButtonForm(formdata=None), **data,
    )  # fmt: skip
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<uuid:upload_id>/columns")
@may(P.IMPORT_RUN, record="import_upload")
def match(upload_id: uuid.UUID) -> Response:
    """Keep which column is what, and try."""
    actor = current_actor()
    found = service.upload_for(actor, upload_id)
    form = _columns_form(found)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.match_columns(actor, upload_id, form.mapping()),
            lambda row: Done(url_for("imports.trial", upload_id=row.id)),
        )
        if done:
            return go(done.url)
    return _columns(found, form, status=422)


@bp.get("/<uuid:upload_id>/trial")
@may(P.IMPORT_RUN, record="import_upload")
def trial(upload_id: uuid.UUID) -> Response:
    """What the file would do; nothing is written."""
    return _trial(upload_id, ConfirmForm(formdata=None))


def _trial(upload_id: uuid.UUID, form: ConfirmForm, status: int = 200) -> Response:
    actor = current_actor()
    found = service.upload_for(actor, upload_id)
    try:
        tried = service.try_out(actor, found)
    except Invalid as error:  # columns were not matched yet
        return go(url_for("imports.columns", upload_id=upload_id), error.message, "due")
    return _step("imports/trial.html", found, 2, status, form=form, tried=tried, wrong=tried.wrong[:SHOWN])


@bp.get("/<uuid:upload_id>/wrong.csv")
@may(P.IMPORT_RUN, record="import_upload")
def wrong(upload_id: uuid.UUID) -> Response:
    """The rows that can't be brought in, with the reasons."""
    response = make_response(service.wrong_rows(current_actor(), upload_id))
    response.mimetype = "text/csv"
    response.headers.set("Content-Disposition", "attachment", filename="wrong-rows.csv")
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<uuid:upload_id>/confirm")
@may(P.IMPORT_RUN, record="import_upload")
def confirm(upload_id: uuid.UUID) -> Response:
    """Bring it in."""
    actor, form = current_actor(), ConfirmForm()
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.bring_in(actor, upload_id, leave_out_wrong=form.leave_out.data),
            lambda row: Done(url_for("imports.index"), _told(row)),
        )
        if done:
            return go(done.url, done.message)
    return _trial(upload_id, form, status=422)


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
def cancel(upload_id: uuid.UUID) -> Response:
    """Forget the file."""
    actor, form = current_actor(), ButtonForm()
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: service.cancel(actor, upload_id),
            lambda _: Done(url_for("imports.index"), "已取消，文件已删除，什么都没有写入。"),
        )
        if done:
            return go(done.url, done.message)
    return go(url_for("imports.trial", upload_id=upload_id))
