"""Many hosts in one process: the whole check of a URL, against the same range GET and nothing else.

The least is the GET on a bare asyncio connection, which is what the reader stands on, too. The httpx client is used in
the cheapest way for many hosts: without keeping connections, for a pool that keeps them looks through all of them.

The hosts are ports of one loopback address, so that no connection serves two URLs, and one ``AllowedHost`` covers them:
nobody allows 512 private hosts. The part left out is measured, too: the guard's check of a public address.
Nobody looks up names. All have 32 URLs under way at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

import httpx
import media
from rounds import Spent, cpu_ms, cpu_ratio, in_turns, spent_by, wall_ms, wall_ratio
from section import Figure, Section, table
from served import Served

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Verdict
from preflight.model.target import Media
from preflight.sources.address_guard import problem_of
from preflight.sources.host import AllowedHost

HOSTS = 512
ALLOW = (AllowedHost("127.0.0.1"),)
_PUBLIC = tuple(f"93.184.{number >> 8}.{number & 255}" for number in range(5000))
"""Addresses of their own: the guard remembers what it has judged."""
_AT_ONCE = 32
_SPAN = {"Range": "bytes=0-65535"}
_SPAN_BYTES = 65536
_OURS = "preflight: whole check, one opinion"
_BARE = "httpx.AsyncClient, no connection kept: the range GET alone"
_FLOOR = "asyncio streams: the range GET alone, nothing judged"
_THOROUGH = "preflight: whole check, second opinion on every clip"
_REACH = {"fast-start.mp4": 2.0, "5-mb.jpg": 1.6}
"""How many times the processor time of the range GET a whole check may take."""
_REACH_THOROUGH = 0.7


def measure(*, quick: bool) -> Section:
    """Rounds in turns over the same URLs, for a clip and for a picture."""
    tables, figures = [], []
    with Served(media.made(small=quick), ports=HOSTS) as served:
        served.begin()
        for name in ("fast-start.mp4", "5-mb.jpg"):
            urls = [served.url(name, number) for number in range(HOSTS)]
            cases: dict[str, Callable[[], Spent]] = {
                _OURS: lambda urls=urls: _ours(urls, thorough=False),  # type: ignore[misc]
                _BARE: lambda urls=urls: asyncio.run(_bare(urls)),  # type: ignore[misc]
                _FLOOR: lambda urls=urls: asyncio.run(_floor(urls)),  # type: ignore[misc]
            }
            if name in media.CLIPS:
                cases[_THOROUGH] = lambda urls=urls: _ours(urls, thorough=True)  # type: ignore[misc]
            spent = in_turns(cases, rounds=2 if quick else 11)
            figures += _figures(name, spent)
            rows = [
                (
                    case,
                    f"{HOSTS / wall_ms(taken) * 1000:,.0f}",
                    f"{cpu_ms(taken) / HOSTS:.2f}",
                    f"{cpu_ratio(taken, spent[_FLOOR]):.2f}",
                    f"{cpu_ratio(taken, spent[_BARE]):.2f}",
                )
                for case, taken in spent.items()
            ]
            heads = (f"`{name}`", "URLs a second:", "CPU a URL, ms:", "× CPU of asyncio:", "× CPU of httpx:")
            tables.append(table(heads, rows))
    return Section(
        text="\n\n".join(
            [*tables, f"The guard's judgement of a public IPv4 address, left out above: {_guard_us():.0f} µs."]
        ),
        figures=tuple(figures),
        peers=("httpx",),
    )


def _figures(name: str, spent: Mapping[str, Sequence[Spent]]) -> Iterator[Figure]:
    times = cpu_ratio(spent[_OURS], spent[_FLOOR])
    yield Figure(
        what=f"processor time of a whole check of a URL, one opinion, `{name}`",
        reach=f"≤ {_REACH[name]:g} × the same range GET alone, on asyncio",
        measured=f"{times:.2f} × ({cpu_ms(spent[_OURS]) / HOSTS:.2f} ms over {cpu_ms(spent[_FLOOR]) / HOSTS:.2f} ms)",
        is_reached=times <= _REACH[name],
    )
    if _THOROUGH in spent:
        share = wall_ratio(spent[_OURS], spent[_THOROUGH])
        yield Figure(
            what="throughput with a second opinion on every clip",
            reach=f"≥ {_REACH_THOROUGH:g} × that with one opinion",
            measured=f"{share:.2f} ×",
            is_reached=share >= _REACH_THOROUGH,
        )


def _guard_us() -> float:
    """Processor time of one judgement, in microseconds; a reading asks for two."""
    addresses = iter(_PUBLIC)
    return 1e6 * min(spent_by(lambda: problem_of(next(addresses)), 1000).cpu_s for _ in range(5))


def _ours(urls: Sequence[str], *, thorough: bool) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    with Engine(Options(allow=ALLOW, thorough=thorough)) as engine:
        for job in engine.check_each(Media(source=url) for url in urls):
            assert job.verdict is Verdict.PASS, job.findings
    return Spent(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)


async def _bare(urls: Sequence[str]) -> Spent:
    async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as client:

        async def get(url: str) -> int:
            return len((await client.get(url, headers=_SPAN)).content)

        return await _spent_on(urls, get)


async def _floor(urls: Sequence[str]) -> Spent:
    async def get(url: str) -> int:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            fields = "".join(f"{name}: {value}\r\n" for name, value in _SPAN.items())
            writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{fields}\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            return len(await reader.readexactly(_SPAN_BYTES))
        finally:
            writer.close()

    return await _spent_on(urls, get)


async def _spent_on(urls: Sequence[str], get: Callable[[str], Awaitable[int]]) -> Spent:
    """Without making the client: it would load TLS settings, which plain http does not need."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def gated(url: str) -> None:
        async with gate:
            assert await get(url) == _SPAN_BYTES

    wall, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as group:
        for url in urls:
            group.create_task(gated(url))
    return Spent(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)
