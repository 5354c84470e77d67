"""Names for first bytes: what begins with ones is not sound, and text in two bytes a letter is text."""

from __future__ import annotations

import pytest

from preflight.model import Family
from preflight.probes.sniff import sniff

PAGE = "<!DOCTYPE html><html lang=en><title>Sign in</title></html>"
MP3_FRAME = b"\xff\xfb\x90\x64" + bytes(413)
"""MPEG 1, layer III, 128 kbit/s, 44.1 kHz: 417 bytes (ISO/IEC 11172-3 §2.4.2.3)."""
MP2_FRAME = b"\xff\xfd\xa4\x04" + bytes(572)
"""Layer II, 192 kbit/s, 48 kHz: 576 bytes."""
MPEG_2_FRAME = b"\xff\xf3\x40\xc4" + bytes(100)
"""MPEG 2, layer III, 32 kbit/s, 22.05 kHz: 104 bytes."""
AAC_FRAME = b"\xff\xf1\x50\x80\x04\x1f\xfc" + bytes(25)
"""ADTS, 32 bytes."""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(("text", "name"), [(PAGE, "HTML"), ('{"error": "gone"}', "JSON"), ("not found", "text")])
def test_text_of_two_bytes_a_letter_is_named_by_what_it_says(text: str, name: str, encoding: str) -> None:
    marked = text if encoding == "utf-16" else f"\ufeff{text}"
    assert sniff(marked.encode(encoding)) == (name, Family.DOCUMENT)


@pytest.mark.parametrize(
    ("frame", "name"),
    [(MP3_FRAME, "MP3"), (MP2_FRAME, "MP3"), (MPEG_2_FRAME, "MP3"), (AAC_FRAME, "AAC")],
    ids=["mp3", "layer-2", "mpeg-2", "aac"],
)
def test_sound_without_a_container_is_told_by_its_second_frame(frame: bytes, name: str) -> None:
    assert sniff(frame * 3) == (name, Family.AUDIO)
    assert sniff(frame + bytes(1000)).family is Family.UNKNOWN


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff" * 5000,
        b"\xff\xfb" + bytes(5000),
        b"\xff\xff\xff\xff" * 500,
        b"\xff\xe3\x18\xc4",
        b"\xff",
        b"\xff\xf1\x50",
    ],
    ids=["ones", "zeros-after-a-sync-word", "longer-ones", "one-header", "one-byte", "half-a-header"],
)
def test_data_that_begins_with_ones_is_of_no_known_format(junk: bytes) -> None:
    assert sniff(junk) == (None, Family.UNKNOWN)
