"""The pages of those who keep the catalogue and the stock."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import ButtonForm, Form, once
from webapp.foundation.htmx import page
from webapp.foundation.receipts import Done
from webapp.points import bp
from webapp.points.rewards import queries as reward_queries
from webapp.points.rewards import service as catalogue
from webapp.points.rewards.forms import NewRewardForm, RewardForm, StockForm

P = Permission


@bp.get("/rewards/")
@may(P.REWARD_MANAGE)
def rewards() -> Response:
    """The catalogue with its stock."""
    found = reward_queries.rewards_page(current_actor(), request.args.get("after", ""))
    return page("points/rewards.html", part="points/_rewards.html", found=found)


def _new_form() -> NewRewardForm:
    form = NewRewardForm()
    form.offer_stations(reward_queries.stations_of(current_actor()))
    return form


def _new_page(form: NewRewardForm, status: int) -> Response:
    return page("points/reward_new.html", status=status, form=form)


@bp.route("/rewards/new", methods=["GET", "POST"])
@may(P.REWARD_MANAGE)
@once(_new_form, again=_new_page)
def new_reward(form: NewRewardForm) -> Done:
    """Offer a new reward."""
    row = catalogue.offer(current_actor(), given=form.given(), stock=form.stock.data or 0)
    return Done(url_for("points.managed", reward_id=row.id), f"“{row.name}”已上架。")


@bp.get("/rewards/<int:reward_id>")
@may(P.REWARD_MANAGE, record="reward_managed")
def managed(reward_id: int) -> Response:
    """One reward: its figures, its stock book, what can be done to it."""
    return _managed_page(reward_id)


def _managed_page(reward_id: int, form: Form | None = None, status: int = 200) -> Response:
    row = reward_queries.reward_managed_by(current_actor(), reward_id)
    change = form if isinstance(form, RewardForm) else _reward_form(reward_id, formdata=None)
    return page(
        "points/managed.html",
        part="points/_movements.html" if status == 200 else "",
        status=status,
        reward=row,
        form=change,
        stock=form if isinstance(form, StockForm) else StockForm(formdata=None),
        retire=ButtonForm(formdata=None),
        found=reward_queries.movements_page(row.id, request.args.get("after", "")),
    )


def _reward_form(reward_id: int, **values: None) -> RewardForm:
    actor = current_actor()
    row = reward_queries.reward_managed_by(actor, reward_id)
    form = RewardForm(obj=row, seen=str(row.version), **values)
    form.offer_stations(reward_queries.stations_of(actor))
    return form


def _stock_form(reward_id: int) -> StockForm:
    reward_queries.reward_managed_by(current_actor(), reward_id)
    return StockForm()


@bp.post("/rewards/<int:reward_id>")
@may(P.REWARD_MANAGE, record="reward_managed")
@once(_reward_form, again=_managed_page)
def change_reward(form: RewardForm, reward_id: int) -> Done:
    """Change what the shop says of it."""
    catalogue.change(current_actor(), reward_id, given=form.given(), seen=form.seen.data or "")
    return Done(url_for("points.managed", reward_id=reward_id), "已保存。")


@bp.post("/rewards/<int:reward_id>/stock")
@may(P.REWARD_MANAGE, record="reward_managed")
@once(_stock_form, again=_managed_page)
def stock(form: StockForm, reward_id: int) -> Done:
    """Add pieces, or correct the number."""
    reward = catalogue.stock(
        current_actor(), reward_id, amount=form.amount.data or 0, reason=form.reason.data or ""
    )
    return Done(url_for("points.managed", reward_id=reward_id), f"已记入，现有 {reward.on_shelf} 份。")


@bp.post("/rewards/<int:reward_id>/retire")
@may(P.REWARD_MANAGE, record="reward_managed")
@once(lambda reward_id: ButtonForm(), again=_managed_page)
def retire(form: ButtonForm, reward_id: int) -> Done:
    """Take it out of the shop."""
    reward = catalogue.retire(current_actor(), reward_id)
    return Done(url_for("points.rewards"), f"“{reward.name}”已下架，已兑换的仍可领取。")
