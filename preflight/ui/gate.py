"""Keeps everybody else out: other pages, other names for this machine, and requests without the cookie.

A page elsewhere may send requests here; its browser then says so (``Origin``, ``Sec-Fetch-Site``), and keeps back a
``SameSite=Strict`` cookie. After DNS rebinding the request names the page's host in ``Host``.
Fetch Standard, section 3.2; RFC 9110, section 7.2; RFC 6265bis, section 5.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from preflight.ui.browser_access import Access

ENTRANCE: Final = "/enter"
_PUBLIC: Final = "/static/"
_SAFE: Final = frozenset({"GET", "HEAD"})
_KNOWN: Final = frozenset({*_SAFE, "POST"})
_NOT_OURS: Final = frozenset({"cross-site", "same-site"})
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """Passes requests of the page's own on to ``app``, and gives every answer the headers that protect it."""

    def __init__(self, app: ASGIApp, *, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def protected(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, protected)
        else:
            status, text = refusal
            await PlainTextResponse(f"preflight: {text}\n", status)(scope, receive, protected)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the reason, where the request is not one of the page's own."""
        headers, method, path = Headers(scope=scope), scope["method"], scope["path"]
        if [f"http://{host}" for host in headers.getlist("host")] != [self._access.origin]:
            return 421, f"this page is at {self._access.origin} only"
        if method not in _KNOWN:
            return 405, "this method is not allowed"
        origins = headers.getlist("origin")
        if any(origin != self._access.origin for origin in origins) or (method not in _SAFE and not origins):
            return 403, "other pages may not send requests"
        # A link from elsewhere may lead to the entrance: whoever has its token may come in.
        if path != ENTRANCE and not _NOT_OURS.isdisjoint(headers.getlist("sec-fetch-site")):
            return 403, "other pages may not send requests"
        if path == ENTRANCE or path.startswith(_PUBLIC):
            return None
        if not self._access.is_known("; ".join(headers.getlist("cookie"))):
            return 403, "open the link that 'preflight ui' printed; if it was used already, start 'preflight ui' again"
        return None
