"""The JSON that scripts rely on: no documented key missing, none of another type. Keys may be added."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.servers.lying import serving
from tests.support.command import CLIP, FIXTURES, PICTURE, check, here, preflight
from tests.support.jobs import MODEL, job, write_job

CLIPS = FIXTURES / "clips"


class Maybe:
    """Null, or of this shape."""

    def __init__(self, shape: object) -> None:
        self.shape = shape


TEXT, NUMBER, YES_OR_NO = str, int, bool
TOTAL = {"credits": NUMBER, "low": TEXT, "high": TEXT, "exact": YES_OR_NO}
QUOTE = {
    **TOTAL,
    "seconds": TEXT,
    "billed_seconds": TEXT,
    "credits_per_second": TEXT,
    "rounding": TEXT,
    "usd": TEXT,
    "reasons": [TEXT],
}
TRANSFER = {"requests": NUMBER, "connections": NUMBER, "bytes": NUMBER, "redirects": NUMBER, "elapsed_ms": NUMBER}
IMAGE_FACTS = {
    "container": TEXT,
    "family": TEXT,
    "size_bytes": NUMBER,
    "width": NUMBER,
    "height": NUMBER,
    "orientation": Maybe(NUMBER),
    "color_mode": TEXT,
    "frames": NUMBER,
}
VIDEO_FACTS = {
    "container": TEXT,
    "family": TEXT,
    "size_bytes": NUMBER,
    "width": NUMBER,
    "height": NUMBER,
    "rotation": NUMBER,
    "codec": TEXT,
    "duration_s": TEXT,
    "durations_s": {"container": TEXT, "video": TEXT, "audio": Maybe(TEXT)},
    "fragmented": YES_OR_NO,
    "fast_start": YES_OR_NO,
}
FACTS = {"image": IMAGE_FACTS, "video": VIDEO_FACTS}
SUBJECT = {"field": Maybe(TEXT), "kind": TEXT, "source": TEXT, "facts": {}, "transfer": TRANSFER}
FINDING = {
    "rule": TEXT,
    "severity": TEXT,
    "field": Maybe(TEXT),
    "message": TEXT,
    "measured": Maybe(TEXT),
    "allowed": Maybe(TEXT),
    "fix": Maybe(TEXT),
    "help": TEXT,
    "path": Maybe(TEXT),
    "line": Maybe(NUMBER),
    "column": Maybe(NUMBER),
}
JOB = {
    "id": Maybe(TEXT),
    "path": Maybe(TEXT),
    "line": Maybe(NUMBER),
    "model": TEXT,
    "verdict": TEXT,
    "subjects": [{**SUBJECT, "verdict": TEXT}],
    "findings": [FINDING],
    "quote": Maybe(QUOTE),
}
REPORT = {"schema": TEXT, "verdict": TEXT, "quote": Maybe(TOTAL), "jobs": [JOB]}


def unlike(value: Any, shape: Any, at: str = "$") -> list[str]:
    """Where ``value`` lacks a key of ``shape`` or is of another type."""
    match shape:
        case Maybe():
            return [] if value is None else unlike(value, shape.shape, at)
        case dict():
            if not isinstance(value, dict):
                return [f"{at} is no object"]
            missing = [f"{at}.{key} is missing" for key in shape if key not in value]
            return missing + [
                flaw
                for key, inner in shape.items()
                if key in value
                for flaw in unlike(value[key], inner, f"{at}.{key}")
            ]
        case [inner]:
            if not isinstance(value, list):
                return [f"{at} is no list"]
            return [flaw for number, item in enumerate(value) for flaw in unlike(item, inner, f"{at}[{number}]")]
        case _:
            return [] if type(value) is shape else [f"{at} is {value!r}, not {shape.__name__}"]


def test_a_report_has_every_documented_key(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(video=CLIPS / "8.5-seconds.mp4", mode="4k"))
    report = preflight("check", path.name, "--format", "json", cwd=tmp_path).json
    assert unlike(report, REPORT) == []
    assert (report["schema"], report["verdict"]) == ("preflight.report/v1", "fail")
    (found,) = report["jobs"]
    assert (found["id"], found["path"], found["line"], found["model"]) == (None, "job.yaml", 1, MODEL)
    assert [subject["field"] for subject in found["subjects"]] == ["input.input_urls[0]", "input.video_urls[0]"]
    for subject in found["subjects"]:
        assert unlike(subject["facts"], FACTS[subject["kind"]]) == []
    assert all(finding["help"] for finding in found["findings"])


def test_a_served_file_is_reported_in_the_same_shape() -> None:
    with serving({"a.mp4": Path(CLIP), "a.png": Path(PICTURE)}) as server:
        urls = [server.url("ok", "a.png"), server.url("ok", "a.mp4"), server.url("status-503", "a.mp4")]
        report = check(*urls, "--allow-host", server.authority).json
    assert unlike(report, REPORT | {"jobs": [JOB | {"subjects": [SUBJECT | {"facts": Maybe({})}]}]}) == []
    assert [job["subjects"][0]["kind"] for job in report["jobs"][:2]] == ["image", "video"]
    assert report["jobs"][2]["subjects"][0]["facts"] is None


def test_a_finding_says_where_in_the_job_file_it_is(tmp_path: Path) -> None:
    path = tmp_path / "dance.yaml"
    path.write_text(
        f"model: {MODEL}\ninput:\n  input_urls: [{PICTURE}]\n  video_urls:\n    - {CLIPS}/30.1-seconds.mp4\n"
    )
    finding = check(path).finding("video-too-long")
    assert (finding["field"], finding["path"]) == ("input.video_urls[0]", str(path))
    assert (finding["line"], finding["column"]) == (5, 7)
    assert (finding["measured"], finding["allowed"], finding["severity"]) == ("30.1 s", "3–30 s", "error")
    assert finding["fix"].startswith("ffmpeg ")


def test_jsonl_has_one_job_a_line(tmp_path: Path) -> None:
    path = write_job(tmp_path)
    lines = preflight("check", path, path, "--format", "jsonl").out.splitlines()
    assert len(lines) == 2
    assert [unlike(json.loads(line), JOB) for line in lines] == [[], []]


def test_probe_prints_facts_without_a_judgement() -> None:
    found = preflight("probe", PICTURE, CLIPS / "30.1-seconds.mp4", "--format", "json")
    assert found.code == 0
    assert found.json["schema"] == "preflight.facts/v1"
    assert unlike(found.json, {"subjects": [SUBJECT]}) == []
    assert [unlike(subject["facts"], FACTS[subject["kind"]]) for subject in found.json["subjects"]] == [[], []]
    assert "verdict" not in found.out


def test_estimate_prints_quotes() -> None:
    found = preflight("estimate", "--seconds", "12", "--format", "json").json
    assert found["schema"] == "preflight.quote/v1"
    assert unlike(found, {"jobs": [{"quote": QUOTE}], "quote": TOTAL}) == []


# What ffprobe and exiftool say of a file, in our words.
KNOWN = {
    "12-seconds.mp4": {
        "container": "MP4",
        "width": 640,
        "height": 360,
        "rotation": 0,
        "codec": "avc1",
        "duration_s": "12",
    },
    "rotated-90.mp4": {"container": "MP4", "rotation": 90, "codec": "avc1", "duration_s": "4"},
    "moov-after-mdat.mov": {"container": "MOV", "fast_start": False, "fragmented": False},
    "matroska.mkv": {"container": "Matroska"},
    "webm.webm": {"container": "WebM"},
    "mpeg-ts.ts": {"container": "MPEG-TS"},
    "fragmented.mp4": {"container": "MP4", "fragmented": True},
}


@pytest.mark.parametrize("name", KNOWN)
def test_probe_says_what_a_clip_is(name: str) -> None:
    facts = here("probe", "--format", "json", CLIPS / name).json["subjects"][0]["facts"]
    assert {key: facts[key] for key in KNOWN[name]} == KNOWN[name]
