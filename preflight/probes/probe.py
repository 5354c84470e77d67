"""Chooses the probe for a file by its first bytes, never by its name.

Each probe is loaded when a file needs it: most runs see one kind of file.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from preflight.model import Family, ImageFacts, Kind, Span
from preflight.model.reading import FLIGHT_BYTES
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.sniff import ISO_MEDIA, Sniffed, sniff

if TYPE_CHECKING:
    from preflight.model import VideoFacts

_KINDS = {Family.PICTURE: Kind.IMAGE, Family.VIDEO: Kind.VIDEO, Family.AUDIO: Kind.VIDEO}

DECODED = frozenset({"JPEG", "PNG"})
"""The formats that the service takes, and a deep check therefore decodes."""


def probe_media(
    size: int | None, kind: Kind | None, *, likely: Kind = Kind.VIDEO, deep: bool = False
) -> Generator[Span, bytes, ImageFacts | VideoFacts]:
    """Facts about a file of ``size`` bytes (``None``: unknown) that plays the part of ``kind``.

    The bytes decide which probe runs, ``kind`` decides the shape of the facts: a clip given as a picture comes
    back as ``ImageFacts`` that name its container. Without ``kind`` the bytes decide that too, and where they are
    neither, ``likely`` does. ``deep`` asks for the whole of a picture, so that it can be decoded. Never raises.
    """
    cursor = Cursor(size)
    head = yield from cursor.read(0, FLIGHT_BYTES, ahead=limits.FIRST_SPAN_BYTES)
    sniffed = sniff(head)
    if sniffed != ISO_MEDIA and sniffed.name not in DECODED:
        head = yield from cursor.read(0, limits.FIRST_SPAN_BYTES)
        sniffed = sniff(head)
    if kind is None:
        kind = _KINDS.get(sniffed.family, likely)
    if kind is Kind.IMAGE:
        if deep and sniffed.name in DECODED:
            rest = (limits.MAX_OPTIONAL_BYTES if size is None else size) - len(head)
            yield from cursor.read_optional(len(head), max(rest, 0), keep=True)
        return (yield from _probe_image(cursor, sniffed))
    if sniffed == ISO_MEDIA:
        from preflight.probes.isobmff.movie import probe_movie

        facts = yield from probe_movie(cursor)
        if facts.fragmented and size is not None and cursor.holds(0, size):
            yield from cursor.read(0, size)  # MediaInfo adds up the fragments that it is given
        return facts
    if sniffed.family is Family.VIDEO:
        yield from cursor.read_optional(max(0, (size or 0) - limits.TAIL_SPAN_BYTES), limits.TAIL_SPAN_BYTES)
    from preflight.model import VideoFacts

    return VideoFacts(container=sniffed.name, family=sniffed.family, size_bytes=size)


def _probe_image(cursor: Cursor, sniffed: Sniffed) -> Generator[Span, bytes, ImageFacts]:
    if sniffed.name == "JPEG":
        from preflight.probes.jpeg import probe_jpeg

        return (yield from probe_jpeg(cursor))
    if sniffed.name == "PNG":
        from preflight.probes.png import probe_png

        return (yield from probe_png(cursor))
    if sniffed == ISO_MEDIA:
        from preflight.probes.isobmff.movie import probe_movie

        movie = yield from probe_movie(cursor)
        return ImageFacts(
            container=movie.container,
            family=Family.VIDEO,
            size_bytes=cursor.size,
            width=movie.width,
            height=movie.height,
        )
    name, found = sniffed.name, None
    if name and sniffed.family is Family.PICTURE:
        from preflight.probes.image_sizes import read_picture

        picture = yield from read_picture(cursor, name)
        name, found = picture.name or name, picture.size
    width, height = found or (None, None)
    return ImageFacts(container=name, family=sniffed.family, size_bytes=cursor.size, width=width, height=height)
