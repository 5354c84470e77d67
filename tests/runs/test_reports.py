"""``preflight report``: run folders and saved reports, looked at again; and hostile ones."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, here

ROWS = [("a1", "Anna", "720p", CLIP), ("a2", "Anna", "1080p", CLIP), ("b1", "=Bob\x1b[31m", "720p", "missing.mp4")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report as JSON and as JSON Lines, and two runs with the same jobs in parts."""
    folder = tmp_path_factory.mktemp("reports")
    table = folder / "shots.jsonl"
    table.write_text(
        "".join(
            json.dumps({"id": name, "character": who, "mode": mode, "image": PICTURE, "video": video}) + "\n"
            for name, who, mode, video in ROWS
        )
    )
    here("check", table, "--format", f"json:{folder / 'r.json'}", "--format", f"jsonl:{folder / 'r.jsonl'}", "-qq")
    lines = (folder / "r.jsonl").read_text().splitlines()
    jobs = [{"schema": "preflight.job/v1", "row": row, **json.loads(line)} for row, line in enumerate(lines)]
    for results in ("jsonl", "parquet"):
        run = folder / f"run-{results}"
        run.mkdir()
        (run / "run.json").write_text(json.dumps({"schema": "preflight.run/v1", "parts": 2, "rows_a_part": 2}))
        for number, part in enumerate((jobs[:2], jobs[2:])):
            texts = [json.dumps(job) for job in part]
            if results == "jsonl":
                (run / f"part-{number:05}.jsonl").write_text("".join(f"{text}\n" for text in texts))
            else:
                pq.write_table(pa.table({"row": [1] * len(texts), "job": texts}), run / f"part-{number:05}.parquet")
    return folder


def report(saved: Path, name: str, *options: str) -> Ran:
    return here("report", saved / name, *options)


@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "run-jsonl", "run-parquet"])
def test_the_sums_are_the_same_however_the_jobs_were_saved(name: str, saved: Path) -> None:
    found = report(saved, name, "--format", "json", "--by", "character").json
    assert found["verdict"] == "fail"
    assert found["summary"]["verdicts"] == {"pass": 2, "fail": 1, "indeterminate": 0}
    assert found["summary"]["quote"]["credits"] == 12 * 30 + 12 * 40
    assert found["summary"]["credits_in_mode"] == {"720p": "720", "1080p": "960"}
    assert (found["summary"]["priced"], found["summary"]["unpriced"]) == (2, 1)
    assert [(group["name"], group["jobs"]) for group in found["groups"]] == [("Anna", 2), ("=Bob\\x1b[31m", 1)]
    assert [job["meta"]["character"] for job in found["jobs"]] == [who for _, who, _, _ in ROWS]


def test_groups_become_a_table_that_no_spreadsheet_runs(saved: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(report(saved, "r.json", "--by", "character", "--format", "csv").out)))
    assert [row["character"] for row in rows] == ["Anna", "'=Bob\\x1b[31m"]
    assert [(row["credits"], row["720p"], row["1080p"], row["unpriced"]) for row in rows] == [
        ("840", "720", "960", "0"),
        ("", "", "", "1"),
    ]


def test_jobs_are_filtered_and_sorted(saved: Path) -> None:
    def names(*options: str) -> list[str]:
        return [
            json.loads(line)["id"] for line in report(saved, "r.json", "--format", "jsonl", *options).out.splitlines()
        ]

    assert names() == ["a1", "a2", "b1"]
    assert names("--only", "fail") == ["b1"]
    assert names("--sort", "credits") == ["a2", "a1", "b1"]
    assert names("--sort", "verdict") == ["b1", "a1", "a2"]
    assert names("--sort", "seconds", "--only", "pass") == ["a1", "a2"]


@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "concise", "sarif", "junit", "github"])
def test_every_format_of_a_check_is_one_of_a_report(format_: str, saved: Path) -> None:
    ran = report(saved, "run-jsonl", "--format", format_, "--statistics", "--by", "character")
    assert ran.code == 0
    assert "url-not-public" in ran.out or format_ == "csv"
    assert "\x1b" not in ran.out


def test_text_shows_what_failed_and_what_the_other_mode_costs(saved: Path) -> None:
    out = report(saved, "r.json").out
    assert out.startswith("2 pass  1 fail\n  2 priced: 840 credits ($4.20)\n")
    assert "  all in one mode: 720p 720 · 1080p 960 credits\n" in out
    assert "  1 without a price: not free, but not known\n" in out
    assert out.splitlines()[-1].startswith("fail  ")


LONG = str(FIXTURES / "clips" / "30.1-seconds.mp4")


@pytest.fixture(scope="module")
def passed_by_baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run and reports of two jobs: one passes by a baseline, one has a new mistake besides."""
    folder = tmp_path_factory.mktemp("hidden")
    table, old = folder / "jobs.csv", folder / "old.json"
    table.write_text(f"image,video\n{PICTURE},{LONG}\n")
    here("check", table, "--write-baseline", old, "-qq")
    table.write_text(f"image,video\n{PICTURE},{LONG}\nlost.png,{LONG}\n")
    written = [f"--format={name}:{folder / f'r.{name}'}" for name in ("json", "jsonl", "html")]
    assert here("check", table, "--baseline", old, *written, "-qq").code == 1
    for results in ("jsonl", "parquet"):
        to = ("--to", folder / results, "--results", results, "--workers", "1")
        assert here("check", table, "--baseline", old, *to, "-qq").code == 1
    return folder


@pytest.mark.parametrize("sort", [(), ("--sort", "verdict")], ids=["as-read", "sorted"])
@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "jsonl", "parquet"])
def test_a_report_says_what_is_hidden_as_the_check_did(
    name: str, sort: tuple[str, ...], passed_by_baseline: Path, tmp_path: Path
) -> None:
    hidden = json.loads((passed_by_baseline / "r.json").read_text())["hidden"]
    assert hidden["baseline"] >= 2
    said = f"{hidden['baseline']} findings hidden by the baseline"
    found = report(passed_by_baseline, name, *sort, "--format", "json").json
    assert found["hidden"] == hidden
    assert sum(job.get("hidden", {}).get("baseline", 0) for job in found["jobs"]) == hidden["baseline"]
    assert f"{said}\n" in report(passed_by_baseline, name, *sort).out
    assert said in report(passed_by_baseline, name, *sort, "--format", "markdown").out
    page = tmp_path / "page.html"
    assert report(passed_by_baseline, name, *sort, "--format", f"html:{page}").code == 0
    tile = f'<dt>hidden findings</dt><dd><data class="figure" value="{hidden["baseline"]}"'
    for path in (page, passed_by_baseline / "r.html"):
        assert path.read_text("utf-8").count(tile) == 1
    passing = report(passed_by_baseline, name, "--only", "pass", "--format", "json").json
    assert passing["hidden"] == found["jobs"][1 if sort else 0]["hidden"]


def test_nothing_is_said_of_hidden_findings_where_there_are_none(saved: Path, tmp_path: Path) -> None:
    assert "hidden" not in report(saved, "r.json").out
    assert "hidden" not in report(saved, "r.json", "--format", "json").json
    assert report(saved, "r.json", "--format", f"html:{tmp_path / 'page.html'}").code == 0
    assert "hidden findings" not in (tmp_path / "page.html").read_text("utf-8")


def test_a_run_that_is_not_complete_is_said_to_be(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text((saved / "run-jsonl" / "run.json").read_text())
    (tmp_path / "part-00001.jsonl").write_text((saved / "run-jsonl" / "part-00001.jsonl").read_text())
    ran = here("report", tmp_path)
    assert ran.code == 0
    assert ran.err == f"preflight: {tmp_path}: 1 of 2 parts are there; the run is not complete\n"


def test_a_column_that_no_job_has_is_a_usage_error(saved: Path) -> None:
    ran = report(saved, "r.json", "--by", "charakter")
    assert (ran.code, ran.out) == (2, "")
    assert "no job has this column" in ran.err


JOB: dict[str, Any] = {"model": "m", "verdict": "pass", "subjects": [], "findings": [], "quote": None}
QUOTE = {"credits": 1, "low": "1", "high": "1", "exact": True, "seconds": "1", "billed_seconds": "1",
         "credits_per_second": "30", "rounding": "ceil", "usd": "1", "mode": "720p", "reasons": []}  # fmt: skip
FINDING = {"rule": "field-missing", "severity": "error", "message": "x"}
SUBJECT = {"kind": "image", "source": "a.png", "facts": None}
HOSTILE = {
    "empty": b"",
    "cut short": json.dumps(JOB).encode()[:-9],
    "not text": b"\xff\xfe\x00\x01" * 10,
    "a list": b"[1]",
    "a number": b"7",
    "deep": b"[" * 100_000,
    "a newer schema": json.dumps({**JOB, "schema": "preflight.job/v2"}).encode(),
    "another document": json.dumps({"schema": "preflight.facts/v1", "subjects": []}).encode(),
    "no verdict": json.dumps({key: value for key, value in JOB.items() if key != "verdict"}).encode(),
    "no such verdict": json.dumps({**JOB, "verdict": "fine\x1b[31m"}).encode(),
    "findings of another kind": json.dumps({**JOB, "findings": {"a": 1}}).encode(),
    "no such rule": json.dumps({**JOB, "findings": [{**FINDING, "rule": "\x1b[2J"}]}).encode(),
    "a rule that is a list": json.dumps({**JOB, "findings": [{**FINDING, "rule": []}]}).encode(),
    "a line below zero": json.dumps({**JOB, "line": -1}).encode(),
    "a price that is no number": json.dumps({**JOB, "quote": {**QUOTE, "low": "NaN"}}).encode(),
    "a price without end": json.dumps({**JOB, "quote": {**QUOTE, "credits": "1e999999"}}).encode(),
    "a price of many digits": json.dumps({**JOB, "quote": {**QUOTE, "credits": "9" * 5000}}).encode(),
    "a file of no kind": json.dumps({**JOB, "subjects": [{**SUBJECT, "kind": "x"}]}).encode(),
    "facts that are a text": json.dumps({**JOB, "subjects": [{**SUBJECT, "facts": "x"}]}).encode(),
    "hidden findings that are a list": json.dumps({**JOB, "hidden": ["baseline"]}).encode(),
    "hidden findings without a number": json.dumps({**JOB, "hidden": {"baseline": None}}).encode(),
    "hidden findings below zero": json.dumps({**JOB, "hidden": {"baseline": -1}}).encode(),
    "hidden findings by halves": json.dumps({**JOB, "hidden": {"comment": 1.5}}).encode(),
    "hidden findings that are true": json.dumps({**JOB, "hidden": {"path": True}}).encode(),
    "hidden findings without end": json.dumps({**JOB, "hidden": {"path": 1, "baseline": 1 << 40}}).encode(),
    "hidden by no known cause": json.dumps({**JOB, "hidden": {"\x1b[2J": 1}}).encode(),
    "a huge line": b'{"model": "' + b"x" * (17 * 1024 * 1024) + b'"}',
}


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
@pytest.mark.parametrize("name", HOSTILE)
def test_what_preflight_did_not_write_is_a_usage_error(name: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"r.{suffix}"
    path.write_bytes(HOSTILE[name])
    ran = here("report", path)
    assert (ran.code, ran.out) == (2, ""), ran
    assert len(ran.err) < 1000
    assert "\x1b" not in ran.err


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (None, "it has no run.json"),
        ("{", "not JSON"),
        ('{"schema": "preflight.run/v2"}', "this version reads 'preflight.run/v1'"),
        ("{}", "missing"),
    ],
)
def test_a_folder_that_is_no_run_is_a_usage_error(run: str | None, words: str, tmp_path: Path) -> None:
    if run is not None:
        (tmp_path / "run.json").write_text(run)
    ran = here("report", tmp_path)
    assert ran.code == 2
    assert words in ran.err


def test_names_and_texts_of_a_hostile_report_command_nothing(tmp_path: Path) -> None:
    name = "::error::x\n\x1b[31m|<img>@team"
    job = {**JOB, "id": name, "path": name, "line": 2, "verdict": "fail", "findings": [{**FINDING, "message": name}],
           "meta": {name: name}}  # fmt: skip
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(job) + "\n")
    for format_ in ("text", "markdown", "csv", "concise", "github", "junit", "sarif"):
        out = here("report", path, "--format", format_).out
        assert "\x1b" not in out
        assert "<img>" not in out.replace("&lt;img&gt;", "") or format_ in ("text", "csv", "concise", "github", "sarif")
    assert "@team" not in here("report", path, "--format", "markdown").out
