"""Kills ``preflight check MANIFEST --to RUN`` again and again, and compares its results with an undisturbed run.

    python tests/tools/run_kills.py 1000000 5

Rows name a picture or a clip by turns, each a file of its own, at 1 000 loopback addresses. Prints rates
and memory, and holds the rows to those of a shorter run that was not disturbed. A million rows take both cores for the
better part of an hour, and 3 GB of the temporary folder.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from preflight.runs.limits import ROWS_A_PART
from tests.runs.running import timeless, verdicts_of, write_rows
from tests.servers.cheap_hosts import hosts as served_at
from tests.servers.many_hosts import ManyHosts
from tests.support.command import CLIP, PICTURE, command, environment

_LONGEST_SECONDS = 7200
_UNDISTURBED = 20
"""How many times as many rows the killed run has as the undisturbed one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run to its end: its exit code, seconds, processor seconds, and the most memory (PSS) in MiB."""

    code: int
    wall_s: float
    cpu_s: float
    memory_mib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """``differing``: parts that are not those of the undisturbed run."""

    kills: int
    rows: int
    expected_rows: int
    differing: tuple[str, ...]
    same_verdicts: bool


def to_the_end(arguments: Sequence[str | Path]) -> Run:
    """Run the command to its end, measured."""
    began, before = time.monotonic(), os.times()
    process = subprocess.Popen(
        command("check", *arguments), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    most = 0.0
    while process.poll() is None:
        most = max(most, memory_mib(process.pid))
        time.sleep(0.2)
        if time.monotonic() - began > _LONGEST_SECONDS:
            process.kill()
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(code=process.returncode, wall_s=time.monotonic() - began, cpu_s=cpu, memory_mib=most)


def kill_run(arguments: Sequence[str | Path], *, kills: int, longest_s: float, seed: int = 0) -> tuple[int, Run]:
    """Kill the command ``kills`` times after random times, then run it to its end.

    Returns how many died of it, and the run that came to its end.
    """
    chance, killed = random.Random(seed), 0
    for _ in range(kills):
        process = subprocess.Popen(
            command("check", *arguments), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(chance.uniform(0.1, 1.0) * longest_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.wait()
    return killed, to_the_end(arguments)


def compare(undisturbed: Path, killed: Path, *, kills: int, rows: int) -> Outcome:
    """How the results of a run that was killed differ from those of one that was not."""
    verdicts = verdicts_of(killed)
    parts = sorted({part.name for folder in (undisturbed, killed) for part in folder.glob("part-*.jsonl")})
    return Outcome(
        kills=kills,
        rows=len(verdicts),
        expected_rows=rows,
        differing=tuple(name for name in parts if not _is_same(undisturbed / name, killed / name)),
        same_verdicts=verdicts_of(undisturbed) == verdicts,
    )


def _is_same(one: Path, other: Path) -> bool:
    """Whether two parts hold the same but for times: one at a time, since a run may hold a million rows."""
    return one.exists() and other.exists() and list(timeless(one)) == list(timeless(other))


def memory_mib(root: int) -> float:
    """The memory of a process and all below it: shared pages are shared out (PSS)."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text("utf-8", "replace").partition(" ")
            parents.setdefault(int(rest.rpartition(")")[2].split()[1]), []).append(int(pid))
        except (OSError, ValueError, IndexError):
            continue
    waiting, total = [root], 0
    while waiting:
        pid = waiting.pop()
        waiting += parents.get(pid, [])
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def manifest_over(server: ManyHosts, path: Path, rows: int) -> Path:
    """A manifest whose every row names files of its own, at hosts by turns."""
    return write_rows(
        path, rows, lambda row: (server.url(2 * row, f"{row}.png"), server.url(2 * row + 1, f"{row}.mp4"))
    )


def halves_over(server: ManyHosts, path: Path, rows: int) -> Path:
    """A table whose rows name a picture or a clip by turns, each a file of its own, at hosts by turns."""
    with path.open("w", encoding="ascii") as file:
        file.write("id,image,video\n")
        for row in range(0, rows, 2):
            file.write(f"r{row},{server.url(row, f'{row}.png')},\n")
            file.write(f"r{row + 1},,{server.url(row + 1, f'{row + 1}.mp4')}\n")
    return path


def main(rows: int, kills: int, hosts: int = 1000) -> None:
    few = min(rows, max(1, rows // _UNDISTURBED // ROWS_A_PART) * ROWS_A_PART)
    with tempfile.TemporaryDirectory() as name, served_at(Path(PICTURE), Path(CLIP), hosts) as server:
        folder = Path(name)
        empty = to_the_end([halves_over(server, folder / "two.csv", 2), "--to", folder / "empty", *server.allow])
        _tell(f"two rows: {empty}")
        manifest = halves_over(server, folder / "jobs.csv", few)
        runs = {}
        for workers in (1, 2):
            arguments = [manifest, "--to", folder / f"run{workers}", "--workers", str(workers), *server.allow]
            runs[workers] = to_the_end(arguments)
            _tell(f"{few} rows, {workers} workers: {runs[workers]}, {few / runs[workers].wall_s:.1f} rows/s")
        killed, longest_s = folder / "killed", runs[2].wall_s * rows / few / max(1, kills)
        arguments = [halves_over(server, manifest, rows), "--to", killed, "--workers", "2", *server.allow]
        began = time.monotonic()
        died, last = kill_run(arguments, kills=kills, longest_s=longest_s)
        _tell(f"{rows} rows in {time.monotonic() - began:.0f} s, {died} times killed; after the last time: {last}")
        _tell(f"memory over that of two rows: {last.memory_mib - empty.memory_mib:.0f} MiB")
        for part in sorted((folder / "run2").glob("part-*.jsonl")):
            assert _is_same(part, killed / part.name), part.name
        told, expected = _told(killed, server), _told(folder / "run2", server)
        others = [(each, times) for each, times in told.items() if each not in expected]
        _tell(f"{told.total()} rows after the killing, {sum(times for _, times in others)} of them told otherwise")
        for each, times in others[:3]:
            _tell(f"{times} times: {each}")


def _told(run: Path, server: ManyHosts) -> Counter[str]:
    """What a run says of its rows, and of how many: without their place, their file's name and the hash of their job.

    Fails unless the rows are those of ``halves_over``, each once, in order.
    """
    told: Counter[str] = Counter()
    lines = (line for part in sorted(run.glob("part-*.jsonl")) for line in timeless(part))
    for number, line in enumerate(lines):
        row = json.loads(line)
        assert (row["row"], row["line"], row["id"]) == (number + 1, number + 2, f"r{number}")
        row |= {"row": 0, "line": 0, "id": "", "identity": ""}
        for finding in row["findings"]:
            finding.update(line=0, column=0)
        url = server.url(number, f"{number}.mp4" if number % 2 else f"{number}.png")
        told[json.dumps(row).replace(url, "URL")] += 1
    return told


def _tell(text: object) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *map(int, sys.argv[3:4]))
