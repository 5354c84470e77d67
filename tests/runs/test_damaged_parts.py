"""Parts of a run that are not as they were written are named, never counted, and never paid for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from shutil import copytree
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.runs.running import parts_of, run, verdicts_of, write_rows
from tests.support.command import CLIP, PICTURE, here
from tests.support.service import service

PART = "part-00001.jsonl"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 30 rows in three parts, every fifth of which fails, its manifest beside it."""
    folder = tmp_path_factory.mktemp("finished")
    manifest = write_rows(folder / "jobs.jsonl", 30, lambda row: (PICTURE if row % 5 else "lost.png", CLIP))
    run(manifest, folder / "run", parts_of=10)
    return folder


def of_an_earlier_version(folder: Path) -> None:
    """Take away what tells of a part whose rows are in order that somebody changed it."""
    for counts in folder.glob("counts/part-*.json"):
        value = json.loads(counts.read_text())
        counts.write_text(json.dumps({key: each for key, each in value.items() if not key.endswith("sha256")}))


def other_price(text: bytes) -> bytes:
    """The part with a price that has as many characters."""
    return text.replace(b'"high": "360"', b'"high": "160"')


def with_row(**keys: Any) -> Callable[[list[str]], str]:
    """The part with other values in its third row; a key without a value is taken away."""

    def changed(lines: list[str]) -> str:
        row = {key: each for key, each in {**json.loads(lines[2]), **keys}.items() if each is not ...}
        return "".join([*lines[:2], json.dumps(row) + "\n", *lines[3:]])

    return changed


DAMAGE: dict[str, Callable[[list[str]], str]] = {
    "empty": lambda _: "",
    "cut between rows": lambda lines: "".join(lines[:4]),
    "cut in a row": lambda lines: "".join(lines)[:-500],
    "a foreign line": lambda lines: "".join([*lines[:4], '{"hello": 1}\n', *lines[5:]]),
    "a deep line": lambda lines: "".join([*lines[:4], "[" * 100_000 + "\n", *lines[5:]]),
    "a row more": lambda lines: "".join([*lines, lines[0]]),
    "a row twice": lambda lines: "".join([*lines[:4], lines[3], *lines[5:]]),
    "a row of another part": with_row(row=29),
    "a number as text": with_row(row="13"),
    "another verdict": with_row(verdict="pas\x1b[31m"),
    "a verdict that is an object": with_row(verdict={"a": 1}),
    "no verdict": with_row(verdict=...),
    "tries as text": with_row(tries="x"),
    "no files": with_row(subjects=...),
    "files of another kind": with_row(subjects=[{"source": 5, "kind": "x", "facts": [1], "transfer": {}}]),
    "findings that are an object": with_row(findings={"rule": "x"}),
    "a rule that is a list": with_row(findings=[{"rule": ["x"]}]),
    "a price that is a number": with_row(quote=5),
    "a price that is not one": with_row(quote={"credits": "NaN", "low": "1", "high": "x", "exact": True, "usd": "1"}),
    "findings hidden by a text": with_row(hidden={"baseline": "x"}),
    "a list of what hides findings": with_row(hidden=["baseline"]),
    "findings hidden less than never": with_row(hidden={"comment": -1}),
    "findings hidden by a truth value": with_row(hidden={"path": True}),
    "a rule that is a number": with_row(findings=[{"rule": 5}, {"rule": "url-long"}]),
    "a source that is a list": with_row(subjects=[{"source": [], "kind": "image", "facts": {}, "transfer": {}}]),
    "a price beyond all sums": with_row(
        quote={"credits": 1, "low": "9e999999", "high": "9e999999", "exact": True, "usd": "1"}
    ),
    "a price below 0": with_row(quote={"credits": -1, "low": "-1", "high": "1", "exact": True, "usd": "1"}),
    "an endless price": with_row(quote={"credits": 1e400, "low": "1", "high": "1", "exact": True, "usd": "1"}),
}


def damaged_run(finished: Path, folder: Path, damage: Callable[[list[str]], str]) -> Path:
    """A copy of the run in ``folder``, with ``damage`` to the lines of one part."""
    copytree(finished / "run", folder)
    lines = (folder / PART).read_text().splitlines(keepends=True)
    (folder / PART).write_text(damage(lines))
    return folder


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_part_is_named_and_the_run_goes_on_without_it(
    damage: Callable[[list[str]], str], finished: Path, tmp_path: Path
) -> None:
    folder = damaged_run(finished, tmp_path / "run", damage)
    counts = folder / "counts" / "part-00001.json"
    is_as_long = (folder / PART).stat().st_size == json.loads(counts.read_text())["part_bytes"]
    if is_as_long:
        counts.unlink()
    command = ("check", finished / "jobs.jsonl", "--to", folder)
    refused = here(*command)
    assert refused.code == 2, refused.err
    assert PART in refused.err
    assert refused.err.endswith(": remove it and run the same check again\n")
    (folder / PART).unlink()
    again = here(*command, "--workers", "1")
    assert "2 of 3 parts are there" in again.err
    assert verdicts_of(folder) == verdicts_of(finished / "run")
    assert parts_of(folder)[PART] == parts_of(finished / "run")[PART]


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_rows_tell_of_damage_where_counts_and_digests_are_gone(
    damage: Callable[[list[str]], str], finished: Path, tmp_path: Path
) -> None:
    folder = damaged_run(finished, tmp_path / "run", damage)
    (folder / "counts" / "part-00001.json").unlink()
    refused = here("check", finished / "jobs.jsonl", "--to", folder)
    assert (refused.code, f"{PART} " in refused.err) == (2, True), refused
    assert refused.err.endswith(": remove it and run the same check again\n")


def test_kept_rows_that_are_foreign_are_not_written_again(finished: Path, tmp_path: Path) -> None:
    """``--retry`` keeps the rows with another verdict, from a part whose counts say that all is well."""
    folder = damaged_run(finished, tmp_path / "run", with_row(findings=[5]))
    counts = folder / "counts" / "part-00001.json"
    value = json.loads(counts.read_text())
    counts.write_text(json.dumps({**value, "part_bytes": (folder / PART).stat().st_size}))
    before = (folder / PART).read_bytes()
    refused = here("check", finished / "jobs.jsonl", "--to", folder, "--retry", "fail", "--workers", "1")
    assert (refused.code, f"{PART} is damaged" in refused.err) == (2, True), refused.err
    assert (folder / PART).read_bytes() == before


def test_a_report_does_not_leave_out_the_rows_of_a_part_that_was_cut(finished: Path, tmp_path: Path) -> None:
    copytree(finished / "run", tmp_path / "run")
    part = tmp_path / "run" / PART
    part.write_text("".join(part.read_text().splitlines(keepends=True)[:7]))
    refused = here("report", tmp_path / "run")
    assert (refused.code, f"{PART} has 7 rows instead of 10" in refused.err) == (2, True), refused.err


def cut(text: bytes) -> bytes:
    """The part without its last rows."""
    return b"".join(text.splitlines(keepends=True)[:7])


@pytest.mark.parametrize("format_", ["jsonl", "csv", "text"])
@pytest.mark.parametrize(
    ("damage", "is_earlier"),
    [(other_price, False), (cut, False), (cut, True)],
    ids=["changed", "cut", "cut in a run of an earlier version"],
)
def test_a_report_prints_no_row_before_a_damaged_part_is_named(
    damage: Callable[[bytes], bytes], is_earlier: bool, format_: str, finished: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    copytree(finished / "run", folder)
    if is_earlier:
        of_an_earlier_version(folder)
    part = folder / "part-00002.jsonl"  # the last one
    part.write_bytes(damage(part.read_bytes()))
    refused = here("report", folder, "--format", format_)
    assert (refused.code, refused.out, part.name in refused.err) == (2, "", True), refused


def test_a_report_shows_no_row_twice(finished: Path, tmp_path: Path) -> None:
    copytree(finished / "run", tmp_path / "run")
    part = tmp_path / "run" / PART
    lines = part.read_text().splitlines(keepends=True)
    part.write_text("".join((*lines[:3], lines[2], *lines[4:])))
    refused = here("report", tmp_path / "run")
    assert (refused.code, f"{PART} does not have row 14 in its place" in refused.err) == (2, True), refused.err


def test_nothing_of_a_run_with_a_damaged_part_is_paid_for(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(10_000)) as sandbox:
        image, clip = sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")
        (tmp_path / "jobs.csv").write_text("image,video,prompt\n" + "".join(f"{image},{clip},{n}\n" for n in range(4)))
        folder = tmp_path / "run"
        here("check", tmp_path / "jobs.csv", "--to", folder, "--part-rows", "2", *sandbox.media_options)
        whole = (folder / PART).read_text()
        for damaged in (whole.splitlines(keepends=True)[0], other_price(whole.encode()).decode()):
            assert damaged != whole
            (folder / PART).write_text(damaged)
            refused = sandbox.submit(folder, "--budget", "5000", "--yes")
            assert (refused.code, sandbox.paid_requests, PART in refused.err) == (2, 0, True), refused.err
        (folder / PART).write_text(whole)
        assert (sandbox.submit(folder, "--budget", "5000", "--yes").code, sandbox.paid_requests) == (0, 4)


@pytest.mark.parametrize("command", ["check", "check --retry", "report"])
def test_a_part_that_was_changed_in_its_size_is_named(command: str, finished: Path, tmp_path: Path) -> None:
    folder, manifest = tmp_path / "run", finished / "jobs.jsonl"
    copytree(finished / "run", folder)
    part = folder / PART
    before, times = part.read_bytes(), part.stat()
    part.write_bytes(other_price(before))
    os.utime(part, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert (part.read_bytes() != before, part.stat().st_size) == (True, times.st_size)
    refused = here(
        *{
            "check": ("check", manifest, "--to", folder),
            "check --retry": ("check", manifest, "--to", folder, "--retry", "fail", "--workers", "1"),
            "report": ("report", folder),
        }[command]
    )
    assert refused.code == 2, refused
    assert f"{PART} was changed after preflight had written it: remove it and run the same" in refused.err
    assert part.read_bytes() == other_price(before)


def test_a_part_of_parquet_that_was_changed_is_named(tmp_path: Path) -> None:
    manifest, folder = write_rows(tmp_path / "jobs.jsonl", 4), tmp_path / "run"
    run(manifest, folder, "--results", "parquet", parts_of=2)
    other = folder / "part-00001.parquet"
    table = parquet.read_table(other)
    low = pa.array([0.0] * len(table), pa.float64())
    parquet.write_table(table.set_column(table.schema.get_field_index("credits_low"), "credits_low", low), other)
    for command in (
        ("check", manifest, "--to", folder, "--part-rows", "2", "--results", "parquet"),
        ("report", folder),
    ):
        refused = here(*command)
        assert (refused.code, "part-00001.parquet was changed" in refused.err) == (2, True), refused


def test_a_run_of_an_earlier_version_goes_on(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    copytree(finished / "run", folder)
    of_an_earlier_version(folder)
    again = here("check", finished / "jobs.jsonl", "--to", folder)
    assert (again.code, "3 of 3 parts are there" in again.err) == (1, True), again.err
    retried = here("check", finished / "jobs.jsonl", "--to", folder, "--retry", "fail", "--workers", "1")
    assert retried.code == 1, retried.err
    (folder / PART).write_bytes(other_price((folder / PART).read_bytes()))
    refused = here("check", finished / "jobs.jsonl", "--to", folder)
    assert (refused.code, f"{PART} was changed" in refused.err) == (2, True), refused.err


def test_a_process_that_dies_between_the_counts_and_the_part_it_replaces_leaves_the_old_one_in_order(
    finished: Path, tmp_path: Path
) -> None:
    """``--retry`` writes the counts of a part before the part itself."""
    folder, counts = tmp_path / "run", Path("counts", "part-00001.json")
    copytree(finished / "run", folder)
    old = (folder / PART).read_bytes()
    here("check", finished / "jobs.jsonl", "--to", folder, "--retry", "fail", "--workers", "1")
    assert (folder / PART).read_bytes() != old
    value = json.loads((folder / counts).read_text())
    (folder / counts).write_text(json.dumps({**value, "verdicts": {"pass": 10}, "part_bytes": len(old)}))
    (folder / PART).write_bytes(old)
    (folder / "summary.json").unlink()
    again = here("check", finished / "jobs.jsonl", "--to", folder)
    assert (again.code, "24 pass, 6 fail" in again.out) == (1, True), again
    assert here("report", folder).code == 0
