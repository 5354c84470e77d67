"""An HTTP proxy that the user names. It dials in our place, by CONNECT, and learns names and ports but no path."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import field
from urllib.parse import unquote

from preflight.errors import AddressRefused, ConfigurationError
from preflight.lazy import pattern
from preflight.model.frozen import frozen
from preflight.redact import redact
from preflight.sources.host import split_authority

_PARTS = pattern(r"(?:(https?)://)?(?:([^@/?#\s]*)@)?([^@/?#\s]+)/?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}


@frozen
class Proxy:
    """Its address and the credentials for it. ``scheme`` is the protocol that it speaks, ``http`` or ``https``."""

    scheme: str
    host: str
    port: int
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """``[http[s]://][USER:PASSWORD@]HOST[:PORT]``. Raises ``ConfigurationError``, without user and password."""
        match = _PARTS.fullmatch(text.strip())
        if match is None:
            raise ConfigurationError(f"{redact(text)!r} is not a proxy: write http://HOST:PORT")
        scheme, userinfo, authority = (match[1] or "http").lower(), match[2], match[3]
        try:
            host, port = split_authority(authority)
        except AddressRefused as exc:
            raise ConfigurationError(f"{redact(authority)!r} is not a proxy: {exc}") from exc
        authorization = None
        if userinfo:
            user, _, password = userinfo.partition(":")
            token = b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()
            authorization = f"Basic {token}"
        return cls(scheme=scheme, host=host, port=port or _DEFAULT_PORTS[scheme], authorization=authorization)
