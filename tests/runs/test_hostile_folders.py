"""Folders of runs that somebody else changes, fills up or closes, before a run or in the middle of it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs.running import run, verdicts_of, write_rows
from tests.support.command import CLIP, PICTURE, command, environment, here, preflight
from tests.support.privileges import unreadable_folder


def in_the_middle(manifest: Path, to: Path, change: Callable[[], object]) -> tuple[int, str]:
    """The exit code and the errors of a run of many parts, around which ``change`` happens after its first part."""
    process = subprocess.Popen(
        command("check", manifest, "--to", to, "--workers", "1", "--part-rows", "50"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    while process.poll() is None and not list(to.glob("part-*")):
        time.sleep(0.01)
    change()
    _, err = process.communicate(timeout=60)
    assert b"Traceback" not in err
    return process.returncode, err.decode()


def put_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))


@pytest.mark.parametrize(
    "make",
    [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/full"), put_socket],
    ids=["pipe", "folder", "link", "socket"],
)
def test_a_lock_that_is_not_a_file_is_an_error(
    make: Callable[[Path], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    lock = Path("run", "lock")
    lock.parent.mkdir()
    make(lock)
    refused = run(manifest, lock.parent)
    assert (refused.code, "lock is not a file, as a run has there: remove it" in refused.err) == (2, True), refused.err
    if lock.is_dir():
        lock.rmdir()
    else:
        lock.unlink()
    assert run(manifest, lock.parent).code == 0


def test_a_file_in_place_of_a_folder_of_the_run_is_named(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "counts").write_text("")
    refused = run(manifest, tmp_path / "run")
    assert (refused.code, "counts is not a folder, which a run has there: remove it" in refused.err) == (2, True)


def test_a_run_stays_locked_although_its_lock_is_removed(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 1500)
    to = tmp_path / "run"
    seconds = []

    def begin_again() -> None:
        (to / "lock").unlink()
        seconds.append(preflight("check", manifest, "--to", to, "--part-rows", "50"))

    code, _ = in_the_middle(manifest, to, begin_again)
    assert seconds[0].code == 2
    assert "another process works on" in seconds[0].err
    assert code == 0


@pytest.mark.parametrize("name", ["", "counts", "run.json"], ids=["the-run", "counts", "run-file"])
def test_what_is_removed_in_the_middle_is_named_and_the_run_can_go_on(name: str, tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 800)
    to = tmp_path / "run"
    code, err = in_the_middle(manifest, to, lambda: (to / name).rename(tmp_path / "away"))
    assert code == 2
    assert "put it back" in err, err
    if to.exists() and not name:
        shutil.rmtree(to)
    (tmp_path / "away").rename(to / name)
    assert preflight("check", manifest, "--to", to, "--part-rows", "50").code == 0
    assert sorted(verdicts_of(to)) == list(range(1, 801))


def test_a_disk_that_has_no_room_for_the_lock_is_an_error(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    limited = f"ulimit -f 0; trap '' XFSZ; exec {' '.join(command('check', manifest, '--to', tmp_path / 'run'))}"
    full = subprocess.run(["bash", "-c", limited], env=environment(), capture_output=True, check=False, timeout=60)
    assert full.returncode == 2
    assert b"cannot write the lock of" in full.stderr
    assert b"free some space and run the same command again" in full.stderr
    assert preflight("check", manifest, "--to", tmp_path / "run").code == 0


def commands_in(folder: Path) -> list[tuple[str, ...]]:
    """Commands that read or write in a folder ``closed``."""
    closed = str(folder / "closed")
    return [
        ("report", closed),
        ("check", f"{closed}/jobs.jsonl"),
        ("check", f"{closed}/jobs.jsonl", "--to", f"{folder}/run"),
        ("submit", f"{closed}/jobs.jsonl", "--budget", "5"),
        ("submit", f"{closed}/run", "--budget", "5"),
        ("pair", "--images", closed, "--videos", closed, "--by-name"),
    ]


def test_a_closed_folder_is_an_error_of_every_command(tmp_path: Path) -> None:
    write_rows(tmp_path / "jobs.jsonl", 1)
    for folder in ("closed", "closed/run"):
        (tmp_path / folder).mkdir()
    write_rows(tmp_path / "closed" / "jobs.jsonl", 1)
    for arguments in (*commands_in(tmp_path), ("check", str(tmp_path / "closed"))):
        here(*arguments)  # as root, who may load code that nobody may
    with unreadable_folder() as folder:
        for arguments in commands_in(folder):
            refused = here(*arguments)
            assert refused.code == 2, (arguments, refused.err)
        assert here("check", str(folder / "closed")).code == 3


@pytest.mark.parametrize("numbers", [{"rows": 2 * 10**12, "parts": 10**11}, {"rows": 21, "parts": 2}, {"rows": "40"}])
def test_a_run_file_with_other_numbers_ends_at_once(numbers: dict[str, object], tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 40, lambda _: (PICTURE, CLIP))
    run(manifest, tmp_path / "run")
    path = tmp_path / "run" / "run.json"
    saved = json.loads(path.read_text())
    saved["manifest"]["rows"] = numbers["rows"]
    saved["parts"] = numbers.get("parts", saved["parts"])
    path.write_text(json.dumps(saved))
    refused = run(manifest, tmp_path / "run")
    assert (refused.code, "run.json is damaged" in refused.err) == (2, True), refused.err
    unpaid = here("submit", tmp_path / "run", "--budget", "5", "--dry-run")
    assert unpaid.code == 2
    assert "not finished" in unpaid.err or "damaged" in unpaid.err or "has changed" in unpaid.err


def test_an_older_run_file_is_told_from_a_newer_one(tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 3)
    (tmp_path / "run").mkdir()
    for version, said in (
        ("v0", "does not read it any more"),
        ("v2", "too old"),
        ("v10", "too old"),
        ("vx", "damaged"),
    ):
        (tmp_path / "run" / "run.json").write_text(json.dumps({"schema": f"preflight.run/{version}"}))
        assert said in run(manifest, tmp_path / "run").err
