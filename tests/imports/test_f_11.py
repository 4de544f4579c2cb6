"""Rule F-11: existing ledgers are not typed again; columns are matched, tried first, external ids kept."""

from __future__ import annotations

import io

import sqlalchemy as sa
from flask import Flask

from tests.imports.files import to_xlsx
from tests.imports.test_people import everything
from tests.support.browse import Browse
from tests.support.world import World
from webapp.directory.models import Person
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
