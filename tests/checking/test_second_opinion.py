"""From what a worker says to an opinion: names and numbers that a file may have put there are held to what they are."""

from __future__ import annotations

import io
import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from preflight.checking import second_opinion
from preflight.checking.engine import Engine
from preflight.checking.mediainfo_facts import named_by
from preflight.checking.mediainfo_facts import second_opinion as opinion_of
from preflight.checking.options import Options
from preflight.model import Family, SecondOpinion, SparseBytes, VideoFacts
from preflight.model.target import Media
from preflight.render.objects.json_objects import report_object
from preflight.render.texts.text import render_report
from preflight.workers.pool import WorkerPool
from tests.tools.probing import FIXTURES


def told(general: dict[str, Any], video: dict[str, Any] | None = None) -> SecondOpinion | None:
    tracks: list[dict[str, Any]] = [{"track_type": "General", "format": "MPEG-4", **general}]
    return opinion_of(tracks if video is None else [*tracks, {"track_type": "Video", "format": "AVC", **video}])


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(4000, Fraction(4)), ("4000", Fraction(4)), ("4000.5", Fraction(8001, 2000)), (4e3, Fraction(4))],
    ids=["integer", "text", "fraction", "float"],
)
def test_a_duration_is_exact_seconds(duration: object, seconds: Fraction) -> None:
    found = told({"duration": duration})
    assert found is not None
    assert found.duration == seconds


@pytest.mark.parametrize(
    "value",
    [
        "1e-999999999999",
        "1e999999999999",
        "9" * 5000,
        10**4000,
        "NaN",
        "sNaN",
        "-Infinity",
        float("inf"),
        float("nan"),
        -1,
        0,
        "",
        "four seconds",
        "４０００ s",
        ["4000"],
        {"a": 4000},
        None,
    ],
    ids=lambda value: str(value)[:20] or "empty",
)
def test_what_is_no_length_and_no_size_is_not_told(value: object) -> None:
    found = told({"duration": value}, {"duration": value, "width": value, "height": value, "rotation": value})
    assert found is not None
    assert (found.duration, found.video_duration, found.width, found.height) == (None,) * 4
    assert found.rotation in (None, 0, 359)


@pytest.mark.parametrize("value", [7, None, "", ["MPEG-4"], "\x1b\x07\n"], ids=repr)
def test_a_format_without_a_name_is_no_opinion(value: object) -> None:
    assert told({"format": value}) is None


def test_a_name_that_the_file_chose_is_short_and_printable() -> None:
    found = told({"format": "Fancy\x1b[2J\u202e\n" + "x" * 100_000}, {"format": "co\x00dec"})
    assert found is not None
    assert found.container is not None
    assert found.container.startswith("Fancy[2J")
    assert found.container.isprintable()
    assert len(found.container) <= 80
    assert found.codec == "codec"


@pytest.mark.parametrize("tracks", [[], [{}], [{"track_type": 7}], [{"track_type": "Video"}]], ids=repr)
def test_tracks_without_a_general_one_are_no_opinion(tracks: list[dict[str, Any]]) -> None:
    assert opinion_of(tracks) is None


LYING = """
import json, sys
for line in sys.stdin.buffer:
    request = json.loads(line)
    for _, length in request["pieces"]:
        sys.stdin.buffer.read(length)
    print(json.dumps({"id": request["id"], "told": TRACKS}), flush=True)
"""


@pytest.mark.parametrize("name", ["fast-start.mp4", "matroska.mkv", "fragmented.mp4", "no-moov.mp4"])
def test_facts_with_a_lying_opinion_are_still_facts(name: str) -> None:
    """Whatever MediaInfo says of a file that we read ourselves stays apart from what we read."""
    track = {"duration": "1e-7", "width": 10**9, "height": True, "rotation": "1e11", "format": "\x9b31mLiar" * 40}
    tracks = [{"track_type": kind, **track} for kind in ("General", "Video", "Audio")]
    data = (FIXTURES / "clips" / name).read_bytes()
    fetched = SparseBytes()
    fetched.add(0, data)
    with Engine(Options(thorough=True)) as engine:
        facts = engine.check([Media(source=str(FIXTURES / "clips" / name))]).jobs[0].subjects[0].facts
    assert isinstance(facts, VideoFacts)
    command = [sys.executable, "-I", "-S", "-c", LYING.replace("TRACKS", repr(tracks))]
    with WorkerPool(command=command) as pool:
        judged = second_opinion.with_second_opinion(facts, fetched, pool)
    assert judged.size_bytes == facts.size_bytes
    if facts.container in ("MP4", "MOV"):
        assert (judged.width, judged.height, judged.durations) == (facts.width, facts.height, facts.durations)


def test_a_report_on_a_file_that_only_mediainfo_reads_prints_as_text_and_json(tmp_path: Path) -> None:
    """An MP3 with a title that would clear the screen, for one."""
    file = tmp_path / "song.mp4"
    title = b"\x1b[2J\x1b]0;owned\x07"
    frame = b"TIT2" + (len(title) + 1).to_bytes(4, "big") + b"\0\0\3" + title
    file.write_bytes(b"ID3\3\0\0" + bytes([0, 0, 0, len(frame)]) + frame + b"\xff\xfb\x90\x64" + bytes(20_000))
    with Engine(Options(thorough=True)) as engine:
        report = engine.check([Media(source=str(file))])
    shown = io.StringIO()
    render_report(report, Console(file=shown, width=100))
    assert "\x1b" not in shown.getvalue()
    assert "\\u001b" not in json.dumps(report_object(report))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vp8-in.ogv", "this is a video (Ogg)"),
        ("nut.nut", "this is a video (NUT)"),
        ("sound-only.avi", "this is sound only (AVI)"),
        ("sound-only.mkv", "this is sound only (Matroska)"),
        ("webm.webm", "this is a video (WebM)"),
        ("mpeg-ps.mpg", "this is a video (MPEG-PS)"),
    ],
)
def test_a_container_is_a_clip_or_sound_by_its_tracks(name: str, said: str) -> None:
    with Engine(Options(thorough=True)) as engine:
        job = engine.check([Media(source=str(FIXTURES / "clips" / name))]).jobs[0]
    assert said in next(finding.message for finding in job.findings if finding.rule == "video-container")


@pytest.mark.parametrize(("has_all", "family"), [(True, Family.AUDIO), (False, Family.VIDEO)])
def test_sound_at_the_beginning_of_a_program_stream_is_not_all_of_it(has_all: bool, family: Family) -> None:
    facts = VideoFacts(container="MPEG-PS", family=Family.VIDEO, size_bytes=10**6)
    assert named_by(facts, SecondOpinion(container="MPEG-PS"), Family.AUDIO, has_all=has_all).family is family


def test_a_format_without_tracks_is_not_called_sound(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"PA30" + bytes(60) + Path(sys.executable).resolve().read_bytes()[:4096])
    program = tmp_path / "program.mp4"
    program.write_bytes(Path(sys.executable).resolve().read_bytes()[:65_536])
    with Engine(Options(thorough=True)) as engine:
        report = engine.check([Media(source=str(file)), Media(source=str(program))])
    assert not any("sound" in finding.message for job in report.jobs for finding in job.findings)
