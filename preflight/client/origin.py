"""Where the API lives: the only origin that is ever sent the key."""

from __future__ import annotations

from ipaddress import ip_address

import httpx

from preflight.errors import ConfigurationError

DEFAULT_BASE_URL = "https://api.aivideoapi.ai"

_MAX_LENGTH = 2048
_MAX_PORT = 65_535


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

    It is https, or http to this machine, with no user, query or fragment. Raises ``ConfigurationError``.
    """
    if len(text) > _MAX_LENGTH or not text.isprintable():
        raise ConfigurationError("the API's URL is too long or holds characters that cannot be printed")
    try:
        url = httpx.URL(text)
        url.raw_host.decode("ascii").encode("idna")  # as the resolver will: it refuses empty and long labels
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise ConfigurationError("the API's URL is no URL") from exc
    if url.scheme not in {"http", "https"} or not url.host or not 0 < (url.port or 1) <= _MAX_PORT:
        raise ConfigurationError("the API's URL must be https://HOST")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError("the API's URL must hold no user, no query and no fragment")
    if url.scheme == "http" and not is_loopback(url.host):
        raise ConfigurationError(f"the API key is sent over https only, and http://{url.host} is not this machine")
    return str(url).rstrip("/")
