"""URLs as text: the facts in one, and how one is shown. Nothing is looked up or fetched."""

from __future__ import annotations

import re
import string
from collections.abc import Collection
from urllib.parse import quote, unquote

from preflight.errors import AddressRefused
from preflight.lazy import pattern
from preflight.model import AddressFacts
from preflight.model.frozen import frozen
from preflight.redact import printable, redact, shorten
from preflight.sources.host import AllowedHost, is_allowed, is_own, problem_of_host, split_authority
from preflight.sources.share_links import share_link
from preflight.sources.signed_urls import signature_of, unsigned

__all__ = [
    "MAX_URL",
    "NO_HOST",
    "AllowedHost",
    "RemoteUrl",
    "canonical_url",
    "counted_host",
    "examine_url",
    "file_name",
    "inspect_url",
    "locate",
    "redact",
]

MAX_URL = 8192
"""Characters of the longest URL that is looked at: what nginx, Apache and CDNs take; RFC 9110 recommends 8000."""

NO_HOST = "?"
"""Where the host of a URL is counted that is not a valid one."""

_NAME_SHOWN = 100

_DEFAULT_PORTS = {"http": 80, "https": 443}

# RFC 3986, appendix B. Own, because urlsplit drops tabs and newlines silently and differs between Python versions.
_PARTS = pattern(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?", re.ASCII | re.DOTALL)

# An escape, a "%" without one, and characters that no URL may hold (RFC 3986, appendix A; the host has brackets).
_ESCAPE = pattern(r"%([0-9A-Fa-f]{2})|%|[\"<>^`{|}]")
_UNRESERVED = pattern(r"[A-Za-z0-9._~-]", re.ASCII)

_REFUSED_CHARACTER = pattern(r"[\s\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@frozen
class RemoteUrl:
    """Where a URL leads. ``host`` is in its one spelling, without brackets; ``path`` goes on the wire as it is."""

    scheme: str
    host: str
    port: int
    path: str

    def __repr__(self) -> str:
        return f"RemoteUrl({redact(self.url)!r})"

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def query(self) -> str:
        return self.path.partition("?")[2]


def locate(url: str, allow: Collection[AllowedHost] = ()) -> RemoteUrl:
    """Where ``url`` leads. Raises ``AddressRefused`` where its text rules out that it is public.

    The hosts of ``allow`` may be private. Non-ASCII characters of the path are percent-encoded; nothing else is
    changed, because a signature may cover every byte.
    """
    target = _located(url)
    if not is_allowed(target.host, target.port, allow):
        problem = problem_of_host(target.host)
        if problem:
            raise AddressRefused(problem)
    return target


def _located(url: str) -> RemoteUrl:
    """Where ``url`` leads, public or not. Raises ``AddressRefused`` for a text that is not an http(s) URL."""
    if len(url) > MAX_URL:
        raise AddressRefused(f"it is longer than {MAX_URL} characters")
    if _REFUSED_CHARACTER.search(url):
        raise AddressRefused("it holds a space, a line break, a backslash or a control character")
    scheme, authority, path, query = _parts(url)
    if scheme is None or authority is None or scheme.lower() not in _DEFAULT_PORTS:
        raise AddressRefused("it does not begin with http:// or https://")
    scheme = scheme.lower()
    host, port = split_authority(authority)
    port = port or _DEFAULT_PORTS[scheme]
    path = (path or "/") + query
    if not path.isascii():  # a character of ASCII that would have to be quoted is refused above
        path = quote(path, string.punctuation)
    return RemoteUrl(scheme=scheme, host=host, port=port, path=path)


def canonical_url(url: str) -> str:
    """The one spelling of a URL without its signature: two URLs with the same one ask for the same bytes.

    The same (RFC 3986 §6.2.2, §6.2.3): case of scheme and host, IDN and punycode, the host's final dot, a default port,
    escapes of unreserved characters and of those that no URL may hold, the case of an escape, dot segments, an empty
    path, an empty query, a fragment. Not the same: the case, empty segments and final slash of a path, the order and
    writing of parameters, http and https. ``+`` is neither ``%20`` nor ``%2B``: which one it means is for the server to
    say, and a job that is wrongly taken for another one is refused as paid.

    A text that is not an http(s) URL is returned as it is, without white space around it.
    """
    try:
        target = _located(url.strip())
    except AddressRefused:
        return url.strip()
    path, mark, query = target.path.partition("?")
    path = _without_dots(_one_spelling(path))
    return f"{target.scheme}://{target.authority}{unsigned(target.host, path + mark + _one_spelling(query))}"


def _one_spelling(text: str) -> str:
    """``text`` of a path or query with every escape written in the one way that RFC 3986 §6.2.2 prefers."""
    return _ESCAPE.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    digits = found[1]
    if digits is None:
        return quote(found[0], safe="")
    character = chr(int(digits, 16))
    return character if _UNRESERVED.fullmatch(character) else f"%{digits.upper()}"


def _without_dots(path: str) -> str:
    """RFC 3986 §5.2.4, of a path that begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    final = "/" if segments[-1] in {".", ".."} and kept else ""
    return "/" + "/".join(kept) + final


def inspect_url(url: str, *, allow: Collection[AllowedHost] = ()) -> AddressFacts:
    """What ``url`` says by itself: whether it can be public, until when it is signed, whether it is a share link.

    Never raises: ``problem`` completes the sentence "the URL cannot be public: …".
    """
    return examine_url(url, allow=allow)[0]


def examine_url(url: str, *, allow: Collection[AllowedHost] = ()) -> tuple[AddressFacts, RemoteUrl | None]:
    """``inspect_url``, and where the URL leads: ``None`` where it cannot be public."""
    try:
        target = locate(url, allow)
    except AddressRefused as refused:
        return _refused(url, str(refused), private=_private(url)), None
    signer, expires_at = signature_of(target.host, target.path)
    service, direct_url = share_link(target.host, target.path)
    facts = AddressFacts(
        scheme=target.scheme,
        host=target.host,
        length=len(url),
        signer=signer,
        expires_at=expires_at,
        share_service=service,
        direct_url=direct_url,
    )
    return facts, target


def counted_host(url: str, *, with_port: bool = False) -> str:
    """The host of ``url`` as files are counted by it: one name for every way to write it, ``?`` where it has none.

    ``with_port`` adds the port, unless it is the one that the scheme has anyway. Never raises.
    """
    scheme, authority, _, _ = _parts(url)
    try:
        host, port = split_authority((authority or "").rpartition("@")[2])
    except AddressRefused:
        return NO_HOST
    if not with_port:
        return host
    shown = f"[{host}]" if ":" in host else host
    return shown if port in (None, _DEFAULT_PORTS.get((scheme or "").lower())) else f"{shown}:{port}"


def file_name(url: str) -> str:
    """The last segment of the path, decoded, as a name that can be shown and pasted into a shell as it is."""
    segment = unquote(re.sub(r";[\w.~-]+=.*", "", _parts(url)[2].rpartition("/")[2]), errors="replace")
    name = re.sub(r"[^\w.+-]+", "_", segment.rpartition("/")[2])[-_NAME_SHOWN:].lstrip(".-")
    return name if name.strip("_.-+") else "file"


def _parts(url: str) -> tuple[str | None, str | None, str, str]:
    """Scheme, authority, path, and query with its ``?``."""
    parts = _PARTS.fullmatch(url)
    assert parts is not None  # every string matches
    return parts[1], parts[2], parts[3], parts[4] or ""


def _private(url: str) -> str | None:
    """The HOST[:PORT] of ``url`` if it is a URL whose host is on this machine or in a private network."""
    try:
        target = _located(url)
    except AddressRefused:
        return None
    return target.authority if is_own(target.host) else None


def _refused(url: str, problem: str, *, private: str | None) -> AddressFacts:
    """The facts of a URL that leads nowhere: scheme and host as far as they can be told."""
    scheme, authority, _, _ = _parts(url[:MAX_URL])
    host = (authority or "").rpartition("@")[2]
    return AddressFacts(scheme=(scheme or "").lower(), host=shorten(printable(host)), problem=problem, private=private)
