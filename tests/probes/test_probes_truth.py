"""Facts against independent tools: what ffprobe and exiftool said of every fixture (fixtures/truth.jsonl)."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from preflight.model import ImageFacts, Kind, VideoFacts
from tests.tools.probing import FIXTURES, drive_file

TRUTH = {row["path"]: row for row in map(json.loads, (FIXTURES / "truth.jsonl").read_text("utf-8").splitlines())}
DECODERS = {row["path"]: row for row in map(json.loads, (FIXTURES / "decoders.jsonl").read_text("utf-8").splitlines())}
MILLISECOND = Fraction(1, 1000)

# Where this reader and ffprobe differ, and why this reader is right.
OTHER_DURATION = {
    "clips/duration-unknown.mp4": "all ones means unknown (ISO/IEC 14496-12 8.2.2.3); ffprobe takes it for a number",
    "clips/duration-zero.mp4": "no duration is given; the sample table tells it, which ffprobe does not ask",
    "clips/disabled-track.mp4": "ffprobe takes the first video track, players the first that is enabled",
    "clips/nested-boxes.mp4": "ffprobe gives up on boxes in user data that no reader needs",
}
SHOWN = "ffprobe counts what the edit list hides, and says so by the frames that it decodes (readers.jsonl)"
BY_EDITS = "beyond-media dwells-beyond-media empty-and-no-length far-beyond-media last-second negative-time"
BY_EMPTY_EDITS = "only-empty-64-bit only-empty two-empty"
OTHER_DURATION |= {f"clips/edit-list-{name}.mp4": SHOWN for name in f"{BY_EDITS} {BY_EMPTY_EDITS}".split()}
HINTED = "ffprobe 5 believes an index or a header; the samples say 12 s, and FFmpeg decodes all of them"
BY_HINTS = "free-skipped-by-sidx styp-after-sidx sidx-says-60-seconds headers-say-3900-seconds"
OTHER_DURATION |= {f"clips/{name}.mp4": HINTED for name in BY_HINTS.split()}
ZERO = OTHER_DURATION["clips/duration-zero.mp4"]
BY_ZEROS = "headers-zero mdhd-zero mvhd-and-mdhd-zero mvhd-zero"
OTHER_DURATION |= {f"clips/{name}.mp4": ZERO for name in BY_ZEROS.split()}
ASIDE = {
    "clips/artwork-of-m4a.mp4": "pictures of a sound file",
    "clips/chapter-pictures.mov": "pictures of chapters, which ffprobe calls attached",
    "clips/chapter-pictures.mp4": "pictures of chapters, which ffprobe calls attached",
    "clips/single-picture.mp4": "one picture",
    "clips/systems-stream.mp4": "no decoder knows it",
    "clips/thumbnails.mp4": "thumbnails",
}
OTHER_DURATION |= ASIDE
OTHER_DURATION["clips/disabled-track-of-2-seconds.mp4"] = OTHER_DURATION["clips/disabled-track.mp4"]
OTHER_DURATION["clips/fragments-beside-1-sample.mp4"] = "ffprobe decodes nothing, and counts one of six fragments"
OTHER_DURATION["clips/fragments-beside-samples-of-50-bytes.mp4"] = "the same"
UNSOUND = {
    *(f"clips/{name}.mp4" for name in ("stco-empty", "stsc-empty", "stsz-empty", "stts-empty", "mdat-empty")),
    *(f"clips/chunks-{name}.mp4" for name in ("at-zero", "beyond-end", "in-free", "in-moov")),
    *(f"clips/{name}.mp4" for name in ("description-2-of-1", "fragment-beyond-end", "fragment-in-moof")),
    "clips/junk-between-fragments.mp4",
    "clips/fragments-beside-1-sample.mp4",
    "clips/fragments-beside-samples-of-50-bytes.mp4",
}
"""ffprobe opens them, and decodes nothing or only the beginning (readers.jsonl)."""
REFUSED = {
    "clips/child-beyond-parent.mp4": "a track that reaches past its movie box",
    "clips/two-moov.mp4": "two movie boxes: which one counts is anyone's guess",
    "clips/zero-timescale.mp4": "no time can be told with a timescale of 0",
    "clips/zero-media-timescale.mp4": "the same, for a track",
    "clips/truncated-in-moov.mp4": "the movie box is cut",
    "clips/truncated-in-tail-moov.mp4": "the movie box is cut",
    "clips/ctts-beyond-end.mp4": "libavformat 62 does not open it",
    "clips/trex-description-2-of-1.mp4": "ffprobe decodes nothing, and tells no length",
    "clips/two-stts.mp4": "libavformat 62 does not open it",
    "clips/no-minf.mp4": "no codec is named, and ffprobe decodes nothing",
    "clips/no-stsd.mp4": "no codec is named, and ffprobe decodes nothing",
    "clips/stsz-of-no-bytes.mp4": "ffprobe decodes nothing",
    "clips/moov-compressed-by-lzw.mov": "a movie box compressed by a method that nobody knows",
    "clips/moov-compressed-too-short.mov": "a compressed movie box of another size than it states",
    "clips/moov-compressed-twice.mov": "a movie box compressed twice",
}
OTHER_SIZE = ASIDE | {
    "clips/disabled-track.mp4": OTHER_DURATION["clips/disabled-track.mp4"],
    "clips/nested-boxes.mp4": OTHER_DURATION["clips/nested-boxes.mp4"],
    "pictures/two-frame-headers.jpg": "exiftool takes the last header; both sizes are reported",
    "pictures/two-ihdr.png": "exiftool takes the last header; both sizes are reported",
    "pictures/heic-turned.heic": "exiftool does not turn it; libheif does",
    "pictures/heic-cropped.heic": "exiftool does not crop it; libheif does",
    "pictures/heic-cropped-and-turned.heic": "exiftool does neither; libheif does both",
    "pictures/heic-larger-size-of-none.heic": "exiftool takes the largest size, libheif that of the picture",
    "pictures/preview-first.cr2": "exiftool's width is the preview's; its ImageSize is this one",
}
NO_SIZE_READ = {"SVG"}
NAMES = {
    "Extended WEBP": "WebP",
    "WEBP": "WebP",
    "APNG": "PNG",
    "PSD": "Photoshop",
    "JP2": "JPEG 2000",
    "J2C": "JPEG 2000",
    "JXR": "JPEG XR",
    "EXR": "OpenEXR",
    "HDR": "Radiance HDR",
    "PPM": "Netpbm",
    "JXL Codestream": "JPEG XL",
}
ISO_MEDIA = "mov,mp4,m4a,3gp,3g2,mj2"


# exiftool 12 does not know these brands.
OTHER_NAME = {
    "pictures/avci-brand.heic": "HEIF",
    "pictures/heic-by-compatible-brand.heic": "HEIC",
    "pictures/sequence.avif": "AVIF",
    "pictures/sequence-without-meta.avif": "AVIF",
}


def clips() -> list[str]:
    """The clips that ffprobe reads as ISO media, but for those that a sound reader refuses."""
    return [
        path
        for path, row in TRUTH.items()
        if path.startswith("clips/")
        and path not in REFUSED
        and (row["ffprobe"] or {}).get("format_name") == ISO_MEDIA
        and (row["ffprobe"].get("video") or row["ffprobe"].get("audio"))
    ]


def pictures() -> list[str]:
    return [
        path
        for path, row in TRUTH.items()
        if path.startswith("pictures/") and row["exiftool"] and row["exiftool"].get("ImageWidth")
    ]


def video(path: str) -> tuple[VideoFacts, dict[str, Any]]:
    facts = drive_file(FIXTURES / path, Kind.VIDEO).facts
    assert isinstance(facts, VideoFacts)
    return facts, TRUTH[path]["ffprobe"]


def agrees(ours: Fraction | None, theirs: str | None) -> bool:
    """Within the millisecond to which most tools round."""
    if ours is None or theirs is None:
        return ours is None and theirs is None
    return abs(ours - Fraction(Decimal(theirs))) <= MILLISECOND


@pytest.mark.parametrize("path", [path for path in clips() if path not in OTHER_DURATION])
def test_durations_are_ffprobes(path: str) -> None:
    facts, truth = video(path)
    assert agrees(facts.durations.container, truth["duration"])
    if truth["video"]:
        assert agrees(facts.durations.video, truth["video"]["duration"])
    if truth["audio"]:
        assert agrees(facts.durations.audio, truth["audio"]["duration"])


@pytest.mark.parametrize(
    "path", [path for path in clips() if path not in OTHER_SIZE and TRUTH[path]["ffprobe"]["video"]]
)
def test_size_codec_and_rotation_are_ffprobes(path: str) -> None:
    facts, truth = video(path)
    assert (facts.width, facts.height) == (truth["video"]["width"], truth["video"]["height"])
    assert facts.codec is not None
    if truth["video"]["codec_tag_string"][0] != "[":
        assert facts.codec == truth["video"]["codec_tag_string"]
    # ffprobe turns against the clock, the header with it.
    assert facts.rotation == -(truth["video"]["rotation"] or 0) % 360


@pytest.mark.parametrize("path", [*clips(), *REFUSED])
def test_the_container_is_named_by_its_brand(path: str) -> None:
    facts, truth = video(path)
    brand = (truth or {}).get("major_brand") or ("qt  " if path.endswith(".mov") else "isom")
    assert facts.container == ("MOV" if brand == "qt  " else "MP4")


@pytest.mark.parametrize("path", list(REFUSED))
def test_what_no_sound_reader_accepts_is_a_defect(path: str) -> None:
    assert video(path)[0].defects


@pytest.mark.parametrize(
    "path", [path for path in clips() if not path.startswith(("clips/trunc", "clips/no-")) and path not in UNSOUND]
)
def test_a_sound_clip_has_no_defect(path: str) -> None:
    assert video(path)[0].defects == ()


@pytest.mark.parametrize("path", pictures())
def test_pictures_are_exiftools(path: str) -> None:
    facts = drive_file(FIXTURES / path, Kind.IMAGE).facts
    truth = TRUTH[path]["exiftool"]
    assert isinstance(facts, ImageFacts)
    assert facts.container == OTHER_NAME.get(path, NAMES.get(truth["FileType"], truth["FileType"]))
    if path not in OTHER_SIZE and facts.container not in NO_SIZE_READ:
        assert (facts.width, facts.height) == (truth["ImageWidth"], truth["ImageHeight"])
    if facts.container in ("JPEG", "PNG"):
        assert facts.orientation == truth["Orientation"]


@pytest.mark.parametrize(
    "path",
    [
        path
        for path, row in DECODERS.items()
        if row["pillow"]["size"] and row["libjpeg"] is None and row["libpng"] is None
    ],
)
def test_the_size_of_a_refused_format_is_the_one_at_which_it_is_shown(path: str) -> None:
    facts = drive_file(FIXTURES / path, Kind.IMAGE).facts
    assert [facts.width, facts.height] == DECODERS[path]["pillow"]["size"]


@pytest.mark.parametrize("path", sorted(TRUTH))
def test_remote_and_local_reading_differ_only_in_what_was_not_read(path: str) -> None:
    """Declining the optional spans may leave ``complete`` open, and a cut beyond the first span unseen; no more."""
    local, remote = drive_file(FIXTURES / path).facts, drive_file(FIXTURES / path, free=False).facts
    assert type(local) is type(remote)
    assert local.container == remote.container
    assert (local.width, local.height) == (remote.width, remote.height)
    if isinstance(local, VideoFacts) and isinstance(remote, VideoFacts):
        assert local.durations == remote.durations
