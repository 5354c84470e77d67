"""Turns MediaInfo's tracks into a second opinion on a clip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from preflight.model import Durations, Family, SecondOpinion, VideoFacts

_LONGEST_MS, _SHORTEST_MS = Decimal(10**12), Decimal("1e-6")
_LONGEST_NUMBER, _LONGEST_NAME = 40, 80
_WIDEST = 1 << 20
_OURS = {"MPEG-4": "MP4", "QuickTime": "MOV", "Flash Video": "FLV", "BDAV": "MPEG-TS"}
"""Formats with another name in MediaInfo; preflight uses one name everywhere."""
_LENGTH_IN_HEADER = {
    "Matroska": b"\x44\x89",
    "WebM": b"\x44\x89",
    "AVI": b"avih",
    "Windows Media": b"\xa1\xdc\xab\x8c\x47\xa9\xcf\x11\x8e\xe4\x00\xc0\x0c\x20\x53\x65",
}
"""Containers whose header states their length, and what the statement begins with: the element ``Duration`` of EBML,
the main header of AVI, the file properties of ASF. Others are as long as their last packet, or as their size implies.
"""
_LISTS_TRACKS = frozenset({"AVI", "FLV", "Matroska", "MPEG-TS", "MXF", "WebM", "Windows Media"})
"""Containers that name all their tracks near their beginning; in others a picture may come later."""


def second_opinion(tracks: Sequence[Mapping[str, Any]]) -> SecondOpinion | None:
    """The opinion in MediaInfo's answer; ``None`` when it recognises nothing (it does not fail then)."""
    general = _first(tracks, "General")
    name = _name(general.get("format"))
    if name is None:
        return None
    video, audio = _first(tracks, "Video"), _first(tracks, "Audio")
    return SecondOpinion(
        container="MOV" if general.get("format_profile") == "QuickTime" else _OURS.get(name, name),
        width=_pixels(video.get("width")),
        height=_pixels(video.get("height")),
        rotation=_degrees(video.get("rotation")),
        codec=_name(video.get("format")),
        duration=_seconds(general.get("duration")),
        video_duration=_seconds(video.get("duration")),
        audio_duration=_seconds(audio.get("duration")),
    )


def family_of(tracks: Sequence[Mapping[str, Any]]) -> Family:
    """The family of a file with these tracks; unknown where MediaInfo names a format without a track."""
    kinds = {track.get("track_type") for track in tracks if isinstance(track, dict)}
    families = {"Video": Family.VIDEO, "Audio": Family.AUDIO, "Image": Family.PICTURE}
    return next((family for kind, family in families.items() if kind in kinds), Family.UNKNOWN)


def named_by(facts: VideoFacts, opinion: SecondOpinion, family: Family, *, has_all: bool) -> VideoFacts:
    """Facts about a container that only MediaInfo reads: its opinion serves as the facts.

    ``family`` is that of the tracks: it counts where no other is known, and where a clip's container has only sound.
    ``has_all``: MediaInfo saw the whole file.
    """
    has_only_sound = family is Family.AUDIO and (has_all or opinion.container in _LISTS_TRACKS)
    is_known = facts.container is not None and not (facts.family is Family.VIDEO and has_only_sound)
    return VideoFacts(
        container=facts.container or opinion.container,
        family=facts.family if is_known else family,
        size_bytes=facts.size_bytes,
        width=opinion.width,
        height=opinion.height,
        rotation=opinion.rotation,
        codec=opinion.codec,
        durations=Durations(container=opinion.duration, video=opinion.video_duration, audio=opinion.audio_duration),
        second=opinion,
    )


def tells_its_length(container: str | None, head: bytes) -> bool:
    """Whether the first bytes of a file are enough to tell its length.

    MPEG-TS, MPEG-PS, Ogg and streams of bare frames have no such header: of those, MediaInfo takes the times at both
    ends, or an average, and a gap between them can lead to any value.
    """
    mark = _LENGTH_IN_HEADER.get(container or "")
    return mark is not None and mark in head


def without_lengths(opinion: SecondOpinion) -> SecondOpinion:
    """The opinion without a length, for a file of which too little was read."""
    return replace(opinion, duration=None, video_duration=None, audio_duration=None)


def _first(tracks: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    return next((track for track in tracks if isinstance(track, dict) and track.get("track_type") == kind), {})


def _name(value: object) -> str | None:
    """A name of a format: some are copied from the file, and may be anything."""
    if not isinstance(value, str):
        return None
    return "".join(character for character in value[:_LONGEST_NAME] if character.isprintable()) or None


def _decimal(value: object) -> Decimal | None:
    """A number, or its text; ``None`` for anything else. Some texts are copied from the file too."""
    if not isinstance(value, int | float | str) or (isinstance(value, str) and len(value) > _LONGEST_NUMBER):
        return None
    try:
        number = Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: an integer longer than Python writes out
        return None
    return number if number.is_finite() else None


def _seconds(milliseconds: object) -> Fraction | None:
    number = _decimal(milliseconds)
    # A number too near 0 is not a length, and as an exact fraction it may not fit into memory.
    return Fraction(number) / 1000 if number is not None and _SHORTEST_MS < number < _LONGEST_MS else None


def _pixels(value: object) -> int | None:
    number = _decimal(value)
    return int(number) if number is not None and 1 <= number < _WIDEST else None


def _degrees(value: object) -> int | None:
    number = _decimal(value)
    return round(number) % 360 if number is not None and -_LONGEST_MS < number < _LONGEST_MS else None
