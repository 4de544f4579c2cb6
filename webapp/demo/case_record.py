"""The rows of one case: its columns, timeline, requests and journal, as the verbs would leave them.

The verbs themselves lock, check and flush at every step, which is too slow for thousands of cases; what they rest on
(terms, levels, clearing of results) is used here as it is, and a test compares a told case with a worked one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from webapp.cases import terms
from webapp.cases.models import Case, CaseEvent, CaseRequest
from webapp.cases.permissions import Voice, unit_at
from webapp.cases.service.turn import code_hash, phase_of
from webapp.cases.states import CLOSED, CaseState, Confidentiality, Phase
from webapp.cases.workflow import CASE_FLOW
from webapp.demo.history import Doer, History
from webapp.demo.places import Place
from webapp.foundation.private import keyed_hash
from webapp.foundation.workflow import Transition

Who = Doer | Voice


@dataclass(frozen=True)
class Opening:
    """How a case began. ``place`` is what it is about, ``owner`` the unit that heard it first, ``by`` who wrote it down."""

    at: datetime
    number: str
    code: str
    category: str
    what: str
    place: Place
    place_text: str
    owner: Place
    source: str
    by: Who
    confidentiality: str = Confidentiality.NORMAL
    against_unit_id: int | None = None
    urgent: bool = False
    key_small_matter: bool = False
    reporter: tuple[str, str, str] | None = None  # name, phone, door


@dataclass(frozen=True)
class ToldCase:
    """What the rooms above need to know of a case."""

    id: int
    number: str
    tracking_code: str
    category: str
    title: str
    place_text: str
    place: Mapping[str, int | None]
    source: str
    confidentiality: str
    state: str
    registered_at: datetime
    registered_by: Doer | None
    handled_by_id: int | None
    result_at: datetime | None
    archived_at: datetime | None
    archived_by: Doer | None


@dataclass
class Record:
    """The columns of a case under way and what is written about it; ``at`` is where in time its story has got to."""

    history: History
    opening: Opening
    case: Case = field(init=False)
    at: datetime = field(init=False)
    hands: set[int] = field(default_factory=set)  # who handled it in this round
    worker: Doer | None = None  # who took it up
    filer: Doer | None = None  # who filed it
    ask: CaseRequest | None = None
    _rows: list[tuple[type, dict[str, Any]]] = field(default_factory=list)
    _asks: list[CaseRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        start = self.opening
        self.at = start.at
        name, phone, door = start.reporter or (None, None, None)
        self.case = Case(
            id=self.history.loader.reserve(Case), number=start.number, tracking_hash=code_hash(start.code),
            tracking_code=start.code, version=1, category=start.category, title=start.what.split("。")[0],
            what=start.what, place_text=start.place_text, source=start.source, confidentiality=start.confidentiality,
            against_unit_id=start.against_unit_id, urgent=start.urgent, key_small_matter=start.key_small_matter,
            reporter_name=name, reporter_phone=phone, reporter_door=door,
            reporter_phone_hash=keyed_hash(phone) if phone else None,
            registered_by_id=start.by.person_id if isinstance(start.by, Doer) else None, registered_at=start.at,
            state=CaseState.REGISTERED, level=start.owner.level, owner_unit_id=start.owner.id,
            returned_down=False, returns=0, ruled=False, result_text="", rework_count=0, verdict_note="",
            contact_tries=0, reopen_count=0, due_explained="", due_warning="", suspended_reason="",
            **start.place.columns(),
        )  # fmt: skip
        self._term(Phase.ACCEPT)
        self._note(start.by, CASE_FLOW["register"], "", "", {"source": start.source})

    # The rows

    def write(self) -> ToldCase:
        """Hand the rows over to the loader."""
        case, loader = self.case, self.history.loader
        loader.add(Case, **{column.key: getattr(case, column.key) for column in Case.__table__.c})
        for model, values in self._rows:
            loader.add(model, **values)
        for ask in self._asks:
            loader.add(
                CaseRequest, **{column.key: getattr(ask, column.key) for column in CaseRequest.__table__.c}
            )
        by = self.opening.by
        return ToldCase(
            case.id, case.number, self.opening.code, case.category, case.title, case.place_text, self.opening.place.columns(),
            case.source, case.confidentiality, case.state, case.registered_at, by if isinstance(by, Doer) else None,
            case.handled_by_id, case.result_at, case.archived_at, self.filer if case.archived_at else None,
        )  # fmt: skip

    def _finish(
        self,
        action: str,
        who: Who,
        note: str = "",
        data: Mapping[str, object] | None = None,
        to: str | None = None,
    ) -> None:
        case, before, transition = self.case, self.case.state, CASE_FLOW[action]
        case.state = to or transition.target or before
        if before == CaseState.SUSPENDED and case.state != CaseState.SUSPENDED:
            case.suspended_at = case.suspended_until = case.suspended_due_at = None
            case.suspended_reason = ""
        case.closed_at = (case.closed_at or self.at) if case.state in CLOSED else None
        case.version += 1
        self._lapse()
        self._note(who, transition, before, note, data or {})

    def _note(
        self, who: Who, transition: Transition, before: str, note: str, data: Mapping[str, object]
    ) -> None:
        case, doer = self.case, who if isinstance(who, Doer) else None
        plain = {key: str(value) if isinstance(value, str) else value for key, value in data.items()}
        self._rows.append((CaseEvent, {
            "case_id": case.id, "at": self.at, "action": transition.action, "from_state": str(before),
            "to_state": str(case.state), "level": str(case.level), "person_id": doer.person_id if doer else None,
            "post": str(doer.post if doer else who), "unit_id": doer.unit_id if doer else None, "note": note, "data": plain,
        }))  # fmt: skip
        detail = {
            "from": str(before),
            "to": str(case.state),
            "level": str(case.level),
            "owner": case.owner_unit_id,
        }
        self.history.book.note(self.at, doer, f"case:{transition.action}", ("case", case.id), detail)

    def _open(self, kind: str, by: Doer, unit_id: int | None, note: str, **fields: object) -> int:
        self.ask = CaseRequest(
            id=self.history.loader.reserve(CaseRequest), case_id=self.case.id, kind=kind, level=self.case.level, reason=note,
            asked_by_id=by.person_id, asked_unit_id=by.unit_id, asked_at=self.at, deciding_unit_id=unit_id,
            **{"channel_text": "", "answer": "", **fields},
        )  # fmt: skip
        self._asks.append(self.ask)
        return self.ask.id

    def _lapse(self) -> None:
        ask = self.ask
        if ask is None:
            return
        fits = self.case.state in CASE_FLOW[f"approve_{ask.kind}"].sources and self.case.level == ask.level
        if ask.decided_at is None and not fits:
            ask.lapsed_at = self.at
        if ask.decided_at or ask.lapsed_at:
            self.ask = None

    def _to_level(self, level: str | None, phase: Phase | None = None) -> dict[str, object]:
        case, unit_id = self.case, unit_at(self.case, level)
        assert level is not None
        assert unit_id is not None, f"the case lies in no {level}"
        case.came_from_unit_id, case.came_from_level = case.owner_unit_id, case.level
        case.owner_unit_id, case.level = unit_id, level
        self._term(phase or phase_of(case.state))
        return {"unit": case.owner_unit_id, "from_unit": case.came_from_unit_id}

    def _term(self, phase: Phase) -> None:
        terms.start(self.case, phase, self.at, known=self.history.known)

    def _due(self) -> dict[str, object]:
        return {"due": self.case.due_at.isoformat()} if self.case.due_at else {}
