"""The 服务记录单: a record of this platform, issued to the person it is about; not the certificate of an authority.

It carries the fields that 志愿服务记录与证明出具办法（试行）, article 7, names, and a code with which anybody can check it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hmac import compare_digest

from webapp.foundation import clock, journal
from webapp.foundation.access import Actor
from webapp.foundation.codes import normalise_code, tracking_code
from webapp.foundation.db import transaction
from webapp.foundation.errors import Invalid
from webapp.foundation.private import keyed_hash, mask_name
from webapp.volunteering.hours import queries
from webapp.volunteering.models import CATEGORY_NAMES, Category, Statement


def issue(actor: Actor, *, since: date, until: date) -> Statement:
    """Issue a statement of the actor's own confirmed hours from ``since`` to ``until``, both included.

    Raises:
        Invalid: the dates are the wrong way round, or there is nothing to state.
    """
    if until < since:
        raise Invalid("结束日期要晚于开始日期。", "until")
    with transaction() as session:
        settled = queries.settled(actor.person_id, clock.at(since), clock.at(until + timedelta(days=1)))
        if not settled:
            raise Invalid("这段时间没有已确认的服务时长。", "since")
        rows: list[dict[str, object]] = [
            {
                "activity": row.title,
                "day": clock.local(row.starts_at).date().isoformat(),
                "place": row.place,
                "content": row.description or CATEGORY_NAMES[Category(row.category)],
                "minutes": row.minutes,
                "unit": row.unit,
                "leader": row.leader,
            }
            for row in settled
        ]
        total = sum(row.minutes for row in settled)
        statement = Statement(
            person_id=actor.person_id,
            since=since,
            until=until,
            issued_at=clock.now(),
            verify_code=tracking_code(),
            total_minutes=total,
            rows=rows,
            digest=_digest(actor.person_id, since, until, total, rows),
        )
        session.add(statement)
        session.flush()
        journal.record(
            actor,
            "statement:issue",
            "statement",
            statement.id,
            {"minutes": total, "digest": statement.digest},
        )
        return statement


@dataclass(frozen=True)
class Proof:
    """What anybody with the code may know of a statement; ``whole`` says that nothing in it was changed."""

    masked_name: str
    since: date
    until: date
    issued_on: date
    total_minutes: int
    activities: int
    whole: bool


def verify(code: str) -> Proof | None:
    """What the code proves; None when no statement has it."""
    statement = queries.statement_by_code(normalise_code(code))
    if statement is None:
        return None
    return Proof(
        masked_name=mask_name(queries.name_of(statement.person_id)),
        since=statement.since,
        until=statement.until,
        issued_on=clock.local(statement.issued_at).date(),
        total_minutes=statement.total_minutes,
        activities=len(statement.rows),
        whole=is_whole(statement),
    )


def is_whole(statement: Statement) -> bool:
    """Whether the snapshot is still what it was when it was issued."""
    now = _digest(
        statement.person_id, statement.since, statement.until, statement.total_minutes, statement.rows
    )
    return compare_digest(now, statement.digest)


def _digest(person_id: int, since: date, until: date, total: int, rows: Sequence[dict[str, object]]) -> str:
    content = [person_id, since.isoformat(), until.isoformat(), total, list(rows)]
    return keyed_hash("statement:" + json.dumps(content, sort_keys=True, ensure_ascii=False))
