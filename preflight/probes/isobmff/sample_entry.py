"""The first sample entry of a track: codec, size, protection, shape of a pixel (ISO/IEC 14496-12 §8.5.2, §12.1)."""

from __future__ import annotations

from collections.abc import Generator
from struct import Struct

from preflight.model import Span
from preflight.model.frozen import frozen
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import Box, children, children_in, first, payload
from preflight.probes.isobmff.parameter_sets import Ratio, aspect_of

_SIZE = Struct(">II")
_VISUAL_ENTRY_BYTES = 86


@frozen
class SampleEntry:
    """``codec`` is the original format of a protected entry.

    ``pixel_aspect`` is what ``pasp`` says, ``coded_aspect`` what the stream's own parameter set says.
    """

    codec: str
    encrypted: bool
    coded_size: tuple[int, int] | None = None
    pixel_aspect: Ratio | None = None
    coded_aspect: Ratio | None = None


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
    coded, aspect, coded_aspect, fixed = None, None, None, 8
    if handler == "vide" and len(entry) >= 36:
        coded = (int.from_bytes(entry[32:34], "big"), int.from_bytes(entry[34:36], "big"))
        fixed = _VISUAL_ENTRY_BYTES
    elif handler == "soun":
        fixed = 36
    encrypted = codec in ("encv", "enca", "drmi", "drms")
    for fourcc, body in children_in(entry, fixed, path):
        if fourcc == "pasp" and len(body) >= 8:
            across, down = _SIZE.unpack_from(body)
            aspect = (across, down) if across and down else aspect
        elif fourcc in ("avcC", "hvcC"):
            coded_aspect = aspect_of(fourcc, body)
        elif fourcc == "sinf":
            encrypted = True
            codec = next(
                (inner[:4].decode("latin-1") for name, inner in children_in(body, 0, path) if name == "frma"), codec
            )
    return SampleEntry(
        codec=codec, encrypted=encrypted, coded_size=coded, pixel_aspect=aspect, coded_aspect=coded_aspect
    )
