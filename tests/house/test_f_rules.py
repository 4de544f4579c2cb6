"""The rules F-03 to F-17 against formalism, as far as code, schema and answers prove them; by their ids.

What takes a person at a screen (taps, fields, words) is in tests/browser/test_f_rules.py; F-10 has test_f_10.py.
"""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image
from wtforms.validators import DataRequired, InputRequired

from tests.cases.factories import case_at
from tests.support.browse import Browse
from tests.support.world import PASSWORD, World
from tests.volunteering.kit import an_activity, at
from webapp.cases.forms import FORMS as CASE_FORMS
from webapp.cases.models import Case
from webapp.cases.states import CaseState
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.forms import Form
from webapp.foundation.photos import MAX_PHOTOS, Photo, open_photo
from webapp.visits import service as visits
from webapp.visits.models import Visit
from webapp.volunteering.activities import service as activity_service
from webapp.volunteering.models import Attendance

ROOT = Path(__file__).parents[2]
VISIT = {"kind": "home_visit", "items": "policy", "outcome": "settled"}
CASE = {"category": "sanitation", "what": "楼道里堆了杂物。"}
REPORT = {"what": "路灯不亮。"}
STATION = "S00002"  # of the first grid
WITHOUT_ASKING = re.compile(
    r"photo|sign(ature)?_?(image|file)|position|latitude|longitude|coordinate|\blat\b|\blon\b|gps"
)


def sources(*patterns: str) -> Iterator[tuple[str, str]]:
    """The product's own files, without what is vendored."""
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if "vendor" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def found(pattern: str, *places: str) -> list[str]:
    """Where a forbidden word stands."""
    return [
        f"{name}: {hit[0]}"
        for name, text in sources(*places)
        for hit in re.finditer(pattern, text, re.IGNORECASE)
    ]


def columns() -> Iterator[tuple[str, str]]:
    for table in db.metadata.tables.values():
        for column in table.columns:
            yield table.name, column.name


def forms(base: type[Form] = Form) -> Iterator[type[Form]]:
    """Every form of the product."""
    for form in base.__subclasses__():
        if form.__module__.startswith("webapp."):
            yield form
        yield from forms(form)


def photo(with_place: bool = False) -> tuple[io.BytesIO, str]:
    exif, out = Image.Exif(), io.BytesIO()
    if with_place:
        exif[0x010F] = "PhoneMaker"
        exif.get_ifd(0x8825).update({1: "N", 2: (33.0, 57.0, 12.0), 3: "E", 4: (116.0, 47.0, 30.0)})
    Image.new("RGB", (60, 40), "white").save(out, "JPEG", exif=exif)
    out.seek(0)
    return out, "photo.jpg"


def count(model: type) -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


# F-03: photo, signature and position are never required


def test_f_03_no_form_requires_a_photo_a_signature_or_a_position(lite_app: Flask) -> None:
    problems = []
    with lite_app.test_request_context():
        for kind in forms():
            for name, unbound in vars(kind).items():
                validators = getattr(unbound, "kwargs", {}).get("validators", ())
                needed = any(isinstance(check, (DataRequired, InputRequired)) for check in validators)
                if needed and WITHOUT_ASKING.search(name):
                    problems.append(f"{kind.__name__}.{name}")
    assert not problems


def test_f_03_nothing_that_takes_photos_refuses_for_want_of_one(browse: Browse, world: World) -> None:
    browse.post(f"/r/{STATION}", REPORT)
    browse.log_in("grid_worker")
    browse.post("/visits/new", VISIT)
    browse.post("/cases/new", {**CASE, "unit_id": world.units["grid"]})
    handled = case_at(world, CaseState.IN_PROGRESS)
    browse.log_in("handler").post(f"/cases/{handled.number}/submit_result", {"result_text": "修好了。"})
    assert (count(Visit), count(Photo)) == (1, 0)
    assert db.session.get_one(Case, handled.id).state == CaseState.PENDING_CHECK


@pytest.mark.parametrize("url", ["/visits/new", "/cases/new", f"/r/{STATION}"])
def test_f_03_at_most_three_photos_and_no_place_in_them(browse: Browse, world: World, url: str) -> None:
    assert MAX_PHOTOS == 3
    data = {**VISIT, **CASE, "unit_id": world.units["grid"]}
    if not url.startswith("/r/"):
        browse.log_in("grid_worker")
    browse.post(url, {**data, "photos": [photo() for _ in range(4)]}, status=422)
    browse.post(url, {**data, "photos": [photo(with_place=True) for _ in range(3)]})
    kept = db.session.scalars(sa.select(Photo.id)).all()
    assert len(kept) == 3
    for number in kept:
        with open_photo(number) as file:
            content = file.read()
        assert not Image.open(io.BytesIO(content)).getexif()
        assert b"PhoneMaker" not in content


# F-04: sent again is not done again


@pytest.mark.parametrize("url", ["/visits/new", "/cases/new", f"/r/{STATION}"])
def test_f_04_a_form_sent_again_makes_one_record(browse: Browse, world: World, url: str) -> None:
    made = Visit if url == "/visits/new" else Case
    if not url.startswith("/r/"):
        browse.log_in("grid_worker")
    once = str(uuid.uuid4())
    for _ in range(3):
        browse.post(url, {**VISIT, **CASE, "unit_id": world.units["grid"]}, submission_id=once)
    assert count(made) == 1


def test_f_04_every_changing_form_carries_its_key(lite_app: Flask) -> None:
    with lite_app.test_request_context():
        assert [kind.__name__ for kind in forms() if not hasattr(kind, "submission_id")] == []


# F-05: late entry with its mark, and no penalty


def test_f_05_a_late_entry_counts_and_is_marked(browse: Browse, world: World) -> None:
    browse.log_in("grid_worker")
    earlier = clock.local(clock.now() - timedelta(days=8)).strftime("%Y-%m-%dT%H:%M")
    page = browse.follow(browse.post("/visits/new", {**VISIT, "at": earlier})).text
    late = db.session.scalars(sa.select(Visit)).one()
    assert late.is_late_entry
    assert "补记" in page
    assert "补记" in browse.get("/visits/").text


# F-06: nobody is ranked


def test_f_06_no_ranking_in_code_pages_or_addresses(lite_app: Flask) -> None:
    words = r"排名|排行|榜单|光荣榜|红黑榜|第[一二三]名|leaderboard|\branking|\brank(?!\()\b|\brank_|\btop_?(ten|10|n)\b"
    of_levels = {"webapp/cases/workflow.py", "webapp/cases/permissions.py", "webapp/cases/service/sweep.py"}
    hits = found(words, "webapp/**/*.py", "templates/**/*.html", "static/*.js")
    assert [hit for hit in hits if hit.partition(":")[0] not in of_levels] == []
    assert [
        rule.rule for rule in lite_app.url_map.iter_rules() if re.search(r"rank|top\b|board\b", rule.rule)
    ] == []


def test_f_06_no_query_orders_people_by_what_they_did() -> None:
    """Ordering by a sum, a count or a balance is for kinds of things, and each such place is known."""
    known = {"webapp/visits/queries.py"}  # the service items that a worker uses most, for the worker alone
    order = re.compile(
        r"order_by\([^)]*?(sum|count|balance|minutes|hours|amount|total|times|points)\b", re.IGNORECASE
    )
    assert {name for name, text in sources("webapp/**/*.py") if order.search(text)} <= known


@pytest.mark.parametrize("query", ["", "?sort=points", "?order=hours", "?sort=visits&order=desc"])
def test_f_06_the_register_keeps_its_order_whatever_people_did(
    browse: Browse, world: World, query: str
) -> None:
    browse.log_in("community_staff")

    def names() -> list[str]:
        return re.findall(r'href="/directory/people/(\d+)', browse.get(f"/directory/people/{query}").text)

    before = names()
    for _ in range(5):
        visits.log_visit(world.actor("grid_worker1b"), kind="home_visit", items=["policy"], outcome="settled")
        world.token("grid_worker1b")
    assert names() == before
    assert len(before) > 5


# F-07, F-08, F-09, F-13: what the product does not even keep


def test_f_07_no_figure_of_how_busy_somebody_is_with_the_app(lite_app: Flask) -> None:
    busy = re.compile(
        r"login_?count|logins?_total|online|active_?(minutes|days|score)|activity_?score|install|streak|clicks"
    )
    assert [f"{table}.{name}" for table, name in columns() if busy.search(name)] == []
    assert (
        found(
            r"活跃度|安装率|在线时长|登录次数|日活|月活",
            "webapp/**/*.py",
            "templates/**/*.html",
            "static/*.js",
        )
        == []
    )


def test_f_08_no_quota_for_a_person_and_no_reminder_to_check_in(lite_app: Flask) -> None:
    quota = re.compile(r"quota|target_?(count|number)|goal|kpi|required_?(visits|count)|min_?visits")
    assert [f"{table}.{name}" for table, name in columns() if quota.search(name)] == []
    words = r"任务数|指标数|考核指标|未达标|必须签到|请尽快签到|打卡提醒|连续打卡"
    assert found(words, "webapp/**/*.py", "templates/**/*.html", "static/*.js") == []


def test_f_08_the_organiser_confirms_the_whole_list_though_nobody_checked_in(
    browse: Browse, world: World
) -> None:
    activity = an_activity(world)
    for name in ("volunteer", "volunteer1b"):
        activity_service.sign_up(world.actor(name), activity.id)
    people = [world.people["volunteer"], world.people["volunteer1b"]]
    with at(activity.ends_at + timedelta(minutes=5)):
        browse.log_in("grid_worker")
        browse.post(f"/volunteering/{activity.id}/confirm", {"people": people})
    rows = db.session.scalars(sa.select(Attendance).where(Attendance.activity_id == activity.id)).all()
    assert {row.state for row in rows} == {"confirmed"}
    assert len(rows) == len(people)


def test_f_09_no_trace_of_where_people_go(lite_app: Flask) -> None:
    assert found(r"watchPosition|getCurrentPosition", "static/*.js", "templates/**/*.html") == []
    place = re.compile(
        r"^(lat|lon|lng|latitude|longitude|coordinates?|position_at|accuracy|altitude)$|gps|track_?point"
    )
    by_table: dict[str, list[str]] = {}
    for table, name in columns():
        if place.search(name):
            by_table.setdefault(table, []).append(name)
    # A point of a place (a station, a unit) is no trace; of records there is none at all today.
    assert set(by_table) <= {"units", "stations"}


def test_f_13_no_counter_of_applause(lite_app: Flask) -> None:
    applause = re.compile(r"\b(likes?|shares?|votes?|upvotes?|thumbs)(_count)?\b")
    assert [f"{table}.{name}" for table, name in columns() if applause.search(name)] == []
    assert found(r"点赞|转发量|投票|阅读量", "webapp/**/*.py", "templates/**/*.html", "static/*.js") == []


# F-12: complaints get an answer


def test_f_12_a_complaint_without_a_name_gets_a_code_a_state_and_a_reply(browse: Browse) -> None:
    received = browse.follow(browse.post("/feedback", {"text": "同样的表要填两遍。"})).text
    code = re.findall(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{5}", received)[-1]
    assert "等待答复" in browse.get(f"/feedback/{code}").text
    inbox = browse.log_in("district_admin").get("/feedback/inbox").text
    answer_at = re.findall(r'action="(/feedback/\d+/answer)"', inbox)[0]
    browse.post(answer_at, {"answer": "已经合并成一张。"})
    page = browse.get(f"/feedback/{code}").text
    assert "已答复" in page
    assert "已经合并成一张。" in page


# F-15: a plain web page


def test_f_15_a_trusted_phone_stays_logged_in_for_thirty_days(browse: Browse, world: World) -> None:
    browse.post("/login", {"login": "grid_worker", "password": PASSWORD, "trusted": "y"})
    with at(clock.now() + timedelta(days=30)):
        browse.get("/visits/new")


def test_f_15_nothing_asks_to_be_installed_or_followed() -> None:
    words = r"beforeinstallprompt|下载(APP|客户端)|关注公众号|请先关注|安装后使用"
    assert found(words, "templates/**/*.html", "static/*.js") == []


# F-17: one sentence closes a case


def test_f_17_one_sentence_of_result_is_all_that_closing_needs(lite_app: Flask) -> None:
    with lite_app.test_request_context():
        form = CASE_FORMS["submit_result"](formdata=None)
        needed = [field.name for field in form if field.flags.required and not field.data]
    assert needed == ["result_text"]
