"""What becomes of a company when its unit is set up, or is to be taken out of use."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.directory.events import unit_created, unit_retiring
from webapp.directory.models import Unit
from webapp.directory.posts import Level
from webapp.extensions import db
from webapp.foundation import clock, periods
from webapp.foundation.errors import Conflict
from webapp.networks.models import PropertyCompany, PropertyContract


@unit_created.connect
def on_unit(_: object, *, unit: Unit) -> None:
    """A new company may serve grids from now on; how the Party is present in it, is entered afterwards."""
    if unit.level == Level.COMPANY:
        db.session.add(PropertyCompany(unit_id=unit.id, party_coverage="none"))


@unit_retiring.connect
def on_retiring(_: object, *, unit: Unit) -> None:
    """A company that serves grids stays.

    Raises:
        Conflict: it serves some, now or later.
    """
    served = sa.select(sa.func.count(PropertyContract.grid_id.distinct())).where(
        PropertyContract.company_id == unit.id,
        periods.not_over(PropertyContract.ends_on, clock.today()),
    )
    if number := db.session.scalar(served):
        raise Conflict(f"它还服务着{number}个网格，请先在网格页面更换物业企业。")
