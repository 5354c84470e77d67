"""How many bits a pixel has and whether it is HDR, from the boxes of a visual sample entry.

``colr`` (ISO/IEC 14496-12 §12.1.5) overrides what the stream says of itself. ``dvcC``, ``dvvC`` and ``dvwC`` mark Dolby
Vision (Dolby Vision Streams within the ISO Base Media File Format, §3). ``avcC``, ``hvcC``, ``av1C`` and ``vpcC`` hold
the configurations of the codecs.
"""

from __future__ import annotations

from collections.abc import Iterable

from preflight.model.named_tuple import NamedTuple
from preflight.probes.isobmff.av1 import transfer_of
from preflight.probes.isobmff.parameter_sets import Ratio, read_parameter_set

_DOLBY_VISION = frozenset({"dvcC", "dvvC", "dvwC"})
_DOLBY_CODECS = frozenset({"dvh1", "dvhe", "dva1", "dvav", "dav1"})
_CURVES = {16: "PQ", 18: "HLG"}
"""Rec. ITU-T H.273, table 3: SMPTE ST 2084 and ARIB STD-B67."""
_UNSPECIFIED = 2
_FIXED_DEPTHS = {
    **dict.fromkeys(("mjpa", "mjpb", "mp4v", "s263", "h263", "dvc ", "dvcp", "jpeg"), 8),
    **dict.fromkeys(("apco", "apcs", "apcn", "apch", "v210"), 10),
    **dict.fromkeys(("ap4h", "ap4x"), 12),
}
"""Codecs of one depth, or whose decoders have one."""


class PixelFormat(NamedTuple):
    """``hdr`` is ``HLG``, ``PQ`` or ``Dolby Vision``; ``aspect`` is what the stream's parameter set says of a pixel."""

    bit_depth: int | None = None
    hdr: str | None = None
    aspect: Ratio | None = None


NO_PIXELS = PixelFormat()
"""Of a track that is not a picture."""


def pixel_format(codec: str, boxes: Iterable[tuple[str, bytes]]) -> PixelFormat:
    """The pixels of a track of ``codec``, by the ``boxes`` of its sample entry."""
    depth, coded, told, aspect = _FIXED_DEPTHS.get(codec), None, None, None
    dolby = codec in _DOLBY_CODECS
    for fourcc, body in boxes:
        if fourcc in ("avcC", "hvcC"):
            found = read_parameter_set(fourcc, body)
            depth, coded, aspect = found.bit_depth, found.transfer, found.aspect
            if depth is None and fourcc == "hvcC" and len(body) > 17:
                depth = 8 + (body[17] & 7)
        elif fourcc == "av1C" and len(body) >= 4:
            deep, twelve = body[2] & 0x40, body[2] & 0x20
            depth = 8 if not deep else 12 if twelve else 10
            coded = transfer_of(body)
        elif fourcc == "vpcC" and len(body) >= 9:
            depth, coded = body[6] >> 4 or None, body[8]
        elif fourcc == "colr" and body[:4] in (b"nclx", b"nclc") and len(body) >= 10:
            told = int.from_bytes(body[6:8], "big")
        elif fourcc in _DOLBY_VISION:
            dolby = True
    transfer = coded if told in (None, _UNSPECIFIED) else told
    return PixelFormat(bit_depth=depth, hdr="Dolby Vision" if dolby else _CURVES.get(transfer or 0), aspect=aspect)
