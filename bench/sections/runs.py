"""A run on disk over many hosts: one worker against two, memory, and killing, by ``tests/tools/run_kills.py``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from hosts import hosts as served_at
from section import Figure, Section, table

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.command import CLIP, PICTURE
from tests.tools.run_kills import compare, kill_run, manifest_over, to_the_end

_RATE, _MEMORY_MIB, _KILLS = 1.7, 250, 5


def measure(*, quick: bool) -> Section:
    """Rows that name a picture and a clip of their own each, at loopback addresses."""
    rows, hosts, kills = (60, 10, 1) if quick else (20_000, 1000, _KILLS)
    with tempfile.TemporaryDirectory() as name, served_at(Path(PICTURE), Path(CLIP), hosts) as server:
        folder = Path(name)
        manifest = manifest_over(server, folder / "jobs.jsonl", rows)
        empty = to_the_end([manifest_over(server, folder / "one.jsonl", 1), "--to", folder / "empty", *server.allow])
        one, two = (
            to_the_end([manifest, "--to", folder / f"run{workers}", "--workers", str(workers), *server.allow])
            for workers in (1, 2)
        )
        killed = [manifest, "--to", folder / "killed", "--workers", "2", *server.allow]
        died = kill_run(killed, kills=kills, longest_s=two.wall_s / kills)
        outcome = compare(folder / "run2", folder / "killed", kills=died, rows=rows)
    memory = two.memory_mib - empty.memory_mib
    text = table(
        ("run", "rows a second:", "processor ms a row:", "most memory, MiB:"),
        [
            ("one row", "–", "–", f"{empty.memory_mib:.0f}"),
            *(
                (f"{rows:,} rows, {label}", f"{rows / run.wall_s:.0f}", f"{1000 * run.cpu_s / rows:.1f}",
                 f"{run.memory_mib:.0f}")
                for label, run in (("one worker", one), ("two workers", two))
            ),
        ],
    )  # fmt: skip
    figures = (
        Figure(
            what=f"A run of {rows:,} rows, two workers against one",
            reach=f"≥ {_RATE} × the rate",
            measured=f"{one.wall_s / two.wall_s:.2f} ×",
            is_reached=one.wall_s / two.wall_s >= _RATE,
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
