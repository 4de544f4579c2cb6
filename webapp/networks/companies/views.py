"""Property companies: how the Party is present in them, and which serves a grid."""

from __future__ import annotations

from flask import Response, url_for

from webapp.directory.events import Section, unit_shown
from webapp.directory.models import Unit
from webapp.directory.posts import Level, Permission
from webapp.directory.units.queries import unit_for
from webapp.directory.units.views import unit_page
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.forms import Form, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.networks import bp
from webapp.networks.companies import queries, service
from webapp.networks.companies.forms import CompanyForm, CoverageForm
from webapp.networks.models import COVERAGE_NAMES
from webapp.networks.permissions import check_grid


@unit_shown.connect
def at_unit(_: object, *, actor: Actor, unit: Unit, form: Form | None) -> Section | None:
    """The company that serves a grid; of a company, how the Party is present in it."""
    data = {
        "code": unit.code,
        "governs": actor.can(Permission.DIRECTORY_MANAGE) and not unit.retired_on,
    }
    if unit.level == Level.GRID:
        return Section(20, "networks/_company.html", {**data, "company": queries.company_of(unit.id)})
    if unit.level == Level.COMPANY:
        coverage = queries.coverage_of(unit.id)
        change = form if isinstance(form, CoverageForm) else CoverageForm(formdata=None, coverage=coverage)
        data |= {"name": COVERAGE_NAMES.get(coverage), "form": change}
        return Section(20, "networks/_coverage.html", data)
    return None


@bp.post("/units/<code>/coverage")
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(lambda code: CoverageForm(), again=unit_page)
def set_coverage(form: CoverageForm, code: str) -> Done:
    """Say how the Party is present in a company."""
    service.set_coverage(current_actor(), code, form.coverage.data)
    return Done(url_for("directory.unit", code=code), "已保存。")


def _company_form(code: str) -> CompanyForm:
    unit = unit_for(current_actor(), code)
    check_grid(unit)
    form = CompanyForm()
    form.offer(queries.companies(current_actor()), none=bool(queries.contracts(unit.id)))
    return form


def _company_page(code: str, form: CompanyForm, status: int) -> Response:
    unit = unit_for(current_actor(), code)
    return page(
        "networks/company.html",
        status=status,
        form=form,
        unit=unit,
        contracts=queries.contracts(unit.id),
        companies=queries.companies(current_actor()),
    )


@bp.route("/units/<code>/company", methods=["GET", "POST"])
@may(Permission.DIRECTORY_MANAGE, record="unit")
@once(_company_form, again=_company_page)
def change_company(form: CompanyForm, code: str) -> Done:
    """Say which company serves a grid, and from when."""
    service.change_company(
        current_actor(), code, company_code=form.company_code.data, starts_on=form.starts_on.data
    )
    return Done(url_for("directory.unit", code=code), "已登记。")
