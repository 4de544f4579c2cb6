"""Pages of cases: the list, a new one, one case with everything that can be done to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, request, url_for

from webapp.cases import bp, display, lists, options, queries
from webapp.cases.categories import categories
from webapp.cases.forms import (
    FORMS,
    PLAIN,
    ActionForm,
    AssignForm,
    EscalateForm,
    MergeForm,
    RegisterForm,
    VerdictForm,
    set_choices,
    without_no_response,
)
from webapp.cases.models import Case
from webapp.cases.permissions import may_see
from webapp.cases.service import intake, verbs
from webapp.cases.service.identity import Identity, reveal_identity
from webapp.cases.states import LIMITS, STATE_NAMES, Confidentiality
from webapp.cases.workflow import CASE_FLOW
from webapp.directory.posts import LADDER, LEVEL_NAMES, Permission
from webapp.foundation import incoming, photos, private
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.addresses import public_url
from webapp.foundation.errors import NotFound
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import go, no_store, page, wants_part
from webapp.foundation.photo_view import send_photo
from webapp.foundation.qr import qr_svg
from webapp.foundation.receipts import Done


@dataclass(frozen=True)
class Tried:
    """A refused form, shown open on the page with its input and the reason."""

    action: str
    form: ActionForm


# The list


@bp.get("/")
@may(Permission.CASE_READ)
def index() -> Response:
    """Cases in my scope, under tabs and filters."""
    actor, filters, cursor = current_actor(), filters_sent(), request.args.get("cursor", "")
    more = bool(cursor) and wants_part()
    return page(
        "cases/index.html",
        part="cases/_rows.html" if more else "cases/_list.html",
        rows=lists.list_cases(actor, filters, cursor),
        filters=filters,
        query=query_of(filters),
        kinds=display.STATE_KINDS,
        marks=display.MARK_KINDS,
        **({} if more else _around(actor, filters)),
    )


def _around(actor: Actor, filters: lists.CaseFilters) -> dict[str, Any]:
    """The list's surroundings: counts on the tabs, and the filter options."""
    return {
        "counts": lists.counts(actor),
        "tabs_of": tuple(lists.TABS.items()),
        "narrowed": tuple(query_of(filters).items()),
        "categories": tuple((row.key, row.name) for row in categories()),
        "states": tuple(STATE_NAMES.items()),
        "levels": tuple((level, LEVEL_NAMES[level]) for level in LADDER),
        "may_register": actor.can(Permission.CASE_REGISTER),
    }


def filters_sent() -> lists.CaseFilters:
    """The filters from the query string, or from the form below the list."""
    args = request.values
    tab = args.get("tab", "")
    return lists.CaseFilters(
        tab=tab if tab in lists.TABS else "mine",
        category=args.get("category", ""),
        level=args.get("level", ""),
        state=args.get("status", ""),
        q=incoming.name(args.get("q")),
        urgent=args.get("urgent") == "y",
    )


def query_of(filters: lists.CaseFilters) -> dict[str, str]:
    """The filters as they stand in the address, without the tab."""
    named = {"category": filters.category, "level": filters.level, "status": filters.state, "q": filters.q}
    return {key: value for key, value in {**named, "urgent": "y" if filters.urgent else ""}.items() if value}


# A new case


def _register_form() -> RegisterForm:
    actor = current_actor()
    form = RegisterForm(unit_id=actor.unit_id)
    form.category.choices = {row.key: row.name for row in categories()}
    set_choices(form.unit_id, options.places(actor))
    set_choices(form.against_unit_id, options.against_options(actor.unit_id), blank="不是举报")
    return form


def _new_page(form: RegisterForm, status: int) -> Response:
    return page("cases/new.html", status=status, form=form)


@bp.route("/new", methods=["GET", "POST"])
@may(Permission.CASE_REGISTER)
@once(_register_form, again=_new_page)
def new(form: RegisterForm) -> Done:
    """Register a case; the answer is the slip for the reporter."""
    case = intake.register(current_actor(), **form.inputs())
    return Done(url_for("cases.slip", number=case.number), f"已登记，编号 {case.number}。")


@bp.get("/new/duplicates")
@may(Permission.CASE_REGISTER)
def duplicates() -> Response:
    """Similar cases nearby, shown while the form is filled in."""
    category, unit_id = request.args.get("category", ""), incoming.number(request.args.get("unit_id"))
    rows = []
    if category and unit_id:
        rows = options.duplicates(current_actor(), category=category, unit_id=unit_id)
    return page("cases/duplicates.html", part="cases/_duplicates.html", rows=rows, days=LIMITS.duplicate_days)


@bp.get("/<number>/slip")
@may(Permission.CASE_REGISTER, record="case")
def slip(number: str) -> Response:
    """The reporter's slip, available until the case moves on, and possible duplicates."""
    actor = current_actor()
    case = queries.case_for(actor, number)
    if case.registered_by_id != actor.person_id or case.version > 1:
        return go(url_for("cases.show", number=number))
    same = options.duplicates(actor, category=case.category, unit_id=_place(case))
    code = case.tracking_code
    return no_store(
        page(
            "cases/slip.html",
            case=case,
            code=code,
            # The room of residents has the page.
            qr=qr_svg(public_url("residents.follow", code=code)),
            same=[(row, _merge_form(case, row.number)) for row in same if row.number != number],
            days=LIMITS.duplicate_days,
        )
    )


def _place(case: Case) -> int:
    unit_id = case.building_id or case.grid_id or case.community_id or case.street_id
    assert unit_id is not None
    return unit_id


def _merge_form(case: Case, into: str) -> MergeForm:
    form = MergeForm(formdata=None, into=into, seen=str(case.version))
    form.into.choices = [into]
    return form


# One case


@bp.get("/<number>")
@may(Permission.CASE_READ, record="case")
def show(number: str) -> Response:
    """One case: where it stands, whose turn it is, what was done."""
    return _case(queries.case_for(current_actor(), number))


@bp.get("/<number>/<action>")
@may(Permission.CASE_READ, record="case")
def open_action(number: str, action: str) -> Response:
    """The case page with one action's form open; only the form for HTMX. Without the form if the action is not possible now."""
    return _case(queries.case_for(current_actor(), number), asked=action)


def _action_form(number: str, action: str) -> ActionForm:
    case = queries.case_for(current_actor(), number)
    return _form(action, case, seen=str(case.version))


def _action_page(number: str, action: str, form: ActionForm, status: int) -> Response:
    return _case(queries.case_for(current_actor(), number), status, Tried(action, form))


def _acted(done: Done, number: str, action: str) -> Response:
    if not wants_part() or done.url != url_for("cases.show", number=number):
        return go(done.url, done.message)
    flash(done.message, "done")
    case = done.made if isinstance(done.made, Case) else queries.case_for(current_actor(), number)
    return _case(case)


@bp.post("/<number>/<action>")
@may(Permission.CASE_READ, record="case")
@once(_action_form, again=_action_page, then=_acted)
def act(form: ActionForm, number: str, action: str) -> Done:
    """Do one action on the case; on errors the form comes back with its input."""
    actor = current_actor()
    case = verbs.act(actor, number, action, version=form.seen_version, **form.inputs())
    # Whoever handed the case on and can't see it any more goes back to the list.
    seen = may_see(actor, case)
    url = url_for("cases.show", number=number) if seen else url_for("cases.index")
    return Done(url, _said(actor, action, case), made=case)


def _said(actor: Actor, action: str, case: Case) -> str:
    if action == "escalate" and case.owner_unit_id == actor.unit_id:
        return "已申请上报，等上一级决定。"
    return f"已{CASE_FLOW[action].label}。"


def _form(action: str, case: Case, **values: Any) -> ActionForm:
    """The form of ``action`` with its choices.

    Raises:
        NotFound: there is no such action.
    """
    if action not in FORMS:
        raise NotFound
    actor, form = current_actor(), FORMS[action](**values)
    if isinstance(form, AssignForm):
        set_choices(form.handler_unit_id, options.handler_options(actor, case), blank="请选择")
    elif isinstance(form, MergeForm):
        form.into.choices = {
            ref.number: f"{ref.number} {ref.title}" for ref in options.merge_options(actor, case)
        }
    elif isinstance(form, EscalateForm):
        form.to_level.choices = dict(options.escalation_levels(actor, case))
    elif isinstance(form, VerdictForm) and case.contact_tries < LIMITS.contact_tries:
        without_no_response(form)
    return form


def _case(
    case: Case,
    status: int = 200,
    tried: Tried | None = None,
    identity: Identity | None = None,
    asked: str = "",
) -> Response:
    found = queries.case_page(current_actor(), case)
    main, beside, others = display.arrange(found.offers)
    open_now = {offer.transition.action: offer for offer in found.offers if offer.reason is None}
    if asked and (asked not in open_now or asked in PLAIN):
        return go(url_for("cases.show", number=case.number))
    return page(
        "cases/show.html",
        part="cases/_sheet.html" if asked else "cases/_case.html",
        status=status,
        found=found,
        case=case,
        turn=display.turn(found),
        rail=display.rail(found.case.state, found.stage),
        main=main,
        beside=beside,
        others=others,
        open_now=open_now,
        offer=open_now.get(asked),
        kind="plain",
        asked=asked,
        forms=_forms(
            found.case,
            [action for action in (asked, *(o.transition.action for o in (main, *beside) if o)) if action],
        ),
        plain=PLAIN,
        tried=tried,
        identity=identity,
        pictures=_pictures(found.case),
        kinds=display.STATE_KINDS,
        flow=CASE_FLOW,
        flags=display.flags(found),
        facts=display.facts(found),
        result_facts=display.result_facts(found),
        course=display.course(found),
        merged=tuple(ref.number for ref in found.merged),
        **_told(found),
    )


def _forms(case: Case, first: Sequence[str]) -> dict[str, ActionForm]:
    """The forms shown at once. The others are loaded on demand, because together they outweigh the page."""
    return {
        action: _form(action, case, formdata=None, seen=str(case.version))
        for action in first
        if action not in PLAIN
    }


def _pictures(case: Case) -> dict[str, tuple[str, ...]]:
    kinds = ("case", "case_result") if case.result_text else ("case",)
    return {kind: tuple(p.id for p in photos.photos_of(kind, case.id)) for kind in kinds}


def _told(found: queries.CasePage) -> dict[str, str]:
    """Title and place, without the door number for those who may not know the reporter."""
    case = found.case
    title, place = case.title, case.place_text
    if case.confidentiality != Confidentiality.NORMAL and not found.identity.can_reveal:
        title, place = private.scrub(title), private.scrub(place)
    return {"title": title, "place": f"{found.place_name} · {place}" if place else found.place_name}


@bp.post("/<number>/identity")
@may(Permission.CASE_READ, record="case")
def identity(number: str) -> Response:
    """Show who reported. Every look is journalled, so a repeat is not treated as the same one."""
    actor = current_actor()
    case = queries.case_for(actor, number)
    if not ButtonForm().validate_on_submit():
        return go(url_for("cases.show", number=number), "没有打开，请再试一次。", "overdue")
    shown = reveal_identity(actor, number)
    return no_store(_case(case, identity=shown))


@bp.get("/<number>/photo/<photo_id>")
@may(Permission.CASE_READ, record="case_photo")
def photo(number: str, photo_id: str) -> Response:
    """A photo of the case, for those who may see the case."""
    row = queries.photo_case(current_actor(), photo_id)
    if row.owner_id != queries.case_for(current_actor(), number).id:
        raise NotFound
    return send_photo(row.owner_type, row.owner_id, photo_id)
