"""The names that people know for codecs, by their four characters."""

from __future__ import annotations

from typing import Final

_PICTURES: Final = {
    **dict.fromkeys(("avc1", "avc2", "avc3", "avc4", "dva1", "dvav"), "H.264"),
    **dict.fromkeys(("hvc1", "hev1", "hvc2", "hev2", "dvh1", "dvhe"), "HEVC"),
    **dict.fromkeys(("vvc1", "vvi1"), "VVC"),
    **dict.fromkeys(("av01", "dav1"), "AV1"),
    "vp08": "VP8",
    "vp09": "VP9",
    "mp4v": "MPEG-4 Visual",
    "jpeg": "Motion JPEG",
    "mjpa": "Motion JPEG",
    "mjpb": "Motion JPEG",
    "apco": "ProRes 422 Proxy",
    "apcs": "ProRes 422 LT",
    "apcn": "ProRes 422",
    "apch": "ProRes 422 HQ",
    "ap4h": "ProRes 4444",
    "ap4x": "ProRes 4444 XQ",
    "aprn": "ProRes RAW",
    "aprh": "ProRes RAW HQ",
    "AVdn": "DNxHD",
    "AVdh": "DNxHR",
    "CFHD": "CineForm",
    "s263": "H.263",
    "h263": "H.263",
    "mp4s": "MPEG-4 Systems",
}
_SOUNDS: Final = {
    "ac-3": "AC-3",
    "ec-3": "E-AC-3",
    "ac-4": "AC-4",
    "alac": "ALAC",
    "Opus": "Opus",
    "fLaC": "FLAC",
    ".mp3": "MP3",
    "samr": "AMR",
    "sawb": "AMR-WB",
    "apac": "APAC",
    "dtsc": "DTS",
    "mha1": "MPEG-H 3D Audio",
    "mhm1": "MPEG-H 3D Audio",
    **dict.fromkeys(("sowt", "twos", "lpcm", "in24", "in32", "fl32", "fl64", "raw ", "NONE", "ipcm", "fpcm"), "PCM"),
}
_MPEG: Final = {
    **dict.fromkeys((0x40, 0x66, 0x67, 0x68), "AAC"),
    **dict.fromkeys((0x69, 0x6B), "MP3"),
    0xA5: "AC-3",
    0xA6: "E-AC-3",
    0xAD: "Opus",
}
"""Object types of ``mp4a`` (mp4ra.org)."""


def picture_codec(codec: str, *, bit_depth: int | None, hdr: str | None) -> str:
    """``H.264``, ``HEVC 10-bit HLG``: the codec, and what is unusual about its pixels. An unknown one as it is."""
    name = _PICTURES.get(codec, codec.strip())
    depth = f"{bit_depth}-bit" if bit_depth is not None and bit_depth > 8 and not name.startswith("ProRes") else ""
    return " ".join(part for part in (name, depth, hdr) if part)


def sound_codec(codec: str, object_type: int | None) -> str:
    """``AAC``, ``MP3``, ``PCM``. ``mp4a`` holds several codecs, which ``object_type`` tells apart."""
    if codec == "mp4a":
        return _MPEG.get(object_type or 0x40, "MPEG-4 audio")
    return _SOUNDS.get(codec, codec.strip())
