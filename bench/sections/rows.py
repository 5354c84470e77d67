"""The rows of a manifest whose files nobody asks for, as the offline hook judges them: processor time and memory."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from section import Figure, Section, table
from started import SCRIPT, environment

_ROW_MS, _MORE_MIB = 0.15, 20
_ROUNDS = 5


def measure(*, quick: bool) -> Section:
    """Each length several times in turns; the least processor time of each counts, since others only add to it."""
    lengths = (1, 200, 400) if quick else (1, 10_000, 20_000)
    least: dict[int, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for _ in range(2 if quick else _ROUNDS):
            for rows in lengths:
                cpu, memory = _judged(_manifest(Path(name), rows))
                before = least.get(rows, (cpu, memory))
                least[rows] = min(cpu, before[0]), max(memory, before[1])
    one, many = lengths[0], lengths[-1]
    row_ms = 1000 * (least[many][0] - least[one][0]) / (many - one)
    more = least[many][1] - least[one][1]
    text = table(
        ("rows", "processor time, s:", "most memory, MiB:"),
        [(f"{rows:,}", f"{cpu:.2f}", f"{memory:.0f}") for rows, (cpu, memory) in least.items()],
    )
    return Section(
        text=text,
        figures=(
            Figure(
                what="a row of a manifest with nothing to examine, `check --offline`",
                reach=f"≤ {_ROW_MS} ms of processor time",
                measured=f"{row_ms:.3f} ms",
                is_reached=row_ms <= _ROW_MS,
            ),
            Figure(
                what=f"memory of {many:,} such rows",
                reach=f"≤ {_MORE_MIB} MiB over that of one row",
                measured=f"{more:.0f} MiB",
                is_reached=more <= _MORE_MIB,
            ),
        ),
    )


def _manifest(folder: Path, rows: int) -> Path:
    path = folder / f"{rows}.csv"
    if not path.exists():
        base = "https://cdn.example.com"
        lines = (f"j{row},{base}/i/{row}.png,{base}/v/{row}.mp4\n" for row in range(rows))
        path.write_text("id,image,video\n" + "".join(lines), "utf-8")
    return path


def _judged(manifest: Path) -> tuple[float, float]:
    """Processor time in seconds and most memory in MiB of one whole command."""
    with subprocess.Popen(
        [str(SCRIPT), "check", "--offline", "-q", str(manifest)], env=environment(), stdout=subprocess.DEVNULL
    ) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"preflight ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
