"""The Chinese names that the templates look up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webapp.points import models

WORDS: Mapping[str, object] = {
    "kind_names": models.KIND_NAMES,
    "status_names": models.STATUS_NAMES,
    "status_kinds": models.STATUS_KINDS,
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


def rule_lines(rules: Iterable[models.PointRule]) -> list[tuple[str, str]]:
    """Each rule as a line: what, and how much it earns up to which caps."""
    return [(rule.name, _earns(rule)) for rule in rules]


def _earns(rule: models.PointRule) -> str:
    words = [f"每{models.PER_NAMES[models.Per(rule.per)]} {rule.amount} 分"]
    if rule.daily_cap is not None:
        words.append(f"每天最多 {rule.daily_cap} 分")
    if rule.monthly_cap is not None:
        words.append(f"每月最多 {rule.monthly_cap} 分")
    words.append(models.EVENT_NAMES[models.RuleEvent(rule.event)])
    return "，".join(words)
