"""What was learned of a file, of the way its bytes came, and of its address. No judgement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from fractions import Fraction


class Family(Enum):
    """What kind of thing the first bytes belong to."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    LFS_POINTER = "git-lfs pointer"
    EMPTY = "empty file"
    UNKNOWN = "unknown data"


class DefectKind(Enum):
    """How a file breaks its own format, or (``UNREADABLE``) how it goes beyond what the probes read."""

    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One way in which a file breaks its format, at a byte ``offset`` in a box, chunk or segment ``where``."""

    kind: DefectKind
    message: str
    offset: int | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """A still picture. Sizes in stored pixels: ``orientation`` (EXIF, 1-8) is not applied.

    ``frames`` counts pictures in the file (APNG frames, MPO pictures). ``complete`` is ``None`` where the end of the
    file was not read. ``sizes`` holds every size that a parser could take for the picture's, first one first.
    ``decoders`` names what decoded every pixel without complaint; it is empty where that was not tried or failed.
    """

    container: str | None
    family: Family
    size_bytes: int | None
    width: int | None = None
    height: int | None = None
    orientation: int | None = None
    color_mode: str | None = None
    bit_depth: int | None = None
    frames: int | None = None
    complete: bool | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    defects: tuple[Defect, ...] = ()
    decoders: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What reading one subject cost, and what the server said of it.

    ``bytes`` are body bytes received. ``ranges`` is whether range requests were honoured (``None``: never asked).
    """

    requests: int = 0
    connections: int = 0
    bytes: int = 0
    redirects: int = 0
    elapsed_ms: int = 0
    status: int | None = None
    declared_type: str | None = None
    ranges: bool | None = None
    validator: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressFacts:
    """What a URL says by itself. ``problem`` is why it can not be a public URL, ``None`` if it can."""

    scheme: str
    host: str
    problem: str | None = None
    signer: str | None = None
    expires_at: datetime | None = None
    share_service: str | None = None
    direct_url: str | None = None
