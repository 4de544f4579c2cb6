"""The kit of templates, styles and icons: nothing that is used is missing, nothing breaks the content policy."""

from __future__ import annotations

import re
from pathlib import Path

import brotli
import pytest
from flask import Flask, render_template_string
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, RadioField, SelectMultipleField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired

from tests.support.browse import check_html
from webapp.foundation.forms import Form, PhotosField

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STYLES = (ROOT / "static/app.css").read_text(encoding="utf-8")
ICONS = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/icons.svg").read_text(encoding="utf-8")))
CSS_BUDGET = 7 * 1024  # bytes on the wire: the largest single gain on a weak signal

PAGE = """{% import "ui.html" as ui %}
{% call ui.form(form, '/x', target='#case-1', outbox=True, multipart=True) %}
{{ ui.error_summary(form) }}{{ ui.field(form.name, hint='如 3号楼', inputmode='text') }}{{ ui.chips(form.way) }}
{{ ui.chips(form.items, limit=1) }}{{ ui.switch(form.quiet) }}{{ ui.photos(form.photos) }}
{{ ui.reason(form.reason, ['已经解决'], uid='a') }}
{% call ui.fold('更多') %}{{ ui.notice('due', '今天到期') }}{% endcall %}{% call ui.bar() %}{{ ui.button('提交') }}{% endcall %}
{% endcall %}
{{ ui.act(form, '/y', '同意', icon='check') }}{{ ui.search('/s', hidden={'state': 'open'}, target='#rows') }}
{% call ui.split() %}{% call ui.cells('今天') %}{{ ui.cell('楼道灯', sub='3号楼', href='/1',
  status=('due', '今天到期')) }}
{% call ui.cell('下水道') %}{{ ui.link_button('看', '/2') }}{% endcall %}{{ ui.more('/more') }}{% endcall %}{% endcall %}
{% call ui.card('情况', href='/a') %}{{ ui.dl([('地点', '3号楼')]) }}{{ ui.steps(['收集', '处置'], 1) }}
{{ ui.turn('社区', '转办', '还剩 2 个工作日') }}{{ ui.timeline(events) }}{% endcall %}
{% call ui.sheet('退回') %}<p>原因</p>{% endcall %}
{{ ui.empty('还没有记录', '记一次', '/new') }}{{ ui.brand('办事') }}
<div class="bigs">{{ ui.big_link('上门服务', '/v', 'door-open') }}</div>
{% call ui.figures() %}{{ ui.figure(3, '已超期', '/o', 'overdue') }}{% endcall %}{{ ui.qr(svg, '领取', '8K3F') }}
{{ ui.tabs_inline([{'label': '全部', 'url': '/', 'current': True, 'count': 2}], target='#rows') }}
{% call ui.goods('洗衣液', 120, '/g.svg', '还剩 2 份', href='/g') %}{{ ui.button('兑换') }}{% endcall %}
{% call ui.table(['社区']) %}<tr><td>1</td></tr>{% endcall %}{{ ui.status('done', '已办结') }}"""


class SampleForm(Form):
    name = StringField("门牌", validators=[InputRequired("请填写门牌。")])
    way = RadioField(
        "方式",
        choices=[SelectChoice("a", "上门"), SelectChoice("b", "接待")],
        validators=[InputRequired("请选一种方式。")],
    )
    items = SelectMultipleField(
        "事项", choices=[SelectChoice("1", "看望"), SelectChoice("2", "检查"), SelectChoice("3", "宣传")]
    )
    quiet = BooleanField("免打扰")
    photos = PhotosField("照片")
    reason = StringField("原因")


def render(app: Flask, sent: dict[str, str] | None = None) -> str:
    with app.test_request_context("/x", method="POST" if sent is not None else "GET"):
        form = SampleForm(MultiDict(sent) if sent is not None else None)
        if sent is not None:
            form.validate()
        return render_template_string(PAGE, form=form, events=[], svg=Markup("<svg></svg>"))


def test_every_control_is_valid_html(lite_app: Flask) -> None:
    check_html(render(lite_app), whole=False)


def test_a_refused_form_keeps_the_input_and_ties_each_message_to_its_field(lite_app: Flask) -> None:
    html = render(lite_app, {"reason": "等配件", "items": "3"})
    check_html(html, whole=False)
    assert 'aria-describedby="name-hint name-err"' in html
    assert 'id="name-err"' in html
    assert '<a href="#way">方式：请选一种方式。</a>' in html
    assert html.count("autofocus") == 3, "one for the field, one for each chip of the group"
    assert ">等配件</textarea>" in html
    assert re.search(r"<details open><summary class=\"chip\">", html), "a chosen chip is never folded away"


def test_hidden_fields_have_no_ids_so_that_a_form_may_stand_on_a_page_twice(lite_app: Flask) -> None:
    assert 'id="submission_id"' not in render(lite_app)
    assert 'name="submission_id"' in render(lite_app)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_use_only_icons_and_classes_that_exist(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    icons = set(re.findall(r"(?:\bicon\(|icon=)'([a-z-]+)'", text))
    assert icons <= ICONS
    classes = {name for value in re.findall(r'class="([^"{]*)"', text) for name in value.split()}
    assert {name for name in classes if f".{name}" not in STYLES} == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_obey_the_content_policy(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r'\s(style|on[a-z]+|hx-on[^=]*|hx-vals)\s*=\s*["\']', text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)


def test_tabs_have_icons() -> None:
    source = (ROOT / "webapp/accounts/context.py").read_text(encoding="utf-8")
    assert set(re.findall(r'_Place\("[^"]+", "[^"]+", "([a-z-]+)"', source)) <= ICONS


def test_styles_stay_small() -> None:
    assert len(brotli.compress(STYLES.encode())) <= CSS_BUDGET
