"""The storm: hundreds of visits from many phones over a network that fails at random. Afterwards the server's rows equal
the phones' logs exactly: lost 0, duplicated 0, under a wrong name 0."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.faults.conftest import MakePhone
from tests.faults.phone import Phone, session_cookie, visits
from tests.faults.proxy import Proxy
from tests.support.live import Live
from tests.support.world import PEOPLE
from webapp.extensions import db
from webapp.foundation import clock
from webapp.offline import queries

SEED = 20261122
RATE = 0.35  # of the requests meet a fault
EACH = 65  # visits a simulated phone
BROWSER_EACH = 8
WRITERS = (
    "grid_worker",
    "grid_worker1b",
    "grid_worker2",
    "building_leader",
    "building_leader2",
    "branch_secretary",
    "branch_secretary2",
    "community_staff",
)
PATIENCE = 3  # seconds that a simulated phone waits for an answer
LONGEST = 240  # seconds for all of it


@dataclass
class SimulatedPhone:
    """The outbox's protocol without a browser: keep, ask for a token, send, let go on a receipt alone."""

    person: str
    unit_id: int
    cookie: str
    owner: str
    port: int
    dice: random.Random
    device: uuid.UUID = field(default_factory=uuid.uuid4)
    queue: list[tuple[int, str, str]] = field(default_factory=list)  # number, id, note
    log: dict[str, str] = field(default_factory=dict)  # note → id, as received
    tries: int = 0

    def write(self, count: int) -> None:
        """Keep so many visits."""
        for number in range(1, count + 1):
            self.queue.append(
                (
                    number,
                    str(uuid.UUID(int=self.dice.getrandbits(128), version=4)),
                    f"storm {self.person} {number}",
                )
            )

    def run(self, deadline: float) -> None:
        """Send until nothing is left; now and then the same row from two tabs at once."""
        while self.queue and time.monotonic() < deadline:
            row = self.dice.choice(self.queue)
            if self.dice.random() < 0.15:
                second = threading.Thread(target=self._send, args=(row,))
                second.start()
                done = self._send(row)
                second.join()
            else:
                done = self._send(row)
            if done:
                self.queue.remove(row)
                self.log[row[2]] = row[1]

    def _send(self, row: tuple[int, str, str]) -> bool:
        number, submission_id, note = row
        self.tries += 1
        status, token = self._ask("GET", "/outbox/token")
        if status != 200 or "csrf" not in token or token.get("owner") != self.owner:
            return False
        fields = {
            "csrf_token": token["csrf"], "submission_id": submission_id, "outbox_text": note, "kind": "home_visit",
            "items": "policy", "outcome": "settled", "note": note, "unit_id": str(self.unit_id), "station_id": "", "at": "",
        }  # fmt: skip
        boundary = "storm"
        body = "".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "X-Outbox": "1",
            "X-Outbox-Device": str(self.device),
            "X-Outbox-Number": str(number),
            "X-Outbox-Owner": self.owner,
            "X-Outbox-Claimed-At": (clock.now() - timedelta(minutes=1)).isoformat(),
        }
        status, receipt = self._ask("POST", "/visits/new", body + f"--{boundary}--\r\n", headers)
        assert status not in (403, 404, 409, 413, 422), (status, receipt)
        return status == 200 and receipt.get("submission_id") == submission_id

    def _ask(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        sent = {"Cookie": f"desk={self.cookie}", "Accept": "application/json", **(headers or {})}
        try:
            connection.request(method, path, body.encode() or None, sent)
            answer = connection.getresponse()
            text = answer.read()
            if cookie := answer.getheader("Set-Cookie"):
                self.cookie = cookie.split(";")[0].removeprefix("desk=")
            return answer.status, json.loads(text) if "json" in (
                answer.getheader("Content-Type") or ""
            ) else {}
        except (OSError, http.client.HTTPException, ValueError):
            return 0, {}
        finally:
            connection.close()


def _simulated(live: Live, proxy: Proxy, person: str, seed: int) -> SimulatedPhone:
    world = live.app.extensions["world"]
    with live.app.app_context():
        owner = queries.owner_key(world.people[person])
    phone = SimulatedPhone(
        person,
        world.units[PEOPLE[person][1]],
        session_cookie(live, person),
        owner,
        proxy.port,
        random.Random(seed),
    )
    phone.write(EACH)
    return phone


def _written_offline(phone: Phone) -> list[str]:
    phone.open()
    phone.context.set_offline(True)
    notes = [f"storm browser {phone.person} {number}" for number in range(BROWSER_EACH)]
    for note in notes:
        phone.keep(note)
        phone.again()
    return notes


def _blow(simulated: list[SimulatedPhone], browsers: list[Phone], proxy: Proxy) -> None:
    """All of them send until nothing is left."""
    proxy.chaos(SEED, RATE)
    deadline = time.monotonic() + LONGEST
    threads = [threading.Thread(target=one.run, args=(deadline,)) for one in simulated]
    for thread in threads:
        thread.start()
    for phone in browsers:
        phone.context.set_offline(False)
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.2)
        for phone in browsers:  # lets Playwright's pages run, and taps now and then
            phone.wake()
    proxy.calm()
    for phone in browsers:
        phone.wake()
        phone.until_empty()


def _arrived(live: Live, device: str) -> tuple[int, list[int]]:
    with live.app.app_context():
        found = queries.arrivals(uuid.UUID(device))
        db.session.remove()
        return found.received, found.missing


@pytest.mark.slow
def test_after_a_storm_the_server_has_exactly_what_the_phones_wrote(
    make_phone: MakePhone, live: Live, proxy: Proxy, record_property: Callable[[str, object], None]
) -> None:
    people = live.app.extensions["world"].people
    simulated = [_simulated(live, proxy, person, SEED + n) for n, person in enumerate(WRITERS)]
    browsers = [make_phone(person) for person in WRITERS[:2]]
    written = {note: people[one.person] for one in simulated for _, _, note in one.queue}
    for phone in browsers:
        written.update(dict.fromkeys(_written_offline(phone), phone.person_id))
    assert len(written) >= 500

    _blow(simulated, browsers, proxy)

    rows = visits(live, "storm")
    lost = set(written) - set(rows)
    twice = {note for note, workers in rows.items() if len(workers) > 1}
    wrong = {note for note, workers in rows.items() if set(workers) != {written.get(note)}}
    faults = [one.fault for one in proxy.seen if one.fault]
    counts = {"written": len(written), "sent": len(proxy.posts()), "faults": len(faults)}
    record_property(
        "note", f"storm: {counts}, lost {len(lost)}, twice {len(twice)}, under a wrong name {len(wrong)}"
    )
    assert (lost, twice, wrong) == (set(), set(), set()), counts
    assert all(not one.queue for one in simulated)
    assert all(_arrived(live, str(one.device)) == (EACH, []) for one in simulated)
    device = "window.outbox.read().then((held) => held.device.id)"
    assert all(_arrived(live, phone.page.evaluate(device)) == (BROWSER_EACH, []) for phone in browsers)
    assert len(faults) > len(written) / 3, "it was a storm"
