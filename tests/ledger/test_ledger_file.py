"""The file of the ledger: reached by other names, taken away, replaced, written by others, and large."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from preflight.errors import AlreadySubmitted, ConfigurationError, LedgerUnusable
from preflight.ledger import Balance, Budget, EntryState, Ledger
from preflight.submit.recheck import load_saved
from tests.ledger.test_ledger_invariants import API, Clock, brought_to, order
from tests.support.command import KEY, command, environment, here
from tests.support.service import service


def test_a_ledger_behind_a_link_is_the_same_ledger(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to("../ledger.db")
    with (
        Ledger(tmp_path / "ledger.db") as direct,
        Ledger(link) as linked,
        direct.begin(order(), api=API) as claim,
    ):
        claim.about_to_send(1)
        linked.mark_abandoned()
        assert linked.entry(claim.entry_id).state is EntryState.SENT
        with pytest.raises(AlreadySubmitted, match="another process"):
            linked.begin(order(), api=API, again=True)


def test_no_name_of_a_ledger_means_a_ledger_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Ledger(Path(":memory:")) as ledger:
        brought_to(ledger, EntryState.ACCEPTED)
    with Ledger(Path(":memory:")) as again:
        assert len(again.entries()) == 1


PLACES = {
    "a name that no file can have": ("a" * 300, "File name too long"),
    "a name with a NUL": ("a\0b", "embedded null"),
    "a file for a folder": ("file/ledger.db", "File exists"),
    "a pipe": ("pipe", "it is not a file"),
    "a device": ("/dev/zero", "it is not a file"),
    "a folder": (".", "it is not a file"),
    "a circle of links": ("circle", "Too many levels of symbolic links"),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_place_where_no_ledger_can_be_is_a_clear_error(case: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    name, words = PLACES[case]
    with pytest.raises(LedgerUnusable, match=words):
        Ledger(tmp_path / name)


def removed(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    shutil.copy(path, path.with_name("copy.db"))
    path.with_name("copy.db").replace(path)


@pytest.mark.parametrize("taken_away", [removed, replaced], ids=["removed", "replaced"])
def test_a_ledger_that_is_taken_away_while_open_lets_nothing_through(taken_away: object, tmp_path: Path) -> None:
    assert callable(taken_away)
    with Ledger(tmp_path / "ledger.db") as ledger:
        brought_to(ledger, EntryState.COMPLETED)
        taken_away(ledger.path)
        with pytest.raises(LedgerUnusable, match="while it was open"):
            ledger.begin(order("b"), api=API)


WRITTEN_BY_OTHERS = {
    "quote": "no json",
    "job": "[" * 100_000,
    "high": "many",
    "created_at": "yesterday",
    "clocks": "1" * 5000,
}


@pytest.mark.parametrize("column", WRITTEN_BY_OTHERS)
def test_a_row_that_no_preflight_wrote_is_a_clear_error(column: str, tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        brought_to(ledger, EntryState.ACCEPTED)
        with ledger.changing() as connection:
            connection.execute(f"UPDATE entry SET {column} = ?", (WRITTEN_BY_OTHERS[column],))
        with pytest.raises(LedgerUnusable, match="entry 1 of the ledger cannot be read"):
            ledger.entries()
    ran = here("ledger", "list", "--ledger", tmp_path / "ledger.db")
    assert (ran.code, "entry 1" in ran.err) == (2, True)


def test_a_ledger_of_before_the_indexes_gets_them(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    Ledger(path).close()
    connection = sqlite3.connect(path)
    connection.executescript("DROP INDEX entry_job; DROP INDEX entry_sent;")
    connection.close()
    with Ledger(path) as ledger, ledger.reading() as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    assert {"entry_job", "entry_sent"} <= names


def test_what_a_submission_asks_of_the_ledger_reads_few_entries_of_many(tmp_path: Path) -> None:
    clock = Clock()
    with Ledger(tmp_path / "ledger.db", now=clock) as ledger:
        for number in range(300):
            brought_to(ledger, EntryState.ACCEPTED, f"old-{number}")
        clock.now += timedelta(days=2)
        steps: list[int] = []
        with ledger.reading() as connection:
            connection.set_progress_handler(lambda: steps.append(1), 100)
        with ledger.begin(order(), api=API, budget=Budget(per_day=Decimal(360))) as claim:
            claim.record_balance("before", Balance(at=clock(), balance=Decimal(1000)))
            claim.about_to_send(1)
            claim.accepted("task-of-it")
            claim.record_balance("after", Balance(at=clock(), balance=Decimal(640)))
        assert ledger.entry(claim.entry_id).charged == 360
        assert not ledger.ran_alone(ledger.entry(claim.entry_id))
    # Hundreds of SQLite's operations each, where a look at every entry would take thousands.
    assert len(steps) < 40


def test_a_job_file_whose_name_is_no_text_is_written_down(tmp_path: Path) -> None:
    with service(tmp_path) as sandbox:
        name = os.fsencode(tmp_path) + b"/job-\xff.yaml"
        Path(os.fsdecode(name)).write_bytes(sandbox.job().read_bytes())
        env = {"PREFLIGHT_API_KEY": KEY}
        given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
        done = subprocess.run(
            [*command("submit"), name, *command("--yes", *given)[3:]],
            env=environment(env),
            capture_output=True,
            check=False,
        )
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
        assert "job-" in json.dumps(here("ledger", "list", "--format", "json", *sandbox.ledger_options).json)


def test_ten_processes_with_ten_jobs_keep_one_budget(tmp_path: Path) -> None:
    with service(tmp_path) as sandbox:
        given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options, "--budget-per-day", "1000"]
        paths = [sandbox.job(prompt=f"job {number}").rename(tmp_path / f"job-{number}.yaml") for number in range(10)]
        processes = [
            subprocess.Popen(
                command("submit", path, "--yes", *given),
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for path in paths
        ]
        codes = sorted(process.wait(120) for process in processes)
        assert codes == [0, 0] + [5] * 8
        assert sandbox.state["jobs_billed"] == 2


AMOUNTS = {
    "tiny": "1e-999999999",
    "huge": "1e999999999",
    "long": f"0.{'0' * 100_000}1",
    "negative": "-5",
    "a-number": 360.0,
    "none": None,
    "not-a-number": "NaN",
}


@pytest.mark.parametrize("case", AMOUNTS)
def test_an_amount_in_a_saved_report_is_one_or_the_report_is_none(case: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    job = {"identity": "a", "verdict": "pass", "subjects": [], "quote": {"high": AMOUNTS[case]}}
    report.write_text(json.dumps({"schema": "preflight.report/v1", "jobs": [job]}))
    with pytest.raises(ConfigurationError, match="is not a report"):
        load_saved(report, "a")
