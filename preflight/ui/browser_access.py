"""Who may use the page: the browser that opened the one-time link, and requests that its own pages send."""

from __future__ import annotations

import hmac
import secrets
from http.cookies import CookieError, SimpleCookie
from threading import Lock

COOKIE_CHARACTERS = 8192
"""Most of a Cookie header that is read."""


class Access:
    """The secrets of one server: the token of its link, the session in the cookie, and the token of changes.

    The link works once. ``port`` is part of the cookie's name: cookies are shared by all ports of a host.
    """

    def __init__(self, port: int) -> None:
        self.origin = f"http://127.0.0.1:{port}"
        self.cookie = f"preflight-{port}"
        self.csrf = secrets.token_urlsafe(32)
        self._session = secrets.token_urlsafe(32)
        self._token: str | None = secrets.token_urlsafe(32)
        self._lock = Lock()

    @property
    def link(self) -> str:
        """The URL to open. Raises ``LookupError`` once it was used."""
        if self._token is None:
            raise LookupError("the link was used")
        return f"{self.origin}/enter?token={self._token}"

    def enter(self, token: str) -> str | None:
        """The value of the cookie for the one who brings the token, the first time; else ``None``."""
        with self._lock:
            if self._token is None or not _same(token, self._token):
                return None
            self._token = None
            return self._session

    def is_known(self, cookie_header: str) -> bool:
        """Whether a request with this ``Cookie`` header comes from the browser that used the link."""
        try:
            morsel = SimpleCookie(cookie_header[:COOKIE_CHARACTERS]).get(self.cookie)
        except CookieError:
            return False
        return morsel is not None and _same(morsel.value, self._session)

    def may_change(self, token: str | None) -> bool:
        """Whether a request that changes something carries the token of the page's own forms."""
        return token is not None and _same(token, self.csrf)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
