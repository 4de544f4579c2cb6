"""The steps of an import: a file is taken in, its columns are matched, it is tried, and brought in once.

Nothing is brought in of a file with wrong rows, unless the person wants these left out. The same file again changes
nothing: ids of the old system are kept, and rows without one are recognised by what they say.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from webapp.extensions import db
from webapp.foundation import clock, journal, sheet_reader
from webapp.foundation.access import Actor
from webapp.foundation.db import require_no_transaction, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.sheet_reader import Sheet, SheetError, text_of
from webapp.imports import columns, trial
from webapp.imports.kinds import Kind
from webapp.imports.models import KIND_NAMES, Batch, ImportKind, Upload
from webapp.imports.registry import KINDS, open_to
from webapp.imports.trial import Line, Reading, Trial, Turn

KEPT = timedelta(days=1)
REASON = "问题"  # the column added to the rows that were wrong


def check_can_import(actor: Actor, kind: str) -> Kind:
    """The kind, if the actor may bring it in.

    Raises:
        Invalid: there is no such kind. Refused: not under this post.
    """
    if kind not in set(ImportKind):
        raise Invalid("请选择导入哪一种台账。", "kind")
    found = KINDS[ImportKind(kind)]
    if found not in open_to(actor):
        raise Refused(f"您以“{actor.post_name}”的身份不能导入{KIND_NAMES[found.key]}。")
    return found


def take_in(actor: Actor, *, kind: str, source: str, file_name: str, data: bytes) -> Upload:
    """Read a file and keep its rows until they are confirmed; the columns are guessed.

    Raises:
        Invalid: the file can't be read. Refused: not under this post.
    """
    chosen = check_can_import(actor, kind)
    try:
        sheet = sheet_reader.read(data)
    except SheetError as error:
        raise Invalid(str(error), "file") from error
    with transaction() as session:
        upload = Upload(
            person_id=actor.person_id,
            at=clock.now(),
            kind=chosen.key,
            source=source,
            file_name=file_name[-100:],
            digest=hashlib.sha256(data).hexdigest(),
            rows=sheet.dump(),
            mapping=columns.guess(chosen, sheet.header),
        )
        session.add(upload)
        session.flush()
        journal.record(
            actor,
            "import:take_in",
            "import_upload",
            upload.id,
            {"kind": upload.kind, "sha256": upload.digest},
        )
        return upload


def upload_for(actor: Actor, upload_id: uuid.UUID) -> Upload:
    """A file that waits; only who sent it sees it.

    Raises:
        NotFound: somebody else's, or gone. Refused: not under this post.
    """
    upload = db.session.get(Upload, upload_id)
    if upload is None or upload.person_id != actor.person_id or upload.at < clock.now() - KEPT:
        raise NotFound("没有找到这个文件。导入完成、取消或过了一天，文件就会删除。")
    check_can_import(actor, upload.kind)
    return upload


def match_columns(actor: Actor, upload_id: uuid.UUID, mapping: Mapping[str, int]) -> Upload:
    """Say which column holds which field.

    Raises:
        NotFound: see ``upload_for``. Invalid: a field is missing.
    """
    with transaction():
        upload = upload_for(actor, upload_id)
        columns.check(KINDS[ImportKind(upload.kind)], mapping)
        upload.mapping = dict(mapping)
        return upload


def try_out(actor: Actor, upload: Upload) -> Trial:
    """What the file would do; nothing is written.

    Raises:
        Invalid: a field that every row needs has no column.
    """
    return trial.try_out(actor, Reading(KINDS[ImportKind(upload.kind)], upload))


def check_can_bring_in(actor: Actor, upload_id: uuid.UUID, *, leave_out_wrong: bool) -> None:
    """Try the file once more, unless what is wrong may be left out.

    Raises:
        NotFound: see ``upload_for``. Invalid: see ``check_right``.
    """
    upload = upload_for(actor, upload_id)
    if not leave_out_wrong:
        check_right(try_out(actor, upload))


def check_right(found: Trial) -> None:
    """Refuse a file with wrong rows.

    Raises:
        Invalid: it has some.
    """
    if found.wrong:
        raise Invalid(f"有 {len(found.wrong_rows)} 行不能导入。请先改好，或选择不导入这些行。", "leave_out")


def bring_in(actor: Actor, upload_id: uuid.UUID, *, leave_out_wrong: bool = False) -> Batch:
    """Check the file and bring it in: see ``check_can_bring_in`` and ``enter``."""
    check_can_bring_in(actor, upload_id, leave_out_wrong=leave_out_wrong)
    return enter(actor, upload_id, leave_out_wrong=leave_out_wrong)


def enter(actor: Actor, upload_id: uuid.UUID, *, leave_out_wrong: bool) -> Batch:
    """Write what the file says, in several transactions (``trial`` tells why), and forget the file with the last.

    Raises:
        NotFound: see ``upload_for``. Invalid: no row can be brought in.
        Conflict: somebody changed the same records meanwhile. What was brought in before stays, and so does the file.
    """
    require_no_transaction()
    upload = upload_for(actor, upload_id)
    reading = Reading(KINDS[ImportKind(upload.kind)], upload)
    waiting, seen = deque(reading.lines), set[int]()
    batch_id: int | None = None
    try:
        while True:
            with transaction() as session:
                batch = _turn(actor, upload_id, batch_id, reading, waiting, seen, leave_out_wrong)
                if not waiting:
                    _finish(actor, upload_id, batch)
                    session.flush()
                    return batch
                batch_id = batch.id
            time.sleep(trial.PAUSE)
    except IntegrityError as error:
        raise Conflict(
            "导入期间有人改了同样的资料。请把同一个文件再导入一次：已经导入的不会重复。"
        ) from error


def _turn(
    actor: Actor,
    upload_id: uuid.UUID,
    batch_id: int | None,
    reading: Reading,
    waiting: deque[Line],
    seen: set[int],
    leave_out_wrong: bool,
) -> Batch:
    """Enter the next rows, and count them in the batch."""
    waits = sa.select(Upload.id).where(Upload.id == upload_id).with_for_update()
    if db.session.scalar(waits) is None:
        raise NotFound
    batch = db.session.get_one(Batch, batch_id) if batch_id else reading.new_batch()
    turn, found = Turn(actor, reading, batch, seen), Trial()
    for line in turn.lines(waiting):
        turn.enter(line, found)
    if found.wrong and not leave_out_wrong:
        raise Conflict("导入期间有人改了同样的资料。请把同一个文件再试导入一次：已经导入的不会重复。")
    batch.added += found.added
    batch.changed += found.changed
    batch.unchanged += found.unchanged
    batch.left_out -= found.right
    return batch


def _finish(actor: Actor, upload_id: uuid.UUID, batch: Batch) -> None:
    counts = {
        "added": batch.added, "changed": batch.changed, "unchanged": batch.unchanged, "left_out": batch.left_out,
    }  # fmt: skip
    if not batch.added + batch.changed + batch.unchanged:
        raise Invalid("没有一行可以导入，请先改好文件。", "leave_out")
    db.session.delete(db.session.get_one(Upload, upload_id))
    detail = {"kind": batch.kind, "sha256": batch.digest, **counts}
    journal.record(actor, "import:bring_in", "import_batch", batch.id, detail)


def cancel(actor: Actor, upload_id: uuid.UUID) -> Upload:
    """Forget a file.

    Raises:
        NotFound: see ``upload_for``.
    """
    with transaction() as session:
        upload = upload_for(actor, upload_id)
        session.delete(upload)
        journal.record(actor, "import:cancel", "import_upload", upload.id)
        return upload


def wrong_rows(actor: Actor, upload_id: uuid.UUID) -> bytes:
    """The rows that can't be brought in as CSV, each with the reasons, to be mended and sent again.

    Raises:
        NotFound: see ``upload_for``.
    """
    upload = upload_for(actor, upload_id)
    sheet, reasons = Sheet.load(upload.rows), dict[int, list[str]]()
    for wrong in try_out(actor, upload).wrong:
        reasons.setdefault(wrong.row, []).append(
            f"{wrong.column}：{wrong.reason}" if wrong.column else wrong.reason
        )
    rows = [
        [*map(text_of, row.cells), " ".join(reasons[row.number])]
        for row in sheet.rows
        if row.number in reasons
    ]
    return sheet_reader.write_csv((*sheet.header, REASON), rows)


def own_batches(actor: Actor, most: int = 10) -> list[Batch]:
    """What the actor brought in of late, the newest first."""
    query = sa.select(Batch).where(Batch.person_id == actor.person_id).order_by(Batch.id.desc()).limit(most)
    return list(db.session.scalars(query))


def sweep() -> int:
    """Forget files that nobody confirmed within a day; returns how many."""
    with transaction():
        result = db.session.execute(sa.delete(Upload).where(Upload.at < clock.now() - KEPT))
    return int(result.rowcount)  # type: ignore[attr-defined]
