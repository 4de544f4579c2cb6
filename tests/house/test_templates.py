"""What holds for every template, and the words that must not occur: no ranking, no counting of logins, no quotas."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from webapp.extensions import db

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "templates"
NAMES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.html"))
PAGES = [
    name for name in NAMES if not Path(name).name.startswith("_") and name not in ("base.html", "ui.html")
]
PARTS = [name for name in NAMES if Path(name).name.startswith("_")]

# The rules F-06 to F-09 and F-13: words that would be needed to break them.
BANNED = {
    "F-06, people are not compared": (
        r"排名|排行|名次|榜单|积分榜|光荣榜|先进榜|\brank(s|ed|ing)?\b|rank_|_rank|leaderboard|\btop_?\d+"
    ),
    "F-07, presence is not counted": (
        r"登录次数|登陆次数|在线时长|在线分钟|活跃度|活跃率|安装率|下载率|login_?count|online_?(minutes|time)|install_?rate|active_?rate"
    ),
    "F-08, nobody has a quota": r"任务数|指标数|任务指标|完成率|必须签到|强制签到|打卡|quota|\bkpi\b|target_?(count|number)",
    "F-09, nobody is tracked": r"watchPosition|location_?history",
    "F-13, nothing is liked": r"点赞|like_?count|share_?count|转发数",
}


def found_in(text: str) -> list[str]:
    return [
        f"{match[0]} ({rule})"
        for rule, words in BANNED.items()
        for match in re.finditer(words, text, re.IGNORECASE)
    ]


def source(name: str) -> str:
    return re.sub(r"\{#.*?#\}", "", (FOLDER / name).read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles(lite_app: Flask, name: str) -> None:
    lite_app.jinja_env.get_template(name)


@pytest.mark.parametrize("name", PAGES)
def test_every_page_stands_in_the_frame_and_has_a_title(name: str) -> None:
    text = source(name)
    assert re.match(r'\s*\{% extends "[a-z_/]+\.html" %\}', text)
    assert re.search(r"\{%-? block title -?%\}.*\S.*\{%-? endblock", text, re.DOTALL)


@pytest.mark.parametrize("name", PARTS)
def test_no_part_brings_a_frame(name: str) -> None:
    assert "{% extends" not in source(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_shouts_at_nobody_and_speaks_of_no_ranking(name: str) -> None:
    text = source(name)
    assert found_in(text) == []
    assert "！" not in text, "no exclamation marks"
    assert not re.search(r"<[a-z][^>]*\s(style|on[a-z]+)\s*=", text), "forbidden by the content policy"
    assert not re.search(r"\|\s*safe\b", text), "what is safe is Markup already where it is made"


def test_addresses_and_tables_have_no_room_for_a_ranking(lite_app: Flask) -> None:
    rules = [f"{rule.rule} {rule.endpoint}" for rule in lite_app.url_map.iter_rules()]
    columns = [
        f"{table.name}.{column.name}" for table in db.metadata.sorted_tables for column in table.columns
    ]
    assert found_in("\n".join((*rules, *columns))) == []


def test_scripts_track_nobody() -> None:
    for path in (ROOT / "static").glob("*.js"):
        # A browser's storage has a quota, too; that word means nobody's work here.
        assert [word for word in found_in(path.read_text(encoding="utf-8")) if "F-09" in word] == [], (
            path.name
        )


@pytest.mark.parametrize(
    "bad",
    [
        "积分排名",
        "GET /points/ranking",
        "top10",
        "visits.login_count",
        "本月打卡",
        "persons.visit_quota",
        "点赞",
    ],
)
def test_the_list_of_words_bites(bad: str) -> None:
    assert found_in(bad)
