"""The pages of an import: three steps without a script, each shown only to who sent the file."""

from __future__ import annotations

import io
import re
import uuid
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.imports.files import PEOPLE, to_csv, to_xlsx
from tests.imports.test_people import everything, rows
from tests.imports.test_units import TREE
from tests.support.browse import Browse
from tests.support.world import World
from webapp.foundation import sheet_reader
from webapp.imports.columns import guess
from webapp.imports.models import ImportKind
from webapp.imports.registry import KINDS

FILE = "/imports/[0-9a-f-]{36}"


def upload(browse: Browse, data: bytes, status: int = 303, **more: Any) -> TestResponse:
    fields = {"kind": "people", "source": "旧平台", "file": (io.BytesIO(data), "名册.csv"), **more}
    return browse.post("/imports/", fields, status=status)


def sent(browse: Browse, data: bytes) -> str:
    """The address of the file's steps."""
    where = upload(browse, data).headers["Location"]
    assert re.fullmatch(f"{FILE}/columns", where)
    return where.removesuffix("/columns")


def selected(page: str) -> dict[str, str]:
    """What each select shows."""
    return {
        name: chosen[1] if (chosen := re.search(r'<option selected value="([^"]*)"', options)) else ""
        for name, options in re.findall(
            r'<select[^>]* name="(column_\d+)"[^>]*>(.*?)</select>', page, re.DOTALL
        )
    }


def test_from_the_file_to_the_register(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    assert "导入台账" in browse.get("/directory/").text
    assert "人员名册" in browse.get("/imports/").text
    before = everything()
    here = sent(browse, to_csv(rows(world), "gb18030"))
    page = browse.get(f"{here}/columns").text
    chosen = selected(page)
    assert chosen == {
        "column_0": "external_id", "column_1": "name", "column_2": "phone", "column_3": "unit", "column_4": "post",
        "column_5": "since",
    }  # fmt: skip
    assert "137****0001" in page
    assert "13711110001" not in page
    assert browse.post(f"{here}/columns", chosen).headers["Location"] == f"{here}/trial"
    tried = browse.get(f"{here}/trial").text
    assert "还什么都没有写入" in tried
    assert everything()["persons"] == before["persons"]
    again = str(uuid.uuid4())
    answer = browse.post(f"{here}/confirm", submission_id=again)
    assert "新增 3 行，更新 1 行" in browse.follow(answer).text
    browse.post(f"{here}/confirm", submission_id=again)
    browse.post(f"{here}/confirm", status=404)
    assert everything()["persons"] == before["persons"] + 3
    assert everything()["import_batches"] == 1


def test_columns_can_be_changed_and_are_checked(browse: Browse, world: World) -> None:
    browse.log_in("district_admin")
    here = sent(browse, to_xlsx([("谁", "号"), ("示范甲", 13711110001)]))
    assert selected(browse.get(f"{here}/columns").text) == {"column_0": "", "column_1": ""}
    assert browse.get(f"{here}/trial", status=303).headers["Location"] == f"{here}/columns"
    assert "还要指明哪一列是姓名" in browse.post(f"{here}/columns", {"column_0": ""}, status=422).text
    twice = browse.post(f"{here}/columns", {"column_0": "name", "column_1": "name"}, status=422).text
    assert "“谁”那一列也选了这一项" in twice
    browse.post(f"{here}/columns", {"column_0": "name", "column_1": "phone"})
    assert "导入" in browse.get(f"{here}/trial").text


def test_wrong_rows_are_shown_counted_and_downloaded(browse: Browse, world: World) -> None:
    browse.log_in("district_admin")
    bad = [("", f"示范{n}", "123456", "", "", "") for n in range(60)]
    here = sent(browse, to_csv([*rows(world), *bad]))
    page = browse.get(f"{here}/trial").text
    assert page.count("这不像一个电话号码") == 50
    assert "共 60 处，这里是前 50 处" in page
    assert "123456" not in page
    answer = browse.get(f"{here}/wrong.csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(sheet_reader.read(answer.data).rows) == 60
    refused = browse.post(f"{here}/confirm", status=422).text
    assert "有 60 行不能导入" in refused
    browse.post(f"{here}/confirm", {"leave_out": "y"})
    assert "未导入 60" in browse.get("/imports/").text


def test_a_file_that_can_not_be_read_is_refused_beside_its_field(browse: Browse) -> None:
    browse.log_in("district_admin")
    page = upload(browse, b"%PDF-1.7\0", status=422).text
    assert 'id="file-err"' in page
    assert "请上传 .xlsx、.xls 或 .csv 文件" in page
    assert "请选择文件" in browse.post("/imports/", {"kind": "people", "source": "旧平台"}, status=422).text
    assert "请填写原系统名称" in upload(browse, b"a,b\n1,2\n", status=422, source="").text


def test_the_same_upload_twice_is_one_file(browse: Browse, world: World) -> None:
    browse.log_in("district_admin")
    data, again = to_csv(rows(world)), str(uuid.uuid4())
    answers = [
        browse.post(
            "/imports/",
            {"kind": "people", "source": "旧平台", "file": (io.BytesIO(data), "a.csv")},
            submission_id=again,
        ).headers["Location"]
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert everything()["import_uploads"] == 1


def test_nobody_else_sees_a_file(browse: Browse, world: World) -> None:
    here = sent(browse.log_in("district_admin"), to_csv(rows(world)))
    for person, status in (("community_staff", 404), ("grid_worker", 403)):
        browse.log_in(person)
        for step in ("columns", "trial", "wrong.csv"):
            browse.get(f"{here}/{step}", status=status)
        for step in ("columns", "confirm", "cancel"):
            browse.post(f"{here}/{step}", status=status)
    browse.log_in("district_admin").post(f"{here}/cancel")
    browse.get(f"{here}/trial", status=404)


def test_a_community_brings_in_visits_and_is_told_of_points(browse: Browse, world: World) -> None:
    page = browse.log_in("community_staff").get("/imports/").text
    assert "走访台账" in page
    assert "人员名册" not in page
    data = to_csv(
        [("日期", "走访人", "形式", "事项", "结果"), ("2025-3-1", "谁", "上门", "政策咨询", "办结")]
    )
    here = upload(browse, data, kind="visits").headers["Location"].removesuffix("/columns")
    tried = browse.get(f"{here}/trial").text
    assert "不计积分" in tried
    assert "没有一行可以导入" in tried
    upload(browse, to_csv([PEOPLE, PEOPLE]), status=422, kind="people")


@pytest.mark.parametrize("person", ["grid_worker", "street_staff", "auditor", "handler", "volunteer"])
def test_others_find_no_import(browse: Browse, person: str) -> None:
    browse.log_in(person).get("/imports/", status=403)


def test_from_the_file_to_the_grids(browse: Browse, app: Flask, world: World) -> None:
    browse.log_in("district_admin")
    page = browse.get("/imports/").text
    assert "单位名册" in page
    assert "级别（必有）、简称（必有）、全称、上级、户数、党支部名称、党组织覆盖、原编号" in page
    wrong = ("U99", "网格", "示范小区79", "", "没有的社区", "", "")
    here = upload(browse, to_csv([*TREE, wrong]), kind="units").headers["Location"].removesuffix("/columns")
    chosen = selected(browse.get(f"{here}/columns").text)
    assert chosen == {
        "column_0": "external_id", "column_1": "level", "column_2": "short_name", "column_3": "name",
        "column_4": "parent", "column_5": "households", "column_6": "branch",
    }  # fmt: skip
    browse.post(f"{here}/columns", chosen)
    tried = browse.get(f"{here}/trial").text
    assert "已有的单位不改名、不移动" in tried
    assert "第10行 · 上级：没有的社区" in tried
    answer = browse.post(f"{here}/confirm", {"leave_out": "y"})
    assert "新增 8 行，没有导入 1 行" in browse.follow(answer).text
    assert "示范花园" in browse.get("/directory/?q=示范花园").text
    assert "单位名册 · 旧平台" in browse.get("/imports/").text


def test_a_community_is_not_offered_units(browse: Browse, world: World) -> None:
    assert "单位名册" not in browse.log_in("community_staff").get("/imports/").text
    upload(browse, to_csv(TREE), status=422, kind="units")
    assert everything()["import_uploads"] == 0


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (("级别", "简称", "全称", "上级", "户数", "党支部名称", "编号"),
         ("level", "short_name", "name", "parent", "households", "branch", "external_id")),
        (("类型", "名称", "所属单位"), ("level", "short_name", "parent")),
        (("单位类别", "单位名称", "单位简称", "上级单位名称"), ("level", "name", "short_name", "parent")),
        (("类别", "所属街道", "所属社区", "所属网格名称", "楼栋名称", "总户数"),
         ("level", "", "", "parent", "short_name", "households")),
        (("网格编码", "级别", "网格名称", "所属社区", "党支部", "党组织覆盖情况"),
         ("external_id", "level", "short_name", "parent", "branch", "coverage")),
    ],
)  # fmt: skip
def test_columns_of_units_are_known_by_what_others_call_them(
    header: tuple[str, ...], found: tuple[str, ...]
) -> None:
    chosen = {column: name for name, column in guess(KINDS[ImportKind.UNITS], header).items()}
    assert tuple(chosen.get(column, "") for column in range(len(header))) == found
