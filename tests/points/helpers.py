"""What the tests of points share: earnings, rewards, and the proof that the books are right."""

from __future__ import annotations

from datetime import date
from itertools import count

from tests.support.world import World
from webapp.directory.models import Person, Unit
from webapp.directory.scope import place_of
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.points import checks, eligibility
from webapp.points.ledger import balance as ledger
from webapp.points.ledger import service
from webapp.points.models import PointEntry, PointRule, PointSettings, Reward, RuleEvent
from webapp.points.rewards import service as catalogue
from webapp.points.rewards.service import RewardInput
from webapp.points.rules import queries as rule_queries

_numbers = count(1)


class At:
    """A place, as a record has one."""

    def __init__(self, unit_id: int) -> None:
        for column, value in place_of(db.session.get_one(Unit, unit_id)).items():
            setattr(self, column, value)


def earn(
    world: World,
    name: str = "grid_worker",
    *,
    event: RuleEvent = RuleEvent.VISIT_LOGGED,
    on: date | None = None,
    source: object = None,
    minutes: int = 0,
    unit: str = "grid",
) -> list[PointEntry]:
    """Let something earn for a person of the world."""
    with transaction():
        ids = service.earn(
            event,
            person_id=world.people[name],
            source=("visit", source or next(_numbers)),
            on=on or clock.today(),
            place=At(world.units[unit]),
            actor=world_actor(world, name),
            minutes=minutes,
        )
    return [db.session.get_one(PointEntry, entry_id) for entry_id in ids]


_actors: dict[tuple[int, str], Actor] = {}


def world_actor(world: World, name: str) -> Actor:
    """The actor of a person; loaded once, since opening a session writes."""
    key = (id(world), name)
    if key not in _actors:
        _actors[key] = world.actor(name)
    return _actors[key]


def change_settings(**values: object) -> None:
    """Set the district's settings."""
    with transaction() as session:
        row = session.get_one(PointSettings, 1)
        for name, value in values.items():
            setattr(row, name, value)
    eligibility.settings.forget()


def change_rule(code: str, **values: object) -> None:
    """Set up a rule for a test; the product itself never changes one."""
    with transaction() as session:
        rule = session.scalars(db.select(PointRule).where(PointRule.code == code)).one()
        for name, value in values.items():
            setattr(rule, name, value)
    rule_queries.all_rules.forget()


def give(world: World, name: str, points: int) -> list[PointEntry]:
    """Put ``points`` into an account, as one lot."""
    change_rule("case", amount=points, daily_cap=None, monthly_cap=None)
    return earn(world, name, event=RuleEvent.CASE_ARCHIVED, source=f"gift-{next(_numbers)}")


def offer(
    world: World,
    *,
    cost: int = 10,
    stock: int = 10,
    limit: int | None = None,
    by: str = "community_staff",
    name: str = "示范大米",
) -> Reward:
    """A reward of the community, collected at its centre."""
    given = RewardInput(
        name=name,
        kind="goods",
        about="",
        cost=cost,
        picture="rice",
        quarter_limit=limit,
        station_id=world.stations["center"],
    )
    return catalogue.offer(world_actor(world, by), given=given, stock=stock)


def balance(world: World, name: str) -> int:
    """What a person may spend."""
    today = clock.today()
    balance = ledger.summary(world.people[name], today, today).balance
    assert ledger.balance(world.people[name], today) == balance  # the start page says the same
    return balance


def make_serving(world: World, name: str, serving: bool) -> None:
    """Let a person be an in-service party member, or not."""
    with transaction() as session:
        session.get_one(Person, world.people[name]).is_serving_party_member = serving


def assert_books_right() -> None:
    """``flask verify`` has nothing to say."""
    assert checks.verify() == []
