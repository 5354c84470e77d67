"""Thumbnails: which bytes each is made from, and the isolated process that makes it.

A thumbnail never changes a verdict: its bytes are read after those that decide, and kept apart from them.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Generator, Mapping
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from preflight.checking.thumbnail_material import Material
from preflight.model import Family, ImageFacts, Span, SparseBytes
from preflight.model.thumbnail import MOST_BYTES, MOST_SIDE, STRIP_BYTES, STRIP_SIDE, Thumbnail, is_as_made
from preflight.probes import limits
from preflight.redact import printable, shorten
from preflight.workers.thumbnail_picture import MOST_JPEG_PIXELS, MOST_PIXELS

if TYPE_CHECKING:
    from preflight.model import Subject, VideoFacts

MOST_HEAD_BYTES = limits.MIB
"""Bytes from the start of a clip that is neither MP4 nor MOV: its first key frame is looked for in them."""

_DEMUXERS = {
    "Matroska": "matroska",
    "WebM": "matroska",
    "MPEG-TS": "mpegts",
    "BDAV": "mpegts",
    "AVI": "avi",
    "FLV": "flv",
    "Ogg": "ogg",
    "MPEG-PS": "mpeg",
}
"""FFmpeg's reader of a container by our name. It is never asked to guess: some formats name other files."""


Gather: TypeAlias = "Callable[[int | None], Generator[Span, bytes, Material]]"
"""A probe that asks for the bytes of a thumbnail, made for a source of so many bytes. It never raises for a file."""


class Answers(Protocol):
    """A pool of processes, or one question to it."""

    def ask(
        self, fetched: SparseBytes, size_bytes: int, *, wants: Mapping[str, Any] | None = None
    ) -> list[Mapping[str, Any]] | None:
        """As ``WorkerPool.ask``."""


def gather(facts: ImageFacts | VideoFacts, *, is_local: bool) -> Gather:
    """The probe for the thumbnail of a file with these facts. A local clip gets a filmstrip, too."""
    if isinstance(facts, ImageFacts):
        return partial(_gather_picture, facts)
    if facts.family not in (Family.VIDEO, Family.UNKNOWN):
        return partial(_gather_nothing, f"is not a picture or a clip: {facts.container or facts.family.value}")
    if find_spec("av") is None:
        return partial(_gather_nothing, "needs PyAV to be decoded: pip install 'media-preflight[fix]'")
    if facts.container in ("MP4", "MOV"):
        if facts.encrypted:
            return partial(_gather_nothing, "is encrypted")
        from preflight.checking.thumbnail_frames import gather_frames  # pictures do not need it

        return partial(gather_frames, facts, is_local=is_local)
    demuxer = _DEMUXERS.get(facts.container or "")
    if demuxer is None:
        return partial(_gather_nothing, f"is {facts.container or 'unknown data'}, of which no frame is decoded")
    return partial(_gather_head, demuxer)


def pictures(material: Material, workers: Answers | None) -> tuple[Thumbnail, tuple[Thumbnail, ...]]:
    """The thumbnail from ``material``, and the filmstrip where there is to be one."""
    if material.missing is not None or workers is None:
        return no_thumbnail(material.missing or "cannot be read"), ()
    whole = SparseBytes()
    whole.add(0, material.data)
    wants = {"side": MOST_SIDE, "bytes": MOST_BYTES, "strip_side": STRIP_SIDE, "strip_bytes": STRIP_BYTES}
    told = workers.ask(whole, len(material.data), wants={**wants, **material.wants})
    if not told:
        return no_thumbnail("needs more time or memory to decode than the limits allow"), ()
    answer = told[0]
    thumbnail = _checked(answer, MOST_SIDE, MOST_BYTES, material.seconds.get(0))
    frames = answer.get("frames")
    made = (
        _checked(frame, STRIP_SIDE, STRIP_BYTES, material.seconds.get(_number(frame)))
        for frame in (frames if isinstance(frames, list) else ())
        if isinstance(frame, dict)
    )
    shown = sorted((each for each in made if each.data), key=lambda each: each.seconds or 0)
    return thumbnail, tuple(shown[: len(material.seconds)])


def no_thumbnail(reason: str) -> Thumbnail:
    """The placeholder. ``reason`` follows "it"."""
    return Thumbnail(missing=shorten(printable(reason), 200))


def why_unread(subject: Subject) -> str:
    """Why a file that was not read has no thumbnail."""
    if subject.address is not None and subject.address.problem:
        return "is at an address that is not read"
    return "is not read by an offline check" if subject.unopened else "cannot be read"


def _number(frame: Mapping[str, Any]) -> int:
    number = frame.get("number")
    return number if isinstance(number, int) else -1


def _checked(answer: Mapping[str, Any], side: int, most_bytes: int, seconds: Fraction | None) -> Thumbnail:
    """The thumbnail in an answer. The process read hostile bytes, so it is not believed further than its limits."""
    missing = answer.get("missing")
    if isinstance(missing, str):
        return no_thumbnail(missing)
    width, height, media_type = answer.get("width"), answer.get("height"), answer.get("media_type")
    try:
        data = b64decode(answer.get("data", ""), validate=True)
    except (TypeError, ValueError):
        data = b""
    if not is_as_made(data, media_type, width, height, side=side, most=most_bytes):
        return no_thumbnail("makes its decoder fail")
    return Thumbnail(media_type=media_type, width=width, height=height, data=data, seconds=seconds)


def _gather_nothing(reason: str, _size: int | None) -> Generator[Span, bytes, Material]:
    yield Span(0, 0)  # a probe has to ask for something
    return Material(missing=reason)


def _gather_picture(facts: ImageFacts, size: int | None) -> Generator[Span, bytes, Material]:
    """The whole picture, unless its facts say that it is too much."""
    if facts.family is not Family.PICTURE:
        return Material(missing=f"is not a picture: {facts.container or facts.family.value}")
    most = MOST_JPEG_PIXELS if facts.container == "JPEG" else MOST_PIXELS
    if (facts.width or 0) * (facts.height or 0) > most:
        return Material(missing=f"has {facts.width}x{facts.height} pixels, and no more than {most} are decoded")
    if size is None:
        return Material(missing="has a size that the server does not state")
    if size > limits.MAX_OPTIONAL_BYTES:
        return Material(missing=f"is larger than the {limits.MAX_OPTIONAL_BYTES // limits.MIB} MiB that are decoded")
    return Material(data=(yield Span(0, size)))


def _gather_head(demuxer: str, size: int | None) -> Generator[Span, bytes, Material]:
    """The beginning of a clip, for FFmpeg to find its first key frame in."""
    data = yield Span(0, MOST_HEAD_BYTES if size is None else min(size, MOST_HEAD_BYTES))
    wants: Mapping[str, Any] = {"container": demuxer, "frames": [], "starts": [], "shown": None, "matrix": None}
    return Material(data=data, is_clip=True, wants=wants)
