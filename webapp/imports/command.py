"""An import from the command line: the same steps as on the pages, with the columns as they are guessed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from webapp.accounts.models import Account
from webapp.directory.holders import in_force
from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import GRANTS, POST_NAMES, Permission, Post
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor, Holding
from webapp.foundation.errors import DomainError, Refused
from webapp.foundation.sheet_reader import MAX_BYTES
from webapp.imports import service
from webapp.imports.models import ImportKind
from webapp.imports.registry import KINDS

Say = Callable[[str], object]
SHOWN = 50


def run(
    file: Path, *, kind: str, source: str, username: str, dry_run: bool, leave_out_wrong: bool, say: Say
) -> bool:
    """Try a file and, unless ``dry_run``, bring it in; tells ``say`` what came of it. Returns whether it failed."""
    try:
        actor = acting(username, ImportKind(kind))
        with file.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)  # one byte more is too much already
        upload = service.take_in(actor, kind=kind, source=source, file_name=file.name, data=data)
        return _finish(actor, upload.id, dry_run, leave_out_wrong, say)
    except DomainError as error:
        say(error.message)
        return True


def _finish(actor: Actor, upload_id: uuid.UUID, dry_run: bool, leave_out_wrong: bool, say: Say) -> bool:
    done = False
    try:
        found = service.try_out(actor, service.upload_for(actor, upload_id))
        for wrong in found.wrong[:SHOWN]:
            say(f"第 {wrong.row} 行 {wrong.column} {wrong.value}：{wrong.reason}")
        say(
            f"新增 {found.added}，更新 {found.changed}，已有 {found.unchanged}，有问题 {len(found.wrong_rows)}"
        )
        if dry_run:
            say("只是试导入，没有写入。")
            return bool(found.wrong_rows)
        if not leave_out_wrong:
            service.check_right(found)
        service.enter(actor, upload_id, leave_out_wrong=leave_out_wrong)
        done = True
        say("已导入。")
        return False
    finally:
        if not done:
            service.cancel(actor, upload_id)


def acting(username: str, kind: ImportKind) -> Actor:
    """The person with this user name, under a post that may bring this kind in.

    Raises:
        Refused: there is no such account, or none of the person's posts may.
    """
    query = (
        sa.select(
            Account.id.label("account_id"), Person.id.label("person_id"), Person.name, Appointment.id, Appointment.post,
            Appointment.unit_id, Unit.short_name, Unit.level, Unit.path,
        )
        .join(Person, Person.id == Account.person_id)
        .join(Appointment, Appointment.person_id == Person.id)
        .join(Unit, Unit.id == Appointment.unit_id)
        .where(Account.username == username, Account.disabled_at.is_(None), in_force(clock.today()))
        .order_by(Appointment.starts_on, Appointment.id)
    )  # fmt: skip
    for row in db.session.execute(query):
        post = Post(row.post)
        if {Permission.IMPORT_RUN, KINDS[kind].permission} <= GRANTS[post]:
            holding = Holding(
                row.id, post, POST_NAMES[post], row.unit_id, row.short_name, row.level, row.path
            )
            return Actor(
                row.person_id, row.account_id, row.name, holding, frozenset(GRANTS[post]), (holding,)
            )
    raise Refused(f"没有叫 {username} 的用户，或者他的职务不能导入这种台账。用 --as 指明是谁在导入。")
