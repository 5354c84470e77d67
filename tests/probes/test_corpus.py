"""Facts against a larger corpus with independent truth, where one lies beside the repository.

The corpus is not part of the project. Each of its files is compared where the tools that wrote its truth agree among
themselves; the others, and those where this project means to differ, are listed here with the reason.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import preflight
from preflight import ImageFacts, VideoFacts

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
MILLISECOND = Fraction(1, 1000)

EXCEPTIONS = {
    # The tools agree, this project differs on purpose.
    "bipbop_nonfragment_header.mp4": "no media: 0.095 s is what is left of it, 9.843 s what the header says",
    "nom-exif--compatible-brands.heic": "36 bytes: a brand and nothing else; no tool reads more than that",
    "mediabunny--eac3.ts": "1.984 s; the bundled MediaInfo, newer than the one in the truth, counts 2.024 s",
    "image-size--sample-multi.heic": "exiftool says 124 px; libheif shows 123, as the picture is cropped",
    # The tools disagree, or only one has an answer.
    "ExoPlayer--sample_ac4.ts": "ffprobe 0.720 s, MediaInfo 0.797 s",
    "ExoPlayer--sample_ait.ts": "ffprobe 0.576 s, MediaInfo 0.608 s",
    "ExoPlayer--sample_eac3joc.ts": "ffprobe 2.016 s, MediaInfo 2.014 s",
    "ExoPlayer--sample_h262_mpeg_audio.ts": "ffprobe 0.111 s, MediaInfo 0.067 s",
    "ExoPlayer--sample_fragmented_clearkey.mp4": "ffprobe cannot read it",
    "mp4parse-rust--chunk_out_of_range.mp4": "ffprobe cannot read it",
    "mp4parse-rust--sine-3s-xhe-aac-44khz-mono.mp4": "ffprobe cannot read it",
    "image-rs--Bad_height.bmp": "Pillow refuses its height of 2147483647",
    "image-rs--issue_1455_oversized.gif": "exiftool reads the screen's size, Pillow the frame's",
    "nom-exif--exif-legacy.png": "Pillow refuses its header, whose checksum does not match",
    "fastimage--truncated_gzipped.jpg": "a gzip stream: no picture to measure",
}


def rows() -> list[dict[str, Any]]:
    text = (CORPUS / "truth.jsonl").read_text("utf-8") if CORPUS.is_dir() else ""
    return [json.loads(line) for line in text.splitlines()]


def is_listed(name: str) -> bool:
    return any(name.endswith(listed) for listed in EXCEPTIONS)


if rows():  # the corpus is there

    @pytest.mark.parametrize("row", [row for row in rows() if not is_listed(row["file"])], ids=lambda row: row["file"])
    def test_facts_agree_with_the_tools(row: dict[str, Any]) -> None:
        (subject,) = preflight.probe(next(CORPUS.glob(f"*/{row['file']}")))
        facts = subject.facts
        assert facts is not None
        assert facts.size_bytes == row["size_bytes"]
        if isinstance(facts, ImageFacts):
            assert (facts.width, facts.height) == (row["exiftool"]["ImageWidth"], row["exiftool"]["ImageHeight"])
            assert (facts.container or "").upper() in (row["pillow"].get("format"), row["exiftool"]["FileType"], "HEIC")
        else:
            agree_on_clip(facts, row)

    def agree_on_clip(facts: VideoFacts, row: dict[str, Any]) -> None:
        ffprobe, mediainfo = row["ffprobe"] or {}, row["mediainfo"] or {}
        names = {"MPEG-4": "MOV" if mediainfo.get("profile") == "QuickTime" else "MP4"}
        assert facts.container == names.get(mediainfo["format"], mediainfo["format"])
        if mediainfo.get("duration") and ffprobe.get("duration"):
            assert facts.durations.container is not None
            assert abs(facts.durations.container - Fraction(ffprobe["duration"])) <= MILLISECOND
        if ffprobe.get("video"):
            assert (facts.width, facts.height) == (ffprobe["video"]["width"], ffprobe["video"]["height"])
