"""The shape, depth and brightness curve of a pixel in the sequence parameter set of H.264 and HEVC.

A clip without ``pasp`` and ``colr`` may say in its stream that its pixels are not square, or how bright they are (Rec.
ITU-T H.264 §7.3.2.1, §E.1; Rec. ITU-T H.265 §7.3.2.2, §E.2). The sets are in ``avcC`` and ``hvcC`` (ISO/IEC 14496-15
§5.3.3, §8.3.3). Only the fields up to these are read, once, and an unreadable set says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from preflight.probes.isobmff.bits import Bits, EndOfBits

Ratio: TypeAlias = tuple[int, int]

_EXTENDED = 255
# Table E-1 of both standards, from 1 on.
_RATIOS: tuple[Ratio, ...] = (
    *((1, 1), (12, 11), (10, 11), (16, 11), (40, 33), (24, 11), (20, 11), (32, 11)),
    *((80, 33), (18, 11), (15, 11), (64, 33), (160, 99), (4, 3), (3, 2), (2, 1)),
)
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
"""Profiles of H.264 whose sets describe chroma and scaling."""
_HEVC_SPS = 33
_MAX_SETS = 64
_LEAST_BITS, _MOST_BITS = 8, 16


class ParameterSet:
    """The facts in a set, filled as it is read.

    ``aspect`` is the pixel's (across, down), ``bit_depth`` bits of brightness, ``transfer`` the number of the
    brightness curve (Rec. ITU-T H.273 §8.2). ``None`` where the set does not say, or ends before.
    """

    def __init__(self) -> None:
        self.aspect: Ratio | None = None
        self.bit_depth: int | None = None
        self.transfer: int | None = None


def read_parameter_set(fourcc: str, record: bytes) -> ParameterSet:
    """The first sequence parameter set in the payload of ``avcC`` or ``hvcC``."""
    found = ParameterSet()
    try:
        if fourcc == "avcC":
            for unit in _avc_sets(record):
                _avc(Bits.of_unit(unit[1:]), found)
                break
        else:
            for unit in _hevc_sets(record):
                _hevc(Bits.of_unit(unit[2:]), found)
                break
    except EndOfBits:
        pass
    return found


def _avc_sets(record: bytes) -> Iterator[bytes]:
    count, at = (record[5] & 31 if len(record) > 6 else 0), 6
    for _ in range(count):
        size = int.from_bytes(record[at : at + 2], "big")
        yield record[at + 2 : at + 2 + size]
        at += 2 + size


def _hevc_sets(record: bytes) -> Iterator[bytes]:
    arrays, at = (record[22] if len(record) > 23 else 0), 23
    for _ in range(min(arrays, _MAX_SETS)):
        kind, units = record[at] & 63 if at < len(record) else 0, int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(min(units, _MAX_SETS)):
            size = int.from_bytes(record[at : at + 2], "big")
            if kind == _HEVC_SPS:
                yield record[at + 2 : at + 2 + size]
            at += 2 + size


def _avc(bits: Bits, found: ParameterSet) -> None:
    profile = bits.take(8)
    bits.take(16)  # constraints, level
    bits.code()  # seq_parameter_set_id
    depth = _LEAST_BITS
    if profile in _WITH_CHROMA:
        chroma = bits.code()
        bits.take(1 if chroma == 3 else 0)
        depth += bits.code()
        bits.code()  # bit depth of colours
        bits.take(1)
        if bits.take(1):
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    found.bit_depth = depth if depth <= _MOST_BITS else None
    bits.code()  # log2_max_frame_num
    kind = bits.code()  # pic_order_cnt_type
    if kind == 0:
        bits.code()
    elif kind == 1:
        bits.take(1)
        bits.skip_codes(2)
        bits.skip_codes(min(bits.code(), 255))
    bits.code()  # max_num_ref_frames
    bits.take(1)
    bits.skip_codes(2)  # size in macroblocks
    if not bits.take(1):  # frame_mbs_only_flag
        bits.take(1)
    bits.take(1)
    if bits.take(1):  # frame_cropping_flag
        bits.skip_codes(4)
    _read_usability(bits, found)


def _skip_scaling_lists(bits: Bits, lists: int) -> None:
    for index in range(lists):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                code = bits.code()
                following = (last + (code + 1 >> 1) * (1 if code & 1 else -1)) % 256
            last = following or last


def _hevc(bits: Bits, found: ParameterSet) -> None:
    bits.take(4)  # sps_video_parameter_set_id
    layers = bits.take(3)  # sps_max_sub_layers_minus1
    bits.take(1)
    _skip_profiles(bits, layers)
    bits.code()  # sps_seq_parameter_set_id
    if bits.code() == 3:  # chroma_format_idc
        bits.take(1)
    bits.skip_codes(2)  # size
    if bits.take(1):  # conformance_window_flag
        bits.skip_codes(4)
    depth = _LEAST_BITS + bits.code()
    found.bit_depth = depth if depth <= _MOST_BITS else None
    bits.code()  # bit depth of colours
    order_bits = bits.code() + 4
    for _ in range(layers + 1 if bits.take(1) else 1):
        bits.skip_codes(3)
    bits.skip_codes(6)  # block sizes, transform depths
    if bits.take(1) and bits.take(1):  # scaling_list_enabled_flag, sps_scaling_list_data_present_flag
        _skip_hevc_scaling(bits)
    bits.take(2)
    if bits.take(1):  # pcm_enabled_flag
        bits.take(8)
        bits.skip_codes(2)
        bits.take(1)
    _skip_reference_sets(bits)
    if bits.take(1):  # long_term_ref_pics_present_flag
        for _ in range(min(bits.code(), 32)):
            bits.take(order_bits + 1)
    bits.take(2)
    _read_usability(bits, found)


def _skip_profiles(bits: Bits, layers: int) -> None:
    """``profile_tier_level`` (§7.3.3)."""
    bits.take(96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)


def _skip_hevc_scaling(bits: Bits) -> None:
    """``scaling_list_data`` (§7.3.4)."""
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not bits.take(1):
                bits.code()
                continue
            bits.skip_codes((1 if size > 1 else 0) + min(64, 1 << (4 + (size << 1))))


def _skip_reference_sets(bits: Bits) -> None:
    """Every ``st_ref_pic_set`` of the sequence (§7.3.7)."""
    pictures = 0
    for index in range(min(bits.code(), 64)):
        if index and bits.take(1):  # inter_ref_pic_set_prediction_flag
            bits.take(1)
            bits.code()
            used = 0
            for _ in range(pictures + 1):
                if bits.take(1) or bits.take(1):
                    used += 1
            pictures = used
        else:
            pictures = min(bits.code(), 16) + min(bits.code(), 16)
            for _ in range(pictures):
                bits.code()
                bits.take(1)


def _read_usability(bits: Bits, found: ParameterSet) -> None:
    """The first fields of the VUI, behind the flag that says whether there is one. They are the same in both."""
    if not bits.take(1):
        return
    if bits.take(1):  # aspect_ratio_info_present_flag
        named = bits.take(8)
        if named == _EXTENDED:
            across, down = bits.take(16), bits.take(16)
            found.aspect = (across, down) if across and down else None
        elif 1 <= named <= len(_RATIOS):
            found.aspect = _RATIOS[named - 1]
    if bits.take(1):  # overscan_info_present_flag
        bits.take(1)
    if bits.take(1):  # video_signal_type_present_flag
        bits.take(4)  # video_format, video_full_range_flag
        if bits.take(1):  # colour_description_present_flag
            bits.take(8)  # colour_primaries
            found.transfer = bits.take(8)
