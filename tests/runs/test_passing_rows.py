"""The price of the rows that pass: nobody pays for the others, so that the budget of a run is about these."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.runs.running import run
from tests.support.command import CLIP, FIXTURES, PICTURE, here

HEAD = "image,video,mode\n"
PASSES, FAILS, UNDECIDED = (f"{PICTURE},{CLIP},720p\n", f"lost.png,{CLIP},1080p\n",
                            f"http://192.0.2.1:9/x.png,{CLIP},720p\n")  # fmt: skip
UNPRICED = f"{PICTURE},https://media.example/x.mp4,720p\n"


def summary(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text())


@pytest.mark.parametrize("parts", [1, 2, 20], ids=lambda rows: f"{rows} rows a part")
def test_the_budget_that_is_proposed_is_for_the_rows_that_pass(parts: int, tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    table.write_text(HEAD + PASSES + FAILS + PASSES)
    ran = run(table, folder, parts_of=parts)
    assert "Price: 1,200 credits ($6.00), 720 of them for the 2 rows that pass\n" in ran.out, ran.out
    assert f"preflight submit {folder} --budget 720\n" in ran.out
    assert summary(folder)["passing"] == {"credits": 720, "low": "720", "high": "720", "usd": "3.60", "rows": 2}
    assert summary(folder)["quote"]["credits"] == 1200


def test_a_row_that_could_not_be_examined_is_not_paid_for_either(tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    table.write_text(HEAD + PASSES + UNDECIDED)
    ran = run(table, folder, "--allow-host", "192.0.2.1:9", "--timeout", "0.2")
    assert "1 pass, 0 fail, 1 indeterminate" in ran.out
    assert "Price: 720 credits ($3.60), 360 of them for the row that passes\n" in ran.out
    assert f"preflight submit {folder} --budget 360\n" in ran.out


def test_nothing_is_proposed_where_no_row_passes(tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    table.write_text(HEAD + FAILS)
    ran = run(table, folder)
    assert "Price: 480 credits ($2.40), none of them for a row that passes\n" in ran.out, ran.out
    assert "preflight submit" not in ran.out
    assert summary(folder)["passing"] is None


@pytest.mark.parametrize(
    ("rows", "price"),
    [
        (UNPRICED * 2, "no row has one"),
        (PASSES + UNPRICED, "360 credits ($1.80); 1 of 2 rows has no price"),
        (
            PASSES + FAILS + UNPRICED * 2,
            "840 credits ($4.20), 360 of them for 1 row that passes and has a price; 2 of 4 rows have no price",
        ),
        (
            PASSES * 2 + FAILS + UNPRICED,
            "1,200 credits ($6.00), 720 of them for 2 rows that pass and have a price; 1 of 4 rows has no price",
        ),
        (
            FAILS + UNPRICED,
            "480 credits ($2.40), none of them for the row that passes; 1 of 2 rows has no price",
        ),
    ],
    ids=["no-price", "one-without", "one-passes", "two-pass", "none-of-them"],
)
def test_rows_that_pass_without_a_price_are_not_said_to_be_paid_for(rows: str, price: str, tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    table.write_text(HEAD + rows)
    ran = run(table, folder, "--offline")
    assert summary(folder)["verdicts"]["indeterminate"] == 0
    assert f"Price: {price}\n" in ran.out, ran.out


def test_a_range_of_the_price_is_not_taken_for_the_rows_that_pass(tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    capped = f"{PICTURE},{FIXTURES / 'clips' / '20-seconds.mp4'},720p,image\n"
    table.write_text(f"{HEAD[:-1]},character_orientation\n{capped}" + FAILS.replace("\n", ",video\n"))
    assert (
        "Price: 780 credits (780 to 1,080; $3.90), 300 (300 to 600) of them for the row that passes\n"
        in run(table, folder).out
    )


def test_nothing_is_added_where_all_rows_pass(tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    table.write_text(HEAD + PASSES + PASSES)
    assert "Price: 720 credits ($3.60)\n" in run(table, folder).out


def test_counts_by_an_earlier_version_are_made_again_from_the_rows(tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    table.write_text(HEAD + PASSES + FAILS)
    first = run(table, folder)
    assert first.code == 1
    whole = summary(folder)["passing"]
    (folder / "summary.json").unlink()
    counts = folder / "counts" / "part-00000.json"
    made_earlier = {
        key: value for key, value in json.loads(counts.read_text()).items() if not key.startswith(("passing", "hidden"))
    }
    counts.write_text(json.dumps(made_earlier))
    assert run(table, folder).code == 1
    assert summary(folder)["passing"] == whole


def test_rows_that_passed_without_a_price_are_not_submitted_and_why_is_said(tmp_path: Path) -> None:
    table, folder = tmp_path / "jobs.csv", tmp_path / "run"
    table.write_text(HEAD + "https://example.com/x.png,https://example.com/x.mp4,720p\n")
    assert run(table, folder, "--offline").code == 0
    ran = here("submit", folder, "--budget", "720", "--dry-run", "--ledger", tmp_path / "ledger.db")
    assert ran.code == 2
    assert "row 1 has no price: its clip was not opened; check the manifest with the network" in ran.err
