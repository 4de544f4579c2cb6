"""Changes to the register: people, appointments, seats, units, stations, bodies. All need DIRECTORY_MANAGE."""

from __future__ import annotations

from webapp.directory.service.bodies import (
    NO_COMPANY,
    CommitteeFacts,
    change_committee,
    change_company,
    form_committee,
)
from webapp.directory.service.checks import check_can_manage, check_grid, check_in_use
from webapp.directory.service.people import (
    PersonFacts,
    appoint,
    change_person,
    create_person,
    end_appointment,
    end_seat,
    read_phone,
    take_seat,
)
from webapp.directory.service.stations import (
    StationFacts,
    change_station,
    check_may_have_stations,
    open_station,
    retire_station,
)
from webapp.directory.service.units import UnitFacts, change_unit, create_unit, retire_unit

__all__ = [
    "NO_COMPANY",
    "CommitteeFacts",
    "PersonFacts",
    "StationFacts",
    "UnitFacts",
    "appoint",
    "change_committee",
    "change_company",
    "change_person",
    "change_station",
    "change_unit",
    "check_can_manage",
    "check_grid",
    "check_in_use",
    "check_may_have_stations",
    "create_person",
    "create_unit",
    "end_appointment",
    "end_seat",
    "form_committee",
    "open_station",
    "read_phone",
    "retire_station",
    "retire_unit",
    "take_seat",
]
