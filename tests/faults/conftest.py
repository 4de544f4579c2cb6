"""A faulty network before the live server, and phones on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage

from tests.faults.fox import Fox, fox_of_its_own
from tests.faults.phone import Phone
from tests.faults.proxy import Proxy, faulty_network
from tests.support.browser import PHONE, is_fault
from tests.support.firefox import Firefox, firefox, firefox_missing
from tests.support.live import Live
from tests.support.tools import demand

MakePhone = Callable[..., Phone]
MakeFox = Callable[..., Fox]


# A network that fails is what these tests are about; htmx and Firefox may remark on it.
OF_THE_NETWORK = ("htmx: htmx:error: Failed to fetch", "htmx: htmx:error: NetworkError", "Failed to load")
# Firefox ESR 140 says so of what a test's own script put into the page; ESR 153 does not.
OF_A_TEST = 'Error: Permission denied to access property "length"'


def _is_fault(message: ConsoleMessage) -> bool:
    return is_fault(message) and not message.text.startswith(OF_THE_NETWORK)


@pytest.fixture
def proxy(live: Live) -> Iterator[Proxy]:
    """The network of this test."""
    with faulty_network(live.port) as network:
        yield network


@pytest.fixture
def make_phone(chromium: Browser, live: Live, proxy: Proxy) -> Iterator[MakePhone]:
    """Make a phone; any error of a script or of the content policy fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(person: str = "grid_worker", script: str = "", **options: Any) -> Phone:
        # Without the service worker unless a test asks for it: the outbox must not need it.
        context = chromium.new_context(**{**PHONE, "service_workers": "block", **options})
        contexts.append(context)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if _is_fault(message) else None)
        phone = Phone(context, page, live, proxy)
        return phone.log_in(person) if person else phone

    yield make
    for context in contexts:
        context.close()
    assert not problems, problems


@pytest.fixture(scope="session")
def one_firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """Debian's Firefox, started once in a test process."""
    demand(firefox_missing())
    with firefox(tmp_path_factory.mktemp("firefox")) as browser:
        yield browser


@pytest.fixture
def make_fox(one_firefox: Firefox, live: Live, proxy: Proxy) -> Iterator[MakeFox]:
    """Make a phone with Firefox; any error of a script fails the test."""
    one_firefox.problems.clear()
    with ExitStack() as stack:

        def make(person: str = "grid_worker", script: str = "", window: bool = False) -> Fox:
            made = fox_of_its_own(one_firefox, live, proxy, script, window)
            return stack.enter_context(made).log_in(person)

        yield make
    remarks = (*OF_THE_NETWORK, OF_A_TEST) if one_firefox.version < 153 else OF_THE_NETWORK
    problems = [text for text in one_firefox.problems if not text.startswith(remarks)]
    assert not problems, problems


@pytest.fixture
def fox(make_fox: MakeFox) -> Fox:
    """A worker's Firefox."""
    return make_fox()
