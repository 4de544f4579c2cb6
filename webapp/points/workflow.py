"""What can happen to a redemption."""

from __future__ import annotations

from webapp.foundation.workflow import Transition, Workflow
from webapp.points.models import RedemptionState as S

REDEMPTION_FLOW = Workflow(
    [
        Transition("redeem", "兑换", (), S.REQUESTED),
        Transition("hand_out", "发放", (S.REQUESTED,), S.FULFILLED),
        Transition("cancel", "取消", (S.REQUESTED,), S.CANCELLED),
        Transition("expire", "逾期退回", (S.REQUESTED,), S.EXPIRED),
    ]
)
