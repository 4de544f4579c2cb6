"""The timeline in plain words, for staff and for the reporter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from webapp.cases.history import EventRow
from webapp.cases.permissions import VOICE_NAMES, Voice
from webapp.cases.states import (
    CHANNEL_NAMES,
    REASON_NAMES,
    RESULT_NAMES,
    SOURCE_NAMES,
    VERDICT_NAMES,
    CaseState,
    VerdictBy,
)
from webapp.cases.workflow import CASE_FLOW
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


# Where the row of the table does not say it.
RULED = "{who}第三次退单，交由{unit}裁定。"
CLIMBED = "{who}上报，由{unit}接办，原因：{why}。"
AGAIN = "{judge}不满意，由{level}督促重新办理。"
AGAIN_FOR_HANDLER = "经回访，需要重新办理。"
NO_ANSWER = "到期仍未联系上诉求人，按未联系上记录。"


def sentence(event: EventRow, names: Names, *, for_handler: bool = False) -> str:
    """The event in one sentence; before the archive a handler is not told who said what."""
    data = event.data
    template = CASE_FLOW[event.action].sentence
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


def _words(event: EventRow, data: Mapping[str, Any], names: Names) -> dict[str, object]:
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


def who_did(event: EventRow, names: Names) -> str:
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


def unit_ids(events: Iterable[EventRow]) -> list[int]:
    """The units that these events speak of."""
    found = {event.unit_id for event in events if event.unit_id}
    for event in events:
        found |= {value for key in UNIT_KEYS if isinstance(value := event.data.get(key), int)}
    return sorted(found)


def line(event: EventRow, names: Names, *, for_handler: bool) -> Line:
    """The event as a line with its note, unless the note would tell the handler who said what."""
    hidden = for_handler and event.action in ("record_verdict", "log_try")
    return Line(
        event.at,
        event.action,
        CASE_FLOW[event.action].label,
        sentence(event, names, for_handler=for_handler),
        "" if hidden else event.note,
    )


def kept_from_handler(event: EventRow) -> bool:
    """Whether an event is hidden from a handler before the archive: calls and verdicts, except that work must be redone."""
    return event.action == "log_try" or (
        event.action == "record_verdict" and event.to_state != CaseState.IN_PROGRESS
    )


TOLD_AGAIN = "您不满意，已由{level}督促重新办理。"


def told(event: EventRow, names: Names, scrubbed_note: str) -> str | None:
    """What the reporter is told about it; None for nothing."""
    template = CASE_FLOW[event.action].told
    if event.action == "escalate" and "request" not in event.data:
        template = CASE_FLOW["approve_escalate"].told
    if event.action == "record_verdict" and event.to_state == CaseState.IN_PROGRESS:
        template = TOLD_AGAIN
    if not template:
        return None
    return template.format(**_words(event, event.data, names), note=scrubbed_note or "无")
