"""Interrupts while preflight loads, and signals that were ignored when it was started (nohup, a background job)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.lying import serving
from tests.support.command import CLIP, PICTURE, command, environment
from tests.support.processes import within

LISTED = "import signal; print(*(signal.getsignal(n) is signal.SIG_IGN for n in (1, 2, 3)))"
HANDED_DOWN = f"""
import subprocess, sys
from tests.support.processes import hand_down_default_signals
hand_down_default_signals()
subprocess.run([sys.executable, "-c", {LISTED!r}], check=True)
"""
DETACHED = "trap '' HUP INT QUIT; exec \"$@\""


def detached(*arguments: str) -> list[str]:
    """A command as a shell starts it that has these signals ignored."""
    return ["/bin/sh", "-c", DETACHED, "sh", *arguments]


def test_children_of_tests_have_default_signals_where_the_tests_have_them_ignored() -> None:
    root = Path(__file__).parents[2]
    for script, expected in ((LISTED, "True True True"), (HANDED_DOWN, "False False False")):
        ran = subprocess.run(
            detached(sys.executable, "-c", script),
            cwd=root, env=os.environ | {"PYTHONPATH": str(root)},
            capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert ran.stdout.strip() == expected


def test_a_wait_without_an_end_fails() -> None:
    with pytest.raises(TimeoutError, match="a queue: not over after 1 s"), within(1, "a queue"):
        signal.pause()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT], ids=["hangup", "interrupt"])
def test_a_signal_that_is_ignored_does_not_end_a_run(number: signal.Signals) -> None:
    with serving({"a.mp4": Path(CLIP)}) as server:
        arguments = ["check", server.url("stalls", "a.mp4"), "--allow-host", server.authority, "--timeout", "3"]
        with subprocess.Popen(
            detached(*command(*arguments)), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            while not server.log.connections:
                assert process.poll() is None
                time.sleep(0.02)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 3, err
        assert b"unreachable" in out


# Interrupts itself where a module begins to load.
INTERRUPTED = """
import os, signal, sys
class Finder:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[1]:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder)
from preflight.cli import main
main(sys.argv[2:])
"""


@pytest.mark.parametrize("module", ["preflight.cli.run", "click", "preflight.cli.app"])
def test_an_interrupt_while_it_loads_prints_no_traceback(module: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module, "check", PICTURE],
        env=environment(), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (-signal.SIGINT, b"")


LOADED = "import sys; before = {*sys.modules}; from preflight.cli import main; print(*sorted({*sys.modules} - before))"


def test_nothing_is_loaded_before_interrupts_are_seen_to() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, timeout=60, check=True)
    assert set(ran.stdout.split()) <= {"__future__", "preflight", "preflight.lazy", "preflight.cli"}
