"""Every layout of a clip over a real server: how many requests, how many connections, how many bytes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from struct import pack

import pytest
from boxes import Box, parse

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Kind, Subject, VideoFacts
from preflight.model.target import Media
from preflight.sources.host import AllowedHost
from tests.servers.lying import Server, serving
from tests.tools.probing import FIXTURES, drive

CLIPS = FIXTURES / "clips"
KIB = 1024

# The requests that each layout may cost, on one connection.
REQUESTS = {
    "fast-start.mp4": 1,
    "fast-start.mov": 1,
    "quicktime-without-ftyp.mov": 1,
    "mdat-64-bit-size.mp4": 1,
    "mdat-size-zero.mp4": 1,
    "two-mdat.mp4": 1,
    "uuid-between.mp4": 1,
    "moov-far-after-mdat.mp4": 2,
    "free-before-moov.mp4": 2,
    "large-moov.mp4": 3,
    "fragmented.mp4": 1,
    "fragmented-with-sidx.mp4": 1,
    "fragmented-with-mehd.mp4": 1,
    "fragmented-without-mfra.mp4": 1,
    "cmaf-segments.mp4": 1,
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving({path.name: path for path in CLIPS.iterdir()}) as running:
        yield running


def examined(server: Server, name: str, behaviour: str = "ok") -> Subject:
    options = Options(allow=(AllowedHost.parse(server.authority),), thorough=False)
    with Engine(options) as engine:
        report = engine.check([Media(source=server.url(behaviour, name), kind=Kind.VIDEO)])
    return report.jobs[0].subjects[0]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_layout_costs_no_more_than_its_requests(name: str, server: Server) -> None:
    before = len(server.log.requests)
    subject = examined(server, name)
    assert subject.transfer.requests <= REQUESTS[name]
    assert subject.transfer.requests == len(server.log.requests) - before
    assert subject.transfer.connections == 1
    assert subject.transfer.bytes <= 128 * KIB


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "large-moov.mp4"])
def test_a_server_without_ranges_leads_to_the_same_facts(name: str, server: Server) -> None:
    with_ranges, without = examined(server, name), examined(server, name, "ignores-range")
    assert isinstance(with_ranges.facts, VideoFacts)
    assert without.facts == with_ranges.facts
    assert without.transfer.requests == 1


@pytest.fixture(scope="module", name="spread")
def _spread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A fragmented clip of some 600 KB, with 40 KB of free space before each fragment and before the right index."""
    boxes = parse((CLIPS / "fragmented-15-seconds.mp4").read_bytes())
    spread: list[Box] = []
    for box in boxes:
        spread += [Box("free", bytes(40_000)), box] if box.fourcc in ("moof", "mfra") else [box]
    data, at = b"", {}
    for box in spread:
        if box.fourcc == "moof":
            at[box.origin - 8] = len(data)
        if box.fourcc == "mfra":
            for was, now in at.items():
                box.payload = box.payload.replace(pack(">Q", was), pack(">Q", now))
        data += bytes(box)
    path = tmp_path_factory.mktemp("clips") / "spread.mp4"
    path.write_bytes(data)
    with serving({path.name: path}) as running:
        yield running


@pytest.mark.parametrize(
    ("behaviour", "requests", "most_bytes"),
    [("ok", 3, 128 * KIB), ("ignores-range", 1, 1000 * KIB)],
    ids=["ranges", "none"],
)
def test_the_index_of_fragments_is_used_where_a_server_can_go_back_and_done_without_where_not(
    behaviour: str, requests: int, most_bytes: int, spread: Server
) -> None:
    subject = examined(spread, "spread.mp4", behaviour)
    assert isinstance(subject.facts, VideoFacts)
    assert subject.facts.defects == ()
    assert subject.facts.durations.container == subject.facts.durations.video == 15
    assert subject.transfer.requests <= requests
    assert subject.transfer.bytes <= most_bytes


def test_a_large_fragmented_clip_costs_its_two_ends_and_its_last_fragment() -> None:
    clip = (CLIPS / "fragmented-15-seconds.mp4").read_bytes()
    last, index = clip.rindex(b"moof") - 4, clip.rindex(b"mfra") - 4
    hole = (1024 * KIB).to_bytes(4, "big") + b"free" + bytes(1024 * KIB - 8)
    moved = clip[index:].replace(last.to_bytes(8, "big"), (last + len(hole)).to_bytes(8, "big"))
    with serving({"large.mp4": clip[:last] + hole + clip[last:index] + hole + moved}) as server:
        subject = examined(server, "large.mp4")
    assert isinstance(subject.facts, VideoFacts)
    assert subject.facts.durations.container == 15
    assert (subject.transfer.requests, subject.transfer.connections) == (3, 1)
    assert subject.transfer.bytes == (64 + 32 + 16) * KIB


def length(data: bytes) -> Fraction | None:
    facts = drive(data, Kind.VIDEO).facts
    assert isinstance(facts, VideoFacts)
    assert facts.defects == ()
    return facts.durations.container


def test_fragments_that_do_not_say_when_they_begin_are_all_counted() -> None:
    """The index at the end leads to the last one; without ``tfdt`` that one does not tell how long the clip is."""
    whole = (CLIPS / "fragmented-15-seconds.mp4").read_bytes()
    assert length(whole) == 15
    assert length(whole.replace(b"tfdt", b"free")) == 15


def test_a_movie_box_with_samples_is_a_clip_even_if_fragments_could_follow() -> None:
    """As ffmpeg writes it for a clip of one group of pictures: ``mvex``, and nothing but ``moov`` and ``mdat``."""
    whole = (CLIPS / "moov-after-mdat.mp4").read_bytes()
    at = whole.index(b"moov") - 4
    size = int.from_bytes(whole[at : at + 4], "big")
    mvex = bytes.fromhex("00000028 6d766578 00000020 74726578 00000000 00000001 00000001 00000000 00000000 00000000")
    grown = whole[:at] + (size + len(mvex)).to_bytes(4, "big") + whole[at + 4 : at + size] + mvex + whole[at + size :]
    assert length(grown) == length(whole) == 4
