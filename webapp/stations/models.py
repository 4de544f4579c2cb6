"""The table of stations."""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.directory.models import Placed, Unit, one_of
from webapp.directory.posts import Level
from webapp.extensions import db
from webapp.foundation.db import Code

STATION_KINDS = {
    "service_center": "社区党群服务中心",
    "service_station": "网格党群服务站",
    "opinion_collection_point": "民情收集站",
    "reception_center": "民情接待处置中心",
}
# Where residents are received.
STATION_LEVELS = (Level.COMMUNITY, Level.GRID)


class Station(Placed, db.Model):
    """A place where residents are received: 党群服务中心, 党群服务站 and the like. Its code stands on the resident's QR."""

    __tablename__ = "stations"
    KINDS = ("service_center", "service_station", "opinion_collection_point", "reception_center")
    __table_args__ = (
        one_of("kind", KINDS),
        sa.Index("ix_stations_community", "community_id"),
        sa.Index("ix_stations_grid", "grid_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Code, unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    unit_id: Mapped[int] = mapped_column(sa.ForeignKey("units.id"))
    address: Mapped[str] = mapped_column(default="")
    hours: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    retired_on: Mapped[date | None]
    unit: Mapped[Unit] = relationship(foreign_keys=[unit_id], lazy="raise_on_sql")
