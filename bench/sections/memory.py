"""Memory of the parent over many URLs, with every report dropped as it comes."""

from __future__ import annotations

import gc
import os
from itertools import islice
from pathlib import Path

import media
from section import Figure, Section, table
from served import Served

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model.target import Media
from sections.throughput import ALLOW, HOSTS

_STEPS = (0, 1000, 2500, 5000, 7500, 10_000)
_FLAT_MIB = 5
"""Its allowed growth from the first thousand to the last URL: an allocator's own unrest."""
_REACH_MIB = 150


def measure(*, quick: bool) -> Section:
    """Resident memory of this process after so many URLs; every second one is a picture."""
    steps = [step // 10 for step in _STEPS] if quick else list(_STEPS)
    resident: dict[int, float] = {}
    with (
        Served(media.made(small=quick), ports=HOSTS) as served,
        Engine(Options(allow=ALLOW, thorough=False)) as engine,
    ):
        served.begin()
        names = ("fast-start.mp4", "5-mb.jpg")
        # A query makes each a file of its own: one that was met before would not be read again.
        targets = (Media(source=f"{served.url(names[number % 2], number)}?{number}") for number in range(steps[-1]))
        reports = engine.check_each(targets)
        done = 0
        for step in steps:
            done += sum(1 for _ in islice(reports, step - done))
            gc.collect()
            resident[done] = _resident_mib()
    first, last, most = resident[steps[1]], resident[steps[-1]], max(resident.values())
    row = [f"{size:.1f}" for size in resident.values()]
    return Section(
        text=table(("URLs checked", *(f"{count:,}:" for count in resident)), [("resident, MiB", *row)]),
        figures=(
            Figure(
                what=f"memory over {steps[-1]:,} URLs",
                reach="flat; parent ≤ 150 MB",
                measured=f"{first:.1f} MiB after {steps[1]:,}, {last:.1f} after {steps[-1]:,}, {most:.1f} at most",
                is_reached=last - first <= _FLAT_MIB and most <= _REACH_MIB * 1e6 / 2**20,
            ),
        ),
    )


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
