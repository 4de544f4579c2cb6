"""人员名册: people, and what they serve as."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from webapp.directory.importing import Entry, Register
from webapp.directory.posts import POST_NAMES, Permission, Post
from webapp.foundation import clock
from webapp.foundation.access import Actor
from webapp.foundation.merging import Effect, Known, Target
from webapp.foundation.sheet_reader import Cell, text_of
from webapp.imports import cells
from webapp.imports.kinds import Field, Kind
from webapp.imports.models import ImportKind

POSTS = {
    **{name: post for post, name in POST_NAMES.items()},
    "小区党支部书记": Post.BRANCH_SECRETARY,
    "网格长": Post.GRID_WORKER,
    "专职网格员": Post.GRID_WORKER,
    "楼长": Post.BUILDING_LEADER,
    "社区书记": Post.COMMUNITY_SECRETARY,
    "社区干部": Post.COMMUNITY_STAFF,
    "报到党员": Post.VOLUNTEER,
    "业委会成员": Post.COMMITTEE_MEMBER,
    "物管会成员": Post.COMMITTEE_MEMBER,
    **{post.value: post for post in Post},
}  # fmt: skip
PARTY = {
    "中共党员": (True, False), "党员": (True, False), "中共预备党员": (True, False), "预备党员": (True, False),
    "是": (True, False),     "在职党员": (True, True), "群众": (False, False), "共青团员": (False, False), "团员": (False, False),
    "民主党派": (False, False), "无党派人士": (False, False), "否": (False, False),
}  # fmt: skip


_BODIES = re.compile(
    r"(?:红色|小区|网格)*(?:(?P<committee>业主委员会|业委会|物业管理委员会|物管会)|(?P<branch>党员|党支部|支部))(?P<title>.{0,20})"
)


def seat(cell: Cell) -> tuple[str, str]:
    """A seat in a grid's branch or committee, and what it is called there: 业委会主任, 党支部委员, 党员."""
    found = _BODIES.fullmatch(re.sub(r"\s+", "", text_of(cell)))
    if found is None:
        raise ValueError("可以填：党员、党支部委员、业委会主任、物管会委员等。")
    return "committee" if found["committee"] else "branch", found["title"] or "成员"


class People:
    """The register, as rows of a file see it."""

    def __init__(self, actor: Actor, source: str, known: Known) -> None:
        self._register = Register(actor, known)
        self.write = self._register.write

    def weigh(self, values: Mapping[str, Any], ref: str) -> tuple[Target, Effect]:
        """See ``Register.weigh``. A 三报到党员 is a serving party member by definition."""
        is_member, is_serving = values.get("party", (False, False))
        volunteer = values.get("post") == Post.VOLUNTEER
        entry = Entry(
            name=values["name"],
            phone=values.get("phone", ""),
            unit=values.get("unit", ""),
            post=values.get("post"),
            seat=values.get("seat"),
            since=values.get("since") or clock.today(),
            is_party_member=is_member or volunteer or values.get("seat", ("",))[0] == "branch",
            is_serving_party_member=is_serving or volunteer,
        )
        return self._register.weigh(entry, ref)


KIND = Kind(
    key=ImportKind.PEOPLE,
    explained="网格员、楼栋长、党员、业委会成员等：姓名、电话、单位、职务",
    permission=Permission.DIRECTORY_MANAGE,
    fields=(
        Field("name", "姓名", cells.plain(40), ("名字", "人员姓名", "党员姓名"), required=True),
        Field("phone", "电话", cells.plain(30), ("手机", "手机号", "手机号码", "联系电话", "联系方式", "电话号码"), private=True),
        Field(
            "unit", "单位", cells.plain(80),
            ("所在单位", "任职单位", "所属单位", "单位代码", "所在网格", "所属网格", "网格", "小区",
             "所在小区", "社区", "所属社区"),
        ),
        Field("post", "职务", cells.choice(POSTS), ("岗位", "身份", "担任职务")),
        Field("seat", "席位", seat, ("所在组织", "业委会职务", "支部职务", "党内职务", "组织")),
        Field("since", "任职日期", cells.day, ("开始日期", "任职时间", "上任日期", "入职日期", "报到日期")),
        Field("party", "政治面貌", cells.choice(PARTY), ("是否党员", "党员类别")),
    ),
    open=People,
)  # fmt: skip
