"""The steps of an import: a file is taken in, its columns are matched, it is tried, and brought in once.

All or nothing, unless the person wants the wrong rows left out. The same file again changes nothing: ids of the old
system are kept, and rows without one are recognised by what they say.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from webapp.extensions import db
from webapp.foundation import clock, journal, sheet_reader
from webapp.foundation.access import Actor
from webapp.foundation.db import locked, transaction
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused
from webapp.foundation.sheet_reader import Sheet, SheetError, text_of
from webapp.imports import columns, trial
from webapp.imports.kinds import Kind
from webapp.imports.models import KIND_NAMES, Batch, ExternalId, ImportKind, Upload
from webapp.imports.registry import KINDS, open_to
from webapp.imports.trial import Trial

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
    kind = KINDS[ImportKind(upload.kind)]
    return trial.run(actor, kind, upload.source, Sheet.load(upload.rows), upload.mapping)


def bring_in(actor: Actor, upload_id: uuid.UUID, *, leave_out_wrong: bool = False) -> Batch:
    """Write what the file says, and forget the file.

    Raises:
        NotFound: see ``upload_for``. Invalid: rows are wrong and not to be left out.
        Conflict: somebody changed the same records at the same moment.
    """
    try:
        with transaction() as session:
            upload_for(actor, upload_id)
            upload = locked(Upload, upload_id)
            if upload is None:
                raise NotFound
            found = try_out(actor, upload)
            if found.wrong_rows and not leave_out_wrong:
                raise Invalid(
                    f"有 {len(found.wrong_rows)} 行不能导入。请先改好，或选择不导入这些行。", "leave_out"
                )
            if not found.right:
                raise Invalid("没有一行可以导入，请先改好文件。", "leave_out")
            batch = _batch(actor, upload, found)
            session.add(batch)
            found.book.write()
            session.flush()
            _keep_refs(batch, found)
            session.delete(upload)
            counts = {
                "added": batch.added,
                "changed": batch.changed,
                "unchanged": batch.unchanged,
                "left_out": batch.left_out,
            }
            detail = {"kind": batch.kind, "sha256": batch.digest, **counts}
            journal.record(actor, "import:bring_in", "import_batch", batch.id, detail)
            session.flush()
            return batch
    except IntegrityError as error:
        raise Conflict("导入期间有人改了同样的资料，这次没有写入。请再试一次。") from error


def _batch(actor: Actor, upload: Upload, found: Trial) -> Batch:
    return Batch(
        person_id=actor.person_id,
        at=clock.now(),
        kind=upload.kind,
        source=upload.source,
        file_name=upload.file_name,
        digest=upload.digest,
        added=found.added,
        changed=found.changed,
        unchanged=found.unchanged,
        left_out=len(found.wrong_rows),
    )


def _keep_refs(batch: Batch, found: Trial) -> None:
    rows = [
        {
            "source": batch.source,
            "kind": batch.kind,
            "external_id": ref,
            "record_id": target.id,
            "batch_id": batch.id,
        }
        for ref, target in found.refs.items()
    ]
    if rows:
        db.session.execute(sa.insert(ExternalId), rows)


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
