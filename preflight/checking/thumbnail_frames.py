"""Chooses the frames of an MP4 or MOV that a thumbnail and a filmstrip show, and asks for their bytes alone."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from fractions import Fraction
from itertools import pairwise

from preflight.checking.thumbnails import MOST_KEY_FRAME_BYTES, Material
from preflight.model import Span, Track, VideoFacts
from preflight.model.facts import MediaError
from preflight.model.thumbnail import STRIP_FRAMES
from preflight.probes import limits
from preflight.probes.isobmff.clocks import main_track
from preflight.probes.isobmff.excerpt import excerpt
from preflight.probes.isobmff.picture_samples import PictureSample, PictureTrack, read_picture_track

_MOST_STRIP_BYTES = 24 * limits.MIB
"""Bytes of the frames that a filmstrip is decoded from."""
_MOST_STRIP_FRAMES = 1500
_MOST_STRIP_PIXELS = 800_000_000
"""Pixels of the same: 400 frames of 1080p, which take two to three seconds."""


def gather_frames(facts: VideoFacts, size: int | None, *, is_local: bool) -> Generator[Span, bytes, Material]:
    """The first key frame of the clip's picture; of a local clip also the frames of a filmstrip."""
    known = main_track(facts.tracks, "vide")
    try:
        track = yield from read_picture_track(size, known.id if known else None, all_fragments=is_local)
    except MediaError as error:
        return Material(missing=error.defect.message)
    first = next((number for number, sample in enumerate(track.samples) if sample.is_sync), 0)
    key = track.samples[first]
    if key.end - key.start > MOST_KEY_FRAME_BYTES:
        return Material(
            missing=f"has a first key frame of {key.end - key.start} bytes; {MOST_KEY_FRAME_BYTES} are decoded"
        )
    groups = _groups(track, first, facts, known) if is_local else [(first, first)]
    numbers = [number for begin, end in _merged(groups) for number in range(begin, end + 1)]
    data: list[bytes] = []
    for number in numbers:
        sample = track.samples[number]
        got = yield Span(sample.start, sample.end)
        if len(got) < sample.end - sample.start:
            if not data:
                return Material(missing="is cut short before the end of its first key frame")
            break
        data.append(got)
    places = {number: index for index, number in enumerate(numbers[: len(data)])}
    starts = [index for (before, number), index in zip(pairwise(numbers), range(1, len(data)), strict=False)
              if number != before + 1]  # fmt: skip
    shown = {places[target]: _seconds(track, target, known) for _, target in groups[1:] if target in places}
    wants = {
        "container": "mov",
        "frames": sorted(shown),
        "starts": starts,
        "shown": _size_before_turn(known),
        "matrix": list(track.matrix),
    }
    return Material(
        data=excerpt(track, data, is_quicktime=facts.container == "MOV"),
        is_clip=True,
        wants=wants,
        seconds={0: _seconds(track, first, known), **shown},
    )


def _groups(track: PictureTrack, first: int, facts: VideoFacts, known: Track | None) -> list[tuple[int, int]]:
    """The first key frame, then for each frame of the filmstrip the samples from the key frame before it to itself.

    They lie in the middle of equal shares of the clip. A key frame within half a share is as good, and costs less; so
    it is taken wherever the whole would be too much to decode.
    """
    samples = track.samples
    begin, end = _shown_ticks(track, first, known)
    share = Fraction(max(end - begin, 0), STRIP_FRAMES)
    keys = [number for number, sample in enumerate(samples) if sample.is_sync and number >= first] or [first]
    exact: list[tuple[int, int]] = []
    plain: list[tuple[int, int]] = []
    for place in range(STRIP_FRAMES):
        time = begin + share * place + share / 2
        near = min(keys, key=lambda number: abs(samples[number].ticks - time))
        plain.append((near, near))
        target = min(range(first, len(samples)), key=lambda number: abs(samples[number].ticks - time))
        before = max((number for number in keys if number <= target), default=first)
        exact.append((near, near) if abs(samples[near].ticks - time) < share / 2 else (before, target))
    chosen = exact if _is_bearable(samples, exact, facts) else plain
    return [(first, first), *dict.fromkeys(chosen)] if _is_bearable(samples, chosen, facts) else [(first, first)]


def _shown_ticks(track: PictureTrack, first: int, known: Track | None) -> tuple[int, int]:
    """The part of the clip that its edit list shows, as far as there are frames."""
    begin, end = track.samples[first].ticks, max(sample.ticks for sample in track.samples)
    if known is not None and known.duration and known.times.edited is not None:
        skipped = int(known.times.skipped * track.timescale)
        length = int(known.duration * track.timescale)
        if begin <= skipped < end:
            return skipped, min(end, skipped + length)
    return begin, end


def _is_bearable(samples: Sequence[PictureSample], groups: list[tuple[int, int]], facts: VideoFacts) -> bool:
    spans = _merged(groups)
    frames = sum(end - begin + 1 for begin, end in spans)
    pixels = (facts.width or 0) * (facts.height or 0) * frames
    total = sum(sample.end - sample.start for begin, end in spans for sample in samples[begin : end + 1])
    return frames <= _MOST_STRIP_FRAMES and pixels <= _MOST_STRIP_PIXELS and total <= _MOST_STRIP_BYTES


def _merged(groups: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The groups in order, those joined that overlap or follow each other."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(groups):
        if merged and begin <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _seconds(track: PictureTrack, number: int, known: Track | None) -> Fraction:
    """When a sample is shown, its edit list applied as far as it shifts; never before 0."""
    shift = known.times.start - known.times.skipped if known and known.times.edited is not None else Fraction(0)
    return max(Fraction(track.samples[number].ticks, track.timescale) + shift, Fraction(0))


def _size_before_turn(track: Track | None) -> tuple[int, int] | None:
    """Square pixels of the picture as it is stored."""
    if track is None or track.display_size is None:
        return None
    width, height = track.display_size
    return (height, width) if track.rotation in (90, 270) else (width, height)
