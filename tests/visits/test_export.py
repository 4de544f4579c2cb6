from __future__ import annotations

import csv
import io
from datetime import timedelta

from flask import Flask

from tests.support.browse import Browse
from tests.support.world import World
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock
from webapp.visits import service
from webapp.visits.service import Details


def exported(browse: Browse, url: str, **filters: str) -> list[dict[str, str]]:
    answer = browse.post(url, {**filters, "file": "csv"}, status=200)
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")))


def test_who_was_visited_stays_hidden_and_who_went_is_named(app: Flask, browse: Browse, world: World) -> None:
    told = Details(
        resident_name="张三丰", resident_phone="13812345678", door="3栋2单元501",
        note="=张三丰家3栋2单元501，电话13812345678", do_not_disturb=True, at=clock.now() - timedelta(days=8),
        next_visit_on=clock.today() + timedelta(days=1),
    )  # fmt: skip
    service.log_visit(
        world.actor("grid_worker"),
        kind="home_visit",
        items=["policy", "safety"],
        outcome="settled",
        details=told,
    )
    name = db.session.get_one(Person, world.people["grid_worker"]).name
    for url in ("/visits/export", "/visits/agreed/export"):
        row = exported(browse.log_in("grid_worker"), url)[0]
        assert (row["服务人员"], row["地点"], row["居民"]) == (name, "示范小区01", "张**")
        assert (row["服务形式"], row["办理结果"]) == ("上门服务", "已办结")
        assert (row["补记"], row["免打扰"]) == ("是", "是")
        assert row["情况"].startswith("'=")
        assert not any(secret in "".join(row.values()) for secret in ("13812345678", "501"))
    assert exported(browse, "/visits/export", outcome="explained") == []
    assert exported(browse.log_in("grid_worker2"), "/visits/export") == []
