"""Where a branch, a committee or a company may be entered."""

from __future__ import annotations

from webapp.directory.models import Unit
from webapp.directory.permissions import check_in_use
from webapp.directory.posts import LEVEL_NAMES, Level
from webapp.foundation.errors import Conflict


def check_grid(unit: Unit) -> None:
    """Refuse anywhere but at a grid.

    Raises:
        Conflict: the unit is no grid, or was taken out of use.
    """
    if unit.level != Level.GRID:
        raise Conflict(f"这是{LEVEL_NAMES[Level(unit.level)]}，党支部、业委会和物业企业登记在网格。")
    check_in_use(unit)
