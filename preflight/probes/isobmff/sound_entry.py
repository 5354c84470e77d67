"""The sound of a track: codec, channels and rate, by its sample entry (ISO/IEC 14496-12 §12.2.3; QuickTime).

AAC says in its own configuration (ISO/IEC 14496-3 §1.6) how many channels it has and at which rate it is played; the
entry around it may hold other numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from struct import Struct

from preflight.model.video import Sound
from preflight.probes.isobmff.bits import Bits, EndOfBits
from preflight.probes.isobmff.boxes import children_in

PLAIN_BYTES = 36
_VERSION_1_BYTES, _VERSION_2_BYTES = 52, 72
_RATE = Struct(">d")
_FULL_BOX_BYTES = 4
_ES, _DECODER_CONFIG, _DECODER_INFO = 3, 4, 5
_MOST_DESCRIPTORS = 16
_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
_CHANNELS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 8, 11: 7, 12: 8, 14: 8}
"""Channels of a ``channelConfiguration`` (ISO/IEC 14496-3, table 1.19)."""
_WITH_RATE_DOUBLED = frozenset({5, 29})
_PARAMETRIC_STEREO = 29
_AAC = frozenset({0x40, 0x66, 0x67, 0x68})
_OPUS_RATE = 48_000
_AC3_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)
_MOST_CHANNELS, _MOST_RATE = 255, 1 << 20


def entry_bytes(entry: bytes) -> int:
    """How many bytes of a sound entry come before its boxes: QuickTime has versions with more.

    Version 1 of ISO/IEC 14496-12 has none more, so the bytes there must look like a box.
    """
    version = int.from_bytes(entry[16:18], "big")
    if version == 1 and entry[PLAIN_BYTES + 4 : PLAIN_BYTES + 8].isalnum():
        return PLAIN_BYTES
    return {1: _VERSION_1_BYTES, 2: _VERSION_2_BYTES}.get(version, PLAIN_BYTES)


def read_sound(codec: str, entry: bytes, boxes: Iterable[tuple[str, bytes]], *, path: str) -> Sound:
    """The sound in a sample ``entry`` of ``codec`` with these ``boxes``."""
    channels: int | None = int.from_bytes(entry[24:26], "big")
    rate: int | None = int.from_bytes(entry[32:34], "big")
    if int.from_bytes(entry[16:18], "big") == 2 and len(entry) >= _VERSION_2_BYTES:
        channels, rate = int.from_bytes(entry[48:52], "big"), _whole(_RATE.unpack_from(entry, 40)[0])
    object_type: int | None = None
    for fourcc, body in _unwrapped(boxes, path):
        if fourcc == "esds":
            object_type, info = _decoder_config(body[_FULL_BOX_BYTES:])
            if object_type in _AAC:
                own_channels, own_rate = _aac(info)
                channels, rate = own_channels or channels, own_rate or rate
        elif fourcc == "dOps" and len(body) >= 2:
            channels, rate = body[1], _OPUS_RATE
        elif fourcc == "dac3" and len(body) >= 3:
            bits = int.from_bytes(body[:3], "big")
            channels = _AC3_CHANNELS[bits >> 11 & 7] + (bits >> 10 & 1)
    return Sound(
        codec=codec,
        channels=channels if channels and channels <= _MOST_CHANNELS else None,
        sample_rate=rate if rate and rate <= _MOST_RATE else None,
        object_type=object_type,
    )


def _whole(rate: float) -> int:
    return int(rate) if 0 < rate <= _MOST_RATE else 0


def _unwrapped(boxes: Iterable[tuple[str, bytes]], path: str) -> Iterator[tuple[str, bytes]]:
    """The boxes, and those in ``wave``, in which QuickTime keeps the configuration of AAC."""
    for fourcc, body in boxes:
        if fourcc == "wave":
            yield from children_in(body, 0, path)
        else:
            yield fourcc, body


def _decoder_config(data: bytes) -> tuple[int | None, bytes]:
    """(object type, configuration) in the descriptors of ``esds`` (ISO/IEC 14496-1 §7.2.6)."""
    at, object_type = 0, None
    for _ in range(_MOST_DESCRIPTORS):
        if at + 2 > len(data):
            break
        tag, size, at = data[at], 0, at + 1
        for _ in range(4):
            byte = data[at] if at < len(data) else 0
            size, at = size << 7 | byte & 127, at + 1
            if not byte & 128:
                break
        if tag == _ES:
            flags = data[at + 2] if at + 2 < len(data) else 0
            at += 3 + (2 if flags & 0x80 else 0) + (2 if flags & 0x20 else 0)
            if flags & 0x40:
                at += 1 + (data[at] if at < len(data) else 0)
        elif tag == _DECODER_CONFIG:
            object_type = data[at] if at < len(data) else None
            at += 13
        elif tag == _DECODER_INFO:
            return object_type, data[at : at + size]
        else:
            at += size
    return object_type, b""


def _aac(info: bytes) -> tuple[int | None, int | None]:
    """(channels, rate) that a decoder puts out."""
    try:
        bits = Bits(info)
        kind = _audio_object(bits)
        rate = _rate(bits)
        channels = _CHANNELS.get(bits.take(4))
        if kind in _WITH_RATE_DOUBLED:
            rate = _rate(bits) or rate
    except EndOfBits:
        return None, None
    return 2 if kind == _PARAMETRIC_STEREO else channels, rate


def _audio_object(bits: Bits) -> int:
    kind = bits.take(5)
    return 32 + bits.take(6) if kind == 31 else kind


def _rate(bits: Bits) -> int | None:
    index = bits.take(4)
    if index == 15:
        return bits.take(24)
    return _RATES[index] if index < len(_RATES) else None
