"""The samples of a track, by its tables (ISO/IEC 14496-12 §8.6.1, §8.7), compared with each other and with the file.

``stsz`` counts the samples, ``stts`` gives them times, ``stsc`` puts them into chunks, and ``stco`` or ``co64`` says
where the chunks are. A sample exists where all four have it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Sequence
from dataclasses import replace
from struct import Struct, iter_unpack
from typing import NamedTuple, NoReturn

from preflight.model import Span
from preflight.model.frozen import frozen
from preflight.model.video import FrameTimes
from preflight.probes import limits
from preflight.probes.cursor import Cursor
from preflight.probes.isobmff.boxes import HEADER_BYTES, Box, children, corrupt, first, only, parse_header, payload
from preflight.probes.isobmff.sample_chunks import Chunks, Sizes, place_samples
from preflight.probes.isobmff.sample_entry import undescribed

_TABLES = ("stts", "ctts", "stss", "stsz", "stz2", "stsc", "stco", "co64")
_LEAST_BYTES = {"stss": 4, "stsz": 12, "stz2": 12}
_ENTRY_BYTES = {"ctts": 8, "stsc": 12, "stco": 4, "co64": 8}
_ONCE = ("stts", "ctts")
"""Tables of which libavformat 61 and newer refuses a second one."""
_FORMS = {8: "B", 16: "H", 32: "I"}
"""How sizes of so many bits are unpacked. The 4 bits that ``stz2`` may use are not: nobody writes them."""
_MANDATORY = (("stts",), ("stsz", "stz2"), ("stsc",), ("stco", "co64"))


@frozen
class Samples:
    """The facts in the tables of a track. ``None`` where a table was not read.

    ``count`` samples are there, of ``listed``; ``ticks`` is how long those last that have a time and a chunk; ``begin``
    is the first one's composition offset. ``data_end`` is where the last ends, ``frames`` how long each is shown, and
    ``flaw`` why none can be read.
    """

    count: int | None = None
    listed: int = 0
    ticks: int | None = None
    begin: int | None = None
    data_end: int | None = None
    flaw: str | None = None
    frames: FrameTimes | None = None


def read_samples(
    cursor: Cursor, stbl: Box, around: Surroundings, *, times_only: bool = False
) -> Generator[Span, bytes, Samples]:
    """The samples that ``stbl`` lists. No sample can lie within a box of the structure.

    Only bytes already asked for are looked at, for no table is worth a request; but ``times_only`` reads ``stts`` in
    any case, and without it, ``stts`` is read where that is free. Raises ``MediaError`` for a table of times without
    its entries.
    """
    held = cursor.offers(stbl.start, stbl.size)
    if not held and not times_only:
        return Samples(frames=(yield from _free_times(cursor, stbl)))
    wanted = None if held else frozenset({"stts"})
    inside = yield from children(cursor, stbl, wanted=wanted)
    for name in _ONCE if held else ():
        only(inside, name)
    boxes = {box.fourcc: box for box in reversed(inside)}
    tables: dict[str, bytes] = {}
    for name in _TABLES:
        if name in boxes and (held or name == "stts"):
            table = yield from payload(cursor, boxes[name], at_most=20 + 12 * limits.MAX_TABLE_ENTRIES)
            _require_room(table, boxes[name], cursor.size)
            tables[name] = table
    times = sample_times(tables.get("stts"), boxes.get("stts"))
    if not held:
        total = sum(count * delta for count, delta in times) if times is not None else None
        return Samples(ticks=total, frames=frame_times(times))
    return replace(_examine(tables, times, around), frames=frame_times(times))


def _require_room(table: bytes, box: Box, size: int | None) -> None:
    """Raise for a table without its header, and for one that reaches past the end of the file: FFmpeg opens neither."""
    least, declared = _LEAST_BYTES.get(box.fourcc, 8), _count(table)
    width = _ENTRY_BYTES.get(box.fourcc, 0)
    if len(table) < least:
        what = f"{len(table)} bytes where {least} are needed"
    elif width and declared * width > ((size or box.end) if box.fourcc != "stsc" else box.end) - box.body - 8:
        what = f"{declared} entries and room for {(box.end - box.body - 8) // width}"
    else:
        return
    _refuse(box, what)


def _refuse(box: Box, what: str) -> NoReturn:
    corrupt(f"has box '{box.path}' at byte {box.start} with {what}", offset=box.start, where=box.path)


def _free_times(cursor: Cursor, stbl: Box) -> Generator[Span, bytes, FrameTimes | None]:
    """The times of a long ``stbl`` where ``stts`` comes right after ``stsd``, as usual, and its bytes are free."""
    stsd = first((yield from children(cursor, stbl, wanted=frozenset({"stsd"}))), "stsd")
    if stsd is None or not cursor.holds(stsd.end, HEADER_BYTES):
        return None
    box = parse_header((yield from cursor.read(stsd.end, HEADER_BYTES)), stsd.end, stbl.end, stbl.path)
    if box.fourcc != "stts" or box.end > stbl.end or box.size > 16 + 8 * limits.MAX_TABLE_ENTRIES:
        return None
    data = yield from cursor.read_optional(box.body, box.end - box.body)
    return frame_times(sample_times(data, box)) if data and len(data) == box.end - box.body else None


def frame_times(runs: Sequence[tuple[int, int]] | None) -> FrameTimes | None:
    """The times of ``runs`` of (samples, ticks a sample); ``None`` without any. The last sample's is arbitrary."""
    filled = [run for run in runs or () if run[0]]
    if not filled:
        return None
    lasting = filled[:-1] if filled[-1][0] == 1 and len(filled) > 1 else filled
    lengths = [ticks for _, ticks in lasting]
    return FrameTimes(
        sum(count for count, _ in filled), sum(count * ticks for count, ticks in filled), min(lengths), max(lengths)
    )


def _examine(tables: dict[str, bytes], times: list[tuple[int, int]] | None, around: Surroundings) -> Samples:
    for names in _MANDATORY:
        if not any(name in tables for name in names):
            return Samples(ticks=_ticks(times, None) if times is not None else None, flaw=f"has no '{names[0]}' table")
    sizes = sample_sizes(tables.get("stsz"), tables.get("stz2"))
    offsets = chunk_offsets(tables.get("stco"), tables.get("co64"))
    if sizes is None or offsets is None or times is None:
        return Samples(ticks=_ticks(times, None) if times is not None else None)
    chunks = place_samples(offsets, chunk_runs(tables.get("stsc")), sizes)
    timed = sum(count for count, _ in times)
    there = min(sizes.count, chunks.samples)
    return Samples(
        count=there,
        listed=sizes.count,
        ticks=_ticks(times, there),
        begin=_first_offset(tables.get("ctts")),
        data_end=chunks.end,
        flaw=_flaw(sizes, chunks, timed, around.structure) or undescribed(tables.get("stsc"), around.descriptions),
    )


class Surroundings(NamedTuple):
    """``structure`` is the boxes of the file without media; ``descriptions`` how many the track has, if known."""

    structure: Sequence[Box] = ()
    descriptions: int | None = None


def _flaw(sizes: Sizes, chunks: Chunks, timed: int, structure: Sequence[Box]) -> str | None:
    """Why no sample of the track can be read, in words that follow "its video"; ``None`` where one can."""
    if not sizes.count:
        return "lists no sample"
    if not chunks.samples:
        return f"counts {sizes.count} sample{'s' * (sizes.count > 1)} and has no chunk that holds one"
    if not timed:
        return f"counts {sizes.count} samples and gives none of them a time"
    if not sizes.each and sizes.listed is not None and not any(sizes.listed):
        return f"counts {sizes.count} samples of 0 bytes"
    begins = chunks.begins
    for box in structure:
        at = bisect_left(begins, box.start)
        if at < len(begins) and begins[at] < box.end:
            return f"begins at byte {begins[at]}, within the '{box.fourcc}' box, where no media is"
    return None


def sample_times(stts: bytes | None, box: Box | None) -> list[tuple[int, int]] | None:
    """(samples, ticks a sample) of ``stts`` (§8.6.1.2). The table is never expanded."""
    if stts is None or box is None or len(stts) < 8:
        return None
    declared, there = _count(stts), (len(stts) - 8) // 8
    if declared > there:
        _refuse(box, f"{declared} entries and room for {there}")
    return list(iter_unpack(">II", stts[8 : 8 + 8 * declared]))


def _ticks(times: list[tuple[int, int]], samples: int | None) -> int:
    """How long the first ``samples`` last, or all that have a time."""
    total, left = 0, samples
    for count, delta in times:
        counted = count if left is None else min(count, left)
        total += counted * delta
        if left is not None:
            left -= counted
    return total


def _first_offset(ctts: bytes | None) -> int:
    """The composition offset of the first sample (§8.6.1.3): signed in version 1, and by habit in version 0."""
    return int.from_bytes(ctts[12:16], "big", signed=True) if ctts and len(ctts) >= 16 and _count(ctts) else 0


def sample_sizes(stsz: bytes | None, stz2: bytes | None) -> Sizes | None:
    """``stsz`` or ``stz2`` (§8.7.3)."""
    table = stsz if stsz is not None else stz2
    if table is None or len(table) < 12:
        return None
    count = int.from_bytes(table[8:12], "big")
    if stsz is not None and (each := int.from_bytes(stsz[4:8], "big")):
        return Sizes(count, each)
    bits = 32 if stsz is not None else table[7]
    form = _FORMS.get(bits)
    if form is None or len(table) < 12 + count * bits // 8:
        return Sizes(count, 0)
    return Sizes(count, 0, Struct(f">{count}{form}").unpack_from(table, 12))


def chunk_offsets(stco: bytes | None, co64: bytes | None) -> tuple[int, ...] | None:
    """Where chunks begin (§8.7.5); ``None`` for a table without its entries."""
    table, width = (stco, 4) if stco is not None else (co64, 8)
    if table is None or len(table) < 8 or len(table) < 8 + width * _count(table):
        return None
    return Struct(f">{_count(table)}{'I' if width == 4 else 'Q'}").unpack_from(table, 8)


def chunk_runs(stsc: bytes | None) -> list[tuple[int, int]]:
    """(first chunk, samples a chunk) of ``stsc`` (§8.7.4)."""
    if stsc is None or len(stsc) < 8:
        return []
    entries = min(_count(stsc), (len(stsc) - 8) // 12)
    return [(first, samples) for first, samples, _ in iter_unpack(">III", stsc[8 : 8 + 12 * entries])]


def _count(table: bytes) -> int:
    return int.from_bytes(table[4:8], "big")
