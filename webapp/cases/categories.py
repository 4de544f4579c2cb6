"""The district's own list of case categories, cached for a minute."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from webapp.cases.models import CaseCategory
from webapp.extensions import db
from webapp.foundation import clock, periods
from webapp.foundation.kept import Kept


class Category(NamedTuple):
    """One category; ``retired_on`` is the first day on which it can no longer be chosen."""

    key: str
    name: str
    group: str
    reopen_allowed: bool
    retired_on: date | None


@Kept
def all_categories() -> dict[str, Category]:
    """Every category, past and present, by key, in the list's order."""
    columns = [getattr(CaseCategory, name) for name in Category._fields]
    found = db.session.execute(sa.select(*columns).order_by(CaseCategory.position))
    return {row.key: Category(*row) for row in found}


def categories() -> list[Category]:
    """The categories in use, in their order."""
    today = clock.today()
    return [row for row in all_categories().values() if periods.counts(row.retired_on, today)]
