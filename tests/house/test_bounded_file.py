"""Files that do not end, or are no files: whoever reads one says so, in bounded time and memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from preflight.bounded_file import NotRead, read_bounded
from tests.support.command import PICTURE, preflight


def test_a_file_is_read_up_to_its_bound(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert read_bounded(path, 5) == b"12345"
    assert read_bounded(path, 2, cut=True) == b"12"
    with pytest.raises(NotRead, match="larger than 4 bytes"):
        read_bounded(path, 4)


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.json")
    return folder / "pipe.json"


def sparse(folder: Path) -> Path:
    with (folder / "endless.json").open("wb") as file:
        file.truncate(1 << 40)
    return folder / "endless.json"


def directory(folder: Path) -> Path:
    (folder / "folder.json").mkdir()
    return folder / "folder.json"


def missing(folder: Path) -> Path:
    return folder / "none.json"


KINDS = {
    "pipe": (fifo, "not a regular file"),
    "device": (lambda _: Path("/dev/zero"), "not a regular file"),
    "without-an-end": (sparse, "larger than"),
    "folder": (directory, "a directory"),
    "missing": (missing, "no such file"),
    "name-too-long": (lambda folder: folder / ("a" * 300), "name too long"),
}
OPTIONS = {
    "baseline": ["check", PICTURE, "--baseline"],
    "config": ["check", PICTURE, "--config"],
    "job": ["submit", "--dry-run"],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("option", OPTIONS)
def test_what_is_no_file_or_has_no_end_is_said(option: str, kind: str, tmp_path: Path) -> None:
    make, said = KINDS[kind]
    ran = preflight(*OPTIONS[option], make(tmp_path), cwd=tmp_path)
    assert ran.code in (2, 3)
    assert said in ran.err.lower(), ran.err
