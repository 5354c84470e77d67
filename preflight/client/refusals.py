"""Turns an answer that is not a success into its error class, by the error table of the API docs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from preflight.client.protocol import ApiResponse, fields_of, member
from preflight.errors import (
    ApiError,
    ApiRefusal,
    InsufficientCredits,
    InternalError,
    InvalidApiKey,
    InvalidRequest,
    IpNotAllowed,
    ModelNotFound,
    RateLimitExceeded,
    SpendLimitExceeded,
    TaskNotFound,
    UnexpectedResponse,
    UpstreamError,
)
from preflight.model.retry_after import retry_after
from preflight.redact import one_line

ROWS: tuple[type[ApiRefusal], ...] = (
    InvalidRequest,
    InvalidApiKey,
    InsufficientCredits,
    IpNotAllowed,
    ModelNotFound,
    TaskNotFound,
    RateLimitExceeded,
    SpendLimitExceeded,
    InternalError,
    UpstreamError,
)

_BY_ROW = {refusal.row: refusal for refusal in ROWS}
_BY_CODE = {refusal.row[1]: refusal for refusal in ROWS}
_STATUSES = [refusal.row[0] for refusal in ROWS]
# 404 and 429 have two rows each: the status alone does not tell which.
_BY_STATUS = {refusal.row[0]: refusal for refusal in ROWS if _STATUSES.count(refusal.row[0]) == 1}

_REQUEST_ID_HEADERS = ("x-request-id", "request-id")
_PASSING_STATUSES = frozenset({429, 500, 502, 503, 504})

_Error = TypeVar("_Error", bound=ApiError)


def error_of(answer: ApiResponse) -> ApiError:
    """The error for ``answer``.

    The row of the table with this status and code; failing that the only row with this status; failing that the row
    with this code. An answer without the documented error object is ``UnexpectedResponse``, whatever its status.
    """
    stated = member(fields_of(answer) or {}, "error")
    code = one_line(stated.get("code"), longest=100)
    if not code:
        what = "is not what the API docs describe" if answer.status < 300 else "is not an error object of the API"
        return carrying(answer, UnexpectedResponse, f"the answer {what}")
    refusal = _BY_ROW.get((answer.status, code)) or _BY_STATUS.get(answer.status) or _BY_CODE.get(code)
    message = one_line(stated.get("message")) or "the API gives no reason"
    return carrying(answer, refusal or UnexpectedResponse, message, error=stated)


def carrying(
    answer: ApiResponse, kind: type[_Error], message: str, *, error: Mapping[str, object] | None = None
) -> _Error:
    """A ``kind`` with what ``answer`` says of itself: status, request id, Retry-After; code and type from ``error``."""
    return kind(
        message,
        status=answer.status,
        code=one_line((error or {}).get("code"), longest=100) or None,
        type=one_line((error or {}).get("type"), longest=100) or None,
        request_id=request_id_of(answer),
        retry_after=retry_after(answer.headers),
    )


def request_id_of(answer: ApiResponse) -> str | None:
    """The service's own name of the request that it answers, if it gave one."""
    named = (one_line(answer.headers.get(name), longest=200) for name in _REQUEST_ID_HEADERS)
    return next(filter(None, named), None)


def passes(error: ApiError) -> bool:
    """Whether asking the same question again may help: nothing came back, or the service says to come back."""
    if isinstance(error, ApiRefusal):
        return isinstance(error, (RateLimitExceeded, InternalError, UpstreamError))
    return error.status is None or error.status in _PASSING_STATUSES
