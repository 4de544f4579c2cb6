"""Addresses in the demo district that need no login, for visitors to try."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.accounts.models import Account
from webapp.cases.models import Case
from webapp.cases.states import CaseState, Source
from webapp.directory.models import Appointment
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.stations.models import Station


def links() -> list[tuple[str, str]]:
    """Paths with what they show: where a resident reports to the demo's grid, and a case that waits for its verdict."""
    unit_id = db.session.scalar(
        sa.select(Appointment.unit_id)
        .join(Account, Account.person_id == Appointment.person_id)
        .where(Account.is_demo, Appointment.post == Post.GRID_WORKER)
    )
    found = []
    station = sa.select(Station.code).where(Station.unit_id == unit_id, Station.retired_on.is_(None))
    if code := db.session.scalar(station.limit(1)):
        found.append((f"/r/{code}", "居民扫码反映问题"))
    mine = (Case.grid_id == unit_id, Case.state == CaseState.CALLBACK, Case.source == Source.RESIDENT_QR)
    if code := db.session.scalar(
        sa.select(Case.tracking_code).where(*mine).order_by(Case.id.desc()).limit(1)
    ):
        found.append((f"/t/{code}", "居民凭查询码看进度、评议"))
    return found
