"""The first sample entry of a track: codec, size, protection, pixels or sound (ISO/IEC 14496-12 §8.5.2, §12.1)."""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct, iter_unpack

from preflight.model import Span
from preflight.model.frozen import frozen
from preflight.model.video import Sound
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, children_in, corrupt, first, payload
from preflight.probes.isobmff.color import NO_PIXELS, PixelFormat, pixel_format
from preflight.probes.isobmff.parameter_sets import Ratio
from preflight.probes.isobmff.sound_entry import PLAIN_BYTES, entry_bytes, read_sound

_SIZE = Struct(">II")
_LEAST_ENTRY_BYTES = 8
_VISUAL_ENTRY_BYTES = 86


@frozen
class SampleEntry:
    """``codec`` is the original format of a protected entry.

    ``entries`` is how many the box has. ``pixel_aspect`` is what ``pasp`` says; ``pixels`` hold what the stream says
    of itself. ``sound`` is only there for sound.
    """

    codec: str
    entries: int
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
    size = int.from_bytes(data[8:12], "big")
    if size < _LEAST_ENTRY_BYTES:
        corrupt(f"has a sample entry of {size} bytes in '{path}'", where=path)
    entry = data[8 : 8 + size]
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
        entries=int.from_bytes(data[4:8], "big"),
        encrypted=encrypted,
        coded_size=coded,
        pixel_aspect=aspect,
        pixels=pixel_format(codec, boxes) if handler == "vide" else NO_PIXELS,
        sound=read_sound(codec, entry, boxes, path=path) if handler == "soun" and len(entry) >= PLAIN_BYTES else None,
    )


def undescribed(stsc: bytes | None, entries: int | None) -> str | None:
    """Why no sample of ``stsc`` (§8.7.4) is described by one of so many entries, in words that follow "its video".

    ``None`` where one is.
    """
    rows = min(int.from_bytes(stsc[4:8], "big"), (len(stsc) - 8) // 12) if stsc else 0
    named = {number for (number,) in iter_unpack(">8xI", stsc[8 : 8 + 12 * rows])} if stsc else set()
    if entries is None or not named or not all(entries < number < 1 << 31 for number in named):
        return None  # FFmpeg takes 0 and negative numbers for 1
    return f"says that its samples are described by entry {min(named)} of the {entries} in 'stsd'"
