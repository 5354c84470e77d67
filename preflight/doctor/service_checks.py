"""Checks of the service: the key, whether the API answers, the account, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from preflight.doctor.checks import Check, CheckState
from preflight.errors import ApiError, ApiRefusal, ConfigurationError, InvalidApiKey, IpNotAllowed, RateLimitExceeded
from preflight.redact import printable

if TYPE_CHECKING:
    from preflight.client.auth import ApiKey
    from preflight.client.protocol import ApiResponse, Lost, Reply

_TOLERANCE_S = 30
_SERVER_ERRORS = 500
_LONGEST_REASON = 200
_NAMES = ("api", "credits", "clock")
_FIXES: dict[type[ApiRefusal], str] = {
    InvalidApiKey: "issue a new key, and set it",
    IpNotAllowed: "allow this machine's address for the key, or use another key",
}
_NOT_ASKED = Check(name="credits", state=CheckState.SKIPPED, found="not known without a key")
_NO_CREDITS = Check(name="credits", state=CheckState.NOTE, found="0", fix="top up before you submit")


def offline() -> Iterator[Check]:
    """The checks that need a connection, as skipped."""
    for name in _NAMES:
        yield Check(name=name, state=CheckState.SKIPPED, found="skipped: --offline")


def account(
    base_url: str, find_key: Callable[[], str | None], *, seconds: float, ask: bool, now: Callable[[], datetime]
) -> Iterator[Check]:
    """The key, and, if ``ask``, one request to the service with it; without a usable key, an anonymous one.

    ``find_key`` returns the text of the key, ``None`` where there is none, and raises ``ConfigurationError``.
    """
    from preflight.client.auth import ApiKey  # its package loads httpx2, which may be what is broken
    from preflight.client.protocol import Lost

    key: ApiKey | None = None
    try:
        text = find_key()
        key = ApiKey(text) if text is not None else None
    except ConfigurationError as error:
        fix = "set it as the service issued it, without quotes, spaces or line breaks"
        yield Check(name="api-key", state=CheckState.FAIL, found=printable(str(error)), fix=fix)
    else:
        if key is None:
            fix = "set PREFLIGHT_API_KEY, or name a file in PREFLIGHT_API_KEY_FILE"
            yield Check(
                name="api-key",
                state=CheckState.MISSING,
                found="not set: 'preflight submit' needs one, checks do not",
                fix=fix,
            )
        else:
            yield Check(name="api-key", state=CheckState.OK, found="set, with the right shape (not shown)")
    if not ask:
        yield from offline()
        return
    try:
        reply = _asked_once(base_url, key, within=seconds)
    except ConfigurationError as error:
        yield Check(name="api", state=CheckState.FAIL, found=printable(str(error)), fix="correct that setting")
        return
    if isinstance(reply, Lost):
        fix = "check the network, the firewall, HTTPS_PROXY, NO_PROXY and --api-url"
        yield Check(name="api", state=CheckState.UNKNOWN, found=f"{base_url}: {_reason(reply)}", fix=fix)
        return
    yield from _answered(base_url, reply, has_key=key is not None)
    yield from _clock(reply, now())


def _asked_once(base_url: str, key: ApiKey | None, *, within: float) -> Reply:
    """The reply to one request for the credits, without retries. Raises ``ConfigurationError``."""
    from preflight.client.calls import CREDITS_PATH
    from preflight.client.face import http_client
    from preflight.client.protocol import Request
    from preflight.client.sync import exchange
    from preflight.client.wire import Wire

    wire = Wire(key, base_url)
    with http_client(wire) as http:
        return exchange(http, wire, Request(method="GET", path=CREDITS_PATH, within=within))


def _reason(lost: Lost) -> str:
    """Why no answer came, with the system's own words where no connection was made."""
    words = printable(str(lost.cause or "")[:_LONGEST_REASON])
    return lost.reason if lost.sent or not words else f"{lost.reason} ({words})"


def _answered(base_url: str, answer: ApiResponse, *, has_key: bool) -> Iterator[Check]:
    """Whether the API answered, and the account in its answer."""
    from preflight.client import responses as answers

    try:
        balance = answers.credits(answer).balance
    except ApiRefusal as refusal:
        yield Check(name="api", state=CheckState.OK, found=f"{base_url} answers")
        yield _refused(refusal) if has_key else _NOT_ASKED
    except ApiError as error:
        state = CheckState.UNKNOWN if answer.status >= _SERVER_ERRORS else CheckState.FAIL
        fix = "try again later" if state is CheckState.UNKNOWN else "correct --api-url"
        found = f"{base_url} answers {answer.status}, but not like this API: {error.message}"
        yield Check(name="api", state=state, found=printable(found), fix=fix)
    else:
        yield Check(name="api", state=CheckState.OK, found=f"{base_url} answers")
        yield Check(name="credits", state=CheckState.OK, found=f"{balance:f}") if balance > 0 else _NO_CREDITS


def _refused(refusal: ApiRefusal) -> Check:
    passes = refusal.row[0] >= _SERVER_ERRORS or isinstance(refusal, RateLimitExceeded)
    state = CheckState.UNKNOWN if passes else CheckState.FAIL
    fix = _FIXES.get(type(refusal), "try again later" if passes else "check the account of this key")
    return Check(name="credits", state=state, found=printable(str(refusal)), fix=fix)


def _clock(answer: ApiResponse, here: datetime) -> Iterator[Check]:
    try:
        there = parsedate_to_datetime(answer.headers.get("date", ""))
        ahead = round((here - there.astimezone(UTC)).total_seconds())
    except (ValueError, OverflowError):
        yield Check(name="clock", state=CheckState.SKIPPED, found="the API's answer has no time")
        return
    if abs(ahead) <= _TOLERANCE_S:
        yield Check(name="clock", state=CheckState.OK, found="agrees with the API's")
        return
    yield Check(
        name="clock",
        state=CheckState.FAIL,
        found=f"{abs(ahead)} s {'ahead of' if ahead > 0 else 'behind'} the API's: signed URLs are misjudged by as much",
        fix="set the clock of this machine, and synchronize it with a time server",
    )
