"""No length is said of a file of which the bytes are missing that decide it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from preflight.checking.engine import Engine
from preflight.checking.mediainfo_facts import tells_its_length
from preflight.checking.options import Options
from preflight.model import JobReport, Kind, VideoFacts
from preflight.model.target import Media
from tests.tools.probing import FIXTURES

CLIPS = FIXTURES / "clips"
NULL_PACKET = b"\x47\x1f\xff\x10" + b"\xff" * 184
PADDING = b"\x00\x00\x01\xbe\x07\xf8" + b"\xff" * 2040
MORE = 400_000
"""Bytes in the middle: well beyond what is read of either end."""


def stuffed_ts(data: bytes) -> bytes:
    middle = len(data) // 188 // 2 * 188
    return data[:middle] + NULL_PACKET * (MORE // 188) + data[middle:]


def stuffed_ps(data: bytes) -> bytes:
    middle = data.index(b"\x00\x00\x01\xba", len(data) // 2)
    return data[:middle] + PADDING * (MORE // len(PADDING)) + data[middle:]


def repeated(data: bytes) -> bytes:
    return data * (MORE // len(data) + 1)


def stuffed_matroska(data: bytes) -> bytes:
    """A void element after the last cluster."""
    return data + b"\xec\x08" + (MORE | 1 << 56).to_bytes(8, "big")[1:] + bytes(MORE)


def checked(path: Path) -> tuple[VideoFacts, JobReport]:
    with Engine(Options(thorough=True)) as engine:
        report = engine.check([Media(source=str(path), kind=Kind.VIDEO)]).jobs[0]
    facts = report.subjects[0].facts
    assert isinstance(facts, VideoFacts)
    return facts, report


@pytest.mark.parametrize(
    ("name", "enlarge", "container"),
    [
        ("mpeg-ts.ts", stuffed_ts, "MPEG-TS"),
        ("mpeg-ps.mpg", stuffed_ps, "MPEG-PS"),
        ("ogg.ogv", repeated, "Ogg"),
        ("flv.flv", repeated, "FLV"),
    ],
)
def test_a_file_that_is_as_long_as_its_last_packet_has_no_length_when_read_in_part(
    name: str, enlarge: Callable[[bytes], bytes], container: str, tmp_path: Path
) -> None:
    large = tmp_path / name
    large.write_bytes(enlarge((CLIPS / name).read_bytes()))
    facts, report = checked(large)
    assert facts.container == container
    assert facts.durations.plausible == ()
    assert [finding.rule for finding in report.findings] == ["video-container"]


@pytest.mark.parametrize("name", ["mpeg-ts.ts", "ogg.ogv", "avi.avi", "matroska.mkv", "wmv.wmv"])
def test_a_file_that_is_read_whole_has_its_length(name: str) -> None:
    """ffprobe says 4 s of each, give or take a frame of sound (truth.jsonl)."""
    facts, _ = checked(CLIPS / name)
    assert facts.durations.container is not None
    assert abs(facts.durations.container - 4) < Fraction(1, 4)


def test_a_header_that_states_the_length_is_enough(tmp_path: Path) -> None:
    large = tmp_path / "large.mkv"
    large.write_bytes(stuffed_matroska((CLIPS / "matroska.mkv").read_bytes()))
    facts, _ = checked(large)
    assert facts.durations.container == checked(CLIPS / "matroska.mkv")[0].durations.container


@pytest.mark.parametrize("container", ["MPEG-TS", "MPEG-PS", "Ogg", "MP3", "ADTS", "FLV", None])
def test_no_other_container_is_trusted_with_its_first_bytes(container: str | None) -> None:
    assert not tells_its_length(container, bytes(100) + b"\x44\x89avih" + bytes(100))
