"""The closed loop as data: what can happen to a case, from where to where, by whom, with what.

Source: 网格召集 → 分级转办 → 问题处置 → 核查反馈 → 评议归档, with the exceptions of 数字城管 (退单, 挂账, 延期, 督办) and the
ladder 楼栋 → 网格 → 社区 → 街道. Buttons, the server's check, the timeline, the tests and the README's diagram read this.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webapp.directory.posts import LADDER, Level
from webapp.foundation.workflow import Transition, Workflow


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
    """What the reporter says of the result. Not reached is not counted as satisfied."""

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
    """Who entered the verdict: the reporter by the tracking code, a caller who asked, or time that ran out."""

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
    """What needs another's leave."""

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


class By(StrEnum):
    """Who may do something; ``permissions.py`` says what each means."""

    REGISTRAR = "registrar"
    RESIDENT = "resident"
    RECORDER = "recorder"
    OWNER = "owner"
    HANDLER = "handler"
    NEXT_LEVEL = "next_level"
    ABOVE = "above"
    COMMUNITY = "community"
    CALLER = "caller"
    DECIDER = "decider"
    SYSTEM = "system"


BY_NAMES = {
    By.REGISTRAR: "有登记权限的人员、居民",
    By.RESIDENT: "诉求人（凭查询码）",
    By.RECORDER: "登记人",
    By.OWNER: "主办单位",
    By.HANDLER: "承办单位",
    By.NEXT_LEVEL: "上一级",
    By.ABOVE: "上级",
    By.COMMUNITY: "社区及以上",
    By.CALLER: "其他单位的回访人",
    By.DECIDER: "审批单位的其他人员",
    By.SYSTEM: "系统",
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
STAY = ""  # the state stays as it is

T = Transition
CASE_FLOW = Workflow(
    [
        T(
            "register",
            "登记",
            (),
            S.REGISTERED,
            (By.REGISTRAR,),
            ("category", "unit_id", "what"),
            "case_registered",
            "收集",
        ),
        T(
            "settle_on_spot",
            "当场办结",
            (S.REGISTERED,),
            S.PENDING_CHECK,
            (By.RECORDER, By.OWNER),
            ("result_text",),
            stage="收集",
        ),
        T("convene", "召集", (S.REGISTERED,), S.CONVENING, (By.OWNER,), ("parties",), stage="网格召集"),
        T(
            "assign",
            "转办",
            (S.REGISTERED, S.CONVENING),
            S.ASSIGNED,
            (By.OWNER,),
            ("handler_unit_id",),
            stage="分级转办",
        ),
        T(
            "return_case",
            "退单",
            (S.ASSIGNED, S.IN_PROGRESS),
            S.CONVENING,
            (By.HANDLER,),
            ("reason",),
            stage="分级转办",
        ),
        T(
            "recall",
            "收回另办",
            (S.ASSIGNED, S.IN_PROGRESS),
            S.CONVENING,
            (By.OWNER,),
            ("reason",),
            stage="分级转办",
        ),
        T("accept", "签收", (S.ASSIGNED,), S.IN_PROGRESS, (By.HANDLER,), stage="问题处置"),
        T(
            "suspend",
            "挂账",
            (S.IN_PROGRESS,),
            S.SUSPENDED,
            (By.COMMUNITY,),
            ("reason", "until"),
            stage="问题处置",
        ),
        T("resume", "恢复办理", (S.SUSPENDED,), S.IN_PROGRESS, (By.COMMUNITY, By.SYSTEM), stage="问题处置"),
        T(
            "submit_result",
            "反馈结果",
            (S.IN_PROGRESS,),
            S.PENDING_CHECK,
            (By.HANDLER,),
            ("result_text", "result_kind"),
            stage="问题处置",
        ),
        T(
            "pass_check",
            "核查通过",
            (S.PENDING_CHECK,),
            S.CALLBACK,
            (By.OWNER, By.NEXT_LEVEL),
            stage="核查反馈",
        ),
        T(
            "fail_check",
            "退回重办",
            (S.PENDING_CHECK,),
            S.IN_PROGRESS,
            (By.OWNER, By.NEXT_LEVEL),
            ("note",),
            stage="核查反馈",
        ),
        T(
            "log_try",
            "记录未联系上",
            (S.CALLBACK, S.MERGED),
            STAY,
            (By.CALLER,),
            ("channel",),
            stage="评议归档",
        ),
        T(
            "record_verdict",
            "评议",
            (S.CALLBACK, S.MERGED),
            STAY,
            (By.RESIDENT, By.CALLER, By.SYSTEM),
            ("verdict",),
            stage="评议归档",
            targets=(S.APPRAISED, S.IN_PROGRESS),
        ),
        T("archive", "归档", (S.APPRAISED,), S.ARCHIVED, (By.COMMUNITY,), (), "case_archived", "评议归档"),
        T(
            "reopen",
            "重新办理",
            (S.ARCHIVED,),
            S.IN_PROGRESS,
            (By.RESIDENT, By.RECORDER, By.OWNER),
            ("reason",),
        ),
        T("decline", "申请不予受理", (S.REGISTERED,), STAY, (By.OWNER,), ("reason",)),
        T("approve_decline", "同意不予受理", (S.REGISTERED,), S.DECLINED, (By.DECIDER,)),
        T("refuse_decline", "要求受理", (S.REGISTERED,), STAY, (By.DECIDER,), ("reason",)),
        T("redirect", "申请引导其他渠道", (S.REGISTERED,), STAY, (By.OWNER,), ("reason", "channel_text")),
        T("approve_redirect", "同意引导其他渠道", (S.REGISTERED,), S.REDIRECTED, (By.DECIDER,)),
        T("refuse_redirect", "要求继续办理", (S.REGISTERED,), STAY, (By.DECIDER,), ("reason",)),
        T("withdraw", "撤回", OPEN, S.WITHDRAWN, (By.RESIDENT, By.RECORDER)),
        T("merge", "并案", OPEN, S.MERGED, (By.OWNER,), ("into",)),
        T(
            "unmerge",
            "拆分",
            (S.MERGED,),
            STAY,
            (By.OWNER, By.SYSTEM),
            targets=tuple(s for s in OPEN if s != S.SUSPENDED),
        ),
        T("supervise", "督办", OPEN, STAY, (By.RESIDENT, By.RECORDER, By.ABOVE)),
        T("extend", "申请延期", (S.ASSIGNED, S.IN_PROGRESS), STAY, (By.HANDLER,), ("reason", "workdays")),
        T("approve_extend", "同意延期", (S.ASSIGNED, S.IN_PROGRESS), STAY, (By.DECIDER,)),
        T("refuse_extend", "不同意延期", (S.ASSIGNED, S.IN_PROGRESS), STAY, (By.DECIDER,), ("reason",)),
        # What was registered is registered at the level above, too; what a handler had in hand is convened anew there.
        T(
            "escalate",
            "上报",
            UNDER_WAY,
            STAY,
            (By.OWNER,),
            ("reason_kind", "reason"),
            targets=(S.CONVENING,),
        ),
        T("approve_escalate", "同意上报", UNDER_WAY, STAY, (By.DECIDER,), targets=(S.CONVENING,)),
        T("refuse_escalate", "退回上报", UNDER_WAY, STAY, (By.DECIDER,), ("reason",)),
        T("hand_down", "交回下级", UNDER_WAY, STAY, (By.OWNER,), ("reason",)),
        T("step_up", "超期升级", (*UNDER_WAY, S.PENDING_CHECK), STAY, (By.SYSTEM,)),
    ]
)


def next_level(level: str) -> Level | None:
    """The level above ``level`` on the ladder; None above the street."""
    index = LADDER.index(Level(level)) + 1
    return LADDER[index] if index < len(LADDER) else None


def rank(level: str) -> int:
    """How high ``level`` stands on the ladder, from 0."""
    return LADDER.index(Level(level))


# Pairs that the rows above would suggest, and that do not happen.
_NEVER = frozenset(
    {
        ("record_verdict", S.CALLBACK, S.CALLBACK),  # it decides between the two targets
        (
            "record_verdict",
            S.MERGED,
            S.APPRAISED,
        ),  # the verdict of one who joined another case stays with that one
        ("escalate", S.REGISTERED, S.CONVENING),
        ("approve_escalate", S.REGISTERED, S.CONVENING),
        ("approve_escalate", S.ASSIGNED, S.ASSIGNED),
        ("approve_escalate", S.IN_PROGRESS, S.IN_PROGRESS),
        ("unmerge", S.MERGED, S.MERGED),
    }
)


def moves(transition: Transition) -> list[tuple[str, str]]:
    """Every step (from, to) that a row of the table allows; from is empty where it makes the case."""
    sources = transition.sources or ("",)
    pairs = [
        (source, target)
        for source in sources
        for target in ((transition.target,) if transition.target else (source, *transition.targets))
    ]
    return [pair for pair in dict.fromkeys(pairs) if (transition.action, *pair) not in _NEVER]


def mermaid() -> str:
    """The loop as a Mermaid state diagram, for the README."""
    lines = ["stateDiagram-v2", "    direction TB", "    open: 任何未结状态"]
    lines += [f"    {state}: {STATE_NAMES[state]}" for state in CaseState]
    for transition in CASE_FLOW.transitions:
        if transition.sources == OPEN and transition.target:
            lines.append(f"    open --> {transition.target}: {transition.label}")
        elif transition.action == "unmerge":
            lines.append(f"    {S.MERGED} --> open: {transition.label}")
        else:
            lines += [
                f"    {source or '[*]'} --> {target}: {transition.label}"
                for source, target in moves(transition)
                if source != target
            ]
    lines += [f"    {state} --> [*]" for state in CLOSED if state != S.MERGED]
    return "\n".join(lines) + "\n"
