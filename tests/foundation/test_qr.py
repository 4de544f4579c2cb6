from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
import segno

from webapp.foundation.qr import QUIET_ZONE, qr_svg, qr_terminal

TEXT = "https://desk.example/r/K7QM4F?a=1&b=2"


def dark_modules(svg: str) -> set[tuple[int, int]]:
    paths = ET.fromstring(svg).findall("path")
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", paths[1].attrib["d"])
    return {(int(x) + n, int(y)) for x, y, length in runs for n in range(int(length))}


def test_the_svg_draws_the_modules_of_the_code() -> None:
    matrix = segno.make(TEXT, error="m", micro=False).matrix
    expected = {
        (x, y) for y, row in enumerate(matrix, QUIET_ZONE) for x, dark in enumerate(row, QUIET_ZONE) if dark
    }
    assert dark_modules(qr_svg(TEXT)) == expected


def test_the_svg_passes_the_content_security_policy_and_is_black_on_white() -> None:
    svg = qr_svg(TEXT, scale=3)
    assert "style" not in svg
    assert "script" not in svg
    root = ET.fromstring(svg)
    assert root.attrib["class"] == "qr"
    side = root.attrib["viewBox"].split()[2]
    assert root.attrib["width"] == root.attrib["height"] == str(int(side) * 3)
    assert [path.attrib["fill"] for path in root] == ["#fff", "#000"]


def test_chinese_and_long_texts_fit_up_to_the_limit() -> None:
    assert qr_svg("流动办公桌")
    with pytest.raises(ValueError, match="large"):
        qr_svg("x" * 5000)


def test_the_console_gets_a_small_square() -> None:
    lines = qr_terminal("http://192.168.1.20:8000/").splitlines()
    assert len(lines) <= 20
    assert len({len(line) for line in lines if line}) == 1
    assert "\x1b" not in "".join(lines)
