"""The host of a URL: one spelling for every way to write it, and whether its text alone rules it out.

An address is put in its canonical form first, so that ``127.1``, ``0x7f000001`` and ``[::ffff:127.0.0.1]`` are judged
as what ``getaddrinfo`` would make of them. A name is put in its ASCII form (IDNA), which is also what gets dialled: the
text that is judged and the text that is resolved are the same.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from preflight.errors import AddressRefused, ConfigurationError
from preflight.lazy import pattern
from preflight.redact import redact
from preflight.sources.address_guard import problem_of

MAX_PORT = 65_535

# RFC 6761, 6762, 7686, 8375, and "internal", which ICANN reserved for private use.
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".test", ".invalid", ".onion")

# Written as they are by IDNA 2008, replaced or dropped by IDNA 2003: two programs dial two hosts.
_AMBIGUOUS = frozenset("ßς\u200c\u200d")

_MAX_NAME = 253
_LABEL = pattern(r"[a-z0-9_-]{1,63}", re.ASCII)
_NUMBER = pattern(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
_AUTHORITY = pattern(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]*))?", re.ASCII)


_REMEMBERED = 2048
"""Hosts whose answers are kept: the rows of a manifest name a few, those of a large data set a thousand by turns."""


@lru_cache(maxsize=_REMEMBERED)
def split_authority(authority: str) -> tuple[str, int | None]:
    """Host in its one spelling (no brackets) and port of ``HOST``, ``HOST:PORT``, ``[IPV6]:PORT``.

    Raises ``AddressRefused`` where it is neither a name nor an address. Does not check whether it is public.
    """
    if "@" in authority:
        raise AddressRefused("it holds a user name or a password")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise AddressRefused("its host or port is not valid")
    host, digits = match.groups()
    if not host:
        raise AddressRefused("it has no host")
    if not digits:
        return canonical_host(host), None
    # Bounded before int(): nobody uses a port of a thousand digits.
    if len(digits) > 5 or not 1 <= int(digits) <= MAX_PORT:
        raise AddressRefused(f"its port is not between 1 and {MAX_PORT}")
    return canonical_host(host), int(digits)


def canonical_host(host: str) -> str:
    """``host`` in its one spelling: a plain address, or a lower-case ASCII name without its final dot."""
    if "%" in host:
        raise AddressRefused("its host is percent-encoded or has a scope id")
    if host.startswith("["):
        try:
            return str(IPv6Address(host[1:-1]))
        except AddressValueError as exc:
            raise AddressRefused("its host is not a valid IPv6 address") from exc
    name = _ascii_name(host)
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _canonical_ipv4(labels)
    if len(name) > _MAX_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("its host is not a valid name")
    return name


@lru_cache(maxsize=_REMEMBERED)
def problem_of_host(host: str) -> str | None:
    """Why ``host``, in its one spelling, cannot be public: a sentence about it, or ``None``."""
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        problem = problem_of(host)
        return problem and f"its host {host} is {problem}"
    if "." not in host:
        return f"its host {host} is a name of a local network"
    if host.endswith(_PRIVATE_SUFFIXES):
        return f"its host {host} ends in a name that is never public"
    return None


def is_own(host: str) -> bool:
    """Whether ``host``, in its one spelling, can be a server of the user: this machine, a private address, a name."""
    if ":" in host:
        address: IPv4Address | IPv6Address = IPv6Address(host)
    elif _NUMBER.fullmatch(host.rpartition(".")[2]):
        address = IPv4Address(host)
    else:
        return problem_of_host(host) is not None
    return address.is_loopback or (
        address.is_private and not (address.is_link_local or address.is_unspecified or address.is_reserved)
    )


def _ascii_name(host: str) -> str:
    if host.isascii():
        return host.lower().removesuffix(".")
    if not _AMBIGUOUS.isdisjoint(host.lower()):
        raise AddressRefused("its host holds a character that programs read in two ways; write the name as xn--")
    try:
        return host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError as exc:
        raise AddressRefused("its host is not a valid international name") from exc


def _canonical_ipv4(labels: list[str]) -> str:
    """The address that ``inet_aton`` makes of one to four numbers, decimal, octal (``0…``) or hexadecimal (``0x…``)."""
    try:
        numbers = [_number(label) for label in labels]
    except ValueError as exc:
        raise AddressRefused("its host ends in a number and is not a valid IPv4 address") from exc
    *octets, last = numbers
    if len(octets) > 3 or any(octet > 255 for octet in octets) or last >= 256 ** (4 - len(octets)):
        raise AddressRefused("its host ends in a number and is not a valid IPv4 address")
    value = last + sum(octet << (24 - 8 * index) for index, octet in enumerate(octets))
    return str(IPv4Address(value))


def _number(label: str) -> int:
    if len(label) > 20 or not _NUMBER.fullmatch(label):
        raise ValueError(label)
    if label.startswith("0x"):
        return int(label, 16)
    return int(label, 8 if label.startswith("0") else 10)


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """A host that may be private: ``port`` ``None`` means every port."""

    host: str
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> AllowedHost:
        """``HOST`` or ``HOST:PORT``, IPv6 in brackets. Raises ``ConfigurationError`` for anything else."""
        try:
            return cls(*split_authority(text))
        except AddressRefused as exc:
            raise ConfigurationError(f"{_without_user(text)[:80]!r} is not HOST or HOST:PORT: {exc}") from exc

    def allows(self, host: str, port: int) -> bool:
        """Whether ``host``, in its one spelling, is this one on this ``port``."""
        return is_allowed(host, port, (self,))


def is_allowed(host: str, port: int, allow: Collection[AllowedHost]) -> bool:
    """Whether ``allow``, best a set, has ``host``, in its one spelling, on this ``port``: each URL is asked twice."""
    return bool(allow) and (AllowedHost(host, port) in allow or AllowedHost(host) in allow)


def _without_user(text: str) -> str:
    """A text that is not a host, as it may be shown: the part before an "@" may be a password."""
    user, mark, rest = text.rpartition("@")
    return redact(f"…@{rest}" if mark and user else text)
