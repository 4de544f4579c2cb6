"""Private data: encrypted columns, keyed hashes to find them again, masks for lists, and the scrubbing of free text."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import Flask, current_app
from sqlalchemy.sql import operators

HIDDEN = "***"


class Unreadable(RuntimeError):
    """Private data can't be decrypted: its key is not among those that the settings name."""


@dataclass(frozen=True)
class _Keys:
    cipher: MultiFernet
    hash_key: bytes


def init_app(app: Flask, keys: Sequence[str], hash_key: str) -> None:
    """Give ``app`` its keys.

    ``keys`` are Fernet keys: the first encrypts, each of them decrypts, so to change the key, put a new one in front.
    ``hash_key`` must never change, or nobody is found by phone or name any more.
    """
    app.extensions["private"] = _Keys(MultiFernet([Fernet(key) for key in keys]), hash_key.encode())


def _keys() -> _Keys:
    keys: _Keys = current_app.extensions["private"]
    return keys


class EncryptedText(sa.types.TypeDecorator[str]):
    """Text that the database holds encrypted. It can't be searched or sorted: store a ``keyed_hash`` beside it."""

    impl = sa.Text
    cache_ok = True

    class comparator_factory(sa.types.TypeDecorator.Comparator[str]):  # noqa: N801 - SQLAlchemy's name
        """Equal texts are encrypted differently, so a comparison would silently find nothing: refuse it."""

        def operate(self, op: operators.OperatorType, *other: Any, **kwargs: Any) -> sa.ColumnElement[Any]:
            if op not in (operators.is_, operators.is_not):
                raise TypeError("an encrypted column can only be compared with None, by is_() and is_not()")
            return super().operate(op, *other, **kwargs)

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else _keys().cipher.encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        try:
            return _keys().cipher.decrypt(value).decode()
        except InvalidToken as error:
            raise Unreadable("private data can't be decrypted: is its key among DATA_KEYS?") from error


def keyed_hash(value: str) -> str:
    """64 hex digits by which an encrypted phone or name is found again; equal for equal phones however written."""
    folded = normalise_phone(value) if valid_phone(value) else "".join(_plain(value).casefold().split())
    return hmac.new(_keys().hash_key, folded.encode(), hashlib.sha256).hexdigest()


# Phones

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(0(?:10|2[0-9]|[3-9][0-9]{2}))([2-8][0-9]{6,7})")
_SERVICE = re.compile(r"[48]00[0-9]{7}")
_SEPARATORS = re.compile(r"[\s\-‐‑–—()（）·.]+")


def _plain(text: str) -> str:
    """Full-width letters and digits in their usual form."""
    return unicodedata.normalize("NFKC", text)


def normalise_phone(text: str) -> str:
    """A phone number as it is stored: its digits, without spaces, dashes or the country code 86."""
    digits = _SEPARATORS.sub("", _plain(text))
    for prefix in ("+86", "0086", "86"):
        rest = digits.removeprefix(prefix)
        if rest != digits and (_MOBILE.fullmatch(rest) or _LANDLINE.fullmatch(rest)):
            return rest
    return digits


def valid_phone(text: str) -> bool:
    """Whether ``text`` is a mobile number, a landline with its area code, or a 400/800 number of mainland China."""
    number = normalise_phone(text)
    return any(kind.fullmatch(number) for kind in (_MOBILE, _LANDLINE, _SERVICE))


def mask_phone(text: str) -> str:
    """``138****5678``; a landline keeps area code and three digits: ``0561-****345``; anything else shows two digits."""
    if not text:
        return ""
    number = normalise_phone(text)
    if _MOBILE.fullmatch(number):
        return f"{number[:3]}****{number[-4:]}"
    if landline := _LANDLINE.fullmatch(number):
        return f"{landline[1]}-****{landline[2][-3:]}"
    return "****" + (number[-2:] if len(number) > 4 else "")


# Names

_COMPOUND_SURNAMES = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠
公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马 公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁
拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 东门 西门 第五 歐陽 諸葛 司馬 東方
"""
_MIDDLE_DOTS = "·•‧・．"


def mask_name(name: str) -> str:
    """The surname and a star for each further character: ``张**``, ``欧阳*``, ``阿**·***``; a lone one is hidden."""
    # A variation selector or an accent belongs to the character before it and is no character of its own.
    letters = [char for char in name.strip() if not unicodedata.category(char).startswith("M")]
    if len(letters) <= 1:
        return "*" * len(letters)
    dotted = any(char in _MIDDLE_DOTS for char in letters)
    compound = not dotted and len(letters) > 2 and "".join(letters[:2]) in _COMPOUND_SURNAMES.split()
    shown = 2 if compound else 1
    hidden = ("·" if char in _MIDDLE_DOTS else " " if char.isspace() else "*" for char in letters[shown:])
    return "".join(letters[:shown]) + "".join(hidden)


# Free text

_WIDTHS = str.maketrans("０１２３４５６７８９＋－＃Ｘｘ", "0123456789+-#Xx")
_GAP = r"[ \-]?"
_LONG_NUMBERS = re.compile(
    # ID numbers, in groups or not, and whatever else is that long (bank cards).
    rf"(?<![0-9])[0-9]{{6}}{_GAP}(?:18|19|20)[0-9]{{2}}{_GAP}[0-9]{{4}}{_GAP}[0-9]{{3}}[0-9Xx](?![0-9])"
    r"|(?<![0-9])[0-9]{15,19}[Xx]?(?![0-9])"
)
_PHONES = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)?86{_GAP})?1[3-9][0-9]{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}(?![0-9])"
    rf"|(?<![0-9])0(?:10|2[0-9]|[3-9][0-9]{{2}}){_GAP}[2-8][0-9]{{6,7}}(?![0-9])"
)

_NUMBER = "[0-9零〇一二三四五六七八九十百]"
_BUILDING = rf"(?:{_NUMBER}{{1,4}}|[A-Za-z][0-9]{{0,2}})\s?(?:号楼|栋|幢|座|楼|#楼?)"
_STAIRCASE = rf"(?:{_NUMBER}{{1,3}}|[A-Za-z甲乙丙丁东西中])\s?单元"
_STOREY = rf"{_NUMBER}{{1,3}}\s?[层楼]"
_DOORS = re.compile(
    # 3栋2单元, 3栋2单元501室, 2单元501
    rf"(?:{_BUILDING}\s?{_STAIRCASE}|{_STAIRCASE}(?=\s?{_NUMBER}{{2}}))"
    rf"\s?(?:{_STOREY}\s?)?(?:{_NUMBER}{{1,5}}(?![0-9])\s?(?:室|号房|号|户|房)?|[东西中]户)?"
    # 3栋501, but not 3栋120户
    rf"|{_BUILDING}\s?(?:{_STOREY}\s?)?[0-9]{{3,4}}(?![0-9])(?!\s?[年月日点户人块元米个多])(?:室|号房|号|房)?"
    # 501室, 五零一室
    rf"|(?<![0-9])(?:{_BUILDING}\s?)?(?:{_STOREY}\s?)?{_NUMBER}{{2,5}}\s?(?:室(?![内外])|号房)"
    # 3-2-501, 3#-2-501
    r"|(?<![0-9\-])[0-9]{1,3}#?[\-—–][0-9]{1,2}[\-—–][0-9]{3,4}(?![0-9\-])"
)


@lru_cache(maxsize=4096)  # the same titles stand on one list after the other
def scrub(text: str) -> str:
    """Free text for lists, exports and public pages: phones masked; ID, card and door numbers replaced by stars.

    A building alone stays, since a matter is about a place ("3栋楼道灯不亮"); what names one home goes. It is a net, not
    a proof: a person still reads what is published.
    """
    text = text.translate(_WIDTHS)
    text = _LONG_NUMBERS.sub(HIDDEN, text)
    text = _PHONES.sub(lambda match: mask_phone(match[0]), text)
    return _DOORS.sub(HIDDEN, text)
