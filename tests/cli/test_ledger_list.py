"""``preflight ledger list``: its sums, its groups, its table for a spreadsheet, and ids that stay whole."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from preflight.ledger import Balance, Budget, EntryState, Ledger
from tests.ledger.test_ledger_invariants import API, Clock, order
from tests.support.command import Ran, here

TASK = "8b6a5162-5c91-4a42-8e80-4c8ef5486f24"
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """Two entries of a run nine days ago, one of which was charged 300; one of today in doubt, one refused."""
    clock = Clock()
    clock.now = TODAY - timedelta(days=9)
    with Ledger(tmp_path / "ledger.db", now=clock) as made:
        for name, charged in (("a", Decimal(300)), ("b", None)):
            with made.begin(order(name), api=API, budget=Budget(per_run=Decimal(1000), run="run-1")) as claim:
                if charged:
                    claim.record_balance("before", Balance(at=clock(), balance=Decimal(1000)))
                claim.about_to_send(1)
                claim.accepted(f"{TASK}-{name}")
                if charged:
                    claim.record_balance("after", Balance(at=clock(), balance=Decimal(1000) - charged))
            clock.now += timedelta(minutes=1)
        clock.now = TODAY
        for name, state in (("c", EntryState.UNKNOWN), ("d", EntryState.REFUSED)):
            with made.begin(order(name), api=API) as claim:
                claim.about_to_send(1)
                made.move(claim.entry_id, state, "=1+1")
    return tmp_path / "ledger.db"


def listed(ledger: Path, *arguments: str) -> Ran:
    ran = here("ledger", "list", "--ledger", ledger, *arguments)
    assert ran.code == 0, ran.err
    return ran


def test_the_sum_is_over_all_that_match_not_over_the_ones_shown(ledger: Path) -> None:
    sums = listed(ledger, "--format", "json", "--limit", "1").json["sums"]
    assert sums == {"entries": 4, "credits": "1020", "charged": "300", "unknown": 1, "by": None, "groups": []}
    assert "4 entries (1 shown): 1020 credits spent or reserved, 300 of them" in listed(ledger, "--limit", "1").out


def test_entries_since_a_day_or_for_some_time_back(ledger: Path) -> None:
    for since, expected in (("8d", 2), ("10d", 4), (f"{TODAY:%Y-%m-%d}", 2), (f"{TODAY - timedelta(9):%Y-%m-%d}", 4)):
        said = listed(ledger, "--since", since, "--format", "json").json
        assert (len(said["entries"]), said["sums"]["entries"]) == (expected, expected), since


@pytest.mark.parametrize("when", ["yesterday", "2999-01-01", "999999d", "7", "", "0001-01-01T00:00+14:00"])
def test_a_time_that_is_none_is_a_usage_error(when: str, ledger: Path) -> None:
    ran = here("ledger", "list", "--ledger", ledger, "--since", when)
    assert (ran.code, "--since" in ran.err) == (2, True)


@pytest.mark.parametrize("by", ["state", "day", "month", "model", "service", "run", "job"])
def test_groups_add_up_to_the_whole(by: str, ledger: Path) -> None:
    sums = listed(ledger, "--by", by, "--format", "json").json["sums"]
    assert sum(Decimal(group["credits"]) for group in sums["groups"]) == Decimal(sums["credits"]) == 1020
    assert sum(group["entries"] for group in sums["groups"]) == 4


def test_runs_are_told_apart(ledger: Path) -> None:
    groups = listed(ledger, "--by", "run", "--format", "json").json["sums"]["groups"]
    runs = {each["name"]: each for each in groups}
    assert (runs["run-1"]["credits"], runs[""]["credits"], runs["run-1"]["charged"]) == ("660", "360", "300")
    assert "(none)" in listed(ledger, "--by", "run").out


def test_a_run_is_named_by_its_manifest(tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    with Ledger(place) as made:
        for name, run, path in (
            ("a", "0f1e2d", "batch.csv"),
            ("b", "0f1e2d", "batch.csv"),
            ("c", "aa11bb", "old/batch.csv"),
            ("d", "aa11bb", "new/batch.csv"),
            ("e", None, "job.yaml"),
        ):
            request = replace(order(name), path=path)
            with made.begin(request, api=API, budget=Budget(per_run=Decimal(1000), run=run)) as claim:
                claim.about_to_send(1)
                claim.accepted(f"{TASK}-{name}")
    lines = {line.split()[0]: line for line in listed(place, "--by", "run").out.splitlines() if line}
    assert lines["run"].endswith("  manifest")
    assert lines["0f1e2d"].endswith("  batch.csv")
    assert lines["aa11bb"].endswith("  –"), "it was moved in between"
    assert lines["(none)"].endswith("  –"), "jobs by themselves have no manifest"
    groups = listed(place, "--by", "run", "--format", "json").json["sums"]["groups"]
    assert {each["name"]: each["path"] for each in groups} == {"0f1e2d": "batch.csv", "aa11bb": None, "": None}
    rows = csv.DictReader(io.StringIO(listed(place, "--by", "run", "--format", "csv").out))
    assert {row["run"]: row["path"] for row in rows} == {"0f1e2d": "batch.csv", "aa11bb": "", "": ""}
    by_state = listed(place, "--by", "state", "--format", "json").json["sums"]["groups"]
    assert all("path" not in each for each in by_state)
    assert "manifest" not in listed(place, "--by", "state").out


def test_a_table_for_a_spreadsheet_has_an_entry_a_row_or_a_group_a_row(ledger: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(listed(ledger, "--format", "csv").out)))
    assert [row["entry"] for row in rows] == ["4", "3", "2", "1"]
    assert (rows[3]["charged"], rows[3]["task"], rows[3]["run"]) == ("300", f"{TASK}-a", "run-1")
    assert not rows[0]["reason"].startswith("="), "a spreadsheet would calculate it"
    groups = list(csv.DictReader(io.StringIO(listed(ledger, "--format", "csv", "--by", "state").out)))
    assert {row["state"]: row["credits"] for row in groups} == {"accepted": "660", "refused": "0", "unknown": "360"}


def test_ids_are_whole_where_the_list_is_piped(ledger: Path) -> None:
    said = listed(ledger).out
    assert all(f"{TASK}-{name}" in said for name in "ab")
    assert "…" not in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["list"], 0, "no submissions yet"),
        (["calibrate"], 3, "no charges recorded yet"),
        (["show", "3"], 2, "there is no ledger at"),
        (["resolve", "3", "--not-charged"], 2, "there is no ledger at"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_that_reads_makes_no_ledger(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    ran = here("ledger", *arguments, "--ledger", tmp_path / "new" / "ledger.db")
    assert (ran.code, said in ran.out + ran.err) == (code, True), ran.err
    assert not (tmp_path / "new").exists()
