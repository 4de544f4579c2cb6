"""First schema

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# What the database itself refuses: changes to ledgers and journals.
GUARDS = {
    "sqlite": [
        "CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END",
        "CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'journal is append-only'); END",
        "CREATE TRIGGER case_events_no_update BEFORE UPDATE ON case_events BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END",
        "CREATE TRIGGER case_events_no_delete BEFORE DELETE ON case_events BEGIN SELECT RAISE(ABORT, 'case_events is append-only'); END",
        "CREATE TRIGGER point_entries_answer_once BEFORE UPDATE ON point_entries WHEN NOT (OLD.status = 'proposed' AND NEW.status IN ('effective', 'rejected') AND NEW.reviewed_at IS NOT NULL AND NEW.id IS OLD.id AND NEW.person_id IS OLD.person_id AND NEW.kind IS OLD.kind AND NEW.amount IS OLD.amount AND NEW.title IS OLD.title AND NEW.rule_id IS OLD.rule_id AND NEW.rule_code IS OLD.rule_code AND NEW.source_type IS OLD.source_type AND NEW.source_id IS OLD.source_id AND NEW.earned_on IS OLD.earned_on AND NEW.created_by IS OLD.created_by AND NEW.reason IS OLD.reason AND NEW.at IS OLD.at AND NEW.expires_on IS OLD.expires_on AND NEW.reverses_id IS OLD.reverses_id AND NEW.street_id IS OLD.street_id AND NEW.community_id IS OLD.community_id AND NEW.grid_id IS OLD.grid_id AND NEW.building_id IS OLD.building_id) BEGIN SELECT RAISE(ABORT, 'point_entries: only a proposal may be answered, once'); END",
        "CREATE TRIGGER point_entries_no_delete BEFORE DELETE ON point_entries BEGIN SELECT RAISE(ABORT, 'point_entries: only a proposal may be answered, once'); END",
        "CREATE TRIGGER point_spends_no_update BEFORE UPDATE ON point_spends BEGIN SELECT RAISE(ABORT, 'point_spends is append-only'); END",
        "CREATE TRIGGER point_spends_no_delete BEFORE DELETE ON point_spends BEGIN SELECT RAISE(ABORT, 'point_spends is append-only'); END",
        "CREATE TRIGGER hours_corrections_no_update BEFORE UPDATE ON hours_corrections BEGIN SELECT RAISE(ABORT, 'hours_corrections is append-only'); END",
        "CREATE TRIGGER hours_corrections_no_delete BEFORE DELETE ON hours_corrections BEGIN SELECT RAISE(ABORT, 'hours_corrections is append-only'); END",
        "CREATE TRIGGER stock_movements_no_update BEFORE UPDATE ON stock_movements BEGIN SELECT RAISE(ABORT, 'stock_movements is append-only'); END",
        "CREATE TRIGGER stock_movements_no_delete BEFORE DELETE ON stock_movements BEGIN SELECT RAISE(ABORT, 'stock_movements is append-only'); END",
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'journal is append-only'; END $$",
        "CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON journal FOR EACH ROW EXECUTE FUNCTION journal_append_only()",
        "CREATE OR REPLACE FUNCTION case_events_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'case_events is append-only'; END $$",
        "CREATE TRIGGER case_events_append_only BEFORE UPDATE OR DELETE ON case_events FOR EACH ROW EXECUTE FUNCTION case_events_append_only()",
        "CREATE OR REPLACE FUNCTION point_entries_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'UPDATE' THEN IF (OLD.status = 'proposed' AND NEW.status IN ('effective', 'rejected') AND NEW.reviewed_at IS NOT NULL AND NEW.id IS NOT DISTINCT FROM OLD.id AND NEW.person_id IS NOT DISTINCT FROM OLD.person_id AND NEW.kind IS NOT DISTINCT FROM OLD.kind AND NEW.amount IS NOT DISTINCT FROM OLD.amount AND NEW.title IS NOT DISTINCT FROM OLD.title AND NEW.rule_id IS NOT DISTINCT FROM OLD.rule_id AND NEW.rule_code IS NOT DISTINCT FROM OLD.rule_code AND NEW.source_type IS NOT DISTINCT FROM OLD.source_type AND NEW.source_id IS NOT DISTINCT FROM OLD.source_id AND NEW.earned_on IS NOT DISTINCT FROM OLD.earned_on AND NEW.created_by IS NOT DISTINCT FROM OLD.created_by AND NEW.reason IS NOT DISTINCT FROM OLD.reason AND NEW.at IS NOT DISTINCT FROM OLD.at AND NEW.expires_on IS NOT DISTINCT FROM OLD.expires_on AND NEW.reverses_id IS NOT DISTINCT FROM OLD.reverses_id AND NEW.street_id IS NOT DISTINCT FROM OLD.street_id AND NEW.community_id IS NOT DISTINCT FROM OLD.community_id AND NEW.grid_id IS NOT DISTINCT FROM OLD.grid_id AND NEW.building_id IS NOT DISTINCT FROM OLD.building_id) THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION 'point_entries: only a proposal may be answered, once'; END $$",
        "CREATE TRIGGER point_entries_guard BEFORE UPDATE OR DELETE ON point_entries FOR EACH ROW EXECUTE FUNCTION point_entries_guard()",
        "CREATE OR REPLACE FUNCTION point_spends_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'point_spends is append-only'; END $$",
        "CREATE TRIGGER point_spends_append_only BEFORE UPDATE OR DELETE ON point_spends FOR EACH ROW EXECUTE FUNCTION point_spends_append_only()",
        "CREATE OR REPLACE FUNCTION hours_corrections_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'hours_corrections is append-only'; END $$",
        "CREATE TRIGGER hours_corrections_append_only BEFORE UPDATE OR DELETE ON hours_corrections FOR EACH ROW EXECUTE FUNCTION hours_corrections_append_only()",
        "CREATE OR REPLACE FUNCTION stock_movements_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'stock_movements is append-only'; END $$",
        "CREATE TRIGGER stock_movements_append_only BEFORE UPDATE OR DELETE ON stock_movements FOR EACH ROW EXECUTE FUNCTION stock_movements_append_only()",
    ],
}
FUNCTIONS = [
    "journal_append_only",
    "case_events_append_only",
    "point_entries_guard",
    "point_spends_append_only",
    "hours_corrections_append_only",
    "stock_movements_append_only",
]


def upgrade() -> None:
    op.create_table(
        "case_categories",
        sa.Column("key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reopen_allowed", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_case_categories")),
        sa.UniqueConstraint("name", name=op.f("uq_case_categories_name")),
    )
    op.create_table(
        "check_in_kinds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("sort", sa.Integer(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.CheckConstraint("level IN ('community', 'grid')", name=op.f("ck_check_in_kinds_level")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in_kinds")),
        sa.UniqueConstraint("name", name=op.f("uq_check_in_kinds_name")),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_type", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index("ix_journal_subject", ["subject_type", "subject_id"], unique=False)

    op.create_table(
        "persons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("phone_hash", sa.String(), nullable=True),
        sa.Column("is_party_member", sa.Boolean(), nullable=False),
        sa.Column("is_serving_party_member", sa.Boolean(), nullable=False),
        sa.Column("is_reserve_cadre", sa.Boolean(), nullable=False),
        sa.Column("employer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
        sa.UniqueConstraint("phone_hash", name=op.f("uq_persons_phone_hash")),
    )
    with op.batch_alter_table("persons", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_persons_name"), ["name"], unique=False)

    op.create_table(
        "photos",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("owner_type", sa.String(length=40), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.create_index("ix_photos_owner", ["owner_type", "owner_id"], unique=False)

    op.create_table(
        "point_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("per", sa.String(), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=True),
        sa.Column("monthly_cap", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("event <> 'by_hand' OR per = 'act'", name=op.f("ck_point_rules_by_hand_per_act")),
        sa.CheckConstraint(
            "event IN ('visit_logged', 'case_archived', 'attendance_confirmed', 'by_hand')",
            name=op.f("ck_point_rules_event"),
        ),
        sa.CheckConstraint(
            "evidence IN ('record', 'minutes', 'agreement', 'note')", name=op.f("ck_point_rules_evidence")
        ),
        sa.CheckConstraint("per IN ('act', 'hour')", name=op.f("ck_point_rules_per")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_point_rules_amount")),
        sa.CheckConstraint("daily_cap IS NULL OR daily_cap > 0", name=op.f("ck_point_rules_daily_cap")),
        sa.CheckConstraint("monthly_cap IS NULL OR monthly_cap > 0", name=op.f("ck_point_rules_monthly_cap")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_point_rules_dates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_rules")),
        sa.UniqueConstraint("code", "valid_from", name=op.f("uq_point_rules_code_valid_from")),
    )
    with op.batch_alter_table("point_rules", schema=None) as batch_op:
        batch_op.create_index("ix_point_rules_event", ["event", "valid_from"], unique=False)

    op.create_table(
        "point_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bodies", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("posts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("serving_members_redeem", sa.Boolean(), nullable=False),
        sa.Column("lot_months", sa.Integer(), nullable=True),
        sa.Column("notice_days", sa.Integer(), nullable=False),
        sa.Column("pickup_days", sa.Integer(), nullable=False),
        sa.Column("grace_months", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_point_settings_one_row")),
        sa.CheckConstraint("lot_months IS NULL OR lot_months > 0", name=op.f("ck_point_settings_lot_months")),
        sa.CheckConstraint(
            "pickup_days > 0 AND grace_months >= 0 AND notice_days >= 0", name=op.f("ck_point_settings_terms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_settings")),
    )
    op.create_table(
        "rate_hits",
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window_start", name=op.f("pk_rate_hits")),
    )
    with op.batch_alter_table("rate_hits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rate_hits_window_start"), ["window_start"], unique=False)

    op.create_table(
        "receipts",
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("result", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_id", sa.Uuid(), nullable=True),
        sa.Column("device_number", sa.Integer(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_receipts")),
    )
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receipts_at"), ["at"], unique=False)
        batch_op.create_index(
            "uq_receipts_device",
            ["device_id", "device_number"],
            unique=True,
            sqlite_where=sa.text("device_id IS NOT NULL"),
            postgresql_where=sa.text("device_id IS NOT NULL"),
        )

    op.create_table(
        "service_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("group", sa.String(), nullable=False),
        sa.Column("case_category", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_service_items_dates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_items")),
        sa.UniqueConstraint("key", name=op.f("uq_service_items_key")),
    )
    op.create_table(
        "term_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column(
            "category", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("accept_amount", sa.Integer(), nullable=False),
        sa.Column("accept_unit", sa.String(), nullable=False),
        sa.Column("handle_amount", sa.Integer(), nullable=False),
        sa.Column("handle_unit", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "accept_unit IN ('workday', 'work_hour', 'minute')", name=op.f("ck_term_rules_accept_unit")
        ),
        sa.CheckConstraint(
            "handle_unit IN ('workday', 'work_hour', 'minute')", name=op.f("ck_term_rules_handle_unit")
        ),
        sa.CheckConstraint(
            "level IN ('building', 'grid', 'community', 'street')", name=op.f("ck_term_rules_level")
        ),
        sa.CheckConstraint("accept_amount >= 1 AND handle_amount >= 1", name=op.f("ck_term_rules_amounts")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_term_rules_dates")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_term_rules")),
        sa.UniqueConstraint(
            "level",
            "category",
            "urgent",
            "valid_from",
            name=op.f("uq_term_rules_level_category_urgent_valid_from"),
        ),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("short_name", sa.String(), nullable=False),
        sa.Column("path", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("households", sa.Integer(), nullable=True),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "level IN ('district', 'street', 'community', 'grid', 'building', 'company', 'department')",
            name=op.f("ck_units_level"),
        ),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_units_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_units_grid_id")),
        sa.ForeignKeyConstraint(["parent_id"], ["units.id"], name=op.f("fk_units_parent_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_units_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_units")),
        sa.UniqueConstraint("code", name=op.f("uq_units_code")),
        sa.UniqueConstraint("path", name=op.f("uq_units_path")),
    )
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_units_parent_id"), ["parent_id"], unique=False)

    op.create_table(
        "workdays",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_workdays")),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("elder", sa.Boolean(), nullable=False),
        sa.Column("is_demo", sa.Boolean(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_accounts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("person_id", name=op.f("uq_accounts_person_id")),
        sa.UniqueConstraint("username", name=op.f("uq_accounts_username")),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "post IN ('building_leader', 'grid_worker', 'branch_secretary', 'community_staff', 'community_secretary', 'street_staff', 'district_admin', 'auditor', 'handler', 'volunteer', 'committee_member')",
            name=op.f("ck_appointments_post"),
        ),
        sa.CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name=op.f("ck_appointments_dates")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_appointments_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_appointments_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
    )
    with op.batch_alter_table("appointments", schema=None) as batch_op:
        batch_op.create_index("ix_appointments_person", ["person_id"], unique=False)
        batch_op.create_index("ix_appointments_unit_post", ["unit_id", "post"], unique=False)

    op.create_table(
        "branches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_branches_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_branches")),
        sa.UniqueConstraint("unit_id", name=op.f("uq_branches_unit_id")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("tracking_hash", sa.String(length=64), nullable=False),
        sa.Column("tracking_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "category", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place_text", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("confidentiality", sa.String(), nullable=False),
        sa.Column("against_unit_id", sa.Integer(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("key_small_matter", sa.Boolean(), nullable=False),
        sa.Column("reporter_name", sa.Text(), nullable=True),
        sa.Column("reporter_phone", sa.Text(), nullable=True),
        sa.Column("reporter_door", sa.Text(), nullable=True),
        sa.Column("reporter_phone_hash", sa.String(length=64), nullable=True),
        sa.Column("registered_by_id", sa.Integer(), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("owner_unit_id", sa.Integer(), nullable=False),
        sa.Column("came_from_unit_id", sa.Integer(), nullable=True),
        sa.Column("came_from_level", sa.String(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_down", sa.Boolean(), nullable=False),
        sa.Column("overdue_stepped_level", sa.String(), nullable=True),
        sa.Column("handler_unit_id", sa.Integer(), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("ruled", sa.Boolean(), nullable=False),
        sa.Column("handled_by_id", sa.Integer(), nullable=True),
        sa.Column("result_kind", sa.String(), nullable=True),
        sa.Column("result_text", sa.Text(), nullable=False),
        sa.Column("result_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by_id", sa.Integer(), nullable=True),
        sa.Column("rework_count", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("verdict_by", sa.String(), nullable=True),
        sa.Column("verdict_channel", sa.String(), nullable=True),
        sa.Column("verdict_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict_note", sa.Text(), nullable=False),
        sa.Column("caller_id", sa.Integer(), nullable=True),
        sa.Column("contact_tries", sa.Integer(), nullable=False),
        sa.Column("reopen_count", sa.Integer(), nullable=False),
        sa.Column("merged_into_id", sa.Integer(), nullable=True),
        sa.Column("status_before", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_explained", sa.String(), nullable=False),
        sa.Column("due_warning", sa.String(), nullable=False),
        sa.Column("term_phase", sa.String(), nullable=False),
        sa.Column("term_amount", sa.Integer(), nullable=True),
        sa.Column("term_unit", sa.String(), nullable=True),
        sa.Column("term_rule_id", sa.Integer(), nullable=True),
        sa.Column("term_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_until", sa.Date(), nullable=True),
        sa.Column("suspended_reason", sa.String(), nullable=False),
        sa.Column("suspended_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(against_unit_id IS NULL) OR (confidentiality = 'report')", name=op.f("ck_cases_reported_side")
        ),
        sa.CheckConstraint(
            "(status = 'archived') = (archived_at IS NOT NULL)", name=op.f("ck_cases_archived")
        ),
        sa.CheckConstraint(
            "(status = 'merged') = (merged_into_id IS NOT NULL)", name=op.f("ck_cases_merged")
        ),
        sa.CheckConstraint(
            "(status = 'merged') = (status_before IS NOT NULL)", name=op.f("ck_cases_merged_from")
        ),
        sa.CheckConstraint(
            "(status = 'suspended') = (suspended_until IS NOT NULL)", name=op.f("ck_cases_suspended")
        ),
        sa.CheckConstraint(
            "(status IN ('archived', 'declined', 'redirected', 'withdrawn', 'merged')) = (closed_at IS NOT NULL)",
            name=op.f("ck_cases_closed"),
        ),
        sa.CheckConstraint(
            "(verdict_by IS NOT NULL AND verdict_by = 'caller') = (caller_id IS NOT NULL)",
            name=op.f("ck_cases_verdict_caller"),
        ),
        sa.CheckConstraint(
            "confidentiality <> 'anonymous' OR (reporter_name IS NULL AND reporter_phone IS NULL AND reporter_door IS NULL AND reporter_phone_hash IS NULL)",
            name=op.f("ck_cases_anonymous"),
        ),
        sa.CheckConstraint(
            "confidentiality <> 'report' OR status <> 'merged'", name=op.f("ck_cases_report_alone")
        ),
        sa.CheckConstraint(
            "confidentiality IN ('normal', 'name_hidden', 'anonymous', 'report')",
            name=op.f("ck_cases_confidentiality"),
        ),
        sa.CheckConstraint(
            "level IN ('building', 'grid', 'community', 'street')", name=op.f("ck_cases_level")
        ),
        sa.CheckConstraint(
            "result_kind IN ('resolved', 'partly', 'explained', 'unsupported', 'redirected')",
            name=op.f("ck_cases_result_kind"),
        ),
        sa.CheckConstraint(
            "source IN ('visit', 'station', 'phone', 'resident_qr', 'paper', 'hotline', 'party_member')",
            name=op.f("ck_cases_source"),
        ),
        sa.CheckConstraint(
            "status IN ('registered', 'convening', 'assigned', 'in_progress', 'suspended', 'pending_check', 'callback', 'appraised', 'archived', 'declined', 'redirected', 'withdrawn', 'merged')",
            name=op.f("ck_cases_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('appraised', 'archived') OR verdict IS NOT NULL", name=op.f("ck_cases_appraised")
        ),
        sa.CheckConstraint(
            "status NOT IN ('assigned', 'in_progress', 'suspended', 'pending_check', 'callback', 'appraised', 'archived') OR handler_unit_id IS NOT NULL",
            name=op.f("ck_cases_handler"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('callback', 'appraised', 'archived') OR checked_by_id IS NOT NULL",
            name=op.f("ck_cases_checked"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('pending_check', 'callback', 'appraised', 'archived') OR (handled_by_id IS NOT NULL AND result_kind IS NOT NULL AND result_text <> '')",
            name=op.f("ck_cases_result"),
        ),
        sa.CheckConstraint(
            "suspended_until IS NULL OR (suspended_reason <> '' AND suspended_at IS NOT NULL)",
            name=op.f("ck_cases_suspended_whole"),
        ),
        sa.CheckConstraint(
            "term_phase IN ('accept', 'handle', 'check', 'callback', 'archive', 'review')",
            name=op.f("ck_cases_term_phase"),
        ),
        sa.CheckConstraint(
            "term_unit IN ('workday', 'work_hour', 'minute')", name=op.f("ck_cases_term_unit")
        ),
        sa.CheckConstraint(
            "verdict <> 'no_response' OR contact_tries >= 3 OR reporter_phone_hash IS NULL",
            name=op.f("ck_cases_tries"),
        ),
        sa.CheckConstraint(
            "verdict IN ('satisfied', 'mostly', 'unsatisfied', 'no_response')", name=op.f("ck_cases_verdict")
        ),
        sa.CheckConstraint(
            "verdict_by IN ('resident', 'caller', 'system')", name=op.f("ck_cases_verdict_by")
        ),
        sa.CheckConstraint(
            "verdict_channel IN ('code', 'phone', 'visit', 'station')", name=op.f("ck_cases_verdict_channel")
        ),
        sa.CheckConstraint(
            "(verdict IS NULL) = (verdict_by IS NULL) AND (verdict IS NULL) = (verdict_channel IS NULL) AND (verdict IS NULL) = (verdict_at IS NULL)",
            name=op.f("ck_cases_verdict_whole"),
        ),
        sa.CheckConstraint("against_unit_id <> handler_unit_id", name=op.f("ck_cases_reported_side_handler")),
        sa.CheckConstraint("against_unit_id <> owner_unit_id", name=op.f("ck_cases_reported_side_owner")),
        sa.CheckConstraint("checked_by_id <> caller_id", name=op.f("ck_cases_checker_is_not_caller")),
        sa.CheckConstraint("closed_at IS NOT NULL OR due_at IS NOT NULL", name=op.f("ck_cases_due")),
        sa.CheckConstraint("handled_by_id <> caller_id", name=op.f("ck_cases_handler_is_not_caller")),
        sa.CheckConstraint("handled_by_id <> checked_by_id", name=op.f("ck_cases_handler_is_not_checker")),
        sa.CheckConstraint("merged_into_id <> id", name=op.f("ck_cases_not_into_itself")),
        sa.CheckConstraint("reopen_count BETWEEN 0 AND 2", name=op.f("ck_cases_reopens")),
        sa.CheckConstraint("returns BETWEEN 0 AND 2", name=op.f("ck_cases_returns")),
        sa.CheckConstraint("rework_count BETWEEN 0 AND 1", name=op.f("ck_cases_reworks")),
        sa.ForeignKeyConstraint(["against_unit_id"], ["units.id"], name=op.f("fk_cases_against_unit_id")),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_cases_building_id")),
        sa.ForeignKeyConstraint(["caller_id"], ["persons.id"], name=op.f("fk_cases_caller_id")),
        sa.ForeignKeyConstraint(["came_from_unit_id"], ["units.id"], name=op.f("fk_cases_came_from_unit_id")),
        sa.ForeignKeyConstraint(["category"], ["case_categories.key"], name=op.f("fk_cases_category")),
        sa.ForeignKeyConstraint(["checked_by_id"], ["persons.id"], name=op.f("fk_cases_checked_by_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_cases_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_cases_grid_id")),
        sa.ForeignKeyConstraint(["handled_by_id"], ["persons.id"], name=op.f("fk_cases_handled_by_id")),
        sa.ForeignKeyConstraint(["handler_unit_id"], ["units.id"], name=op.f("fk_cases_handler_unit_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["cases.id"], name=op.f("fk_cases_merged_into_id")),
        sa.ForeignKeyConstraint(["owner_unit_id"], ["units.id"], name=op.f("fk_cases_owner_unit_id")),
        sa.ForeignKeyConstraint(["registered_by_id"], ["persons.id"], name=op.f("fk_cases_registered_by_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_cases_street_id")),
        sa.ForeignKeyConstraint(["term_rule_id"], ["term_rules.id"], name=op.f("fk_cases_term_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
        sa.UniqueConstraint("tracking_hash", name=op.f("uq_cases_tracking_hash")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.create_index("ix_cases_building_all", ["building_id", "registered_at", "id"], unique=False)
        batch_op.create_index(
            "ix_cases_building_open",
            ["building_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index("ix_cases_community_all", ["community_id", "registered_at", "id"], unique=False)
        batch_op.create_index(
            "ix_cases_community_open",
            ["community_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_cases_due",
            ["due_at"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index("ix_cases_duplicates", ["grid_id", "category", "registered_at"], unique=False)
        batch_op.create_index("ix_cases_grid_all", ["grid_id", "registered_at", "id"], unique=False)
        batch_op.create_index(
            "ix_cases_grid_open",
            ["grid_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index(
            "ix_cases_handler_all", ["handler_unit_id", "registered_at", "id"], unique=False
        )
        batch_op.create_index(
            "ix_cases_handler_open",
            ["handler_unit_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index("ix_cases_merged_into", ["merged_into_id"], unique=False)
        batch_op.create_index(
            "ix_cases_owner_open",
            ["owner_unit_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.create_index("ix_cases_phone", ["reporter_phone_hash"], unique=False)
        batch_op.create_index("ix_cases_street_all", ["street_id", "registered_at", "id"], unique=False)
        batch_op.create_index(
            "ix_cases_street_open",
            ["street_id", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "committees",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("is_red", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("term_start", sa.Date(), nullable=False),
        sa.Column("term_end", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('owners_committee', 'property_mgmt_committee')", name=op.f("ck_committees_kind")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_committees_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_committees")),
    )
    with op.batch_alter_table("committees", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_committees_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("contact", sa.Text(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_unit_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by_id IS NULL) AND (answered_at IS NULL) = (answer = '')",
            name=op.f("ck_feedback_answered_whole"),
        ),
        sa.ForeignKeyConstraint(["answered_by_id"], ["persons.id"], name=op.f("fk_feedback_answered_by_id")),
        sa.ForeignKeyConstraint(
            ["answered_unit_id"], ["units.id"], name=op.f("fk_feedback_answered_unit_id")
        ),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_feedback_building_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_feedback_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_feedback_grid_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_feedback_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_feedback_code_hash")),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index("ix_feedback_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_feedback_community", ["community_id", "at", "id"], unique=False)
        batch_op.create_index("ix_feedback_street", ["street_id", "at", "id"], unique=False)

    op.create_table(
        "outbox_quarantine",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("page", sa.String(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'claimed', 'discarded')", name=op.f("ck_outbox_quarantine_state")
        ),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_outbox_quarantine_building_id")),
        sa.ForeignKeyConstraint(
            ["community_id"], ["units.id"], name=op.f("fk_outbox_quarantine_community_id")
        ),
        sa.ForeignKeyConstraint(["decided_by"], ["persons.id"], name=op.f("fk_outbox_quarantine_decided_by")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_outbox_quarantine_grid_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_outbox_quarantine_person_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_outbox_quarantine_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_quarantine")),
        sa.UniqueConstraint("submission_id", name=op.f("uq_outbox_quarantine_submission_id")),
    )
    with op.batch_alter_table("outbox_quarantine", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_quarantine_community", ["community_id", "state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_quarantine_person_id"), ["person_id"], unique=False)
        batch_op.create_index("ix_outbox_quarantine_street", ["street_id", "state", "id"], unique=False)

    op.create_table(
        "party_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("skills", sa.String(), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('reported', 'withdrawn')", name=op.f("ck_party_reports_state")),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_party_reports_building_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_party_reports_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_party_reports_grid_id")),
        sa.ForeignKeyConstraint(["kind_id"], ["check_in_kinds.id"], name=op.f("fk_party_reports_kind_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_party_reports_person_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_party_reports_street_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_party_reports_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_reports")),
    )
    with op.batch_alter_table("party_reports", schema=None) as batch_op:
        batch_op.create_index(
            "ix_party_reports_community", ["community_id", "reported_at", "id"], unique=False
        )
        batch_op.create_index("ix_party_reports_grid", ["grid_id", "reported_at", "id"], unique=False)
        batch_op.create_index("ix_party_reports_person", ["person_id", "reported_at", "id"], unique=False)
        batch_op.create_index("ix_party_reports_street", ["street_id", "reported_at", "id"], unique=False)
        batch_op.create_index(
            "uq_party_reports_in_force",
            ["person_id", "kind_id", "unit_id"],
            unique=True,
            sqlite_where=sa.text("state = 'reported'"),
            postgresql_where=sa.text("state = 'reported'"),
        )

    op.create_table(
        "point_accounts",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_point_accounts_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_point_accounts")),
    )
    op.create_table(
        "property_companies",
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("party_coverage", sa.String(), nullable=False),
        sa.Column("removed_on", sa.Date(), nullable=True),
        sa.Column("removal_note", sa.String(), nullable=False),
        sa.CheckConstraint(
            "party_coverage IN ('own_branch', 'instructor', 'mass_org', 'none')",
            name=op.f("ck_property_companies_party_coverage"),
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_property_companies_unit_id")),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_property_companies")),
    )
    op.create_table(
        "property_contracts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=False),
        sa.Column("grid_id", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["units.id"], name=op.f("fk_property_contracts_company_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_property_contracts_grid_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_property_contracts")),
    )
    with op.batch_alter_table("property_contracts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_property_contracts_company_id"), ["company_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_property_contracts_grid_id"), ["grid_id"], unique=False)

    op.create_table(
        "seats",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint("body IN ('branch', 'committee')", name=op.f("ck_seats_body")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_seats_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_seats_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seats")),
    )
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.create_index("ix_seats_person", ["person_id"], unique=False)
        batch_op.create_index("ix_seats_unit", ["unit_id", "body"], unique=False)

    op.create_table(
        "service_statements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "verify_code", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("total_minutes", sa.Integer(), nullable=False),
        sa.Column("rows", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_service_statements_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_statements")),
        sa.UniqueConstraint("verify_code", name=op.f("uq_service_statements_verify_code")),
    )
    with op.batch_alter_table("service_statements", schema=None) as batch_op:
        batch_op.create_index("ix_service_statements_person", ["person_id", "issued_at", "id"], unique=False)

    op.create_table(
        "stations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("hours", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('service_center', 'service_station', 'opinion_collection_point', 'reception_center')",
            name=op.f("ck_stations_kind"),
        ),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_stations_building_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_stations_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_stations_grid_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_stations_street_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_stations_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
        sa.UniqueConstraint("code", name=op.f("uq_stations_code")),
    )
    with op.batch_alter_table("stations", schema=None) as batch_op:
        batch_op.create_index("ix_stations_community", ["community_id"], unique=False)
        batch_op.create_index("ix_stations_grid", ["grid_id"], unique=False)

    op.create_table(
        "activities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=True),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("organising_unit_id", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("is_risky", sa.Boolean(), nullable=False),
        sa.Column("risk_note", sa.String(), nullable=False),
        sa.Column("insured", sa.Boolean(), nullable=False),
        sa.Column("min_age", sa.Integer(), nullable=True),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("record_due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "poster_code", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("checkin_secret", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "category IN ('care', 'convenience', 'environment', 'safety', 'publicity', 'mediation', 'emergency', 'other')",
            name=op.f("ck_activities_category"),
        ),
        sa.CheckConstraint("NOT is_risky OR insured", name=op.f("ck_activities_insured_if_risky")),
        sa.CheckConstraint("capacity IS NULL OR capacity > 0", name=op.f("ck_activities_capacity")),
        sa.CheckConstraint("community_id IS NOT NULL", name=op.f("ck_activities_in_a_community")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_activities_times")),
        sa.CheckConstraint("min_age IS NULL OR min_age > 0", name=op.f("ck_activities_min_age")),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_activities_building_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_activities_case_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_activities_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_activities_grid_id")),
        sa.ForeignKeyConstraint(["organiser_id"], ["persons.id"], name=op.f("fk_activities_organiser_id")),
        sa.ForeignKeyConstraint(
            ["organising_unit_id"], ["units.id"], name=op.f("fk_activities_organising_unit_id")
        ),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_activities_station_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_activities_street_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_activities_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
        sa.UniqueConstraint("poster_code", name=op.f("uq_activities_poster_code")),
    )
    with op.batch_alter_table("activities", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_activities_case_id"), ["case_id"], unique=False)
        batch_op.create_index("ix_activities_community", ["community_id", "ends_at", "id"], unique=False)
        batch_op.create_index("ix_activities_end", ["ends_at", "id"], unique=False)
        batch_op.create_index("ix_activities_grid", ["grid_id", "ends_at", "id"], unique=False)
        batch_op.create_index("ix_activities_street", ["street_id", "ends_at", "id"], unique=False)

    op.create_table(
        "case_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("from_status", sa.String(), nullable=False),
        sa.Column("to_status", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_case_events_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_case_events_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
    )
    with op.batch_alter_table("case_events", schema=None) as batch_op:
        batch_op.create_index("ix_case_events_case", ["case_id", "id"], unique=False)

    op.create_table(
        "case_parties",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_parties_case_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_case_parties_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_parties")),
    )
    with op.batch_alter_table("case_parties", schema=None) as batch_op:
        batch_op.create_index("ix_case_parties_case", ["case_id"], unique=False)

    op.create_table(
        "case_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("reason_kind", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("channel_text", sa.String(), nullable=False),
        sa.Column("workdays", sa.Integer(), nullable=True),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("asked_unit_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deciding_unit_id", sa.Integer(), nullable=False),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'escalate') = (reason_kind IS NOT NULL)", name=op.f("ck_case_requests_escalation_reason")
        ),
        sa.CheckConstraint(
            "(kind = 'extend') = (workdays IS NOT NULL)", name=op.f("ck_case_requests_extension_days")
        ),
        sa.CheckConstraint(
            "kind IN ('escalate', 'extend', 'decline', 'redirect')", name=op.f("ck_case_requests_kind")
        ),
        sa.CheckConstraint(
            "level IN ('building', 'grid', 'community', 'street')", name=op.f("ck_case_requests_level")
        ),
        sa.CheckConstraint(
            "reason_kind IN ('beyond_authority', 'unresolved', 'major', 'conflict_of_interest', 'overdue')",
            name=op.f("ck_case_requests_reason_kind"),
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (decided_by_id IS NULL) AND (decided_at IS NULL) = (approved IS NULL)",
            name=op.f("ck_case_requests_decided_whole"),
        ),
        sa.CheckConstraint(
            "asked_by_id <> decided_by_id", name=op.f("ck_case_requests_asker_does_not_decide")
        ),
        sa.CheckConstraint(
            "decided_at IS NULL OR lapsed_at IS NULL", name=op.f("ck_case_requests_decided_or_lapsed")
        ),
        sa.ForeignKeyConstraint(["asked_by_id"], ["persons.id"], name=op.f("fk_case_requests_asked_by_id")),
        sa.ForeignKeyConstraint(["asked_unit_id"], ["units.id"], name=op.f("fk_case_requests_asked_unit_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_requests_case_id")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["persons.id"], name=op.f("fk_case_requests_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["deciding_unit_id"], ["units.id"], name=op.f("fk_case_requests_deciding_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_requests")),
    )
    with op.batch_alter_table("case_requests", schema=None) as batch_op:
        batch_op.create_index("ix_case_requests_case", ["case_id"], unique=False)
        batch_op.create_index(
            "ix_case_requests_waiting",
            ["deciding_unit_id", "asked_at"],
            unique=False,
            sqlite_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
        )
        batch_op.create_index(
            "uq_case_requests_open",
            ["case_id"],
            unique=True,
            sqlite_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
        )

    op.create_table(
        "contact_tries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('code', 'phone', 'visit', 'station')", name=op.f("ck_contact_tries_channel")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_contact_tries_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_contact_tries_person_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_contact_tries_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_tries")),
    )
    with op.batch_alter_table("contact_tries", schema=None) as batch_op:
        batch_op.create_index("ix_contact_tries_case", ["case_id", "id"], unique=False)

    op.create_table(
        "desk_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=True),
        sa.Column("planned_by_id", sa.Integer(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by_id", sa.Integer(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(cancelled_at IS NULL) = (cancelled_by_id IS NULL) AND (cancelled_at IS NULL) = (cancel_reason = '')",
            name=op.f("ck_desk_sessions_cancelled"),
        ),
        sa.CheckConstraint("station_id IS NOT NULL OR place <> ''", name=op.f("ck_desk_sessions_somewhere")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_desk_sessions_times")),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_desk_sessions_building_id")),
        sa.ForeignKeyConstraint(
            ["cancelled_by_id"], ["persons.id"], name=op.f("fk_desk_sessions_cancelled_by_id")
        ),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_desk_sessions_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_desk_sessions_grid_id")),
        sa.ForeignKeyConstraint(
            ["planned_by_id"], ["persons.id"], name=op.f("fk_desk_sessions_planned_by_id")
        ),
        sa.ForeignKeyConstraint(["series_id"], ["desk_sessions.id"], name=op.f("fk_desk_sessions_series_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_desk_sessions_station_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_desk_sessions_street_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_desk_sessions_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_sessions")),
    )
    with op.batch_alter_table("desk_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_desk_sessions_building", ["building_id", "starts_at", "id"], unique=False)
        batch_op.create_index("ix_desk_sessions_community", ["community_id", "starts_at", "id"], unique=False)
        batch_op.create_index("ix_desk_sessions_grid", ["grid_id", "starts_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_desk_sessions_series_id"), ["series_id"], unique=False)
        batch_op.create_index("ix_desk_sessions_starts", ["starts_at", "id"], unique=False)
        batch_op.create_index("ix_desk_sessions_street", ["street_id", "starts_at", "id"], unique=False)

    op.create_table(
        "login_sessions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("appointment_id", sa.Integer(), nullable=True),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("trusted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_login_sessions_account_id")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointments.id"], name=op.f("fk_login_sessions_appointment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_sessions_token_hash")),
    )
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_sessions_account_id"), ["account_id"], unique=False)

    op.create_table(
        "point_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column(
            "rule_code", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("source_type", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("earned_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("reverses_id", sa.Integer(), nullable=True),
        sa.Column("reviewed_by", sa.Integer(), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("(kind = 'earn') = (rule_id IS NOT NULL)", name=op.f("ck_point_entries_rule")),
        sa.CheckConstraint(
            "(kind IN ('refund', 'reverse')) = (reverses_id IS NOT NULL)",
            name=op.f("ck_point_entries_reverses"),
        ),
        sa.CheckConstraint(
            "amount <> 0 AND (amount > 0) = (kind IN ('earn', 'refund'))", name=op.f("ck_point_entries_sign")
        ),
        sa.CheckConstraint(
            "kind <> 'reverse' OR created_by IS NULL OR created_by <> person_id",
            name=op.f("ck_point_entries_not_reversed_by_the_earner"),
        ),
        sa.CheckConstraint(
            "kind = 'earn' OR status = 'effective'", name=op.f("ck_point_entries_only_earnings_are_proposed")
        ),
        sa.CheckConstraint(
            "kind IN ('earn', 'redeem', 'refund', 'expire', 'reverse')", name=op.f("ck_point_entries_kind")
        ),
        sa.CheckConstraint(
            "source_type <> 'by_hand' OR status = 'proposed' OR reviewed_by IS NOT NULL",
            name=op.f("ck_point_entries_by_hand_reviewed"),
        ),
        sa.CheckConstraint(
            "status <> 'proposed' OR reviewed_at IS NULL", name=op.f("ck_point_entries_proposed")
        ),
        sa.CheckConstraint(
            "status IN ('proposed', 'effective', 'rejected')", name=op.f("ck_point_entries_status")
        ),
        sa.CheckConstraint(
            "(reviewed_by IS NULL) OR (reviewed_at IS NOT NULL)", name=op.f("ck_point_entries_review")
        ),
        sa.CheckConstraint(
            "reviewed_by IS NULL OR created_by IS NULL OR reviewed_by <> created_by",
            name=op.f("ck_point_entries_not_reviewed_by_the_proposer"),
        ),
        sa.CheckConstraint(
            "reviewed_by IS NULL OR reviewed_by <> person_id",
            name=op.f("ck_point_entries_not_reviewed_by_the_earner"),
        ),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_point_entries_building_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_point_entries_community_id")),
        sa.ForeignKeyConstraint(["created_by"], ["persons.id"], name=op.f("fk_point_entries_created_by")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_point_entries_grid_id")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["point_accounts.person_id"], name=op.f("fk_point_entries_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["point_entries.id"], name=op.f("fk_point_entries_reverses_id")
        ),
        sa.ForeignKeyConstraint(["reviewed_by"], ["persons.id"], name=op.f("fk_point_entries_reviewed_by")),
        sa.ForeignKeyConstraint(["rule_id"], ["point_rules.id"], name=op.f("fk_point_entries_rule_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_point_entries_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_entries")),
    )
    with op.batch_alter_table("point_entries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_point_entries_caps", ["person_id", "rule_code", "status", "earned_on", "amount"], unique=False
        )
        batch_op.create_index("ix_point_entries_community", ["community_id", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_point_entries_expiring",
            ["expires_on"],
            unique=False,
            sqlite_where=sa.text("expires_on IS NOT NULL"),
            postgresql_where=sa.text("expires_on IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_point_entries_lots",
            ["person_id", "expires_on", "amount"],
            unique=False,
            sqlite_where=sa.text("kind = 'earn' AND status = 'effective'"),
            postgresql_where=sa.text("kind = 'earn' AND status = 'effective'"),
        )
        batch_op.create_index(
            "uq_point_entries_reverses",
            ["reverses_id"],
            unique=True,
            sqlite_where=sa.text("reverses_id IS NOT NULL"),
            postgresql_where=sa.text("reverses_id IS NOT NULL"),
        )
        batch_op.create_index("ix_point_entries_person", ["person_id", "at", "id"], unique=False)
        batch_op.create_index("ix_point_entries_source", ["source_type", "source_id"], unique=False)
        batch_op.create_index("ix_point_entries_street", ["street_id", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_point_entries_waiting",
            ["community_id", "status", "at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'proposed'"),
            postgresql_where=sa.text("status = 'proposed'"),
        )
        batch_op.create_index(
            "ix_point_entries_waiting_street",
            ["street_id", "status", "at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'proposed'"),
            postgresql_where=sa.text("status = 'proposed'"),
        )
        batch_op.create_index(
            "uq_point_entries_source",
            ["person_id", "kind", "rule_code", "source_type", "source_id"],
            unique=True,
            sqlite_where=sa.text("kind <> 'expire' AND status <> 'rejected'"),
            postgresql_where=sa.text("kind <> 'expire' AND status <> 'rejected'"),
        )

    op.create_table(
        "rewards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("picture", sa.String(), nullable=False),
        sa.Column("on_shelf", sa.Integer(), nullable=False),
        sa.Column("quarter_limit", sa.Integer(), nullable=True),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Integer(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('goods', 'service')", name=op.f("ck_rewards_kind")),
        sa.CheckConstraint("cost > 0", name=op.f("ck_rewards_cost")),
        sa.CheckConstraint("on_shelf >= 0", name=op.f("ck_rewards_on_shelf")),
        sa.CheckConstraint(
            "quarter_limit IS NULL OR quarter_limit > 0", name=op.f("ck_rewards_quarter_limit")
        ),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_rewards_building_id")),
        sa.ForeignKeyConstraint(["changed_by"], ["persons.id"], name=op.f("fk_rewards_changed_by")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_rewards_community_id")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_rewards_grid_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_rewards_station_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_rewards_street_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_rewards_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rewards")),
    )
    with op.batch_alter_table("rewards", schema=None) as batch_op:
        batch_op.create_index("ix_rewards_community", ["community_id", "id"], unique=False)
        batch_op.create_index("ix_rewards_street", ["street_id", "id"], unique=False)

    op.create_table(
        "attendances",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sign_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("auto_closed", sa.Boolean(), nullable=False),
        sa.Column("capped", sa.Boolean(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("late_reason", sa.String(), nullable=False),
        sa.Column("reject_reason", sa.String(), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state = 'present') = (minutes IS NULL)", name=op.f("ck_attendances_minutes_once_over")
        ),
        sa.CheckConstraint(
            "state <> 'confirmed' OR (confirmed_by IS NOT NULL AND minutes IS NOT NULL)",
            name=op.f("ck_attendances_confirmed_by_somebody"),
        ),
        sa.CheckConstraint(
            "state IN ('present', 'pending', 'confirmed', 'disputed', 'rejected')",
            name=op.f("ck_attendances_state"),
        ),
        sa.CheckConstraint(
            "way IN ('rotating_code', 'poster', 'organiser', 'self')", name=op.f("ck_attendances_way")
        ),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_attendances_confirmed")
        ),
        sa.CheckConstraint("confirmed_by <> person_id", name=op.f("ck_attendances_not_by_oneself")),
        sa.CheckConstraint("minutes >= 0", name=op.f("ck_attendances_minutes")),
        sa.CheckConstraint("sign_out_at >= sign_in_at", name=op.f("ck_attendances_times")),
        sa.ForeignKeyConstraint(["activity_id"], ["activities.id"], name=op.f("fk_attendances_activity_id")),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_attendances_building_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_attendances_community_id")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["persons.id"], name=op.f("fk_attendances_confirmed_by")),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_attendances_grid_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_attendances_person_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_attendances_street_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendances")),
        sa.UniqueConstraint("activity_id", "person_id", name=op.f("uq_attendances_activity_id_person_id")),
    )
    with op.batch_alter_table("attendances", schema=None) as batch_op:
        batch_op.create_index("ix_attendances_person", ["person_id", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_attendances_present",
            ["at"],
            unique=False,
            sqlite_where=sa.text("state = 'present'"),
            postgresql_where=sa.text("state = 'present'"),
        )
        batch_op.create_index(
            "ix_attendances_waits_community",
            ["community_id", "at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('pending', 'disputed')"),
            postgresql_where=sa.text("state IN ('pending', 'disputed')"),
        )
        batch_op.create_index(
            "ix_attendances_waits_grid",
            ["grid_id", "at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('pending', 'disputed')"),
            postgresql_where=sa.text("state IN ('pending', 'disputed')"),
        )
        batch_op.create_index(
            "ix_attendances_waits_street",
            ["street_id", "at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('pending', 'disputed')"),
            postgresql_where=sa.text("state IN ('pending', 'disputed')"),
        )

    op.create_table(
        "desk_hosts",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_desk_hosts_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["desk_sessions.id"], name=op.f("fk_desk_hosts_session_id")),
        sa.PrimaryKeyConstraint("session_id", "person_id", name=op.f("pk_desk_hosts")),
    )
    with op.batch_alter_table("desk_hosts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_hosts_person_id"), ["person_id"], unique=False)

    op.create_table(
        "point_objections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("raised_by", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_by", sa.Integer(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(state = 'open') = (settled_by IS NULL) AND (state = 'open') = (settled_at IS NULL)",
            name=op.f("ck_point_objections_settled"),
        ),
        sa.CheckConstraint(
            "state IN ('open', 'upheld', 'dismissed')", name=op.f("ck_point_objections_state")
        ),
        sa.CheckConstraint(
            "settled_by IS NULL OR settled_by <> raised_by",
            name=op.f("ck_point_objections_settled_by_another"),
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["point_entries.id"], name=op.f("fk_point_objections_entry_id")
        ),
        sa.ForeignKeyConstraint(["raised_by"], ["persons.id"], name=op.f("fk_point_objections_raised_by")),
        sa.ForeignKeyConstraint(["settled_by"], ["persons.id"], name=op.f("fk_point_objections_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point_objections")),
    )
    with op.batch_alter_table("point_objections", schema=None) as batch_op:
        batch_op.create_index("ix_point_objections_entry", ["entry_id"], unique=False)
        batch_op.create_index(
            "uq_point_objections_open",
            ["entry_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "point_spends",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_point_spends_amount")),
        sa.ForeignKeyConstraint(["entry_id"], ["point_entries.id"], name=op.f("fk_point_spends_entry_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["point_entries.id"], name=op.f("fk_point_spends_lot_id")),
        sa.PrimaryKeyConstraint("entry_id", "lot_id", name=op.f("pk_point_spends")),
    )
    with op.batch_alter_table("point_spends", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_point_spends_lot_id"), ["lot_id"], unique=False)

    op.create_table(
        "redemptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fulfilled_by", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(state = 'fulfilled') = (fulfilled_by IS NOT NULL)", name=op.f("ck_redemptions_fulfilled")
        ),
        sa.CheckConstraint(
            "(state = 'requested') = (settled_at IS NULL)", name=op.f("ck_redemptions_settled")
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'fulfilled', 'cancelled', 'expired')", name=op.f("ck_redemptions_state")
        ),
        sa.CheckConstraint("cost > 0", name=op.f("ck_redemptions_cost")),
        sa.CheckConstraint(
            "fulfilled_by IS NULL OR fulfilled_by <> person_id",
            name=op.f("ck_redemptions_clerk_is_not_receiver"),
        ),
        sa.ForeignKeyConstraint(["fulfilled_by"], ["persons.id"], name=op.f("fk_redemptions_fulfilled_by")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["point_accounts.person_id"], name=op.f("fk_redemptions_person_id")
        ),
        sa.ForeignKeyConstraint(["reward_id"], ["rewards.id"], name=op.f("fk_redemptions_reward_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_redemptions_station_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemptions")),
        sa.UniqueConstraint("code", name=op.f("uq_redemptions_code")),
    )
    with op.batch_alter_table("redemptions", schema=None) as batch_op:
        batch_op.create_index("ix_redemptions_clerk", ["fulfilled_by", "settled_at", "id"], unique=False)
        batch_op.create_index(
            "ix_redemptions_due",
            ["expires_at"],
            unique=False,
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        )
        batch_op.create_index("ix_redemptions_person", ["person_id", "requested_at", "id"], unique=False)
        batch_op.create_index("ix_redemptions_reward", ["reward_id", "state"], unique=False)

    op.create_table(
        "signups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('signed_up', 'waiting', 'left')", name=op.f("ck_signups_state")),
        sa.ForeignKeyConstraint(["activity_id"], ["activities.id"], name=op.f("fk_signups_activity_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_signups_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signups")),
        sa.UniqueConstraint("activity_id", "person_id", name=op.f("uq_signups_activity_id_person_id")),
    )
    with op.batch_alter_table("signups", schema=None) as batch_op:
        batch_op.create_index("ix_signups_person", ["person_id", "joined_at", "id"], unique=False)
        batch_op.create_index("ix_signups_queue", ["activity_id", "state", "joined_at", "id"], unique=False)

    op.create_table(
        "visits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("worker_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("station_id", sa.Integer(), nullable=True),
        sa.Column("desk_session_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("logged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_late_entry", sa.Boolean(), nullable=False),
        sa.Column("resident_name", sa.Text(), nullable=True),
        sa.Column("resident_name_hash", sa.String(length=64), nullable=True),
        sa.Column("resident_phone", sa.Text(), nullable=True),
        sa.Column("resident_phone_hash", sa.String(length=64), nullable=True),
        sa.Column("door", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("next_visit_on", sa.Date(), nullable=True),
        sa.Column("do_not_disturb", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("street_id", sa.Integer(), nullable=True),
        sa.Column("community_id", sa.Integer(), nullable=True),
        sa.Column("grid_id", sa.Integer(), nullable=True),
        sa.Column("building_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "case_id IS NULL OR (outcome = 'to_case' AND undone_at IS NULL)", name=op.f("ck_visits_case")
        ),
        sa.CheckConstraint("kind IN ('station_reception', 'home_visit')", name=op.f("ck_visits_kind")),
        sa.CheckConstraint(
            "outcome IN ('settled', 'in_progress', 'to_case', 'explained', 'nobody_home')",
            name=op.f("ck_visits_outcome"),
        ),
        sa.ForeignKeyConstraint(["building_id"], ["units.id"], name=op.f("fk_visits_building_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_visits_case_id")),
        sa.ForeignKeyConstraint(["community_id"], ["units.id"], name=op.f("fk_visits_community_id")),
        sa.ForeignKeyConstraint(
            ["desk_session_id"], ["desk_sessions.id"], name=op.f("fk_visits_desk_session_id")
        ),
        sa.ForeignKeyConstraint(["grid_id"], ["units.id"], name=op.f("fk_visits_grid_id")),
        sa.ForeignKeyConstraint(["station_id"], ["stations.id"], name=op.f("fk_visits_station_id")),
        sa.ForeignKeyConstraint(["street_id"], ["units.id"], name=op.f("fk_visits_street_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name=op.f("fk_visits_unit_id")),
        sa.ForeignKeyConstraint(["worker_id"], ["persons.id"], name=op.f("fk_visits_worker_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.create_index("ix_visits_at", ["at", "id"], unique=False)
        batch_op.create_index(
            "ix_visits_building",
            ["building_id", "at", "id"],
            unique=False,
            sqlite_where=sa.text("building_id IS NOT NULL"),
            postgresql_where=sa.text("building_id IS NOT NULL"),
        )
        batch_op.create_index("ix_visits_community", ["community_id", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_visits_desk_session",
            ["desk_session_id"],
            unique=False,
            sqlite_where=sa.text("desk_session_id IS NOT NULL"),
            postgresql_where=sa.text("desk_session_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_visits_case",
            ["case_id"],
            unique=True,
            sqlite_where=sa.text("case_id IS NOT NULL"),
            postgresql_where=sa.text("case_id IS NOT NULL"),
        )
        batch_op.create_index("ix_visits_grid", ["grid_id", "at", "id"], unique=False)
        batch_op.create_index(
            "ix_visits_next",
            ["worker_id", "next_visit_on"],
            unique=False,
            sqlite_where=sa.text("next_visit_on IS NOT NULL"),
            postgresql_where=sa.text("next_visit_on IS NOT NULL"),
        )
        batch_op.create_index("ix_visits_street", ["street_id", "at", "id"], unique=False)
        batch_op.create_index("ix_visits_worker", ["worker_id", "at", "id"], unique=False)

    op.create_table(
        "hours_corrections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attendance_id", sa.Integer(), nullable=False),
        sa.Column("old_minutes", sa.Integer(), nullable=False),
        sa.Column("new_minutes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["attendances.id"], name=op.f("fk_hours_corrections_attendance_id")
        ),
        sa.ForeignKeyConstraint(["by_id"], ["persons.id"], name=op.f("fk_hours_corrections_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_corrections")),
    )
    with op.batch_alter_table("hours_corrections", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_hours_corrections_attendance_id"), ["attendance_id"], unique=False
        )

    op.create_table(
        "objections",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("attendance_id", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'open') = (answered_by IS NULL)", name=op.f("ck_objections_answered_if_closed")
        ),
        sa.CheckConstraint("state IN ('open', 'upheld', 'dismissed')", name=op.f("ck_objections_state")),
        sa.CheckConstraint(
            "(answered_by IS NULL) = (answered_at IS NULL)", name=op.f("ck_objections_answered")
        ),
        sa.ForeignKeyConstraint(["answered_by"], ["persons.id"], name=op.f("fk_objections_answered_by")),
        sa.ForeignKeyConstraint(
            ["attendance_id"], ["attendances.id"], name=op.f("fk_objections_attendance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objections")),
    )
    with op.batch_alter_table("objections", schema=None) as batch_op:
        batch_op.create_index("ix_objections_attendance", ["attendance_id"], unique=False)
        batch_op.create_index(
            "uq_objections_open",
            ["attendance_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "stock_movements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("redemption_id", sa.Integer(), nullable=True),
        sa.Column("by", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('held', 'returned', 'handed_out')) = (redemption_id IS NOT NULL)",
            name=op.f("ck_stock_movements_redemption"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'in' THEN amount > 0 WHEN 'held' THEN amount = -1 WHEN 'returned' THEN amount = 1 WHEN 'handed_out' THEN amount = 0 ELSE amount <> 0 END",
            name=op.f("ck_stock_movements_amount"),
        ),
        sa.CheckConstraint(
            "kind IN ('in', 'held', 'returned', 'handed_out', 'correction')",
            name=op.f("ck_stock_movements_kind"),
        ),
        sa.ForeignKeyConstraint(["by"], ["persons.id"], name=op.f("fk_stock_movements_by")),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemptions.id"], name=op.f("fk_stock_movements_redemption_id")
        ),
        sa.ForeignKeyConstraint(["reward_id"], ["rewards.id"], name=op.f("fk_stock_movements_reward_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stock_movements")),
        sa.UniqueConstraint("redemption_id", "kind", name=op.f("uq_stock_movements_redemption_id_kind")),
    )
    with op.batch_alter_table("stock_movements", schema=None) as batch_op:
        batch_op.create_index("ix_stock_movements_reward", ["reward_id", "id"], unique=False)

    op.create_table(
        "visit_items",
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_visit_items_item_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_items_visit_id")),
        sa.PrimaryKeyConstraint("visit_id", "item_id", name=op.f("pk_visit_items")),
    )
    with op.batch_alter_table("visit_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_visit_items_item_id"), ["item_id"], unique=False)

    for statement in GUARDS[op.get_bind().dialect.name]:
        op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade() -> None:
    with op.batch_alter_table("visit_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_visit_items_item_id"))

    op.drop_table("visit_items")
    with op.batch_alter_table("stock_movements", schema=None) as batch_op:
        batch_op.drop_index("ix_stock_movements_reward")

    op.drop_table("stock_movements")
    with op.batch_alter_table("objections", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_objections_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index("ix_objections_attendance")

    op.drop_table("objections")
    with op.batch_alter_table("hours_corrections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hours_corrections_attendance_id"))

    op.drop_table("hours_corrections")
    with op.batch_alter_table("visits", schema=None) as batch_op:
        batch_op.drop_index("ix_visits_worker")
        batch_op.drop_index("ix_visits_street")
        batch_op.drop_index(
            "ix_visits_next",
            sqlite_where=sa.text("next_visit_on IS NOT NULL"),
            postgresql_where=sa.text("next_visit_on IS NOT NULL"),
        )
        batch_op.drop_index("ix_visits_grid")
        batch_op.drop_index("uq_visits_case")
        batch_op.drop_index("ix_visits_desk_session")
        batch_op.drop_index("ix_visits_community")
        batch_op.drop_index("ix_visits_building")
        batch_op.drop_index("ix_visits_at")

    op.drop_table("visits")
    with op.batch_alter_table("signups", schema=None) as batch_op:
        batch_op.drop_index("ix_signups_queue")
        batch_op.drop_index("ix_signups_person")

    op.drop_table("signups")
    with op.batch_alter_table("redemptions", schema=None) as batch_op:
        batch_op.drop_index("ix_redemptions_reward")
        batch_op.drop_index("ix_redemptions_person")
        batch_op.drop_index(
            "ix_redemptions_due",
            sqlite_where=sa.text("state = 'requested'"),
            postgresql_where=sa.text("state = 'requested'"),
        )
        batch_op.drop_index("ix_redemptions_clerk")

    op.drop_table("redemptions")
    with op.batch_alter_table("point_spends", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_point_spends_lot_id"))

    op.drop_table("point_spends")
    with op.batch_alter_table("point_objections", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_point_objections_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index("ix_point_objections_entry")

    op.drop_table("point_objections")
    with op.batch_alter_table("desk_hosts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desk_hosts_person_id"))

    op.drop_table("desk_hosts")
    with op.batch_alter_table("attendances", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_attendances_waits_street",
            sqlite_where=sa.text("state IN ('pending', 'disputed')"),
            postgresql_where=sa.text("state IN ('pending', 'disputed')"),
        )
        batch_op.drop_index(
            "ix_attendances_waits_grid",
            sqlite_where=sa.text("state IN ('pending', 'disputed')"),
            postgresql_where=sa.text("state IN ('pending', 'disputed')"),
        )
        batch_op.drop_index(
            "ix_attendances_waits_community",
            sqlite_where=sa.text("state IN ('pending', 'disputed')"),
            postgresql_where=sa.text("state IN ('pending', 'disputed')"),
        )
        batch_op.drop_index(
            "ix_attendances_present",
            sqlite_where=sa.text("state = 'present'"),
            postgresql_where=sa.text("state = 'present'"),
        )
        batch_op.drop_index("ix_attendances_person")

    op.drop_table("attendances")
    with op.batch_alter_table("rewards", schema=None) as batch_op:
        batch_op.drop_index("ix_rewards_street")
        batch_op.drop_index("ix_rewards_community")

    op.drop_table("rewards")
    with op.batch_alter_table("point_entries", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_point_entries_source",
            sqlite_where=sa.text("kind <> 'expire' AND status <> 'rejected'"),
            postgresql_where=sa.text("kind <> 'expire' AND status <> 'rejected'"),
        )
        batch_op.drop_index(
            "ix_point_entries_waiting_street",
            sqlite_where=sa.text("status = 'proposed'"),
            postgresql_where=sa.text("status = 'proposed'"),
        )
        batch_op.drop_index(
            "ix_point_entries_waiting",
            sqlite_where=sa.text("status = 'proposed'"),
            postgresql_where=sa.text("status = 'proposed'"),
        )
        batch_op.drop_index("ix_point_entries_street")
        batch_op.drop_index("ix_point_entries_source")
        batch_op.drop_index("uq_point_entries_reverses")
        batch_op.drop_index("ix_point_entries_person")
        batch_op.drop_index(
            "ix_point_entries_lots",
            sqlite_where=sa.text("kind = 'earn' AND status = 'effective'"),
            postgresql_where=sa.text("kind = 'earn' AND status = 'effective'"),
        )
        batch_op.drop_index(
            "ix_point_entries_expiring",
            sqlite_where=sa.text("expires_on IS NOT NULL"),
            postgresql_where=sa.text("expires_on IS NOT NULL"),
        )
        batch_op.drop_index("ix_point_entries_community")
        batch_op.drop_index("ix_point_entries_caps")

    op.drop_table("point_entries")
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_sessions_account_id"))

    op.drop_table("login_sessions")
    with op.batch_alter_table("desk_sessions", schema=None) as batch_op:
        batch_op.drop_index("ix_desk_sessions_street")
        batch_op.drop_index("ix_desk_sessions_starts")
        batch_op.drop_index(batch_op.f("ix_desk_sessions_series_id"))
        batch_op.drop_index("ix_desk_sessions_grid")
        batch_op.drop_index("ix_desk_sessions_community")
        batch_op.drop_index("ix_desk_sessions_building")

    op.drop_table("desk_sessions")
    with op.batch_alter_table("contact_tries", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_tries_case")

    op.drop_table("contact_tries")
    with op.batch_alter_table("case_requests", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_case_requests_open",
            sqlite_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_case_requests_waiting",
            sqlite_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
            postgresql_where=sa.text("decided_at IS NULL AND lapsed_at IS NULL"),
        )
        batch_op.drop_index("ix_case_requests_case")

    op.drop_table("case_requests")
    with op.batch_alter_table("case_parties", schema=None) as batch_op:
        batch_op.drop_index("ix_case_parties_case")

    op.drop_table("case_parties")
    with op.batch_alter_table("case_events", schema=None) as batch_op:
        batch_op.drop_index("ix_case_events_case")

    op.drop_table("case_events")
    with op.batch_alter_table("activities", schema=None) as batch_op:
        batch_op.drop_index("ix_activities_street")
        batch_op.drop_index("ix_activities_grid")
        batch_op.drop_index("ix_activities_end")
        batch_op.drop_index("ix_activities_community")
        batch_op.drop_index(batch_op.f("ix_activities_case_id"))

    op.drop_table("activities")
    with op.batch_alter_table("stations", schema=None) as batch_op:
        batch_op.drop_index("ix_stations_grid")
        batch_op.drop_index("ix_stations_community")

    op.drop_table("stations")
    with op.batch_alter_table("service_statements", schema=None) as batch_op:
        batch_op.drop_index("ix_service_statements_person")

    op.drop_table("service_statements")
    with op.batch_alter_table("seats", schema=None) as batch_op:
        batch_op.drop_index("ix_seats_unit")
        batch_op.drop_index("ix_seats_person")

    op.drop_table("seats")
    with op.batch_alter_table("property_contracts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_property_contracts_grid_id"))
        batch_op.drop_index(batch_op.f("ix_property_contracts_company_id"))

    op.drop_table("property_contracts")
    op.drop_table("property_companies")
    op.drop_table("point_accounts")
    with op.batch_alter_table("party_reports", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_party_reports_in_force",
            sqlite_where=sa.text("state = 'reported'"),
            postgresql_where=sa.text("state = 'reported'"),
        )
        batch_op.drop_index("ix_party_reports_street")
        batch_op.drop_index("ix_party_reports_person")
        batch_op.drop_index("ix_party_reports_grid")
        batch_op.drop_index("ix_party_reports_community")

    op.drop_table("party_reports")
    with op.batch_alter_table("outbox_quarantine", schema=None) as batch_op:
        batch_op.drop_index("ix_outbox_quarantine_street")
        batch_op.drop_index(batch_op.f("ix_outbox_quarantine_person_id"))
        batch_op.drop_index("ix_outbox_quarantine_community")

    op.drop_table("outbox_quarantine")
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.drop_index("ix_feedback_street")
        batch_op.drop_index("ix_feedback_community")
        batch_op.drop_index("ix_feedback_at")

    op.drop_table("feedback")
    with op.batch_alter_table("committees", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_committees_unit_id"))

    op.drop_table("committees")
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_cases_street_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("ix_cases_street_all")
        batch_op.drop_index("ix_cases_phone")
        batch_op.drop_index(
            "ix_cases_owner_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("ix_cases_merged_into")
        batch_op.drop_index(
            "ix_cases_handler_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("ix_cases_handler_all")
        batch_op.drop_index(
            "ix_cases_grid_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("ix_cases_grid_all")
        batch_op.drop_index("ix_cases_duplicates")
        batch_op.drop_index(
            "ix_cases_due",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_cases_community_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("ix_cases_community_all")
        batch_op.drop_index(
            "ix_cases_building_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )
        batch_op.drop_index("ix_cases_building_all")

    op.drop_table("cases")
    op.drop_table("branches")
    with op.batch_alter_table("appointments", schema=None) as batch_op:
        batch_op.drop_index("ix_appointments_unit_post")
        batch_op.drop_index("ix_appointments_person")

    op.drop_table("appointments")
    op.drop_table("accounts")
    op.drop_table("workdays")
    with op.batch_alter_table("units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_units_parent_id"))

    op.drop_table("units")
    op.drop_table("term_rules")
    op.drop_table("service_items")
    with op.batch_alter_table("receipts", schema=None) as batch_op:
        batch_op.drop_index("uq_receipts_device")
        batch_op.drop_index(batch_op.f("ix_receipts_at"))

    op.drop_table("receipts")
    with op.batch_alter_table("rate_hits", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_rate_hits_window_start"))

    op.drop_table("rate_hits")
    op.drop_table("point_settings")
    with op.batch_alter_table("point_rules", schema=None) as batch_op:
        batch_op.drop_index("ix_point_rules_event")

    op.drop_table("point_rules")
    with op.batch_alter_table("photos", schema=None) as batch_op:
        batch_op.drop_index("ix_photos_owner")

    op.drop_table("photos")
    with op.batch_alter_table("persons", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_persons_name"))

    op.drop_table("persons")
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.drop_index("ix_journal_subject")

    op.drop_table("journal")
    op.drop_table("counters")
    op.drop_table("check_in_kinds")
    op.drop_table("case_categories")
    if op.get_bind().dialect.name == "postgresql":
        for name in FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
