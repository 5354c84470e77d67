"""Manifests that change in the middle of a run, and standard input that ends in unusual ways."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.runs.running import children_of, rows_of, verdicts_of, write_rows
from tests.runs.test_hostile_folders import in_the_middle
from tests.support.command import CLIP, PICTURE, command, environment, here, preflight


def rewrite(manifest: Path) -> None:
    """Other rows of the same length, and the time stamp of the old ones."""
    before = manifest.stat()
    manifest.write_text(manifest.read_text().replace('"r7', '"q7'))
    os.utime(manifest, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_a_folder(manifest: Path) -> None:
    manifest.unlink()
    manifest.mkdir()


CHANGED = "changed while it was read"  # as a worker says that had opened it before
GONE = "cannot be read any more (no such file)"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (rewrite, {CHANGED}),
        (Path.unlink, {CHANGED, GONE}),
        (put_a_folder, {CHANGED, GONE, "cannot be read any more (this is a directory)"}),
    ],
    ids=["rewritten", "removed", "folder"],
)
def test_no_row_of_another_manifest_comes_into_a_run(
    change: Callable[[Path], object], said: set[str], tmp_path: Path
) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 800)
    content = manifest.read_text()
    code, err = in_the_middle(manifest, tmp_path / "run", lambda: change(manifest))
    assert code == 2
    assert any(each in err for each in said)
    assert "restore the manifest and run the same command again" in err
    for part in (tmp_path / "run").glob("part-*"):
        assert '"q7' not in part.read_text()
    if manifest.is_dir():
        manifest.rmdir()
    manifest.write_text(content)
    assert preflight("check", manifest, "--to", tmp_path / "run", "--part-rows", "50").code == 0
    assert sorted(verdicts_of(tmp_path / "run")) == list(range(1, 801))


def test_rows_of_parquet_are_those_of_its_digest(tmp_path: Path) -> None:
    """The process that reads it is stopped while the file, whose SHA-256 is known by then, gets other rows."""
    manifest, other = tmp_path / "jobs.parquet", tmp_path / "other.parquet"
    for path, name in ((manifest, "a"), (other, "b")):
        columns = {"id": [f"{name}{row}" for row in range(9)], "image": [PICTURE] * 9, "video": [CLIP] * 9}
        parquet.write_table(pa.table(columns), path)
    given = command("check", manifest, "--to", tmp_path / "run", "--workers", "1")
    with subprocess.Popen(given, env=environment(), stderr=subprocess.PIPE) as process:
        while not (children := children_of(process.pid)):
            assert process.poll() is None
        os.kill(children[0], signal.SIGSTOP)
        content = manifest.read_bytes()
        manifest.write_bytes(other.read_bytes())
        os.kill(children[0], signal.SIGCONT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, CHANGED.encode() in err) == (2, True), err
    manifest.write_bytes(content)
    assert preflight("check", manifest, "--to", tmp_path / "run").code == 0
    assert {row["id"] for row in rows_of(tmp_path / "run")} == {f"a{row}" for row in range(9)}


def test_parquet_that_changes_behind_its_reader_is_another_run(tmp_path: Path) -> None:
    manifest = tmp_path / "jobs.parquet"
    for name in ("a", "b"):
        parquet.write_table(pa.table({"id": [name], "image": [PICTURE], "video": [CLIP]}), manifest)
        ran = here("check", manifest, "--to", tmp_path / "run", "--workers", "1")
    assert (ran.code, "the manifest has other content" in ran.err) == (2, True), ran.err
    assert [row["id"] for row in rows_of(tmp_path / "run")] == ["a"]


def started(stdin: int, to: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("check", "-", "--to", to),
        env=environment(),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=True,
    )


def test_one_end_of_file_at_a_terminal_is_enough(tmp_path: Path) -> None:
    line = write_rows(tmp_path / "jobs.jsonl", 1).read_bytes()
    ours, theirs = pty.openpty()
    with started(theirs, tmp_path / "run") as process:
        os.write(ours, line + b"\x04")
        try:
            _, err = process.communicate(timeout=60)
        finally:
            os.close(ours)
            os.close(theirs)
    assert process.returncode == 0, err
    assert sorted(verdicts_of(tmp_path / "run")) == [1]


def test_a_pipe_that_does_not_wait_is_read_to_its_end(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "jobs.jsonl", 2).read_bytes().splitlines(keepends=True)
    theirs, ours = os.pipe()
    os.set_blocking(theirs, False)
    with started(theirs, tmp_path / "run") as process:
        os.close(theirs)
        while not (tmp_path / "run").exists():
            assert process.poll() is None
            time.sleep(0.01)
        for row in rows:
            os.write(ours, row)
        os.close(ours)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert sorted(verdicts_of(tmp_path / "run")) == [1, 2]


def test_standard_input_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out, started(out.fileno(), tmp_path / "run") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"standard input: cannot be read: bad file descriptor" in err
