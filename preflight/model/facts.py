"""Facts about a file and about the transfer of its bytes, without judgement."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from preflight.errors import PreflightError

_COLORS = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with transparency",
    "La": "grey with transparency",
    "PA": "palette with transparency",
    "P": "palette",
    "I": "grey",
    "I;16": "grey",
    "I;16B": "grey",
    "F": "grey",
}


class Family(Enum):
    """What kind of thing the first bytes belong to."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    POINTER = "pointer"
    EMPTY = "empty file"
    UNKNOWN = "unknown data"


class DefectKind(Enum):
    """How a file breaks its own format, or goes beyond what is read (``UNREADABLE``) or decoded (``UNDECODED``).

    Every usual reader opens a file with a ``TOLERATED`` defect; some open one with a ``DISPUTED`` defect, others not.
    """

    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"
    DISPUTED = "disputed"
    TOLERATED = "tolerated"
    UNREADABLE = "unreadable"
    UNDECODED = "not decoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One way in which a file breaks its format, at a byte ``offset`` in a box, chunk or segment ``where``."""

    kind: DefectKind
    message: str
    offset: int | None = None
    where: str | None = None


class MediaError(PreflightError):
    """Bytes that break their format. ``defect`` says how, at which offset, in which box."""

    def __init__(self, defect: Defect) -> None:
        super().__init__(defect.message)
        self.defect = defect


def color_name(mode: str) -> str:
    """What people call the colours that Pillow calls ``mode``; ``RGB``, ``CMYK`` and the like are called that."""
    return _COLORS.get(mode, mode)


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
class Transfer:
    """What reading one subject cost, and what the server said of it.

    ``bytes`` are body bytes received. ``ranges`` is whether range requests were honoured (``None``: never asked),
    ``proxy`` whether a proxy dialled. ``sent_again`` counts requests that were, because the host asked for time.
    """

    requests: int = 0
    connections: int = 0
    bytes: int = 0
    redirects: int = 0
    sent_again: int = 0
    elapsed_ms: int = 0
    status: int | None = None
    declared_type: str | None = None
    ranges: bool | None = None
    validator: str | None = None
    proxy: bool = False
