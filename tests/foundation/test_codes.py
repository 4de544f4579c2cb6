from __future__ import annotations

import math
import random
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from webapp.extensions import db
from webapp.foundation.codes import (
    ALPHABET,
    TRACKING_LENGTH,
    Counter,
    monthly_number,
    next_number,
    normalise_code,
    pickup_code,
    station_code,
    tracking_code,
)
from webapp.foundation.db import transaction


def test_the_alphabet_has_nothing_that_looks_alike() -> None:
    assert not set(ALPHABET) & set("0O1ILU")
    assert len(set(ALPHABET)) == len(ALPHABET) == 30


def test_tracking_codes_cannot_be_guessed_and_can_be_read() -> None:
    assert TRACKING_LENGTH * math.log2(len(ALPHABET)) >= 60
    codes = {tracking_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(
        re.fullmatch(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}-[{ALPHABET}]{{5}}", code) for code in codes
    )


def test_other_codes_are_shorter() -> None:
    assert re.fullmatch(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", pickup_code())
    assert re.fullmatch(rf"[{ALPHABET}]{{6}}", station_code())


def test_a_predictable_choice_gives_predictable_codes() -> None:
    assert station_code(random.Random(7).choice) == station_code(random.Random(7).choice)


@given(
    st.sampled_from([tracking_code, pickup_code, station_code]),
    st.booleans(),
    st.sampled_from(["", " ", "-", "－", "  "]),
)
def test_what_people_type_is_understood(make: Any, lower: bool, separator: str) -> None:
    code = make()
    typed = separator.join(code.replace("-", ""))
    assert normalise_code(f" {typed.lower() if lower else typed}\n") == code
    assert normalise_code(code) == code


@given(st.text(max_size=40))
def test_nonsense_is_no_error(text: str) -> None:
    assert normalise_code(normalise_code(text)) == normalise_code(text)


def _take_and_fail() -> None:
    with transaction():
        next_number("a")
        raise LookupError


def test_numbers_run_without_gaps(app: Flask) -> None:
    with transaction():
        assert [next_number("a"), next_number("a"), next_number("b")] == [1, 2, 1]
    with pytest.raises(LookupError):
        _take_and_fail()
    with transaction():
        assert next_number("a") == 3
    assert db.session.get_one(Counter, "a").value == 3


def test_a_number_is_only_given_within_a_change(app: Flask) -> None:
    with pytest.raises(RuntimeError):
        next_number("a")


def test_case_numbers_start_again_each_month(app: Flask) -> None:
    with transaction():
        assert monthly_number("case", date(2026, 11, 23)) == "2611-0001"
        assert monthly_number("case", date(2026, 11, 30)) == "2611-0002"
        assert monthly_number("case", date(2026, 12, 1)) == "2612-0001"


def test_many_at_once_get_different_numbers(app: Flask) -> None:
    def take(_: int) -> int:
        with app.app_context(), transaction():
            return next_number("race")

    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(take, range(40)))
    assert sorted(numbers) == list(range(1, 41))
