"""What a worker cannot do: open anything, load strangers' modules, go on when memory ends, outlive its parent."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from preflight.workers import mediainfo as caged
from preflight.workers.pool import COMMAND
from tests.tools.probing import FIXTURES

CLIP = (FIXTURES / "clips" / "fast-start.mp4").read_bytes()
LONG = 60.0
"""A wall clock that no test waits for."""
SCRIPT = COMMAND[-1]

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits are held to as Linux does")


@needs_limits
def test_a_worker_opens_nothing_once_it_reads_what_strangers_wrote() -> None:
    """No file, no socket, no process, and no bound of these can be raised again by who is not root."""
    script = f"""
import os, resource, runpy, socket, sys
module = runpy.run_path(sys.argv[1])
if os.getuid() == 0:
    os.setuid(65534)
assert module["confine"]()
for attempt in (lambda: open(os.devnull), lambda: socket.socket(), os.pipe, os.fork):
    try:
        attempt()
    except OSError as error:
        print(error.errno, end=" ")
for name in ("NOFILE", "NPROC", "FSIZE", "CORE", "AS"):
    print(resource.getrlimit(getattr(resource, "RLIMIT_" + name)) in ((0, 0), ({caged.MEMORY_BYTES},) * 2), end=" ")
"""
    with TemporaryDirectory() as folder:  # the other user may not be allowed into the one that holds the package
        Path(folder).chmod(0o755)
        for name in (SCRIPT, str(Path(SCRIPT).with_name("confine.py"))):
            shutil.copy(name, folder)
        ran = subprocess.run(
            [sys.executable, "-P", "-c", script, str(Path(folder, Path(SCRIPT).name))],
            capture_output=True,
            text=True,
            check=False,
            timeout=LONG,
        )
    assert (ran.stdout, ran.stderr) == ("24 24 24 11 " + "True " * 5, "")


@needs_limits
def test_an_allocation_that_fails_in_the_library_ends_the_worker() -> None:
    """The handler that C++ calls when memory ends is the C library's ``abort``."""
    script = f"""
import ctypes, runpy
runpy.run_path({SCRIPT!r})["end_where_memory_does"]()
handler = ctypes.CDLL("libstdc++.so.6")["_ZSt15get_new_handlerv"]
handler.restype = ctypes.c_void_p
print(handler() == ctypes.cast(ctypes.CDLL(None)["abort"], ctypes.c_void_p).value)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=LONG)
    assert (ran.stdout, ran.stderr) == ("True\n", "")


@needs_limits
def test_pressure_is_what_a_process_has_held_at_any_time() -> None:
    script = f"""
import runpy
module = runpy.run_path({SCRIPT!r})
status = module["open_status"]()
print(module["under_pressure"](status))
len(bytearray(int(module["PRESSURE"] * module["MEMORY_BYTES"])))
print(module["under_pressure"](status), module["under_pressure"](None))
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=LONG)
    assert (ran.stdout, ran.stderr) == ("False\nTrue False\n", "")


@pytest.mark.parametrize("name", ["pymediainfo.py", "json.py", "ctypes.py", "preflight/__init__.py", "mediainfo.py"])
def test_a_module_in_the_current_folder_is_not_loaded(name: str, tmp_path: Path) -> None:
    """Somebody else's folder is where a check is run: what lies there is data."""
    planted = tmp_path / name
    planted.parent.mkdir(exist_ok=True)
    planted.write_text("from pathlib import Path\nPath('loaded').touch()\n", "utf-8")
    command = [sys.executable, "-P", "-m", "preflight", "probe", "--format", "json"]
    ran = subprocess.run(
        [*command, str(FIXTURES / "clips" / "matroska.mkv")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONG,
    )
    assert '"width": 640' in ran.stdout, ran.stderr  # which only MediaInfo can tell
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [Path(name).parts[0]]


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_an_interrupt_from_the_terminal_ends_a_question_without_a_word_from_the_worker() -> None:
    """The whole group gets it, as with Ctrl-C: the parent is interrupted, and nothing else writes or stays."""
    spinning = bytearray(CLIP)
    struct.pack_into(">I", spinning, CLIP.index(b"stts") + 8, 0x7FFFFFFF)
    script = f"""
import os, sys, threading, time, signal
from preflight.model import SparseBytes
from preflight.workers.pool import WorkerPool
data = sys.stdin.buffer.read()
fetched = SparseBytes()
fetched.add(0, data)
with WorkerPool({LONG}) as pool:
    pool.warm()
    threading.Timer(0.3, os.killpg, (0, signal.SIGINT)).start()
    try:
        pool.ask(fetched, len(data))
    except KeyboardInterrupt:
        print("interrupted")
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("nothing left")
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=bytes(spinning),
        capture_output=True,
        check=False,
        timeout=LONG,
        start_new_session=True,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"interrupted\nnothing left\n", b"", 0)


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_an_interrupt_that_the_parent_takes_calmly_leaves_the_worker_alone() -> None:
    script = """
import os, signal, sys
from preflight.model import SparseBytes
from preflight.workers.pool import WorkerPool
signal.signal(signal.SIGINT, lambda *_: None)
data = sys.stdin.buffer.read()
fetched = SparseBytes()
fetched.add(0, data)
with WorkerPool(60.0) as pool:
    first = pool.ask(fetched, len(data))
    os.killpg(0, signal.SIGINT)
    print(first is not None and pool.ask(fetched, len(data)) == first)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        input=CLIP,
        capture_output=True,
        check=False,
        timeout=LONG,
        start_new_session=True,
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"True\n", b"", 0)


@needs_limits
def test_a_worker_ends_with_its_parent() -> None:
    script = """
import os
from preflight.model import SparseBytes
from preflight.workers.pool import WorkerPool
pool = WorkerPool()
assert pool.ask(SparseBytes(), 1) is not None
print(pool._idle[0]._process.pid, flush=True)
os._exit(0)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=LONG)
    worker = Path("/proc", ran.stdout.strip(), "stat")
    ends = time.monotonic() + LONG
    while worker.exists() and worker.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < ends
        time.sleep(0.01)
