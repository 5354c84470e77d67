"""The proxy that the system or the environment names for the API: ``HTTPS_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

They are read by the standard library, as curl reads them, and on macOS and Windows with the system's own settings. The
key goes through a tunnel (CONNECT): the proxy sees the name of the API and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.request import getproxies, proxy_bypass

import httpx2

from preflight.client.auth import is_loopback
from preflight.errors import ConfigurationError

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemProxy:
    """``address`` is HOST:PORT, which may be shown; ``url`` may hold a user name and a password."""

    address: str
    url: str = field(repr=False)


def proxy_for(base: str) -> SystemProxy | None:
    """The proxy for the API at ``base``; ``None`` where it is reached directly, as this machine always is.

    Raises ``ConfigurationError``, which does not show the setting, for one that cannot be used.
    """
    target = httpx2.URL(base)
    if target.scheme != "https" or is_loopback(target.host):
        return None
    named = getproxies()
    name = next((scheme for scheme in ("https", "all") if named.get(scheme)), None)
    if name is None or proxy_bypass(target.netloc.decode("ascii")) or proxy_bypass(target.host):
        return None
    return _parsed(named[name], setting=f"{name.upper()}_PROXY", host=target.host)


def _parsed(text: str, *, setting: str, host: str) -> SystemProxy:
    advice = f"write {setting}=http://HOST:PORT, or NO_PROXY={host} to connect without a proxy"
    try:
        url = httpx2.URL(text if "://" in text else f"http://{text}")
        port = url.port
    except httpx2.InvalidURL:
        # Without its cause, which quotes the setting and the password in it.
        raise ConfigurationError(f"{setting} is not the URL of a proxy: {advice}") from None
    if url.scheme not in _PORTS or not url.host or url.raw_path != b"/":
        kind = "a SOCKS proxy, which is not supported" if url.scheme.startswith("socks") else "another kind of proxy"
        raise ConfigurationError(f"{setting} names {kind}: {advice}")
    shown = f"[{url.host}]" if ":" in url.host else url.host
    return SystemProxy(address=f"{shown}:{port or _PORTS[url.scheme]}", url=str(url))
