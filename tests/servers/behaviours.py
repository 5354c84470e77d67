"""Every behaviour of the lying server by its name."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TypeAlias
from urllib.parse import unquote

from tests.servers import answers, ranged
from tests.servers.wire import Turn

Behaviour: TypeAlias = Callable[[Turn], Awaitable[None]]


def behaviour_of(name: str) -> Behaviour:
    """The behaviour called ``name``, 404 if there is none.

    ``status-503``, ``range-status-403`` and ``redirect-chain-4`` take any number, ``coded-utf-8`` any coding.
    """
    if match := re.fullmatch(r"status-(\d{3})", name):
        return partial(answers.status, int(match[1]))
    if match := re.fullmatch(r"redirect-chain-(\d)", name):
        return partial(_redirect_chain, int(match[1]))
    if match := re.fullmatch(r"range-status-(\d{3})", name):
        return partial(ranged.fails_with_range, int(match[1]))
    if match := re.fullmatch(r"later-range-status-(\d{3})", name):
        return partial(ranged.fails_with_later_range, int(match[1]))
    if match := re.fullmatch(r"coded-([\w, -]+)", unquote(name)):
        return partial(ranged.part, Content_Encoding=match[1])
    return BEHAVIOURS.get(name, partial(answers.status, 404))


async def _redirect(location: str | None, turn: Turn) -> None:
    """To ``location``, in which ``{name}`` is the file and ``{host}`` this server."""
    where = location and location.format(name=turn.request.target.split("/", 2)[2], host=turn.request.headers["host"])
    await turn.answer(302, {"Location": where})


async def _redirect_to(turn: Turn) -> None:
    """To the URL that the file holds."""
    await turn.answer(302, {"Location": turn.file.part(0, turn.file.size).decode()})


async def _redirect_chain(hops: int, turn: Turn) -> None:
    """That many redirects on this server, then the file."""
    following = f"redirect-chain-{hops - 1}" if hops > 1 else "ok"
    await _redirect(f"/{following}/{{name}}", turn)


BEHAVIOURS: Mapping[str, Behaviour] = MappingProxyType(
    {
        "ok": ranged.ok,
        "ignores-range": ranged.whole,
        "refuses-range": ranged.refuses_range,
        "honours-range-once": ranged.honours_range_once,
        "refuses-later-ranges": ranged.refuses_later_ranges,
        "lies-about-range": ranged.lies_about_range,
        "shifted-range": ranged.shifted_range,
        "narrow-range": ranged.narrow_range,
        "capped-range": ranged.capped_range,
        "wide-range": ranged.wide_range,
        "part-as-whole": ranged.part_as_whole,
        "half-as-whole": ranged.half_as_whole,
        "part-in-200": ranged.part_in_200,
        "total-is-end": ranged.total_is_end,
        "total-never": ranged.total_never,
        "never-whole": ranged.never_whole,
        "nodes": ranged.nodes,
        "other-bytes": ranged.other_bytes,
        "other-bytes-untold": ranged.other_bytes_untold,
        "other-bytes-once": ranged.other_bytes_once,
        "short-range": ranged.short_range,
        "long-range": ranged.long_range,
        "range-length-lies": ranged.range_length_lies,
        "no-content-range": ranged.no_content_range,
        "total-unknown": ranged.total_unknown,
        "total-at-the-end": ranged.total_at_the_end,
        "shrinks": ranged.shrinks,
        "multipart": ranged.multipart,
        "changes-etag": ranged.changes_etag,
        "changes-modified": ranged.changes_modified,
        "changes-size": ranged.changes_size,
        "changes-once": ranged.changes_once,
        "weak-etag": ranged.weak_etag,
        "strange-etag": ranged.strange_etag,
        "no-validator": ranged.no_validator,
        "html": partial(answers.page, "html"),
        "json": partial(answers.page, "json"),
        "xml": partial(answers.page, "xml"),
        "busy": partial(answers.busy, 0, 1000),
        "busy-once": partial(answers.busy, 0, 1),
        "busy-for-an-hour": partial(answers.busy, 3600, 1000),
        "empty-body": answers.empty_body,
        "empty-range": answers.empty_range,
        "forces-gzip": partial(answers.forces_coding, "gzip"),
        "forces-br": partial(answers.forces_coding, "br"),
        "gzip-bomb": answers.gzip_bomb,
        "says-identity": answers.says_identity,
        "no-length": answers.no_length,
        "chunked": answers.chunked,
        "chunked-cut": answers.chunked_cut,
        "http-1.0": answers.http_1_0,
        "endless": answers.endless,
        "closes-early": answers.closes_early,
        "closes-unanswered": answers.closes_unanswered,
        "closes-idle": answers.closes_idle,
        "closes-reused": answers.closes_reused,
        "length-lies-short": answers.length_lies_short,
        "length-lies-long": answers.length_lies_long,
        "drips-body": answers.drips_body,
        "drips-headers": answers.drips_headers,
        "stalls": answers.stalls,
        "endless-1xx": answers.endless_1xx,
        "huge-headers": answers.huge_headers,
        "many-headers": answers.many_headers,
        "not-http": answers.not_http,
        "raw": answers.raw,
        "redirect-to": _redirect_to,
        "redirect-loop": partial(_redirect, "/redirect-loop/{name}"),
        "redirect-private": partial(_redirect, "http://169.254.169.254/latest/meta-data/"),
        "redirect-file": partial(_redirect, "file:///etc/passwd"),
        "redirect-https-to-http": partial(_redirect, "http://{host}/ok/{name}"),
        "redirect-nowhere": partial(_redirect, None),
    }
)
