"""A run on disk: what it writes, how it goes on, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.runs.running import children_of, parts_of, rows_of, run, verdicts_of, write_rows
from tests.support.command import CLIP, PICTURE, command, environment, here, preflight
from tests.tools.run_kills import compare, kill_run

NOT_A_PICTURE = "missing.png"


def some_fail(row: int) -> tuple[str, str]:
    return (PICTURE, CLIP) if row % 3 else (NOT_A_PICTURE, CLIP)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 50 rows in three parts, its manifest beside it."""
    folder = tmp_path_factory.mktemp("finished")
    manifest = write_rows(folder / "jobs.jsonl", 50, some_fail)
    assert run(manifest, folder / "run").code in (1, 3)
    return folder


def test_every_row_is_there_once_in_the_order_of_the_manifest(finished: Path) -> None:
    rows = rows_of(finished / "run")
    assert [row["row"] for row in rows] == list(range(1, 51))
    assert [row["id"] for row in rows] == [f"r{number}" for number in range(50)]
    assert {row["schema"] for row in rows} == {"preflight.job/v1"}
    assert {row["tries"] for row in rows} == {1}
    assert sorted(path.name for path in (finished / "run").glob("part-*")) == [
        f"part-{number:05d}.jsonl" for number in range(3)
    ]


def test_rows_are_those_of_a_check_without_a_run(finished: Path) -> None:
    plain = here("check", "--format", "json", finished / "jobs.jsonl").json["jobs"]
    rows = rows_of(finished / "run")
    for row, job in zip(rows, plain, strict=True):
        for subject in (*row["subjects"], *job["subjects"]):
            subject["transfer"]["elapsed_ms"] = 0
        assert {key: row[key] for key in job} == job


def test_the_summary_adds_up(finished: Path) -> None:
    summary = json.loads((finished / "run" / "summary.json").read_text())
    counted = Counter(row["verdict"] for row in rows_of(finished / "run"))
    assert summary["rows"] == 50
    assert {name: count for name, count in summary["verdicts"].items() if count} == counted
    priced = [row["quote"] for row in rows_of(finished / "run") if row["quote"]]
    assert summary["quote"]["credits"] == sum(quote["credits"] for quote in priced)
    seconds = summary["histograms"]["seconds"]
    assert sum(seconds["counts"]) == 50
    assert seconds["counts"][seconds["from"].index(12)] == 50
    assert sum(summary["histograms"]["hosts"][""].values()) == 50


def test_a_report_has_the_histograms_of_the_summary(finished: Path) -> None:
    summary = json.loads((finished / "run" / "summary.json").read_text())["histograms"]
    report = here("report", finished / "run", "--statistics", "--format", "json").json["statistics"]["histograms"]
    assert report == {name: summary[name] for name in ("seconds", "image_bytes", "video_bytes", "credits")}


def test_the_same_command_again_does_nothing_and_says_the_same(finished: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (finished / "run").iterdir() if path.name != "lock"}
    again = run(finished / "jobs.jsonl", finished / "run")
    assert again.code in (1, 3)
    assert "3 of 3 parts are there" in again.err
    assert "50 rows" in again.out
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_missing_part_is_done_again_and_is_the_same(finished: Path) -> None:
    before = parts_of(finished / "run")
    (finished / "run" / "part-00001.jsonl").unlink()
    run(finished / "jobs.jsonl", finished / "run")
    assert parts_of(finished / "run") == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--strict"], "--fail-on was error and is warning"),
        (["--max-credits", "5"], "--max-credits was not given and is 5"),
        (["--ignore", "video-codec"], "--ignore was not given and is video-codec"),
        (["--results", "parquet"], "--results was jsonl and is parquet"),
        (["--part-rows", "7"], "--part-rows was 20 and is 7"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_other_options_are_named_and_nothing_is_done(finished: Path, arguments: list[str], named: str) -> None:
    before = sorted((path.name, path.stat().st_mtime_ns) for path in (finished / "run").glob("part-*"))
    refused = preflight("check", finished / "jobs.jsonl", "--to", finished / "run", *arguments)
    assert refused.code == 2
    assert named in refused.err
    assert before == sorted((path.name, path.stat().st_mtime_ns) for path in (finished / "run").glob("part-*"))


def test_another_manifest_is_refused(finished: Path, tmp_path: Path) -> None:
    other = write_rows(tmp_path / "jobs.jsonl", 51, some_fail)
    refused = run(other, finished / "run")
    assert refused.code == 2
    assert "the manifest has other content (50 rows at first, 51 now)" in refused.err


def test_retry_examines_only_rows_with_that_verdict(tmp_path: Path) -> None:
    picture = tmp_path / "late.png"
    manifest = write_rows(tmp_path / "jobs.jsonl", 30, lambda row: (PICTURE if row % 5 else str(picture), CLIP))
    first = run(manifest, tmp_path / "run")
    bad = next(row["verdict"] for row in rows_of(tmp_path / "run") if row["verdict"] != "pass")
    assert first.code != 0
    picture.write_bytes(Path(PICTURE).read_bytes())
    again = run(manifest, tmp_path / "run", "--retry", bad)
    assert again.code == 0, again.err
    assert set(verdicts_of(tmp_path / "run").values()) == {"pass"}
    assert {row["row"]: row["tries"] for row in rows_of(tmp_path / "run")} == {
        number: 1 if (number - 1) % 5 else 2 for number in range(1, 31)
    }
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["verdicts"]["pass"] == 30


@pytest.mark.parametrize("summary", ["of the start before", "cut short", "not JSON", "another value"])
def test_a_process_that_dies_before_its_summary_leaves_none_of_an_earlier_start(summary: str, tmp_path: Path) -> None:
    """Every part is there, and the summary is that of the time before ``--retry``."""
    picture, written = tmp_path / "late.png", tmp_path / "run" / "summary.json"
    manifest = write_rows(tmp_path / "jobs.jsonl", 4, lambda row: (PICTURE if row else str(picture), CLIP))
    run(manifest, tmp_path / "run")
    before = written.read_text()
    picture.write_bytes(Path(PICTURE).read_bytes())
    run(manifest, tmp_path / "run", "--retry", "fail")
    written.write_text(
        {"of the start before": before, "cut short": before[:40], "not JSON": "[" * 100_000, "another value": "[1]"}[
            summary
        ]
    )
    again = run(manifest, tmp_path / "run")
    assert (again.code, "4 rows: 4 pass" in again.out) == (0, True), again
    assert json.loads(written.read_text())["verdicts"] == {"pass": 4, "fail": 0, "indeterminate": 0}


def test_killed_five_times_every_row_is_there_once(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 300, some_fail)
    arguments = [manifest, "--workers", "2", "--part-rows", "10", "--to"]
    began = time.monotonic()
    subprocess.run(
        command("check", *arguments, tmp_path / "whole"), env=environment(), capture_output=True, check=False
    )
    kill_run([*arguments, tmp_path / "killed"], kills=5, longest_s=(time.monotonic() - began) / 3, seed=4)
    outcome = compare(tmp_path / "whole", tmp_path / "killed", kills=5, rows=300)
    assert outcome.rows == 300
    assert outcome.differing == ()
    assert outcome.same_verdicts
    assert not list((tmp_path / "killed").glob("**/.unfinished-*"))


def started(manifest: Path, to: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A run that has its lock, so that it is under way."""
    process = subprocess.Popen(
        command("check", manifest, "--to", to, *arguments),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while not (to / "run.json").exists() and process.poll() is None:
        time.sleep(0.01)
    return process


def test_a_second_process_is_told_of_the_first(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 4000, some_fail)
    with started(manifest, tmp_path / "run", "--workers", "1") as first:
        os.kill(first.pid, signal.SIGSTOP)
        try:
            second = preflight("check", manifest, "--to", tmp_path / "run")
        finally:
            os.kill(first.pid, signal.SIGKILL)
    assert second.code == 2
    assert f"another process works on {tmp_path / 'run'} (process {first.pid} on " in second.err
    # The lock of a dead process is no hindrance.
    assert preflight("check", manifest, "--to", tmp_path / "run", "--retry", "fail").code == 2


def test_an_interrupt_says_how_to_continue_and_leaves_nothing_half(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 4000, some_fail)
    with started(manifest, tmp_path / "run", "--workers", "1", "--part-rows", "100") as process:
        while not list((tmp_path / "run").glob("part-*")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"parts are complete: run the same command again to continue" in err
    assert b"Traceback" not in err
    for part in (tmp_path / "run").glob("part-*"):
        assert len(part.read_text().splitlines()) == 100


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 1500, some_fail)
    with started(manifest, tmp_path / "run", "--workers", "1", "--part-rows", "100") as process:
        while not (workers := children_of(process.pid)):
            time.sleep(0.02)
        os.kill(workers[0], signal.SIGKILL)
        process.communicate(timeout=120)
    assert process.returncode in (1, 3)
    assert sorted(verdicts_of(tmp_path / "run")) == list(range(1, 1501))


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 4000, some_fail)
    with started(manifest, tmp_path / "run", "--workers", "2") as process:
        while len(workers := children_of(process.pid)) < 2:
            time.sleep(0.02)
        process.kill()
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)


def test_a_manifest_that_changes_meanwhile_ends_the_run(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3000, some_fail)
    with started(manifest, tmp_path / "run", "--workers", "1", "--part-rows", "100") as process:
        with manifest.open("a") as file:
            file.write('{"id": "late"}\n')
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"changed while it was read" in err


def test_a_folder_that_holds_other_things_is_refused(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.png").write_bytes(b"")
    refused = run(manifest, tmp_path / "holiday")
    assert refused.code == 2
    assert "holds files that are not a run's, such as photo.png: name a new or an empty folder" in refused.err
    assert sorted(path.name for path in (tmp_path / "holiday").iterdir()) == ["photo.png"]


def test_a_link_and_a_file_are_refused(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert "is a link: name the folder that it leads to" in run(manifest, tmp_path / "link").err
    (tmp_path / "round").symlink_to("about")
    (tmp_path / "about").symlink_to("round")
    for name, said in (
        ("jobs.jsonl", "is a file, or lies below one: --to takes a folder"),
        ("jobs.jsonl/run", "is a file, or lies below one: --to takes a folder"),
        ("round", "too many levels of symbolic links: name another folder"),
        ("n" * 300, "file name too long: name another folder"),
    ):
        refused = run(manifest, tmp_path / name)
        assert (refused.code, said in refused.err) == (2, True), refused.err


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[" * 100_000,
        "{}",
        "null",
        '{"schema": "preflight.run/v2", "preflight": "9.0.0\\u001b[31m"}',
        '{"schema": "preflight.run/v1", "manifest": {"rows": 1e400}}',
        json.dumps(
            {"schema": "preflight.run/v1", "id": 1, "manifest": {"sha256": "x", "rows": 3}, "options": [], "spec": {},
             "parts": 10**9, "rows_a_part": 1, "results": "jsonl", "preflight": "1", "versions": {}}
        ),
        "x" * 2_000_000,
    ],
    ids=["empty", "deep", "object", "null", "newer", "infinite", "too-many-parts", "large"],
)  # fmt: skip
def test_a_hostile_run_file_is_an_error(tmp_path: Path, text: str) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text(text)
    refused = here("check", manifest, "--to", tmp_path / "run")
    assert refused.code == 2
    assert "run.json" in refused.err or "too old" in refused.err
    assert "\x1b" not in refused.err


def test_a_run_file_that_is_a_link_is_refused(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").symlink_to("/dev/zero")
    assert "run.json is a link" in here("check", manifest, "--to", tmp_path / "run").err


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 30, some_fail)
    run(manifest, tmp_path / "run")
    (tmp_path / "run" / "part-00001.jsonl").write_text('{"schema":')
    (tmp_path / "run" / "counts" / "part-00001.json").unlink()
    refused = run(manifest, tmp_path / "run")
    assert refused.code == 2
    assert "part-00001.jsonl is damaged: remove it and run the same check again" in refused.err


def test_damaged_counts_are_counted_again(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 30, some_fail)
    run(manifest, tmp_path / "run")
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    (tmp_path / "run" / "summary.json").unlink()
    (tmp_path / "run" / "counts" / "part-00000.json").write_text('{"rows": 20}')
    run(manifest, tmp_path / "run")
    again = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert {key: again[key] for key in ("rows", "verdicts", "quote", "rules")} == {
        key: summary[key] for key in ("rows", "verdicts", "quote", "rules")
    }


def test_a_part_of_another_run_is_refused(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 30, some_fail)
    run(manifest, tmp_path / "run")
    (tmp_path / "run" / "part-00009.jsonl").write_text("")
    assert "part-00009.jsonl is not a part of this run" in run(manifest, tmp_path / "run").err


def test_a_place_where_nothing_can_be_written_is_an_error(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    refused = run(manifest, Path("/proc/preflight-run"))  # nobody may, root neither
    assert refused.code == 2
    assert "cannot write the folder of /proc/preflight-run" in refused.err


def test_a_full_disk_is_an_error_and_the_run_goes_on_afterwards(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 60, some_fail)
    # A file may have 20 KiB at most: as on a full disk, a part is not written to its end.
    plain = " ".join(command("check", manifest, "--to", tmp_path / "run"))
    limited = f"ulimit -f 20; trap '' XFSZ; exec {plain}"
    full = subprocess.run(["bash", "-c", limited], env=environment(), capture_output=True, check=False, timeout=60)
    assert full.returncode == 2
    assert b"file too large; free some space and run the same command again" in full.stderr
    assert not list((tmp_path / "run").glob("**/.unfinished-*"))
    assert preflight("check", manifest, "--to", tmp_path / "run").code in (1, 3)
    assert sorted(verdicts_of(tmp_path / "run")) == list(range(1, 61))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["a.csv", "b.csv", "--to", "run"], "--to takes one manifest"),
        (["https://127.0.0.1:9/jobs.csv", "--to", "run"], "its host 127.0.0.1 is a loopback address"),
        (["picture.png", "--to", "run"], "not a manifest of jobs"),
        (["jobs.csv", "--to", ""], "an empty name instead of a folder"),
        (["jobs.csv", "--to", "run", "--format", "sarif"], "preflight report run --format sarif"),
        (["jobs.csv", "--workers", "2"], "--workers needs --to RUN"),
        (["jobs.csv", "--retry", "fail"], "--retry needs --to RUN"),
        (["jobs.csv", "--to", "run", "--address", "x:1"], "--address is of --engine ray"),
        (["jobs.csv", "--user-agent", "a\nb"], "printable ASCII"),
        (["jobs.csv", "--to", "run", "--retry", "fail"], "--retry needs a finished run"),
        (["empty.csv", "--to", "run"], "no jobs in it"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_usage_errors_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs.csv").write_text(f"image,video\n{PICTURE},{CLIP}\n")
    (tmp_path / "empty.csv").write_text("image,video\n")
    (tmp_path / "picture.png").write_bytes(Path(PICTURE).read_bytes())
    refused = here("check", *arguments)
    assert refused.code == 2
    assert said in " ".join(refused.err.split())
    assert not (tmp_path / "run" / "part-00000.jsonl").exists()


def test_a_summary_as_json_is_the_file(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 5)
    printed = run(manifest, tmp_path / "run", "--format", "json").json
    written = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert printed | {"elapsed_s": 0} == written | {"elapsed_s": 0}
