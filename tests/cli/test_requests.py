"""What a check of large files costs: requests, connections and bytes as the server counted them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.servers.lying import Server, serving
from tests.support.command import FIXTURES, Ran, check, here, preflight
from tests.support.media import grown_clip, jpeg_of

CLIPS = FIXTURES / "clips"
MOST_BYTES = 200_000
PICTURE_BYTES = 5_000_000

# Clips of 10 MB, and how many requests it takes to read one.
CLIPS_OF_10_MB = {
    "fast-start.mp4": 1,
    "fast-start.mov": 1,
    "moov-after-mdat.mp4": 2,
    "moov-after-mdat.mov": 2,
}


@contextmanager
def serving_large(name: str, folder: Path) -> Iterator[Server]:
    clip = grown_clip(CLIPS / name, folder / name, 10_000_000)
    with serving({"a.jpg": jpeg_of(PICTURE_BYTES), name: clip}) as server:
        yield server


def arguments(server: Server, name: str) -> list[str]:
    return ["--image", server.url("ok", "a.jpg"), "--video", server.url("ok", name), "--allow-host", server.authority]


def asked_for(server: Server, name: str) -> int:
    """The bytes in the ranges that the server was asked for, all of which it sent."""
    served, total = server.files[name], 0
    size = served.stat().st_size if isinstance(served, Path) else len(served)
    for asked in server.log.ranges(name):
        assert asked is not None, "the whole file was asked for"
        first, last = asked.removeprefix("bytes=").split("-")
        total += min(int(last) + 1, size) - int(first)
    return total


def counted(ran: Ran, server: Server, name: str) -> None:
    """The report says of both files what the server saw."""
    image, video = ran.job["subjects"]
    for subject, served in ((image, "a.jpg"), (video, name)):
        transfer = subject["transfer"]
        assert transfer["requests"] == len(server.log.ranges(served))
        assert transfer["bytes"] == asked_for(server, served)
        assert (transfer["connections"], transfer["redirects"]) == (1, 0)
    assert server.log.connections == 2
    assert {request.method for request in server.log.requests} == {"GET"}


@pytest.mark.parametrize("name", CLIPS_OF_10_MB)
def test_a_job_is_read_in_a_request_a_file_and_one_more_for_a_moov_at_the_end(name: str, tmp_path: Path) -> None:
    with serving_large(name, tmp_path) as server:
        ran = check(*arguments(server, name))
    assert (ran.code, ran.json["verdict"]) == (0, "pass")
    assert len(server.log.ranges("a.jpg")) == 1
    assert len(server.log.ranges(name)) == CLIPS_OF_10_MB[name]
    assert server.log.bytes_sent < MOST_BYTES
    counted(ran, server, name)
    facts = ran.job["subjects"][1]["facts"]
    assert facts["container"] == name.rpartition(".")[2].upper()
    assert facts["fast_start"] is name.startswith("fast-start")
    assert (facts["size_bytes"], facts["duration_s"]) == (10_000_000, "4")


def test_a_real_process_reads_no_more(tmp_path: Path) -> None:
    name = "moov-after-mdat.mp4"
    with serving_large(name, tmp_path) as server:
        ran = preflight("check", *arguments(server, name), "--format", "json")
    assert ran.code == 0
    assert (len(server.log.ranges("a.jpg")), len(server.log.ranges(name))) == (1, 2)
    assert server.log.bytes_sent < MOST_BYTES
    counted(ran, server, name)


def test_several_clips_are_read_at_once_and_told_apart() -> None:
    with serving({name: CLIPS / name for name in CLIPS_OF_10_MB}) as server:
        ran = check(*(server.url("ok", name) for name in CLIPS_OF_10_MB), "--allow-host", server.authority)
    assert ran.code == 0
    subjects = [job["subjects"][0] for job in ran.json["jobs"]]
    assert [subject["source"].rpartition("/")[2] for subject in subjects] == list(CLIPS_OF_10_MB)
    assert sum(subject["transfer"]["requests"] for subject in subjects) == len(server.log.requests)
    assert sum(subject["transfer"]["connections"] for subject in subjects) == server.log.connections


def test_a_redirect_is_followed_and_counted(tmp_path: Path) -> None:
    name = "fast-start.mp4"
    with serving_large(name, tmp_path) as server:
        ran = check("--video", server.url("redirect-chain-2", name), "--allow-host", server.authority)
    transfer = ran.subject["transfer"]
    assert (ran.code, transfer["requests"], transfer["redirects"]) == (0, 3, 2)
    assert len(server.log.requests) == 3


def test_estimate_and_probe_read_as_little_as_check(tmp_path: Path) -> None:
    name = "moov-after-mdat.mov"
    with serving_large(name, tmp_path) as server:
        for command in ("estimate", "probe"):
            url = server.url("ok", name)
            assert here(command, url, "--allow-host", server.authority, "--format", "json").code == 0
    assert len(server.log.ranges(name)) == 4
    assert server.log.bytes_sent < MOST_BYTES
