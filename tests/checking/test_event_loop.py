"""Inside an event loop: nothing of a check runs in its thread, and nothing is left of calls that were cancelled."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from preflight import AllowedHost, ConfigurationError, Engine, Media, Options, Verdict, check_async
from preflight.checking.subjects import Checked
from tests.servers.lying import Server, serving
from tests.support.command import FIXTURES
from tests.support.processes import children, needs_proc, open_files
from tests.workers.test_pool import SPINNING

CLIP = FIXTURES / "clips" / "fast-start.mp4"
PICTURE = FIXTURES / "pictures" / "plain.png"
ENDS_S = 60
"""A bound for things that happen at once, on however busy a machine."""

WATCHED = """
import asyncio, sys, threading

from preflight import AllowedHost, Engine, Job, Media, Options, check_async

CLIP_URL, PICTURE_URL, JOB, MANIFEST, CLIP = sys.argv[1:]
seen = []
MAIN = threading.get_ident()
EVENTS = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "socket.getaddrinfo", "socket.connect",
          "import", "open", "os.listdir", "os.scandir", "ctypes.dlopen"}
HASHING = {"openssl_sha256", "sha256", "openssl_md5", "blake2b", "hexdigest", "digest", "file_digest"}
armed = False

def hook(event, args):
    if armed and event in EVENTS and threading.get_ident() == MAIN:
        seen.append((event, str(args)[:200]))

def profile(frame, event, called):
    if armed and event == "c_call" and getattr(called, "__name__", "") in HASHING:
        seen.append(("hash", called.__name__))

sys.addaudithook(hook)

async def main():
    global armed
    options = Options(allow=(AllowedHost("127.0.0.1"), AllowedHost("localhost")), thorough=True)
    named = CLIP_URL.replace("127.0.0.1", "localhost")
    body = {"model": "kling-v3-motion-control",
            "input": {"input_urls": [PICTURE_URL], "video_urls": [CLIP_URL], "mode": "720p"}}
    sys.setprofile(profile)
    armed = True
    reports = [await check_async(video=named, options=options)]
    reports += await asyncio.gather(
        check_async(image=PICTURE_URL, video=CLIP_URL, mode="1080p", options=options),
        check_async(body, options=options), check_async(Job(body=body), options=options),
        check_async(JOB, options=options), check_async(MANIFEST, options=options), check_async(CLIP, options=options))
    async with Engine(options) as engine:
        reports.append(await engine.check_async([Media(source=named), Job(body=body)]))
        async for result in engine.results([Media(source=CLIP_URL), Media(source=CLIP)]):
            reports.append(result.report)
    armed = False
    sys.setprofile(None)
    print(*(report.verdict.value for report in reports))
    print(seen)

asyncio.run(main())
"""


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    with serving({"a.mp4": CLIP, "a.png": PICTURE}) as server:
        yield server


def options_for(server: Server, **others: bool) -> Options:
    return Options(allow=(AllowedHost.parse(server.authority),), **others)  # type: ignore[arg-type]


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it holds within a bound that no machine is too busy for."""
    waiting = threading.Event()
    return any(holds() or waiting.wait(0.05) for _ in range(20 * ENDS_S)) or holds()


def test_nothing_of_a_check_runs_in_the_thread_of_the_event_loop(server: Server, tmp_path: Path) -> None:
    clip, picture = server.url("ok", "a.mp4"), server.url("ok", "a.png")
    job, manifest = tmp_path / "job.yaml", tmp_path / "jobs.csv"
    fields = f"input_urls: ['{picture}'], video_urls: ['{clip}']"
    job.write_text(f"model: kling-v3-motion-control\ninput: {{{fields}}}\n")
    manifest.write_text(f"image,video\n{picture},{clip}\n")
    command = [sys.executable, "-c", WATCHED, clip, picture, str(job), str(manifest), str(CLIP)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ENDS_S)

    verdicts, seen = ran.stdout.splitlines() or ("", ran.stderr)
    assert verdicts.split() == ["pass"] * 10, ran.stderr
    assert seen == "[]"


@needs_proc
def test_one_engine_serves_many_calls_with_a_bounded_pool_of_processes(server: Server) -> None:
    before = children()

    async def run() -> None:
        async with Engine(options_for(server, thorough=True)) as engine:
            urls = [server.url("ok", "a.mp4", f"v={number}") for number in range(60)]
            reports = await asyncio.gather(*(engine.check_async([Media(source=url)]) for url in urls))
            assert {report.verdict for report in reports} == {Verdict.PASS}
            second = {report.jobs[0].subjects[0].video.second is None for report in reports}  # type: ignore[union-attr]
            assert second == {False}
            assert 1 <= len(children() - before) <= max(2, len(os.sched_getaffinity(0)))
        assert children() == before

    asyncio.run(run())


@needs_proc
def test_nothing_is_left_of_a_thousand_cancelled_calls(server: Server) -> None:
    before, files = children(), open_files()

    async def run() -> None:
        async with Engine(options_for(server, thorough=True)) as engine:
            await engine.check_async([Media(source=server.url("ok", "a.mp4"))])
            threads, held = threading.active_count(), open_files()
            for number in range(10):
                behaviour = "stalls" if number % 2 else "drips-body"
                url = server.url(behaviour, "a.mp4")
                calls = [asyncio.create_task(engine.check_async([Media(source=url)])) for _ in range(100)]
                await asyncio.sleep(0.05)
                for call in calls:
                    call.cancel()
                done, _ = await asyncio.wait(calls, timeout=ENDS_S)
                assert len(done) == 100
                assert all(call.cancelled() for call in calls)
            assert asyncio.all_tasks() == {asyncio.current_task()}
            assert await asyncio.to_thread(eventually, lambda: open_files() - held <= 2)  # the pool's
            assert threading.active_count() - threads <= 3  # the pool's second, and that of to_thread
            assert len(children() - before) <= max(2, len(os.sched_getaffinity(0)))
            report = await engine.check_async([Media(source=server.url("ok", "a.mp4"))])
            assert report.verdict is Verdict.PASS

    asyncio.run(run())
    assert children() == before
    assert eventually(lambda: open_files() == files)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("preflight")]


@needs_proc
def test_functions_that_are_cancelled_leave_nothing(server: Server) -> None:
    before = children()

    async def run() -> None:
        url, options = server.url("stalls", "a.mp4"), options_for(server)
        calls = [asyncio.create_task(check_async(video=url, options=options)) for _ in range(50)]
        await asyncio.sleep(0.05)
        for call in calls:
            call.cancel()
        await asyncio.wait(calls, timeout=ENDS_S)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert eventually(lambda: children() == before)
    assert eventually(lambda: not [each for each in threading.enumerate() if each.name.startswith("preflight")])


@needs_proc
def test_cancelling_a_call_frees_the_process_that_was_asked(tmp_path: Path) -> None:
    spinning = tmp_path / "spinning.mp4"
    spinning.write_bytes(SPINNING)
    before = children()

    async def run() -> None:
        async with Engine(Options(thorough=True)) as engine:
            call = asyncio.create_task(engine.check_async([Media(source=str(spinning))]))
            assert await asyncio.to_thread(eventually, lambda: len(children() - before) == 1)
            asked = children() - before
            await asyncio.sleep(0.3)  # it may not be asked yet: then its question is dropped
            call.cancel()
            await asyncio.wait([call], timeout=ENDS_S)
            assert call.cancelled()
            report = await engine.check_async([Media(source=str(CLIP))])
            assert report.verdict is Verdict.PASS
            assert await asyncio.to_thread(eventually, lambda: not asked & children() or len(children() - before) <= 2)

    asyncio.run(run())
    assert children() == before


def test_several_loops_and_threads_use_one_engine_at_once(server: Server) -> None:
    url = server.url("ok", "a.mp4")
    with Engine(options_for(server)) as engine, ThreadPoolExecutor(6) as threads:

        def in_loop() -> Verdict:
            async def run() -> Verdict:
                return (await engine.check_async([Media(source=url)])).verdict

            return asyncio.run(run())

        def in_thread() -> Verdict:
            return engine.check([Media(source=url), Media(source=str(CLIP))]).verdict

        found = [threads.submit(each) for each in (in_loop, in_thread) * 6]
        assert {each.result(ENDS_S) for each in found} == {Verdict.PASS}


def test_results_come_as_they_are_ready_with_their_targets(server: Server) -> None:
    targets = [Media(source=server.url("drips-body", "a.mp4")), Media(source=server.url("ok", "a.png"))]

    async def run() -> Checked:
        async with Engine(options_for(server)) as engine:
            async for result in engine.results(targets):
                return result
        raise AssertionError

    first = asyncio.run(run())
    with Engine(options_for(server)) as engine:
        twin = next(iter(engine.results(targets)))
    assert (first.index, first.target, first.report.verdict) == (1, targets[1], Verdict.PASS)
    assert (twin.index, twin.target, twin.report.verdict) == (1, targets[1], Verdict.PASS)


def test_results_of_an_endless_iterable_take_no_more_than_a_window(server: Server) -> None:
    taken = 0

    async def endless() -> AsyncIterator[Media]:
        nonlocal taken
        while True:
            taken += 1
            yield Media(source=server.url("ok", "a.png"))

    def endless_too() -> Iterator[Media]:
        nonlocal taken
        while True:
            taken += 1
            yield Media(source=server.url("ok", "a.png"))

    async def run(targets: Callable[[], AsyncIterator[Media] | Iterator[Media]]) -> int:
        nonlocal taken
        taken, seen = 0, 0
        async with Engine(options_for(server)) as engine:
            results = engine.results(targets())
            async for result in results:
                seen += 1
                assert result.report.verdict is Verdict.PASS
                await asyncio.sleep(0)
                if seen == 400:
                    break
        return taken

    assert 400 <= asyncio.run(run(endless)) <= 400 + 257
    assert 400 <= asyncio.run(run(endless_too)) <= 400 + 257
    taken = 0
    with Engine(options_for(server)) as engine:
        for number, _ in enumerate(engine.results(endless_too()), start=1):
            if number == 400:
                break
    assert 400 <= taken <= 400 + 257


def test_an_error_of_the_iterable_reaches_the_caller(server: Server) -> None:
    def failing() -> Iterator[Media]:
        yield Media(source=server.url("ok", "a.png"))
        raise LookupError("no more")

    async def run() -> None:
        async with Engine(options_for(server)) as engine:
            async for _ in engine.results(failing()):
                pass

    with pytest.raises(LookupError, match="no more"):
        asyncio.run(run())
    with Engine(options_for(server)) as engine, pytest.raises(LookupError, match="no more"):
        list(engine.results(failing()))


def test_an_asynchronous_iterable_cannot_be_waited_for_without_a_loop() -> None:
    async def targets() -> AsyncIterator[Media]:
        yield Media(source=str(CLIP))

    with Engine() as engine, pytest.raises(TypeError, match="async for"):
        iter(engine.results(targets()))


def test_an_engine_that_was_closed_says_so(server: Server) -> None:
    engine = Engine(options_for(server, thorough=True))
    engine.close()
    engine.close()
    for source in (server.url("ok", "a.png"), str(CLIP)):
        with pytest.raises(ConfigurationError, match="closed"):
            engine.check([Media(source=source)])
        with pytest.raises(ConfigurationError, match="closed"):
            asyncio.run(engine.check_async([Media(source=source)]))


def test_closing_an_engine_ends_the_calls_under_way(server: Server) -> None:
    engine = Engine(options_for(server))
    url = server.url("stalls", "a.png")
    with ThreadPoolExecutor() as threads:
        calls = [
            threads.submit(lambda: engine.check([Media(source=url)])),
            threads.submit(lambda: list(engine.results([Media(source=url)]))),
            threads.submit(lambda: asyncio.run(engine.check_async([Media(source=url)]))),
            threads.submit(lambda: asyncio.run(first_of(engine, url))),
        ]
        assert eventually(lambda: len(server.log.requests) >= len(calls))
        engine.close()
        for call in calls:
            with pytest.raises(ConfigurationError, match="closed"):
                call.result(ENDS_S)


async def first_of(engine: Engine, url: str) -> Checked:
    async for result in engine.results([Media(source=url)]):
        return result
    raise AssertionError


@needs_proc
def test_an_engine_from_before_a_fork_says_that_it_cannot_be_used() -> None:
    script = f"""
import os
from preflight import Engine, Media, Options
engine = Engine(Options(thorough=True))
print(engine.check([Media(source={str(CLIP)!r})]).verdict.value, flush=True)
if os.fork() == 0:
    try:
        engine.check([Media(source={str(CLIP)!r})])
    except Exception as error:
        print(type(error).__name__, "forked" in str(error), flush=True)
    engine.close()
    os._exit(0)
os.wait()
print(engine.check([Media(source={str(CLIP)!r})]).verdict.value)
engine.close()
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=ENDS_S)
    assert ran.stdout.splitlines() == ["pass", "ConfigurationError True", "pass"], ran.stderr


@needs_proc
def test_an_engine_that_is_forgotten_ends_by_itself(server: Server) -> None:
    before = children()
    report = Engine(options_for(server)).check([Media(source=server.url("ok", "a.mp4"))])
    assert report.verdict is Verdict.PASS
    assert eventually(lambda: children() == before)
    assert eventually(lambda: not [each for each in threading.enumerate() if each.name.startswith("preflight")])
