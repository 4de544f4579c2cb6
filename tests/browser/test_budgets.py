"""Light enough for a weak signal: bytes on the wire from the real server, compressed, with an empty cache (HTTP/1.1)."""

from __future__ import annotations

import re
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import District, Tour
from tests.support.browse import HTMX, RAW_CSRF
from tests.support.browser import PHONE
from tests.support.live import Live
from webapp.directory.posts import Post

LOGIN_HTML = 12_000  # bytes
FIRST_PAGE, FIRST_REQUESTS = 35_000, 6
STEP = 6_000  # every later step: one part of a page, in one request
BY_HTMX = re.compile(r'hx-get="(/[^"]*)"')
POSTED = re.compile(r'hx-post="(/[^"]*)"')

Note = Callable[[str, object], None]


class Wire:
    """Asks the real server and says how many bytes came."""

    def __init__(self, district: District, server: Live) -> None:
        self.district, self.server = district, server

    def size(
        self, person: str, url: str, data: dict[str, str] | None = None, part: bool = False
    ) -> tuple[int, str]:
        """Bytes of the answer's body, and how it was compressed. ``data``: sent as a form."""
        headers = {
            "Accept-Encoding": "br",
            "Cookie": f"desk={self.district.cookie(person)}",
            **(HTMX if part else {}),
        }
        body = urllib.parse.urlencode(data).encode() if data is not None else None
        request = urllib.request.Request(self.server.url + url, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return len(answer.read()), answer.headers.get("Content-Encoding", "")
        except urllib.error.HTTPError as refusal:
            with refusal:
                return len(refusal.read()), refusal.headers.get("Content-Encoding", "")


def test_the_login_page_is_small(district: District, district_server: Live, record_property: Note) -> None:
    size, encoding = Wire(district, district_server).size("", "/login")
    record_property("note", f"HTML of the login page: {size} bytes ({encoding})")
    assert encoding == "br"
    assert size <= LOGIN_HTML


@pytest.mark.parametrize("who", ["", *(post.value for post in Post)])
def test_the_first_page_is_small(tour: Tour, who: str, record_property: Note) -> None:
    """HTML, styles, scripts and icons, as the browser itself counts them; the service worker comes after that."""
    context = tour.browser.new_context(**PHONE, base_url=tour.live.url, service_workers="block")
    if who:
        context.add_cookies([{"name": "desk", "value": tour.district.cookie(who), "url": tour.live.url}])
    page = context.new_page()
    answers = _count(page)
    page.goto("/" if who else "/login", wait_until="networkidle")
    total = sum(answers.values())
    context.close()
    record_property("note", f"first page of {who or 'login'}: {total} bytes in {len(answers)} requests")
    assert total <= FIRST_PAGE, answers
    assert len(answers) <= FIRST_REQUESTS, answers


def _count(page: Page) -> dict[str, int]:
    """Bytes of each answer on the wire, headers too, by address; filled while the page loads."""
    answers: dict[str, int] = {}
    names: dict[str, str] = {}
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")

    def asked(event: dict[str, Any]) -> None:
        if not event["request"]["url"].startswith("data:"):
            names[event["requestId"]] = event["request"]["url"]

    def arrived(event: dict[str, Any]) -> None:
        if event["requestId"] in names:
            name = names[event["requestId"]]  # asked for twice, it comes from the cache the second time: 0
            answers[name] = answers.get(name, 0) + int(event["encodedDataLength"])

    wire.on("Network.requestWillBeSent", asked)
    wire.on("Network.loadingFinished", arrived)
    return answers


@pytest.mark.slow
def test_every_later_step_is_small(district: District, district_server: Live, record_property: Note) -> None:
    """Whatever HTMX fetches from any page of the demo district, and what it gets for an empty form."""
    wire = Wire(district, district_server)
    sizes: dict[str, tuple[int, str]] = {}
    for stop in district.found.stops:
        addresses: list[tuple[str, dict[str, str] | None]]
        addresses = [(url, None) for url in BY_HTMX.findall(stop.html)]
        addresses += [(url, {"csrf_token": _token(district)}) for url in POSTED.findall(stop.html)]
        if stop.endpoint in ("cases.show", "visits.show", "volunteering.activity"):
            addresses.append((stop.url, None))  # opened beside its list
        for url, data in addresses:
            kind = f"{'POST' if data else 'GET'} {re.sub(r'[0-9]+(-[0-9]+)?', 'N', url.partition('?')[0])}"
            size, _ = wire.size(stop.person, url.replace("&amp;", "&"), data, part=True)
            sizes[kind] = max(sizes.get(kind, (0, "")), (size, str(stop)))
    district.forget_tries()
    largest = sorted(sizes.items(), key=lambda item: -item[1][0])
    record_property("note", "; ".join(f"{kind} {size}" for kind, (size, _) in largest[:8]))
    assert len(sizes) > 10
    assert [item for item in largest if item[1][0] > STEP] == []


def _token(district: District) -> str:
    from itsdangerous import URLSafeTimedSerializer

    return URLSafeTimedSerializer(district.app.secret_key or "", salt="wtf-csrf-token").dumps(RAW_CSRF)


@pytest.mark.slow
def test_no_style_is_unused(tour: Tour, record_property: Note) -> None:
    """Every rule of the style sheet meets an element on some page, in some state."""
    page = tour.open(tour.district.found.stops[0])
    unused = set(page.evaluate(SELECTORS))
    for stop in tour.district.found.stops:
        unused -= set(page.evaluate(MATCHED, [stop.html, sorted(unused)]))
    record_property("note", f"selectors that no page of the tour uses: {len(unused)}")
    assert {selector for selector in unused if not STATES.search(selector)} == set()


# What looking at pages cannot show: refused forms, what a pointer or the keyboard does, what a script puts there.
STATES = re.compile(
    r"\.bad|\.err|htmx-request|\[open\]|:focus|:active|:disabled|::|\.glow|data-elder|#pane |\.row\[aria-current\]"
    r"|\.note \+ \.note"
    r"|\.brief"  # 撤销, while there is still time
)
SELECTORS = """() => {
  const rules = (list) => [...list].flatMap((one) => one.cssRules && !one.selectorText ? rules(one.cssRules) : [one]);
  const split = (text) => text.split(/,(?![^(]*\\))/).map((one) => one.trim());
  return [...document.styleSheets].flatMap((sheet) => rules(sheet.cssRules))
    .filter((rule) => rule.selectorText).flatMap((rule) => split(rule.selectorText));
}"""
MATCHED = """([html, selectors]) => {
  const page = new DOMParser().parseFromString(html, 'text/html');
  return selectors.filter((selector) => {
    try { return page.querySelector(selector.replace(/::?(before|after|placeholder)/g, '') || '*'); }
    catch { return true; } // not a selector outside of a style sheet
  });
}"""
