"""What comes in from outside: text is cleaned, numbers and dates have bounds.

Every text of a form, an address, a log-in, a table or a header of the outbox passes one of ``line``, ``lines``, ``name`` and
``code``; every number, id and date passes ``number``, ``day`` or ``moment``. None of them ever raises.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime

HIGHEST = 2**31 - 1  # what the databases hold in an integer, and so in an id
YEARS = range(1900, 2101)  # a date beyond them is a slip, and near the ends of the calendar arithmetic fails

# Characters of GBK and the older GB 18030 that systems still write into the private area, where Unicode has them now.
_GBK_FE50 = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋龴㖞㘚㘎⺌⺗㥮㤘龵㧏㧟㩳㧐龶龷㭎㱮㳠⺧𡗗龸⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱"
    "䎬⺻䏝䓖䙡䙌龹䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶龺𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮龻"
)
_ASSIGNED = {
    **dict(zip(range(0xE815, 0xE865), _GBK_FE50, strict=True)),
    **dict(zip(range(0xE78D, 0xE797), "︐︒︑︓︔︕︖︗︘︙", strict=True)),
    0xE7C7: "ḿ",
    0xE7C8: "ǹ",
}
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_SPACING = re.compile(r"[\t\n]+")
_UNWANTED = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control
    "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff"  # unseen; direction
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"  # letters and signs that are blank
    "\ud800-\udfff\ue000-\uf8ff\ufffe\uffff\U000f0000-\U0010ffff"  # halves, private, none
    "]"
)
_DOTS = str.maketrans(dict.fromkeys("•．・‧∙⋅･", "·"))
_HALF_WIDTH = str.maketrans({**{0xFEE0 + ascii_: chr(ascii_) for ascii_ in range(0x21, 0x7F)}, 0x3000: " "})
_WHOLE = re.compile(r"-?[0-9]{1,10}")


def lines(text: str | None) -> str:
    """Text of many lines, without what nobody sees; empty if nothing of it can be seen."""
    text = text or ""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _LINE_ENDS.sub("\n", text.translate(_ASSIGNED))
    text = unicodedata.normalize("NFC", _UNWANTED.sub("", text)).strip()
    return text if any(unicodedata.category(char)[0] not in "MZC" for char in text) else ""


def line(text: str | None) -> str:
    """The same on one line."""
    return _SPACING.sub(" ", lines(text))


def name(text: str | None) -> str:
    """A name: whichever of the many dots somebody's keyboard had, it is the same ``·``."""
    return line(text).translate(_DOTS)


def code(text: str | None) -> str:
    """A phone number, number, date, code or user name: in half-width letters and digits."""
    return line(line(text).translate(_HALF_WIDTH))


def seen_whole(text: str) -> bool:
    """Whether nothing of ``text`` is hidden or controls how it is shown."""
    return not _UNWANTED.search(text) and not _LINE_ENDS.search(text) and not _SPACING.search(text)


def storable(text: str) -> bool:
    """Whether a database takes ``text``: PostgreSQL has no zero byte, and half a character is none."""
    return not re.search("[\0\ud800-\udfff]", text)


def number(text: str | None, least: int = 1, most: int = HIGHEST) -> int | None:
    """A whole number, by default an id; None if it is none or out of bounds."""
    written = code(text)
    value = int(written) if _WHOLE.fullmatch(written) else None
    return value if value is not None and least <= value <= most else None


def day(text: str | None) -> date | None:
    """A date such as 2026-11-28; None if it is none or far away."""
    try:
        found = date.fromisoformat(code(text))
    except ValueError:
        return None
    return found if found.year in YEARS else None


def moment(text: str | None) -> datetime | None:
    """A moment with its offset from UTC; None if it is none or far away."""
    try:
        found = datetime.fromisoformat(code(text))
    except ValueError:
        return None
    return found if found.tzinfo and found.year in YEARS else None
