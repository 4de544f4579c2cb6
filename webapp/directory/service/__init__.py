"""Changes to the register: units, people, appointments. All need DIRECTORY_MANAGE."""

from __future__ import annotations

from webapp.directory.service.checks import check_can_manage, check_in_use, locked_unit, unit_in_use
from webapp.directory.service.people import (
    PersonFacts,
    appoint,
    change_person,
    create_person,
    end_appointment,
    read_phone,
)
from webapp.directory.service.units import UnitFacts, change_unit, create_unit, retire_unit

__all__ = [
    "PersonFacts",
    "UnitFacts",
    "appoint",
    "change_person",
    "change_unit",
    "check_can_manage",
    "check_in_use",
    "create_person",
    "create_unit",
    "end_appointment",
    "locked_unit",
    "read_phone",
    "retire_unit",
    "unit_in_use",
]
