"""单位名册: grids, buildings, companies, departments, and the streets and communities above them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from webapp.directory.models import COVERAGE_NAMES
from webapp.directory.posts import LEVEL_NAMES, Level, Permission
from webapp.directory.unit_importing import TOP_DOWN, Tree, UnitEntry
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.merging import Effect, Known, Target
from webapp.foundation.sheet_reader import Cell, text_of
from webapp.imports import cells
from webapp.imports.kinds import REF, Field, Kind, ref
from webapp.imports.models import ExternalId, ImportKind

LEVELS = {
    **{LEVEL_NAMES[level]: level for level in (
        Level.GRID, Level.BUILDING, Level.COMPANY, Level.DEPARTMENT, Level.COMMUNITY, Level.STREET,
    )},
    "小区": Level.GRID, "栋": Level.BUILDING,  # these are named where a word is not known
    **dict.fromkeys(("小区网格", "小区（网格）"), Level.GRID),
    **dict.fromkeys(("楼", "幢", "楼宇", "楼幢", "楼房"), Level.BUILDING),
    **dict.fromkeys(("物业公司", "物业", "物业服务企业", "物业服务公司"), Level.COMPANY),
    **dict.fromkeys(("区直部门", "职能部门", "区直单位"), Level.DEPARTMENT),
    **dict.fromkeys(("居委会", "社区居委会", "村", "村居", "行政村"), Level.COMMUNITY),
    **dict.fromkeys(("镇", "乡", "镇街", "乡镇", "街道办", "街道办事处"), Level.STREET),
    **{level.value: level for level in TOP_DOWN},
}  # fmt: skip
COVERAGE = {
    **{name: value for value, name in COVERAGE_NAMES.items()},
    **dict.fromkeys(("党支部", "有党支部", "已建党支部", "单独组建"), "own_branch"),
    **dict.fromkeys(("党建指导员", "指导员"), "instructor"),
    **dict.fromkeys(("群团组织", "群团"), "mass_org"),
    **dict.fromkeys(("无", "没有", "未覆盖"), "none"),
}


def households(cell: Cell) -> int:
    """A number of households: 312, 312户, 1,208."""
    found = re.fullmatch(r"(\d{1,2}[,，]?\d{3}|\d{1,5})户?", re.sub(r"\s+", "", text_of(cell)))
    if found is None:
        raise ValueError("请填写0到99999的整数。")
    return int(re.sub(r"\D", "", found[1]))


def code(cell: Cell) -> str:
    """An id of the other system. Those of grids have 15 figures, as the ID numbers of persons once had."""
    text = text_of(cell)
    return text if re.fullmatch(r"[0-9]{15}", text) else ref(cell)


class Units:
    """The tree, as rows of a file see it."""

    def __init__(self, actor: Actor, source: str, known: Known) -> None:
        # All of the source's ids: a parent may be named by one that stands in an earlier file.
        kept = sa.select(ExternalId.external_id, ExternalId.record_id)
        same = kept.where(ExternalId.source == source, ExternalId.kind == ImportKind.UNITS)
        ids = {row.external_id: row.record_id for row in db.session.execute(same)}
        self._tree = Tree(actor, Known(ids, known.bound))
        self.write = self._tree.write

    def weigh(self, values: Mapping[str, Any], ref: str) -> tuple[Target, Effect]:
        """See ``Tree.weigh``."""
        return self._tree.weigh(UnitEntry(**values), ref)


def tier(values: Mapping[str, Any]) -> int:
    """From the top: a unit may stand in the file before what is above it."""
    return TOP_DOWN.index(values["level"])


KIND = Kind(
    key=ImportKind.UNITS,
    explained="网格、楼栋、物业企业、部门，也可以带街道和社区。上级写全称、简称或代码，行的先后不限；代码由系统给出",
    permission=Permission.DIRECTORY_MANAGE,
    fields=(
        Field(
            "level", "级别", cells.choice(LEVELS),
            ("单位级别", "层级", "单位类型", "单位类别", "类型", "类别"),
            required=True,
        ),
        Field(
            "short_name", "简称", cells.plain(30),
            ("单位简称", "名称", "单位名称", "单位", "网格名称", "小区名称", "楼栋名称", "楼栋号", "楼号",
             "企业名称", "公司名称", "部门名称"),
            required=True,
        ),
        Field("name", "全称", cells.plain(80), ("单位全称", "正式名称", "全名", "单位名称", "名称")),
        Field(
            "parent", "上级", cells.plain(100),
            ("上级单位", "上级名称", "上级代码", "上级编号", "所属单位",
             "所属网格", "所在网格", "所属网格名称", "所属小区", "所在小区", "所属小区名称",
             "所属社区", "所在社区", "所属社区名称", "所属街道", "所在街道", "所属街道名称"),
        ),
        Field("households", "户数", households, ("总户数", "住户数", "居民户数")),
        Field("branch", "党支部名称", cells.plain(60), ("党支部", "支部名称", "小区党支部", "网格党支部", "党组织名称")),
        Field(
            "coverage", "党组织覆盖", cells.choice(COVERAGE),
            ("党组织覆盖情况", "党的组织覆盖", "党建覆盖"),
        ),
    ),
    open=Units,
    tier=tier,
    ref=Field(
        REF, "原编号", code,
        ("编号", "单位编号", "网格编号", "小区编号", "楼栋编号", "网格编码", "单位编码", "编码", "外部编号", "id"),
    ),
)  # fmt: skip
