"""A compressed movie box: ``cmov`` of ``dcom`` and ``cmvd`` (QuickTime File Format, compressed movie resources)."""

from __future__ import annotations

import zlib
from collections.abc import Generator
from typing import NoReturn

from preflight.model import Span
from preflight.model.facts import MediaError
from preflight.probes import limits
from preflight.probes.cursor import Cursor, give_up
from preflight.probes.isobmff.boxes import HEADER_BYTES, Box, children, first, parse_header, payload

_METHOD = "zlib"


def read_compressed(cursor: Cursor, cmov: Box) -> Generator[Span, bytes, tuple[Cursor, Box]]:
    """The movie box in ``cmov``, and the bytes that it is to be read from. Its chunk offsets are those of the file.

    Raises ``MediaError`` if it cannot be inflated within limits: neither good nor bad, as no other part of the file
    tells what was meant.
    """
    boxes = yield from children(cursor, cmov)
    dcom, cmvd = first(boxes, "dcom"), first(boxes, "cmvd")
    if dcom is None or cmvd is None:
        _refuse(cmov, f"has a compressed 'moov' box without '{'dcom' if dcom is None else 'cmvd'}'")
    method = (yield from payload(cursor, dcom, at_least=4))[:4].decode("latin-1")
    if method != _METHOD:
        _refuse(cmov, f"has a 'moov' box compressed by the method {method!a}, which is not read here")
    data = yield from payload(cursor, cmvd, at_least=4, at_most=limits.MAX_COMPRESSED_MOVIE_BYTES)
    if len(data) < cmvd.end - cmvd.body:
        _refuse(cmov, f"has a compressed 'moov' box of {cmvd.end - cmvd.body} bytes; {len(data)} of them are read")
    plain = Cursor.over(_inflated(cmov, data[4:], int.from_bytes(data[:4], "big")))
    header = yield from plain.read(0, HEADER_BYTES)
    try:
        moov = parse_header(header, 0, plain.size)
    except MediaError as error:
        _refuse(cmov, f"has a compressed 'moov' box that does not inflate to a box: it {error.defect.message}")
    if moov.fourcc != "moov" or moov.end > (plain.size or 0):
        _refuse(cmov, f"has a compressed 'moov' box that inflates to something else ({moov.fourcc!a})")
    if first((yield from children(plain, moov)), "cmov") is not None:
        _refuse(cmov, "has a 'moov' box that is compressed twice")
    return plain, moov


def _inflated(cmov: Box, data: bytes, stated: int) -> bytes:
    if stated > limits.MAX_MOVIE_BYTES:
        _refuse(cmov, f"has a compressed 'moov' box of {stated} bytes; at most {limits.MAX_MOVIE_BYTES} are inflated")
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, stated + 1)
    except zlib.error as error:
        _refuse(cmov, f"has a compressed 'moov' box that does not inflate ({error})")
    if len(plain) != stated:
        more = "more than the" if len(plain) > stated else f"{len(plain)} bytes and not the"
        _refuse(cmov, f"has a compressed 'moov' box that inflates to {more} {stated} bytes that it states")
    return plain


def _refuse(cmov: Box, message: str) -> NoReturn:
    give_up(message, offset=cmov.start, where=cmov.path)
