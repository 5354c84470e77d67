"""Processes that are started to be measured, as an installed program would start: with its bytecode in place."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rounds import Spent

_BYTECODE = Path(__file__).with_name(".media") / "bytecode"
PYTHON = sys.executable
SCRIPT = Path(sys.executable).with_name("preflight")
"""The console script, where there is one."""


def environment() -> dict[str, str]:
    """This process's, with a place for bytecode.

    An editable install has none where ``PYTHONDONTWRITEBYTECODE`` is set, and would be compiled at every start, which
    happens to nobody who installed a wheel.
    """
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(_BYTECODE)}


def spent_by_process(command: Sequence[str], variables: Mapping[str, str] | None = None) -> Spent:
    """The cost of a process from its start to its end, of its children too; one that fails is an error here."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=environment() | dict(variables or {}), capture_output=True, check=False)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(wall_s=wall, cpu_s=cpu)
