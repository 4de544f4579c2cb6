"""Stations that one may see."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.scope import paths_above, within
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import NotFound
from webapp.foundation.paging import PAGE_SIZE, Page, keyset
from webapp.stations.models import Station


def _stations(actor: Actor) -> sa.ColumnElement[bool]:
    """In scope, or of a unit above: a grid's people send residents to the community's centre, too."""
    above = sa.select(Unit.id).where(Unit.path.in_(paths_above(actor.unit_path)))
    return sa.or_(within(actor, Station), Station.unit_id.in_(above))


def stations(actor: Actor, cursor: str = "", size: int = PAGE_SIZE) -> Page[sa.Row[str, str, str, str, str]]:
    """Stations for the actor, by code."""
    query = (
        sa.select(Station.code, Station.name, Station.kind, Station.address, Unit.short_name.label("unit"))
        .join(Unit, Unit.id == Station.unit_id)
        .where(_stations(actor), Station.retired_on.is_(None))
    )
    return keyset(query, [Station.code], cursor, size, ascending=True)


def station_for(actor: Actor, code: str) -> Station:
    """A station with its unit.

    Raises:
        NotFound: there is none, or it lies elsewhere.
    """
    query = (
        sa.select(Station)
        .options(sa.orm.joinedload(Station.unit))
        .where(Station.code == code, _stations(actor))
    )
    station = db.session.scalars(query).first()
    if station is None:
        raise NotFound
    return station


def stations_at(unit_id: int) -> Sequence[sa.Row[str, str, str, str]]:
    """The stations of a unit itself, by code."""
    query = sa.select(Station.code, Station.name, Station.kind, Station.address)
    here = query.where(Station.unit_id == unit_id, Station.retired_on.is_(None))
    return db.session.execute(here.order_by(Station.code)).all()
