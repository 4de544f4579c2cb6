from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
import segno

from webapp.foundation.qr import QUIET_ZONE, qr_svg, qr_terminal

TEXT = "https://desk.example/r/K7QM4F?a=1&b=2"


def dark_modules(svg: str) -> set[tuple[int, int]]:
    """The modules that the black line covers: it runs along the middle of each row, with relative moves."""
    line = ET.fromstring(svg).findall("path")[1].attrib["d"]
    found, x, y = set(), 0.0, -0.5
    for command, numbers in re.findall(r"([Mmh])([^Mmh]+)", line):
        values = [float(number) for number in re.findall(r"-?[0-9.]+", numbers)]
        if command == "h":
            found |= {(int(x) + n, int(y)) for n in range(int(values[0]))}
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    return found


def test_the_svg_draws_the_modules_of_the_code() -> None:
    matrix = segno.make(TEXT, error="m", micro=False).matrix
    expected = {
        (x, y) for y, row in enumerate(matrix, QUIET_ZONE) for x, dark in enumerate(row, QUIET_ZONE) if dark
    }
    assert dark_modules(qr_svg(TEXT)) == expected


def test_the_svg_passes_the_content_security_policy_and_is_black_on_white() -> None:
    svg = qr_svg(TEXT)
    assert "style" not in svg
    assert "script" not in svg
    root = ET.fromstring(svg)
    assert root.findtext("title") == "二维码"
    assert "width" not in root.attrib
    ground, line = root.findall("path")
    assert (ground.attrib["fill"], line.attrib["stroke"]) == ("#fff", "#000")


def test_chinese_and_long_texts_fit_up_to_the_limit() -> None:
    assert qr_svg("流动办公桌")
    with pytest.raises(ValueError, match="large"):
        qr_svg("x" * 5000)


def test_the_console_gets_a_small_square() -> None:
    lines = qr_terminal("http://192.168.1.20:8000/").splitlines()
    assert len(lines) <= 20
    assert len({len(line) for line in lines if line}) == 1
    assert "\x1b" not in "".join(lines)
