"""Kills ``preflight submit`` at random moments and counts what was paid for.

    python tests/tools/kills.py 1000
    python tests/tools/kills.py 100 0 late

A sandbox drops 15 % of its replies, a listener receives its callbacks. Each job is submitted again and again, each
process but the last killed with SIGKILL after a random time. At the end no job may have been billed twice, and every
task that was billed must stand in the ledger, settled.

``late``: the replies that are dropped become a gateway's 504, the job is billed up to 3 s later, nobody calls back, and
what is in doubt is resolved by the balance, again and again, before the job is submitted again.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from preflight.ledger import Entry, EntryState, Ledger
from tests.support.command import KEY, command, environment
from tests.support.jobs import job, write_job
from tests.support.service import Service, service

DROPPED = 0.15
LATE = 0.25
_LATEST_SECONDS = 4.0
_KILLS_A_JOB = 3
_SETTLING_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What is left after the killing. ``billed_twice`` and ``lost`` name jobs and tasks; both should be empty."""

    kills: int
    jobs: int
    billed: int
    states: Counter[str]
    billed_twice: tuple[str, ...]
    lost: tuple[str, ...]
    intact: bool


def kill_submissions(
    kills: int, folder: Path, *, seed: int = 0, longest: float | None = None, late: bool = False
) -> Outcome:
    """Kill ``kills`` processes and say what came of it. ``longest``: seconds a process may live before it is killed.

    ``late``: bills come later than answers, and the balance is asked instead of waiting for callbacks.
    """
    chance = random.Random(seed)
    with service(folder, credits=Decimal(10_000_000)) as sandbox, listening(sandbox) as callback:
        if longest is None:
            longest = 1.2 * _whole_run(sandbox, callback)
        if late:
            for seconds in (0.5, 3.0):
                sandbox.arm("504-then-billing", rate=LATE, count=None, seconds=seconds)
            sandbox.arm("callback-lost", count=None)
        else:
            sandbox.arm("drop-after-billing", rate=DROPPED, count=None)
        done = jobs = 0
        while done < kills:
            jobs += 1
            path = _job(sandbox, f"job {jobs}")
            for _ in range(min(_KILLS_A_JOB, kills - done)):
                done += _killed_after(chance.uniform(0, longest), sandbox, path, callback)
                if late:
                    _resolve_all(sandbox)
            _submit(sandbox, path, callback).wait()
        if late:
            time.sleep(_LATEST_SECONDS)
            _let_settle(folder / "ledger.db")
            _resolve_all(sandbox)
        else:
            until_settled(folder / "ledger.db")
        return outcome_of(sandbox, folder / "ledger.db", kills=done, jobs=jobs)


def outcome_of(sandbox: Service, path: Path, *, kills: int, jobs: int) -> Outcome:
    with Ledger(path) as ledger:
        ledger.mark_abandoned()
        entries = ledger.entries()
        with ledger.reading() as connection:
            intact = connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            tokens = dict(connection.execute("SELECT token_hash, job_hash FROM entry WHERE token_hash IS NOT NULL"))
    tasks = sandbox.state["tasks"]
    job_of = {
        task["id"]: tokens[sha256(task["callback_url"].rpartition("/")[2].encode()).hexdigest()] for task in tasks
    }
    known = {entry.task_id for entry in entries if entry.state in (EntryState.ACCEPTED, EntryState.COMPLETED)}
    # Without callbacks a job that was lost has no task; its entry stands for what was billed, or is in doubt.
    kept = {entry.job_hash for entry in entries if entry.task_id is None and entry.state in _KEPT}
    return Outcome(
        kills=kills,
        jobs=jobs,
        billed=len(tasks),
        states=Counter(entry.state.value for entry in entries),
        billed_twice=tuple(name for name, count in Counter(job_of.values()).items() if count > 1),
        lost=tuple(task for task, job_hash in job_of.items() if task not in known and job_hash not in kept),
        intact=intact,
    )


_KEPT = (EntryState.ACCEPTED, EntryState.UNKNOWN)


def _resolve_all(sandbox: Service) -> None:
    """What a hasty user does: asks the balance about everything that is in doubt."""
    with Ledger(sandbox.folder / "ledger.db") as ledger:
        ledger.mark_abandoned()
        open_ones = ledger.entries(states=[EntryState.UNKNOWN], limit=3)
    for entry in open_ones:
        given = ["ledger", "resolve", str(entry.id), *sandbox.options, *sandbox.ledger_options]
        subprocess.run(command(*given), env=environment(), capture_output=True, check=False, timeout=60)


def _let_settle(path: Path) -> None:
    """As if the settling time had passed for everything."""
    with Ledger(path) as ledger, ledger.changing() as connection:
        connection.execute("UPDATE entry SET settles_at = created_at WHERE state = 'unknown'")


def _job(sandbox: Service, prompt: str) -> Path:
    body = job(image=sandbox.media.url("ok", "a.png"), video=sandbox.media.url("ok", "12.mp4"), prompt=prompt)
    return write_job(sandbox.folder, body, f"{prompt.replace(' ', '-')}.yaml")


def _submit(sandbox: Service, path: Path, callback: str) -> subprocess.Popen[bytes]:
    given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options, "--callback", callback]
    return subprocess.Popen(
        command("submit", path, "--yes", *given),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _killed_after(seconds: float, sandbox: Service, path: Path, callback: str) -> int:
    """1 if the process was killed, 0 if it had ended by itself."""
    process = _submit(sandbox, path, callback)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    return int(process.wait() == -signal.SIGKILL)


def _whole_run(sandbox: Service, callback: str) -> float:
    started = time.monotonic()
    _submit(sandbox, _job(sandbox, "job 0"), callback).wait()
    return time.monotonic() - started


@contextmanager
def listening(sandbox: Service) -> Iterator[str]:
    given = ["listen", "--port", "0", "--api-url", sandbox.url, *sandbox.ledger_options]
    with subprocess.Popen(
        command(*given),
        env=environment({"PREFLIGHT_API_KEY": KEY, "PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        # Whatever it says from now on must be read, or it would wait for a reader.
        draining = subprocess.Popen(["cat"], stdin=process.stdout, stdout=subprocess.DEVNULL)
        try:
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
            draining.wait(30)


def until_settled(path: Path) -> None:
    """Wait for the callbacks of what was billed; what stays unknown was not."""
    end = time.monotonic() + _SETTLING_SECONDS
    with Ledger(path) as ledger:
        while time.monotonic() < end:
            ledger.mark_abandoned()
            before: tuple[Entry, ...] = ledger.entries(states=[EntryState.UNKNOWN, EntryState.ACCEPTED])
            time.sleep(5)
            if ledger.entries(states=[EntryState.UNKNOWN, EntryState.ACCEPTED]) == before:
                return


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        seed_ = int(sys.argv[2]) if len(sys.argv) > 2 else 0
        print(kill_submissions(int(sys.argv[1]), Path(place), seed=seed_, late="late" in sys.argv))  # noqa: T201 - a script
