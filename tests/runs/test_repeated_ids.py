"""Ids that several rows of a manifest have: found over the whole of it, however its rows are shared out and read."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.jobfiles import load_manifest
from preflight.jobfiles.field_names import TableModels
from preflight.model import Job
from preflight.runs.manifests.open_manifest import open_manifest
from preflight.runs.manifests.repeated_ids import RepeatedIds, found_before
from preflight.runs.manifests.rows import part_rows
from tests.runs.running import MODEL, parts_of, rows_of, run
from tests.support.command import CLIP, PICTURE, command, environment, here, preflight

pytestmark = pytest.mark.usefixtures("measured_children")

NAMES = ["a", "b", "", "a", "c", "", "7", "d", "b", "a", "e", "7", "  a "]
FIRST_ROWS = {4: 1, 9: 2, 10: 1, 12: 7, 13: 1}
"""By hand: the rows of ``NAMES`` with the id of an earlier row, and that row, both counted from 1."""

ODD_ROWS = [
    *[
        '{"id": "a", "image": "x"',
        '{"id": "a", "image": NaN}',
        '{"id": true, "image": "x"}',
        '{"id": ["a"], "image": 1}',
    ],
    *['{"id": "a", "image": "\\ud800"}', '{"id": "a", "image": "\\u00e9"}', '{"id": "\\u0061", "image": "x"}', "null"],
    *['{"ID": "a", "video": "x"}', '{"image": "x", "id": "b", "Id": "a"}', '{"id": "b", "image": "x", "id": "a"}'],
    *['{"id": 1, "image": "x"}', '{"id": "1", "image": "x"}', '{"id": 1.0, "image": "x"}', '{"id": 1e999, "image": 1}'],
    *['{"id": "a", "input": {}}', '{"ID": "a", "input": {}}', '{"id": "a", "input": {}, "note": 1}', '{"id": "a"}'],
    *['{"id": null, "image": "x"}', '{"id": " a ", "image": "x"}', '{"id": "", "image": "x"}', '["a"]', " ", "", '"a"'],
    *['{"id": "a", "image": "\x00"}', '{"id": "a", "image": "\udcff"}', '{"id": "a", "image": "é"}', '{"id": "a"} x'],
    *[f'{{"id": "a", "image": {"[" * 60 + "]" * 60}}}', f'{{"id": "a", "image": "{"x" * 20_000}"}}'],
    *[f'{{"id": "a", "image": {"9" * 600}}}', f'{{"id": {"9" * 400}, "image": 1}}', '{"id": "a", "image": "[[[[[["}'],
    '{"id": "a", ' + ", ".join(f'"c{number}": 0' for number in range(5000)) + ', "image": "x"}',
    '{"id": "a", "image": "x", "model": "nobody-knows-it"}',
]
ODD_CELLS = ["", "a", " a", "b", "1", '"a"', '"a\nb"', "x", '"', "\udcff", "\x00", "é", "nobody-knows-it"]
ODD_HEADERS = ["id,image,video", "image,id", "image,,id", "ID,Id,image", "Image,model,id", "image", "id"]


def repeated(rows: Sequence[Any]) -> dict[int, str]:
    """The rows that are found to have the id of an earlier one, counted from 1, and what is said of it."""
    return {
        number: finding["measured"]
        for number, row in enumerate(rows, start=1)
        for finding in row["findings"]
        if finding["rule"] == "id-duplicate"
    }


def write(path: Path, *, column: str = "id") -> int:
    """A manifest with ``NAMES``, as the suffix says; returns how many lines are before the first row."""
    rows = [{column: name, "image": PICTURE, "video": CLIP} for name in NAMES]
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
            return 0
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=4)
            return 0
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), delimiter="\t" if path.suffix in (".tsv", ".txt") else ",")
    table.writeheader()
    table.writerows(rows)
    path.write_text(text.getvalue(), "utf-16" if path.suffix == ".txt" else "utf-8")
    return 1


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.tsv", "jobs.txt", "jobs.jsonl", "jobs.parquet"])
def test_an_id_of_another_part_is_found_in_every_kind_of_manifest(name: str, tmp_path: Path) -> None:
    before = write(tmp_path / name)
    expected = {row: f"used in line {first + before}" for row, first in FIRST_ROWS.items()}
    assert run(tmp_path / name, tmp_path / "run", parts_of=4).code == 0
    assert repeated(rows_of(tmp_path / "run")) == expected
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["rules"] == {"id-duplicate": 5}
    if name != "jobs.txt":  # which is a manifest to a run alone
        assert repeated(here("check", tmp_path / name, "--format", "json").json["jobs"]) == expected


def test_a_column_that_is_named_for_the_id_is_compared(tmp_path: Path) -> None:
    for name in ("jobs.csv", "jobs.jsonl", "jobs.parquet"):
        write(tmp_path / name, column="Shot No")
        to = tmp_path / f"{name}.run"
        assert run(tmp_path / name, to, "--column", "id=shot no", parts_of=4).code == 0
        assert repeated(rows_of(to)).keys() == FIRST_ROWS.keys()
        assert run(tmp_path / name, tmp_path / f"{name}.plain", parts_of=4).code == 0
        assert repeated(rows_of(tmp_path / f"{name}.plain")) == {}


def test_workers_and_going_on_make_no_difference(tmp_path: Path) -> None:
    write(tmp_path / "jobs.csv")
    arguments = ["check", tmp_path / "jobs.csv", "--part-rows", "2", "--to"]
    assert here(*arguments, tmp_path / "one", "--workers", "1").code == 0
    assert here(*arguments, tmp_path / "three", "--workers", "3").code == 0
    assert parts_of(tmp_path / "three") == parts_of(tmp_path / "one")
    for part in (0, 4, 6):  # as of a process that was killed
        (tmp_path / "three" / f"part-{part:05d}.jsonl").unlink()
    (tmp_path / "three" / "summary.json").unlink()
    assert here(*arguments, tmp_path / "three", "--workers", "2").code == 0
    assert parts_of(tmp_path / "three") == parts_of(tmp_path / "one")
    assert repeated(rows_of(tmp_path / "three")).keys() == FIRST_ROWS.keys()


def test_rows_that_are_checked_again_are_compared_again(tmp_path: Path) -> None:
    write(tmp_path / "jobs.csv")
    strict = ("--strict",)
    assert run(tmp_path / "jobs.csv", tmp_path / "run", *strict, parts_of=4).code == 1
    assert run(tmp_path / "jobs.csv", tmp_path / "run", *strict, "--retry", "fail", parts_of=4).code == 1
    rows = rows_of(tmp_path / "run")
    assert {row["row"] for row in rows if row["verdict"] == "fail"} == FIRST_ROWS.keys()
    assert {row["row"] for row in rows if row["tries"] == 2} == FIRST_ROWS.keys()


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.jsonl", "jobs.parquet"])
def test_standard_input_is_compared_too(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    piped = preflight(
        *("check", "-", "--to", tmp_path / "run", "--part-rows", "4", "--workers", "2"),
        stdin=(tmp_path / name).read_bytes(),
    )
    assert piped.code == 0, piped.err
    assert repeated(rows_of(tmp_path / "run")).keys() == FIRST_ROWS.keys()


def agreed(path: Path, *, rows_a_part: int) -> None:
    """Assert that the parts of ``path`` have the earlier rows that one reading of all of it finds."""
    streamed = [
        row.same_id if isinstance(row, Job) else "unreadable" for row in load_manifest(path, default_model=MODEL)
    ]
    with open_manifest(str(path), rows_a_part, models=TableModels(MODEL)) as manifest:
        parts = [part_rows(manifest, number, model=MODEL).read() for number in range(manifest.parts)]
    assert [row.same_id if isinstance(row, Job) else "unreadable" for part in parts for row in part] == streamed


@pytest.mark.parametrize("size", [1, 3])
def test_odd_lines_have_the_ids_that_their_reader_sees(tmp_path: Path, size: int) -> None:
    path = tmp_path / "m.jsonl"
    after = [f'{{"id": {own}, "image": "x"}}' for own in ('"a"', '"b"', "1", "1.0", '"é"', "9" * 400)]
    for row in ODD_ROWS:  # it comes first, so that a row that cannot be read must not count
        path.write_bytes("\n".join([row, *after, row]).encode("utf-8", "surrogateescape"))
        agreed(path, rows_a_part=size)


@given(
    header=st.sampled_from(ODD_HEADERS),
    rows=st.lists(st.lists(st.sampled_from(ODD_CELLS), min_size=1, max_size=5), min_size=1, max_size=12),
    size=st.integers(1, 4),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_odd_rows_have_the_ids_that_their_reader_sees(
    tmp_path: Path, header: str, rows: list[list[str]], size: int
) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes("\n".join([header, "a,a,a", *map(",".join, rows)]).encode("utf-8", "surrogateescape"))
    agreed(path, rows_a_part=size)


def test_a_manifest_of_one_id_is_kept_on_the_disk() -> None:
    rows, rows_a_part = 200_000, 50_000
    with closing(RepeatedIds()) as found:
        for line in range(rows):
            if line % rows_a_part == 0:
                found.begin_part()
            found.add(line, 1)
        for number in (3, 0, 2, 1):
            part = found_before(found.of_part(number))
            first = number * rows_a_part
            wanted = [first - 1, first, first + rows_a_part - 1, first + rows_a_part]
            assert [part.first_line("same", line) for line in wanted] == [None, 1, 1, None]


def test_a_full_disk_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    manifest = tmp_path / "jobs.csv"
    manifest.write_text("id,image,video\n" + "same,a.png,b.mp4\n" * 70_000)
    # A file may have 20 KiB at most.
    limited = f"ulimit -f 20; trap '' XFSZ; exec {' '.join(command('check', manifest, '--to', tmp_path / 'run'))}"
    full = subprocess.run(["bash", "-c", limited], env=environment(), capture_output=True, check=False, timeout=60)
    assert (full.returncode, full.stdout) == (2, b"")
    said = full.stderr.decode().splitlines()[0]  # a child that measures its coverage cannot write that either
    assert said == (
        "preflight: the rows whose ids are used before are kept in a temporary file, and it cannot be written: "
        "file too large; free space, or name another folder in TMPDIR"
    )
