"""The pages of the clerk who hands out rewards."""

from __future__ import annotations

from flask import Response, request, url_for

from webapp.directory.posts import Permission
from webapp.foundation import clock
from webapp.foundation.access import current_actor, may
from webapp.foundation.forms import ButtonForm, once
from webapp.foundation.htmx import go, page
from webapp.foundation.receipts import Done
from webapp.points import bp, permissions
from webapp.points.redemptions import service as redemptions
from webapp.points.rewards import queries as reward_queries

P = Permission


@bp.get("/desk")
@may(P.REWARD_HAND_OUT)
def desk() -> Response:
    """Type a code here; a scanned one comes straight to ``desk_item``."""
    code = request.args.get("code", "").strip()
    if code:
        return go(url_for("points.desk_item", code=code))
    return page("points/desk.html", recent=reward_queries.handed_out_by(current_actor()))


def _desk_form(code: str) -> ButtonForm:
    redemptions.count_try(current_actor())
    return ButtonForm()


def _desk_page(code: str, form: ButtonForm, status: int) -> Response:
    actor = current_actor()
    row = reward_queries.redemption_for_clerk(actor, code)
    refusal = permissions.why_not(permissions.check_can_hand_out, actor, row, clock.now())
    return page(
        "points/desk_item.html",
        status=status,
        redemption=row,
        about=reward_queries.described(row),
        refusal=refusal,
        form=form,
    )


@bp.route("/desk/<code>", methods=["GET", "POST"])
@may(P.REWARD_HAND_OUT, record="redemption_clerk")
@once(_desk_form, again=_desk_page)
def desk_item(form: ButtonForm, code: str) -> Done:
    """Show what is to be handed out, and to whom; hand it out, once."""
    redemptions.hand_out(current_actor(), code)
    return Done(url_for("points.desk"), "已发放，领取完成。")
