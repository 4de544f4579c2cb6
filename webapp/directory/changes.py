"""Who changed a record last, for the refusal of a stale edit."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.directory.models import Person
from webapp.extensions import db
from webapp.foundation.errors import Conflict
from webapp.foundation.journal import JournalEntry
from webapp.foundation.text import ago


def changed_meanwhile(what: str, subject_type: str, subject_id: object) -> Conflict:
    """The refusal of an edit whose form was opened before somebody else changed ``what`` ("这项规则")."""
    last = db.session.execute(
        sa.select(Person.name, JournalEntry.at)
        .join(Person, Person.id == JournalEntry.person_id)
        .where(JournalEntry.subject_type == subject_type, JournalEntry.subject_id == str(subject_id))
        .order_by(JournalEntry.id.desc())
        .limit(1)
    ).one_or_none()
    who = f"{last.name}{ago(last.at)}" if last else "刚才有人"
    return Conflict(f"{who}修改过{what}，您填的内容还在。请核对现在的情况后再提交。")
