"""The main job once more, on phones whose browser runs no JavaScript: the same taps, the same ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import test_a_day as a_day
from tests.browser.people import Street
from tests.support.live import Live


@pytest.fixture(scope="module")
def street(chromium: Browser, live: Live) -> Iterator[Street]:
    street = Street(chromium, live, script=False)
    yield street
    street.close()


def test_without_a_script_from_a_visit_to_a_reward(street: Street, live: Live) -> None:
    a_day.test_from_a_visit_to_a_reward(street, live)


def test_without_a_script_from_signing_up_to_points(street: Street, live: Live) -> None:
    a_day.test_from_signing_up_to_points(street, live)


def test_without_a_script_a_mistake_comes_back_with_what_was_typed(street: Street) -> None:
    worker = street["grid_worker2"]
    worker.opens("/cases/new")
    worker.page.get_by_label("具体位置").fill("东门传达室旁")
    worker.press("提交")
    worker.sees("还没有提交，请看一下")
    assert worker.page.get_by_label("具体位置").input_value() == "东门传达室旁"
