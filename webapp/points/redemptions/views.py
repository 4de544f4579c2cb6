"""The shop, and what one has redeemed there."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import current_actor, may
from webapp.foundation.addresses import public_url
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import page
from webapp.foundation.qr import qr_svg
from webapp.foundation.receipts import Done
from webapp.points import bp
from webapp.points.ledger import balance as ledger
from webapp.points.models import REWARD_KIND_NAMES, RedemptionState
from webapp.points.redemptions import service as redemptions
from webapp.points.rewards import queries as reward_queries

P = Permission


@bp.get("/shop")
@may(P.POINTS_OWN)
def shop() -> Response:
    """What points can be redeemed for here."""
    actor = current_actor()
    kind = request.args.get("kind", "") if request.args.get("kind") in REWARD_KIND_NAMES else ""
    found = reward_queries.shop_page(actor, kind, request.args.get("after", ""))
    today = clock.today()
    summary = ledger.summary(actor.person_id, today, today)
    return page("points/shop.html", part="points/_goods.html", found=found, kind=kind, summary=summary)


@bp.get("/shop/<int:reward_id>")
@may(P.POINTS_OWN, record="reward")
def reward(reward_id: int) -> Response:
    """One reward; asks once whether to redeem it."""
    return _reward_page(reward_id, ButtonForm(), 200)


def _reward_page(reward_id: int, form: ButtonForm, status: int) -> Response:
    actor, today = current_actor(), clock.today()
    row = reward_queries.reward_for(actor, reward_id)
    summary = ledger.summary(actor.person_id, today, today)
    refusal = redemptions.refusal(actor, row, summary.spendable)
    return page("points/reward.html", status=status, reward=row, summary=summary, refusal=refusal, form=form)


@bp.post("/shop/<int:reward_id>/redeem")
@may(P.POINTS_OWN, record="reward")
@once(lambda reward_id: ButtonForm(), again=_reward_page)
def redeem(form: ButtonForm, reward_id: int) -> Done:
    """Redeem it, and show the code."""
    row = redemptions.redeem(current_actor(), reward_id=reward_id)
    return Done(url_for("points.redemption", code=row.code), "兑换好了，凭领取码去领。")


@bp.get("/redemptions/")
@may(P.POINTS_OWN)
def my_redemptions() -> Response:
    """What one has redeemed."""
    found = reward_queries.redemptions_page(current_actor().person_id, request.args.get("after", ""))
    return page("points/redemptions.html", part="points/_redemptions.html", found=found)


@bp.get("/redemptions/<code>")
@may(P.POINTS_OWN, record="redemption")
def redemption(code: str) -> Response:
    """The code fills the screen: QR, characters, place, hours, until when."""
    return _redemption_page(code, ButtonForm(), 200)


def _redemption_page(code: str, form: ButtonForm, status: int) -> Response:
    row = reward_queries.redemption_for(current_actor(), code)
    open_ = row.state == RedemptionState.REQUESTED
    return page(
        "points/redemption.html",
        status=status,
        redemption=row,
        about=reward_queries.described(row),
        qr=qr_svg(public_url("points.desk_item", code=row.code)) if open_ else None,
        form=form,
    )


@bp.post("/redemptions/<code>/cancel")
@may(P.POINTS_OWN, record="redemption")
@once(lambda code: ButtonForm(), again=_redemption_page)
def cancel(form: ButtonForm, code: str) -> Done:
    """Give it up; points and piece go back."""
    row = redemptions.cancel(current_actor(), code)
    return Done(url_for("points.my_redemptions"), f"已取消，{row.cost} 分已退回。")
