"""Property companies that were removed in the past year (2024: 16), after the yearly appraisal."""

from __future__ import annotations

from webapp.demo.timeline import Stage, Story
from webapp.directory.models import Unit
from webapp.networks.companies.service import remove_company


def tell(stage: Stage) -> None:
    """Each goes on some working day."""
    rng = stage.rng("companies")

    def goes(company: Unit) -> Story:
        remove_company(stage.made.admin, company.code, "经综合评价，由主管部门清退")
        yield from ()

    for company, day in zip(stage.made.leaving, stage.some_days(rng, len(stage.made.leaving)), strict=True):
        stage.timeline.begin(stage.moment(rng, stage.last_workday(day)), goes(company))
