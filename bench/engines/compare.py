"""Ray Core, Ray Data and Daft over the same rows with a simulated reader: the table of ``docs/decisions.md``.

    python bench/engines/compare.py ray-core|ray-data|daft|processes ROWS FOLDER

It needs ``ray[data]`` and ``daft``, which preflight does not. A row is "read" by hashing 16 KiB once for each of its
two files and making a result of two kilobytes. Prints one line of JSON: seconds, processor seconds, memory, files, and
whether rows are in their order.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROWS_A_PART = 1000
_WORKERS = 2
_BLOCK = bytes(16 * 1024)


def check(row: int) -> str:
    """The line of one row."""
    digests = [hashlib.sha256(_BLOCK + str((row, number)).encode()).hexdigest() for number in (0, 1)]
    return json.dumps({"row": row, "files": digests, "filling": "x" * 1900})


def write_part(first: int, rows: int, folder: str) -> int:
    """One part, whole or absent."""
    target = Path(folder, f"part-{first // ROWS_A_PART:05d}.jsonl")
    temporary = target.with_suffix(".tmp")
    temporary.write_text("".join(check(row) + "\n" for row in range(first, first + rows)), "ascii")
    temporary.replace(target)
    return rows


def processes(rows: int, folder: str) -> None:
    with multiprocessing.get_context("spawn").Pool(_WORKERS) as pool:
        pool.starmap(write_part, [(first, ROWS_A_PART, folder) for first in range(0, rows, ROWS_A_PART)], chunksize=1)


def ray_core(rows: int, folder: str) -> None:
    import ray  # noqa: PLC0415 - only the one that is compared

    ray.init(num_cpus=_WORKERS, include_dashboard=False, object_store_memory=100 << 20, log_to_driver=False)
    task = ray.remote(write_part)
    waiting = list(range(0, rows, ROWS_A_PART))
    running = []
    while waiting or running:
        while waiting and len(running) < 2 * _WORKERS:
            running.append(task.remote(waiting.pop(0), ROWS_A_PART, folder))
        done, running = ray.wait(running)
        ray.get(done)
    ray.shutdown()


def ray_data(rows: int, folder: str) -> None:
    import ray  # noqa: PLC0415 - only the one that is compared

    ray.init(num_cpus=_WORKERS, include_dashboard=False, object_store_memory=400 << 20, log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False

    def batch(columns):
        return {"line": [check(int(row)) for row in columns["id"]]}

    ray.data.range(rows, override_num_blocks=rows // ROWS_A_PART).map_batches(batch, batch_size=ROWS_A_PART).write_json(
        folder
    )
    ray.shutdown()


def daft_frame(rows: int, folder: str) -> None:
    import daft  # noqa: PLC0415 - only the one that is compared

    @daft.func(return_dtype=daft.DataType.string())
    def line(row: int) -> str:
        return check(row)

    frame = daft.from_pydict({"id": list(range(rows))}).into_partitions(rows // ROWS_A_PART)
    frame.select(line(daft.col("id")).alias("line")).write_json(folder)


ENGINES: dict[str, Callable[[int, str], None]] = {
    "processes": processes,
    "ray-core": ray_core,
    "ray-data": ray_data,
    "daft": daft_frame,
}


def _tree(root: int) -> set[int]:
    """The process, all below it, and those of its Ray session, which are not below it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _memory_mib(pids: Iterable[int]) -> float:
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _in_order(folder: Path, rows: int) -> tuple[int, bool, int]:
    expected, in_order, found = 0, True, 0
    files = sorted(path for path in folder.rglob("*.json*") if path.is_file())
    for path in files:
        for text in path.open():
            value = json.loads(text)
            row = value["row"] if "row" in value else json.loads(value["line"])["row"]
            in_order = in_order and row == expected
            expected += 1
            found += 1
    return len(files), in_order and found == rows, found


def main(name: str, rows: int, folder: Path) -> None:
    folder.mkdir(parents=True)
    most, cpu, ended = 0.0, {}, threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.5):
            pids = _tree(os.getpid())
            most = max(most, _memory_mib(pids))
            cpu.update({pid: _cpu_s(pid) for pid in pids})

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.monotonic()
    ENGINES[name](rows, str(folder))
    wall = time.monotonic() - began
    ended.set()
    watcher.join()
    files, in_order, found = _in_order(folder, rows)
    print(json.dumps({
        "engine": name, "rows": found, "wall_s": round(wall, 1), "cpu_s": round(sum(cpu.values()), 1),
        "memory_mib": round(most), "files": files, "in_order": in_order,
    }))  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
