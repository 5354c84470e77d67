"""Facts about a clip, without judgement. No judgement."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from preflight.model.facts import Defect, Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """The clocks of a clip, in seconds. ``None`` where the file has no such clock or does not say."""

    container: Fraction | None = None
    video: Fraction | None = None
    audio: Fraction | None = None

    @property
    def plausible(self) -> tuple[Fraction, ...]:
        """The clocks a service may bill by: container and video. The audio's alone decides nothing."""
        return tuple(clock for clock in (self.container, self.video) if clock is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One track (ISO/IEC 14496-12 §8.3). ``ticks`` count in ``timescale`` a second and include no empty edit.

    ``data_end`` is the byte of the file at which its last samples end, ``None`` where that was not read.
    """

    id: int
    handler: str
    codec: str | None
    ticks: int | None
    timescale: int
    enabled: bool
    encrypted: bool = False
    coded_size: tuple[int, int] | None = None
    display_size: tuple[int, int] | None = None
    rotation: int = 0
    duration: Fraction | None = None
    external: bool = False
    data_end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOpinion:
    """What MediaInfo says of the same bytes. ``None`` where it says nothing."""

    container: str | None = None
    width: int | None = None
    height: int | None = None
    rotation: int | None = None
    codec: str | None = None
    duration: Fraction | None = None
    video_duration: Fraction | None = None
    audio_duration: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """A clip. ``width`` and ``height`` are coded pixels; ``rotation`` is clockwise degrees to turn it for display.

    ``missing_bytes`` is how far boxes reach past the end of the file. ``fragmented`` and ``fast_start`` are ``None``
    for containers that have no such notion. ``second`` is ``None`` where no second opinion was had.
    """

    container: str | None
    family: Family
    size_bytes: int | None
    major_brand: str | None = None
    brands: tuple[str, ...] = ()
    width: int | None = None
    height: int | None = None
    display_size: tuple[int, int] | None = None
    rotation: int | None = None
    codec: str | None = None
    durations: Durations = Durations()
    tracks: tuple[Track, ...] = ()
    fragmented: bool | None = None
    fast_start: bool | None = None
    encrypted: bool = False
    missing_bytes: int = 0
    defects: tuple[Defect, ...] = ()
    second: SecondOpinion | None = None
