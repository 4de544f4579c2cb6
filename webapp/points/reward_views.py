"""The pages of those who keep the catalogue and the stock."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import submit
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done
from webapp.points import catalogue, reward_queries
from webapp.points.forms import ActForm, NewRewardForm, RewardForm, StockForm
from webapp.points.models import Reward
from webapp.points.views import bp

P = Permission


@bp.get("/rewards/")
@may(P.REWARD_MANAGE)
def rewards() -> Response:
    """The catalogue with its stock."""
    found = reward_queries.rewards_page(current_actor(), request.args.get("after", ""))
    return page("points/rewards.html", part="points/_rewards.html", found=found)


@bp.route("/rewards/new", methods=["GET", "POST"])
@may(P.REWARD_MANAGE)
def new_reward() -> Response:
    """Offer a new reward."""
    actor, form = current_actor(), NewRewardForm()
    form.offer_stations(reward_queries.stations_of(actor))
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: catalogue.offer(actor, given=form.given(), stock=form.stock.data or 0),
            lambda row: Done(url_for("points.managed", reward_id=row.id), f"“{row.name}”已上架。"),
        )
        if done:
            return go(done.url, done.message)
    return page("points/reward_new.html", status=422 if form.is_submitted() else 200, form=form)


@bp.get("/rewards/<int:reward_id>")
@may(P.REWARD_MANAGE, record="reward_managed")
def managed(reward_id: int) -> Response:
    """One reward: its figures, its stock book, what can be done to it."""
    row = reward_queries.reward_managed_by(current_actor(), reward_id)
    return _managed_page(row)


def _managed_page(
    row: Reward, status: int = 200, form: RewardForm | None = None, stock: StockForm | None = None
) -> Response:
    if form is None:
        form = RewardForm(formdata=None, obj=row)
        form.offer_stations(reward_queries.stations_of(current_actor()))
    return page(
        "points/managed.html",
        part="points/_movements.html" if status == 200 else "",
        status=status,
        reward=row,
        form=form,
        stock=stock or StockForm(formdata=None),
        retire=ActForm(formdata=None),
        found=reward_queries.movements_page(row.id, request.args.get("after", "")),
    )


@bp.post("/rewards/<int:reward_id>")
@may(P.REWARD_MANAGE, record="reward_managed")
def change_reward(reward_id: int) -> Response:
    """Change what the shop says of it."""
    actor, form = current_actor(), RewardForm()
    row = reward_queries.reward_managed_by(actor, reward_id)
    form.offer_stations(reward_queries.stations_of(actor))
    version = int(form.version.data) if (form.version.data or "").isdecimal() else 0
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: catalogue.change(actor, reward_id, given=form.given(), version=version),
            lambda _: Done(url_for("points.managed", reward_id=reward_id), "已保存。"),
        )
        if done:
            return go(done.url, done.message)
    return _managed_page(row, 422, form=form)


@bp.post("/rewards/<int:reward_id>/stock")
@may(P.REWARD_MANAGE, record="reward_managed")
def stock(reward_id: int) -> Response:
    """Add pieces, or correct the number."""
    actor, form = current_actor(), StockForm()
    row = reward_queries.reward_managed_by(actor, reward_id)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: catalogue.stock(
                actor, reward_id, amount=form.amount.data or 0, reason=form.reason.data or ""
            ),
            lambda reward: Done(
                url_for("points.managed", reward_id=reward_id), f"已记入，现有 {reward.on_shelf} 份。"
            ),
        )
        if done:
            return go(done.url, done.message)
    return _managed_page(row, 422, stock=form)


@bp.post("/rewards/<int:reward_id>/retire")
@may(P.REWARD_MANAGE, record="reward_managed")
def retire(reward_id: int) -> Response:
    """Take it out of the shop."""
    actor, form = current_actor(), ActForm()
    row = reward_queries.reward_managed_by(actor, reward_id)
    if form.validate_on_submit():
        done = submit(
            form,
            lambda: catalogue.retire(actor, reward_id),
            lambda reward: Done(url_for("points.rewards"), f"“{reward.name}”已下架，已兑换的仍可领取。"),
        )
        if done:
            return go(done.url, done.message)
    return _managed_page(row, 422)
