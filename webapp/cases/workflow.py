"""The closed loop as data: every action, its states before and after, and who may do it.

Source: 网格召集 → 分级转办 → 问题处置 → 核查反馈 → 评议归档, with the exceptions of 数字城管 (退单, 挂账, 延期, 督办) and the
ladder 楼栋 → 网格 → 社区 → 街道. Buttons, forms, the server's check, the timeline, the tests and the README's diagram read
this table. A new verb is a row here and a function of the same name under ``service``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from webapp.cases.states import CLOSED, OPEN, STATE_NAMES, UNDER_WAY, CaseState
from webapp.directory.posts import LADDER, Level
from webapp.foundation.workflow import Transition, Workflow

S = CaseState


class By(StrEnum):
    """Roles in a case; ``permissions.py`` defines each."""

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


STAY = ""  # the state stays as it is


@dataclass(frozen=True)
class CaseTransition(Transition):
    """One row of the loop, with everything pages show about it.

    ``form`` names the class in ``forms`` that asks for its inputs; empty: no person does it by a form. ``sentence`` is the
    timeline's, ``told`` what the reporter reads of it (empty: it stays inside); {who}: unit, post and person; {unit},
    {from_unit}: units; {level}: the owner's level after it; {note}: the reason that is to be told; the rest from the
    event's data. ``phrases`` are ready reasons. ``forward`` ranks what carries a case forward: of those that can be done,
    the first is the page's main button; 0: never that. ``beside`` puts it next to the main button.
    """

    form: str = ""
    sentence: str = ""
    told: str = ""
    phrases: tuple[str, ...] = ()
    forward: int = 0
    beside: bool = False


# Three ready phrases each. None for a verdict: nobody puts words into the reporter's mouth.
BACK = ("请先在本级协调", "情况没有写清楚，请补充", "已答复处理办法，请照此办理")
DONE = ("已到现场处理完毕", "已修复，恢复正常使用", "已当面解释")
T = CaseTransition
CASE_FLOW: Workflow[CaseTransition] = Workflow(
    [
        T(
            "register",
            "登记",
            (),
            S.REGISTERED,
            (By.REGISTRAR,),
            sends="case_registered",
            stage="收集",
            sentence="{who}登记了这件事（{source}）。",
            told="已登记。",
        ),
        T(
            "settle_on_spot",
            "当场办结",
            (S.REGISTERED,),
            S.PENDING_CHECK,
            (By.RECORDER, By.OWNER),
            stage="收集",
            form="SettleForm",
            sentence="{who}当场办结，结果：{result}。",
            told="已当场办理，等待核查。",
            phrases=DONE,
            forward=10,
        ),
        T(
            "convene",
            "召集",
            (S.REGISTERED,),
            S.CONVENING,
            (By.OWNER,),
            stage="网格召集",
            form="ConveneForm",
            sentence="{who}召集{parties}协商。",
            told="网格正在召集有关方面协商。",
            forward=9,
        ),
        T(
            "assign",
            "转办",
            (S.REGISTERED, S.CONVENING),
            S.ASSIGNED,
            (By.OWNER,),
            stage="分级转办",
            form="AssignForm",
            sentence="{who}转办给{unit}，{due}前办结。",
            told="已转办给{unit}，{due}前办结。",
            forward=8,
        ),
        T(
            "return_case",
            "退单",
            (S.ASSIGNED, S.IN_PROGRESS),
            S.CONVENING,
            (By.HANDLER,),
            stage="分级转办",
            form="ReasonForm",
            sentence="{who}退单。",
            told="正在重新安排承办单位。",
            phrases=("不属于我单位职责范围", "地点或事项不清楚，无法办理", "需要其他单位先行配合"),
        ),
        T(
            "recall",
            "收回另办",
            (S.ASSIGNED, S.IN_PROGRESS),
            S.CONVENING,
            (By.OWNER,),
            stage="分级转办",
            form="ReasonForm",
            sentence="{who}从{from_unit}收回，另行转办。",
            told="正在重新安排承办单位。",
            phrases=("换一家承办单位办理", "一直没有签收", "情况有变化，需要重新召集"),
        ),
        T(
            "accept",
            "签收",
            (S.ASSIGNED,),
            S.IN_PROGRESS,
            (By.HANDLER,),
            stage="问题处置",
            form="PlainForm",
            sentence="{who}签收，开始处置。",
            told="承办单位已签收，正在处置。",
            forward=6,
        ),
        T(
            "suspend",
            "挂账",
            (S.IN_PROGRESS,),
            S.SUSPENDED,
            (By.COMMUNITY,),
            stage="问题处置",
            form="SuspendForm",
            sentence="{who}挂账，{until}前复查。",
            told="暂时不具备办理条件，{until}前复查。原因：{note}",
            phrases=("等待施工季节", "资金正在申请", "等待产权单位配合"),
        ),
        T(
            "resume",
            "恢复办理",
            (S.SUSPENDED,),
            S.IN_PROGRESS,
            (By.COMMUNITY, By.SYSTEM),
            stage="问题处置",
            form="NoteForm",
            sentence="{who}恢复办理，{due}前办结。",
            told="已恢复办理，{due}前办结。",
            forward=5,
        ),
        T(
            "submit_result",
            "反馈结果",
            (S.IN_PROGRESS,),
            S.PENDING_CHECK,
            (By.HANDLER,),
            stage="问题处置",
            form="ResultForm",
            sentence="{who}反馈结果：{result}。",
            told="承办单位已反馈结果，正在核查。",
            phrases=DONE,
            forward=7,
        ),
        T(
            "pass_check",
            "核查通过",
            (S.PENDING_CHECK,),
            S.CALLBACK,
            (By.OWNER, By.NEXT_LEVEL),
            stage="核查反馈",
            form="NoteForm",
            sentence="{who}核查通过。",
            told="已核查，请您评议。",
            forward=11,
        ),
        T(
            "fail_check",
            "退回重办",
            (S.PENDING_CHECK,),
            S.IN_PROGRESS,
            (By.OWNER, By.NEXT_LEVEL),
            stage="核查反馈",
            form="NeededNoteForm",
            sentence="{who}核查未通过，退回重办，{due}前办结。",
            told="核查未通过，已退回重办。",
            phrases=("现场看没有解决", "结果没有写清楚", "居民反映问题还在"),
            beside=True,
        ),
        T(
            "log_try",
            "记录未联系上",
            (S.CALLBACK, S.MERGED),
            STAY,
            (By.CALLER,),
            stage="评议归档",
            form="TryForm",
            sentence="{who}第{try_}次联系诉求人，未联系上（{channel}）。",
            told="联系过您，未联系上。",
        ),
        T(
            "record_verdict",
            "评议",
            (S.CALLBACK, S.MERGED),
            STAY,
            (By.RESIDENT, By.CALLER, By.SYSTEM),
            stage="评议归档",
            targets=(S.APPRAISED, S.IN_PROGRESS),
            form="VerdictForm",
            sentence="{judge}评议：{verdict}。",
            told="评议：{verdict}。",
            forward=12,
        ),
        T(
            "archive",
            "归档",
            (S.APPRAISED,),
            S.ARCHIVED,
            (By.COMMUNITY,),
            sends="case_archived",
            stage="评议归档",
            form="NoteForm",
            sentence="{who}归档。",
            told="已归档。",
            forward=13,
        ),
        T(
            "reopen",
            "重新办理",
            (S.ARCHIVED,),
            S.IN_PROGRESS,
            (By.RESIDENT, By.RECORDER, By.OWNER),
            form="ReasonForm",
            sentence="{who}要求重新办理（第{count}次）。",
            told="重新办理。",
            phrases=("同样的问题又出现了", "当时没有完全解决", "有新的情况"),
            forward=15,
        ),
        T(
            "decline",
            "申请不予受理",
            (S.REGISTERED,),
            STAY,
            (By.OWNER,),
            form="ReasonForm",
            sentence="{who}申请不予受理，等{unit}确认。",
            phrases=("不属于网格服务范围", "已进入司法或信访程序", "无法核实，也联系不上"),
        ),
        T(
            "approve_decline",
            "同意不予受理",
            (S.REGISTERED,),
            S.DECLINED,
            (By.DECIDER,),
            form="MayReasonForm",
            sentence="{who}同意不予受理。",
            told="不予受理。理由：{note}",
            forward=3,
        ),
        T(
            "refuse_decline",
            "要求受理",
            (S.REGISTERED,),
            STAY,
            (By.DECIDER,),
            form="ReasonForm",
            sentence="{who}不同意，要求{unit}受理。",
            phrases=("属于服务范围，请受理", "请先核实再说", "可以协调解决"),
            beside=True,
        ),
        T(
            "redirect",
            "申请引导其他渠道",
            (S.REGISTERED,),
            STAY,
            (By.OWNER,),
            form="RedirectForm",
            sentence="{who}申请引导到其他渠道（{where}），等{unit}确认。",
            phrases=("由专门机构受理", "需向主管部门申请", "属于司法途径"),
        ),
        T(
            "approve_redirect",
            "同意引导其他渠道",
            (S.REGISTERED,),
            S.REDIRECTED,
            (By.DECIDER,),
            form="MayReasonForm",
            sentence="{who}同意引导到其他渠道：{where}。",
            told="这件事请找：{where}。理由：{note}",
            forward=4,
        ),
        T(
            "refuse_redirect",
            "要求继续办理",
            (S.REGISTERED,),
            STAY,
            (By.DECIDER,),
            form="ReasonForm",
            sentence="{who}不同意，要求{unit}继续办理。",
            phrases=("可以协调解决，请继续", "请先核实再说", "请陪同居民办理"),
            beside=True,
        ),
        T(
            "withdraw",
            "撤回",
            OPEN,
            S.WITHDRAWN,
            (By.RESIDENT, By.RECORDER),
            form="MayReasonForm",
            sentence="{who}撤回了这件事。",
            told="已撤回。",
            phrases=("诉求人说已自行解决", "诉求人要求撤回", "登记有误"),
        ),
        T(
            "merge",
            "并案",
            OPEN,
            S.MERGED,
            (By.OWNER,),
            form="MergeForm",
            sentence="{who}把这件事并入{into}。",
            told="与相同的诉求合并办理，您的查询码继续有效。",
        ),
        T(
            "unmerge",
            "拆分",
            (S.MERGED,),
            STAY,
            (By.OWNER, By.SYSTEM),
            targets=tuple(s for s in OPEN if s != S.SUSPENDED),
            form="NoteForm",
            sentence="{who}把这件事从{from_number}拆分出来，单独办理。",
            told="恢复单独办理。",
            forward=14,
        ),
        T(
            "supervise",
            "督办",
            OPEN,
            STAY,
            (By.RESIDENT, By.RECORDER, By.ABOVE),
            form="NoteForm",
            sentence="{who}{press}。",
            told="已督促办理。",
        ),
        T(
            "extend",
            "申请延期",
            (S.ASSIGNED, S.IN_PROGRESS),
            STAY,
            (By.HANDLER,),
            form="ExtendForm",
            sentence="{who}申请延期{workdays}个工作日，等{unit}决定。",
            phrases=("需要采购配件", "需要多方协商", "受天气影响"),
        ),
        T(
            "approve_extend",
            "同意延期",
            (S.ASSIGNED, S.IN_PROGRESS),
            STAY,
            (By.DECIDER,),
            form="MayReasonForm",
            sentence="{who}同意延期{workdays}个工作日，到{due}。",
            told="办理期限延长到{due}。理由：{note}",
            forward=2,
        ),
        T(
            "refuse_extend",
            "不同意延期",
            (S.ASSIGNED, S.IN_PROGRESS),
            STAY,
            (By.DECIDER,),
            form="ReasonForm",
            sentence="{who}不同意延期。",
            phrases=("时限内可以办完", "理由不充分", "请先给居民一个答复"),
            beside=True,
        ),
        # What was registered is registered at the level above, too; work in a handler's hands goes back to 召集 there.
        T(
            "escalate",
            "上报",
            UNDER_WAY,
            STAY,
            (By.OWNER,),
            targets=(S.CONVENING,),
            form="EscalateForm",
            sentence="{who}申请上报{unit}，原因：{why}。",
            phrases=("需要多个部门配合", "本级没有处置权限", "多次协调没有结果"),
        ),
        T(
            "approve_escalate",
            "同意上报",
            UNDER_WAY,
            STAY,
            (By.DECIDER,),
            targets=(S.CONVENING,),
            form="MayReasonForm",
            sentence="{who}同意上报，由{unit}接办。",
            told="已上报{unit}办理。",
            forward=1,
        ),
        T(
            "refuse_escalate",
            "退回上报",
            UNDER_WAY,
            STAY,
            (By.DECIDER,),
            form="ReasonForm",
            sentence="{who}退回上报，请{unit}继续办理。",
            phrases=BACK,
            beside=True,
        ),
        T(
            "hand_down",
            "交回下级",
            UNDER_WAY,
            STAY,
            (By.OWNER,),
            form="ReasonForm",
            sentence="{who}交回{unit}办理。",
            told="已交由{unit}办理。",
            phrases=("属于下级职责，请继续办理", "办法已明确，请照此办理", "已协调好，请落实"),
        ),
        T(
            "step_up",
            "超期升级",
            (*UNDER_WAY, S.PENDING_CHECK),
            STAY,
            (By.SYSTEM,),
            sentence="办理超期，系统按规则交由{unit}接办。",
            told="已超期，改由{unit}督促办理。",
        ),
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
    """Every step (from, to) in the table; from is empty for the step that creates the case."""
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
