"""The first sample entry of a track: codec, size, protection, pixels or sound (ISO/IEC 14496-12 §8.5.2, §12.1)."""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct

from preflight.model import Span
from preflight.model.frozen import frozen
from preflight.model.video import Sound
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, children_in, first, payload
from preflight.probes.isobmff.color import NO_PIXELS, PixelFormat, pixel_format
from preflight.probes.isobmff.parameter_sets import Ratio
from preflight.probes.isobmff.sound_entry import PLAIN_BYTES, entry_bytes, read_sound

_SIZE = Struct(">II")
_VISUAL_ENTRY_BYTES = 86


@frozen
class SampleEntry:
    """``codec`` is the original format of a protected entry.

    ``pixel_aspect`` is what ``pasp`` says; ``pixels`` hold what the stream says of itself. ``sound`` is only there for
    sound.
    """

    codec: str
    encrypted: bool
    coded_size: tuple[int, int] | None = None
    pixel_aspect: Ratio | None = None
    pixels: PixelFormat = NO_PIXELS
    sound: Sound | None = None


def read_sample_entry(cursor: Cursor, stbl: Box, handler: str) -> Generator[Span, bytes, SampleEntry | None]:
    """The first entry of ``stsd``; ``None`` without one."""
    stsd = first((yield from children(cursor, stbl, wanted=frozenset({"stsd"}))), "stsd")
    if stsd is None:
        return None
    data = yield from payload(cursor, stsd, at_least=8)
    return parse_sample_entry(data, handler, stsd.path) if len(data) >= 16 else None


def parse_sample_entry(data: bytes, handler: str, path: str) -> SampleEntry:
    """The first sample entry in the payload of ``stsd``, with its protection (§8.12) and pixel aspect (§12.1.4)."""
    codec = data[12:16].decode("latin-1")
    entry = data[8 : 8 + max(int.from_bytes(data[8:12], "big"), 8)]
    coded, aspect, fixed = None, None, 8
    if handler == "vide" and len(entry) >= 36:
        coded = (int.from_bytes(entry[32:34], "big"), int.from_bytes(entry[34:36], "big"))
        fixed = _VISUAL_ENTRY_BYTES
    elif handler == "soun":
        fixed = entry_bytes(entry)
    encrypted = codec in ("encv", "enca", "drmi", "drms")
    boxes = tuple(children_in(entry, fixed, path))
    for fourcc, body in boxes:
        if fourcc == "pasp" and len(body) >= 8:
            across, down = _SIZE.unpack_from(body)
            aspect = (across, down) if across and down else aspect
        elif fourcc == "sinf":
            encrypted = True
            codec = next(
                (inner[:4].decode("latin-1") for name, inner in children_in(body, 0, path) if name == "frma"), codec
            )
    return SampleEntry(
        codec=codec,
        encrypted=encrypted,
        coded_size=coded,
        pixel_aspect=aspect,
        pixels=pixel_format(codec, boxes) if handler == "vide" else NO_PIXELS,
        sound=read_sound(codec, entry, boxes, path=path) if handler == "soun" and len(entry) >= PLAIN_BYTES else None,
    )
