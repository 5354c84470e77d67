"""Where the samples of a clip's picture are, one by one: for its first key frame, and for a few frames of it.

ISO/IEC 14496-12 §8.6 and §8.7 for the tables of the movie box, §8.8 for fragments. A check needs sums of them alone
(``samples.py``, ``runs.py``).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import chain, islice, repeat
from struct import Struct, iter_unpack
from typing import NamedTuple

from preflight.model import Span
from preflight.model.frozen import frozen
from preflight.probes import limits
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.isobmff.boxes import Box, children, corrupt, first, payload
from preflight.probes.isobmff.compressed import read_compressed
from preflight.probes.isobmff.fragment_samples import fragment_samples
from preflight.probes.isobmff.sample_chunks import stretches
from preflight.probes.isobmff.samples import chunk_offsets, chunk_runs, sample_sizes, sample_times
from preflight.probes.isobmff.top_level import Layout, walk
from preflight.probes.isobmff.tracks import IDENTITY, parse_clock, parse_tkhd

_MAX_SAMPLES = 20_000
"""Ten minutes of a clip: what is longer is refused, and shown as far as this."""
_MAX_STBL_BYTES = 2 * limits.MIB
_MAX_BOX_BYTES = 256 * limits.KIB
_MATRIX = Struct(">ii4xii")
_TABLES = ("stsz", "stz2", "stco", "co64", "stsc", "stss", "stts", "ctts")
_NO_VIDEO = "has no video track whose frames can be found"


class PictureSample(NamedTuple):
    """One frame as it is stored: bytes ``[start, end)`` of the file. ``ticks`` is when it is shown, before any edit."""

    start: int
    end: int
    ticks: int
    is_sync: bool


@frozen
class PictureTrack:
    """The picture of a clip. ``boxes`` are the movie's ``mvhd`` and its own ``tkhd``, ``mdhd``, ``hdlr`` and ``stsd``.

    ``matrix`` is the two-by-two part of its own and the movie's together. ``samples`` are in the order of decoding.
    """

    boxes: dict[str, bytes]
    timescale: int
    matrix: tuple[int, int, int, int]
    samples: tuple[PictureSample, ...]


def read_picture_track(
    size: int | None, track_id: int | None, *, all_fragments: bool
) -> Generator[Span, bytes, PictureTrack]:
    """The samples of the track ``track_id``, of the first video track without one. Raises ``MediaError``.

    Without ``all_fragments``, those of the first fragments are enough that hold a key frame.
    """
    cursor, layout = Cursor(size), Layout()
    yield from walk(cursor, layout)
    if layout.moov is None:
        give_up("has no 'moov' box")
    held, moov = cursor, layout.moov
    boxes = yield from children(held, moov)
    if (cmov := first(boxes, "cmov")) is not None:
        held, inner = yield from read_compressed(cursor, cmov)
        boxes = yield from children(held, inner)
    mvhd, mvex = first(boxes, "mvhd"), first(boxes, "mvex")
    if mvhd is None:
        corrupt("has a 'moov' box without 'mvhd'")
    movie = yield from _whole(held, mvhd)
    for trak in islice((box for box in boxes if box.fourcc == "trak"), limits.MAX_TRACKS):
        found = yield from _read_track(held, trak, track_id)
        if found is None:
            continue
        raw, timescale, number, stbl = found
        samples = yield from _listed(held, stbl)
        if mvex is not None and (all_fragments or not samples):
            samples += yield from fragment_samples(
                cursor, held, (moov.end, mvex), number, before=samples, is_limited=not all_fragments
            )
        if samples:
            matrix = _combined(parse_tkhd(raw["tkhd"][8:]).matrix, _movie_matrix(movie[8:]))
            places = tuple(PictureSample(*sample) for sample in samples[:_MAX_SAMPLES])
            return PictureTrack(boxes={"mvhd": movie, **raw}, timescale=timescale, matrix=matrix, samples=places)
    give_up(_NO_VIDEO)


def _read_track(
    cursor: Cursor, trak: Box, wanted: int | None
) -> Generator[Span, bytes, tuple[dict[str, bytes], int, int, Box] | None]:
    """The boxes of ``trak``, its timescale, its id and its ``stbl``; ``None`` for another than the wanted track."""
    boxes = yield from children(cursor, trak)
    tkhd, mdia = first(boxes, "tkhd"), first(boxes, "mdia")
    if tkhd is None or mdia is None:
        return None
    raw = {"tkhd": (yield from _whole(cursor, tkhd))}
    number = parse_tkhd(raw["tkhd"][8:].ljust(84, b"\0")).track_id
    if wanted is not None and number != wanted:
        return None
    media = yield from children(cursor, mdia)
    mdhd, hdlr, minf = (first(media, name) for name in ("mdhd", "hdlr", "minf"))
    if mdhd is None or hdlr is None or minf is None:
        return None
    raw["mdhd"], raw["hdlr"] = (yield from _whole(cursor, mdhd)), (yield from _whole(cursor, hdlr))
    stbl = first((yield from children(cursor, minf)), "stbl")
    if raw["hdlr"][16:20] != b"vide" or stbl is None:
        return None
    yield from cursor.read(stbl.start, min(stbl.size, _MAX_STBL_BYTES))  # all tables in one read
    stsd = first((yield from children(cursor, stbl)), "stsd")
    if stsd is None:
        return None
    raw["stsd"] = yield from _whole(cursor, stsd)
    return raw, parse_clock(raw["mdhd"][8:], mdhd)[0], number, stbl


def _whole(cursor: Cursor, box: Box) -> Generator[Span, bytes, bytes]:
    """``box`` with a header of eight bytes."""
    if box.end - box.body > _MAX_BOX_BYTES:
        give_up(f"has a '{box.fourcc}' box of {box.size} bytes", offset=box.start, where=box.path)
    data = yield from payload(cursor, box, at_least=8, at_most=_MAX_BOX_BYTES)
    return (len(data) + 8).to_bytes(4, "big") + box.fourcc.encode("latin-1") + data


def _listed(cursor: Cursor, stbl: Box) -> Generator[Span, bytes, list[tuple[int, int, int, bool]]]:
    """The samples that the tables list, up to a bound."""
    boxes = {box.fourcc: box for box in reversed((yield from children(cursor, stbl)))}
    tables: dict[str, bytes] = {}
    for name in _TABLES:
        if name in boxes:
            tables[name] = yield from payload(cursor, boxes[name], at_most=_MAX_STBL_BYTES)
    sizes = sample_sizes(tables.get("stsz"), tables.get("stz2"))
    offsets = chunk_offsets(tables.get("stco"), tables.get("co64"))
    if sizes is None or offsets is None or not (sizes.each or sizes.listed is not None):
        return []
    count = min(sizes.count, _MAX_SAMPLES)
    lengths = islice(sizes.listed if sizes.listed is not None else repeat(sizes.each), count)
    times = _ticks(sample_times(tables.get("stts"), boxes.get("stts")) or [])
    shifts = chain(_shifts(tables.get("ctts")), repeat(0))
    sync = _sync_numbers(tables.get("stss"))
    places = _places(chunk_runs(tables.get("stsc")), offsets, lengths)
    return [
        (start, end, time + shift, sync is None or number in sync)
        for number, ((start, end), time, shift) in enumerate(zip(places, times, shifts, strict=False), start=1)
    ]


def _places(runs: list[tuple[int, int]], offsets: tuple[int, ...], lengths: Iterator[int]) -> Iterator[tuple[int, int]]:
    """The bytes of each sample, one after the other in the chunks that hold them."""
    for begin, last, samples in stretches(runs, len(offsets)):
        for chunk in range(begin, last):
            at = offsets[chunk]
            for length in islice(lengths, samples):
                yield at, at + length
                at += length


def _ticks(runs: list[tuple[int, int]]) -> Iterator[int]:
    """When each sample is decoded. The runs are not believed about how many there are: the lengths end them."""
    time = 0
    for count, delta in runs:
        for _ in range(count):
            yield time
            time += delta


def _shifts(ctts: bytes | None) -> Iterator[int]:
    """How much later than it is decoded each sample is shown (§8.6.1.3)."""
    entries = min(int.from_bytes(ctts[4:8], "big"), (len(ctts) - 8) // 8) if ctts else 0
    for count, shift in iter_unpack(">Ii", ctts[8 : 8 + 8 * entries] if ctts else b""):
        yield from repeat(shift, count)


def _sync_numbers(stss: bytes | None) -> frozenset[int] | None:
    """The numbers of the samples from which decoding can start (§8.6.2); ``None`` where it can from each."""
    if stss is None or len(stss) < 8:
        return None
    entries = min(int.from_bytes(stss[4:8], "big"), (len(stss) - 8) // 4)
    return frozenset(number for (number,) in iter_unpack(">I", stss[8 : 8 + 4 * entries]))


def _movie_matrix(mvhd: bytes) -> tuple[int, int, int, int]:
    at = 48 if mvhd[0] else 36
    return _MATRIX.unpack_from(mvhd, at) if len(mvhd) >= at + 36 else IDENTITY


def _combined(track: tuple[int, ...], movie: tuple[int, ...]) -> tuple[int, int, int, int]:
    """The track's matrix followed by the movie's, in units of 16.16 again."""
    a, b, c, d = track
    e, f, g, h = movie
    return (a * e + b * g) >> 16, (a * f + b * h) >> 16, (c * e + d * g) >> 16, (c * f + d * h) >> 16
