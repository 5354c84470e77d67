"""One look at the API, for finding out what is wrong: a single question, answered or not, and never repeated."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from preflight.client.auth import ApiKey, base_of
from preflight.client.deadline import Watchdog
from preflight.client.protocol import Answer, Lost, Request
from preflight.client.wire import lost
from preflight.redact import Secrets

_PATH = "/v1/credits"
_ANSWER_BYTES = 64 * 1024
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The API's answer, whatever it is."""

    answer: Answer


def look(base_url: str, key: ApiKey | None, *, within: float) -> Looked | Lost:
    """Ask for the credits once, for at most ``within`` seconds after the name is resolved; a stranger without ``key``.

    What is lost says why in the words of the system. Raises ``ConfigurationError`` for a URL that the key must not go
    to.
    """
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "media-preflight"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key.reveal()}"
    watchdog = Watchdog(within)
    request = Request(method="GET", path=_PATH, within=within)
    message = httpx.Request(
        "GET",
        base_of(base_url) + _PATH,
        headers=headers,
        extensions={"timeout": httpx.Timeout(within).as_dict(), "trace": watchdog.trace},
    )
    try:
        with watchdog, httpx.Client(trust_env=False) as http:
            response = http.send(message, stream=True, follow_redirects=False)
            try:
                body = bytearray()
                for piece in response.iter_raw():
                    body += piece
                    if len(body) > _ANSWER_BYTES:
                        break
            finally:
                response.close()
    except (httpx.HTTPError, OSError) as exc:
        return _explained(lost(request, exc, base=base_of(base_url), overdue=watchdog.fired))
    secrets = Secrets([key.reveal()] if key is not None else [])
    return Looked(
        answer=Answer(
            status=response.status_code,
            headers={name.lower(): secrets.hide(value) for name, value in response.headers.items()},
            body=secrets.hide_bytes(bytes(body)) if len(body) <= _ANSWER_BYTES else None,
        )
    )


def _explained(what: Lost) -> Lost:
    """``what`` with the system's own words where no connection was made: a name, a port, a certificate."""
    said = str(what.cause or "")[:_LONGEST_REASON]
    return what if what.sent or not said else Lost(sent=False, reason=f"{what.reason} ({said})", cause=what.cause)
