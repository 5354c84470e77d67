"""No bytes make a probe raise, read past the end, or exceed its limits; and damage never turns into a longer clip."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from preflight.model import ImageFacts, Kind, VideoFacts
from preflight.probes import limits
from preflight.probes.sniff import sniff
from tests.tools.probing import FIXTURES, Drive, drive

SEEDS = [
    path.read_bytes()
    for path in sorted([*(FIXTURES / "clips").iterdir(), *(FIXTURES / "pictures").iterdir()])
    if 0 < path.stat().st_size < 64 * 1024
]
OFTEN = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PATCHES = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\x80"]
kinds = st.sampled_from([None, Kind.IMAGE, Kind.VIDEO])


def hold_to_limits(run: Drive) -> None:
    assert isinstance(run.facts, ImageFacts | VideoFacts)
    assert len(run.required) <= limits.MAX_SPANS
    assert sum(len(span) for span in run.required) <= limits.MAX_BYTES
    optional = [span for span in run.spans if span.optional]
    assert sum(len(span) for span in optional) <= limits.MAX_OPTIONAL_BYTES


@given(data=st.binary(max_size=4096), kind=kinds, free=st.booleans())
@example(data=b"", kind=None, free=True)
@OFTEN
def test_no_bytes_are_too_much(data: bytes, kind: Kind | None, free: bool) -> None:
    hold_to_limits(drive(data, kind, free=free))


@given(
    head=st.sampled_from([seed[:64] for seed in SEEDS]), tail=st.binary(max_size=2048), kind=kinds, free=st.booleans()
)
@OFTEN
def test_no_bytes_behind_a_good_signature_are_too_much(head: bytes, tail: bytes, kind: Kind | None, free: bool) -> None:
    hold_to_limits(drive(head + tail, kind, free=free))


@given(seed=st.sampled_from(SEEDS), data=st.data(), kind=kinds, free=st.booleans())
@OFTEN
def test_no_damaged_file_is_too_much(seed: bytes, data: st.DataObject, kind: Kind | None, free: bool) -> None:
    changed = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(len(changed) - 1, 8192)))
        patch = data.draw(
            st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\x80"])
        )
        changed[at : at + len(patch)] = patch
    hold_to_limits(drive(bytes(changed), kind, free=free))


@given(seed=st.sampled_from(SEEDS), data=st.data(), kind=kinds)
@OFTEN
def test_a_file_cut_at_any_byte_is_no_trouble(seed: bytes, data: st.DataObject, kind: Kind | None) -> None:
    hold_to_limits(drive(seed[: data.draw(st.integers(0, len(seed)))], kind))


@given(seed=st.sampled_from(SEEDS), kind=kinds)
@settings(max_examples=100, deadline=None)
def test_a_size_that_the_server_does_not_tell_is_no_trouble(seed: bytes, kind: Kind | None) -> None:
    hold_to_limits(drive(seed, kind, size=None))


def test_a_cut_clip_is_never_sound() -> None:
    """Cut at every 97th byte: either a defect says so, or the facts hold no length to be billed by."""
    whole = (FIXTURES / "clips" / "fast-start.mp4").read_bytes()
    for end in range(64, len(whole), 97):
        facts = drive(whole[:end], Kind.VIDEO).facts
        assert isinstance(facts, VideoFacts)
        assert facts.defects, f"cut at byte {end}"


def test_a_cut_picture_is_never_complete() -> None:
    for name in ("plain.png", "plain.jpg", "progressive.jpg", "interlaced.png", "cmyk.jpg"):
        whole = (FIXTURES / "pictures" / name).read_bytes()
        for end in range(32, len(whole) - 16, 31):
            facts = drive(whole[:end], Kind.IMAGE).facts
            assert isinstance(facts, ImageFacts)
            assert facts.defects, f"{name} cut at byte {end}"


@given(head=st.binary(max_size=600))
@OFTEN
def test_every_head_has_a_family(head: bytes) -> None:
    assert sniff(head).family is not None


def jpeg_of_fill_bytes(count: int) -> bytes:
    return b"\xff\xd8" + b"\xff" * count + b"\xd9"


def test_a_jpeg_of_fill_bytes_is_given_up_early() -> None:
    """Pillow spends 0.8 s a megabyte on it; here it is not even read."""
    run = drive(jpeg_of_fill_bytes(8 * limits.MIB), Kind.IMAGE)
    assert sum(len(span) for span in run.spans) < limits.MIB
    assert run.facts.defects


def test_a_png_of_empty_chunks_is_given_up() -> None:
    chunk = b"\0\0\0\0tEXt\0\0\0\0"
    run = drive(b"\x89PNG\r\n\x1a\n" + chunk * 200_000, Kind.IMAGE)
    hold_to_limits(run)
    assert run.facts.defects


def test_a_movie_of_empty_boxes_is_given_up() -> None:
    ftyp = Path(FIXTURES / "clips" / "fast-start.mp4").read_bytes()[:32]
    run = drive(ftyp + b"\0\0\0\x08free" * 100_000, Kind.VIDEO)
    hold_to_limits(run)
    assert run.facts.defects
