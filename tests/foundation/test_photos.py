from __future__ import annotations

import io
import stat
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image, PngImagePlugin

from tests.support.hostile import many_scans
from webapp.foundation import photos
from webapp.foundation.db import transaction
from webapp.foundation.errors import Invalid, NotFound
from webapp.foundation.photo_decoder import MAX_FRAMES, MAX_SCANS, scans
from webapp.foundation.photos import (
    MAX_BYTES,
    MAX_PHOTOS,
    accept,
    attach,
    get_photo,
    open_photo,
    photos_of,
)

ORIENTATION, GPS = 0x0112, 0x8825
RED, BLUE = (200, 30, 30), (30, 30, 200)


def picture(width: int, height: int, kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), BLUE)
    image.paste(RED, (0, 0, width // 2, height))
    out = io.BytesIO()
    image.convert(mode).save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def looks(pixel: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 20 for a, b in zip(pixel, colour, strict=True))


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims to be large and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def sticker(frames: int) -> bytes:
    """A picture that moves."""
    first, *more = (Image.new("RGB", (8, 8), (n % 256, 255 - n % 256, n * 30 % 256)) for n in range(frames))
    out = io.BytesIO()
    first.save(out, "WEBP", save_all=True, append_images=more)
    return out.getvalue()


def test_a_moving_picture_becomes_its_first_one() -> None:
    assert opened(accept(sticker(30)).image).size == (8, 8)


def test_a_progressive_photo_is_taken() -> None:
    sent = picture(800, 600, progressive=True)
    assert 8 <= scans(sent) <= 12
    assert accept(sent).width == 800


def test_each_scan_is_counted_and_nothing_else() -> None:
    assert scans(picture(80, 60)) == 1
    assert scans(many_scans(20, 80, 60)) == scans(many_scans(0, 80, 60)) + 20
    # Neither what a comment holds nor a second picture in the file.
    assert scans(picture(80, 60, comment=b"\xff\xda\x00\x02" * 100)) == 1
    assert scans(picture(80, 60) + b"\xff\xda" * 100) == 1


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_becomes_small_jpegs(kind: str) -> None:
    ready = accept(io.BytesIO(picture(3000, 1500, kind)))
    image, thumb = opened(ready.image), opened(ready.thumb)
    assert (image.format, thumb.format) == ("JPEG", "JPEG")
    assert image.size == (ready.width, ready.height) == (1280, 640)
    assert thumb.size == (240, 120)
    assert len(ready.sha256) == 64


def test_a_small_photo_is_not_blown_up() -> None:
    assert (accept(picture(100, 50)).width, accept(picture(100, 50)).height) == (100, 50)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("1", "PNG"),
        ("I;16", "PNG"),
        ("L", "JPEG"),
        ("CMYK", "JPEG"),
        ("P", "PNG"),
        ("RGBA", "PNG"),
        ("LA", "PNG"),
    ],
)
def test_other_colour_modes_are_read(mode: str, kind: str) -> None:
    assert opened(accept(picture(60, 40, kind, mode)).image).mode == "RGB"


def test_what_is_transparent_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(out, "PNG")
    assert looks(opened(accept(out.getvalue()).image).getpixel((10, 10)), (255, 255, 255))


def test_the_place_and_all_other_metadata_are_gone() -> None:
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(GPS).update({1: "N", 2: (33.0, 57.0, 12.0), 3: "E", 4: (116.0, 47.0, 30.0)})
    sent = picture(400, 300, exif=exif, comment=b"taken at home", dpi=(300, 300))
    assert opened(sent).getexif().get_ifd(GPS)
    ready = accept(sent)
    for content in (ready.image, ready.thumb):
        image = opened(content)
        assert not image.getexif()
        assert not {"exif", "comment", "xmp", "icc_profile", "photoshop"} & set(image.info)
        assert b"PhoneMaker" not in content
        assert b"taken at home" not in content


def test_text_inside_a_png_is_gone() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", "somebody")
    assert b"somebody" not in accept(picture(40, 40, "PNG", pnginfo=notes)).image


@pytest.mark.parametrize(("sent", "stored"), [((400, 200), (200, 400)), ((4000, 2000), (640, 1280))])
def test_a_photo_taken_upright_stays_upright(sent: tuple[int, int], stored: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # turn by 90 degrees clockwise: the left half comes to lie on top
    ready = accept(picture(*sent, exif=exif))
    image = opened(ready.image)
    width, height = stored
    assert image.size == (ready.width, ready.height) == stored
    assert looks(image.getpixel((width // 2, height // 8)), RED)
    assert looks(image.getpixel((width // 2, height * 7 // 8)), BLUE)
    assert opened(ready.thumb).size == (120, 240)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "不是照片"),
        (b"just some text, called photo.jpg", "不是照片"),
        (b"%PDF-1.7\n", "不是照片"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "不是照片"),
        (picture(20, 20, "GIF"), "不是照片"),
        (picture(20, 20, "BMP"), "不是照片"),
        (picture(20, 20, "TIFF"), "不是照片"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "HEIC"),
        (bytes(MAX_BYTES + 1), "10 MB"),
        (picture(800, 600)[:3000], "损坏"),
        (picture(800, 600, "PNG")[:-200], "损坏"),
        (picture(800, 600, "WEBP")[:200], "损坏"),
        (png_header(40_000, 40_000), "尺寸太大"),
        (png_header(12_000, 12_000), "尺寸太大"),
        (png_header(9_000, 9_000), "尺寸太大"),
        (png_header(20_000, 1), "尺寸太大"),
        (png_header(3_000, 3_000), "损坏"),
        (many_scans(MAX_SCANS, 400, 300), "太复杂"),
        (sticker(MAX_FRAMES + 1), "太复杂"),
    ],
)
def test_what_is_no_photo_is_refused_in_words(content: bytes, message: str) -> None:
    with pytest.raises(Invalid, match=message) as refused:
        accept(content)
    assert refused.value.field == "photos"


@pytest.fixture
def folder(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(app.extensions, "photos", photos.PhotoStore(tmp_path))
    return tmp_path


def test_photos_are_found_again_in_order(app: Flask, folder: Path) -> None:
    first, second = accept(picture(100, 50)), accept(picture(50, 100))
    with transaction():
        ids = attach("visit", 7, [first, second], 1)
        attach("visit", 8, [first], None)
        attach("case", 7, [second], 1)
    found = photos_of("visit", 7)
    assert [row.id for row in found] == ids
    assert [(row.width, row.height) for row in found] == [(100, 50), (50, 100)]
    assert len(photos_of("visit", 8)) == 1
    assert photos_of("visit", 9) == []
    assert (get_photo(ids[0]).owner_type, get_photo(ids[0]).owner_id) == ("visit", 7)
    with open_photo(ids[0]) as file:
        assert file.read() == first.image
    with open_photo(ids[0], thumb=True) as file:
        assert file.read() == first.thumb


def test_photos_are_for_the_owner_of_the_folder_alone(app: Flask, folder: Path) -> None:
    with transaction():
        attach("visit", 7, [accept(picture(100, 50))], 1)
    made = list(folder.rglob("*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_file()} == {0o600}


def test_there_is_a_limit_for_each_record(app: Flask, folder: Path) -> None:
    ready = accept(picture(100, 50))
    with transaction():
        attach("visit", 7, [ready] * (MAX_PHOTOS - 1), 1)
    with pytest.raises(Invalid, match="最多"), transaction():
        attach("visit", 7, [ready, ready], 1)
    with transaction():
        attach("visit", 7, [ready], 1)
    assert [row.position for row in photos_of("visit", 7)] == list(range(MAX_PHOTOS))


def _attach_and_fail() -> None:
    with transaction():
        attach("visit", 7, [accept(picture(100, 50))], 1)
        raise LookupError


def test_a_failed_change_leaves_neither_row_nor_file(app: Flask, folder: Path) -> None:
    with transaction():
        attach("visit", 8, [accept(picture(100, 50))], 1)
    with pytest.raises(LookupError):
        _attach_and_fail()
    assert photos_of("visit", 7) == []
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 2  # those of the visit before


def test_a_full_disk_fails_the_change(app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"), transaction():
        attach("visit", 7, [accept(picture(100, 50))], 1)
    assert photos_of("visit", 7) == []
    assert not [path for path in folder.rglob("*") if path.is_file()]


def test_photos_are_only_added_within_a_change(app: Flask, folder: Path) -> None:
    with pytest.raises(RuntimeError):
        attach("visit", 7, [], 1)


@pytest.mark.parametrize("photo_id", ["../../etc/passwd", "", "0" * 32, "..", "a/b"])
def test_ids_that_are_none_find_nothing(app: Flask, folder: Path, photo_id: str) -> None:
    with pytest.raises(NotFound):
        open_photo(photo_id)
    with pytest.raises(NotFound):
        get_photo(photo_id)
