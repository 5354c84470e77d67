"""The API key: checked once, then carried where nothing prints it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address

from preflight.errors import ConfigurationError, InvalidKey
from preflight.redact import remember

VARIABLE = "PREFLIGHT_API_KEY"

_SHAPE = re.compile(r"sk-[\x21-\x7e]+")
_LENGTH = range(7, 513)
DEFAULT_BASE_URL = "https://api.aivideoapi.ai"
_MAX_LENGTH = 2048
_MAX_PORT = 65_535
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")


def check_key(text: str) -> str:
    """``text`` itself, if it has the shape of a key: ``sk-`` and printable ASCII, 7 to 512 characters.

    A caller that reads the key from a file strips the final newline. Raises ``InvalidKey``, which never shows it.
    """
    if not text:
        raise InvalidKey("the API key is empty")
    if not text.startswith("sk-"):
        raise InvalidKey("the API key does not start with 'sk-'")
    if len(text) not in _LENGTH:
        raise InvalidKey(f"the API key has {len(text)} characters; keys have {_LENGTH[0]} to {_LENGTH[-1]}")
    if not _SHAPE.fullmatch(text):
        raise InvalidKey("the API key holds white space, a control character, or a character outside ASCII")
    return text


class ApiKey:
    """A key whose every rendering is ``ApiKey('sk-…')``; only ``reveal`` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = check_key(text)
        remember(self._text)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ApiKey:
        """The key in ``PREFLIGHT_API_KEY`` of ``environment``. Raises ``InvalidKey`` when it is not set."""
        if VARIABLE not in environment:
            raise InvalidKey(f"no API key: set {VARIABLE}")
        return cls(environment[VARIABLE])

    def reveal(self) -> str:
        """The key itself, for the one header that needs it."""
        return self._text

    def __repr__(self) -> str:
        return "ApiKey('sk-…')"

    def __reduce__(self) -> str:
        raise TypeError("an API key cannot be pickled")


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine: ``localhost``, ``127.0.0.0/8`` or ``::1``, in their plain spelling."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def base_of(text: str) -> str:
    """The base URL ``text`` without its final slashes, ready for a path to follow.

    It is https, or http to this machine, with no user, query or fragment. One service has one base, by which the ledger
    tells it from others: a final dot of the host and an empty query come off, and the path and an IPv6 address are
    spelled in one way (RFC 3986 §6.2.2). Raises ``ConfigurationError``.
    """
    import httpx2  # takes time to load, and the options of a command need the rest of this

    if len(text) > _MAX_LENGTH or not text.isprintable():
        raise ConfigurationError("the API's URL is too long or holds characters that cannot be printed")
    try:
        url = httpx2.URL(_ESCAPE.sub(_respelled, text.rstrip("?#")))
        url.raw_host.decode("ascii").encode("idna")  # as the resolver will: it refuses empty and long labels
        if url.host.endswith("."):
            url = url.copy_with(host=url.host.removesuffix("."))
    except (httpx2.InvalidURL, UnicodeError) as exc:
        raise ConfigurationError("the API's URL is not a URL") from exc
    if url.scheme not in {"http", "https"} or not url.host or not 0 < (url.port or 1) <= _MAX_PORT:
        raise ConfigurationError("the API's URL must be https://HOST")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError("the API's URL must hold no user, no query and no fragment")
    if ":" in url.host:
        url = url.copy_with(host=str(ip_address(url.host)))
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigurationError(f"the API key is sent over https only, and http://{url.host} is not this machine")
    return str(url).rstrip("/")


def _respelled(escape: re.Match[str]) -> str:
    """An escaped character itself where a URL means the same with it, else the escape in capitals."""
    character = chr(int(escape[0][1:], 16))
    return character if _UNRESERVED.fullmatch(character) else escape[0].upper()
