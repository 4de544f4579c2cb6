"""The small world stands, and an actor is what the appointment says."""

from __future__ import annotations

from flask import Flask

from tests.support.world import World
from webapp.directory.posts import Permission
from webapp.foundation import journal


def test_an_actor_serves_the_unit_of_the_appointment(app: Flask, world: World) -> None:
    actor = world.actor("grid_worker")
    assert actor.unit_name == "示范小区01"
    assert actor.can(Permission.VISIT_LOG)
    assert not actor.can(Permission.CASE_DECIDE)


def test_the_journal_is_a_chain(app: Flask, world: World) -> None:
    world.actor("grid_worker")
    assert journal.broken_links() == []
