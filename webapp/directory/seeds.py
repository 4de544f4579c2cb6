"""The real divisions of 相山区, as a new database begins with them."""

from __future__ import annotations

import csv
from pathlib import Path

from webapp.directory.models import Appointment, Person, Unit
from webapp.directory.posts import Level, Post
from webapp.foundation import clock, journal
from webapp.foundation.db import transaction

# Statistical codes of 2023; its source is named in NOTICE.
DIVISIONS = Path(__file__).parent / "data" / "xiangshan_divisions.csv"
SHORTER = (("社区居民委员会", "社区"), ("村村民委员会", "村"), ("村民委员会", "村"), ("管理委员会", ""))


def short_name(name: str) -> str:
    """A name as people say it: 春秋社区 for 春秋社区居民委员会."""
    for long, short in SHORTER:
        if name.endswith(long):
            return (name.removesuffix(long) + short).replace("社区社区", "社区")
    return name


def load_divisions(streets: int | None = None) -> dict[str, Unit]:
    """Write district, streets and communities; returns them by code. ``streets`` limits how many streets (for tests)."""
    units: dict[str, Unit] = {}
    with DIVISIONS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    wanted = [row["code"] for row in rows if row["kind"] not in ("district", "community", "village")][
        :streets
    ]
    with transaction() as session:
        for row in rows:
            level = _level(row["kind"])
            if level == Level.STREET and row["code"] not in wanted:
                continue
            if level == Level.COMMUNITY and row["parent_code"] not in wanted:
                continue
            parent = units.get(row["parent_code"])
            unit = Unit(
                code=row["code"],
                level=level,
                name=row["name"],
                short_name=short_name(row["name"]),
                path=f"{parent.path if parent else ''}{row['code']}/",
                parent_id=parent.id if parent else None,
                street_id=parent.id if parent and level == Level.COMMUNITY else None,
            )
            session.add(unit)
            session.flush()
            units[unit.code] = unit
    return units


def _level(kind: str) -> Level:
    return {"district": Level.DISTRICT, "community": Level.COMMUNITY, "village": Level.COMMUNITY}.get(
        kind, Level.STREET
    )


def found_district(streets: int | None = None) -> int:
    """Write the divisions and the first administrator's appointment; returns that person's id.

    ``streets`` limits how many streets there are, for a small district to try things on.
    """
    with transaction() as session:
        units = load_divisions(streets)
        district = next(unit for unit in units.values() if unit.level == Level.DISTRICT)
        person = Person(name="区级管理员")
        session.add(person)
        session.flush()
        session.add(
            Appointment(
                person_id=person.id, post=Post.DISTRICT_ADMIN, unit_id=district.id, starts_on=clock.today()
            )
        )
        journal.record(None, "district:found", "unit", district.id)
        return person.id
