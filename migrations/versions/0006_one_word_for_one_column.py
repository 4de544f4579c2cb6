"""One word for one column: state, position, retired_on, …_by_id

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# Table, column before, column now. Both databases carry checks, indexes and SQLite's triggers along.
COLUMNS = (
    ("cases", "status", "state"),
    ("cases", "status_before", "state_before"),
    ("case_events", "from_status", "from_state"),
    ("case_events", "to_status", "to_state"),
    ("point_entries", "status", "state"),
    ("point_entries", "created_by", "created_by_id"),
    ("point_entries", "reviewed_by", "reviewed_by_id"),
    ("point_objections", "raised_by", "raised_by_id"),
    ("point_objections", "settled_by", "settled_by_id"),
    ("rewards", "changed_by", "changed_by_id"),
    ("redemptions", "fulfilled_by", "fulfilled_by_id"),
    ("stock_movements", '"by"', "by_id"),
    ("attendances", "confirmed_by", "confirmed_by_id"),
    ("objections", "answered_by", "answered_by_id"),
    ("outbox_quarantine", "decided_by", "decided_by_id"),
    ("check_in_kinds", "sort", "position"),
    ("service_items", "valid_to", "retired_on"),
)
# Constraints that are called after their column.
FOREIGN_KEYS = tuple((table, old.strip('"'), new) for table, old, new in COLUMNS if new.endswith("by_id"))
CHECKS = (("cases", "status", "state"), ("point_entries", "status", "state"))

FIXED = (
    "id, person_id, kind, amount, title, rule_id, rule_code, source_type, source_id, earned_on, {created_by}, reason, at, "
    "expires_on, reverses_id, street_id, community_id, grid_id, building_id"
)
GUARD = """
CREATE OR REPLACE FUNCTION point_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP = 'UPDATE' THEN IF (OLD.{state} = 'proposed' AND NEW.{state} IN ('effective', 'rejected')
AND NEW.reviewed_at IS NOT NULL AND {kept}) THEN RETURN NEW; END IF; END IF;
RAISE EXCEPTION 'point_entries: only a proposal may be answered, once'; END $$
"""


def upgrade() -> None:
    for table, old, new in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    _rename_constraints([(f"ck_{t}_{old}", f"ck_{t}_{new}", t) for t, old, new in CHECKS])
    _rename_constraints([(f"fk_{t}_{old}", f"fk_{t}_{new}", t) for t, old, new in FOREIGN_KEYS])
    if not _on_sqlite():
        op.execute(_guard("state", "created_by_id"))
    op.add_column("case_categories", sa.Column("retired_on", sa.Date()))
    # Nobody noted the day; it is that of the migration.
    today = "date('now', '+8 hours')" if _on_sqlite() else "(now() AT TIME ZONE 'Asia/Shanghai')::date"
    op.execute(f"UPDATE case_categories SET retired_on = {today} WHERE retired")
    op.drop_column("case_categories", "retired")
    op.add_column("rewards", sa.Column("retired_on", sa.Date()))
    day = (
        "date(retired_at, '+8 hours')" if _on_sqlite() else "(retired_at AT TIME ZONE 'Asia/Shanghai')::date"
    )
    op.execute(f"UPDATE rewards SET retired_on = {day} WHERE retired_at IS NOT NULL")
    op.drop_column("rewards", "retired_at")
    # It named the last day in use; now it names the first day out of use, as everywhere.
    op.execute(f"UPDATE service_items SET retired_on = {_day_after('retired_on', 1)}")
    _change_item_dates("retired_on >= valid_from", "retired_on > valid_from")
    op.drop_column("cases", "escalated_at")
    op.drop_column("cases", "updated_at")


def downgrade() -> None:
    op.add_column("cases", sa.Column("escalated_at", sa.DateTime(timezone=True)))
    op.add_column("cases", sa.Column("updated_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE cases SET updated_at = registered_at")
    _change_item_dates("retired_on > valid_from", "retired_on >= valid_from")
    op.execute(f"UPDATE service_items SET retired_on = {_day_after('retired_on', -1)}")
    op.add_column("rewards", sa.Column("retired_at", sa.DateTime(timezone=True)))
    moment = (
        "datetime(retired_on, '-8 hours')"
        if _on_sqlite()
        else "retired_on::timestamp AT TIME ZONE 'Asia/Shanghai'"
    )
    op.execute(f"UPDATE rewards SET retired_at = {moment} WHERE retired_on IS NOT NULL")
    op.drop_column("rewards", "retired_on")
    op.add_column(
        "case_categories", sa.Column("retired", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.execute(
        f"UPDATE case_categories SET retired = {1 if _on_sqlite() else 'true'} WHERE retired_on IS NOT NULL"
    )
    op.drop_column("case_categories", "retired_on")
    _rename_constraints([(f"fk_{t}_{new}", f"fk_{t}_{old}", t) for t, old, new in FOREIGN_KEYS])
    _rename_constraints([(f"ck_{t}_{new}", f"ck_{t}_{old}", t) for t, old, new in CHECKS])
    for table, old, new in reversed(COLUMNS):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {new} TO {old}")
    if not _on_sqlite():
        op.execute(_guard("status", "created_by"))


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _day_after(column: str, days: int) -> str:
    return f"date({column}, '{days:+d} days')" if _on_sqlite() else f"{column} + ({days})"


def _guard(state: str, created_by: str) -> str:
    columns = FIXED.format(created_by=created_by).split(", ")
    kept = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in columns)
    return GUARD.format(state=state, kept=kept)


def _rename_constraints(names: list[tuple[str, str, str]]) -> None:
    if _on_sqlite():
        _rewrite_on_sqlite([(table, f"CONSTRAINT {old} ", f"CONSTRAINT {new} ") for old, new, table in names])
        return
    for old, new, table in names:
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")


def _change_item_dates(old: str, new: str) -> None:
    if _on_sqlite():
        _rewrite_on_sqlite([("service_items", old, new)])
        return
    name = op.f("ck_service_items_dates")
    op.drop_constraint(name, "service_items", type_="check")
    op.create_check_constraint(name, "service_items", f"retired_on IS NULL OR {new}")


def _rewrite_on_sqlite(changes: list[tuple[str, str, str]]) -> None:
    """SQLite alters no constraint; its manual has this way: https://www.sqlite.org/lang_altertable.html#otheralter"""
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    for table, old, new in changes:
        connection.execute(
            sa.text(
                "UPDATE sqlite_schema SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :name"
            ),
            {"old": old, "new": new, "name": table},
        )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
