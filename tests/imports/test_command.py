"""The same steps from the command line."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from tests.imports.files import to_csv, to_xlsx
from tests.imports.test_people import everything, rows
from tests.imports.test_units import TREE
from tests.support.world import World
from webapp.extensions import db
from webapp.foundation.journal import JournalEntry


def test_a_dry_run_and_then_the_import(lite_app: Flask, world: World, tmp_path: Path) -> None:
    file = tmp_path / "名册.xlsx"
    file.write_bytes(to_xlsx(rows(world)))
    options = ["import", str(file), "--kind", "people", "--source", "旧平台", "--as", "district_admin"]
    run = lite_app.test_cli_runner().invoke
    before = everything()["persons"]
    tried = run(args=[*options, "--dry-run"])
    assert tried.exit_code == 0, tried.output
    assert "新增 3，更新 1，已有 0，有问题 0" in tried.output
    db.session.remove()
    assert everything()["persons"] == before
    assert everything()["import_uploads"] == 0
    done = run(args=options)
    assert (done.exit_code, "已导入。" in done.output) == (0, True), done.output
    db.session.remove()
    assert everything()["persons"] == before + 3
    entry = db.session.scalars(sa.select(JournalEntry).where(JournalEntry.action == "import:bring_in")).one()
    assert entry.person_id == world.people["district_admin"]


def test_what_goes_wrong_is_said(lite_app: Flask, world: World, tmp_path: Path) -> None:
    file = tmp_path / "名册.csv"
    file.write_bytes(to_csv([*rows(world), ("", "示范", "1", "", "", "")]))
    options = ["import", str(file), "--kind", "people", "--source", "旧平台"]
    run = lite_app.test_cli_runner().invoke
    for who in ("nobody", "grid_worker"):
        assert "没有叫" in run(args=[*options, "--as", who]).output
    failed = run(args=[*options, "--as", "district_admin"])
    assert failed.exit_code == 1
    assert "第 6 行 手机号" in failed.output
    db.session.remove()
    assert everything()["import_uploads"] == 0
    assert run(args=[*options, "--as", "district_admin", "--leave-out-wrong"]).exit_code == 0


def test_units_come_in_by_command_and_all_is_well_afterwards(
    lite_app: Flask, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "单位.csv"
    file.write_bytes(to_csv(TREE))
    options = ["import", str(file), "--kind", "units", "--source", "旧平台"]
    run = lite_app.test_cli_runner().invoke
    assert "没有叫" in run(args=[*options, "--as", "community_staff"]).output
    for told in ("新增 8，更新 0，已有 0，有问题 0", "新增 0，更新 0，已有 8，有问题 0"):
        done = run(args=[*options, "--as", "district_admin"])
        assert (done.exit_code, told in done.output) == (0, True), done.output
        db.session.remove()
    proved = run(args=["verify"])
    assert proved.exit_code == 0, proved.output
