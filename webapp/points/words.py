"""The Chinese names that the templates look up."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.points import models

WORDS: Mapping[str, object] = {
    "kind_names": models.KIND_NAMES,
    "state_names": models.STATE_NAMES,
    "state_kinds": models.STATE_KINDS,
    "reward_kind_names": models.REWARD_KIND_NAMES,
    "redemption_names": models.REDEMPTION_NAMES,
    "redemption_kinds": models.REDEMPTION_KINDS,
    "stock_names": models.STOCK_NAMES,
    "objection_names": models.OBJECTION_NAMES,
    "evidence_names": models.EVIDENCE_NAMES,
    "per_names": models.PER_NAMES,
    "reject_phrases": ("缺少依据", "重复申报", "不符合规则"),
    "correct_phrases": ("重复计分", "记录不实", "计错了人"),
}
