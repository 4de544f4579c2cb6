"""Stories are played in the order of time, each step under a clock that stands at its moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from flask import Flask

from webapp.demo.timeline import Timeline
from webapp.foundation import clock

START = clock.at(clock.today() - timedelta(days=30))
ONE_HOUR = timedelta(hours=1)


def test_steps_of_several_stories_follow_one_another_in_time(app: Flask) -> None:
    told: list[tuple[str, datetime]] = []

    def story(name: str, *waits: int) -> Iterator[datetime]:
        told.append((name, clock.now()))
        for hours in waits:
            yield clock.now() + hours * ONE_HOUR
            told.append((name, clock.now()))

    timeline = Timeline(START + 10 * ONE_HOUR)
    timeline.begin(START + ONE_HOUR, story("second", 4, 20))
    timeline.begin(START, story("first", 2, -1))
    timeline.play()
    assert [(name, (at - START) / ONE_HOUR) for name, at in told] == [
        ("first", 0), ("second", 1), ("first", 2), ("first", 2), ("second", 5),
    ]  # fmt: skip


def test_the_clock_stands_while_it_travels_and_goes_on_afterwards() -> None:
    before = datetime.now(UTC)
    with clock.at_moment(START):
        assert (clock.now(), clock.today()) == (START, clock.local(START).date())
        with clock.at_moment(START + ONE_HOUR):
            assert clock.now() == START + ONE_HOUR
        assert clock.now() == START
    assert clock.now() >= before
