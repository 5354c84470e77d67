"""Many hosts in one process: the whole check of a URL, against a bare httpx client that does the same range GET.

The hosts are ports of one loopback address, so that no connection serves two URLs, and one ``AllowedHost`` covers them:
nobody allows 512 private hosts. The part left out is measured, too: the guard's check of a public address.
Nobody looks up names. All have 32 URLs under way at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
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
_PUBLIC = "93.184.215.14"
_AT_ONCE = 32
_SPAN = {"Range": "bytes=0-65535"}
_SPAN_BYTES = 65536
_OURS = "preflight: whole check, one opinion"
_BARE = "httpx.AsyncClient: the range GET alone"
_FLOOR = "asyncio streams: the range GET alone, nothing judged"
_REACH = 1.5


def measure(*, quick: bool) -> Section:
    """Rounds in turns over the same URLs, for a clip and for a picture."""
    tables, ratios = [], {}
    with Served(media.made(small=quick), ports=HOSTS) as served:
        served.begin()
        for name in ("fast-start.mp4", "5-mb.jpg"):
            urls = [served.url(name, number) for number in range(HOSTS)]
            cases: dict[str, Callable[[], Spent]] = {
                _OURS: lambda urls=urls: _ours(urls),  # type: ignore[misc]
                _BARE: lambda urls=urls: asyncio.run(_bare(urls)),  # type: ignore[misc]
                _FLOOR: lambda urls=urls: asyncio.run(_floor(urls)),  # type: ignore[misc]
            }
            spent = in_turns(cases, rounds=2 if quick else 11)
            ratios[name] = (wall_ratio(spent[_BARE], spent[_OURS]), cpu_ratio(spent[_BARE], spent[_OURS]))
            rows = [
                (
                    case,
                    f"{HOSTS / wall_ms(taken) * 1000:,.0f}",
                    f"{cpu_ms(taken) / HOSTS:.2f}",
                    f"{wall_ratio(spent[_BARE], taken):.2f}",
                    f"{cpu_ratio(spent[_BARE], taken):.2f}",
                )
                for case, taken in spent.items()
            ]
            heads = (f"`{name}`", "URLs a second:", "CPU a URL, ms:", "× httpx, wall:", "× httpx, CPU:")
            tables.append(table(heads, rows))
    (wall, cpu), (picture, _) = ratios["fast-start.mp4"], ratios["5-mb.jpg"]
    return Section(
        text="\n\n".join(
            [*tables, f"The guard's judgement of a public IPv4 address, left out above: {_guard_us():.0f} µs."]
        ),
        figures=(
            Figure(
                what="throughput, one process, many hosts, whole check of a URL",
                reach="≥ 1.5 × a bare `httpx.AsyncClient` doing the same range GET",
                measured=f"{wall:.2f} × for a clip (processor time {cpu:.2f} ×), {picture:.2f} × for a picture",
                is_reached=wall >= _REACH,
            ),
        ),
    )


def _guard_us() -> float:
    """Processor time of one judgement, in microseconds; a reading asks for two."""
    return 1e6 * min(spent_by(lambda: problem_of(_PUBLIC), 1000).cpu_s for _ in range(5))


def _ours(urls: Sequence[str]) -> Spent:
    wall, cpu = time.perf_counter(), time.process_time()
    with Engine(Options(allow=ALLOW, thorough=False)) as engine:
        for job in engine.check_each(Media(source=url) for url in urls):
            assert job.verdict is Verdict.PASS, job.findings
    return Spent(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu)


async def _bare(urls: Sequence[str]) -> Spent:
    async with httpx.AsyncClient() as client:

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
