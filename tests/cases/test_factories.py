from __future__ import annotations

import pytest

from tests.cases.factories import case_at
from tests.support.world import World
from webapp.cases import public, queries
from webapp.cases.states import CaseState
from webapp.directory.posts import LADDER


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("level", LADDER)
def test_every_state_can_be_reached_at_every_level(world: World, level: str) -> None:
    for state in CaseState:
        case = case_at(world, state, level)
        page = queries.case_page(world.actor("community_secretary"), case)
        assert page.timeline[0].action == "register"
        assert public.public_view(case.tracking_code).number == case.number
