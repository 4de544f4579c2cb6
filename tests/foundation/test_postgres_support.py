from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.support import postgres
from tests.support.tools import demand

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def _server_programs() -> None:
    demand(postgres.postgres_missing())


def test_a_cluster_serves_and_leaves_nothing_behind() -> None:
    with postgres.postgres_cluster() as url:
        folder = Path(str(sa.make_url(url).query["host"]))
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("select '网格' || '员'")) == "网格员"
            assert connection.scalar(sa.text("show server_encoding")) == "UTF8"
            assert connection.scalar(sa.text("show timezone")) == "UTC"
        engine.dispose()
    assert not folder.exists()


def test_two_clusters_know_nothing_of_each_other() -> None:
    with postgres.postgres_cluster() as one, postgres.postgres_cluster() as other:
        assert one != other
        for url in (one, other):
            engine = sa.create_engine(url)
            with engine.begin() as connection:
                connection.execute(sa.text("create table mine (id int)"))
            engine.dispose()


def test_the_server_ends_with_a_process_that_was_killed() -> None:
    script = (
        "import time; from tests.support.postgres import postgres_cluster\n"
        "with postgres_cluster() as url: print(url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        folder = Path(str(sa.make_url(owner.stdout.readline().strip()).query["host"]))
        server = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        owner.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _runs(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(server)
    shutil.rmtree(folder)


def test_where_the_programs_are_missing_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(postgres, "VERSIONS", tmp_path)
    assert "apt-get install postgresql" in str(postgres.postgres_missing())
    with pytest.raises(RuntimeError, match="apt-get install postgresql"), postgres.postgres_cluster():
        pass


def _runs(process: int) -> bool:
    """Whether the process lives; one that ended but was not collected yet does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
