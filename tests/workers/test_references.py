"""Files that name others, which MediaInfo would open or fetch: the pool follows none of them."""

from __future__ import annotations

import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from boxes import find, parse, serialise

from preflight.model import SparseBytes
from preflight.workers import mediainfo as caged
from preflight.workers.pool import COMMAND, WorkerPool
from tests.tools.probing import FIXTURES

CLIP = (FIXTURES / "clips" / "fast-start.mp4").read_bytes()
LONG = 60.0
"""A wall clock that no test waits for."""
SCRIPT = COMMAND[-1]
WITHOUT_LIMITS = [
    sys.executable,
    "-P",
    "-c",
    f"import runpy, sys; sys.modules['resource'] = None; runpy.run_path({SCRIPT!r}, run_name='__main__')",
]
"""A worker on a platform that has no ``resource``."""

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="limits are held to as Linux does")


def whole(data: bytes) -> SparseBytes:
    fetched = SparseBytes()
    fetched.add(0, data)
    return fetched


def seconds(pool: WorkerPool, data: bytes) -> float | None:
    tracks = pool.ask(whole(data), len(data))
    return float(tracks[0]["duration"]) / 1000 if tracks and tracks[0]["duration"] else None


def with_alias(folder: str, name: str) -> bytes:
    """The clip with a data reference of QuickTime's, an alias record (version 2) of ``name`` in ``folder``."""
    path, file = folder.encode(), name.encode()
    record = bytearray(150)
    struct.pack_into(">HHB", record, 4, 0, 2, 0)
    record[10:14] = b"\3vol"
    record[50:51] = bytes([len(file)])
    record[51 : 51 + len(file)] = file
    for tag, value in ((0, path), (0xFFFF, b"")):
        record += struct.pack(">HH", tag, len(value)) + value + bytes(len(value) % 2)
    struct.pack_into(">H", record, 4, len(record))
    entry = struct.pack(">I4sI", 12 + len(record), b"alis", 0) + record
    boxes = parse(CLIP)
    for dref in find(boxes, "moov/trak/mdia/minf/dinf/dref"):
        dref.payload = struct.pack(">II", 0, 1) + entry
    return serialise(boxes)


def references(target: str) -> dict[str, bytes]:
    """Files that make MediaInfo open ``target``, a path or a URL."""
    folder, _, name = target.rpartition("/")
    dash = "<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'><Period><AdaptationSet mimeType='video/mp4'>"
    dash += f"<Representation id='1'><BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    smooth = f"<smil><head></head><body><switch><video src='{target}'><param name='trackID' value='1'/></video>"
    smooth += "</switch></body></smil>"
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{target}\n#EXT-X-ENDLIST\n"
    return {
        "alias-in-mp4": with_alias(folder, name),
        "playlist": playlist.encode(),
        "dash": b"<?xml version='1.0'?>\n" + dash.encode(),
        "smooth-streaming": b"<?xml version='1.0'?>\n" + smooth.encode(),
        "smooth-streaming-utf-16": f"\ufeff<?xml version='1.0' encoding='utf-16'?>{smooth}".encode("utf-16-le"),
    }


@pytest.fixture(name="listener")
def _listener() -> Iterator[tuple[str, list[str]]]:
    """A port of this machine, as a URL, and the addresses of whoever connected to it."""
    callers: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stopped = threading.Event()

        def listen() -> None:
            while not stopped.is_set():
                try:
                    caller, address = server.accept()
                except TimeoutError:
                    continue
                callers.append(str(address))
                caller.close()

        thread = threading.Thread(target=listen)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/private.mp4", callers
        stopped.set()
        thread.join()


@pytest.mark.parametrize(
    "command",
    [pytest.param(COMMAND, marks=needs_limits, id="with-limits"), pytest.param(WITHOUT_LIMITS, id="without-limits")],
)
@pytest.mark.parametrize("how", references("x/y"))
def test_a_reference_in_a_file_is_never_followed_to_a_server(
    how: str, command: list[str], listener: tuple[str, list[str]]
) -> None:
    url, callers = listener
    data = references(url)[how]
    with WorkerPool(LONG, command) as pool:
        pool.ask(whole(data), len(data))
    assert callers == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a named pipe shows who opens it")
@pytest.mark.parametrize(
    "command",
    [pytest.param(COMMAND, marks=needs_limits, id="with-limits"), pytest.param(WITHOUT_LIMITS, id="without-limits")],
)
@pytest.mark.parametrize("how", references("x/y"))
def test_a_reference_in_a_file_is_never_followed_to_another_file(how: str, command: list[str], tmp_path: Path) -> None:
    """Whoever opens a named pipe to read waits for a writer; and a writer finds out whether anybody waits."""
    pipe = tmp_path / "private.mp4"
    os.mkfifo(pipe)
    data = references(str(pipe))[how]
    with WorkerPool(LONG, command) as pool, ThreadPoolExecutor() as threads:
        answer = threads.submit(pool.ask, whole(data), len(data))
        opened = 0
        while not answer.done():
            try:
                os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # nobody has it open
                time.sleep(0.002)
            else:
                opened += 1
    assert not opened


@needs_limits
def test_a_clip_with_a_reference_is_still_described() -> None:
    with WorkerPool() as pool:
        assert seconds(pool, with_alias("/nowhere", "x.mp4")) == 4


def test_without_limits_the_clock_is_left_and_whatever_may_name_others_is_not_looked_at() -> None:
    spinning = bytearray(CLIP)
    struct.pack_into(">I", spinning, CLIP.index(b"stts") + 8, 0x7FFFFFFF)
    with WorkerPool(2.0, WITHOUT_LIMITS) as pool:
        assert seconds(pool, CLIP) == 4
        assert pool.ask(whole(bytes(spinning)), len(spinning)) is None
        assert pool.ask(whole(with_alias("/nowhere", "x.mp4")), len(CLIP)) is None


TEXTS = {"html-named.mp4", "git-fat-pointer.mp4", "lfs-pointers-in-conflict.mp4"}
"""Text under the name of a clip, which begins like a playlist or a manifest."""


@pytest.mark.parametrize("path", sorted((FIXTURES / "clips").glob("*.m*")), ids=lambda path: path.name)
def test_ordinary_clips_do_not_look_as_if_they_named_others(path: Path) -> None:
    data = path.read_bytes()
    file = caged.SparseFile(len(data), [(0, data)])
    assert file.may_name_others() is (path.name in TEXTS)
