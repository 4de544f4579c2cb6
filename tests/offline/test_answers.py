"""What the server answers to a phone's outbox, and what it keeps."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.browse import Browse
from tests.support.world import World
from webapp.directory.models import Appointment
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction
from webapp.foundation.receipts import Receipt
from webapp.offline import queries, service
from webapp.offline.models import Quarantined, State
from webapp.visits.models import Visit

DEVICE = uuid.UUID("6f1f7b1e-5f5e-4c57-9d3e-7d1a2b3c4d5e")
NOW = "2026-11-20T08:30:00.000Z"


class Outbox:
    """A phone that sends for one person."""

    def __init__(self, browse: Browse, person: str) -> None:
        self.browse, self.person = browse.log_in(person), person
        self.owner = queries.owner_key(browse.world.people[person])
        self.unit_id = browse.world.actor(person).unit_id

    def send(self, number: int = 1, url: str = "/visits/new", submission_id: str = "", headers: dict[str, str] | None = None,
             **fields: Any) -> TestResponse:  # fmt: skip
        data = {
            "csrf_token": self.browse.csrf_token, "submission_id": submission_id or str(uuid.uuid4()), "kind": "home_visit",
            "items": "policy", "outcome": "settled", "note": f"row {number}", "unit_id": str(self.unit_id),
            "outbox_text": "结果怎样：已办结", **fields,
        }  # fmt: skip
        sent = {"X-Outbox": "1", "X-Outbox-Device": str(DEVICE), "X-Outbox-Number": str(number), "X-Outbox-Claimed-At": NOW,
                "X-Outbox-Owner": self.owner, "X-Outbox-Page": "/visits/new?desk=1", **(headers or {})}  # fmt: skip
        return self.browse.client.post(url, data=data, headers=sent)


@pytest.fixture
def phone(app: Flask, browse: Browse) -> Outbox:
    return Outbox(browse, "grid_worker")


def _visits() -> int:
    return db.session.scalar(sa.select(sa.func.count()).select_from(Visit)) or 0


def test_a_receipt_names_the_submission_and_is_given_again(phone: Outbox) -> None:
    submission_id = str(uuid.uuid4())
    first, second = (phone.send(submission_id=submission_id) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.get_json() == second.get_json()
    assert first.get_json()["submission_id"] == submission_id
    assert first.get_json()["url"].endswith("/saved")
    assert _visits() == 1
    kept = db.session.get(Receipt, uuid.UUID(submission_id))
    assert kept is not None
    assert (kept.device_id, kept.device_number) == (DEVICE, 1)
    assert kept.claimed_at == datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


def test_no_message_is_left_for_a_later_page(phone: Outbox) -> None:
    phone.send()
    assert "已经记好" not in phone.browse.get("/outbox").text


def test_wrong_input_is_422_with_the_message_of_each_field(phone: Outbox) -> None:
    answer = phone.send(outcome="", resident_phone="123")
    assert answer.status_code == 422
    assert answer.get_json()["errors"]["outcome"] == "请选择办理结果。"
    assert answer.get_json()["message"].startswith("结果怎样：")
    # Refused by the service instead of the form:
    answer = phone.send(resident_phone="123")
    assert answer.status_code == 422
    assert set(answer.get_json()["errors"]) == {"resident_phone"}
    assert _visits() == 0


def test_the_same_id_with_other_content_is_409(phone: Outbox) -> None:
    submission_id = str(uuid.uuid4())
    phone.send(submission_id=submission_id)
    answer = phone.send(submission_id=submission_id, note="other")
    assert answer.status_code == 409
    assert "submission_id" not in answer.get_json()
    assert answer.get_json()["message"]


def test_words_for_people_are_no_content(phone: Outbox) -> None:
    submission_id = str(uuid.uuid4())
    phone.send(submission_id=submission_id)
    assert phone.send(submission_id=submission_id, outbox_text="worded otherwise").status_code == 200


def test_a_lapsed_login_is_401_and_another_person_is_401(app: Flask, phone: Outbox) -> None:
    phone.browse.log_in("grid_worker2")
    assert phone.send().status_code == 401
    assert app.test_client().post("/visits/new", headers={"X-Outbox": "1"}).status_code == 401
    phone.browse.client.delete_cookie("desk")
    answer = phone.send()
    assert answer.status_code == 401
    assert answer.is_json
    assert _visits() == 0


def test_403_404_and_405_come_as_json(phone: Outbox) -> None:
    for url, status in (("/directory/people/new", 404), ("/visits/99999/undo", 404), ("/outbox", 405)):
        answer = phone.send(url=url)
        assert (answer.status_code, answer.is_json) in ((status, True), (403, True)), url
        assert answer.get_json()["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Outbox-Device": "phone"},
        {"X-Outbox-Number": "0"},
        {"X-Outbox-Number": "x"},
        {"X-Outbox-Number": str(2**40)},
        {"X-Outbox-Claimed-At": "yesterday"},
        {"X-Outbox-Claimed-At": "9999-12-31T23:59:59+00:00"},
        {"X-Outbox-Post": "9" * 40},
        {"X-Outbox-Number": "²"},
        {"X-Outbox-Page": "//elsewhere"},
        {"X-Outbox-Page": "/\t/elsewhere"},
    ],
)
def test_headers_that_make_no_sense_keep_no_visit_out(phone: Outbox, headers: dict[str, str]) -> None:
    assert phone.send(headers=headers).status_code == 200
    assert _visits() == 1


def test_a_number_used_twice_keeps_no_visit_out(phone: Outbox) -> None:
    assert phone.send(1).status_code == phone.send(1).status_code == 200
    assert _visits() == 2
    assert queries.arrivals(DEVICE).received == 1


def test_the_server_knows_which_numbers_are_missing(phone: Outbox) -> None:
    for number in (1, 2, 5):
        phone.send(number)
    answer = phone.browse.client.get(f"/outbox/status?device={DEVICE}").get_json()
    assert answer == {"received": 3, "highest": 5, "missing": [3, 4]}
    phone.browse.get("/outbox/status?device=x", status=404)


def test_the_token_says_whose_login_it_is(app: Flask, phone: Outbox) -> None:
    answer = phone.browse.client.get("/outbox/token")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["owner"] == phone.owner != ""
    assert app.test_client().get("/outbox/token").get_json()["owner"] == ""
    assert queries.owner_key(1) != queries.owner_key(2)


def _end(person_id: int) -> None:
    with transaction() as session:
        ended = sa.update(Appointment).where(Appointment.person_id == person_id)
        session.execute(ended.values(ends_on=clock.today() - timedelta(days=1)))


def test_what_a_person_without_a_post_wrote_goes_to_the_community(
    phone: Outbox, world: World, browse: Browse
) -> None:
    person_id = world.people["grid_worker"]
    _end(person_id)
    submission_id = str(uuid.uuid4())
    first, second = (phone.send(3, submission_id=submission_id, resident_name="李四") for _ in range(2))
    assert first.get_json()["message"] == "已交社区处理。"
    assert first.get_json() == second.get_json()
    assert _visits() == 0
    [row] = db.session.scalars(sa.select(Quarantined)).all()
    assert (row.person_id, row.action, row.page, row.state) == (
        person_id,
        "/visits/new",
        "/visits/new?desk=1",
        State.WAITING,
    )
    assert row.community_id == world.units["community"]
    raw = db.session.execute(sa.text("SELECT fields, text FROM outbox_quarantine")).one()
    assert "李四" not in "".join(raw), "encrypted"
    assert queries.arrivals(DEVICE).highest == 3


@pytest.mark.parametrize("page", ["//elsewhere", "/\t/elsewhere", "/\\elsewhere", "https://elsewhere"])
def test_what_is_put_aside_leads_to_no_other_site(phone: Outbox, page: str) -> None:
    answer = phone.send(headers={"X-Outbox-Hand-Over": "1", "X-Outbox-Page": page})
    assert answer.status_code == 200
    assert db.session.scalars(sa.select(Quarantined.page)).one() == "/"


def test_only_the_community_there_sees_it_claims_it_and_once(
    phone: Outbox, world: World, browse: Browse
) -> None:
    _end(world.people["grid_worker"])
    phone.send()
    row_id = db.session.scalars(sa.select(Quarantined.id)).one()
    url = f"/outbox/quarantine/{row_id}"
    for person, status in (("grid_worker2", 403), ("community_staff2", 404), ("auditor", 403)):
        browse.log_in(person).get(url, status=status)
        browse.post(f"{url}/claim", status=status)
    browse.log_in("community_staff")
    assert f'href="{url}"' in browse.get("/outbox/quarantine").text
    assert "结果怎样：已办结" in browse.get(url).text
    browse.post(f"{url}/discard", {"reason": ""}, status=422)
    browse.post(f"{url}/claim")
    assert "按原来的内容登记" in browse.get(url).text
    browse.post(f"{url}/discard", {"reason": "内容重复"}, status=409)
    assert "没有等待认领" in browse.get("/outbox/quarantine").text


def test_discarding_clears_what_it_says(phone: Outbox, world: World, browse: Browse) -> None:
    _end(world.people["grid_worker"])
    phone.send()
    row = db.session.scalars(sa.select(Quarantined)).one()
    browse.log_in("community_staff").post(f"/outbox/quarantine/{row.id}/discard", {"reason": "内容重复"})
    db.session.expire_all()
    assert (row.state, row.text, row.fields, row.note) == (State.DISCARDED, "", "[]", "内容重复")


def test_a_row_written_under_another_post_counts_under_that_post(phone: Outbox, world: World) -> None:
    with transaction() as session:
        other = Appointment(
            person_id=world.people["grid_worker"], post="building_leader", unit_id=world.units["building"],
            starts_on=clock.today(),
        )  # fmt: skip
        session.add(other)
        session.flush()
        post = other.id
    answer = phone.send(unit_id=str(world.units["building"]), headers={"X-Outbox-Post": str(post)})
    assert answer.status_code == 200
    visit = db.session.scalars(sa.select(Visit)).one()
    assert visit.building_id == world.units["building"]
    # That post ends: what comes under it now is put aside, although the person has another.
    with transaction() as session:
        session.execute(sa.delete(Appointment).where(Appointment.id == post))
    assert phone.send(2, headers={"X-Outbox-Post": str(post)}).get_json()["message"] == "已交社区处理。"


def test_the_writer_may_hand_over_what_was_refused(phone: Outbox, world: World) -> None:
    answer = phone.send(outcome="", headers={"X-Outbox-Hand-Over": "1"})
    assert answer.get_json()["message"] == "已交社区处理。"
    assert db.session.scalars(sa.select(Quarantined)).one().reason == "本人转交"


def test_a_person_without_a_post_still_can_not_see_anything(
    phone: Outbox, world: World, browse: Browse
) -> None:
    _end(world.people["grid_worker"])
    assert browse.get("/visits/new", status=303).headers["Location"].startswith("/login")
    browse.post("/visits/new", {"kind": "home_visit"}, status=303)
    assert browse.client.get("/outbox/token").get_json()["owner"] == phone.owner


def test_pages_say_whose_they_are_to_the_service_worker(browse: Browse, world: World) -> None:
    owner = queries.owner_key(world.people["grid_worker"])
    browse.log_in("grid_worker")
    kept = browse.get("/visits/new")
    assert (kept.headers["X-Page-Owner"], kept.headers["X-Page-Keep"]) == (owner, "1")
    assert "X-Page-Keep" not in browse.get("/me").headers
    assert "X-Page-Owner" not in browse.get("/visits/new", part=True).headers
    worker = browse.get("/sw.js")
    assert worker.headers["Cache-Control"] == "no-cache"
    assert worker.mimetype == "text/javascript"
    assert browse.get("/offline").headers["X-Page-Owner"] == owner


def test_what_arrived_is_told_from_the_mark_on(phone: Outbox) -> None:
    for number in (1, 2, 4):
        phone.send(number)
    before = phone.browse.get(f"/outbox/status?device={DEVICE}").get_json()
    assert before == {"received": 3, "highest": 4, "missing": [3]}
    assert service.move_marks() == 1
    assert service.move_marks() == 0
    assert phone.browse.get(f"/outbox/status?device={DEVICE}").get_json() == before
    phone.send(3)
    assert service.move_marks() == 1
    assert phone.browse.get(f"/outbox/status?device={DEVICE}").get_json() == {
        "received": 4,
        "highest": 4,
        "missing": [],
    }
