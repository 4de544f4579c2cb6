"""Decodes a photo and makes it small and harmless; run in a limited process by ``photos.accept``.

Imports nothing of the app, and Pillow only where it runs.
"""

from __future__ import annotations

import io
import json
import re
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 52_000_000  # the 50-megapixel mode of common phones (8192 × 6144) still passes
MAX_SIDE = 16_384
# Each scan of a progressive JPEG costs a pass over the whole picture: 10 ms at that size. Cameras and editors write ten.
MAX_SCANS = 64
# Only the first picture of a file is decoded. A motion photo has a few more, a moving sticker some dozens.
MAX_FRAMES = 200
SIDE = 1280
THUMB_SIDE = 240
QUALITY = 72
SMOOTH = frozenset({"L", "RGB", "RGBA", "CMYK"})
FORMATS = ("JPEG", "PNG", "WEBP")

TOO_LARGE = "照片的尺寸太大，请用普通像素拍摄后再上传。"
TOO_COSTLY = "这张照片的格式太复杂，读不出来。请重拍一张，或发送截图。"
NO_PHOTO = "这个文件不是照片。请上传 JPG、PNG 或 WebP 格式的照片。"
DAMAGED = "照片文件已损坏或没有传完，请重新选择或重拍一张。"
# What decoders raise at hostile or broken bytes.
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)
# A marker with a length behind it; those without one are fill bytes, TEM, RST and escaped 0xFF in the data of a scan.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_START_OF_SCAN, _END = b"\xda", b"\xd9"


class _Refused(Exception):
    """The message says why, in Chinese."""


def shrink(data: bytes) -> bytes:
    """Make a photo small: upright, at most 1280 pixels a side, JPEG, no metadata (no GPS); and a thumbnail of it.

    Returns:
        A line of JSON with ``width``, ``height`` and ``length``, then the photo of that length, then the thumbnail. Or
        the line alone, with the reason under ``refused``.
    """
    try:
        image = _decode(data)
    except _Refused as refused:
        return json.dumps({"refused": str(refused)}).encode() + b"\n"
    full = _jpeg(image)
    width, height = image.size
    image.thumbnail((THUMB_SIDE, THUMB_SIDE))
    return (
        json.dumps({"width": width, "height": height, "length": len(full)}).encode()
        + b"\n"
        + full
        + _jpeg(image)
    )


def scans(data: bytes) -> int:
    """How many scans the first picture of a JPEG file has; more than ``MAX_SCANS`` are not counted to the end."""
    at, found = 2, 0
    while found <= MAX_SCANS and (marker := _MARKER.search(data, at)) and marker[1] != _END:
        found += marker[1] == _START_OF_SCAN
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return found


def _decode(data: bytes) -> Image.Image:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            # The header alone was read so far; a bomb is refused before it is unpacked.
            if opened.width * opened.height > MAX_PIXELS or max(opened.size) > MAX_SIDE:
                raise _Refused(TOO_LARGE)
            if getattr(opened, "n_frames", 1) > MAX_FRAMES or (
                opened.format == "JPEG" and scans(data) > MAX_SCANS
            ):
                raise _Refused(TOO_COSTLY)
            opened.draft("RGB", (SIDE, SIDE))  # lets JPEG unpack at a fraction of its size
            # Palettes can't be made smaller smoothly.
            image = opened if opened.mode in SMOOTH else opened.convert("RGBA")
            image.thumbnail((SIDE, SIDE))
            # Painted on a new canvas: nothing but pixels comes along.
            layer = ImageOps.exif_transpose(image).convert("RGBA")
            canvas = Image.new("RGB", layer.size, "white")
            canvas.paste(layer, mask=layer)
            return canvas
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _Refused(TOO_LARGE) from None
    except UnidentifiedImageError:
        raise _Refused(NO_PHOTO) from None
    except BROKEN:
        raise _Refused(DAMAGED) from None


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return out.getvalue()
