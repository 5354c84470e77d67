"""Everything that is asked for the length and size of a URL: preflight in several ways, then its peers.

A reader is a function from a URL to an ``Answer``; each call begins without a connection. ``In.PROCESS`` marks those
that are started as a process of their own, start included; the others run here, or in a node that was started before.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from io import SEEK_CUR, SEEK_END, SEEK_SET, RawIOBase
from pathlib import Path
from typing import Any, Self, TypeAlias

import httpx
import peers
from answer import Answer, ffprobe
from started import environment

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import ImageFacts, VideoFacts
from preflight.model.target import Media
from preflight.probes.probe import probe_media
from preflight.sources.host import AllowedHost
from preflight.sources.remote import RemoteReader

Read: TypeAlias = Callable[[str], Answer]

OURS = "preflight"
_NODE_SCRIPT = Path(__file__).with_name("node_peers.mjs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """``needs`` names the peer that must be there; ``reads`` says which of clips and pictures it knows."""

    name: str
    read: Read
    needs: str | None = None
    reads: frozenset[str] = frozenset({"clip", "picture"})
    is_process: bool = False
    ms: Callable[[], float] | None = None
    """Says how long the last call took by the reader's own clock, where that is the fair one."""


CLIPS, PICTURES = frozenset({"clip"}), frozenset({"picture"})


@contextmanager
def opened(allow: tuple[AllowedHost, ...]) -> Iterator[tuple[Reader, ...]]:
    """All readers whose peer is here. ``allow``: hosts that preflight may read from though they are private."""
    peers.use_python_peers()
    versions = peers.versions()
    with ExitStack() as stack:
        quick = stack.enter_context(Engine(Options(allow=allow, thorough=False)))
        thorough = stack.enter_context(Engine(Options(allow=allow)))
        node = stack.enter_context(_Node()) if versions["node"] else None
        every = (
            Reader(name=f"{OURS}: reader and probe", read=partial(_reader_alone, allow)),
            Reader(name=f"{OURS}: check, one opinion", read=partial(_check, quick)),
            Reader(name=f"{OURS}: check", read=partial(_check, thorough)),
            Reader(name="PyAV", read=_pyav, needs="PyAV", reads=CLIPS),
            Reader(name="pymediainfo, range file", read=_pymediainfo, needs="pymediainfo", reads=CLIPS),
            Reader(
                name="pymediainfo, `parse_speed=0`",
                read=partial(_pymediainfo, parse_speed=0),
                needs="pymediainfo",
            ),
            *((node.reader("mediabunny", CLIPS), node.reader("probe-image-size", PICTURES)) if node else ()),
            Reader(name="imagesize", read=_imagesize, needs="imagesize", reads=PICTURES),
            Reader(name=f"{OURS} check, process", read=partial(_command, allow), is_process=True),
            Reader(name="ffprobe, process", read=ffprobe, needs="ffprobe", is_process=True),
            Reader(name="mediainfo, process", read=_mediainfo, needs="mediainfo", is_process=True),
        )
        yield tuple(reader for reader in every if reader.needs is None or versions[reader.needs])


def _of_facts(facts: ImageFacts | VideoFacts | None, fault: Exception | None) -> Answer:
    if facts is None:
        return Answer(error=str(fault))
    size = None if facts.width is None or facts.height is None else (facts.width, facts.height)
    if isinstance(facts, ImageFacts):
        return Answer(size=size)
    seconds = facts.durations.container or facts.durations.video
    return Answer(seconds=None if seconds is None else float(seconds), size=size)


def _reader_alone(allow: tuple[AllowedHost, ...], url: str) -> Answer:
    async def read() -> Answer:
        async with RemoteReader(allow=allow) as reader:
            reading = await reader.read(url, partial(probe_media, kind=None))
        return _of_facts(reading.facts, reading.fault)

    return asyncio.run(read())


def _check(engine: Engine, url: str) -> Answer:
    job = next(engine.check_each([Media(source=url)]))
    return _of_facts(job.subjects[0].facts, job.subjects[0].fault)


def _command(allow: tuple[AllowedHost, ...], url: str) -> Answer:
    allowed = [part for each in allow for part in ("--allow-host", each.host)]
    command = [sys.executable, "-m", "preflight", "check", "--format", "json", *allowed, url]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    try:
        facts = json.loads(done.stdout)["jobs"][0]["subjects"][0]["facts"]
    except (ValueError, KeyError):
        return Answer(error=done.stderr or done.stdout)
    # Exact seconds travel as text, as a fraction where they must.
    whole, _, part = facts.get("duration_s", "").partition("/")
    seconds = float(whole) / float(part or 1) if whole else None
    return Answer(seconds=seconds, size=(facts["width"], facts["height"]))


def _pyav(url: str) -> Answer:
    import av  # type: ignore[import-not-found]  # noqa: PLC0415 - a peer, perhaps not installed

    try:
        with av.open(url) as container:
            stream = container.streams.video[0]
            seconds = None if container.duration is None else container.duration / av.time_base
            return Answer(seconds=seconds, size=(stream.width, stream.height))
    except av.FFmpegError as error:
        return Answer(error=str(error))


def _imagesize(url: str) -> Answer:
    import imagesize  # type: ignore[import-not-found]  # noqa: PLC0415 - a peer, perhaps not installed

    return Answer(size=imagesize.get(url))


def _pymediainfo(url: str, **options: Any) -> Answer:
    from pymediainfo import MediaInfo  # noqa: PLC0415 - for the others nothing should be loaded

    with httpx.Client() as client:
        found = MediaInfo.parse(RangeFile(client, url), **options)
    assert not isinstance(found, str)
    return _of_tracks([track.to_data() for track in found.tracks], "track_type", "duration", "width", "height")


def _mediainfo(url: str) -> Answer:
    done = subprocess.run(["mediainfo", "--Output=JSON", url], capture_output=True, text=True, check=False)
    tracks = (json.loads(done.stdout).get("media") or {}).get("track", [])
    said = _of_tracks(tracks, "@type", "Duration", "Width", "Height")
    return said if said.seconds is None else Answer(seconds=said.seconds * 1000, size=said.size)


def _of_tracks(tracks: list[dict[str, Any]], kind: str, duration: str, width: str, height: str) -> Answer:
    """From MediaInfo's tracks; the length is in milliseconds."""
    whole = next((track for track in tracks if track[kind] == "General"), {})
    picture = next((track for track in tracks if track[kind] in {"Video", "Image"}), {})
    if width not in picture:
        return Answer(error="no picture found")
    seconds = float(whole[duration]) / 1000 if duration in whole else None
    return Answer(seconds=seconds, size=(int(picture[width]), int(picture[height])))


class RangeFile(RawIOBase):
    """A URL as a file for MediaInfo: every read is a range request, on one connection. The first tells the size."""

    def __init__(self, client: httpx.Client, url: str) -> None:
        super().__init__()
        self._client = client
        self._url = url
        self._at = 0
        self._first = self._get(0, 64 * 1024)

    def _get(self, start: int, length: int) -> bytes:
        answer = self._client.get(self._url, headers={"Range": f"bytes={start}-{start + length - 1}"})
        if answer.status_code != httpx.codes.PARTIAL_CONTENT:
            return b""
        self._size = int(answer.headers["content-range"].rpartition("/")[2])
        return answer.content

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        self._at = offset + {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        if wanted <= 0:
            return b""
        known = self._first[self._at : self._at + wanted]
        data = known if len(known) == wanted else self._get(self._at, wanted)
        self._at += len(data)
        return data


class _Node:
    """A node with the peers that live there. It is asked by lines; the library is loaded before the first question."""

    def __enter__(self) -> Self:
        script = peers.FOLDER / _NODE_SCRIPT.name  # beside node_modules, where node looks for them
        script.parent.mkdir(exist_ok=True)
        script.write_bytes(_NODE_SCRIPT.read_bytes())
        self._process = subprocess.Popen(["node", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ms = 0.0
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def reader(self, peer: str, reads: frozenset[str]) -> Reader:
        return Reader(name=peer, read=partial(self._ask, peer), needs=peer, reads=reads, ms=lambda: self._ms)

    def _ask(self, peer: str, url: str) -> Answer:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"peer": peer, "url": url}).encode() + b"\n")
        self._process.stdin.flush()
        said = json.loads(self._process.stdout.readline())
        if "error" in said:
            return Answer(error=said["error"])
        self._ms = said["ms"]
        return Answer(seconds=said.get("seconds"), size=(said["width"], said["height"]))
