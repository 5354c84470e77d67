"""How an answer arrives changes nothing: facts, findings and receipt are those of one that comes all at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Kind, Subject, VideoFacts
from preflight.model.reading import FLIGHT_BYTES
from preflight.model.target import Media
from preflight.probes.probe import probe_media
from preflight.sources.host import AllowedHost
from tests.servers.arriving import Segments, arrived, at_once, cut_at, every
from tests.tools.probing import FIXTURES

MEDIA = sorted(
    path
    for folder in ("clips", "pictures", "rules")
    for path in (FIXTURES / folder).rglob("*")
    if path.is_file() and path.suffix not in {".yaml", ".json", ".csv", ".jsonl"} and path.stat().st_size
)
TYPICAL = [
    FIXTURES / name
    for name in (
        "clips/fast-start.mp4",
        "clips/fast-start.mov",
        "clips/moov-far-after-mdat.mp4",
        "clips/fragmented-15-seconds.mp4",
        "clips/avi.avi",
        "pictures/exif-thumbnail.jpg",
        "pictures/apng.png",
    )
]
PADDED = 200_000


def name_of(path: Path) -> str:
    return str(path.relative_to(FIXTURES))


PROBE = partial(probe_media, kind=None)


@pytest.mark.parametrize("path", MEDIA, ids=name_of)
def test_pieces_of_any_length_give_the_same_facts_and_receipt(path: Path) -> None:
    data = path.read_bytes()
    for ranges in (True, False):
        facts, receipt, _ = arrived(Segments(data, at_once, ranges=ranges), PROBE)
        cuts = [every(977), every(4096), cut_at(1), cut_at(8, 9, 200), cut_at(FLIGHT_BYTES - 1, FLIGHT_BYTES + 1)]
        for cut in cuts:
            assert arrived(Segments(data, cut, ranges=ranges), PROBE)[:2] == (facts, receipt)


@pytest.mark.parametrize("path", TYPICAL, ids=name_of)
@pytest.mark.parametrize("ranges", [True, False], ids=["ranges", "none"])
def test_a_cut_at_each_of_the_first_200_bytes_changes_nothing(path: Path, ranges: bool) -> None:
    data = path.read_bytes()
    facts, receipt, _ = arrived(Segments(data, at_once, ranges=ranges), PROBE)

    assert receipt.blocks[0][0] == 0
    for offset in range(1, 201):
        assert arrived(Segments(data, cut_at(offset), ranges=ranges), PROBE)[:2] == (facts, receipt)
    assert (
        arrived(Segments(data[:20_480], every(1), ranges=ranges), PROBE)[:2]
        == arrived(Segments(data[:20_480], at_once, ranges=ranges), PROBE)[:2]
    )


def padded(path: Path) -> bytes:
    """The file with bytes after it that no probe needs: in ``mdat``, or after the picture began."""
    data = path.read_bytes()
    if path.suffix in {".mp4", ".mov"}:
        return data + PADDED.to_bytes(4, "big") + b"mdat" + bytes(PADDED - 8)
    at = data.rindex(b"\xff\xda") + 40 if path.suffix == ".jpg" else data.index(b"IDAT") + 4
    return data[:at] + bytes(PADDED) + data[at:]


@pytest.mark.parametrize(
    "path",
    [FIXTURES / "clips/fast-start.mp4", FIXTURES / "pictures/cmyk.jpg", FIXTURES / "pictures/16-bit.png"],
    ids=name_of,
)
def test_what_comes_after_the_deciding_bytes_is_neither_waited_for_nor_judged(path: Path) -> None:
    data = padded(path)
    facts, receipt, taken = arrived(Segments(data, at_once), PROBE)
    assert taken == [64 * 1024]

    needed = max(end for _, _, end in receipt.blocks)
    assert needed < 64 * 1024
    steady = arrived(Segments(data, every(100)), PROBE)
    # The answer breaks off after the last byte that was needed, and would end the reading if one more was.
    broken = arrived(Segments(data, lambda body: iter([body[:needed]])), PROBE)

    assert steady[:2] == broken[:2] == (facts, receipt)
    assert steady[2][0] - needed < 100
    assert broken[2] == [needed]


@asynccontextmanager
async def dripping(data: bytes, cuts: Sequence[int]) -> AsyncIterator[int]:
    """A server of ``data`` with ranges whose answers, heads included, come in segments cut at these offsets."""
    accepted, closed = 0, asyncio.Semaphore(0)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal accepted
        accepted += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked = re.search(rb"bytes=(\d+)-(\d+)", head)
                assert asked is not None
                start, end = int(asked[1]), min(int(asked[2]) + 1, len(data))
                told = f"Content-Range: bytes {start}-{end - 1}/{len(data)}\r\nContent-Length: {end - start}"
                whole = f'HTTP/1.1 206 P\r\nETag: "1"\r\n{told}\r\n\r\n'.encode() + data[start:end]
                for first, last in zip([0, *cuts], [*cuts, len(whole)], strict=True):
                    writer.write(whole[first:last])
                    await writer.drain()
                    await asyncio.sleep(0.002)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            closed.release()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for _ in range(accepted):
            await asyncio.wait_for(closed.acquire(), 10)


def checked(path: Path, *cuts: Sequence[int]) -> list[tuple[object, ...]]:
    """Of a check with a second opinion, for each way to cut: facts, findings and receipt."""

    data = path.read_bytes()

    async def run(of: Sequence[int]) -> tuple[object, ...]:
        async with dripping(data, of) as port:
            options = Options(allow=(AllowedHost.parse(f"127.0.0.1:{port}"),), thorough=True)
            kind = Kind.VIDEO if "clips" in path.parts else Kind.IMAGE
            with Engine(options) as engine:
                report = await engine.check_async([Media(source=f"http://127.0.0.1:{port}/{path.name}", kind=kind)])
            (job,) = report.jobs
            (subject,) = job.subjects
            assert isinstance(subject, Subject)
            findings = tuple((it.rule, re.sub(r":\d+/", "/", it.message)) for it in job.findings)
            return subject.facts, findings, subject.receipt, subject.transfer.bytes_asked, job.verdict

    return [asyncio.run(run(of)) for of in cuts]


@pytest.mark.parametrize("path", TYPICAL, ids=name_of)
def test_segments_of_a_socket_give_the_same_check(path: Path) -> None:
    whole, *others = checked(path, [], [1, 17, 90, 150, 163], list(range(100, 4100, 100)))

    assert others == [whole] * len(others)
    assert not isinstance(whole[0], VideoFacts) or whole[0].second is not None
