"""The timeline in words that a newcomer can read aloud: for those inside, and for the reporter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.cases.models import CaseEvent
from webapp.cases.permissions import VOICE_NAMES, Voice
from webapp.cases.workflow import (
    CASE_FLOW,
    CHANNEL_NAMES,
    REASON_NAMES,
    RESULT_NAMES,
    SOURCE_NAMES,
    VERDICT_NAMES,
    CaseState,
    VerdictBy,
)
from webapp.directory.posts import LEVEL_NAMES, POST_NAMES, Level, Post
from webapp.foundation import text

UNIT_KEYS = ("unit", "from_unit", "handler")


@dataclass(frozen=True)
class Names:
    """The names behind the ids of some events."""

    persons: Mapping[int | None, str]
    units: Mapping[int | None, str]

    def unit(self, key: object) -> str:
        """The unit's short name; a neutral word where it is not known."""
        return self.units.get(key, "有关单位") if isinstance(key, int) else "有关单位"


@dataclass(frozen=True)
class Line:
    """One line of the timeline."""

    at: datetime
    action: str
    label: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Step:
    """One line of what the reporter may see."""

    at: datetime
    text: str


# {who}: unit, post and person; {unit}, {from_unit}: units; {level}: the owner's level after it; the rest from the data.
SENTENCES = {
    "register": "{who}登记了这件事（{source}）。",
    "settle_on_spot": "{who}当场办结，结果：{result}。",
    "convene": "{who}召集{parties}协商。",
    "assign": "{who}转办给{unit}，{due}前办结。",
    "return_case": "{who}退单。",
    "recall": "{who}从{from_unit}收回，另行转办。",
    "accept": "{who}签收，开始处置。",
    "suspend": "{who}挂账，{until}前复查。",
    "resume": "{who}恢复办理，{due}前办结。",
    "submit_result": "{who}反馈结果：{result}。",
    "pass_check": "{who}核查通过。",
    "fail_check": "{who}核查未通过，退回重办，{due}前办结。",
    "log_try": "{who}第{try_}次联系诉求人，未联系上（{channel}）。",
    "record_verdict": "{judge}评议：{verdict}。",
    "archive": "{who}归档。",
    "reopen": "{who}要求重新办理（第{count}次）。",
    "decline": "{who}申请不予受理，等{unit}确认。",
    "approve_decline": "{who}同意不予受理。",
    "refuse_decline": "{who}不同意，要求{unit}受理。",
    "redirect": "{who}申请引导到其他渠道（{where}），等{unit}确认。",
    "approve_redirect": "{who}同意引导到其他渠道：{where}。",
    "refuse_redirect": "{who}不同意，要求{unit}继续办理。",
    "withdraw": "{who}撤回了这件事。",
    "merge": "{who}把这件事并入{into}。",
    "unmerge": "{who}把这件事从{from_number}拆分出来，单独办理。",
    "supervise": "{who}{press}。",
    "extend": "{who}申请延期{workdays}个工作日，等{unit}决定。",
    "approve_extend": "{who}同意延期{workdays}个工作日，到{due}。",
    "refuse_extend": "{who}不同意延期。",
    "escalate": "{who}申请上报{unit}，原因：{why}。",
    "approve_escalate": "{who}同意上报，由{unit}接办。",
    "refuse_escalate": "{who}退回上报，请{unit}继续办理。",
    "hand_down": "{who}交回{unit}办理。",
    "step_up": "办理超期，系统按规则交由{unit}接办。",
}
RULED = "{who}第三次退单，交由{unit}裁定。"
CLIMBED = "{who}上报，由{unit}接办，原因：{why}。"
AGAIN = "{judge}不满意，由{level}督促重新办理。"
AGAIN_FOR_HANDLER = "经回访，需要重新办理。"
NO_ANSWER = "到期仍未联系上诉求人，按未联系上记录。"


def sentence(event: CaseEvent, names: Names, *, for_handler: bool = False) -> str:
    """What happened, in one sentence; the handler is not told who said what before the case is archived."""
    data = event.data
    template = SENTENCES[event.action]
    if event.action == "return_case" and "unit" in data:
        template = RULED
    elif event.action == "escalate" and "request" not in data:
        template = CLIMBED
    elif event.action == "record_verdict":
        if data.get("by") == VerdictBy.SYSTEM:
            template = NO_ANSWER
        elif event.to_state == CaseState.IN_PROGRESS:
            template = AGAIN_FOR_HANDLER if for_handler else AGAIN
    return template.format(**_words(event, data, names))


def _words(event: CaseEvent, data: Mapping[str, Any], names: Names) -> dict[str, object]:
    who = who_did(event, names)
    return {
        "who": who,
        "judge": who if event.post == Voice.RESIDENT else f"{VOICE_NAMES[Voice.RESIDENT]}（{who}回访）",
        "press": "催办" if event.post == Voice.RESIDENT else "督办",
        "unit": names.unit(data.get("unit")),
        "from_unit": names.unit(data.get("from_unit")),
        "level": LEVEL_NAMES[Level(event.level)],
        "parties": "、".join(data.get("parties", ())),
        "due": _day(data.get("due")),
        "until": _day(data.get("until")),
        "source": _named(SOURCE_NAMES, data.get("source")),
        "result": _named(RESULT_NAMES, data.get("result_kind")),
        "verdict": _named(VERDICT_NAMES, data.get("verdict")),
        "channel": _named(CHANNEL_NAMES, data.get("channel")),
        "why": _named(REASON_NAMES, data.get("reason_kind")),
        "where": data.get("channel", ""),
        "into": data.get("into", ""),
        "from_number": data.get("from", ""),
        "try_": data.get("try", ""),
        "count": data.get("count", ""),
        "workdays": data.get("workdays", ""),
    }


def who_did(event: CaseEvent, names: Names) -> str:
    """Unit, post and name of who acted."""
    if event.post == Voice.RESIDENT:
        return VOICE_NAMES[Voice.RESIDENT]
    if event.post == Voice.SYSTEM or event.person_id is None:
        return VOICE_NAMES[Voice.SYSTEM]
    return (
        f"{names.unit(event.unit_id)}{POST_NAMES[Post(event.post)]}{names.persons.get(event.person_id, '')}"
    )


def _day(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return text.day(datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value))


def _named(names: Mapping[Any, str], value: object) -> str:
    return names.get(value, "")


def unit_ids(events: Iterable[CaseEvent]) -> list[int]:
    """The units that these events speak of."""
    found = {event.unit_id for event in events if event.unit_id}
    for event in events:
        found |= {value for key in UNIT_KEYS if isinstance(value := event.data.get(key), int)}
    return sorted(found)


def line(event: CaseEvent, names: Names, *, for_handler: bool) -> Line:
    """The event as a line; with its note, except where the note would tell the handler who said what."""
    hidden = for_handler and event.action in ("record_verdict", "log_try")
    return Line(
        event.at,
        event.action,
        CASE_FLOW[event.action].label,
        sentence(event, names, for_handler=for_handler),
        "" if hidden else event.note,
    )


def kept_from_handler(event: CaseEvent) -> bool:
    """Before the archive a handler is not shown the calls and verdicts, save that it must work again."""
    return event.action == "log_try" or (
        event.action == "record_verdict" and event.to_state != CaseState.IN_PROGRESS
    )


# What the reporter is told; what is not here stays inside. {note}: the reason that the rules say is to be told.
TOLD = {
    "register": "已登记。",
    "settle_on_spot": "已当场办理，等待核查。",
    "convene": "网格正在召集有关方面协商。",
    "assign": "已转办给{unit}，{due}前办结。",
    "return_case": "正在重新安排承办单位。",
    "recall": "正在重新安排承办单位。",
    "accept": "承办单位已签收，正在处置。",
    "suspend": "暂时不具备办理条件，{until}前复查。原因：{note}",
    "resume": "已恢复办理，{due}前办结。",
    "submit_result": "承办单位已反馈结果，正在核查。",
    "pass_check": "已核查，请您评议。",
    "fail_check": "核查未通过，已退回重办。",
    "log_try": "联系过您，未联系上。",
    "record_verdict": "评议：{verdict}。",
    "archive": "已归档。",
    "reopen": "重新办理。",
    "approve_decline": "不予受理。理由：{note}",
    "approve_redirect": "这件事请找：{where}。理由：{note}",
    "withdraw": "已撤回。",
    "merge": "与相同的诉求合并办理，您的查询码继续有效。",
    "unmerge": "恢复单独办理。",
    "supervise": "已督促办理。",
    "approve_extend": "办理期限延长到{due}。理由：{note}",
    "approve_escalate": "已上报{unit}办理。",
    "hand_down": "已交由{unit}办理。",
    "step_up": "已超期，改由{unit}督促办理。",
}
TOLD_AGAIN = "您不满意，已由{level}督促重新办理。"


def told(event: CaseEvent, names: Names, scrubbed_note: str) -> str | None:
    """What the reporter is told of it; None: nothing."""
    template = TOLD.get(event.action)
    if event.action == "escalate" and "request" not in event.data:
        template = TOLD["approve_escalate"]
    if event.action == "record_verdict" and event.to_state == CaseState.IN_PROGRESS:
        template = TOLD_AGAIN
    if template is None:
        return None
    return template.format(**_words(event, event.data, names), note=scrubbed_note or "无")
