"""The same promises in Firefox ESR: no signal, whose it is, cases, the service worker. See test_firefox_store.py for the rest.

Not to be had there: installing the app (Firefox offers it on phones only, and tells no driver what it thinks of it).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.conditions import (
    KEPT,
    OLDER_BUILD,
    SEND_FIRST_ROW,
    SPOIL_FIRST_ROW,
    case_events,
    convene,
    end_logins,
    end_posts,
    other_secret,
    registered_case,
    settle,
    use_for_another_visit,
)
from tests.faults.conftest import MakeFox
from tests.faults.fox import KEPT_MESSAGE, Fox
from tests.faults.phone import receipt_of, visits
from tests.faults.proxy import UNANSWERED, Proxy
from tests.support.live import Live


def _kept(fox: Fox, *notes: str) -> None:
    fox.open()
    fox.lose_signal()
    for note in notes:
        fox.keep(note)


# ---- Signal ----
def test_with_signal_the_page_goes_on(fox: Fox, live: Live) -> None:
    fox.open()
    fox.write("fox online")
    fox.saved()
    assert visits(live, "fox online") == {"fox online": [fox.person_id]}
    assert fox.rows() == []
    [sent] = fox.log()
    kept = receipt_of(live, sent["id"])
    assert kept is not None
    assert (kept.person_id, kept.device_number) == (fox.person_id, 1)


def test_without_signal_all_is_kept_and_sent_once_there_is_some(fox: Fox, live: Live) -> None:
    fox.open()
    fox.browser.set_offline(True, fox.context)
    for number in range(3):
        fox.keep(f"fox offline {number}")
    rows = fox.rows()
    assert [row["number"] for row in rows] == [1, 2, 3]
    assert all(row["sha"] and row["claimed"] and row["owner"] and row["version"] for row in rows)
    assert not any(name == "csrf_token" for row in rows for name, _ in row["fields"])
    assert visits(live, "fox offline") == {}
    fox.browser.set_offline(False, fox.context)  # nobody taps
    fox.until_empty()
    assert visits(live, "fox offline") == {f"fox offline {n}": [fox.person_id] for n in range(3)}


def test_wrong_input_comes_back_on_the_form(fox: Fox, live: Live) -> None:
    fox.open()
    fox.fill("fox mistyped")
    fox.set("resident_phone", "123")
    fox.submit()
    fox.sees("还没有提交，请看一下")
    assert [row["state"] for row in fox.rows()] == ["mend"]
    fox.set("resident_phone", "13800000000")
    fox.submit()
    fox.saved()
    assert fox.rows() == []
    assert visits(live, "fox mistyped") == {"fox mistyped": [fox.person_id]}


@pytest.mark.parametrize("fault", UNANSWERED)
def test_no_answer_but_a_receipt_counts(fox: Fox, live: Live, proxy: Proxy, fault: str) -> None:
    fox.open()
    proxy.plan(fault, path="/visits/new")
    fox.keep(f"fox {fault}")
    assert len(fox.rows()) == 1
    fox.wake()
    fox.until_empty()
    assert visits(live, f"fox {fault}") == {f"fox {fault}": [fox.person_id]}
    assert len({one.submission_id for one in proxy.posts("/visits/new")}) == 1


def test_a_captive_portal_in_place_of_the_token_is_no_signal(fox: Fox, live: Live, proxy: Proxy) -> None:
    fox.open()
    proxy.plan("portal", "GET", "/outbox/token")
    fox.keep("fox portal token")
    assert proxy.posts() == []
    fox.until_empty()  # by its own timer, nobody taps
    assert visits(live, "fox portal token") == {"fox portal token": [fox.person_id]}


def test_silence_is_waited_for_and_no_longer(fox: Fox, live: Live, proxy: Proxy) -> None:
    fox.open()
    proxy.plan("hang", path="/visits/new")
    fox.keep("fox silence")
    fox.find_signal()
    fox.until_empty()
    assert visits(live, "fox silence") == {"fox silence": [fox.person_id]}


def test_retry_after_is_honoured(fox: Fox, live: Live, proxy: Proxy) -> None:
    fox.open()
    proxy.plan("429", path="/visits/new")
    fox.keep("fox later")
    [row] = fox.rows()
    assert row["status"] == 429
    fox.wake()  # a tap does not help
    assert 0 < row["next"] - fox.run("Date.now()") <= 2000
    assert len(proxy.posts("/visits/new")) == 1
    fox.until_empty()
    assert visits(live, "fox later") == {"fox later": [fox.person_id]}


def test_a_row_that_fails_does_not_hold_up_the_others(fox: Fox, live: Live) -> None:
    _kept(fox, "fox poison", "fox sound")
    fox.run(SPOIL_FIRST_ROW)
    fox.find_signal()
    fox.until("mend")
    fox.until("waiting", 0)
    assert visits(live, "fox sound") == {"fox sound": [fox.person_id]}
    assert fox.rows()[0]["message"].startswith("结果怎样：")
    assert visits(live, "fox poison") == {}


# ---- Whose it is ----
def test_another_person_on_the_same_phone_sends_none_of_it(fox: Fox, live: Live) -> None:
    _kept(fox, "fox first")
    first = fox.person_id
    fox.log_in("grid_worker2")
    fox.proxy.calm()
    fox.open("/outbox")
    fox.sees("本人登录后发出")
    status, answer = fox.run(SEND_FIRST_ROW)  # even with a token of theirs
    assert status == 401
    assert "另一位" in answer["message"]
    assert len(fox.rows()) == 1
    assert visits(live, "fox first") == {}
    fox.log_in("grid_worker")
    fox.open("/outbox")
    fox.until_empty()
    assert visits(live, "fox first") == {"fox first": [first]}


def test_a_login_that_lapsed_keeps_all_of_it(fox: Fox, live: Live) -> None:
    _kept(fox, "fox lapsed 1")
    end_logins(live)
    fox.find_signal()
    fox.wait("window.outbox.isLapsed()")
    fox.write("fox lapsed 2")
    fox.sees("已存到本机，登录后自动发出")
    assert [row["state"] for row in fox.rows()] == ["waiting", "waiting"]
    fox.log_in("grid_worker")
    fox.open("/outbox")
    fox.until_empty()
    assert visits(live, "fox lapsed") == {f"fox lapsed {n}": [fox.person_id] for n in (1, 2)}


def test_the_secret_was_changed_on_the_server(fox: Fox, live: Live) -> None:
    _kept(fox, "fox rotated")
    with other_secret(live):
        fox.find_signal()
        fox.wait("window.outbox.isLapsed()")
        assert [row["state"] for row in fox.rows()] == ["waiting"]
        fox.log_in("grid_worker")
        fox.open("/outbox")
        fox.until_empty()
    assert visits(live, "fox rotated") == {"fox rotated": [fox.person_id]}


def test_a_post_that_ended_meanwhile_goes_to_the_community(make_fox: MakeFox, live: Live) -> None:
    fox = make_fox("grid_worker1b")
    _kept(fox, "fox ended")
    end_posts(live, fox.person_id)
    fox.find_signal()
    fox.until_empty()
    assert visits(live, "fox ended") == {}
    assert fox.log()[0]["message"] == "已交社区处理。"


def test_a_conflict_waits_for_a_person_who_may_export_or_discard_it(fox: Fox, live: Live) -> None:
    _kept(fox, "fox conflict")
    [row] = fox.rows()
    use_for_another_visit(live, row["id"], dict(row["fields"])["unit_id"])
    fox.find_signal()
    fox.until("mend")
    fox.open("/outbox")
    fox.sees("这份表单已经提交过，内容与现在的不同")
    fox.tap("存成文件")
    assert "情况说明：fox conflict" in fox.exported()
    fox.tap("丢弃")
    fox.tap("真的丢弃，不再发送")
    fox.until_empty()
    assert visits(live, "fox conflict") == {}
    fox.open("/outbox")
    fox.sees("全部已收讫")  # a discarded number is no gap


def test_the_form_of_an_older_build_is_mended_and_arrives_once(fox: Fox, live: Live) -> None:
    fox.open()
    fox.lose_signal()
    fox.run(OLDER_BUILD)
    fox.keep("fox upgraded")
    fox.find_signal()
    fox.until("mend")
    fox.open("/outbox")
    fox.sees("这份表单有过更新")
    fox.tap("修改")
    fox.wait("document.querySelector('[name=note]')?.value === 'fox upgraded'")
    assert fox.run("document.querySelector('[name=kind]').checked")
    fox.run("void (document.querySelector('[name=outcome]').checked = true)")
    fox.submit()
    fox.saved()
    assert fox.rows() == []
    assert visits(live, "fox upgraded") == {"fox upgraded": [fox.person_id]}


# ---- Cases ----
def test_an_action_whose_answer_was_lost_is_done_once(fox: Fox, live: Live, proxy: Proxy) -> None:
    number = registered_case(live)
    fox.open(f"/cases/{number}/settle_on_spot")
    proxy.plan("drop_answer", path="/cases/")
    fox.run(settle("已经清理。"))
    fox.wait(KEPT_MESSAGE)
    assert case_events(live, number).count("settle_on_spot") == 1
    fox.until_empty()
    assert len(proxy.posts("/cases/")) == 2
    assert case_events(live, number).count("settle_on_spot") == 1


def test_a_case_that_changed_meanwhile_is_left_to_a_person(fox: Fox, live: Live) -> None:
    number = registered_case(live)
    fox.open(f"/cases/{number}/settle_on_spot")
    fox.lose_signal()
    fox.run(settle("已经劝离。"))
    fox.wait(KEPT_MESSAGE)
    convene(live, number)
    fox.find_signal()
    fox.until("mend")
    [row] = fox.rows()
    assert row["status"] == 409
    assert row["message"]
    assert "settle_on_spot" not in case_events(live, number)
    fox.open("/outbox")
    fox.sees(row["message"])
    assert "已经劝离。" in row["text"]


# ---- The service worker ----
@pytest.fixture
def served(fox: Fox) -> Fox:
    """A phone with a service worker that has taken over and keeps the form."""
    fox.open()
    fox.wait("navigator.serviceWorker.controller !== null")
    fox.open()
    fox.wait(f"{KEPT}.then((paths) => paths.includes('/visits/new'))")
    return fox


def test_the_form_opens_without_signal_and_what_is_written_there_arrives(served: Fox, live: Live) -> None:
    served.lose_signal()
    for number in range(2):
        served.open()  # the same page twice: each with an id of its own
        served.sees("没有网络。这是")
        served.keep(f"fox shell {number}")
    assert len({row["id"] for row in served.rows()}) == 2
    served.find_signal()
    served.until_empty()
    assert visits(live, "fox shell") == {f"fox shell {n}": [served.person_id] for n in range(2)}


def test_a_page_never_seen_says_that_there_is_no_signal(served: Fox) -> None:
    served.lose_signal()
    served.goto("/me")
    served.wait("document.querySelector('h1').textContent.trim() === '没有网络'")
    assert served.run("document.querySelectorAll('.post').length") == 0, "it names nobody"


def test_only_marked_pages_are_kept(served: Fox) -> None:
    for path in ("/me", "/visits/", "/outbox"):
        served.goto(path)
    served.run("fetch('/outbox/token').then(() => null)")
    served.wait(f"{KEPT}.then((paths) => paths.includes('/outbox'))")
    assert set(served.run(KEPT)) - {"/page-owner"} == {"/visits/new", "/outbox"}


def test_logging_out_wipes_pages_and_never_unsent_work(served: Fox, proxy: Proxy) -> None:
    served.lose_signal()
    served.keep("fox unsent")
    # The signal is back for pages alone.
    proxy.calm()
    proxy.plan("502", "GET", "/outbox/token", times=50)
    served.goto("/me")
    served.run("document.querySelector('form[action=\"/logout\"]').requestSubmit()")
    served.wait("location.pathname === '/login'")
    served.wait(f"{KEPT}.then((paths) => !paths.includes('/visits/new'))")
    assert [row["state"] for row in served.rows()] == ["waiting"]
    served.lose_signal()
    served.goto("/visits/new")
    served.wait("document.querySelector('h1').textContent.trim() === '没有网络'")
    assert [row["state"] for row in served.rows()] == ["waiting"]


def test_another_person_gets_none_of_the_pages(served: Fox) -> None:
    owner = served.run("document.body.dataset.owner")
    served.log_in("grid_worker2")
    served.goto("/outbox")
    served.wait(f"{KEPT}.then((paths) => paths.includes('/outbox') && !paths.includes('/visits/new'))")
    served.lose_signal()
    served.goto("/visits/new")
    served.wait("document.querySelector('h1').textContent.trim() === '没有网络'")
    served.goto("/outbox")
    assert served.run("document.body.dataset.owner") not in ("", owner)


def test_an_update_waits_until_the_open_page_is_closed(served: Fox, live: Live, proxy: Proxy) -> None:
    worker = Path(live.app.static_folder or "") / "sw.js"
    proxy.replaced["/sw.js"] = b"const BUILD = 'next', SHELL = [];\n" + worker.read_bytes()
    registration = "navigator.serviceWorker.getRegistration()"
    served.run(f"{registration}.then((one) => one.update()).then(() => null)")
    served.wait(f"{registration}.then((one) => one.waiting !== null)")
    assert served.run("navigator.serviceWorker.controller.state") == "activated"
    served.write("fox update")
    served.saved()
    assert visits(live, "fox update") == {"fox update": [served.person_id]}
