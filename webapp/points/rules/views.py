"""The rules of points, for everybody to read; and the pages on which the district changes rules and settings."""

from __future__ import annotations

from datetime import date

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock, text
from webapp.foundation.access import current_actor, logged_in, may
from webapp.foundation.forms import Form, SeenForm, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.points import bp, eligibility
from webapp.points.models import EVENT_NAMES, RuleEvent
from webapp.points.rules import queries as rule_queries
from webapp.points.rules import service as rules
from webapp.points.rules.forms import EndRuleForm, RuleForm, SettingsForm
from webapp.points.rules.words import announced, caps, how, rate, setting_lines

P = Permission


@bp.get("/rules")
@logged_in
def all_rules() -> Response:
    """What earns how much, and what else holds: no secret from anybody who serves."""
    # Read anew: another process may have kept what this page's reader has just changed.
    found, today = rule_queries.read_rules(), clock.today()
    standings = rule_queries.standings(found, today)
    return page(
        "points/rules.html",
        automatic=[held for held in standings if held.row.event != RuleEvent.BY_HAND],
        by_hand=[held for held in standings if held.row.event == RuleEvent.BY_HAND],
        resting=rule_queries.resting(found, today),
        setting_lines=setting_lines(eligibility.read_settings()),
        rate=rate,
        caps=caps,
        how=how,
        announced=announced,
        may_change=current_actor().can(P.SETTINGS_MANAGE),
    )


def _new_rule_form() -> RuleForm:
    asked = request.values.get("event", "")
    event = asked if asked in set(RuleEvent) else RuleEvent.BY_HAND
    last = [
        row for row in rule_queries.resting(rule_queries.read_rules(), clock.today()) if row.event == event
    ]
    form = RuleForm(obj=last[0] if last else None, event=event)
    form.fit(event)
    return form


def _new_rule_page(form: RuleForm, status: int) -> Response:
    told = EVENT_NAMES[RuleEvent(form.event.object_data)]
    return page("points/rule_new.html", status=status, form=form, told=told, tomorrow=_tomorrow())


@bp.route("/rules/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
@once(_new_rule_form, again=_new_rule_page)
def new_rule(form: RuleForm) -> Done:
    """A new rule by hand; with ``event`` in the address, anew the rule of something that other rooms report."""
    row = rules.begin(
        current_actor(), event=form.event.object_data, given=form.given(), first_day=form.first_day.data
    )
    return Done(url_for("points.all_rules"), f"“{row.name}”{text.day(row.valid_from)}起按 {rate(row)} 记分。")


@bp.get("/rules/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="point_rule")
def rule(rule_id: int) -> Response:
    """One rule: what holds, what is announced, and the forms to change it."""
    return _rule_page(rule_id)


def _rule_page(rule_id: int, form: Form | None = None, status: int = 200) -> Response:
    found = rule_queries.read_rules()
    held = rule_queries.standing_of(found, rule_id, clock.today())
    seen = rules.stamp(found, held)
    return page(
        "points/rule.html",
        status=status,
        held=held,
        form=form if isinstance(form, RuleForm) else _rule_form(rule_id, formdata=None),
        ending=form if isinstance(form, EndRuleForm) else EndRuleForm(formdata=None, seen=seen),
        take_back=SeenForm(formdata=None, seen=seen),
        lines=[("得分", rate(held.row)), ("上限", caps(held.row)), ("记分方式", how(held.row))],
        announced=announced(held),
        today=clock.today(),
        tomorrow=_tomorrow(),
    )


def _rule_form(rule_id: int, **values: None) -> RuleForm:
    found = rule_queries.read_rules()
    held = rule_queries.standing_of(found, rule_id, clock.today())
    first_day = held.later.valid_from if held.later else _tomorrow()
    seen = rules.stamp(found, held)
    form = RuleForm(obj=held.later or held.now, first_day=first_day, seen=seen, **values)
    form.fit(held.row.event)
    return form


def _seen(rule_id: int) -> str:
    found = rule_queries.read_rules()
    return rules.stamp(found, rule_queries.standing_of(found, rule_id, clock.today()))


@bp.post("/rules/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="point_rule")
@once(_rule_form, again=_rule_page)
def change_rule(form: RuleForm, rule_id: int) -> Done:
    """Announce a change, or replace what is announced."""
    row = rules.change(
        current_actor(),
        rule_id,
        given=form.given(),
        first_day=form.first_day.data,
        seen=form.seen.data or "",
    )
    said = f"已安排：“{row.name}”{text.day(row.valid_from)}起 {rate(row)}，之前的按原来的规则。"
    return Done(url_for("points.all_rules"), said)


@bp.post("/rules/<int:rule_id>/end")
@may(P.SETTINGS_MANAGE, record="point_rule")
@once(lambda rule_id: EndRuleForm(seen=_seen(rule_id)), again=_rule_page)
def end_rule(form: EndRuleForm, rule_id: int) -> Done:
    """Let it end after a day."""
    row = rules.end(current_actor(), rule_id, last_day=form.last_day.data, seen=form.seen.data or "")
    return Done(url_for("points.all_rules"), f"“{row.name}”到{text.day(row.valid_to)}为止，已得的积分不变。")


@bp.post("/rules/<int:rule_id>/take-back")
@may(P.SETTINGS_MANAGE, record="point_rule")
@once(lambda rule_id: SeenForm(seen=_seen(rule_id)), again=_rule_page)
def take_back_rule(form: SeenForm, rule_id: int) -> Done:
    """Take back what is announced."""
    rules.take_back(current_actor(), rule_id, seen=form.seen.data or "")
    return Done(url_for("points.all_rules"), "已撤回。")


def _settings_form() -> SettingsForm:
    chosen = eligibility.read_settings()
    return SettingsForm(data={**chosen._asdict(), "seen": rules.settings_stamp(chosen)})


def _settings_page(form: SettingsForm, status: int) -> Response:
    return page("points/settings.html", status=status, form=form)


@bp.route("/settings", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
@once(_settings_form, again=_settings_page)
def settings(form: SettingsForm) -> Done:
    """Who earns, how long points last, and what holds for redeeming."""
    rules.change_settings(current_actor(), given=form.given(), seen=form.seen.data or "")
    return Done(url_for("points.all_rules"), "已保存，从现在起按新的设置。")


def _tomorrow() -> date:
    return clock.today() + rules.ONE_DAY
