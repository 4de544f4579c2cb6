"""Who acts in a case: the owner's people, the handler, and those who check, call and file without having had a hand in it."""

from __future__ import annotations

import random
from collections.abc import Collection

from webapp.cases.permissions import unit_at
from webapp.cases.workflow import next_level
from webapp.demo import case_texts as texts
from webapp.demo.case_story import Story
from webapp.demo.history import Doer
from webapp.demo.places import District
from webapp.directory.posts import Level, Post

OWNERS = {
    Level.BUILDING: (Post.BUILDING_LEADER,),
    Level.GRID: (Post.GRID_WORKER, Post.BRANCH_SECRETARY),
    Level.COMMUNITY: (Post.COMMUNITY_STAFF, Post.COMMUNITY_SECRETARY),
    Level.STREET: (Post.STREET_STAFF,),
    Level.COMPANY: (Post.HANDLER,),
    Level.DEPARTMENT: (Post.HANDLER,),
}
DEPARTMENTS = (texts.CITY, texts.WORKS, texts.WATER, texts.POWER, texts.FIRE)


class Cast:
    """Finds people of the district for a part in a case."""

    def __init__(self, made: District, rng: random.Random) -> None:
        self._made, self._rng = made, rng
        self._level = {place.id: place.level for place in (*made.streets, *made.communities, *made.grids)}
        self._level |= {place.id: place.level for places in made.buildings.values() for place in places}
        self._level |= {place.id: place.level for place in (*made.companies, *made.departments)}

    def level(self, unit_id: int) -> Level:
        """The level of a unit of the district."""
        return self._level[unit_id]

    def of_unit(self, unit_id: int | None, but: Collection[int | None] = ()) -> Doer:
        """Somebody of the unit, ``but`` none of these people."""
        assert unit_id is not None
        posts = OWNERS[self._level[unit_id]]
        found = [
            Doer(person, post, unit_id)
            for post in posts
            for person in self._made.staff.get((post, unit_id), [])
            if person not in but
        ]
        return self._rng.choice(found)

    def owner(self, story: Story, but: Collection[int | None] = ()) -> Doer:
        """Somebody of the unit that owns the case now."""
        return self.of_unit(story.case.owner_unit_id, but)

    def decider(self, story: Story) -> Doer:
        """Somebody who decides what is asked for."""
        assert story.ask is not None
        return self.of_unit(story.ask.deciding_unit_id, {story.ask.asked_by_id, *story.hands})

    def checker(self, story: Story) -> Doer:
        """Somebody of the owner without a hand in it; where there is none (one leader a building), of the level above."""
        case, unit_id = story.case, story.case.owner_unit_id
        if case.level == Level.BUILDING:
            unit_id = unit_at(case, next_level(case.level)) or unit_id
        return self.of_unit(unit_id, story.hands)

    def caller(self, story: Story) -> Doer:
        """Somebody of another unit than the handler's who neither handled nor checked."""
        case = story.case
        unit_id = (
            case.community_id if case.community_id not in (case.handler_unit_id, None) else case.street_id
        )
        return self.of_unit(unit_id, {*story.hands, case.checked_by_id})

    def filer(self, story: Story) -> Doer:
        """Somebody of the community, or of the level that owns the case where that is higher."""
        case = story.case
        unit_id = case.street_id if case.level == Level.STREET else case.community_id
        return self.of_unit(unit_id, story.hands)

    def handler_unit(self, story: Story, name: str) -> int:
        """The unit behind a word of the texts: the grid's company, a department, or the owner itself."""
        if name == texts.COMPANY and story.case.grid_id:
            return self._made.company_of[story.case.grid_id]
        if name in DEPARTMENTS:
            return self._made.departments[DEPARTMENTS.index(name)].id
        return story.case.owner_unit_id
