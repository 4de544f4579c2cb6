from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from flask import Flask
from python_calamine import CalamineWorkbook

from tests.support.browse import Browse
from tests.support.world import World
from tests.volunteering.kit import an_activity, at, served
from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation import clock
from webapp.volunteering.activities import service as activity_service


def exported(browse: Browse, url: str) -> list[dict[str, Any]]:
    answer = browse.post(url, {"file": "xlsx"}, status=200)
    head, *rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def test_hours_leave_as_whole_minutes(app: Flask, browse: Browse, world: World) -> None:
    activity = an_activity(world)
    volunteer, waiting = world.actor("volunteer"), world.actor("volunteer1b")
    for actor in (volunteer, waiting):
        activity_service.sign_up(actor, activity.id)
    served(volunteer, activity, went=activity.ends_at - timedelta(minutes=17))
    with at(activity.ends_at + timedelta(minutes=1)):
        mine = exported(browse.log_in("volunteer"), "/volunteering/hours/export")
        assert [(row["活动"], row["时长（分钟）"], row["状态"]) for row in mine] == [
            ("楼道清扫", 103, "待确认")
        ]
        assert exported(browse.log_in("volunteer1b"), "/volunteering/hours/export") == []
        rows = exported(browse.log_in("grid_worker"), f"/volunteering/{activity.id}/export")
    names = [db.session.get_one(Person, world.people[who]).name for who in ("volunteer", "volunteer1b")]
    assert [(row["姓名"], row["时长（分钟）"], row["状态"]) for row in rows] == [
        (names[0], 103, "待确认"), (names[1], "", "未签到"),
    ]  # fmt: skip
    assert rows[0]["签到时间"] == clock.local(activity.starts_at).replace(tzinfo=None)


def test_the_file_says_what_one_signed_up_for(app: Flask, browse: Browse, world: World) -> None:
    activity = an_activity(world, capacity=1)
    for who in ("volunteer", "volunteer1b"):
        activity_service.sign_up(world.actor(who), activity.id)
    mine = []
    for who in ("volunteer", "volunteer1b"):
        answer = browse.log_in(who).post("/volunteering/export", {"tab": "mine", "file": "xlsx"}, status=200)
        mine += CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()[1:]
    assert [(row[0], row[1], row[-1]) for row in mine] == [
        ("楼道清扫", "环境整治", "已报名"), ("楼道清扫", "环境整治", "候补"),
    ]  # fmt: skip
