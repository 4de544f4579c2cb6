"""Photos: taken in, checked, made small and harmless, stored in a folder, found again.

Which person may see a photo is for the room that owns the record to say; there is no address here.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import sqlalchemy as sa
from flask import Flask, current_app
from sqlalchemy.orm import Mapped, mapped_column

from webapp import disk
from webapp.extensions import db
from webapp.foundation import clock, limited, photo_decoder
from webapp.foundation.db import (
    UTCDateTime,
    if_undone,
    require_transaction,
    transaction,
    where_given,
)
from webapp.foundation.errors import Invalid, NotFound
from webapp.foundation.hot import HotQuery

MAX_PHOTOS = 3
MAX_BYTES = 10 * 1024 * 1024
# The most that is accepted (50 megapixels as WebP, or in 64 scans) takes 800 MB, or two seconds and on a small server more.
DECODER_MEMORY = 1024 * 1024 * 1024
DECODER_SECONDS = 10
MEDIA_TYPE = "image/jpeg"  # of everything that is stored
# HEIC files begin with a box "ftyp" that names one of these.
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})


class Photo(db.Model):
    """A photo that belongs to a record of some room. Its two files lie in the ``PhotoStore``, named by its id."""

    __tablename__ = "photos"
    __table_args__ = (
        sa.Index("ix_photos_owner", "owner_type", "owner_id"),
        where_given("ix_photos_discarded", "discarded_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    owner_type: Mapped[str] = mapped_column(sa.String(40))
    owner_id: Mapped[int]
    position: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(sa.String(64))
    created_by_id: Mapped[
        int | None
    ]  # None: a resident without a login; no foreign key, because people belong to a higher room
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    discarded_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PhotoRow(NamedTuple):
    """What a page needs to know of a photo."""

    id: str
    owner_type: str
    owner_id: int
    position: int
    width: int
    height: int


@dataclass(frozen=True)
class ReadyPhoto:
    """A photo that was accepted: two JPEG files without metadata, not stored yet."""

    image: bytes
    thumb: bytes
    width: int
    height: int
    sha256: str


def accept(source: BinaryIO | bytes) -> ReadyPhoto:
    """Check a file that was sent and make it small: upright, at most 1280 pixels a side, JPEG, no metadata (no GPS).

    Raises:
        Invalid: not a photo, too large, damaged, or of a kind that we can't read; says what to do (field ``photos``).
    """
    data = source if isinstance(source, bytes) else source.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _invalid(f"照片太大，请选 {MAX_BYTES // 1024 // 1024} MB 以内的照片。")
    if data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS:
        raise _invalid(
            "暂不支持 HEIC 格式的照片。请在手机“设置—相机—格式”中选“兼容性最佳”后重拍，或发送截图。"
        )
    try:
        answer = limited.call(photo_decoder.shrink, data, memory=DECODER_MEMORY, seconds=DECODER_SECONDS)
    except limited.Overrun:
        raise _invalid(photo_decoder.TOO_COSTLY) from None
    line, _, files = answer.partition(b"\n")
    found = json.loads(line)
    if "refused" in found:
        raise _invalid(found["refused"])
    image, thumb = files[: found["length"]], files[found["length"] :]
    return ReadyPhoto(image, thumb, found["width"], found["height"], hashlib.sha256(image).hexdigest())


def _invalid(message: str) -> Invalid:
    return Invalid(message, field="photos")


class PhotoStore:
    """A folder of photos. Names are the photos' ids, fanned out over subfolders so that none grows huge."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, photo_id: str, photo: ReadyPhoto) -> None:
        """Store both files; once this returns, a power cut can't take them."""
        folder = self._path(photo_id, thumb=False).parent
        disk.make_folder(folder)
        disk.write_file(self._path(photo_id, thumb=True), photo.thumb)
        disk.write_file(self._path(photo_id, thumb=False), photo.image)
        # Upwards too: another process may have made these folders a moment ago and not synced them yet.
        for changed in (folder, folder.parent, self._folder):
            disk.sync_folder(changed)

    def open(self, photo_id: str, *, thumb: bool) -> BinaryIO:
        """One of the files, to be closed by the caller.

        Raises:
            NotFound: there is no such file.
        """
        try:
            return self._path(photo_id, thumb=thumb).open("rb")
        except FileNotFoundError:
            raise NotFound from None

    def erase(self, photo_id: str) -> None:
        """Delete both files, and drafts of them; gone already is as good."""
        path = self._path(photo_id, thumb=False)
        for file in path.parent.glob(f"{path.stem}.*"):
            file.unlink(missing_ok=True)

    def names(self, share: int, before: datetime) -> Iterator[set[str]]:
        """The ids of photos written before that moment, by subfolder; ``share`` says which 256th of them, from 0."""
        for folder in (self._folder / f"{share:02x}").glob("*"):
            files = [path for path in folder.iterdir() if path.stat().st_mtime < before.timestamp()]
            if files:
                yield {path.name.split(".")[0] for path in files}

    def _path(self, photo_id: str, *, thumb: bool) -> Path:
        try:
            name = uuid.UUID(hex=photo_id).hex  # nothing else can name a file
        except ValueError:
            raise NotFound from None
        return self._folder / name[:2] / name[2:4] / f"{name}{'.thumb' if thumb else ''}.jpg"


def init_app(app: Flask, folder: Path) -> None:
    """Have ``app`` keep its photos in ``folder``."""
    app.extensions["photos"] = PhotoStore(folder)


def _store() -> PhotoStore:
    store: PhotoStore = current_app.extensions["photos"]
    return store


def attach(
    owner_type: str, owner_id: int, photos: Sequence[ReadyPhoto], created_by_id: int | None
) -> list[str]:
    """Add photos to a record, within the caller's transaction; returns their ids.

    Files are written first, so that there is never a row without its file. If the transaction then fails, they are erased;
    if nobody knows whether it failed, they stay, and ``purge_orphans`` finds them should they belong to nothing.

    Raises:
        Invalid: the record would have more than three.
        RuntimeError: called outside ``transaction()``.
    """
    require_transaction()
    if not photos:
        return []
    mine = sa.and_(Photo.owner_type == owner_type, Photo.owner_id == owner_id)
    there = db.session.scalar(sa.select(sa.func.count()).select_from(Photo).where(mine)) or 0
    if there + len(photos) > MAX_PHOTOS:
        raise _invalid(f"最多上传 {MAX_PHOTOS} 张照片。")
    return [
        _add(owner_type, owner_id, position, photo, created_by_id)
        for position, photo in enumerate(photos, start=there)
    ]


def _add(owner_type: str, owner_id: int, position: int, photo: ReadyPhoto, created_by_id: int | None) -> str:
    photo_id = uuid.uuid4().hex
    if_undone(partial(_store().erase, photo_id))
    _store().write(photo_id, photo)
    db.session.add(
        Photo(
            id=photo_id,
            owner_type=owner_type,
            owner_id=owner_id,
            position=position,
            width=photo.width,
            height=photo.height,
            bytes=len(photo.image),
            sha256=photo.sha256,
            created_by_id=created_by_id,
            created_at=clock.now(),
        )
    )
    return photo_id


HELD = "held"  # the owner of photos whose form has to come back; they belong to no record yet
HELD_FOR = timedelta(days=1)


def hold(photos: Sequence[ReadyPhoto], person_id: int | None) -> list[str]:
    """Keep photos whose form has to come back, for a day; returns ids that only its sender knows."""
    with transaction():
        return [_add(HELD, 0, position, photo, person_id) for position, photo in enumerate(photos)]


def held(photo_ids: Sequence[str], person_id: int | None) -> list[ReadyPhoto]:
    """Photos that ``hold`` kept for this person (None: for somebody without a login). Those that are gone are left out."""
    if not photo_ids:
        return []
    mine = (Photo.owner_type == HELD, Photo.created_by_id == person_id, Photo.discarded_at.is_(None))
    found = db.session.scalars(sa.select(Photo).where(Photo.id.in_(photo_ids[:MAX_PHOTOS]), *mine)).all()
    return [_read(photo) for photo in sorted(found, key=lambda photo: photo_ids.index(photo.id))]


def _read(photo: Photo) -> ReadyPhoto:
    with open_photo(photo.id) as full, open_photo(photo.id, thumb=True) as thumb:
        return ReadyPhoto(full.read(), thumb.read(), photo.width, photo.height, photo.sha256)


def discard(owner_type: str, owner_id: int) -> None:
    """Let go of a record's photos, within the caller's transaction: nobody sees them from now on; ``purge`` erases them.

    Raises:
        RuntimeError: called outside ``transaction()``.
    """
    require_transaction()
    mine = (Photo.owner_type == owner_type, Photo.owner_id == owner_id, Photo.discarded_at.is_(None))
    db.session.execute(sa.update(Photo).where(*mine).values(discarded_at=clock.now()))


def purge() -> int:
    """Erase the photos that were let go or held for a day in vain, files first; returns how many."""
    forgotten = sa.and_(Photo.owner_type == HELD, Photo.created_at < clock.now() - HELD_FOR)
    query = sa.select(Photo.id).where(sa.or_(Photo.discarded_at.is_not(None), forgotten))
    gone = db.session.scalars(query).all()
    for photo_id in gone:
        _store().erase(photo_id)
    with transaction():
        for photo_id in gone:
            db.session.execute(sa.delete(Photo).where(Photo.id == photo_id))
    return len(gone)


def purge_orphans() -> int:
    """Erase files over a day old that belong to no row; returns of how many photos.

    Each hour has one of the 256 folders, so that a call never takes long.
    """
    now = clock.now()
    found = 0
    for photo_ids in _store().names(int(now.timestamp()) // 3600 % 256, before=now - timedelta(days=1)):
        known = set(db.session.scalars(sa.select(Photo.id).where(Photo.id.in_(photo_ids))))
        for photo_id in photo_ids - known:
            _store().erase(photo_id)
            found += 1
    return found


_ROW = [Photo.__table__.columns[name] for name in PhotoRow._fields]


_SHOWN = HotQuery(
    PhotoRow,
    sa.select(*_ROW)
    .where(
        Photo.owner_type == sa.bindparam("owner_type"),
        Photo.owner_id == sa.bindparam("owner"),
        Photo.discarded_at.is_(None),
    )
    .order_by(Photo.position),
)


def photos_of(owner_type: str, owner_id: int) -> list[PhotoRow]:
    """The photos of a record, in order."""
    return _SHOWN.all(owner_type=owner_type, owner=owner_id)


def get_photo(photo_id: str) -> PhotoRow:
    """One photo, with the record it belongs to, so that the room can say who may see it.

    Raises:
        NotFound: there is no such photo.
    """
    query = sa.select(*_ROW).where(Photo.id == photo_id, Photo.discarded_at.is_(None))
    row = db.session.execute(query).one_or_none()
    if row is None:
        raise NotFound
    return PhotoRow(*row)


def open_photo(photo_id: str, *, thumb: bool = False) -> BinaryIO:
    """The JPEG file of a photo, or of its thumbnail; the caller closes it.

    Raises:
        NotFound: there is no such file.
    """
    return _store().open(photo_id, thumb=thumb)
