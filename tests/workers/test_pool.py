"""The pool with MediaInfo in it: what it answers, what it gives up on, and that nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from struct import pack_into
from typing import Any

import pytest

from preflight.model import SparseBytes
from preflight.workers.pool import COMMAND, Question, WorkerPool
from tests.support.processes import children, needs_proc, open_files
from tests.tools.probing import FIXTURES

CLIP = (FIXTURES / "clips" / "fast-start.mp4").read_bytes()
TAIL_CLIP = (FIXTURES / "clips" / "moov-after-mdat.mp4").read_bytes()
LONG = 60.0
"""A wall clock that no test waits for."""

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits are held to as Linux does")


def pieces(*parts: tuple[int, bytes]) -> SparseBytes:
    fetched = SparseBytes()
    for start, data in parts:
        fetched.add(start, data)
    return fetched


def ask(pool: WorkerPool, clip: bytes) -> list[Any] | None:
    return pool.ask(pieces((0, clip)), len(clip))


def with_count(clip: bytes, table: bytes, count: int) -> bytes:
    """The clip with another number of entries claimed by its first ``table`` (ISO/IEC 14496-12: after 4 bytes)."""
    changed = bytearray(clip)
    pack_into(">I", changed, clip.index(table) + 8, count)
    return bytes(changed)


SPINNING = with_count(CLIP, b"stts", 0x7FFFFFFF)
"""MediaInfo counts through the two thousand million entries, one by one."""
HUNGRY = with_count(CLIP, b"elst", 0x7FFFFFFF)
"""MediaInfo keeps 24 bytes for each of the entries, whether they are there or not."""
PARTIAL = with_count(CLIP, b"elst", 1 << 25)
"""The same, with so many that the table fails to grow while it holds half of what it may."""


@pytest.fixture(name="before")
def _before() -> set[int]:
    return children()


def seconds(tracks: list[Any] | None) -> float:
    assert tracks is not None
    return float(tracks[0]["duration"]) / 1000


def test_a_clip_is_answered_with_its_tracks() -> None:
    with WorkerPool() as pool:
        tracks = ask(pool, CLIP)
    assert tracks is not None
    assert [track["track_type"] for track in tracks] == ["General", "Video", "Audio"]
    assert seconds(tracks) == 4
    assert (tracks[1]["width"], tracks[1]["height"]) == ("640", "360")


def test_holes_read_as_the_end_of_the_file() -> None:
    clip = (FIXTURES / "clips" / "moov-far-after-mdat.mp4").read_bytes()
    moov = clip.index(b"moov") - 4
    with WorkerPool() as pool:
        assert seconds(pool.ask(pieces((0, clip[:65536]), (moov, clip[moov:])), len(clip))) == seconds(ask(pool, clip))


def test_nothing_fetched_is_nothing_recognised() -> None:
    with WorkerPool() as pool:
        tracks = pool.ask(SparseBytes(), 1 << 40)
        assert tracks is not None
        assert not any(track["format"] for track in tracks)
        assert seconds(ask(pool, CLIP)) == 4


@needs_proc
def test_a_worker_stays_for_the_next_file(before: set[int]) -> None:
    with WorkerPool() as pool:
        ask(pool, CLIP)
        first = children() - before
        ask(pool, TAIL_CLIP)
        assert len(first) == 1
        assert children() - before == first


@needs_proc
def test_a_warmed_cage_has_its_worker_before_it_is_asked(before: set[int]) -> None:
    with WorkerPool() as pool:
        pool.warm()
        first = children() - before
        assert seconds(ask(pool, CLIP)) == 4
        assert children() - before == first


@needs_proc
def test_a_worker_killed_while_it_is_idle_is_replaced_and_the_question_answered(before: set[int]) -> None:
    with WorkerPool() as pool:
        ask(pool, CLIP)
        (pid,) = children() - before
        os.kill(pid, signal.SIGKILL)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # dead, and left for the pool to find
        assert seconds(ask(pool, CLIP)) == 4
        assert pid not in children()


@needs_proc
def test_a_worker_killed_while_it_is_asked_has_no_opinion_and_is_replaced(before: set[int]) -> None:
    with WorkerPool(LONG) as pool, ThreadPoolExecutor() as threads:
        pool.warm()
        (pid,) = children() - before
        answer = threads.submit(ask, pool, SPINNING)
        while not answer.done():
            os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
            if pid not in children():
                break
        assert answer.result(LONG) is None
        assert seconds(ask(pool, CLIP)) == 4


def test_a_clip_that_makes_mediainfo_spin_is_ended_by_the_clock() -> None:
    with WorkerPool(1.0) as pool:
        assert ask(pool, SPINNING) is None
    with WorkerPool() as pool:
        assert seconds(ask(pool, CLIP)) == 4


@needs_limits
def test_a_clip_that_makes_mediainfo_spin_is_ended_by_its_own_limit_on_processor_time() -> None:
    with WorkerPool(LONG) as pool:
        assert ask(pool, SPINNING) is None
        assert seconds(ask(pool, CLIP)) == 4


@needs_limits
@pytest.mark.parametrize("clip", [HUNGRY, PARTIAL], ids=["gigabytes", "half-a-table"])
def test_a_clip_that_takes_too_much_memory_gets_no_opinion_and_never_half_of_one(clip: bytes) -> None:
    with WorkerPool(LONG) as pool:
        assert ask(pool, clip) is None
        assert seconds(ask(pool, CLIP)) == 4


def test_a_library_that_cannot_be_loaded_is_no_opinion(tmp_path: Path) -> None:
    package = tmp_path / "pymediainfo"
    package.mkdir()
    for name in ("__init__.py", "libmediainfo.so.0", "libmediainfo.0.dylib", "MediaInfo.dll"):
        (package / name).touch()
    script = (
        f"import runpy, sys; sys.path.insert(0, {str(tmp_path)!r}); runpy.run_path({COMMAND[-1]!r}, {{}}, '__main__')"
    )
    with WorkerPool(command=[sys.executable, "-P", "-c", script]) as pool:
        assert ask(pool, CLIP) is None
        assert ask(pool, CLIP) is None


@needs_proc
def test_questions_from_several_threads_are_answered_at_once(before: set[int]) -> None:
    with WorkerPool() as pool:
        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(lambda clip: seconds(ask(pool, clip)), [CLIP, TAIL_CLIP] * 30))
        assert answers == [4.0] * 60
        assert 1 <= len(children() - before) <= 6
    assert children() == before


@needs_proc
def test_nothing_is_left_of_two_hundred_questions(before: set[int]) -> None:
    with WorkerPool() as pool:
        ask(pool, CLIP)
        files = open_files()
        threads = threading.active_count()
        for _ in range(200):
            assert seconds(ask(pool, CLIP)) == 4
        assert open_files() == files
        assert threading.active_count() == threads
        assert len(children() - before) == 1
    assert children() == before


@needs_proc
def test_a_closed_cage_has_no_opinion_and_starts_nothing(before: set[int]) -> None:
    pool = WorkerPool()
    ask(pool, CLIP)
    pool.close()
    assert ask(pool, CLIP) is None
    pool.warm()
    pool.close()
    assert children() == before


@needs_proc
def test_closing_ends_a_worker_that_hangs(before: set[int]) -> None:
    with ThreadPoolExecutor() as threads:
        with WorkerPool(LONG) as pool:
            pool.warm()
            answer = threads.submit(ask, pool, SPINNING)
            time.sleep(0.1)
        assert answer.result(LONG) is None
    assert children() == before


@needs_limits
def test_an_environment_with_tighter_limits_of_its_own_is_no_trouble() -> None:
    lowered = """
import resource
from pathlib import Path
from preflight.model import SparseBytes
from preflight.workers.pool import WorkerPool
resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
resource.setrlimit(resource.RLIMIT_CPU, (3, 3))
clip = Path(CLIP).read_bytes()
fetched = SparseBytes()
fetched.add(0, clip)
with WorkerPool() as pool:
    print([len(pool.ask(fetched, len(clip)) or ()) for _ in range(3)])
""".replace("CLIP", repr(str(FIXTURES / "clips" / "fast-start.mp4")))
    ran = subprocess.run([sys.executable, "-c", lowered], capture_output=True, text=True, check=False, timeout=LONG)
    assert (ran.stdout, ran.stderr) == ("[3, 3, 3]\n", "")


@needs_proc
def test_a_bounded_pool_has_no_more_processes_than_it_may_and_answers_all(before: set[int]) -> None:
    with WorkerPool(most=2) as pool, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda clip: seconds(ask(pool, clip)), [CLIP, TAIL_CLIP] * 20))
        assert answers == [4.0] * 40
        assert 1 <= len(children() - before) <= 2
    assert children() == before


@needs_proc
def test_a_question_that_is_withdrawn_ends_its_process_and_the_next_one_is_answered(before: set[int]) -> None:
    with WorkerPool(LONG, most=1) as pool, ThreadPoolExecutor() as threads:
        pool.warm()
        (pid,) = children() - before
        asked, waiting = Question(pool), Question(pool)
        answers = [threads.submit(each.ask, pieces((0, SPINNING)), len(SPINNING)) for each in (asked, waiting)]
        while not (asked.worker or waiting.worker):
            time.sleep(0.01)
        for question in (waiting, asked):
            question.withdraw()
        assert [answer.result(LONG) for answer in answers] == [None, None]
        assert seconds(ask(pool, CLIP)) == 4
        assert pid not in children()


def test_a_pool_has_one_clock_and_it_ends_with_the_pool() -> None:
    threads = threading.active_count()
    with WorkerPool() as pool:
        for _ in range(3):
            ask(pool, CLIP)
        assert threading.active_count() == threads + 1
    assert threading.active_count() == threads
