"""The brightness curve in the sequence header of AV1 (AV1 Bitstream & Decoding Process Specification §5.5).

The header is one of the units in ``av1C`` (AV1 Codec ISO Media File Format Binding §2.3.3).
"""

from __future__ import annotations

from preflight.probes.isobmff.bits import Bits, EndOfBits

_RECORD_BYTES = 4
_SEQUENCE_HEADER = 1
_MOST_UNITS = 16
_MOST_LENGTH_BYTES = 8
_EITHER = 2
"""SELECT_SCREEN_CONTENT_TOOLS: each frame decides."""


def transfer_of(record: bytes) -> int | None:
    """The number of the brightness curve (Rec. ITU-T H.273 §8.2) in the payload of ``av1C``; ``None`` if not told."""
    try:
        header = _sequence_header(record)
        return _transfer(Bits(header)) if header is not None else None
    except EndOfBits:
        return None


def _sequence_header(record: bytes) -> bytes | None:
    at = _RECORD_BYTES
    for _ in range(_MOST_UNITS):
        if at >= len(record):
            return None
        head = record[at]
        at += 2 if head & 4 else 1  # obu_extension_flag
        size = len(record) - at
        if head & 2:  # obu_has_size_field
            size, at = _leb128(record, at)
        if head >> 3 & 15 == _SEQUENCE_HEADER:
            return record[at : at + size]
        at += size
    return None


def _leb128(data: bytes, at: int) -> tuple[int, int]:
    """(value, offset after it) of a number in 7 bits a byte (§4.10.5)."""
    value = 0
    for index in range(_MOST_LENGTH_BYTES):
        if at >= len(data):
            raise EndOfBits
        byte = data[at]
        at += 1
        value |= (byte & 127) << (7 * index)
        if not byte & 128:
            break
    return value, at


def _transfer(bits: Bits) -> int | None:
    profile = bits.take(3)
    bits.take(1)  # still_picture
    reduced = bits.take(1)
    if reduced:
        bits.take(5)
    else:
        _skip_operating_points(bits)
    across, down = bits.take(4) + 1, bits.take(4) + 1
    bits.take(across)
    bits.take(down)
    if not reduced and bits.take(1):  # frame_id_numbers_present_flag
        bits.take(7)
    bits.take(3)
    if not reduced:
        _skip_tools(bits)
    bits.take(3)  # superres, cdef, restoration
    deep = bits.take(1)
    if profile == 2 and deep:
        bits.take(1)
    if profile != 1:
        bits.take(1)  # mono_chrome
    if not bits.take(1):  # color_description_present_flag
        return None
    bits.take(8)  # color_primaries
    return bits.take(8)


def _skip_operating_points(bits: Bits) -> None:
    delay_bits = 0
    if bits.take(1):  # timing_info_present_flag
        bits.take(64)
        if bits.take(1):  # equal_picture_interval
            bits.code()
        if bits.take(1):  # decoder_model_info_present_flag
            delay_bits = bits.take(5) + 1
            bits.take(42)
    shows_delay = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if delay_bits and bits.take(1):
            bits.take(2 * delay_bits + 1)
        if shows_delay and bits.take(1):
            bits.take(4)


def _skip_tools(bits: Bits) -> None:
    bits.take(4)
    ordered = bits.take(1)
    if ordered:
        bits.take(2)
    screen = _EITHER if bits.take(1) else bits.take(1)
    if screen and not bits.take(1):
        bits.take(1)
    if ordered:
        bits.take(3)
