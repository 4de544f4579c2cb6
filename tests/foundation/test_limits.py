from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from webapp.extensions import db
from webapp.foundation.db import transaction
from webapp.foundation.errors import TooMany
from webapp.foundation.limits import RateHit, hit, purge

NINE = datetime(2026, 11, 23, 1, 0, 0, tzinfo=UTC)


def test_beyond_the_limit_one_has_to_wait_for_the_next_window(app: Flask) -> None:
    with time_machine.travel(NINE, tick=False) as traveller:
        for _ in range(3):
            hit("login:13812345678", 3, 10)
        traveller.shift(150)
        with pytest.raises(TooMany, match="8 分钟") as refused:
            hit("login:13812345678", 3, 10)
        assert refused.value.retry_after == 450
        hit("login:13900000000", 3, 10)
        traveller.shift(450)
        hit("login:13812345678", 3, 10)


def test_the_same_bucket_may_have_two_limits(app: Flask) -> None:
    with time_machine.travel(NINE, tick=False):
        hit("login:a", 1, 1)
        hit("login:a", 1, 60)
        with pytest.raises(TooMany):
            hit("login:a", 1, 60)


def test_no_phone_is_stored(app: Flask) -> None:
    hit("login:13812345678", 3, 10)
    bucket = db.session.scalars(sa.select(RateHit.bucket)).one()
    assert len(bucket) == 64
    assert "138" not in bucket or "13812345678" not in bucket


def test_a_try_counts_although_what_follows_fails(app: Flask) -> None:
    hit("report:a", 1, 10)
    with pytest.raises(LookupError), transaction():
        raise LookupError
    with pytest.raises(TooMany):
        hit("report:a", 1, 10)


def test_a_limit_must_not_join_a_change_that_may_be_undone(app: Flask) -> None:
    with pytest.raises(RuntimeError), transaction():
        hit("report:a", 1, 10)


def test_a_window_is_at_most_a_day(app: Flask) -> None:
    for minutes in (0, 24 * 60 + 1):
        with pytest.raises(ValueError, match="per_minutes"):
            hit("a", 1, minutes)


def test_many_at_once_are_all_counted(app: Flask) -> None:
    def attempt(_: int) -> bool:
        with app.app_context():
            try:
                hit("race", 10, 24 * 60)
            except TooMany:
                return False
            return True

    with time_machine.travel(NINE, tick=False), ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == 10


def test_only_windows_long_past_are_purged(app: Flask) -> None:
    with time_machine.travel(NINE, tick=False) as traveller:
        hit("a", 1, 10)
        hit("b", 1, 24 * 60)
        assert purge() == 0
        traveller.shift(24 * 3600 - 60)
        assert purge() == 1, "the window of a whole day began before nine"
        traveller.shift(3600)
        hit("c", 1, 10)
        assert purge() == 1
        assert len(db.session.scalars(sa.select(RateHit.bucket)).all()) == 1
