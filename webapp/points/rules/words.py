"""How the rules of the points are told in words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from webapp.directory.posts import POST_NAMES, Post
from webapp.foundation import text
from webapp.foundation.periods import Standing
from webapp.points import models
from webapp.points.eligibility import Settings

BODY_MEMBERS = {"branch": "党支部成员", "committee": "业委会（物管会）成员"}


def rule_lines(rules: Iterable[models.PointRule]) -> list[tuple[str, str]]:
    """Each rule as a line: what, and how much it earns up to which caps."""
    return [(rule.name, "，".join(filter(None, (rate(rule), caps(rule), how(rule))))) for rule in rules]


def rate(rule: models.PointRule) -> str:
    """How much it earns: 1 分/次."""
    return f"{rule.amount} 分/{models.PER_NAMES[models.Per(rule.per)]}"


def caps(rule: models.PointRule) -> str:
    """Up to which caps: 每天最多 5 分，每月最多 60 分; empty where there is none."""
    words = [
        f"{span}最多 {cap} 分"
        for span, cap in (("每天", rule.daily_cap), ("每月", rule.monthly_cap))
        if cap is not None
    ]
    return "，".join(words)


def how(rule: models.PointRule) -> str:
    """How it comes into the account, and on what evidence."""
    told = models.EVENT_NAMES[models.RuleEvent(rule.event)]
    proof = models.EVIDENCE_NAMES[models.Evidence(rule.evidence)]
    return f"凭{proof}，{told}" if rule.event == models.RuleEvent.BY_HAND else told


def announced(standing: Standing[models.PointRule]) -> str:
    """What is decided for later: 12月1日起 2 分/次; empty where nothing is."""
    now, later = standing.now, standing.later
    if later is None:
        return f"{text.day(standing.last_day + timedelta(days=1))}起停止" if standing.last_day else ""
    words = [f"{text.day(later.valid_from)}起 {rate(later)}"]
    if now is None:
        return words[0]
    if caps(later) != caps(now):
        words.append(caps(later) or "不设上限")
    if how(later) != how(now):
        words.append(how(later))
    if later.name != now.name:
        words.append(f"改称“{later.name}”")
    return "，".join(words)


def earners(chosen: Settings) -> str:
    """Who may earn."""
    names = [BODY_MEMBERS[body] for body in chosen.bodies] + [POST_NAMES[Post(post)] for post in chosen.posts]
    return "、".join(dict.fromkeys(names))


def setting_lines(chosen: Settings) -> list[tuple[str, str]]:
    """What else holds, a line each."""
    lasting = f"入账后 {chosen.lot_months} 个月" if chosen.lot_months else "长期有效"
    warned = f"，到期前 {chosen.notice_days} 天提醒" if chosen.lot_months and chosen.notice_days else ""
    grace = f"{chosen.grace_months} 个月内还可以兑换" if chosen.grace_months else "不能再兑换"
    serving = "可以兑换" if chosen.serving_members_redeem else "只记积分和时长，不兑换物品"
    return [
        ("谁能得分", f"在任的{earners(chosen)}"),
        ("有效期", lasting + warned),
        ("领奖品", f"兑换后 {chosen.pickup_days} 天内领取，过期退回积分"),
        ("在职党员", serving),
        ("任职结束后", grace),
    ]
