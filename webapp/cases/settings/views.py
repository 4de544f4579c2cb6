"""The pages of what the district sets of cases: the working days, and how long a case may take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from flask import Response, request, url_for

from webapp.cases import bp
from webapp.cases.categories import categories
from webapp.cases.models import TermRule
from webapp.cases.settings import queries as settings_queries
from webapp.cases.settings import service as settings
from webapp.cases.settings.forms import FillYearForm, NewTermsForm, TermsForm, WorkdaysForm
from webapp.cases.settings.queries import Scope
from webapp.cases.terms import UNIT_NAMES
from webapp.directory.posts import LADDER, LEVEL_NAMES, Level, Permission
from webapp.foundation import clock, incoming, text
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import Form, SeenForm, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done

P = Permission

# Working days


@bp.get("/workdays")
@may(P.SETTINGS_MANAGE)
def workdays() -> Response:
    """The working days of a year, as far as they differ from Monday to Friday."""
    return _workdays_page()


def _workdays_page(form: Form | None = None, status: int = 200) -> Response:
    asked = form.year.data if isinstance(form, FillYearForm) else incoming.number(request.args.get("year"))
    found = settings_queries.year_of_workdays(asked)
    correct = form if isinstance(form, WorkdaysForm) else WorkdaysForm(formdata=None, seen=found.state)
    fresh = FillYearForm(formdata=None, year=found.year, seen=found.state)
    return page(
        "cases/workdays.html",
        status=status,
        found=found,
        form=correct,
        fill=form if isinstance(form, FillYearForm) else fresh,
        years=[
            {
                "label": f"{each} 年",
                "url": url_for("cases.workdays", year=each),
                "current": each == found.year,
            }
            for each in found.offered
        ],
    )


def _workdays_form() -> WorkdaysForm:
    found = settings_queries.year_of_workdays(incoming.number(request.args.get("year")))
    return WorkdaysForm(seen=found.state)


def _fill_form() -> FillYearForm:
    form = FillYearForm()
    form.seen.object_data = settings_queries.year_of_workdays(form.year.data).state
    return form


@bp.post("/workdays")
@may(P.SETTINGS_MANAGE)
@once(_workdays_form, again=_workdays_page)
def correct_workdays(form: WorkdaysForm) -> Done:
    """Set a day to come, or several in a row, as rest or as worked."""
    run = settings.correct_workdays(current_actor(), form.run(), seen=form.seen.data or "")
    days = text.day(run.first) + (f"至{text.day(run.last)}" if run.last > run.first else "")
    said = f"已改：{days}{'上班' if run.works else '休息'}。以后开始的时限按它算。"
    return Done(url_for("cases.workdays", year=run.first.year), said)


@bp.post("/workdays/fill")
@may(P.SETTINGS_MANAGE)
@once(_fill_form, again=_workdays_page)
def fill_year(form: FillYearForm) -> Done:
    """Declare a year known whose holidays are all entered."""
    year = form.year.data
    settings.fill_year(current_actor(), year, seen=form.seen.data or "")
    said = f"{year} 年已补齐，以后开始的时限不再提示“节假日数据未更新”。"
    return Done(url_for("cases.workdays", year=year), said)


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


def _new_terms_form() -> NewTermsForm:
    asked = request.args.get("level", "")
    form = NewTermsForm(level=asked if asked in LADDER else LADDER[0], starts=_tomorrow())
    form.category.choices = {"": "全部类别", **{row.key: row.name for row in categories()}}
    return form


def _new_terms_page(form: NewTermsForm, status: int) -> Response:
    levels = [(level, LEVEL_NAMES[level]) for level in LADDER]
    return page("cases/terms_new.html", status=status, form=form, levels=levels)


@bp.route("/terms/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
@once(_new_terms_form, again=_new_terms_page)
def new_terms(form: NewTermsForm) -> Done:
    """Set terms of their own for a category, or for urgent matters."""
    starts = form.starts.data or clock.today()
    settings.add_terms(current_actor(), form.scope(), given=form.terms(), starts=starts)
    return Done(url_for("cases.terms"), f"已添加，{text.day(starts)}起执行。")


def _tomorrow() -> date:
    return clock.today() + timedelta(days=1)


@bp.get("/terms/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="term_rule")
def terms_of(rule_id: int) -> Response:
    """One of them: what holds, what follows, and the form to change it."""
    return _terms_page(rule_id)


def _terms_page(rule_id: int, form: Form | None = None, status: int = 200) -> Response:
    line = settings_queries.line_of(rule_id)
    return page(
        "cases/terms_of.html",
        status=status,
        line=line,
        level_name=LEVEL_NAMES[Level(line.scope.level)],
        name=_namer(settings_queries.category_names()),
        said=_said,
        form=form if isinstance(form, TermsForm) else _terms_form(rule_id, formdata=None),
        end=SeenForm(formdata=None, seen=line.state),
    )


def _terms_form(rule_id: int, **values: None) -> TermsForm:
    line = settings_queries.line_of(rule_id)
    starts = line.later.valid_from if line.later else _tomorrow()
    return TermsForm(obj=line.later or line.now, starts=starts, seen=line.state, **values)


@bp.post("/terms/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="term_rule")
@once(_terms_form, again=_terms_page)
def change_terms(form: TermsForm, rule_id: int) -> Done:
    """Let other terms hold from a day to come."""
    line = settings.change_terms(
        current_actor(),
        rule_id,
        given=form.terms(),
        starts=form.starts.data or clock.today(),
        seen=form.seen.data or "",
    )
    if line.later is None:
        return Done(url_for("cases.terms"), "已取消原定的变动，继续按现在的时限办理。")
    said = f"已保存，{text.day(line.later.valid_from)}起执行。已经在走的期限不变。"
    return Done(url_for("cases.terms"), said)


@bp.post("/terms/<int:rule_id>/end")
@may(P.SETTINGS_MANAGE, record="term_rule")
@once(lambda rule_id: SeenForm(seen=settings_queries.line_of(rule_id).state), again=_terms_page)
def end_terms(form: SeenForm, rule_id: int) -> Done:
    """Take a special rule out of use."""
    settings.end_terms(current_actor(), rule_id, seen=form.seen.data or "")
    return Done(url_for("cases.terms"), "已停用，明天起按其他规定办理。已经在走的期限不变。")
