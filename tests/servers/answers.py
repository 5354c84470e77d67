"""Behaviours with another status, another body, or another way to end one."""

from __future__ import annotations

import asyncio
import gzip
from functools import cache

from tests.servers.ranged import content_range, fields, part, whole
from tests.servers.wire import PIECE, Hangup, Turn

_PAGES = {
    "html": ("text/html; charset=utf-8", b"<!doctype html><title>Sign in</title><p>Please sign in to see the file."),
    "json": ("application/json", b'{"error": {"message": "no such object"}}'),
    "xml": ("application/xml", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
}


async def status(number: int, turn: Turn) -> None:
    await turn.answer(number, {"Content-Type": "text/plain"}, b"" if number in {204, 304} else b"no file\n")


async def busy(wait: int, most: int, turn: Turn) -> None:
    """No time for the first ``most`` requests, then the file."""
    if turn.request.number <= most:
        await turn.answer(429, {"Retry-After": wait, "Content-Type": "text/plain"}, b"later\n")
    else:
        await part(turn)


async def page(kind: str, turn: Turn) -> None:
    content_type, body = _PAGES[kind]
    await turn.answer(200, {"Content-Type": content_type}, body)


async def empty_body(turn: Turn) -> None:
    await turn.answer(200, {"Content-Type": turn.file.content_type})


async def empty_range(turn: Turn) -> None:
    """The answer of a right server to a range of an empty file."""
    await turn.answer(416, {"Content-Range": "bytes */0"})


async def forces_coding(coding: str, turn: Turn) -> None:
    """Compressed though identity was asked for (for ``br`` the name alone: no decoder must ever see it)."""
    body = gzip.compress(turn.file.part(0, turn.file.size)) if coding == "gzip" else b"\x0b\x02\x80"
    await turn.answer(200, fields(turn.file, Content_Encoding=coding), body)


async def gzip_bomb(turn: Turn) -> None:
    await turn.answer(200, fields(turn.file, Content_Encoding="gzip"), _bomb())


async def says_identity(turn: Turn) -> None:
    await whole(turn, Content_Encoding="identity")


async def no_length(turn: Turn) -> None:
    """The body ends with the connection."""
    await turn.head(200, fields(turn.file, Connection="close"))
    await turn.body()
    raise Hangup


async def chunked(turn: Turn) -> None:
    await turn.head(200, fields(turn.file, Transfer_Encoding="chunked"))
    for start in range(0, turn.file.size, PIECE):
        await turn.chunk(turn.file.part(start, start + PIECE))
    await turn.chunk(b"")


async def chunked_cut(turn: Turn) -> None:
    """A chunked body that never says that it ended."""
    await turn.head(200, fields(turn.file, Transfer_Encoding="chunked"))
    await turn.chunk(turn.file.part(0, turn.file.size // 2))
    raise Hangup


async def http_1_0(turn: Turn) -> None:
    await turn.head(200, {"Content-Type": turn.file.content_type, "Content-Length": turn.file.size}, version="1.0")
    await turn.body()
    raise Hangup


async def endless(turn: Turn) -> None:
    await turn.head(200, fields(turn.file, Transfer_Encoding="chunked"))
    while True:
        await turn.chunk(bytes(PIECE))


async def closes_early(turn: Turn) -> None:
    await turn.head(200, fields(turn.file, Content_Length=turn.file.size))
    await turn.body(0, turn.file.size // 2)
    raise Hangup


async def closes_unanswered(_turn: Turn) -> None:
    raise Hangup


async def closes_idle(turn: Turn) -> None:
    """A right answer that promises to keep the connection, and then does not."""
    await part(turn)
    raise Hangup


async def closes_reused(turn: Turn) -> None:
    """Every second request finds the connection closed just as it arrives."""
    if turn.request.number % 2 == 0:
        raise Hangup
    await part(turn)


async def length_lies_short(turn: Turn) -> None:
    await whole(turn, Content_Length=turn.file.size // 2)


async def length_lies_long(turn: Turn) -> None:
    await whole(turn, Content_Length=turn.file.size + 1000)
    raise Hangup


async def drips_body(turn: Turn) -> None:
    start, end = turn.span
    claim = content_range(start, end, turn.file.size)
    await turn.head(206, fields(turn.file, Content_Range=claim, Content_Length=end - start))
    await turn.drip(turn.file.part(start, end))


async def drips_headers(turn: Turn) -> None:
    await turn.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"z" * 1_000_000)


async def stalls(turn: Turn) -> None:
    """No answer at all."""
    await turn.silence(60)


async def endless_1xx(turn: Turn) -> None:
    while True:
        await turn.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 20)
        await asyncio.sleep(0.01)


async def huge_headers(turn: Turn) -> None:
    """One header field without end."""
    await turn.send(b"HTTP/1.1 200 OK\r\nX-Huge: ")
    while True:
        await turn.send(b"z" * PIECE)


async def many_headers(turn: Turn) -> None:
    """Header fields without end."""
    await turn.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await turn.send(b"X-Many: and another one of them\r\n" * 1000)


async def raw(turn: Turn) -> None:
    """The file is the whole answer, status line included."""
    await turn.body()
    raise Hangup


async def not_http(turn: Turn) -> None:
    await turn.send(b"SSH-2.0-OpenSSH_9.6\r\n")
    raise Hangup


@cache
def _bomb() -> bytes:
    """About 16 KB that inflate to 16 MiB."""
    return gzip.compress(bytes(16 * 1024 * 1024))
