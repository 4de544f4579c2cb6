"""Rule F-11: existing ledgers are not typed again; columns are matched, tried first, external ids kept."""

from __future__ import annotations

import io

import sqlalchemy as sa
from flask import Flask

from tests.imports.files import to_xlsx
from tests.imports.test_people import everything
from tests.support.browse import Browse
from tests.support.world import World
from webapp.directory.models import Person, Unit
from webapp.extensions import db
from webapp.imports.models import ExternalId
from webapp.visits.models import Visit


def test_f_11_an_existing_ledger_comes_in_without_a_word_typed_again(
    browse: Browse, app: Flask, world: World
) -> None:
    worker = db.session.get_one(Person, world.people["grid_worker"]).name
    book = to_xlsx(
        [
            ("示范社区2024年走访台账", ""),
            ("台账编号", "走访日期", "网格员姓名", "走访形式", "服务事项", "处理结果", "户主"),
            *(
                (f"ZF-{n:03}", f"2024年5月{n}日", worker, "入户走访", "走访慰问", "已完成", "居民甲")
                for n in range(1, 31)
            ),
        ]
    )
    browse.log_in("community_staff")
    for times in (1, 2):
        form = {"kind": "visits", "source": "旧台账", "file": (io.BytesIO(book), "走访台账.xlsx")}
        here = browse.post("/imports/", form).headers["Location"].removesuffix("/columns")
        before = everything()
        assert "新增" in browse.get(f"{here}/trial").text
        assert everything() == before, "a dry run writes nothing"
        told = browse.follow(browse.post(f"{here}/confirm")).text
        assert ("新增 30 行" if times == 1 else "30 行早已有了") in told
    kept = db.session.execute(
        sa.select(ExternalId.external_id, Visit.worker_id).join(Visit, Visit.id == ExternalId.record_id)
    )
    assert {tuple(row) for row in kept} == {(f"ZF-{n:03}", world.people["grid_worker"]) for n in range(1, 31)}


def test_f_11_grids_and_buildings_come_in_without_a_word_typed_again(
    browse: Browse, app: Flask, world: World
) -> None:
    book = to_xlsx(
        [
            ("示范区网格、楼栋一览表", ""),
            ("网格编码", "类型", "名称", "所属单位", "户数（户）", "党支部名称"),
            *(
                (f"3406030010019{n:02}", "楼栋", f"{n}栋", "340603001001001", 24.0, "")
                for n in range(1, 31)
            ),
            ("340603001001001", "小区", "示范花园", "示范社区一", 720.0, "示范花园党支部"),
        ]
    )  # fmt: skip
    browse.log_in("district_admin")
    for times in (1, 2):
        form = {"kind": "units", "source": "旧网格平台", "file": (io.BytesIO(book), "网格一览表.xlsx")}
        here = browse.post("/imports/", form).headers["Location"].removesuffix("/columns")
        before = everything()
        assert "新增" in browse.get(f"{here}/trial").text
        assert everything() == before, "a dry run writes nothing"
        told = browse.follow(browse.post(f"{here}/confirm")).text
        assert ("新增 31 行" if times == 1 else "31 行早已有了") in told
    kept = sa.select(Unit.short_name, Unit.households).join(
        ExternalId, sa.and_(ExternalId.record_id == Unit.id, ExternalId.kind == "units")
    )
    found = {row.short_name: row.households for row in db.session.execute(kept)}
    assert found == {"示范花园": 720, **{f"示范花园 {n}栋": 24 for n in range(1, 31)}}
