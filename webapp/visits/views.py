"""The pages of visits."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock, incoming, outbox
from webapp.foundation.access import Actor, current_actor, may
from webapp.foundation.exports import AT_ONCE, export
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import no_store, page
from webapp.foundation.paging import Page
from webapp.foundation.photo_view import send_photo
from webapp.foundation.receipts import Done
from webapp.foundation.spreadsheets import Column
from webapp.visits import bp, carry_over, queries, service
from webapp.visits.desks import queries as desk_queries
from webapp.visits.forms import CaseForm, VisitForm
from webapp.visits.models import KIND_NAMES, OUTCOME_NAMES, Outcome, VisitKind
from webapp.visits.permissions import (
    check_can_see_resident,
    check_can_turn_into_case,
    check_can_undo,
    reason_against,
)
from webapp.visits.queries import Filters, Line

P = Permission
FAVOURITES_SHOWN = 6


@bp.get("/")
@may(P.VISIT_READ)
def index() -> Response:
    """The visits in scope, day by day."""
    actor, filters = current_actor(), _filters_sent()
    after = request.args.get("after", "")
    found = queries.visits_page(actor, filters, after)
    part = "visits/_rows.html" if after else "visits/_list.html"
    return page("visits/index.html", part=part, **_list(filters), found=found, last=_day("last"))


def _filters_sent() -> Filters:
    """The filters of the address, or of the form under the list; what is no known value narrows nothing."""
    args = request.values
    return Filters(
        mine=args.get("mine") == "1",
        kind=args.get("kind", "") if args.get("kind") in set(VisitKind) else "",
        outcome=args.get("outcome", "") if args.get("outcome") in set(Outcome) else "",
        item=args.get("item", "")[:40],
        day=_day("day"),
        q=incoming.name(args.get("q"))[:40],
    )


def _day(name: str) -> date | None:
    return incoming.day(request.values.get(name))


def _kept(filters: Filters) -> dict[str, str]:
    """The filters as they stand in the address."""
    chosen = {
        "mine": "1" if filters.mine else "",
        "kind": filters.kind,
        "outcome": filters.outcome,
        "item": filters.item,
        "day": filters.day.isoformat() if filters.day else "",
        "q": filters.q,
    }
    return {key: value for key, value in chosen.items() if value}


def _list(filters: Filters) -> dict[str, Any]:
    """What the list needs beside its rows."""
    return {
        "filters": filters,
        "kept": _kept(filters),
        "kinds": KIND_NAMES,
        "outcomes": OUTCOME_NAMES,
        "items": [(row.key, row.name) for row in queries.all_items()],
        "today": clock.today(),
    }


@bp.get("/agreed")
@may(P.VISIT_LOG)
def agreed() -> Response:
    """Whom this worker promised to visit again in these days."""
    return page("visits/agreed.html", rows=queries.agreed_visits(current_actor()), today=clock.today())


def _new_page(form: VisitForm, status: int) -> Response:
    actor = current_actor()
    stations = queries.stations(actor)
    if not form.is_submitted() and form.station_id.data is None:
        form.station_id.data = queries.usual_station(actor, stations)
    form.offer(queries.items_for(actor), queries.places(actor), [(row.id, row.name) for row in stations])
    return page("visits/new.html", part="visits/_form.html", status=status, form=form, limit=FAVOURITES_SHOWN)


def _new_form() -> VisitForm:
    """The form with what the address tells: ``form=home_visit``, or the desk session that one sits at."""
    if request.method == "POST":
        return VisitForm()
    actor = current_actor()
    desk_id = incoming.number(request.args.get("desk"))
    desk = desk_queries.desk_for(actor, desk_id) if desk_id else None
    kind = VisitKind.STATION_RECEPTION if desk else request.args.get("form", "")
    return VisitForm(
        kind=kind if kind in set(VisitKind) else None,
        unit_id=actor.unit_id,
        station_id=desk.station_id if desk else None,
        desk=desk.id if desk else "",
    )


@bp.route("/new", methods=["GET", "POST"])
@may(P.VISIT_LOG)
@once(_new_form, again=_new_page)
def new(form: VisitForm) -> Done:
    """Log a visit: three taps and 提交."""
    origin = outbox.origin()
    details = service.Details(
        unit_id=form.unit_id.data,
        station_id=form.station_id.data,
        desk_session_id=incoming.number(form.desk.data),
        at=form.at.data,
        claimed_at=origin.claimed_at if origin else None,
        resident_name=form.resident_name.data or "",
        resident_phone=form.resident_phone.data or "",
        door=form.door.data or "",
        note=form.note.data or "",
        next_visit_on=form.next_visit_on.data,
        do_not_disturb=form.do_not_disturb.data,
        photos=form.photos.ready,
    )
    visit = service.log_visit(
        current_actor(),
        kind=form.kind.data,
        items=form.items.data,
        outcome=form.outcome.data,
        details=details,
    )
    endpoint = "visits.case" if visit.outcome == Outcome.TO_CASE else "visits.saved"
    return Done(url_for(endpoint, visit_id=visit.id))


@bp.get("/<int:visit_id>/saved")
@may(P.VISIT_LOG, record="visit")
def saved(visit_id: int) -> Response:
    """What was saved just now, and what one may want next."""
    return page("visits/saved.html", **_sheet(current_actor(), visit_id))


@bp.get("/<int:visit_id>")
@may(P.VISIT_READ, record="visit")
def show(visit_id: int) -> Response:
    return page(
        "visits/visit.html", part="visits/_visit.html", **_sheet(current_actor(), visit_id), resident=None
    )


def _sheet(actor: Actor, visit_id: int) -> dict[str, Any]:
    visit = queries.visit_for(actor, visit_id)
    return {
        "visit": visit,
        "sheet": queries.sheet(visit),
        "form": ButtonForm(),
        "no_undo": reason_against(check_can_undo, actor, visit, clock.now()),
        "no_case": reason_against(check_can_turn_into_case, actor, visit),
        "no_resident": reason_against(check_can_see_resident, actor, visit),
    }


def _visit_page(visit_id: int, form: ButtonForm, status: int) -> Response:
    sheet = _sheet(current_actor(), visit_id)
    return page("visits/visit.html", part="visits/_visit.html", status=status, **sheet, resident=None)


@bp.post("/<int:visit_id>/undo")
@may(P.VISIT_LOG, record="visit")
@once(lambda visit_id: ButtonForm(), again=_visit_page)
def undo(form: ButtonForm, visit_id: int) -> Done:
    """Take it back."""
    visit = service.undo(current_actor(), visit_id)
    return Done(url_for("visits.new", form=visit.kind), "已撤销，刚才那条不算。")


@bp.post("/<int:visit_id>/resident")
@may(P.VISIT_LOG, record="visit")
def resident(visit_id: int) -> Response:
    """Show name, phone and door in full, this once."""
    actor = current_actor()
    seen = service.see_resident(actor, visit_id)
    sheet = _sheet(actor, visit_id)
    return no_store(page("visits/visit.html", part="visits/_resident.html", **sheet, resident=seen))


def _case_form(visit_id: int) -> CaseForm:
    draft = carry_over.draft(current_actor(), visit_id)
    form = CaseForm(category=draft.category, what=draft.what, place_text=draft.place_text)
    form.category.choices = dict(draft.categories)
    return form


def _case_page(visit_id: int, form: CaseForm, status: int) -> Response:
    draft = carry_over.draft(current_actor(), visit_id)
    return page("visits/case.html", part="visits/_case.html", status=status, form=form, draft=draft)


@bp.route("/<int:visit_id>/case", methods=["GET", "POST"])
@may(P.VISIT_LOG, record="visit")
@once(_case_form, again=_case_page)
def case(form: CaseForm, visit_id: int) -> Done:
    """转为诉求: everything stands there already; one tap registers it."""
    made = carry_over.turn_into_case(
        current_actor(),
        visit_id,
        category=form.category.data,
        what=form.what.data,
        place_text=form.place_text.data,
        urgent=form.urgent.data,
    )
    return Done(url_for("cases.slip", number=made.number), "已转为诉求。")


@bp.get("/<int:visit_id>/photos/<photo_id>")
@may(P.VISIT_READ, record="visit")
def photo(visit_id: int, photo_id: str) -> Response:
    return send_photo(service.PHOTO_OWNER, queries.visit_for(current_actor(), visit_id).id, photo_id)


def _visit_columns(actor: Actor) -> list[Column[Line]]:
    """Columns for a file; unlike the screen it names the reader's own unit, since files are passed on."""
    return [
        Column("时间", lambda row: row.at),
        Column("服务形式", lambda row: row.kind),
        Column("服务事项", lambda row: row.items),
        Column("办理结果", lambda row: row.outcome_name),
        Column("服务人员", lambda row: row.worker or actor.name),
        Column("地点", lambda row: row.unit or actor.unit_name),
        Column("居民", lambda row: row.resident),
        Column("情况", lambda row: row.excerpt),
        Column("补记", lambda row: row.is_late_entry),
        Column("免打扰", lambda row: row.do_not_disturb),
    ]


@bp.post("/export")
@may(P.VISIT_READ)
def export_visits() -> Response:
    """The visits under the chosen filters."""
    actor, filters = current_actor(), _filters_sent()
    chosen = _kept(filters)
    return export(
        "我的服务记录" if filters.mine else "服务记录",
        _visit_columns(actor),
        lambda cursor: queries.visits_page(actor, filters, cursor, AT_ONCE),
        back="visits.index",
        filters=chosen,
    )


@bp.post("/agreed/export")
@may(P.VISIT_LOG)
def export_agreed() -> Response:
    """Whom this worker promised to visit again."""
    actor = current_actor()
    return export(
        "约好上门",
        [Column("下次上门", lambda row: row.next_visit_on), *_visit_columns(actor)],
        lambda _: Page(queries.agreed_visits(actor)),
        back="visits.agreed",
    )
