"""Signed URLs: who signed one, until when it may be read, and the URL without its signature."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache, lru_cache
from urllib.parse import parse_qsl, quote, unquote

from preflight.model.named_tuple import NamedTuple
from preflight.sources.expiry import claims_end, claims_of
from preflight.sources.signers import EDGE_TOKEN, SIGNERS, Signer

_TIME_CLAIMS = frozenset({"exp", "iat", "nbf", "jti"})
"""Claims of a JSON Web Token that say when it was made and for how long it holds, and nothing about what it opens."""


class _Signature(NamedTuple):
    """A signer that was recognised, and where in the path it stands."""

    signer: Signer
    span: tuple[int, int] = (0, 0)


def signature_of(host: str, target: str) -> tuple[str | None, datetime | None]:
    """Who signed the URL and when that ends (UTC): ``(None, None)`` if nobody did, no time if none can be read.

    ``target`` is path and query. A URL that several have signed ends with the first of them.
    """
    path, _, query = target.partition("?")
    parameters = _parameters(query)
    name: str | None = None
    ends: list[datetime] = []
    for signer, (start, stop) in _signatures(host, path, parameters):
        if signer.needs or start < stop or signer is EDGE_TOKEN:
            name = name or signer.name
        read = parameters | _parameters(path[start + 1 : stop])
        if (end := signer.expiry(read)) is not None:
            ends.append(end)
    tokens = [claims for text in (*parameters.values(), *path.split("/")) if (claims := _claims(text)) is not None]
    for claims in tokens:
        if (end := claims_end(claims)) is not None:
            name = name or "the server"
            ends.append(end)
    return name, min(ends, default=None)


def unsigned(host: str, target: str) -> str:
    """``target``, which is path and query, without its signature; unchanged where nobody signed it.

    The order of the other parameters, and how they are written, stays. A JSON Web Token, which may say what it opens,
    keeps its claims but for the times.
    """
    path, _, query = target.partition("?")
    signatures = list(_signatures(host, path, _parameters(query)))
    signing: set[str] = set()
    with_claims: set[str] = set()
    for signer, (start, stop) in signatures:
        (with_claims if signer.claims else signing).update(signer.signs)
        path = path[:start] + path[stop:]
    parts = []
    for part in filter(None, query.split("&")):
        name, mark, value = part.partition("=")
        plain = _plain(name)
        if plain in signing or _is_edge_token(unquote(value)):
            continue
        claims = _claims(unquote(value))
        if claims is None and plain in with_claims:
            continue
        parts.append(part if claims is None else f"{name}{mark}{_without_times(claims)}")
    path = "/".join(
        segment if (claims := _claims(segment)) is None else _without_times(claims) for segment in path.split("/")
    )
    return path + ("?" + "&".join(parts) if parts else "")


def _signatures(host: str, path: str, parameters: dict[str, str]) -> Iterator[_Signature]:
    """The first signer of the table that fits, and the edge token that any may have beside it."""
    for signer in _candidates(frozenset(parameters), host):
        found = _pattern(signer.path).match(path) if signer.path else None
        if (found is None) is not (signer.path is None):
            continue
        if all(_pattern(shape).fullmatch(parameters.get(name, "")) for name, shape in signer.shapes.items()):
            has_group = found is not None and "signs" in found.groupdict()
            yield _Signature(signer, found.span("signs") if found and has_group else (0, 0))
            break
    if any(_is_edge_token(value) for value in parameters.values()):
        yield _Signature(EDGE_TOKEN)


def _is_edge_token(value: str) -> bool:
    return "hmac=" in value and _pattern(EDGE_TOKEN.shapes[""]).fullmatch(value) is not None


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    """Compiled when it is needed: most URLs come near few signers."""
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


@cache
def _needed() -> tuple[tuple[Signer, frozenset[str], tuple[str, ...]], ...]:
    return tuple((signer, signer.needs, tuple(f".{host}" for host in signer.hosts)) for signer in SIGNERS)


@lru_cache(maxsize=256)
def _candidates(names: frozenset[str], host: str) -> tuple[Signer, ...]:
    """The signers that these parameters and this host leave: the same for most rows of a manifest."""
    dotted = f".{host}"
    return tuple(
        signer for signer, needs, hosts in _needed() if needs <= names and (not hosts or dotted.endswith(hosts))
    )


def _parameters(query: str) -> dict[str, str]:
    if not query:
        return {}
    parameters: dict[str, str] = {}
    for name, value in _split(query):
        parameters.setdefault(name.lower(), value)
    return parameters


def _split(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query.replace("+", "%2B"), keep_blank_values=True, errors="replace")


def _plain(name: str) -> str:
    return unquote(name, errors="replace").lower()


def _claims(text: str) -> dict[str, object] | None:
    return claims_of(text) if text.count(".") == 2 and len(text) > len("e30.e30.") else None


def _without_times(claims: dict[str, object]) -> str:
    kept = {name: value for name, value in claims.items() if name not in _TIME_CLAIMS}
    return quote(json.dumps(kept, sort_keys=True, separators=(",", ":")), safe="")
