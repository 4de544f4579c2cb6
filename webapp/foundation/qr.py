"""QR codes: as SVG inside a page, and for the console."""

from __future__ import annotations

import io

from markupsafe import Markup

QUIET_ZONE = 4  # modules of white around the code, as ISO/IEC 18004 asks
TERMINAL_QUIET_ZONE = 2  # enough for a phone's camera, and it fits beside the text


def qr_svg(text: str) -> Markup:
    """``text`` as an inline SVG that CSS sizes; black on its own white ground, so that it can be read in dark mode too.

    Raises:
        ValueError: ``text`` is longer than a QR code can hold.
    """
    import segno  # 50 ms to import, and few pages show a code

    code = segno.make(text, error="m", micro=False)
    svg = code.svg_inline(
        border=QUIET_ZONE, svgclass="qr", lineclass=None, title="二维码", light="#fff", omitsize=True
    )
    return Markup(svg)  # noqa: S704 - segno draws it; nothing of the text is in it


def qr_terminal(text: str) -> str:
    """``text`` as lines of block characters, two modules a character high, for a console with a dark ground."""
    import segno

    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, border=TERMINAL_QUIET_ZONE, compact=True)
    return out.getvalue()
