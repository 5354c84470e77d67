"""A run on disk, over many hosts and over local files: one worker against two, memory, and killing.

Killing is by ``tests/tools/run_kills.py``.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from section import Figure, Section, table

from tests.servers.cheap_hosts import hosts as served_at

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.runs.running import write_rows
from tests.support.command import CLIP, PICTURE
from tests.tools.run_kills import Run, compare, kill_run, manifest_over, to_the_end

_RATE, _MEMORY_MIB, _KILLS = 1.7, 250, 5


def measure(*, quick: bool) -> Section:
    """Rows that name a picture and a clip of their own each, at loopback addresses, then in a folder."""
    rows, hosts, kills, files = (60, 10, 1, 100) if quick else (20_000, 1000, _KILLS, 10_000)
    with tempfile.TemporaryDirectory() as name, served_at(Path(PICTURE), Path(CLIP), hosts) as server:
        folder = Path(name)
        manifest = manifest_over(server, folder / "jobs.jsonl", rows)
        empty = to_the_end([manifest_over(server, folder / "one.jsonl", 1), "--to", folder / "empty", *server.allow])
        one, two = _by_workers(manifest, folder / "run", *server.allow)
        killed = [manifest, "--to", folder / "killed", "--workers", "2", *server.allow]
        died, _ = kill_run(killed, kills=kills, longest_s=two.wall_s / kills)
        outcome = compare(folder / "run-2", folder / "killed", kills=died, rows=rows)
        near = _by_workers(_local_files(folder, files), folder / "near")
    memory = two.memory_mib - empty.memory_mib
    text = table(
        ("run", "rows a second:", "processor ms a row:", "most memory, MiB:"),
        [
            ("one row", "–", "–", f"{empty.memory_mib:.0f}"),
            *_rows(rows, "rows of URLs", one, two),
            *_rows(files // 2, "rows of local files", *near),
        ],
    )
    figures = (
        Figure(
            what=f"A run of {rows:,} rows, two workers against one",
            reach=f"≥ {_RATE} × the rate",
            measured=f"{one.wall_s / two.wall_s:.2f} ×",
            is_reached=one.wall_s / two.wall_s >= _RATE,
        ),
        Figure(
            what=f"A run over {files:,} local files, two workers against one",
            reach=f"≥ {_RATE} × the rate",
            measured=f"{near[0].wall_s / near[1].wall_s:.2f} ×",
            is_reached=near[0].wall_s / near[1].wall_s >= _RATE,
        ),
        Figure(
            what=f"Memory of a run of {rows:,} rows",
            reach=f"≤ {_MEMORY_MIB} MiB over that of one row",
            measured=f"{memory:.0f} MiB",
            is_reached=memory <= _MEMORY_MIB,
        ),
        Figure(
            what=f"A run of {rows:,} rows, killed",
            reach="every row once, the parts of an undisturbed run",
            measured=f"{outcome.rows:,} rows, {len(outcome.differing)} parts differ after {died} kills",
            is_reached=outcome.rows == rows and not outcome.differing,
        ),
    )
    return Section(text=text, figures=figures)


def _by_workers(manifest: Path, to: Path, *arguments: str) -> tuple[Run, Run]:
    """The run with one worker, and with two."""
    one, two = (
        to_the_end([manifest, "--to", f"{to}-{workers}", "--workers", str(workers), *arguments]) for workers in (1, 2)
    )
    return one, two


def _local_files(folder: Path, files: int) -> Path:
    """A manifest over links: files of their own to the run, which fill no disk."""
    picture, clip = shutil.copy(PICTURE, folder / "one.png"), shutil.copy(CLIP, folder / "one.mp4")
    for number in range(files // 2):
        os.link(picture, folder / f"{number}.png")
        os.link(clip, folder / f"{number}.mp4")
    return write_rows(folder / "local.jsonl", files // 2, lambda row: (f"{folder}/{row}.png", f"{folder}/{row}.mp4"))


def _rows(number: int, what: str, *runs: Run) -> list[tuple[str, ...]]:
    return [
        (f"{number:,} {what}, {label}", f"{number / run.wall_s:.0f}", f"{1000 * run.cpu_s / number:.1f}",
         f"{run.memory_mib:.0f}")
        for label, run in zip(("one worker", "two workers"), runs, strict=True)
    ]  # fmt: skip
