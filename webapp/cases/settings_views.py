"""The pages of what the district sets of cases: the working days, and how long a case may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from flask import Response, request, url_for

from webapp.cases import options, settings_queries
from webapp.cases.models import TermRule
from webapp.cases.service import settings
from webapp.cases.settings_forms import (
    EndTermsForm,
    FillYearForm,
    NewTermsForm,
    TermsForm,
    WorkdaysForm,
)
from webapp.cases.settings_queries import Line, Run, Scope
from webapp.cases.terms import UNIT_NAMES
from webapp.cases.views import bp
from webapp.directory.posts import LADDER, LEVEL_NAMES, Level, Permission
from webapp.foundation import clock, text
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import SeenForm, settle, submit
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done

P = Permission

# Working days


@bp.get("/workdays")
@may(P.SETTINGS_MANAGE)
def workdays() -> Response:
    """The working days of a year, as far as they differ from Monday to Friday."""
    return _workdays_page(request.args.get("year", type=int))


@bp.post("/workdays")
@may(P.SETTINGS_MANAGE)
def correct_workdays() -> Response:
    """Set a day to come, or several in a row, as rest or as worked."""
    actor, form = current_actor(), WorkdaysForm()
    year = request.args.get("year", type=int)
    return settle(
        form,
        lambda: settings.correct_workdays(actor, form.run(), seen=form.seen.data or ""),
        lambda run: Done(url_for("cases.workdays", year=run.first.year), _corrected(run)),
        lambda status, message: _workdays_page(year, status, form, message),
    )


def _corrected(run: Run) -> str:
    days = text.day(run.first) + (f"至{text.day(run.last)}" if run.last > run.first else "")
    return f"已改：{days}{'上班' if run.works else '休息'}。以后开始的时限按它算。"


@bp.post("/workdays/fill")
@may(P.SETTINGS_MANAGE)
def fill_year() -> Response:
    """Declare a year known whose holidays are all entered."""
    actor, form = current_actor(), FillYearForm()
    return settle(
        form,
        lambda: settings.fill_year(actor, form.year.data, seen=form.seen.data or ""),
        lambda _: Done(
            url_for("cases.workdays", year=form.year.data),
            f"{form.year.data} 年已补齐，以后开始的时限不再提示“节假日数据未更新”。",
        ),
        lambda status, message: _workdays_page(form.year.data, status, form, message),
    )


def _workdays_page(
    year: int | None, status: int = 200, tried: SeenForm | None = None, message: str = ""
) -> Response:
    found = settings_queries.year_of_workdays(year)
    if tried and message:
        tried.come_back(message, found.state)
    correct = tried if isinstance(tried, WorkdaysForm) else WorkdaysForm(formdata=None, seen=found.state)
    fill = (
        tried
        if isinstance(tried, FillYearForm)
        else FillYearForm(formdata=None, year=found.year, seen=found.state)
    )
    return page(
        "cases/workdays.html",
        status=status,
        found=found,
        form=correct,
        fill=fill,
        years=[
            {
                "label": f"{each} 年",
                "url": url_for("cases.workdays", year=each),
                "current": each == found.year,
            }
            for each in found.offered
        ],
    )


# Terms


@bp.get("/terms")
@may(P.SETTINGS_MANAGE)
def terms() -> Response:
    """How long each level may take, for what."""
    names = settings_queries.category_names()
    levels = settings_queries.lines_by_level(names)
    return page("cases/terms.html", levels=levels, level_names=LEVEL_NAMES, name=_namer(names), said=_said)


def _said(rule: TermRule) -> str:
    accept = f"受理 {rule.accept_amount} {UNIT_NAMES[rule.accept_unit]}"
    return f"{accept} · 办结 {rule.handle_amount} {UNIT_NAMES[rule.handle_unit]}"


def _namer(names: Mapping[str, str]) -> Callable[[Scope], str]:
    """What a scope is called."""

    def name(scope: Scope) -> str:
        if not scope.category:
            return "紧急事项" if scope.urgent else "一般事项"
        return f"{names[scope.category]}{'（紧急）' if scope.urgent else ''}"

    return name


@bp.route("/terms/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
def new_terms() -> Response:
    """Set terms of their own for a category, or for urgent matters."""
    actor = current_actor()
    asked = request.args.get("level", "")
    form = NewTermsForm(level=asked if asked in LADDER else LADDER[0], starts=_tomorrow())
    form.category.choices = {"": "全部类别", **{row.key: row.name for row in options.categories()}}
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: settings.add_terms(
                actor, form.scope(), given=form.terms(), starts=form.starts.data or clock.today()
            ),
            lambda _: Done(url_for("cases.terms"), f"已添加，{text.day(form.starts.data)}起执行。"),
        )
        if done:
            return go(done.url, done.message)
    levels = [(level, LEVEL_NAMES[level]) for level in LADDER]
    return page("cases/terms_new.html", status=422 if form.errors else 200, form=form, levels=levels)


def _tomorrow() -> date:
    return clock.today() + timedelta(days=1)


@bp.get("/terms/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="term_rule")
def terms_of(rule_id: int) -> Response:
    """One of them: what holds, what follows, and the form to change it."""
    return _terms_page(rule_id)


@bp.post("/terms/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="term_rule")
def change_terms(rule_id: int) -> Response:
    """Let other terms hold from a day to come."""
    actor, form = current_actor(), TermsForm()
    settings_queries.line_of(rule_id)
    return settle(
        form,
        lambda: settings.change_terms(
            actor,
            rule_id,
            given=form.terms(),
            starts=form.starts.data or clock.today(),
            seen=form.seen.data or "",
        ),
        lambda line: Done(url_for("cases.terms"), _changed(line)),
        lambda status, message: _terms_page(rule_id, status, form, message),
    )


def _changed(line: Line) -> str:
    if line.next is None:
        return "已取消原定的变动，继续按现在的时限办理。"
    return f"已保存，{text.day(line.next.valid_from)}起执行。已经在走的期限不变。"


@bp.post("/terms/<int:rule_id>/end")
@may(P.SETTINGS_MANAGE, record="term_rule")
def end_terms(rule_id: int) -> Response:
    """Take a special rule out of use."""
    actor, form = current_actor(), EndTermsForm()
    settings_queries.line_of(rule_id)
    return settle(
        form,
        lambda: settings.end_terms(actor, rule_id, seen=form.seen.data or ""),
        lambda _: Done(url_for("cases.terms"), "已停用，明天起按其他规定办理。已经在走的期限不变。"),
        lambda status, message: _terms_page(rule_id, status, form, message),
    )


def _terms_page(
    rule_id: int, status: int = 200, tried: SeenForm | None = None, message: str = ""
) -> Response:
    line = settings_queries.line_of(rule_id)
    names = settings_queries.category_names()
    if tried and message:
        tried.come_back(message, line.state)
    latest = line.next or line.now
    fresh = TermsForm(
        formdata=None,
        obj=latest,
        starts=line.next.valid_from if line.next else _tomorrow(),
        seen=line.state,
    )
    return page(
        "cases/terms_of.html",
        status=status,
        line=line,
        level_name=LEVEL_NAMES[Level(line.scope.level)],
        name=_namer(names),
        said=_said,
        form=tried if isinstance(tried, TermsForm) else fresh,
        end=tried if isinstance(tried, EndTermsForm) else EndTermsForm(formdata=None, seen=line.state),
    )
