"""Files cut at any byte: none is called good, and none that was sound is called anything but cut."""

from __future__ import annotations

import zlib
from pathlib import Path
from random import Random
from struct import pack

import pytest
from boxes import Box, find, parse, serialise
from surgery import compress_moov, edit

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import DefectKind, Kind, Verdict, VideoFacts
from preflight.model.target import Media
from preflight.probes import limits
from tests.tools.probing import FIXTURES, drive

CLIPS = FIXTURES / "clips"
CUTS = 12

WHOLE_WITHOUT_ITS_END = {
    "mpo.jpg": "its first picture is whole",
    "trailing-garbage.jpg": "",
    "trailing-garbage.png": "",
}
"""What ends before the file does."""
SOUND = [
    *(FIXTURES / "pictures" / name for name in ("plain.jpg", "progressive.jpg", "exif-thumbnail.jpg", "plain.png")),
    *(FIXTURES / "pictures" / name for name in ("interlaced.png", "apng.png", *WHOLE_WITHOUT_ITS_END)),
    *(CLIPS / name for name in ("fast-start.mp4", "fast-start.mov", "moov-after-mdat.mp4", "moov-after-mdat.mov")),
    *(CLIPS / name for name in ("mdat-size-zero.mp4", "mdat-64-bit-size.mp4", "two-mdat.mp4", "moov-compressed.mov")),
    *(CLIPS / name for name in ("fragmented.mp4", "fragmented-with-mehd.mp4", "fragmented-with-sidx.mp4")),
]
TELLS = {"image-truncated", "video-truncated", "video-incomplete", "not-media"}
TAIL = (CLIPS / "moov-after-mdat.mov").read_bytes()


def places(path: Path, count: int) -> list[int]:
    """Where to cut: the same on every run, and at every end of a top-level box."""
    size = path.stat().st_size
    ends = {box.origin for box in parse(path.read_bytes())} if path.suffix in (".mp4", ".mov") else set()
    return sorted({*Random(size).sample(range(size), count), *(end for end in ends if 0 < end < size)})


@pytest.mark.parametrize("path", SOUND, ids=lambda path: path.name)
def test_a_file_cut_anywhere_is_cut_short(path: Path, tmp_path: Path) -> None:
    data, kind = path.read_bytes(), Kind.VIDEO if path.parent == CLIPS else Kind.IMAGE
    cut = tmp_path / path.name
    with Engine(Options(thorough=False)) as engine:
        for at in places(path, CUTS):
            cut.write_bytes(data[:at])
            report = engine.check([Media(source=str(cut), kind=kind)]).jobs[0]
            rules = {finding.rule for finding in report.findings if finding.severity.label == "error"}
            if path.name in WHOLE_WITHOUT_ITS_END and report.verdict is Verdict.PASS:
                continue
            assert report.verdict is Verdict.FAIL, f"cut at byte {at}"
            assert rules & TELLS, f"cut at byte {at}: {rules}"


def facts_of(data: bytes, *, free: bool = True) -> VideoFacts:
    facts = drive(data, Kind.VIDEO, free=free).facts
    assert isinstance(facts, VideoFacts)
    return facts


def kinds(facts: VideoFacts) -> list[DefectKind]:
    return [defect.kind for defect in facts.defects]


def with_cmov(*parts: Box) -> bytes:
    """The clip with a compressed movie box of these parts."""
    boxes = parse(TAIL)
    find(boxes, "moov")[0].children = [Box("cmov", b"".join(map(bytes, parts)))]
    return serialise(boxes)


def deflated(plain: bytes) -> bytes:
    return pack(">I", len(plain)) + zlib.compress(plain, 9)


ZLIB = Box("dcom", b"zlib")
MOOV = bytes(find(parse(TAIL), "moov")[0])


def test_a_compressed_movie_box_is_read_like_any_other() -> None:
    plain, packed = facts_of(TAIL), facts_of(edit(compress_moov())(TAIL))
    assert packed.defects == ()
    assert (packed.durations, packed.tracks) == (plain.durations, plain.tracks)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([Box("cmvd", deflated(MOOV))], "without 'dcom'"),
        ([ZLIB], "without 'cmvd'"),
        ([Box("dcom", b"bzip"), Box("cmvd", deflated(MOOV))], "the method 'bzip'"),
        ([ZLIB, Box("cmvd", pack(">I", 1 << 31) + deflated(MOOV)[4:])], "2147483648 bytes; at most"),
        ([ZLIB, Box("cmvd", pack(">I", 500) + deflated(MOOV)[4:])], "more than the 500 bytes"),
        ([ZLIB, Box("cmvd", deflated(MOOV)[:-300])], "bytes and not the"),
        ([ZLIB, Box("cmvd", pack(">I", len(MOOV)) + b"no zlib at all")], "does not inflate"),
        ([ZLIB, Box("cmvd", pack(">I", 0))], "does not inflate to a box"),
        ([ZLIB, Box("cmvd", deflated(bytes(Box("free", b"x" * 90))))], "inflates to something else ('free')"),
        ([ZLIB, Box("cmvd", deflated(MOOV[:-1]))], "something else"),
        ([ZLIB, Box("cmvd", deflated(bytes(limits.MAX_MOVIE_BYTES)))], "inflates to something else"),
        ([ZLIB, Box("cmvd", deflated(bytes(limits.MAX_MOVIE_BYTES + 1)))], "at most"),
    ],
    ids=[
        "no-method",
        "no-data",
        "other-method",
        "states-gigabytes",
        "larger-than-stated",
        "cut",
        "noise",
        "empty",
        "other-box",
        "box-beyond-its-end",
        "zeros",
        "bomb",
    ],
)
def test_a_compressed_movie_box_that_cannot_be_inflated_is_neither_good_nor_bad(parts: list[Box], reason: str) -> None:
    facts = facts_of(with_cmov(*parts))
    assert kinds(facts) == [DefectKind.UNREADABLE]
    assert reason in facts.defects[0].message
    assert facts.defects[0].where == "moov/cmov"


def test_a_broken_movie_in_a_compressed_box_is_broken_and_its_offsets_are_not_taken_for_the_files() -> None:
    broken = MOOV.replace(b"mvhd", b"nvhd")
    facts = facts_of(with_cmov(ZLIB, Box("cmvd", deflated(broken))))
    assert kinds(facts) == [DefectKind.CORRUPT]
    assert facts.defects[0].message.endswith("in its compressed 'moov' box")
    assert facts.defects[0].offset == TAIL.index(b"moov") + 4


def test_chunks_beyond_the_end_of_the_file_are_missing_whatever_the_boxes_say() -> None:
    """Samples that were never there: the box around them is as long as the file."""
    whole = (CLIPS / "mdat-size-zero.mp4").read_bytes()
    for lost in (1, 5000):
        facts = facts_of(whole[:-lost])
        assert kinds(facts) == [DefectKind.TRUNCATED]
        assert facts.missing_bytes == lost
    assert facts_of(whole).defects == facts_of(whole + b"more").defects == ()


def with_bytes_in_moov(more: bytes) -> bytes:
    """The clip with ``more`` at the end of its last box."""
    clip = (CLIPS / "moov-after-mdat.mp4").read_bytes()
    (moov,) = find(parse(clip), "moov")
    at = moov.origin - 8
    return clip[:at] + pack(">I", len(moov.body) + 8 + len(more)) + clip[at + 4 :] + more


@pytest.mark.parametrize(
    "stray",
    [b"\x01" * 7, bytes(13), bytes(40), b"\xa9\x01\x02\x03\x00\x99\x80" + b"\x07" * 6],
    ids=["seven", "zeros", "many-zeros", "thirteen"],
)
def test_stray_bytes_at_the_end_of_a_box_are_left_alone(stray: bytes) -> None:
    facts = facts_of(with_bytes_in_moov(stray))
    assert facts.defects == ()
    assert facts.durations == facts_of(with_bytes_in_moov(b"")).durations


@pytest.mark.parametrize(
    "stray",
    [b"\0\0\0\x04trak\0\0\0\0", b"\0\0\0\x40free" + bytes(5), b"\x80" * 40],
    ids=["too-small", "too-large", "too-many"],
)
def test_what_breaks_the_structure_is_no_stray(stray: bytes) -> None:
    assert kinds(facts_of(with_bytes_in_moov(stray))) == [DefectKind.CORRUPT]
