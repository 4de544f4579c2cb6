"""Rule F-10: every list leaves as CSV and XLSX, with Chinese headers, the same filter and order as on the screen.

The lists are those of the demo district. Each is read off its pages as a person would, 更多 after 更多, and then off the
file that its own form gives.
"""

from __future__ import annotations

import csv
import html
import io
import re
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from flask import Flask
from python_calamine import CalamineWorkbook
from werkzeug.test import TestResponse

from tests.demo.conftest import Demo, built
from tests.support.browse import Browse
from tests.support.queries import counting
from tests.support.world import World
from webapp.cases.models import Case
from webapp.cases.service import intake
from webapp.directory.models import Person
from webapp.directory.posts import Post
from webapp.extensions import db
from webapp.foundation import clock, exports, text
from webapp.foundation.access import Actor
from webapp.foundation.journal import JournalEntry
from webapp.foundation.paging import Page
from webapp.residents import service as residents
from webapp.visits import queries as visit_lists
from webapp.visits import service as visits
from webapp.visits.models import Visit

Row = dict[str, str]
FORM = re.compile(r'<form method="post" action="([^"]+/export)">(.*?)</form>', re.DOTALL)
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
MORE = re.compile(r'class="more"><a href="([^"]+)"')
TITLE = r'.*?<span class="t">(.*?)</span>'
CHINESE = re.compile(r"^[\u4e00-\u9fff]+(（分钟）)?$")
OWN = ("csrf_token", "submission_id")


@dataclass(frozen=True)
class Listing:
    """A list: who looks at which page, where a row stands on it, and what of the file's row should stand there."""

    person: Post
    url: str
    row: str
    cell: Callable[[Row], str]

    def __str__(self) -> str:
        return f"{self.url} as {self.person.value}"


def column(name: str) -> Callable[[Row], str]:
    return lambda row: row[name]


def clock_of(name: str) -> Callable[[Row], str]:
    return lambda row: row[name][-5:]


CASE, PERSON = r'href="/cases/(\d{4}-\d{4})"', r'href="/directory/people/\d+">' + TITLE
VISIT = r'href="/visits/\d+".*?<span class="right">.*?<span class="sub">(\d\d:\d\d)'
ACTIVITY, ENTRY = r'href="/volunteering/\d+">' + TITLE, r'href="/points/entries/\d+">' + TITLE
STATED = r"<tr><td>[^<]*</td><td>(.*?)</td>"
REVIEWED = r'id="entry-\d+">' + TITLE
NUMBER, WHEN, NAME = column("编号"), clock_of("时间"), column("姓名")
LISTS = [
    Listing(Post.COMMUNITY_STAFF, "/cases/", CASE, NUMBER),
    Listing(Post.COMMUNITY_STAFF, "/cases/?tab=all", CASE, NUMBER),
    Listing(Post.COMMUNITY_STAFF, "/cases/?tab=archived&level=grid", CASE, NUMBER),
    Listing(Post.STREET_STAFF, "/cases/?tab=open&category=sanitation", CASE, NUMBER),
    Listing(Post.STREET_STAFF, "/cases/?tab=all&q=%E6%A5%BC&urgent=y", CASE, NUMBER),
    Listing(Post.HANDLER, "/cases/?tab=all", CASE, NUMBER),
    Listing(Post.GRID_WORKER, "/visits/", VISIT, WHEN),
    Listing(Post.GRID_WORKER, "/visits/?mine=1&outcome=settled", VISIT, WHEN),
    Listing(Post.COMMUNITY_STAFF, "/visits/?kind=station_reception&q=%E8%80%81", VISIT, WHEN),
    Listing(Post.GRID_WORKER, "/visits/agreed", r'href="/visits/\d+".*?<span class="st \w+">(.*?)</span>',
            lambda row: text.day(date.fromisoformat(row["下次上门"]))),
    Listing(Post.COMMUNITY_STAFF, "/visits/desk/", r'<span class="sub">(\d\d:\d\d)—', clock_of("开始时间")),
    Listing(Post.COMMUNITY_STAFF, "/volunteering/", ACTIVITY, column("活动")),
    Listing(Post.COMMUNITY_STAFF, "/volunteering/?tab=past", ACTIVITY, column("活动")),
    Listing(Post.VOLUNTEER, "/volunteering/?tab=mine", ACTIVITY, column("活动")),
    Listing(Post.COMMUNITY_STAFF, "/volunteering/reports", r'class="row">' + TITLE, NAME),
    Listing(Post.VOLUNTEER, "/volunteering/reports", r'class="row">' + TITLE, column("报到类型")),
    Listing(Post.VOLUNTEER, "/volunteering/hours", r'href="/volunteering/attendances/\d+">' + TITLE, column("活动")),
    Listing(Post.COMMITTEE_MEMBER, "/points/", ENTRY, column("事项")),
    Listing(Post.COMMITTEE_MEMBER, "/points/statement?first=2000-01-01", STATED, column("事项")),
    Listing(Post.COMMITTEE_MEMBER, "/points/redemptions/", r'href="/points/redemptions/[^"]+">' + TITLE, column("奖品")),
    Listing(Post.COMMUNITY_STAFF, "/points/review?tab=all", REVIEWED, lambda row: f"{row['姓名']} · {row['事项']}"),
    Listing(Post.COMMUNITY_STAFF, "/points/rewards/", r'href="/points/rewards/\d+">' + TITLE, column("奖品")),
    Listing(Post.COMMUNITY_STAFF, "/directory/people/", PERSON, NAME),
    Listing(Post.STREET_STAFF, "/directory/people/?q=%E6%9D%8E", PERSON, NAME),
    Listing(Post.GRID_WORKER, "/directory/stations/", r'href="/directory/stations/(\w+)"', NUMBER),
    Listing(Post.DISTRICT_ADMIN, "/feedback/inbox", r'<p class="told">(.*?)</p>', column("内容")),
]  # fmt: skip


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The small demo district; the tests here only add to its journal."""
    folder = tmp_path_factory.mktemp("exports")
    app = built(f"sqlite:///{folder / 'desk.sqlite3'}", folder)
    with app.app_context():
        residents.send_feedback(None, text="字再大一点就好了，电话13812345678。", contact="13812345678")
        residents.send_feedback(None, text="=1+1 表要填两遍。")
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def people(district: Flask) -> Callable[[str], Browse]:
    """Somebody's browser."""

    def of(person: str) -> Browse:
        return Browse(district, Demo()).log_in(person)  # type: ignore[arg-type]

    return of


def on_screen(browse: Browse, url: str, row: str) -> list[str]:
    """The rows of all pages of a list."""
    page, found = browse.get(url).text.partition("<main")[2], []
    while True:
        found += [html.unescape(hit).removesuffix("（我）") for hit in re.findall(row, page, re.DOTALL)]
        more = MORE.search(page)
        if not more:
            return found
        page = browse.get(html.unescape(more[1]), part=True).text


def form_of(browse: Browse, url: str) -> tuple[str, dict[str, str]]:
    """The address of the form under a list, and the filters that it carries."""
    forms = FORM.findall(browse.get(url).text)
    assert len(forms) == 1, f"{url}: {len(forms)} forms to export"
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(forms[0][1])}
    return forms[0][0], {name: value for name, value in hidden.items() if name not in OWN}


def file_of(browse: Browse, url: str, kind: str = "csv", submission_id: str | None = None) -> TestResponse:
    action, filters = form_of(browse, url)
    return browse.post(action, {**filters, "file": kind}, status=200, submission_id=submission_id)


def rows_of(answer: TestResponse) -> list[Row]:
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("listing", LISTS, ids=str)
def test_f_10_a_list_leaves_as_it_stands_on_the_screen(
    people: Callable[[str], Browse], listing: Listing
) -> None:
    browse = people(listing.person)
    shown = on_screen(browse, listing.url, listing.row)
    assert shown, "a list to compare with is needed"
    rows = rows_of(file_of(browse, listing.url))
    assert [listing.cell(row).removeprefix("'") for row in rows] == shown
    assert all(CHINESE.match(header) for header in rows[0])
    book = CalamineWorkbook.from_filelike(io.BytesIO(file_of(browse, listing.url, "xlsx").data))
    sheet = book.get_sheet_by_index(0).to_python()
    assert sheet[0] == list(rows[0])
    assert len(sheet) == len(rows) + 1


def test_f_10_the_lists_of_one_record_leave_too(people: Callable[[str], Browse]) -> None:
    browse = people(Post.COMMUNITY_STAFF)
    activity = re.findall(r'href="(/volunteering/\d+)"', browse.get("/volunteering/?tab=past").text)[0]
    names = on_screen(browse, f"{activity}/desk", r'class="row"[^>]*><span class="grow">' + TITLE)
    assert [row["姓名"] for row in rows_of(file_of(browse, f"{activity}/desk"))] == names != []
    reward = re.findall(r'href="(/points/rewards/\d+)"', browse.get("/points/rewards/").text)[0]
    moves = on_screen(browse, reward, r'class="row">' + TITLE)
    assert [row["类型"] for row in rows_of(file_of(browse, reward))] == moves != []


def test_f_10_no_page_with_a_list_lacks_its_form(district: Flask, people: Callable[[str], Browse]) -> None:
    """Every address to export is reached from the list of its own, by the lists above."""
    known = {"/volunteering/<int:activity_id>/export", "/points/rewards/<int:reward_id>/export"}
    reached = {form_of(people(listing.person), listing.url)[0] for listing in LISTS}
    rules = {rule.rule for rule in district.url_map.iter_rules() if rule.rule.endswith("/export")}
    assert rules == reached | known


def test_f_10_the_file_has_a_chinese_name(people: Callable[[str], Browse]) -> None:
    for kind in ("csv", "xlsx"):
        answer = file_of(people(Post.COMMUNITY_STAFF), "/cases/?tab=open", kind)
        told = answer.headers["Content-Disposition"]
        assert re.fullmatch(rf"诉求-未办结-20\d{{6}}\.{kind}", unquote(told.split("UTF-8''")[1]))
        assert told.startswith("attachment;")
        assert answer.headers["Cache-Control"] == "no-store"


def exported() -> list[JournalEntry]:
    db.session.rollback()
    mine = JournalEntry.action.endswith(":export")
    return list(db.session.scalars(sa.select(JournalEntry).where(mine).order_by(JournalEntry.id)))


def test_f_10_it_is_on_the_record_once_and_without_what_was_looked_for(
    people: Callable[[str], Browse],
) -> None:
    browse, once = people(Post.COMMUNITY_STAFF), str(uuid.uuid4())
    before, url = len(exported()), "/cases/?tab=all&q=%E5%81%9C&category=parking"
    first, again = (file_of(browse, url, submission_id=once) for _ in range(2))
    assert first.data == again.data
    entries = exported()[before:]
    assert len(entries) == 1
    assert (entries[0].action, entries[0].subject_id) == ("cases:export", "cases")
    assert entries[0].detail == {
        "kind": "csv",
        "filters": ["category", "q", "tab"],
        "rows": len(rows_of(first)),
    }
    file_of(browse, url, "xlsx", once)  # the other button of the same form is an export of its own
    assert len(exported()) == before + 2


def test_f_10_a_form_that_was_not_made_here_gives_nothing(people: Callable[[str], Browse]) -> None:
    browse, before = people(Post.COMMUNITY_STAFF), len(exported())
    answer = browse.post("/cases/export", {"tab": "open"}, submission_id="none")
    assert answer.headers["Location"] == "/cases/?tab=open"
    assert len(exported()) == before


def test_f_10_no_file_holds_a_phone_a_door_or_a_resident_s_name(people: Callable[[str], Browse]) -> None:
    told = "".join(file_of(people(listing.person), listing.url).text for listing in LISTS)
    reporters = db.session.execute(sa.select(Case.reporter_name, Case.reporter_phone, Case.reporter_door))
    hosts = db.session.execute(sa.select(Visit.resident_name, Visit.resident_phone, Visit.door))
    private = {value for row in (*reporters, *hosts) for value in row if value}
    private |= {phone for phone in db.session.scalars(sa.select(Person.phone)) if phone}
    assert len(private) > 50
    cells = {cell for line in csv.reader(io.StringIO(told)) for cell in line}
    assert private & cells == set()
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", told)
    assert "**" in told  # and yet one sees that there was somebody


@pytest.mark.parametrize(
    "url", ["/cases/?tab=all", "/visits/", "/directory/people/", "/volunteering/reports"]
)
def test_f_10_nobody_takes_out_what_lies_elsewhere(people: Callable[[str], Browse], url: str) -> None:
    """The grid's file is part of the community's, and that part of the street's."""
    small, middle, large = (
        [tuple(row.values())[:1] for row in rows_of(file_of(people(post), url))]
        for post in (Post.GRID_WORKER, Post.COMMUNITY_STAFF, Post.STREET_STAFF)
    )
    assert set(small) <= set(middle) <= set(large)
    assert len(small) < len(large)


def test_f_10_a_filter_of_another_s_unit_opens_nothing(browse: Browse, world: World) -> None:
    far = db.session.scalar(
        sa.text("SELECT code FROM units WHERE id = :id").bindparams(id=world.units["grid4"])
    )
    browse.log_in("grid_worker").post("/directory/people/export", {"unit": far}, status=404)
    case = intake.register(
        world.actor("grid_worker2"), category="parking", unit_id=world.units["grid2"], what="占道。"
    )
    browse.log_in("grid_worker")
    answer = browse.post("/cases/export", {"tab": "all", "q": case.number, "file": "csv"}, status=200)
    assert rows_of(answer) == []


def test_f_10_more_rows_take_no_more_queries(app: Flask, browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")

    def queries() -> int:
        with counting() as sent:
            browse.post("/visits/export", {"file": "csv"}, status=200)
            browse.post("/cases/export", {"tab": "all", "file": "csv"}, status=200)
        return len(sent)

    def add(number: int) -> None:
        worker = world.actor("grid_worker")
        for _ in range(number):
            visits.log_visit(worker, kind="home_visit", items=["policy"], outcome="settled")
            intake.register(worker, category="parking", unit_id=world.units["grid"], what="占道。")

    add(3)
    few = queries()
    add(22)
    assert queries() == few


def test_f_10_a_file_that_is_cut_says_so(
    browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST", 2)
    for _ in range(3):
        visits.log_visit(world.actor("grid_worker"), kind="home_visit", items=["policy"], outcome="settled")
    answer = browse.log_in("grid_worker").post("/visits/export", {"file": "csv"}, status=200)
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 4
    assert "前 2 条" in lines[-1]


def test_f_10_what_changes_meanwhile_moves_no_row(
    app: Flask, browse: Browse, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, asked = world.actor("grid_worker"), visit_lists.visits_page
    days = [clock.now() - timedelta(days=number) for number in range(6)]

    def log(number: int) -> None:
        with app.app_context():
            visits.log_visit(
                worker,
                kind="home_visit",
                items=["policy"],
                outcome="settled",
                details=visits.Details(at=days[number]),
            )

    def one_by_one(actor: Actor, filters: visit_lists.Filters, cursor: str, _: int) -> Page[visit_lists.Line]:
        page = asked(actor, filters, cursor, 1)
        if not cursor:  # another logs an older one, just now
            other = threading.Thread(target=log, args=[5])
            other.start()
            other.join()
        return page

    for number in (1, 2, 3):
        log(number)
    monkeypatch.setattr(visit_lists, "visits_page", one_by_one)
    browse.log_in("grid_worker")
    assert len(rows_of(browse.post("/visits/export", {"file": "csv"}, status=200))) == 3
    assert len(rows_of(browse.post("/visits/export", {"file": "csv"}, status=200))) == 4
