"""The verdict, the price range and the findings of clips that readers differ on, or that show nothing.

Why each is as it is stands in readers.jsonl: the lengths and the frames that ffprobe 5, libavformat 62 and MediaInfo
get out of it. A clip of which FFmpeg decodes no frame fails; one that readers give lengths on both sides of a limit is
indeterminate; one that they all take passes, at the range of all their lengths.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from boxes import parse, serialise

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import JobReport, Kind, Severity, Verdict, VideoFacts
from preflight.model.target import Media
from tests.support.command import here
from tests.tools.probing import FIXTURES

CLIPS = FIXTURES / "clips"
PASS, FAIL, UNCLEAR = Verdict.PASS, Verdict.FAIL, Verdict.INDETERMINATE

# name: (verdict, lowest and highest price at 30 credits a second, the finding that decides or warns)
SHOWN_BY_EDIT_LIST = {
    "edit-list-only-empty": (FAIL, None, "video-too-short"),
    "edit-list-two-empty": (FAIL, None, "video-too-short"),
    "edit-list-only-empty-64-bit": (FAIL, None, "video-too-short"),
    "edit-list-of-no-length": (FAIL, None, "video-too-short"),
    "edit-list-empty-and-no-length": (FAIL, None, "video-too-short"),
    "edit-list-beyond-media": (FAIL, None, "video-too-short"),
    "edit-list-far-beyond-media": (FAIL, None, "video-too-short"),
    "edit-list-shows-41-ms": (FAIL, None, "video-too-short"),
    "edit-list-dwells-beyond-media": (FAIL, None, "video-too-short"),
    "edit-list-last-second": (UNCLEAR, (30, 360), "video-duration-ambiguous"),
    "edit-list-dwells": (PASS, (360, 360), None),
    "edit-list-beyond-end": (PASS, (360, 360), None),
    "edit-list-double-rate": (PASS, (180, 360), None),
    "edit-list-of-two-parts": (PASS, (120, 360), None),
    "trimmed-to-4-of-12-seconds": (PASS, (120, 360), None),
    "empty-edit-of-7.3-seconds": (PASS, (360, 600), None),
    "b-frames-without-edit-list": (PASS, (360, 390), None),
}
SAID_BY_HEADERS = {
    "headers-zero": (UNCLEAR, (0, 360), "video-duration-ambiguous"),
    "mvhd-zero": (PASS, (360, 360), None),
    "tkhd-zero": (PASS, (360, 360), None),
    "mdhd-zero": (PASS, (360, 360), None),
    "mvhd-and-mdhd-zero": (PASS, (360, 360), None),
    "duration-zero": (UNCLEAR, (0, 120), "video-duration-ambiguous"),
    "headers-zero-samples-of-no-length": (FAIL, (0, 0), "video-too-short"),
    "samples-of-no-length": (UNCLEAR, (0, 360), "video-duration-ambiguous"),
    "half-of-samples-timed": (UNCLEAR, (60, 360), "video-duration-ambiguous"),
    "headers-longer-than-samples": (PASS, (360, 600), None),
}
HELD_BY_TABLES = {
    "stco-empty": (FAIL, None, "video-corrupt"),
    "stsc-empty": (FAIL, None, "video-corrupt"),
    "stsz-empty": (FAIL, None, "video-corrupt"),
    "stts-empty": (FAIL, None, "video-corrupt"),
    "chunks-in-moov": (FAIL, None, "video-corrupt"),
    "chunks-at-zero": (FAIL, None, "video-corrupt"),
    "chunks-in-free": (FAIL, None, "video-corrupt"),
    "mdat-empty": (FAIL, None, "video-truncated"),
    "chunks-beyond-end": (FAIL, None, "video-truncated"),
    "mdat-claims-8-more": (PASS, (360, 360), "video-truncated"),
    "mdat-claims-a-gigabyte-more": (PASS, (360, 360), "video-truncated"),
    "fragment-claims-8-more": (PASS, (360, 360), "video-truncated"),
    "mdat-named-free": (PASS, (360, 360), "video-corrupt"),
}
NO_PICTURE = {
    "chapter-pictures": (FAIL, None, "video-no-video-track"),
    "thumbnails": (FAIL, None, "video-no-video-track"),
    "artwork-of-m4a": (FAIL, None, "video-no-video-track"),
    "single-picture": (FAIL, None, "video-no-video-track"),
    "systems-stream": (FAIL, None, "video-no-video-track"),
    "slides-and-sound": (PASS, (360, 360), "video-codec"),
    "systems-beside-clip": (PASS, (360, 360), None),
    "chapters-of-a-clip": (PASS, (360, 360), None),
    "cover-art": (PASS, (120, 120), None),
}
LONGER_TRACKS = {
    "telemetry-longer": (PASS, (360, 420), None),
    "telemetry-longer-in-mvhd": (PASS, (360, 420), None),
    "captions-longer": (PASS, (360, 600), None),
    "telemetry-of-31-seconds": (UNCLEAR, (360, 900), "video-duration-ambiguous"),
}
HINTS = {
    "emsg-after-sidx": (PASS, (360, 360), "video-fragmented"),
    "prft-and-uuid-after-sidx": (PASS, (360, 360), "video-fragmented"),
    "styp-after-sidx": (PASS, (360, 360), "video-fragmented"),
    "free-skipped-by-sidx": (PASS, (360, 360), "video-fragmented"),
    "sidx-of-first-fragment": (PASS, (360, 360), "video-fragmented"),
    "sidx-of-another-stream": (PASS, (360, 900), "video-fragmented"),
    "sidx-says-60-seconds": (PASS, (360, 900), "video-fragmented"),
    "mehd-says-60-seconds": (PASS, (360, 900), "video-fragmented"),
    "mehd-says-20-seconds": (PASS, (360, 600), "video-fragmented"),
    "mvhd-says-3900-seconds": (PASS, (360, 900), "video-fragmented"),
    "headers-say-3900-seconds": (UNCLEAR, (360, 900), "video-duration-ambiguous"),
    "mfra-left-behind": (PASS, (360, 360), "video-fragmented"),
    "fragments-from-the-middle": (PASS, (180, 360), "video-fragmented"),
    "fragments-after-an-hour": (UNCLEAR, (360, 900), "video-duration-ambiguous"),
    "junk-between-fragments": (UNCLEAR, (180, 180), "video-corrupt"),
    "junk-after-fragments": (PASS, (360, 360), "video-corrupt"),
}
BOXES = {
    **dict.fromkeys(("two-tkhd", "two-mdhd", "two-stts", "ftyp-of-4-bytes", "no-minf"), (FAIL, None, "video-corrupt")),
    **dict.fromkeys(("no-stsd", "stss-of-no-bytes", "stsz-of-no-bytes"), (FAIL, None, "video-corrupt")),
    **dict.fromkeys(("ctts-beyond-end", "dref-of-none", "description-2-of-1"), (FAIL, None, "video-corrupt")),
    **dict.fromkeys(("sample-entry-of-2-bytes", "trex-of-another"), (FAIL, None, "video-corrupt")),
    **dict.fromkeys(("trex-description-2-of-1", "fragment-in-moof"), (FAIL, None, "video-corrupt")),
    "fragment-beyond-end": (FAIL, None, "video-truncated"),
    "sidx-begins-far": (PASS, (120, 120), "video-fragmented"),
}
EXPECTED = SHOWN_BY_EDIT_LIST | SAID_BY_HEADERS | HELD_BY_TABLES | NO_PICTURE | LONGER_TRACKS | HINTS | BOXES
UNCERTAIN = {
    *("mvhd-zero", "tkhd-zero", "mdhd-zero", "mvhd-and-mdhd-zero", "headers-zero", "junk-between-fragments"),
    "headers-zero-samples-of-no-length",
}


@pytest.fixture(scope="module", name="reports")
def _reports() -> Iterator[dict[str, JobReport]]:
    with Engine(Options(thorough=True)) as engine:
        targets = [Media(source=str(CLIPS / f"{name}.mp4"), kind=Kind.VIDEO) for name in EXPECTED]
        yield dict(zip(EXPECTED, engine.check(targets).jobs, strict=True))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_clip_gets_its_verdict_its_finding_and_its_range(name: str, reports: dict[str, JobReport]) -> None:
    verdict, span, rule = EXPECTED[name]
    report = reports[name]
    found = {finding.rule for finding in report.findings}
    assert (report.verdict, found & {rule}) == (verdict, {rule} - {None})
    if span is not None:
        assert report.quote is not None
        assert (report.quote.low, report.quote.high) == span
    if verdict is PASS:
        assert all(finding.severity < Severity.ERROR for finding in report.findings)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_price_is_exact_only_where_every_reader_tells_one_length(name: str, reports: dict[str, JobReport]) -> None:
    quote = reports[name].quote
    if quote is not None:
        assert quote.exact is (quote.low == quote.high and name not in UNCERTAIN)
        assert quote.exact or quote.reasons


@pytest.mark.parametrize("name", EXPECTED)
def test_a_quick_look_ends_in_the_same_verdict(name: str, reports: dict[str, JobReport]) -> None:
    with Engine(Options(thorough=False)) as engine:
        report = engine.check([Media(source=str(CLIPS / f"{name}.mp4"), kind=Kind.VIDEO)]).jobs[0]
    assert report.verdict is reports[name].verdict


def enlarged(data: bytes, by: int) -> bytes:
    """The same clip with bytes that nobody reads at the end of its last ``mdat``."""
    boxes = parse(data)
    next(box for box in reversed(boxes) if box.fourcc == "mdat").payload += bytes(by)
    return serialise(boxes)


@pytest.mark.parametrize("name", [*LONGER_TRACKS, *SAID_BY_HEADERS, "gray-12-seconds", "trimmed-to-4-of-12-seconds"])
def test_the_same_content_in_a_large_file_gets_the_same_verdict_and_price(name: str, tmp_path: Path) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(enlarged((CLIPS / f"{name}.mp4").read_bytes(), 400_000))
    with Engine(Options(thorough=True)) as engine:
        small, big = (
            engine.check([Media(source=str(path), kind=Kind.VIDEO)]).jobs[0] for path in (CLIPS / f"{name}.mp4", large)
        )
    assert big.verdict is small.verdict
    assert big.quote == small.quote
    assert [finding.rule for finding in big.findings] == [finding.rule for finding in small.findings]


def test_a_range_of_several_clocks_says_whose_they_are(reports: dict[str, JobReport]) -> None:
    quote = reports["empty-edit-of-7.3-seconds"].quote
    assert quote is not None
    assert "container 12 s, all streams together 19.3 s" in " ".join(quote.reasons)
    quote = reports["trimmed-to-4-of-12-seconds"].quote
    assert quote is not None
    assert "container 4 s, media without its edit list 12 s" in " ".join(quote.reasons)


def test_a_walk_that_ends_early_says_where(reports: dict[str, JobReport]) -> None:
    for name in ("junk-between-fragments", "junk-after-fragments"):
        data = (CLIPS / f"{name}.mp4").read_bytes()
        message = next(finding.message for finding in reports[name].findings if finding.rule == "video-corrupt")
        assert f"from byte {data.index(bytes([0xA5] * 100))} on that are not a box" in message


def test_an_index_is_followed_only_where_it_leads_to_a_fragment(tmp_path: Path) -> None:
    """Four characters within the media that look like a box are none."""
    boxes = parse((CLIPS / "emsg-after-sidx.mp4").read_bytes())
    last = [box for box in boxes if box.fourcc == "mdat"][-2]
    last.payload = last.payload[:-116] + b"\0\1\0\0zzzz" + last.payload[-108:]
    path = tmp_path / "chance.mp4"
    path.write_bytes(b"".join(map(bytes, boxes)))
    with Engine(Options(thorough=False)) as engine:
        facts = engine.check([Media(source=str(path), kind=Kind.VIDEO)]).jobs[0].subjects[0].facts
    assert isinstance(facts, VideoFacts)
    assert (facts.durations.container, facts.defects) == (12, ())


def test_what_a_video_track_is_that_is_no_picture_is_told(reports: dict[str, JobReport]) -> None:
    told = {
        "chapter-pictures": "pictures of chapters, sound",
        "thumbnails": "sound, thumbnails or a mask of another track",
        "artwork-of-m4a": "artwork of a sound file, sound",
        "single-picture": "a single picture, sound",
        "systems-stream": "a stream of MPEG-4 Systems, sound",
    }
    for name, kinds in told.items():
        finding = next(each for each in reports[name].findings if each.rule == "video-no-video-track")
        assert finding.measured == kinds


def test_the_command_for_an_edit_list_that_hides_the_clip_ignores_it(reports: dict[str, JobReport]) -> None:
    finding = next(each for each in reports["edit-list-only-empty"].findings if each.rule == "video-too-short")
    assert finding.fix is not None
    assert finding.fix.startswith("ffmpeg -ignore_editlist 1 -i ")


FAMILIES = {
    "audio-only.mp4": "audio",
    "artwork-of-m4a.mp4": "audio",
    "sound-only.mkv": "audio",
    "no-audio.mp4": "video",
    "systems-stream.mp4": "video",
    "fragmented-with-audio.mp4": "video",
    "slides-and-sound.mp4": "video",
    "chapters-of-a-clip.mp4": "video",
    "disabled-track.mp4": "video",
    "box-of-4-bytes.mp4": "video",
}


@pytest.mark.parametrize(("name", "family"), FAMILIES.items(), ids=FAMILIES)
def test_a_file_of_sound_alone_is_not_called_a_video(name: str, family: str) -> None:
    (subject,) = here("probe", "--format", "json", CLIPS / name).json["subjects"]
    assert subject["facts"]["family"] == family
