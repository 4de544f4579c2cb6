"""单位名册: grids, buildings, companies, departments, and the streets and communities above them."""

from __future__ import annotations

import re

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.posts import LEVEL_NAMES, LEVELS_BELOW, Level, Permission
from webapp.directory.scope import covers, units_within
from webapp.directory.units.service import UnitFacts, change_unit, create_unit, with_grid
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import Invalid
from webapp.foundation.sheet_reader import Cell, text_of
from webapp.imports import cells
from webapp.imports.kinds import REF, Effect, Field, Kind, Marks, Refs, Taken, Values, ref
from webapp.imports.models import ImportKind
from webapp.imports.places import Place, Places, bare
from webapp.networks.bodies.queries import branch_of
from webapp.networks.bodies.service import name_branch
from webapp.networks.companies.service import set_coverage
from webapp.networks.models import COVERAGE_NAMES

ABOVE = {level: above for above, levels in LEVELS_BELOW.items() for level in levels}
# From the top, so that a parent is there before what stands below it.
TOP_DOWN = (
    Level.STREET, Level.COMPANY, Level.DEPARTMENT, Level.COMMUNITY, Level.GRID, Level.BUILDING,
)  # fmt: skip
NO_PARENT = "名录里和这张表里都没有这个上级，或者它那一行有问题。请填写全称、简称或代码。"
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
    """The tree. A unit is known by its place and short name; a row fills what was empty, and never renames or moves.

    Rows are taken from the top (``_tier``): a parent may stand anywhere in the file.
    """

    def __init__(self, actor: Actor, refs: Refs, seen: set[int]) -> None:
        self._actor, self._refs = actor, refs
        # Before the reading, so that it sees what those wrote that it waited for. A unit before what is above it, as
        # ``change_unit`` does: two never wait for each other.
        mine = sa.select(Unit.id).where(units_within(actor)).order_by(Unit.id.desc())
        db.session.execute(mine.with_for_update(key_share=True)).all()
        self._places = Places(actor, [level for level in Level if LEVELS_BELOW[level]])

    def take(self, values: Values, ref: str) -> Taken:
        """See ``Book.take``."""
        level, short_name = values.given("level", Level), values.text("short_name")
        above = self._parent(level, values.text("parent"))
        unit = self._known(above, level, short_name)
        self._check_ref(unit, ref)
        facts = UnitFacts(
            name=values.text("name") or short_name,
            short_name=short_name,
            households=values.value("households", int),
        )
        if unit is None:
            return Taken(self._set_up(above, level, facts, values).id, Effect.NEW)
        if unit.level != level:
            called = f"这里已经有一个叫“{unit.short_name}”的{LEVEL_NAMES[Level(unit.level)]}"
            raise Invalid(f"{called}，请换一个简称。", "short_name")
        return Taken(unit.id, self._fill(unit, facts, values.text("branch")))

    def _set_up(self, above: Place, level: Level, facts: UnitFacts, values: Values) -> Unit:
        unit = create_unit(self._actor, above.code, level, facts)
        self._places.add(unit)
        branch, coverage = values.text("branch"), values.text("coverage")
        if level == Level.GRID and branch:
            name_branch(self._actor, unit.code, branch)
        if level == Level.COMPANY and coverage:
            set_coverage(self._actor, unit.code, coverage)
        return unit

    def _parent(self, level: Level, text: str) -> Place:
        wanted = ABOVE[level]
        if not text:
            districts = [place for place in self._places.by_id.values() if place.level == Level.DISTRICT]
            if wanted == Level.DISTRICT and len(districts) == 1:
                return districts[0]
            raise Invalid(f"请写明在哪个{LEVEL_NAMES[wanted]}。", "parent")
        called = self._places.called(text, (wanted,))
        if called and called[0].level == wanted:
            if len(called) == 1:
                return called[0]
            beside = (
                f"写成“{LEVEL_NAMES[ABOVE[wanted]]}/{LEVEL_NAMES[wanted]}”，或" if wanted in ABOVE else ""
            )
            raise Invalid(f"有几个{LEVEL_NAMES[wanted]}都叫这个名字，请{beside}改填代码。", "parent")
        named = self._places.by_id.get(self._refs.find(text) or 0)  # by its id in the same old system
        if named and named.level == wanted:
            return named
        if not called:
            raise Invalid(NO_PARENT, "parent")
        empty = "，可以空着" if wanted == Level.DISTRICT else ""
        right = f"{LEVEL_NAMES[level]}的上级是{LEVEL_NAMES[wanted]}{empty}"
        raise Invalid(f"{right}；这里写的是{LEVEL_NAMES[Level(called[0].level)]}。", "parent")

    def _known(self, above: Place, level: Level, short_name: str) -> Unit | None:
        """Find a unit below ``above`` by name, ignoring spaces."""
        if level == Level.BUILDING:
            short_name = with_grid(above.short_name, short_name)
        unspaced = sa.func.replace(sa.func.replace(Unit.short_name, " ", ""), "\u3000", "")
        below = sa.select(Unit).where(Unit.parent_id == above.id, Unit.retired_on.is_(None))
        same = below.where(unspaced == re.sub(r"\s+", "", short_name))
        return db.session.scalars(same.order_by(Unit.id).limit(1)).first()

    def _check_ref(self, unit: Unit | None, ref: str) -> None:
        """Check that an id of the old system and a unit belong together."""
        if not ref:
            return
        bound = self._refs.find(ref)
        if bound is not None and (unit is None or bound != unit.id):
            other = db.session.get_one(Unit, bound)
            if other.retired_on or not covers(self._actor, other.path):
                raise Invalid("这个编号的单位已经停用，请核对，或不导入这一行。", REF)
            raise Invalid(f"这个编号登记的是{other.short_name}，请核对编号、简称和上级。", REF)
        if bound is None and unit and self._refs.is_bound(unit.id):
            told = f"这里已经有一个叫“{unit.short_name}”的单位，编号不同。请换一个简称，或核对编号。"
            raise Invalid(told, "short_name")

    def _fill(self, unit: Unit, facts: UnitFacts, branch: str) -> Effect:
        """Enter what was not known of the unit."""
        effect = Effect.SAME
        has_households = unit.level in (Level.GRID, Level.BUILDING)
        if has_households and unit.households is None and facts.households is not None:
            filled = UnitFacts(unit.name, unit.short_name, facts.households)
            change_unit(self._actor, unit.code, filled)
            effect = Effect.CHANGED
        if branch and unit.level == Level.GRID and not branch_of(unit.id):
            name_branch(self._actor, unit.code, branch)
            effect = Effect.CHANGED
        return effect


def _tier(values: Values) -> int:
    return TOP_DOWN.index(values.given("level", Level))


def _marks(values: Values) -> Marks:
    """A parent is named by its id, or by words that end with one of its names."""
    parent = values.text("parent")
    above, short_name, name = bare(parent), bare(values.text("short_name")), bare(values.text("name"))
    needed = {f"id:{parent}", *(f"unit:{above[start:]}" for start in range(len(above)))}
    own = {f"id:{values.text(REF)}"} if values.text(REF) else set()
    if values.given("level", Level) == Level.BUILDING:  # there is a 1栋 everywhere, and nothing below it
        own.add(f"building:{above}/{short_name}")
    else:
        own |= {f"unit:{word}" for word in (short_name, name) if word}
    return Marks(frozenset(own), frozenset(needed), above)


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
    marks=_marks,
    tier=_tier,
    ref=Field(
        REF, "原编号", code,
        ("编号", "单位编号", "网格编号", "小区编号", "楼栋编号", "网格编码", "单位编码", "编码", "外部编号", "id"),
    ),
)  # fmt: skip
