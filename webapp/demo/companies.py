"""Property companies that were removed in the past year (2024: 16), after the yearly appraisal."""

from __future__ import annotations

from webapp.demo.timeline import Stage, Story
from webapp.directory.models import Unit
from webapp.directory.units.service import retire_unit


def tell(stage: Stage) -> None:
    """Each goes on some working day."""
    rng = stage.rng("companies")

    def goes(company: Unit) -> Story:
        retire_unit(stage.made.admin, company.code)
        yield from ()

    for company, day in zip(stage.made.leaving, stage.some_days(rng, len(stage.made.leaving)), strict=True):
        stage.timeline.begin(stage.moment(rng, stage.last_workday(day)), goes(company))
