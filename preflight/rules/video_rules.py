"""Rules about the reference video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from preflight.model import DefectKind, Family, Severity
from preflight.pricing import show_seconds
from preflight.rules import shell_commands as repair
from preflight.rules.length_rules import (
    ISO_MEDIA,
    SAME_LENGTH,
    hidden_by_edits,
    shown_clocks,
    written_again,
)
from preflight.rules.rule import Flaw, VideoCase, not_taken, once_more, oversize

_NOT_A_CONTAINER = frozenset({Family.DOCUMENT, Family.ARCHIVE, Family.EMPTY, Family.POINTER})
_KINDS = {"soun": "sound", "text": "text", "sbtl": "subtitles", "tmcd": "timecode", "meta": "metadata"}
_FITS_MP4 = ("AVC", "HEVC")
"""MediaInfo's names for the codecs of the spec; it names the codecs of other containers."""
_WITHOUT_TIMES = frozenset({"AVI"})
"""Containers that store no time with a frame: a copy would lack times."""


def video_container(case: VideoCase) -> Iterator[Flaw]:
    facts, allowed = case.facts, case.spec.video.containers
    if facts.family in _NOT_A_CONTAINER:
        return
    if not case.spec.takes_video:
        yield not_taken(case.spec.model, "video", facts.container or facts.family.value)
    elif facts.container not in allowed:
        named = facts.container or (facts.second.container if facts.second else None)
        kind = {Family.PICTURE: "a picture", Family.AUDIO: "sound only", Family.VIDEO: "a video"}.get(facts.family)
        what = f"{kind} ({named})" if kind else named or "data in an unknown format"
        fix = "use an MP4 or MOV clip" if case.is_local else "use the URL of an MP4 or MOV clip"
        if facts.family is Family.VIDEO:
            fix = _into_mp4(case)
        elif facts.family is Family.PICTURE and case.is_swapped:
            what += ", and the image is a video: the two look swapped"
            fix = "exchange the two: give this file as the image, and the other one as the video"
        yield Flaw(
            message=f"this is {what}; the service takes {' and '.join(allowed)}, whatever the file is called",
            measured=named or facts.family.value,
            allowed=", ".join(allowed),
            fix=fix,
        )
    elif facts.major_brand and facts.major_brand.startswith("3g"):
        yield Flaw(
            message=f"this is 3GP (brand {facts.major_brand.strip()}), a relative of MP4 that the API docs do not name",
            measured=f"brand {facts.major_brand.strip()}",
            allowed=", ".join(allowed),
            fix=_into_mp4(case),
            severity=Severity.WARNING,
        )


def video_too_large(case: VideoCase) -> Iterator[Flaw]:
    limit, longest = case.spec.video.max_bytes, case.spec.video.max_seconds.value

    def fix() -> str:  # a clip that is too long is trimmed first, so its bit rate follows the limit
        return repair.squeeze(case.name, min(case.facts.durations.container or longest, longest), limit.safe_bytes)

    yield from oversize(case.facts.size_bytes, limit, "clip", fix)


def video_no_video_track(case: VideoCase) -> Iterator[Flaw]:
    facts = case.facts
    if (
        facts.container not in ISO_MEDIA
        or facts.fast_start is None
        or _has(case, DefectKind.CORRUPT, DefectKind.UNREADABLE)
    ):
        return
    if not any(track.is_picture for track in facts.tracks):
        kinds = sorted({track.aside or _KINDS.get(track.handler, track.handler) for track in facts.tracks})
        yield Flaw(
            message=f"the file has no video track{': only ' + ', '.join(kinds) if kinds else ', nor any other'}",
            measured=", ".join(kinds) or "no tracks",
            allowed="a video track",
            fix="use a file with a video track",
        )


def video_incomplete(case: VideoCase) -> Iterator[Flaw]:
    yield from _defects(case, DefectKind.INCOMPLETE, "the file ", once_more(case))


def video_truncated(case: VideoCase) -> Iterator[Flaw]:
    for flaw in _defects(case, DefectKind.TRUNCATED, "the file ", once_more(case)):
        yield flaw
        return
    yield from _oddities(case, DefectKind.TRUNCATED)


def video_corrupt(case: VideoCase) -> Iterator[Flaw]:
    if case.facts.defects:
        fix = written_again(case)
        unopened = any((defect.where or "").endswith(("/mdhd", "sidx")) for defect in case.facts.defects)
        seen = case.facts.second is not None and case.facts.second.codec is not None
        yield from _defects(case, DefectKind.CORRUPT, "the file ", fix if seen and not unopened else once_more(case))
        yield from _defects(case, DefectKind.UNREADABLE, "the file could not be examined: it ", fix)
    yield from _oddities(case, DefectKind.CORRUPT)
    if any(track.external for track in case.facts.tracks):
        yield Flaw(
            message="the file refers to media in another file, which the service cannot see",
            measured="external data reference",
            fix="export it as a self-contained movie",
        )


def video_encrypted(case: VideoCase) -> Iterator[Flaw]:
    if case.facts.encrypted:
        yield Flaw(
            message="the clip is encrypted",
            measured="encrypted",
            allowed="a clip without DRM",
            fix="export it without DRM",
        )


def video_fragmented(case: VideoCase) -> Iterator[Flaw]:
    if case.facts.fragmented:
        yield Flaw(
            message="the file is fragmented, as for streaming; servers that probe it may read a wrong length",
            measured="fragmented",
            allowed="one movie box with all samples",
            fix=once_more(case) if case.facts.defects else written_again(case),
        )


def video_dimensions(case: VideoCase) -> Iterator[Flaw]:
    size = case.facts.display_size or (case.facts.width, case.facts.height)
    width, height = size
    if not width or not height:
        return
    low, high = case.spec.video.advised_min_side.value, case.spec.video.advised_max_side.value
    if low <= min(width, height) and max(width, height) <= high:
        return
    factor = Fraction(low, min(width, height)) if min(width, height) < low else Fraction(high, max(width, height))
    fitted = [round(side * factor / 2) * 2 for side in (width, height)]
    yield Flaw(
        message=f"the clip is {width}x{height} px; other services of this family ask for {low} to {high} px a side",
        measured=f"{width}x{height} px",
        allowed=f"{low}–{high} px a side",
        fix=repair.scale(case.name, fitted[0], fitted[1]),
    )


def video_codec(case: VideoCase) -> Iterator[Flaw]:
    codec, usual = case.facts.codec, case.spec.video.codecs
    if usual and codec is not None and case.facts.container in ISO_MEDIA and codec not in usual:
        yield Flaw(
            message=f"the codec is {codec.strip()}; the API docs name none, and H.264 (avc1) is the safe choice",
            measured=codec.strip(),
            allowed=", ".join(usual),
            fix=_to_h264(case),
        )


def probe_disagreement(case: VideoCase) -> Iterator[Flaw]:
    """Another length in MediaInfo widens the price; this rule reports one that would change the verdict."""
    second, facts = case.facts.second, case.facts
    if second is None or facts.container not in ISO_MEDIA or facts.defects or hidden_by_edits(facts) is not None:
        return
    clocks = facts.durations.plausible
    for what, length in (("", second.duration), (" of video", second.video_duration)):
        if length is None or not clocks:
            continue
        nearest = _nearest(clocks, length)
        if abs(nearest - length) > SAME_LENGTH and _changes_the_verdict(case, length):
            yield Flaw(
                message=f"MediaInfo reads {show_seconds(length)}{what}, "
                f"preflight reads {shown_clocks(facts.durations)}",
                measured=f"{show_seconds(nearest)} and {show_seconds(length)}",
                fix=written_again(case),
                indeterminate=True,
            )
            break
    size = (facts.width, facts.height)
    if None not in (second.width, second.height) and None not in size and (second.width, second.height) != size:
        yield Flaw(
            message=f"MediaInfo reads {second.width}x{second.height} px, "
            f"preflight reads {facts.width}x{facts.height} px",
            measured=f"{facts.width}x{facts.height} and {second.width}x{second.height} px",
            fix=_to_h264(case),
            severity=Severity.WARNING,
        )


def _nearest(clocks: Sequence[Fraction], length: Fraction) -> Fraction:
    return min(clocks, key=lambda clock: abs(clock - length))


def _changes_the_verdict(case: VideoCase, other: Fraction) -> bool:
    """Whether a clip of ``other`` seconds would get another verdict."""
    low, high = case.spec.video.min_seconds.value, case.spec.video.max_seconds.value
    return (low <= other <= high) not in {low <= clock <= high for clock in case.facts.durations.plausible}


def _into_mp4(case: VideoCase) -> str:
    """A command that turns another container into an MP4, and copies the picture where MP4 can hold it."""
    fits = case.facts.codec in (*case.spec.video.codecs, *_FITS_MP4) and case.facts.container not in _WITHOUT_TIMES
    return repair.repackage(case.name) if fits else _to_h264(case)


def _to_h264(case: VideoCase) -> str:
    return repair.to_h264(case.name, odd=bool((case.facts.width or 0) % 2 or (case.facts.height or 0) % 2))


def _has(case: VideoCase, *kinds: DefectKind) -> bool:
    return any(defect.kind in kinds for defect in case.facts.defects)


def _defects(case: VideoCase, kind: DefectKind, subject: str, fix: str) -> Iterator[Flaw]:
    for defect in case.facts.defects:
        if defect.kind is kind:
            yield Flaw(
                message=subject + defect.message,
                measured=kind.value,
                fix=fix,
                indeterminate=kind is DefectKind.UNREADABLE,
            )


def _oddities(case: VideoCase, kind: DefectKind) -> Iterator[Flaw]:
    """A defect that breaks the format but stops no known reader is a warning."""
    for oddity in case.facts.oddities:
        if oddity.kind is kind:
            fix = once_more(case) if case.facts.defects else written_again(case)
            yield Flaw(message=f"the file {oddity.message}", measured=kind.value, fix=fix, severity=Severity.WARNING)
