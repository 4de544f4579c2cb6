"""What holds for every enum and every table."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from enum import StrEnum
from types import ModuleType

import pytest
import sqlalchemy as sa
from flask import Flask

import webapp
from webapp.cases.states import VerdictBy
from webapp.directory.posts import Permission
from webapp.extensions import db
from webapp.volunteering.models import ReportState, SignupState

# Never shown by a name: kept to itself, or told in whole sentences.
UNSPOKEN: set[type[StrEnum]] = {Permission, VerdictBy, ReportState, SignupState}
# Logs that never change: they take the value from a row that was checked.
COPIED = ("journal.post", "case_events.post", "case_events.level")


def modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.walk_packages(webapp.__path__, "webapp.")]
    return [importlib.import_module(name) for name in names if not name.startswith("webapp.demo")]


def enums() -> list[type[StrEnum]]:
    found = {
        value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, StrEnum) and value.__module__ == module.__name__
    }
    return sorted(found, key=lambda enum: f"{enum.__module__}.{enum.__name__}")


def tables_of_names() -> list[Mapping[object, object]]:
    return [
        value
        for module in modules()
        for name, value in vars(module).items()
        if isinstance(value, dict) and name.isupper() and value
    ]


def is_chinese(text: object) -> bool:
    return isinstance(text, str) and any("一" <= char <= "鿿" for char in text)


def test_every_state_and_kind_has_a_chinese_name(lite_app: Flask) -> None:
    tables, problems = tables_of_names(), []
    for enum in enums():
        if enum in UNSPOKEN:
            continue
        named = [
            table
            for table in tables
            if all(isinstance(key, enum) for key in table)
            and any(is_chinese(value) for value in table.values())
        ]
        missing = [
            str(member) for member in enum if not any(is_chinese(table.get(member)) for table in named)
        ]
        if missing:
            problems.append(f"{enum.__module__}.{enum.__name__}: {', '.join(missing)}")
    assert not problems, "without a Chinese name:\n" + "\n".join(problems)


def test_states_are_checked_by_the_database_too(lite_app: Flask) -> None:
    unchecked = [
        f"{table.name}.{name}"
        for table in db.metadata.sorted_tables
        for name in ("status", "state", "level", "post", "kind")
        if name in table.columns
        and f"{table.name}.{name}" not in COPIED
        and f"{name} IN" not in checks_of(table)
    ]
    assert not unchecked, "no check constraint on " + ", ".join(unchecked)


def checks_of(table: sa.Table) -> str:
    return " ".join(
        str(check.sqltext) for check in table.constraints if isinstance(check, sa.CheckConstraint)
    )


@pytest.mark.parametrize("name", ["phone", "id_number", "door"])
def test_private_columns_are_encrypted(lite_app: Flask, name: str) -> None:
    from webapp.foundation.private import EncryptedText

    plain = [
        f"{table.name}.{column.name}"
        for table in db.metadata.sorted_tables
        for column in table.columns
        if column.name in (name, f"reporter_{name}", f"resident_{name}")
        and not isinstance(column.type, EncryptedText)
    ]
    # A station's phone is an office's, and public.
    assert [found for found in plain if found != "stations.phone"] == []
