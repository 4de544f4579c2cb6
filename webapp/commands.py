"""The command line: ``flask --app webapp init | demo | welcome | import | sweep | verify``."""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask_migrate import Migrate, upgrade

from webapp import config
from webapp.accounts import service as accounts
from webapp.accounts.models import Account
from webapp.directory.posts import POST_NAMES, Post
from webapp.extensions import db
from webapp.foundation import clock, start
from webapp.imports.models import ImportKind


def register(app: Flask) -> None:
    """Hang the commands on ``app``."""
    Migrate(app, db, directory=str(config.ROOT / "migrations"))
    for command in (init, demo, welcome, import_file, sweep, verify):
        app.cli.add_command(command)


def _settings() -> config.Settings:
    settings: config.Settings = current_app.config["SETTINGS"]
    return settings


def _upgrade() -> None:
    """Bring the tables up to date, and have the database remember its keys."""
    upgrade()
    start.check(_settings())


@click.command()
def init() -> None:
    """Set up an empty database for real use: tables, divisions, defaults, one administrator."""
    from webapp.directory import seeds

    _upgrade()
    if db.session.scalar(sa.select(sa.func.count(Account.id)).where(Account.is_demo)):
        raise click.ClickException(
            "This database was made by `flask demo`. Give real use a database of its own."
        )
    if db.session.scalar(sa.select(sa.func.count(Account.id))):
        click.echo("The database is up to date; it has its administrator already.")
        return
    seed_defaults()
    person_id = seeds.found_district()
    password = secrets.token_urlsafe(12)
    accounts.create_account(person_id, "admin", password)
    click.echo(
        f"User name: admin\nPassword:  {password}\nShown only now. It must be changed at the first login."
    )


@click.command()
@click.option("--small", is_flag=True, help="One street, for tests and a first look: half a minute.")
@click.option("--if-empty", is_flag=True, help="Do nothing where there is a database already.")
def demo(small: bool, if_empty: bool) -> None:
    """Build the demo district with a year of invented history. Refuses a database that holds anything."""
    fresh = not sa.inspect(db.engine).get_table_names()
    _upgrade()
    if not fresh and db.session.scalar(sa.select(sa.func.count(Account.id))):
        if if_empty:
            return
        raise click.ClickException("This database is not empty. Remove it, or give another DATABASE_URL.")
    from webapp.demo import build

    seed_defaults()
    build.district(small=small, password=_settings().demo_password, say=click.echo)


def seed_defaults() -> None:
    """Write the defaults of every room that has some: calendar, categories, items, rules. Changes nothing that is there."""
    from webapp.cases.seeds import seed_defaults as cases
    from webapp.foundation.calendar import seed_workdays
    from webapp.points.seeds import seed_defaults as points
    from webapp.visits.service import seed_defaults as visits
    from webapp.volunteering.reports.service import seed_defaults as volunteering

    for seed in (seed_workdays, cases, visits, volunteering, points):
        seed()


@click.command()
def welcome() -> None:
    """Say where the app is, with a QR code for the phone, and who can log in to the demo."""
    from webapp.demo.examples import links
    from webapp.foundation.qr import qr_terminal

    settings = _settings()
    host = _reachable_address() if settings.host == "0.0.0.0" else settings.host  # noqa: S104 - compared, not bound
    url = settings.public_url or f"http://{host}:{settings.port}"
    click.echo(f"\n流动办公桌 · Mobile Desk\n\n  {url}\n")
    click.echo(qr_terminal(url))
    if settings.host == "127.0.0.1" and not settings.public_url:
        click.echo("To open it from a phone in the same network: HOST=0.0.0.0 make run\n")
    names = db.session.scalars(sa.select(Account.username).where(Account.is_demo)).all()
    if names:
        click.echo(f"Demo accounts, password {settings.demo_password}:")
        for post in Post:
            if post in names:
                click.echo(f"  {post.value:<22}{POST_NAMES[post]}")
        click.echo("\nWithout a login:")
        for path, words in links():
            click.echo(f"  {url}{path}  {words}")
        click.echo("")


def _reachable_address() -> str:
    """This machine's address in its network; no packet is sent (a datagram socket only picks its route)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        address: str = probe.getsockname()[0]
        return address


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--kind", type=click.Choice([kind.value for kind in ImportKind]), required=True, help="What the rows are."
)
@click.option("--source", required=True, help="What the system is called that they come from.")
@click.option(
    "--as", "username", default="admin", show_default=True, help="Whose import it is, by user name."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, write nothing.")
@click.option("--leave-out-wrong", is_flag=True, help="Leave out rows that are wrong instead of stopping.")
def import_file(
    file: Path, kind: str, source: str, username: str, dry_run: bool, leave_out_wrong: bool
) -> None:
    """Bring in an .xlsx, .xls or .csv file; the columns are known by their names."""
    from webapp.imports.command import run

    failed = run(
        file,
        kind=kind,
        source=source,
        username=username,
        dry_run=dry_run,
        leave_out_wrong=leave_out_wrong,
        say=click.echo,
    )
    if failed:
        raise click.exceptions.Exit(1)


@click.command()
def sweep() -> None:
    """Do what time brings; run it hourly.

    Overdue cases step up, forgotten check-outs are closed, codes and points expire, what was let go is erased.
    """
    from webapp.cases.service.sweep import sweep as cases
    from webapp.foundation.limits import purge
    from webapp.foundation.photos import purge as photos
    from webapp.foundation.photos import purge_orphans
    from webapp.imports.service import sweep as uploads
    from webapp.offline.service import move_marks
    from webapp.points.redemptions.service import expire_due
    from webapp.volunteering.attendance.service import close_forgotten

    results = {
        "cases": cases(),
        "attendances_closed": close_forgotten(),
        "points": expire_due(clock.now()),
        "rate_windows_purged": purge(),
        "uploads_purged": uploads(),
        "photos_purged": photos() + purge_orphans(),
        "phones_moved_on": move_marks(),
    }
    click.echo(json.dumps(results, default=str, ensure_ascii=False))


@click.command()
def verify() -> None:
    """Prove the books: the journal's chain, the points ledger, the stock. Exits with 1 where something is off."""
    from webapp.foundation.journal import broken_links
    from webapp.points.checks import verify as points

    findings = [f"journal entry {entry} does not follow from the one before" for entry in broken_links()]
    findings += [str(finding) for finding in points()]
    for finding in findings:
        click.echo(finding)
    if findings:
        raise click.exceptions.Exit(1)
    click.echo("The books are in order.")
