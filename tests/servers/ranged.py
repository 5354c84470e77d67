"""Behaviours that honour ranges, or seem to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import TypeAlias

from tests.servers.wire import File, Hangup, Turn

Behaviour: TypeAlias = Callable[[Turn], Awaitable[None]]

MODIFIED = "Mon, 05 Jan 2026 10:00:00 GMT"


def fields(file: File, **more: object) -> dict[str, object]:
    """The usual header fields, with others added, replaced or (``None``) dropped. ``_`` in a name means ``-``."""
    usual = {"Content-Type": file.content_type, "ETag": '"v1"', "Last-Modified": MODIFIED, "Accept-Ranges": "bytes"}
    return usual | {name.replace("_", "-"): value for name, value in more.items()}


def content_range(start: int, end: int, total: object) -> str:
    return f"bytes {start}-{end - 1}/{total}"


async def whole(turn: Turn, **more: object) -> None:
    """A right 200."""
    await turn.head(200, fields(turn.file, **{"Content_Length": turn.file.size, **more}))
    await turn.body()


async def send_part(turn: Turn, start: int, end: int, **more: object) -> None:
    """A 206 with these bytes, which says so unless ``more`` says otherwise."""
    headers = fields(turn.file, **{"Content_Range": content_range(start, end, turn.file.size), **more})
    await turn.answer(206, headers, turn.file.part(start, end))


async def part(turn: Turn, **more: object) -> None:
    """The requested bytes: a right 206, 200, or 416 for a range past the end. With other header fields as told."""
    start, end = turn.span
    if "range" not in turn.request.headers:
        await whole(turn, **more)
    elif start >= end:
        await turn.answer(416, {"Content-Range": f"bytes */{turn.file.size}"})
    else:
        await send_part(turn, start, end, **more)


def _for_ranges(behaviour: Behaviour) -> Behaviour:
    """``behaviour`` for requests with a range; the whole file for others."""

    @wraps(behaviour)
    async def answer(turn: Turn) -> None:
        await (behaviour if "range" in turn.request.headers else whole)(turn)

    return answer


async def ok(turn: Turn) -> None:
    """Everything right, If-Range included."""
    same = turn.request.headers.get("if-range", '"v1"') == '"v1"'
    await (part if same else whole)(turn)


async def refuses_range(turn: Turn) -> None:
    if "range" in turn.request.headers:
        await turn.answer(416, {}, b"no ranges here")
    else:
        await whole(turn, Accept_Ranges="none")


async def honours_range_once(turn: Turn) -> None:
    await (part if turn.request.number == 1 else whole)(turn)


@_for_ranges
async def refuses_later_ranges(turn: Turn) -> None:
    if turn.request.number == 1:
        await part(turn)
    else:
        await turn.answer(416, {"Content-Range": f"bytes */{turn.file.size}"})


@_for_ranges
async def lies_about_range(turn: Turn) -> None:
    """Sends the first bytes for any range, and says that they are that range."""
    start, end = turn.span
    await send_part(turn, 0, end - start)


async def shifted_range(turn: Turn) -> None:
    start, end = turn.span
    await send_part(turn, start + 1, end + 1)


@_for_ranges
async def narrow_range(turn: Turn) -> None:
    """Half of the requested bytes."""
    start, end = turn.span
    await send_part(turn, start, max((start + end) // 2, start + 1))


@_for_ranges
async def capped_range(turn: Turn) -> None:
    """At most 16 KiB of the requested bytes."""
    start, end = turn.span
    await send_part(turn, start, min(end, start + 16384))


@_for_ranges
async def wide_range(turn: Turn) -> None:
    """The blocks of 100 000 bytes that hold the requested bytes."""
    start, end = turn.span
    await send_part(turn, start // 100_000 * 100_000, min(-(-end // 100_000) * 100_000, turn.file.size))


async def fails_with_range(status: int, turn: Turn) -> None:
    if "range" in turn.request.headers:
        await turn.answer(status, {"Content-Type": "text/plain"}, b"no\n")
    else:
        await whole(turn)


async def fails_with_later_range(status: int, turn: Turn) -> None:
    await (part(turn) if turn.request.number == 1 else fails_with_range(status, turn))


async def part_as_whole(turn: Turn) -> None:
    """The part, as if it were the whole."""
    start, end = turn.span
    await turn.answer(200, fields(turn.file), turn.file.part(start, end))


async def half_as_whole(turn: Turn) -> None:
    """The first half as if it were the whole, for requests with a range."""
    end = turn.file.size // 2 if "range" in turn.request.headers else turn.file.size
    await turn.answer(200, fields(turn.file), turn.file.part(0, end))


async def part_in_200(turn: Turn) -> None:
    """A right answer except for its status."""
    start, end = turn.span
    claim = content_range(start, end, turn.file.size)
    await turn.answer(200, fields(turn.file, Content_Range=claim), turn.file.part(start, end))


async def total_is_end(turn: Turn) -> None:
    """Says that a part is the whole file."""
    start, end = turn.span
    await part(turn, Content_Range=content_range(start, end, end))


async def never_whole(turn: Turn) -> None:
    """Parts without a total, and never the whole."""
    if "range" in turn.request.headers:
        await total_unknown(turn)
    else:
        await turn.answer(403, {"Content-Type": "text/plain"}, b"no\n")


async def total_never(turn: Turn) -> None:
    """No total in a part, and no length of the whole."""
    if "range" in turn.request.headers:
        await total_unknown(turn)
    else:
        await turn.head(200, fields(turn.file, Transfer_Encoding="chunked"))
        await turn.chunk(turn.file.part(0, turn.file.size))
        await turn.chunk(b"")


@_for_ranges
async def short_range(turn: Turn) -> None:
    """The right fields, no length, and half of the bytes."""
    start, end = turn.span
    claim = content_range(start, end, turn.file.size)
    await turn.head(206, fields(turn.file, Content_Range=claim, Connection="close"))
    await turn.body(start, (start + end) // 2)
    raise Hangup


@_for_ranges
async def long_range(turn: Turn) -> None:
    """The right fields, no length, and more bytes than they say."""
    start, end = turn.span
    claim = content_range(start, end, turn.file.size)
    await turn.head(206, fields(turn.file, Content_Range=claim, Transfer_Encoding="chunked"))
    await turn.chunk(turn.file.part(start, end) + b"more")
    await turn.chunk(b"")


@_for_ranges
async def range_length_lies(turn: Turn) -> None:
    """A range and a length that contradict each other."""
    start, end = turn.span
    await send_part(turn, start, end, Content_Length=end - start + 7)


async def no_content_range(turn: Turn) -> None:
    await part(turn, Content_Range=None)


async def total_unknown(turn: Turn) -> None:
    start, end = turn.span
    if start >= end:
        await turn.answer(416, {})
    else:
        await part(turn, Content_Range=content_range(start, end, "*"))


async def total_at_the_end(turn: Turn) -> None:
    """The total is told only to requests past it."""
    start, end = turn.span
    total = turn.file.size if start >= end else "*"
    await part(turn, Content_Range=content_range(start, end, total))


async def shrinks(turn: Turn) -> None:
    """Half as long every other time, without a validator that would tell."""
    if turn.request.number % 2:
        await part(turn, ETag=None, Last_Modified=None)
    else:
        await turn.answer(416, {"Content-Range": f"bytes */{turn.file.size // 2}"})


async def multipart(turn: Turn) -> None:
    start, end = turn.span
    claim = content_range(start, end, turn.file.size)
    head = f"--cut\r\nContent-Type: {turn.file.content_type}\r\nContent-Range: {claim}\r\n\r\n"
    body = head.encode() + turn.file.part(start, end) + b"\r\n--cut--\r\n"
    await turn.answer(206, {"Content-Type": "multipart/byteranges; boundary=cut"}, body)


async def changes_etag(turn: Turn) -> None:
    await part(turn, ETag=f'"v{turn.request.number}"')


async def changes_modified(turn: Turn) -> None:
    await part(turn, ETag=None, Last_Modified=f"Mon, 05 Jan 2026 10:00:{turn.request.number:02} GMT")


async def changes_size(turn: Turn) -> None:
    claim = content_range(*turn.span, turn.file.size + turn.request.number)
    await part(turn, ETag=None, Last_Modified=None, Content_Range=claim)


async def changes_once(turn: Turn) -> None:
    """One version for the first request, another for good from the second on."""
    tag = '"v1"' if turn.request.number == 1 else '"v2"'
    same = turn.request.headers.get("if-range", tag) == tag
    await (part if same else whole)(turn, ETag=tag)


async def weak_etag(turn: Turn) -> None:
    await part(turn, ETag='W/"v1"', Last_Modified=None)


async def nodes(turn: Turn) -> None:
    """Two servers behind one name, each with a tag of its own for the same bytes."""
    tag = f'"node-{turn.request.number % 2}"'
    same = turn.request.headers.get("if-range", tag) == tag
    await (part if same else whole)(turn, ETag=tag)


async def other_bytes(turn: Turn) -> None:
    """Another file of the same size with every answer, tagged as such."""
    await part(_of_version(turn, turn.request.number), ETag=f'"v{turn.request.number}"')


async def other_bytes_untold(turn: Turn) -> None:
    """The same, with times."""
    moment = f"Mon, 05 Jan 2026 10:00:{turn.request.number:02} GMT"
    await part(_of_version(turn, turn.request.number), ETag=None, Last_Modified=moment)


async def other_bytes_once(turn: Turn) -> None:
    """One version for the first request, another for good from the second on."""
    version = min(turn.request.number, 2)
    tag = f'"v{version}"'
    same = turn.request.headers.get("if-range", tag) == tag
    await (part if same else whole)(_of_version(turn, version), ETag=tag)


def _of_version(turn: Turn, version: int) -> Turn:
    """The turn, to answer with a file that has other bytes from 60 000 on."""
    data = bytearray(turn.file.part(0, turn.file.size))
    data[60_000:60_004] = version.to_bytes(4, "big")
    turn.file = File(content=bytes(data), content_type=turn.file.content_type)
    return turn


async def strange_etag(turn: Turn) -> None:
    await part(turn, ETag='"v\xe9 \x1b[31m1"', Last_Modified=None, Content_Type="video/\x1b[31mmp4")


async def no_validator(turn: Turn) -> None:
    await part(turn, ETag=None, Last_Modified=None)
