"""Workers that die of want of memory, or again and again of the same row."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from preflight.runs.engines.out_of_memory import is_out_of_memory
from tests.runs.running import children_of, verdicts_of, write_rows
from tests.support.command import CLIP, PICTURE, command, environment


@contextmanager
def poison() -> Iterator[tuple[str, list[int], list[int]]]:
    """The URL of a picture that kills who asks for it, the runs whose workers that are, and those that were killed."""
    runs: list[int] = []
    killed: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for worker in children_of(runs[0]) if runs else []:
                killed.append(worker)
                os.kill(worker, signal.SIGKILL)
            with suppress(OSError):
                picture = Path(PICTURE).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(picture)))
                self.send_header("Content-Type", "image/png")
                self.end_headers()
                self.wfile.write(picture)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/large.png", runs, killed
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()


def carried_out(arguments: list[str | Path], began: Callable[[int], object] = lambda _: None) -> tuple[int, str]:
    with subprocess.Popen(
        command("check", *arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        began(process.pid)
        _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


def test_rows_that_kill_their_workers_are_named_when_all_others_are_done(tmp_path: Path) -> None:
    with poison() as (url, runs, killed):
        manifest = write_rows(tmp_path / "jobs.jsonl", 100, lambda row: (url if row == 42 else PICTURE, CLIP))
        host = url.split("/")[2]
        to = tmp_path / "run"
        arguments = [manifest, "--to", to, "--workers", "1", "--part-rows", "10", "--allow-host", host]
        code, err = carried_out(arguments, runs.append)
        assert code == 2
        assert "3 workers died of part 4 (rows 41 to 50), the last one killed (signal 9)" in err
        assert len(killed) == 3
        assert sorted(set(range(1, 101)) - set(verdicts_of(to))) == list(range(41, 51))
        runs.clear()  # whatever it was, it is over
        code, err = carried_out(arguments)
    assert "9 of 10 parts are there" in err
    assert sorted(verdicts_of(to)) == list(range(1, 101))


@pytest.mark.parametrize("mebibytes", [70, 200])
def test_too_little_memory_is_an_error_without_a_traceback(mebibytes: int, tmp_path: Path) -> None:
    manifest = write_rows(tmp_path / "jobs.jsonl", 40)
    arguments = [manifest, "--to", tmp_path / "run", "--workers", "1", "--part-rows", "10"]
    limited = f"ulimit -v {mebibytes << 10}; exec {' '.join(command('check', *arguments))}"
    ran = subprocess.run(["bash", "-c", limited], env=environment(), capture_output=True, check=False, timeout=60)
    assert b"Traceback" not in ran.stderr
    assert ran.returncode == 0 or (ran.returncode == 2 and b"memory" in ran.stderr), ran.stderr
    assert carried_out(arguments)[0] == 0
    assert sorted(verdicts_of(tmp_path / "run")) == list(range(1, 41))


def test_want_of_memory_is_known_in_all_its_forms() -> None:
    nested = RuntimeError("x")
    nested.__cause__ = ExceptionGroup("", [ValueError(), MemoryError()])
    for error in (
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        ImportError("libXau.so.6: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
        nested,
    ):
        assert is_out_of_memory(error), error
    circle = ValueError()
    circle.__cause__ = circle
    for other in (circle, OSError(28, "No space left on device"), ImportError("no module"), RuntimeError("another")):
        assert not is_out_of_memory(other), other
