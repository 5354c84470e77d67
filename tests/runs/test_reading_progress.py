"""How far the pass over a large manifest is: told while it is read, and not for a small one."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from preflight.cli.printing.run_progress import RunProgress
from preflight.jobfiles.field_names import TableModels
from preflight.runs.manifests.open_manifest import open_manifest
from preflight.runs.manifests.spooled_input import spooled_input
from preflight.runs.on_disk.store import FolderStore
from tests.runs.running import MODEL
from tests.support.command import CLIP, PICTURE

ROWS = 23_000


def manifest(path: Path, rows: int = ROWS) -> Path:
    """One of the kind that the suffix of ``path`` names."""
    if path.suffix == ".jsonl":
        path.write_text("".join(f'{{"id": "r{row}"}}\n' for row in range(rows)))
    elif path.suffix == ".parquet":
        table = pytest.importorskip("pyarrow").table({"id": [f"r{row}" for row in range(rows)], "image": ["a"] * rows})
        pytest.importorskip("pyarrow.parquet").write_table(table, path)
    else:
        head = "id,image,video\n" + "".join(f"r{row},{PICTURE},{CLIP}\n" for row in range(rows))
        path.write_text(head, encoding="utf-16" if "wide" in path.name else "utf-8")
    return path


def told(path: Path) -> list[tuple[int, float]]:
    calls: list[tuple[int, float]] = []
    with open_manifest(str(path), 1000, on_indexed=lambda rows, part: calls.append((rows, part))) as opened:
        assert opened.rows >= len(calls) * 1000
    return calls


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.jsonl", "wide.csv", "jobs.parquet"])
def test_the_rows_found_and_the_part_of_the_file_grow(name: str, tmp_path: Path) -> None:
    calls = told(manifest(tmp_path / name))
    assert [rows for rows, _ in calls] == [5000, 10_000, 15_000, 20_000]
    parts = [part for _, part in calls]
    assert parts == sorted(set(parts))
    assert all(abs(part - rows / ROWS) < 0.05 for rows, part in calls), calls


def test_a_small_manifest_is_read_at_once(tmp_path: Path) -> None:
    assert told(manifest(tmp_path / "jobs.csv", rows=4999)) == []


def test_a_manifest_from_standard_input_is_told_of_too(tmp_path: Path) -> None:
    calls: list[int] = []
    folder = tmp_path / "run"
    folder.mkdir()
    path = manifest(tmp_path / "jobs.csv")
    with (
        path.open("rb") as stream,
        spooled_input(
            stream,
            FolderStore(str(folder)),
            1000,
            models=TableModels(MODEL),
            columns={},
            on_indexed=lambda rows, _: calls.append(rows),
        ),
    ):
        assert calls == [5000, 10_000, 15_000, 20_000]


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    now = [0.0]
    progress = RunProgress(lambda _: None, hidden=False, clock=lambda: now[0])
    with redirect_stderr(io.StringIO()) as log:
        for second in range(25):
            now[0] = second
            progress.indexed(5000 * second, second / 50)
    assert log.getvalue() == (
        "preflight: reading the manifest: 50,000 rows, 20 % of the file\n"
        "preflight: reading the manifest: 100,000 rows, 40 % of the file\n"
    )


def test_parts_that_are_read_at_the_start_are_told_of() -> None:
    now = [0.0]
    progress = RunProgress(lambda _: None, hidden=False, clock=lambda: now[0])
    with redirect_stderr(io.StringIO()) as log:
        for part in range(1, 16):
            now[0] = part
            progress.counted(100 * part, 2000)
    assert log.getvalue() == "preflight: reading the parts that are there: 1,000 of 2,000\n"


def test_nothing_is_said_where_progress_is_hidden() -> None:
    now = [0.0]
    progress = RunProgress(lambda _: None, hidden=True, clock=lambda: now[0])
    with redirect_stderr(io.StringIO()) as log:
        now[0] = 60.0
        progress.indexed(5000, 0.5)
    assert log.getvalue() == ""
