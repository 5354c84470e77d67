"""Workers that break their word: real processes that answer badly, late, twice or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from preflight.model import SparseBytes
from preflight.workers.pool import ANSWER_BYTES, REQUESTS_PER_WORKER, WorkerPool
from tests.support.processes import children, needs_proc, open_files

WALL = 2.0
LONG = 60.0
"""A wall clock that no test waits for."""

OBEDIENT = """
import json, os, sys
for line in sys.stdin.buffer:
    request = json.loads(line)
    for _, length in request["pieces"]:
        sys.stdin.buffer.read(length)
    answer = {"id": request["id"], "told": [{"worker": os.getpid(), "asked": request}]}
    print(json.dumps(answer), flush=True)
"""
"""Answers with its process id and with what it was asked."""

READ = """
import json, os, sys, time
request = json.loads(sys.stdin.buffer.readline())
for _, length in request["pieces"]:
    sys.stdin.buffer.read(length)
def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()
def answer(tracks):
    return json.dumps({"id": request["id"], "told": tracks}) + "\\n"
"""

MISBEHAVED = {
    "exits-at-once": "",
    "exits-when-asked": READ,
    "dies-when-asked": READ + "os.abort()",
    "answers-with-nothing": READ + "say('{}\\n')",
    "answers-with-noise": READ + "say('\\x00\\xff}{ no json\\n'); time.sleep(60)",
    "answers-half-and-exits": READ + "say(answer([{'track_type': 'General'}])[:-4])",
    "answers-with-a-number": READ + "say('7\\n'); time.sleep(60)",
    "answers-with-a-list": READ + "say('[1]\\n'); time.sleep(60)",
    "tracks-are-a-number": READ + "say(answer(7)); time.sleep(60)",
    "tracks-are-numbers": READ + "say(answer([7])); time.sleep(60)",
    "answers-too-much": READ + f"say(answer([{{'x': 'y' * {ANSWER_BYTES}}}])); time.sleep(60)",
    "answers-without-end": READ + "\nwhile True: say('x' * 65536)",
    "answers-too-deep": READ + "say('[' * 200_000 + '\\n'); time.sleep(60)",
    "answers-with-a-long-number": READ + "say('{\"told\": ' + '9' * 100_000 + '}\\n'); time.sleep(60)",
    "answers-another-question": READ + "request['id'] += 1; say(answer([])); time.sleep(60)",
    "closes-its-pipes": "import os, time; os.close(0); os.close(1); time.sleep(60)",
}
HANGING = {
    "never-reads": "import time; time.sleep(60)",
    "never-answers": READ + "time.sleep(60)",
    "answers-half": READ + "say(answer([{'track_type': 'General'}])[:-4]); time.sleep(60)",
    "closes-its-input": "import os, time; os.close(0); time.sleep(60)",
    "closes-its-output": "import os, time; os.close(1); time.sleep(60)",
    "ignores-signals": "import signal, time\nfor n in (1, 2, 13, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(60)",
}


def worker(script: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-c", script]


def ask(pool: WorkerPool, length: int = 10) -> Any:
    fetched = SparseBytes()
    fetched.add(0, bytes(length))
    return pool.ask(fetched, length)


@needs_proc
@pytest.mark.parametrize("script", MISBEHAVED.values(), ids=MISBEHAVED)
@pytest.mark.parametrize("length", [10, 1 << 21], ids=["small", "more-than-a-pipe-holds"])
def test_a_worker_that_misbehaves_has_no_opinion(script: str, length: int) -> None:
    before, files = children(), open_files()
    with WorkerPool(LONG, worker(script)) as pool:
        assert ask(pool, length) is None
        assert children() == before  # ended at once, not when the pool is closed
    assert open_files() == files


@needs_proc
@pytest.mark.parametrize("script", HANGING.values(), ids=HANGING)
@pytest.mark.parametrize("length", [10, 1 << 21], ids=["small", "more-than-a-pipe-holds"])
def test_a_worker_that_hangs_is_ended_by_the_clock(script: str, length: int) -> None:
    before = children()
    with WorkerPool(0.3, worker(script)) as pool:
        assert ask(pool, length) is None
        assert children() == before


@pytest.mark.parametrize(
    "command",
    [["/nonexistent/python"], [""], [os.devnull], [str(Path(__file__).parent)]],
    ids=["missing", "empty", "not-a-program", "a-folder"],
)
def test_a_worker_that_cannot_be_started_is_no_opinion(command: list[str]) -> None:
    with WorkerPool(command=command) as pool:
        pool.warm()
        assert ask(pool) is None


@pytest.mark.skipif(sys.platform != "linux", reason="limits are held to as Linux does")
@pytest.mark.parametrize(
    "used_up",
    [
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))",
        "import threading; threading.stack_size(1 << 46)",
    ],
    ids=["files", "threads"],
)
def test_a_system_without_more_files_or_threads_is_no_opinion(used_up: str) -> None:
    script = f"""
from preflight.model import SparseBytes
from preflight.workers.pool import WorkerPool
fetched = SparseBytes()
fetched.add(0, bytes(10))
with WorkerPool(command={worker(OBEDIENT)!r}) as pool:
    print(len(pool.ask(fetched, 10)))
pool = WorkerPool(command={worker(OBEDIENT)!r})
{used_up}
with pool:
    print(pool.ask(fetched, 10))
"""
    command = [sys.executable, "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONG)
    assert (ran.stdout, ran.stderr) == ("1\nNone\n", "")


def test_a_worker_is_asked_what_is_known_of_the_file_and_where_it_stands() -> None:
    fetched = SparseBytes()
    fetched.add(0, b"head")
    fetched.add(100, b"the tail")
    with WorkerPool(command=worker(OBEDIENT)) as pool:
        tracks = pool.ask(fetched, 108)
    assert tracks is not None
    assert tracks[0]["asked"]["size"] == 108
    assert tracks[0]["asked"]["pieces"] == [[0, 4], [100, 8]]


def test_an_answer_given_twice_is_not_taken_for_the_next_files() -> None:
    twice = OBEDIENT.replace("print(", "print(json.dumps(answer), flush=True); print(")
    with WorkerPool(LONG, worker(twice)) as pool:
        first, second = ask(pool, 10), ask(pool, 20)
    assert first[0]["asked"]["size"] == 10
    assert second is None or second[0]["asked"]["size"] == 20


def test_a_worker_is_replaced_after_its_share_of_files() -> None:
    with WorkerPool(LONG, worker(OBEDIENT)) as pool:
        workers = [ask(pool)[0]["worker"] for _ in range(REQUESTS_PER_WORKER + 1)]
    assert len(set(workers[:-1])) == 1
    assert workers[-1] not in workers[:-1]


def test_the_clock_starts_anew_for_each_question() -> None:
    slow = OBEDIENT.replace("    print(", "    import time; time.sleep(0.2)\n    print(")
    with WorkerPool(WALL, worker(slow)) as pool:
        workers = {ask(pool)[0]["worker"] for _ in range(12)}
    assert len(workers) == 1


@needs_proc
def test_closing_ends_every_worker_also_those_that_hang() -> None:
    before = children()
    started = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        with WorkerPool(LONG, worker(HANGING["never-answers"])) as pool:
            answers = [threads.submit(ask, pool, 1 << 21) for _ in range(4)]
            while len(children() - before) < 4:
                time.sleep(0.01)
        assert [answer.result(LONG) for answer in answers] == [None] * 4
    assert children() == before
    assert time.monotonic() - started < LONG


def test_the_environment_of_a_worker_holds_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFLIGHT_API_KEY", "sk-canary")
    monkeypatch.setenv("PREFLIGHT_API_KEY_FILE", "/keys/canary")
    monkeypatch.setenv("PREFLIGHT_LEDGER", "kept")
    telling = OBEDIENT.replace('"asked": request', '"environment": dict(os.environ)')
    with WorkerPool(command=worker(telling)) as pool:
        environment = ask(pool)[0]["environment"]
    assert "canary" not in json.dumps(environment)
    assert environment["PREFLIGHT_LEDGER"] == "kept"
