"""收集: registering a matter, by whoever hears of it first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from webapp.cases import terms
from webapp.cases.categories import all_categories
from webapp.cases.models import Case
from webapp.cases.permissions import Voice, Who
from webapp.cases.service.turn import add_event, code_hash, one_of, required, tell
from webapp.cases.states import CaseState, Confidentiality, Phase, Source
from webapp.cases.workflow import CASE_FLOW
from webapp.directory.models import Unit
from webapp.directory.posts import LADDER, Level, Permission
from webapp.directory.scope import covers, place_of
from webapp.extensions import db
from webapp.foundation import clock, codes, photos
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Invalid, NotFound, Refused
from webapp.foundation.photos import ReadyPhoto
from webapp.foundation.private import keyed_hash, normalise_phone, valid_phone
from webapp.stations.models import Station

LONGEST_TITLE = 40
_SENTENCE_END = re.compile(r"[。！？!?；;\n]")


@dataclass(frozen=True)
class Registered:
    """What the resident gets: the case number to quote on the phone and the tracking code."""

    number: str
    tracking_code: str


@dataclass(frozen=True)
class _Matter:
    """What was reported, before it becomes a case."""

    category: str
    what: str
    place: Unit
    owner: Unit
    source: str
    title: str = ""
    place_text: str = ""
    confidentiality: str = Confidentiality.NORMAL
    against_unit_id: int | None = None
    urgent: bool = False
    key_small_matter: bool = False
    name: str = ""
    phone: str = ""
    door: str = ""
    phone_field: str = "reporter_phone"
    photos: Sequence[ReadyPhoto] = field(default=())


def register(
    actor: Actor,
    *,
    category: str,
    unit_id: int,
    what: str,
    title: str = "",
    place_text: str = "",
    source: str = Source.VISIT,
    confidentiality: str = Confidentiality.NORMAL,
    against_unit_id: int | None = None,
    urgent: bool = False,
    key_small_matter: bool = False,
    reporter_name: str = "",
    reporter_phone: str = "",
    reporter_door: str = "",
    photos: Sequence[ReadyPhoto] = (),
) -> Case:
    """Register a matter for a resident. The unit that hears it first owns it (首接负责).

    ``unit_id`` is the place it is about, within the actor's unit. ``case.tracking_code`` is for the resident's slip.

    Raises:
        Refused: the post does not register cases. Invalid: the input is wrong.
    """
    if not actor.can(Permission.CASE_REGISTER) or actor.unit_level not in LADDER:
        raise Refused("您的职务不能登记诉求。")
    with transaction() as session:
        place = session.get(Unit, unit_id)
        if place is None or place.level not in LADDER or place.retired_on or not covers(actor, place.path):
            raise Invalid("请选择您范围内的地点。", "unit_id")
        matter = _Matter(
            category,
            what,
            place,
            session.get_one(Unit, actor.unit_id),
            one_of(source, Source, "source", "请选择来源。"),
            title,
            place_text,
            confidentiality,
            against_unit_id,
            urgent,
            key_small_matter,
            reporter_name,
            reporter_phone,
            reporter_door,
            photos=photos,
        )
        return _write(actor, matter)


def register_by_resident(
    station_code: str,
    *,
    category: str,
    what: str,
    place_text: str = "",
    confidentiality: str = Confidentiality.NORMAL,
    urgent: bool = False,
    against_unit_id: int | None = None,
    name: str = "",
    phone: str = "",
    door: str = "",
    photos: Sequence[ReadyPhoto] = (),
) -> Registered:
    """A resident reports by a station's QR code, without a login; the station's unit owns the case.

    Raises:
        NotFound: no such station. Invalid: the input is wrong.
    """
    with transaction() as session:
        station = session.scalars(
            sa.select(Station).where(
                Station.code == codes.normalise_code(station_code), Station.retired_on.is_(None)
            )
        ).one_or_none()
        if station is None:
            raise NotFound("没有找到这个站点。请检查二维码或代码。")
        unit = session.get_one(Unit, station.unit_id)
        case = _write(
            Voice.RESIDENT,
            _Matter(
                category,
                what,
                unit,
                unit,
                Source.RESIDENT_QR,
                place_text=place_text,
                confidentiality=confidentiality,
                against_unit_id=against_unit_id,
                urgent=urgent,
                name=name,
                phone=phone,
                door=door,
                phone_field="phone",
                photos=photos,
            ),
        )
        return Registered(case.number, case.tracking_code)


def _write(who: Who, matter: _Matter) -> Case:
    now = clock.now()
    actor = who if isinstance(who, Actor) else None
    if matter.category not in all_categories():
        raise Invalid("请选择类别。", "category")
    what = required(matter.what, "what", "请写明是什么事。")
    one_of(matter.confidentiality, Confidentiality, "confidentiality", "请选择保密方式。")
    owner = _owner(actor, matter)
    code = codes.tracking_code()
    case = Case(
        number=codes.monthly_number("case", clock.local(now).date()),
        tracking_hash=code_hash(code),
        tracking_code=code,
        version=1,
        category=matter.category,
        title=_title(matter.title, what),
        what=what,
        place_text=matter.place_text.strip(),
        source=matter.source,
        confidentiality=matter.confidentiality,
        against_unit_id=_against(matter, owner),
        urgent=matter.urgent,
        key_small_matter=matter.key_small_matter,
        registered_by_id=actor.person_id if actor else None,
        registered_at=now,
        state=CaseState.REGISTERED,
        level=owner.level,
        owner_unit_id=owner.id,
        **place_of(matter.place),
        **_reporter(matter),
    )
    terms.start(case, Phase.ACCEPT, now)
    db.session.add(case)
    db.session.flush()
    photos.attach("case", case.id, matter.photos, actor.person_id if actor else None)
    event = add_event(who, case, "register", "", now, "", {"source": matter.source})
    tell(who, event, case, CASE_FLOW["register"])
    return case


def _title(title: str, what: str) -> str:
    title = title.strip() or _SENTENCE_END.split(what.strip(), maxsplit=1)[0].strip() or what.strip()
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"


def _reporter(matter: _Matter) -> dict[str, str | None]:
    """The reporter's columns; nothing is stored about an anonymous reporter, whatever was typed."""
    if matter.confidentiality == Confidentiality.ANONYMOUS:
        return {}
    phone = normalise_phone(matter.phone.strip()) if matter.phone.strip() else ""
    if phone and not valid_phone(phone):
        raise Invalid("电话号码不对，请检查。座机请带区号。", matter.phone_field)
    return {
        "reporter_name": matter.name.strip() or None,
        "reporter_phone": phone or None,
        "reporter_door": matter.door.strip() or None,
        "reporter_phone_hash": keyed_hash(phone) if phone else None,
    }


def _owner(actor: Actor | None, matter: _Matter) -> Unit:
    """The first unit leads; reports (举报) go past grid and building to those who keep them, never to the side reported."""
    if matter.confidentiality != Confidentiality.REPORT:
        return matter.owner
    place, against = matter.place, matter.against_unit_id
    street = place.id if place.level == Level.STREET else place.street_id
    community = place.id if place.level == Level.COMMUNITY else place.community_id
    if against == street:
        raise Invalid("反映街道的问题，请拨打12345或向区里反映，这里不登记。", "against_unit_id")
    if actor is not None and against == actor.unit_id:
        raise Invalid("不能由被反映的单位登记。请诉求人扫码提交，或请上级登记。", "against_unit_id")
    if community is None or against == community or matter.owner.level == Level.STREET:
        community = street
    assert community is not None, "every place on the ladder lies in a street"
    return db.session.get_one(Unit, community)


def _against(matter: _Matter, owner: Unit) -> int | None:
    if matter.confidentiality != Confidentiality.REPORT:
        return None
    against = db.session.get(Unit, matter.against_unit_id) if matter.against_unit_id else None
    if matter.against_unit_id and (against is None or against.level == Level.DISTRICT):
        raise Invalid("请选择被反映的单位。", "against_unit_id")
    return against.id if against else None
