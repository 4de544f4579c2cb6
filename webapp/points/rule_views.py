"""The rules of points, for everybody to read; and the pages on which the district changes rules and settings."""

from __future__ import annotations

from datetime import date

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock, text
from webapp.foundation.access import current_actor, logged_in, may
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done
from webapp.points import eligibility, queries, rules
from webapp.points.forms import EndRuleForm, RuleForm, SettingsForm, TakeBackForm
from webapp.points.models import EVENT_NAMES, RuleEvent
from webapp.points.views import bp
from webapp.points.words import announced, caps, how, rate, setting_lines

P = Permission


@bp.get("/rules")
@logged_in
def all_rules() -> Response:
    """What earns how much, and what else holds: no secret from anybody who serves."""
    # Read anew: another process may have kept what this page's reader has just changed.
    found, today = queries.read_rules(), clock.today()
    standings = queries.standings(found, today)
    return page(
        "points/rules.html",
        automatic=[held for held in standings if held.row.event != RuleEvent.BY_HAND],
        by_hand=[held for held in standings if held.row.event == RuleEvent.BY_HAND],
        resting=queries.resting(found, today),
        setting_lines=setting_lines(eligibility.read_settings()),
        rate=rate,
        caps=caps,
        how=how,
        announced=announced,
        may_change=current_actor().can(P.SETTINGS_MANAGE),
    )


@bp.route("/rules/new", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
def new_rule() -> Response:
    """A new rule by hand; with ``event`` in the address, anew the rule of something that other rooms report."""
    actor, asked = current_actor(), request.values.get("event", "")
    event = asked if asked in set(RuleEvent) else RuleEvent.BY_HAND
    last = [row for row in queries.resting(queries.read_rules(), clock.today()) if row.event == event]
    form = RuleForm(obj=last[0] if last else None, event=event)
    form.fit(event)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: rules.begin(actor, event=event, given=form.given(), first_day=form.first_day.data),
            lambda row: Done(
                url_for("points.all_rules"), f"“{row.name}”{text.day(row.valid_from)}起按 {rate(row)} 记分。"
            ),
        )
        if done:
            return go(done.url, done.message)
    status = 422 if form.is_submitted() else 200
    return page(
        "points/rule_new.html",
        status=status,
        form=form,
        told=EVENT_NAMES[RuleEvent(event)],
        tomorrow=_tomorrow(),
    )


@bp.get("/rules/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="point_rule")
def rule(rule_id: int) -> Response:
    """One rule: what holds, what is announced, and the forms to change it."""
    return _rule_page(rule_id)


def _rule_page(
    rule_id: int, status: int = 200, form: RuleForm | None = None, ending: EndRuleForm | None = None
) -> Response:
    found, today = queries.read_rules(), clock.today()
    held = queries.standing_of(found, rule_id, today)
    seen = rules.stamp(found, held)
    if form is None:
        first_day = held.later.valid_from if held.later else _tomorrow()
        form = RuleForm(formdata=None, obj=held.later or held.now, first_day=first_day, seen=seen)
        form.fit(held.row.event)
    return page(
        "points/rule.html",
        status=status,
        held=held,
        form=form,
        ending=ending or EndRuleForm(formdata=None, seen=seen),
        take_back=TakeBackForm(formdata=None, seen=seen),
        lines=[("得分", rate(held.row)), ("上限", caps(held.row)), ("记分方式", how(held.row))],
        announced=announced(held),
        today=today,
        tomorrow=_tomorrow(),
    )


@bp.post("/rules/<int:rule_id>")
@may(P.SETTINGS_MANAGE, record="point_rule")
def change_rule(rule_id: int) -> Response:
    """Announce a change, or replace what is announced."""
    actor, form = current_actor(), RuleForm()
    form.fit(queries.standing_of(queries.read_rules(), rule_id, clock.today()).row.event)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: rules.change(
                actor,
                rule_id,
                given=form.given(),
                first_day=form.first_day.data,
                seen=form.seen.data or "",
            ),
            lambda row: Done(
                url_for("points.all_rules"),
                f"已安排：“{row.name}”{text.day(row.valid_from)}起 {rate(row)}，之前的按原来的规则。",
            ),
        )
        if done:
            return go(done.url, done.message)
    return _rule_page(rule_id, 422, form=form)


@bp.post("/rules/<int:rule_id>/end")
@may(P.SETTINGS_MANAGE, record="point_rule")
def end_rule(rule_id: int) -> Response:
    """Let it end after a day."""
    actor, form = current_actor(), EndRuleForm()
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: rules.end(actor, rule_id, last_day=form.last_day.data, seen=form.seen.data or ""),
            lambda row: Done(
                url_for("points.all_rules"), f"“{row.name}”到{text.day(row.valid_to)}为止，已得的积分不变。"
            ),
        )
        if done:
            return go(done.url, done.message)
    return _rule_page(rule_id, 422, ending=form)


@bp.post("/rules/<int:rule_id>/take-back")
@may(P.SETTINGS_MANAGE, record="point_rule")
def take_back_rule(rule_id: int) -> Response:
    """Take back what is announced."""
    actor, form = current_actor(), TakeBackForm()
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: rules.take_back(actor, rule_id, seen=form.seen.data or ""),
            lambda _: Done(url_for("points.all_rules"), "已撤回。"),
        )
        if done:
            return go(done.url, done.message)
    return _rule_page(rule_id, 422)


@bp.route("/settings", methods=["GET", "POST"])
@may(P.SETTINGS_MANAGE)
def settings() -> Response:
    """Who earns, how long points last, and what holds for redeeming."""
    actor, chosen = current_actor(), eligibility.read_settings()
    form = SettingsForm(data={**chosen._asdict(), "seen": rules.settings_stamp(chosen)})
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: rules.change_settings(actor, given=form.given(), seen=form.seen.data or ""),
            lambda _: Done(url_for("points.all_rules"), "已保存，从现在起按新的设置。"),
        )
        if done:
            return go(done.url, done.message)
    return page("points/settings.html", status=422 if form.is_submitted() else 200, form=form)


def _tomorrow() -> date:
    return clock.today() + rules.ONE_DAY
