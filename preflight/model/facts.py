"""Facts about a file and about the transfer of its bytes, without judgement."""

from __future__ import annotations

from enum import Enum

from preflight.errors import PreflightError
from preflight.model.frozen import frozen

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
_EXCHANGES_SIDES = frozenset({5, 6, 7, 8})
"""Values of EXIF's orientation that turn a picture onto its side."""


class Family(Enum):
    """What kind of thing a file is, by its first bytes; an MP4 or MOV file without a video track is ``AUDIO``."""

    PICTURE = "picture"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    POINTER = "pointer"
    EMPTY = "empty file"
    UNKNOWN = "unknown data"

    @property
    def key(self) -> str:
        """Its name in JSON, one word."""
        return self.name.lower()


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


@frozen
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


def shape_of(size: tuple[int, int] | None) -> str | None:
    """``portrait``, ``landscape`` or ``square``, for a size as it is displayed."""
    if size is None:
        return None
    width, height = size
    return "square" if width == height else "landscape" if width > height else "portrait"


@frozen
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

    @property
    def display_size(self) -> tuple[int, int] | None:
        """The size with the EXIF orientation applied, as programs show it that follow EXIF."""
        if not self.width or not self.height:
            return None
        turned = self.orientation in _EXCHANGES_SIDES
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def display_orientation(self) -> str | None:
        """``portrait``, ``landscape`` or ``square``, as it is displayed."""
        return shape_of(self.display_size)


@frozen
class Transfer:
    """What reading one subject cost, and what the server said of it.

    ``bytes`` are the body bytes that it takes: those asked for, or received if those are more or the reading failed.
    ``bytes_asked`` and ``bytes_received`` tell them apart: an answer is not read to its end where its first bytes
    decide, and how many have come by then differs between readings. ``ranges`` is whether range requests were honoured
    (``None``: never asked), ``proxy`` whether a proxy dialled. ``retries`` counts requests that were sent again because
    the server had no time or the connection broke.
    """

    requests: int = 0
    connections: int = 0
    bytes: int = 0
    bytes_asked: int = 0
    bytes_received: int = 0
    redirects: int = 0
    elapsed_ms: int = 0
    status: int | None = None
    declared_type: str | None = None
    ranges: bool | None = None
    validator: str | None = None
    proxy: bool = False
    retries: int = 0
