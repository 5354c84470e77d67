"""A run as the page reads it: beside its owner, and in memory that its rows do not fill."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from preflight.runs.on_disk.store import LOCK, FolderStore
from preflight.runs.reports.row_table import GROUPS, PAGE_ROWS, Question, RowFile
from preflight.runs.run_errors import RunUnusable
from preflight.ui.runs.runs_book import Book
from tests.support.command import CLIP, PICTURE, here

_PART = 500


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "jobs.csv").write_text(f"image,video,shot\n{CLIP},{CLIP},a\n{PICTURE},{CLIP},b\n")
    here("check", tmp_path / "jobs.csv", "--to", tmp_path / "run", "--workers", "1")
    return tmp_path / "run"


def test_a_look_keeps_nobody_from_taking_the_run(run: Path, tmp_path: Path) -> None:
    book, store, over = Book(run, tmp_path), FolderStore(str(run)), Event()
    seen, failures = set[bool](), list[Exception]()

    def look() -> None:
        try:
            while not over.is_set():
                seen.add(book.look().working)
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    with store.lock():
        assert book.look().working
    looking = Thread(target=look)
    looking.start()
    try:
        for _ in range(1000):
            with store.lock():
                pass
    finally:
        over.set()
        looking.join()
        book.close()
    assert failures == []
    assert seen


def test_a_run_that_ends_during_a_look_is_looked_at_again(run: Path, tmp_path: Path) -> None:
    part, elsewhere = run / "part-00000.jsonl", tmp_path / "part"
    part.rename(elsewhere)
    owner = ExitStack()

    def finish() -> float:
        """What happens while the look reads: its owner writes the last part, and ends."""
        if elsewhere.exists():
            elsewhere.rename(part)
            owner.close()
        return 0.0

    with owner:
        owner.enter_context(FolderStore(str(run)).lock())
        book = Book(run, tmp_path, clock=finish)
        seen = book.look()
    assert seen.is_complete or seen.working, "a page that shows this asks no more"
    assert (book.look().is_complete, book.look().working) == (True, False)
    book.close()


def test_a_run_at_work_is_not_taken_a_second_time(run: Path) -> None:
    store = FolderStore(str(run))
    with store.lock(), pytest.raises(RunUnusable, match="another process works on"), store.lock():
        pass


@pytest.mark.parametrize("text", ["", "\n", "x\n", "-1 a\n", "99999999999999999999 a\n", "\xff\n"])
def test_a_lock_that_names_nobody_is_nobodys(text: str, run: Path, tmp_path: Path) -> None:
    (run / LOCK).write_text(text, "latin-1")
    book = Book(run, tmp_path)
    assert not book.look().working
    book.close()


def rows(sample: dict[str, Any], first: int) -> Iterator[dict[str, Any]]:
    for row in range(first, first + _PART):
        yield sample | {"row": row, "meta": {"shot": f"a value of its own {row}"}}


def peaks(sample: dict[str, Any], folder: Path, parts: int) -> tuple[int, int]:
    """The most bytes that Python held while the last part was read and pages were asked for, and while all was added
    up by a column of which each row has a value of its own."""
    file = RowFile(folder / f"{parts}.db")
    for part in range(parts - 1):
        file.put_part(part, rows(sample, part * _PART + 1))
    tracemalloc.start()
    try:
        file.put_part(parts - 1, rows(sample, (parts - 1) * _PART + 1))
        for question in (
            Question(page=10**9),
            Question(verdict="fail", rule=sample["findings"][0]["rule"], text="own", column="shot", value="value"),
            Question(sort="shot", descending=True),
            Question(sort="credits"),
        ):
            found = file.find(question)
            assert (found.count, len(found.rows)) == (parts * _PART, PAGE_ROWS)
        reading = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        found = file.find(Question(by="shot"))
        assert (len(found.groups), found.more_groups) == (GROUPS, parts * _PART - GROUPS)
        return reading, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
        file.close()


def test_the_rows_of_a_run_do_not_fill_the_memory(run: Path, tmp_path: Path) -> None:
    sample = json.loads((run / "part-00000.jsonl").read_text().splitlines()[0])
    assert sample["verdict"] == "fail"
    for few, many in zip(peaks(sample, tmp_path, 1), peaks(sample, tmp_path, 8), strict=True):
        assert many < 1.2 * few
