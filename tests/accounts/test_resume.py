"""A form sent after the login had lapsed is not lost."""

from __future__ import annotations

import io
import re

import sqlalchemy as sa
from flask import Flask
from PIL import Image

from tests.support.browse import Browse
from tests.support.world import PASSWORD, World
from webapp.accounts.models import Account, LoginSession
from webapp.extensions import db
from webapp.foundation import clock
from webapp.foundation.db import transaction
from webapp.visits.models import Visit


def lapse(world: World, name: str) -> None:
    with transaction() as session:
        mine = LoginSession.account_id == world.account_id(name)
        session.execute(sa.update(LoginSession).where(mine).values(ended_at=clock.now()))


def credentials(world: World, name: str, held: str) -> dict[str, str]:
    username = db.session.get_one(Account, world.account_id(name)).username
    return {"login": username, "password": PASSWORD, "held": held}


def photo() -> tuple[io.BytesIO, str]:
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "white").save(out, "JPEG")
    out.seek(0)
    return out, "photo.jpg"


def held_in(page: str) -> str:
    found = re.search(r'name="held" type="hidden" value="([^"]+)"', page) or re.search(
        r'name="held"[^>]*value="([^"]+)"', page
    )
    assert found is not None, page
    return found[1].replace("&#34;", '"').replace("&quot;", '"')


def fields(page: str) -> dict[str, str]:
    return {
        name: value.replace("&#34;", '"')
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    }


SENT = {"kind": "home_visit", "items": "policy", "outcome": "settled", "note": "帮老人量了血压"}


def test_it_comes_back_filled_in_after_the_login(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("grid_worker")
    lapse(world, "grid_worker")
    login = browse.post("/visits/new", {**SENT, "photos": photo()}, status=401).text
    assert "您填的内容还在" in login
    browse._csrf()
    page = browse.post("/login", credentials(world, "grid_worker", held_in(login)), status=200).text
    assert "还没有提交" in page
    assert db.session.scalar(sa.select(sa.func.count(Visit.id))) == 0
    again = fields(page)
    del again["csrf_token"]
    browse._csrf()
    filled = browse.post("/visits/new", again, status=200).text
    assert "帮老人量了血压" in filled
    assert "带上刚才选的 1 张照片" in filled
    assert db.session.scalar(sa.select(sa.func.count(Visit.id))) == 0
    again.pop("resume")
    saved = browse.follow(browse.post("/visits/new", again)).text
    assert "帮老人量了血压" in saved
    assert saved.count("?thumb=1") == 1


def test_another_person_does_not_get_it(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("grid_worker")
    lapse(world, "grid_worker")
    login = browse.post("/visits/new", SENT, status=401).text
    browse._csrf()
    answer = browse.post("/login", credentials(world, "grid_worker1b", held_in(login)))
    page = browse.follow(answer).text
    assert "另一个人写的" in page
    assert "帮老人量了血压" not in page


def test_without_an_earlier_login_nothing_is_held(lite_app: Flask, browse: Browse) -> None:
    browse._csrf()
    answer = browse.post("/visits/new", SENT)
    assert answer.headers["Location"] == "/login"


def test_passwords_are_not_carried_along(lite_app: Flask, world: World, browse: Browse) -> None:
    browse.log_in("grid_worker")
    lapse(world, "grid_worker")
    answer = browse.post(
        "/me/password", {"old": PASSWORD, "new": "another-long-one", "again": "another-long-one"}
    )
    assert answer.headers["Location"] == "/login"
