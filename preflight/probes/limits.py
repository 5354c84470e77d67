"""How much a file may make a probe read. A file can demand anything; these are the answers."""

from __future__ import annotations

KIB = 1024
MIB = 1024 * KIB

FIRST_SPAN_BYTES = 64 * KIB
"""Decides 98.2 % of JPEGs, 99.7 % of PNGs and nearly every fast-start clip in one request (docs/decisions.md)."""

STEP_BYTES = 8 * KIB
"""Read at a time of the rest of an answer."""

TAIL_SPAN_BYTES = 64 * KIB
"""Read where ``mdat`` ends: every one of 59 measured tail ``moov`` boxes of short clips fits."""

MFRA_SPAN_BYTES = 32 * KIB
"""Read at the end of a fragmented file: an index of ``mfra`` has some 20 bytes a fragment and track."""

JUMP_SPAN_BYTES = 16 * KIB
"""Read after a jump inside a large box: the next track's header boxes, or one ``moof``."""

MAX_SPANS = 64
"""Separate reads for one file. A layout that needs more is not read further."""

MAX_BYTES = 12 * MIB
"""Required bytes for one file, all reads together: the largest picture that can pass, if it were all metadata."""

MAX_OPTIONAL_BYTES = 32 * MIB
"""Optional bytes for one file: enough to search the largest acceptable picture to its first byte."""

MAX_BOXES = 4096
"""Boxes visited in one file."""

MAX_DEPTH = 8
"""Levels of boxes within boxes."""

MAX_TRACKS = 64
"""Tracks read from one ``moov``."""

MAX_COMPRESSED_MOVIE_BYTES = 2 * MIB
"""Bytes of a compressed movie box (``cmvd``) that are read."""

MAX_MOVIE_BYTES = 4 * MIB
"""Bytes that a compressed movie box may inflate to, here and in MediaInfo: that of a short clip has some 50 KB."""

MAX_STRAY_BYTES = 16
"""Bytes after the last box within a box that are not a box, and are left alone: good files have some."""

MAX_TABLE_ENTRIES = 65_536
"""Entries read from one table (``elst``, ``stts``, ``sidx``, ``trun``, ``tfra``)."""

MAX_CHUNKS = 65_536
"""PNG chunks or JPEG segments visited in one picture."""

MAX_DEFECTS = 8
"""Defects of one picture that are told, and sizes that it claims: the rest is more of the same."""

MAX_PICTURE_PIXELS = 178_956_970
"""Pixels of a picture that can be called good: Pillow, and programs built on it, take more for a bomb."""

MAX_DECODED_PIXELS = 50 * 1024 * 1024
"""Pixels of a picture that is decoded: up to 12 bytes each fit into the memory of the process that does it."""
