"""The states of a case and its other enumerations, with their Chinese names."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CaseState(StrEnum):
    """Where in the loop a case is."""

    REGISTERED = "registered"
    CONVENING = "convening"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    SUSPENDED = "suspended"
    PENDING_CHECK = "pending_check"
    CALLBACK = "callback"
    APPRAISED = "appraised"
    ARCHIVED = "archived"
    DECLINED = "declined"
    REDIRECTED = "redirected"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


STATE_NAMES = {
    CaseState.REGISTERED: "已登记",
    CaseState.CONVENING: "召集中",
    CaseState.ASSIGNED: "已转办",
    CaseState.IN_PROGRESS: "处置中",
    CaseState.SUSPENDED: "挂账",
    CaseState.PENDING_CHECK: "待核查",
    CaseState.CALLBACK: "待回访",
    CaseState.APPRAISED: "已评议",
    CaseState.ARCHIVED: "已归档",
    CaseState.DECLINED: "不予受理",
    CaseState.REDIRECTED: "已引导其他渠道",
    CaseState.WITHDRAWN: "已撤回",
    CaseState.MERGED: "已并案",
}
S = CaseState
OPEN = (
    S.REGISTERED,
    S.CONVENING,
    S.ASSIGNED,
    S.IN_PROGRESS,
    S.SUSPENDED,
    S.PENDING_CHECK,
    S.CALLBACK,
    S.APPRAISED,
)
CLOSED = (S.ARCHIVED, S.DECLINED, S.REDIRECTED, S.WITHDRAWN, S.MERGED)
# Before a result is in: here a case may still climb.
UNDER_WAY = (S.REGISTERED, S.CONVENING, S.ASSIGNED, S.IN_PROGRESS)

# The five stages of the source, in their order, and what stands before them.
STAGES = ("收集", "网格召集", "分级转办", "问题处置", "核查反馈", "评议归档")
STAGE_OF_STATE = {
    S.REGISTERED: "收集",
    S.CONVENING: "网格召集",
    S.ASSIGNED: "分级转办",
    S.IN_PROGRESS: "问题处置",
    S.SUSPENDED: "问题处置",
    S.PENDING_CHECK: "核查反馈",
    S.CALLBACK: "核查反馈",
    S.APPRAISED: "评议归档",
    S.ARCHIVED: "评议归档",
}


class Source(StrEnum):
    """How a case came in."""

    VISIT = "visit"
    STATION = "station"
    PHONE = "phone"
    RESIDENT_QR = "resident_qr"
    PAPER = "paper"
    HOTLINE = "hotline"
    PARTY_MEMBER = "party_member"


SOURCE_NAMES = {
    Source.VISIT: "上门走访",
    Source.STATION: "站点接待",
    Source.PHONE: "来电",
    Source.RESIDENT_QR: "居民扫码",
    Source.PAPER: "书面来信",
    Source.HOTLINE: "12345热线",
    Source.PARTY_MEMBER: "党员反映",
}


class Confidentiality(StrEnum):
    """Who may know whose case it is (domain rules 6.3)."""

    NORMAL = "normal"
    NAME_HIDDEN = "name_hidden"
    ANONYMOUS = "anonymous"
    REPORT = "report"


CONFIDENTIALITY_NAMES = {
    Confidentiality.NORMAL: "正常",
    Confidentiality.NAME_HIDDEN: "要求保密",
    Confidentiality.ANONYMOUS: "匿名",
    Confidentiality.REPORT: "举报",
}


class ResultKind(StrEnum):
    """How a case was handled."""

    RESOLVED = "resolved"
    PARTLY = "partly"
    EXPLAINED = "explained"
    UNSUPPORTED = "unsupported"
    REDIRECTED = "redirected"


RESULT_NAMES = {
    ResultKind.RESOLVED: "已解决",
    ResultKind.PARTLY: "部分解决",
    ResultKind.EXPLAINED: "已解释",
    ResultKind.UNSUPPORTED: "不支持",
    ResultKind.REDIRECTED: "引导其他途径",
}


class Verdict(StrEnum):
    """The reporter's verdict on the result. Not reached does not count as satisfied."""

    SATISFIED = "satisfied"
    MOSTLY = "mostly"
    UNSATISFIED = "unsatisfied"
    NO_RESPONSE = "no_response"


VERDICT_NAMES = {
    Verdict.SATISFIED: "满意",
    Verdict.MOSTLY: "基本满意",
    Verdict.UNSATISFIED: "不满意",
    Verdict.NO_RESPONSE: "未联系上",
}


class VerdictBy(StrEnum):
    """Who entered the verdict: the reporter, a caller, or the system after the time ran out."""

    RESIDENT = "resident"
    CALLER = "caller"
    SYSTEM = "system"


class Channel(StrEnum):
    """How the reporter was asked."""

    CODE = "code"
    PHONE = "phone"
    VISIT = "visit"
    STATION = "station"


CHANNEL_NAMES = {
    Channel.CODE: "扫码查询页",
    Channel.PHONE: "电话",
    Channel.VISIT: "上门",
    Channel.STATION: "到站",
}


class RequestKind(StrEnum):
    """Requests that need approval."""

    ESCALATE = "escalate"
    EXTEND = "extend"
    DECLINE = "decline"
    REDIRECT = "redirect"


REQUEST_NAMES = {
    RequestKind.ESCALATE: "上报",
    RequestKind.EXTEND: "延期",
    RequestKind.DECLINE: "不予受理",
    RequestKind.REDIRECT: "引导其他渠道",
}


class ReasonKind(StrEnum):
    """Why a case is handed up."""

    BEYOND_AUTHORITY = "beyond_authority"
    UNRESOLVED = "unresolved"
    MAJOR = "major"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    OVERDUE = "overdue"


REASON_NAMES = {
    ReasonKind.BEYOND_AUTHORITY: "超出本级权限",
    ReasonKind.UNRESOLVED: "本级协调未果",
    ReasonKind.MAJOR: "涉及面广、影响大",
    ReasonKind.CONFLICT_OF_INTEREST: "需要回避",
    ReasonKind.OVERDUE: "超过时限",
}


class Phase(StrEnum):
    """Which term is running."""

    ACCEPT = "accept"  # the owner is to take it up
    HANDLE = "handle"  # the handler is to bring a result
    CHECK = "check"  # another is to check the result
    CALLBACK = "callback"  # the reporter is to be asked
    ARCHIVE = "archive"  # community or above is to file it
    REVIEW = "review"  # suspended: the review date


PHASE_NAMES = {
    Phase.ACCEPT: "受理",
    Phase.HANDLE: "办结",
    Phase.CHECK: "核查",
    Phase.CALLBACK: "回访",
    Phase.ARCHIVE: "归档",
    Phase.REVIEW: "挂账复查",
}


@dataclass(frozen=True)
class Limits:
    """Figures that no law fixes: defaults, set between the analogies of petition and hotline rules."""

    suspend_days: int = 90
    returns: int = 2
    return_workdays: int = 2
    contact_tries: int = 3
    callback_workdays: int = 5
    reopens: int = 2
    reopen_days: int = 30
    reworks: int = 1
    grace_workdays: int = 1
    duplicate_days: int = 14
    supervise_hours: int = 24
    due_soon_workdays: int = 1


LIMITS = Limits()
