"""The rules against formalism that show on the screen, counted there; by their ids (the others: tests/house/test_f_rules.py)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import html5lib
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from tests.browser.conftest import District
from tests.browser.people import Street
from tests.support.live import Live
from webapp.cases.models import Case
from webapp.extensions import db
from webapp.foundation import clock
from webapp.visits.models import Visit

MOST_TAPS, MOST_REQUIRED = 6, 3  # F-01
MOST_FIELDS = 7  # F-02
DRAFT_DAYS = 7  # F-05
LOGIN_DAYS = 30  # F-15
# Questions on the screen before anything is unfolded: each field or group of chips is one; the trap for programs is none.
VISIBLE = "#log-visit .field:visible"
ABOUT_A_PERSON = {
    "phone",
    "contact",
    "resident_name",
    "resident_phone",
    "door",
    "reporter_name",
    "reporter_phone",
}

Note = Callable[[str, object], None]


@pytest.fixture(scope="module")
def street(chromium: Browser, live: Live) -> Iterator[Street]:
    street = Street(chromium, live)
    yield street
    street.close()


def test_f_01_a_visit_takes_few_taps_and_answers(street: Street, record_property: Note) -> None:
    worker = street["grid_worker"]
    worker.opens("/")
    worker.taps = 0
    worker.follow("上门服务")
    worker.page.wait_for_url(re.compile("/visits/new"))
    asked = worker.page.locator(VISIBLE)
    required = asked.filter(has_not=worker.page.locator(".opt")).count()
    worker.choose("走访慰问")
    worker.choose("已办结")
    worker.press("提交")
    worker.sees("已经记好")
    record_property("note", f"visit: {worker.taps} taps, {required} required of {MOST_REQUIRED}")
    assert worker.taps <= MOST_TAPS
    assert 0 < required <= MOST_REQUIRED


def test_f_02_a_case_from_a_visit_is_not_typed_again(
    street: Street, live: Live, record_property: Note
) -> None:
    worker = street["grid_worker"]
    worker.opens("/visits/new?form=home_visit")
    worker.choose("环境卫生")
    worker.choose("转为诉求")
    worker.unfold("补充情况")
    for label, value in (
        ("情况说明", "楼道里堆了杂物。"),
        ("居民姓名", "测试居民"),
        ("联系电话", "13900008888"),
    ):
        worker.page.get_by_label(label).fill(value)
    worker.press("提交")
    worker.sees("内容都带过来了")
    worker.taps = 0
    worker.press("登记诉求")
    worker.page.wait_for_url(re.compile(r"/cases/\d{4}-\d+"))
    record_property("note", f"visit to case: {worker.taps} tap, nothing typed")
    assert worker.taps == 1
    with live.app.app_context():
        visit = db.session.scalars(sa.select(Visit).order_by(Visit.id.desc()).limit(1)).one()
        case = db.session.scalars(sa.select(Case).order_by(Case.id.desc()).limit(1)).one()
        assert (case.grid_id, case.category) == (visit.grid_id, "sanitation")
        assert "楼道里堆了杂物" in case.what
        assert (case.reporter_name, case.reporter_phone) == ("测试居民", "13900008888")


def test_f_05_what_was_written_without_signal_is_still_there_a_week_later(street: Street, live: Live) -> None:
    worker = street["grid_worker"]
    worker.opens("/visits/new?form=home_visit")
    before = _visits(live)
    worker.page.context.set_offline(True)
    worker.choose("政策咨询")
    worker.choose("已解释")
    worker.press("提交")
    worker.page.wait_for_timeout(1_000)
    # The phone is not used again until then: its own clock has moved on.
    worker.page.goto("about:blank")
    worker.page.context.set_offline(False)
    assert _visits(live) == before
    later = worker.page.context.new_page()
    later.clock.install(time=clock.now() + timedelta(days=DRAFT_DAYS + 1))
    later.goto("/outbox")
    deadline = time.monotonic() + 20
    while _visits(live) == before and time.monotonic() < deadline:
        later.clock.run_for(1_000)
        later.wait_for_timeout(100)
    expect(later.get_by_text(re.compile("全部已收讫")).locator("visible=true").first).to_be_visible()
    later.close()
    assert _visits(live) == before + 1


def _visits(live: Live) -> int:
    with live.app.app_context():
        return db.session.scalar(sa.select(sa.func.count(Visit.id))) or 0


def test_f_15_the_login_of_a_phone_lasts_a_month(street: Street) -> None:
    cookies = {one["name"]: one for one in street["grid_worker"].page.context.cookies()}
    assert cookies["desk"]["expires"] > (clock.now() + timedelta(days=LOGIN_DAYS)).timestamp()


# On every page of the demo district


def _parse(html: str) -> Any:
    return html5lib.parse(html, namespaceHTMLElements=False)


def _questions(element: Any) -> int:
    """How many questions stand open in a form: what is folded away counts once it is opened, which nobody has to."""
    classes = (element.get("class") or "").split()
    if (element.tag == "details" and element.get("open") is None) or "skip" in classes:
        return 0
    if "field" in classes:
        return 1
    if element.tag in ("select", "textarea") or (
        element.tag == "input" and element.get("type") not in ("hidden", "checkbox", "radio", "submit")
    ):
        return 1
    return sum(_questions(child) for child in element)


@pytest.mark.slow
def test_f_02_no_form_asks_more_than_seven_things_at_first(district: District, record_property: Note) -> None:
    problems, most = {}, (0, "")
    for stop in district.found.stops:
        for form in _parse(stop.html).iter("form"):
            asked = sum(_questions(child) for child in form)
            most = max(most, (asked, stop.url))
            if asked > MOST_FIELDS:
                problems[form.get("action")] = f"{asked} fields on {stop}"
    record_property("note", f"the longest form shows {most[0]} fields: {most[1]}")
    assert not problems


@pytest.mark.slow
def test_f_06_nothing_to_sort_people_by(district: District) -> None:
    sorted_by = re.compile(r'(?:href|hx-get)="[^"]*[?&;](?:sort|order|by)=|aria-sort|<th[^>]*>(?:名次|排名)')
    assert [str(stop) for stop in district.found.stops if sorted_by.search(stop.html)] == []


@pytest.mark.slow
def test_f_12_every_page_leads_to_complaints(district: District) -> None:
    assert [
        str(stop) for stop in district.found.stops if not re.search(r'href="/feedback">投诉建议', stop.html)
    ] == []


@pytest.mark.slow
def test_f_14_a_form_about_a_person_says_what_for_and_on_what_basis(
    district: District, record_property: Note
) -> None:
    silent, asking = {}, set()
    for stop in district.found.stops:
        for form in _parse(stop.html).iter("form"):
            fields = {field.get("name") for field in form.iter("input") if field.get("type") != "hidden"}
            if fields & ABOUT_A_PERSON:
                asking.add(re.sub(r"\d+", "N", form.get("action")))
                text = "".join(form.itertext())
                links = {link.get("href") for link in form.iter("a")}
                if "/privacy" not in links or "依据" not in text or not re.search(r"只用|只为", text):
                    silent[form.get("action")] = str(stop)
    record_property("note", f"forms that ask about a person: {', '.join(sorted(asking))}")
    assert len(asking) > 3
    assert not silent
