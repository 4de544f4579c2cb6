"""What is asked before a unit is taken out of use."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.directory.events import unit_retiring
from webapp.directory.models import Unit
from webapp.extensions import db
from webapp.foundation.errors import Conflict
from webapp.stations.models import Station


@unit_retiring.connect
def on_retiring(_: object, *, unit: Unit) -> None:
    """A unit with stations stays.

    Raises:
        Conflict: some of them are in use.
    """
    open_here = (
        sa.select(sa.func.count())
        .select_from(Station)
        .where(Station.unit_id == unit.id, Station.retired_on.is_(None))
    )
    if number := db.session.scalar(open_here):
        raise Conflict(f"这里还有{number}个服务站点，请先停用它们。")
