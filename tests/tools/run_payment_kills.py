"""Kills ``preflight submit RUN`` at random moments, and counts what was paid for.

    python tests/tools/run_payment_kills.py 200 5
    python tests/tools/run_payment_kills.py 200 5 0.9

The third number is the share of the whole price that the budget allows.

A sandbox drops 10 % of its replies to paid requests, and a listener receives its callbacks. The command is started
again and again, killed with SIGKILL after a random time, and then once more, to its end. No job may be billed twice,
every task that was billed must stand in the ledger, and what was billed must never be more than the budget.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from preflight.ledger import Ledger
from tests.support.command import command, environment
from tests.support.service import Service, service
from tests.tools.kills import listening, outcome_of, until_settled

DROPPED = 0.10
PRICE = 360
"""Credits for 12 s at 720p."""
_LONGEST_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What is left after the killing. ``most_spent`` is the most that the account was charged at any time."""

    kills: int
    billed: int
    billed_twice: tuple[str, ...]
    lost: tuple[str, ...]
    intact: bool
    budget: int
    most_spent: Decimal
    lines: int
    states: Counter[str]
    last_code: int


def kill_payments(jobs: int, kills: int, folder: Path, *, budget: int, seed: int = 0, alive_s: float) -> RunOutcome:
    """Pay for ``jobs`` of a run, killed ``kills`` times after at most ``alive_s`` seconds, then to its end."""
    chance = random.Random(seed)
    with service(folder, credits=Decimal(10_000_000), seed=seed) as sandbox, listening(sandbox) as callback:
        write_manifest(sandbox, jobs)
        assert sandbox.run("check", "jobs.csv", "--to", "run", "--workers", "1", "-q").code == 0
        sandbox.arm("drop-after-billing", rate=DROPPED, count=None)
        arguments = ["run", "--budget", str(budget), "--yes", "--callback", callback, "--at-once", "4"]
        done, most = 0, Decimal(0)
        while done < kills:
            process = _start(sandbox, arguments)
            try:
                process.wait(chance.uniform(0.4, 1.0) * alive_s)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                done += 1
            process.wait()
            most = max(most, Decimal(str(sandbox.state["total_consumed"])))
            if process.returncode >= 0:
                break  # all is paid for, and there is nothing left to kill
        code = _to_the_end(sandbox, arguments)
        until_settled(folder / "ledger.db")
        outcome = outcome_of(sandbox, folder / "ledger.db", kills=done, jobs=jobs)
        lines = (folder / "run" / "submissions.jsonl").read_text("ascii").splitlines()
        return RunOutcome(
            kills=done,
            billed=outcome.billed,
            billed_twice=outcome.billed_twice,
            lost=outcome.lost,
            intact=outcome.intact,
            budget=budget,
            most_spent=max(most, Decimal(str(sandbox.state["total_consumed"]))),
            lines=len({json.loads(line)["row"] for line in lines}),
            states=outcome.states,
            last_code=code,
        )


def write_manifest(sandbox: Service, jobs: int, *, video: str = "12.mp4") -> Path:
    """A manifest of ``jobs`` jobs, each with a prompt of its own."""
    image, clip = sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", video)
    path = sandbox.folder / "jobs.csv"
    rows = [f"r{number},{image},{clip},prompt {number}\n" for number in range(jobs)]
    path.write_text("id,image,video,prompt\n" + "".join(rows), "ascii")
    return path


def _start(sandbox: Service, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    given = [*arguments, *sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    return subprocess.Popen(
        command("submit", *given),
        cwd=sandbox.folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _to_the_end(sandbox: Service, arguments: Sequence[str]) -> int:
    process = _start(sandbox, arguments)
    try:
        return process.wait(_LONGEST_S)
    finally:
        process.kill()
        process.wait()


def main(jobs: int, kills: int, share: float = 1.0) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        budget = int(PRICE * jobs * share)
        outcome = kill_payments(jobs, kills, Path(place), budget=budget, seed=7, alive_s=jobs / kills / 12)
        with Ledger(Path(place) / "ledger.db") as ledger:
            entries = len(ledger.entries())
    sys.stdout.write(f"{outcome}\n{entries} entries, {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:4]))
