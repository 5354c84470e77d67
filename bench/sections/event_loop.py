"""Inside an event loop: how long 200 checks at once hold it up, and how long they take beside the same as a batch.

A task of the same loop ticks every millisecond; the longest time between two ticks is the stall. Every clip gets its
second opinion, in the batch, too. The last table is of the pool of processes that give it.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable
from statistics import median

import media
from rounds import Spent, in_turns, wall_ms, wall_ratio
from section import Figure, Section, table
from served import Served

from preflight import check_async
from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Verdict
from preflight.model.target import Media
from preflight.sources.host import AllowedHost

CALLS = 200
_CLIPS = 512
_PORTS = _CLIPS
ALLOW = (AllowedHost("127.0.0.1"),)
_THOROUGH = Options(allow=ALLOW, thorough=True)
_QUICK = Options(allow=ALLOW, thorough=False)
_TICK_S = 0.001
_STALL_MS, _TOTAL, _SHARE = 25, 1.3, 0.7


def measure(*, quick: bool) -> Section:
    """Rounds in turns over the same URLs."""
    rounds = 1 if quick else 7
    stalls: dict[str, list[float]] = {}
    with Served(media.made(small=quick), ports=_PORTS) as served:
        served.begin()
        urls = [served.url("fast-start.mp4", number) for number in range(CALLS)]
        many = [served.url("fast-start.mp4", number) for number in range(100 if quick else _CLIPS)]
        cases: dict[str, Callable[[], Spent]] = {
            "Engine.check, the batch": lambda: _batch(urls, _THOROUGH),
            "Engine.check_async, 200 calls of one engine": lambda: _calls("engine", urls, stalls),
            "preflight.check_async, 200 calls": lambda: _calls("function", urls, stalls),
        }
        batch, engine, function = spent = list(in_turns(cases, rounds).values())
        one, two = in_turns(
            {"one": lambda: _batch(many, _QUICK), "two": lambda: _batch(many, _THOROUGH)}, rounds
        ).values()
    longest = {name: 1000 * median(each[1:] or each) for name, each in stalls.items()}
    rows = [
        (name, f"{wall_ms(each):,.0f}", f"{wall_ratio(each, batch):.2f}", stall)
        for (name, each, stall) in zip(
            cases, spent, ["", f"{longest['engine']:.1f}", f"{longest['function']:.1f}"], strict=True
        )
    ]
    totals = (wall_ratio(engine, batch), wall_ratio(function, batch))
    share = wall_ratio(one, two)
    pool = [
        (name, f"{len(many) / wall_ms(each) * 1000:,.0f}")
        for name, each in (("one opinion", one), ("second opinion on every clip", two))
    ]
    return Section(
        text="\n\n".join(
            [
                table((f"{CALLS} clips", "wall, ms:", "× the batch:", "longest stall, ms:"), rows),
                table((f"{len(many)} clips, whole checks", "URLs a second:"), pool),
            ]
        ),
        figures=(
            Figure(
                what="longest stall of the event loop, 200 concurrent checks of clips",
                reach=f"≤ {_STALL_MS} ms",
                measured=f"{longest['engine']:.1f} ms with one engine, {longest['function']:.1f} ms without",
                is_reached=max(longest.values()) <= _STALL_MS,
            ),
            Figure(
                what="200 concurrent checks, wall clock",
                reach=f"≤ {_TOTAL} × the batch API",
                measured=f"{totals[0]:.2f} × with one engine, {totals[1]:.2f} × without",
                is_reached=max(totals) <= _TOTAL,
            ),
            Figure(
                what="throughput with the second opinion on every clip",
                reach=f"≥ {_SHARE} × that with one opinion",
                measured=f"{share:.2f} ×",
                is_reached=share >= _SHARE,
            ),
        ),
    )


def _batch(urls: list[str], options: Options) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    with Engine(options) as engine:
        report = engine.check([Media(source=url) for url in urls])
    assert report.verdict is Verdict.PASS
    return Spent(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)


def _calls(name: str, urls: list[str], stalls: dict[str, list[float]]) -> Spent:
    gc.collect()  # what other cases left behind is not collected in this loop
    spent, stall = asyncio.run(_with_one_engine(urls) if name == "engine" else _with_none(urls))
    stalls.setdefault(name, []).append(stall)
    return spent


async def _with_one_engine(urls: list[str]) -> tuple[Spent, float]:
    async def all_of_them() -> None:
        async with Engine(_THOROUGH) as engine:
            reports = await asyncio.gather(*(engine.check_async([Media(source=url)]) for url in urls))
        assert {report.verdict for report in reports} == {Verdict.PASS}

    return await _while_ticking(all_of_them())


async def _with_none(urls: list[str]) -> tuple[Spent, float]:
    async def all_of_them() -> None:
        reports = await asyncio.gather(*(check_async(video=url, options=_THOROUGH) for url in urls))
        assert {report.verdict for report in reports} == {Verdict.PASS}

    return await _while_ticking(all_of_them())


async def _while_ticking(work: object) -> tuple[Spent, float]:
    """The cost of ``work``, and the longest time between two ticks meanwhile, in seconds."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(_TICK_S)
            now = time.perf_counter()
            longest, last = max(longest, now - last - _TICK_S), now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    wall, cpu = time.perf_counter(), time.process_time()
    await work  # type: ignore[misc]  # a coroutine
    spent = Spent(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)
    ticking.cancel()
    return spent, longest
