"""What the database itself enforces on the ledger: an entry is never deleted, and nothing of it changes but a proposal's
answer, once. Migrations run the same statements.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import event

FIXED = (
    "id",
    "person_id",
    "kind",
    "amount",
    "title",
    "rule_id",
    "rule_code",
    "source_type",
    "source_id",
    "earned_on",
    "created_by_id",
    "reason",
    "at",
    "expires_on",
    "reverses_id",
    "street_id",
    "community_id",
    "grid_id",
    "building_id",
)
MESSAGE = "point_entries: only a proposal may be answered, once"


def guard_sql(dialect: str) -> list[str]:
    """The statements that guard ``point_entries``, for "sqlite" or "postgresql"."""
    same = "IS" if dialect == "sqlite" else "IS NOT DISTINCT FROM"
    answered = (
        "OLD.state = 'proposed' AND NEW.state IN ('effective', 'rejected') AND NEW.reviewed_at IS NOT NULL"
    )
    kept = " AND ".join(f"NEW.{column} {same} OLD.{column}" for column in FIXED)
    allowed = f"({answered} AND {kept})"
    if dialect == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        return [
            f"CREATE TRIGGER point_entries_answer_once BEFORE UPDATE ON point_entries WHEN NOT {allowed} {refuse}",
            f"CREATE TRIGGER point_entries_no_delete BEFORE DELETE ON point_entries {refuse}",
        ]
    return [
        "CREATE OR REPLACE FUNCTION point_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF TG_OP = 'UPDATE' THEN IF {allowed} THEN RETURN NEW; END IF; END IF; "
        f"RAISE EXCEPTION '{MESSAGE}'; END $$",
        "CREATE TRIGGER point_entries_guard BEFORE UPDATE OR DELETE ON point_entries "
        "FOR EACH ROW EXECUTE FUNCTION point_entries_guard()",
    ]


def guard_entries(table: sa.Table) -> None:
    """Install the guards whenever ``table`` is made."""
    for dialect in ("sqlite", "postgresql"):
        for statement in guard_sql(dialect):
            event.listen(
                table, "after_create", sa.DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)
            )
