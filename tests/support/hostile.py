"""Files that are small, well-formed and made to cost as much as possible."""

from __future__ import annotations

import io
import zipfile
from functools import cache

import xlsxwriter
from PIL import Image


@cache
def many_scans(scans: int, width: int = 8192, height: int = 6144) -> bytes:
    """A progressive JPEG that goes over the whole picture again and again."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 150)).save(out, "JPEG", quality=72, progressive=True)
    data = out.getvalue()
    # The last scan, from its marker to the end of the picture, with the table of codes before it.
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * scans + data[end:]


@cache
def shared_strings(megabytes: int) -> bytes:
    """An Excel file of some hundred kilobytes that unpacks to so many megabytes."""
    plain, out = io.BytesIO(), io.BytesIO()
    with xlsxwriter.Workbook(plain) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "电话"])
        sheet.write_row(1, 0, ["张三", "13900000000"])
    string = b"<si><t>" + b"a" * 1000 + b"</t></si>"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/sharedStrings.xml":
                content = content.replace(
                    b"</sst>", string * (megabytes * 1_000_000 // len(string)) + b"</sst>"
                )
            target.writestr(name, content)
    return out.getvalue()


@cache
def large_webp() -> bytes:
    """The most pixels that are accepted, in the format that takes the most memory."""
    out = io.BytesIO()
    Image.new("RGB", (8192, 6144), (90, 120, 150)).save(out, "WEBP")
    return out.getvalue()
