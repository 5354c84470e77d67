"""The smallest H.264 video there is: one grey picture, then pictures that repeat it (ITU-T H.264, Baseline profile)."""

from __future__ import annotations

import re

_PROFILE, _LEVEL = 66, 51
_FRAME_NUMBERS = 16
_SPS, _PPS, _IDR, _REPEAT = 0x67, 0x68, 0x65, 0x61

_GREY_MACROBLOCK = "00100111"
"""Intra 16×16 from the mean of its neighbours, nothing added: mb_type 3, chroma mode 0, no change, no coefficients."""


def parameter_sets(width: int, height: int) -> tuple[bytes, bytes]:
    """The sequence (§7.3.2.1.1) and the picture parameter set (§7.3.2.2), as NAL units."""
    wide, high = -(-width // 16), -(-height // 16)
    crop = (wide * 16 - width) // 2, (high * 16 - height) // 2
    sequence = f"{_PROFILE:08b}{0b11000000:08b}{_LEVEL:08b}" + _ue(0)
    sequence += _ue(0) + _ue(2) + _ue(1) + "0"  # frame numbers of 4 bits, order of output, one reference, no gaps
    sequence += _ue(wide - 1) + _ue(high - 1) + "11"
    sequence += "1" + _ue(0) + _ue(crop[0]) + _ue(0) + _ue(crop[1]) if any(crop) else "0"
    picture = _ue(0) + _ue(0) + "00" + _ue(0) * 3 + "000" + _ue(0) * 3 + "000"
    return _unit(_SPS, sequence + "0"), _unit(_PPS, picture)


def first_picture(width: int, height: int) -> bytes:
    """A grey picture that needs no other (§7.3.3), as a NAL unit."""
    header = _ue(0) + _ue(7) + _ue(0) + "0000" + _ue(0) + "00" + _ue(0)
    return _unit(_IDR, header + _GREY_MACROBLOCK * _macroblocks(width, height))


def next_pictures(width: int, height: int) -> tuple[bytes, ...]:
    """NAL units of pictures that repeat the one before: for the ``n``-th picture that at ``n`` modulo their count."""
    return tuple(
        _unit(_REPEAT, _ue(0) + _ue(5) + _ue(0) + f"{number:04b}" + "000" + _ue(0) + _ue(_macroblocks(width, height)))
        for number in range(_FRAME_NUMBERS)
    )


def decoder_configuration(width: int, height: int) -> bytes:
    """The content of an ``avcC`` box (ISO/IEC 14496-15 §5.3.3.1); samples have lengths of four bytes."""
    sequence, picture = parameter_sets(width, height)
    head = bytes([1, *sequence[1:4], 0xFF, 0xE1])
    return head + len(sequence).to_bytes(2) + sequence + b"\x01" + len(picture).to_bytes(2) + picture


def _macroblocks(width: int, height: int) -> int:
    return -(-width // 16) * -(-height // 16)


def _ue(value: int) -> str:
    """§9.1: an unsigned number in bits; of 0 it is also the signed one."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def _unit(head: int, bits: str) -> bytes:
    """§7.3.1: a NAL unit with its last bit and, where zeros could be taken for a start code, bytes in between."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    payload = int(bits, 2).to_bytes(len(bits) // 8)
    return bytes([head]) + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", payload)
