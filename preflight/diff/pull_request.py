"""One comment on a pull request of GitHub, created once and replaced from then on.

GitHub's REST API, version 2022-11-28: list the comments of an issue, create one, update one; and list pull requests,
for an event that does not name its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import urlencode

import httpx2

from preflight.diff.comment_text import MARKER
from preflight.errors import ConfigurationError, PreflightError
from preflight.redact import one_line
from preflight.tls import trusted_context

API_URL: Final = "https://api.github.com"

_TIMEOUT_S = 30
_WAIT_S = 120
"""The most that is waited for GitHub's limits, all waits together."""
_PAGES = 100
_PER_PAGE = 100
_BUSY = frozenset({429, 500, 502, 503, 504})


class CommentNotPosted(PreflightError):
    """GitHub did not take the comment. The reason is the text; the token is not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """``repository`` is OWNER/NAME. ``token`` may write comments; it is never shown."""

    repository: str
    token: str = field(repr=False)
    api_url: str = API_URL


class GitHub:
    """A repository on GitHub. Use it in ``with``. ``sleep`` waits for the seconds that GitHub asks for."""

    def __init__(self, access: Access, *, sleep: Callable[[float], None] = time.sleep) -> None:
        try:
            base = httpx2.URL(f"{access.api_url.rstrip('/')}/repos/{access.repository}")
        except httpx2.InvalidURL as error:
            raise ConfigurationError("the URL of GitHub's API is not a URL") from error
        self._base = str(base)
        self._sleep = sleep
        self._waited = 0.0
        self._http = httpx2.Client(
            headers={
                "authorization": f"Bearer {access.token}",
                "accept": "application/vnd.github+json",
                "x-github-api-version": "2022-11-28",
                "user-agent": "preflight",
            },
            timeout=_TIMEOUT_S,
            verify=trusted_context() if base.scheme == "https" else False,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def number_of(self, *, owner: str, branch: str, commit: str) -> int:
        """The number of the open pull request from ``branch`` of ``owner`` whose last commit is ``commit``.

        Raises ``CommentNotPosted`` where there is none: it may have been closed, or pushed to again.
        """
        found = self._ask("GET", f"{self._base}/pulls?{urlencode({'state': 'open', 'head': f'{owner}:{branch}'})}")
        for each in found if isinstance(found, list) else ():
            head, number = (each.get("head"), each.get("number")) if isinstance(each, dict) else (None, None)
            if isinstance(head, dict) and head.get("sha") == commit and isinstance(number, int):
                return number
        raise CommentNotPosted("no open pull request has the commit of this run")

    def post(self, number: int, text: str) -> str:
        """Create the comment ``text``, or replace the one that is there; returns ``created`` or ``replaced``.

        After an answer to a creation that may have been lost, the comments are listed again before it is repeated.
        Raises ``CommentNotPosted``.
        """
        for _ in range(3):
            known = next(self._ours(number), None)
            if known is not None:
                self._ask("PATCH", f"{self._base}/issues/comments/{known}", {"body": text})
                return "replaced"
            if self._create(number, text):
                return "created"
        raise CommentNotPosted("GitHub did not answer the request to create the comment")

    def _create(self, number: int, text: str) -> bool:
        try:
            self._ask("POST", f"{self._base}/issues/{number}/comments", {"body": text}, repeat=False)
        except _Lost:
            return False
        return True

    def _ours(self, number: int) -> Iterator[int]:
        """The ids of the comments that begin with our marker and that our token may have written."""
        for page in range(1, _PAGES + 1):
            url = f"{self._base}/issues/{number}/comments?per_page={_PER_PAGE}&page={page}"
            comments = self._ask("GET", url)
            if not isinstance(comments, list):
                raise CommentNotPosted("GitHub answered with something other than a list of comments")
            for each in comments:
                if isinstance(each, dict) and _is_ours(each):
                    yield each["id"]
            if len(comments) < _PER_PAGE:
                return

    def _ask(self, method: str, url: str, body: Mapping[str, str] | None = None, *, repeat: bool = True) -> Any:
        for attempt in range(4):
            try:
                answer = self._http.request(method, url, json=body)
            except httpx2.HTTPError as error:
                if not repeat:
                    raise _Lost from error
                if attempt == 3:
                    raise CommentNotPosted(f"GitHub cannot be reached: {type(error).__name__}") from error
                self._wait(1 << attempt)
                continue
            if answer.is_success:
                return answer.json() if method == "GET" else None
            if not repeat and answer.status_code in _BUSY and answer.status_code != 429:
                raise _Lost
            delay = _delay(answer, attempt)
            if delay is None or attempt == 3:
                raise CommentNotPosted(_reason(answer))
            self._wait(delay)
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, seconds: float) -> None:
        self._waited += seconds
        if self._waited > _WAIT_S:
            raise CommentNotPosted(f"GitHub asks to wait for {seconds:g} s more; {_WAIT_S} s in all are waited")
        self._sleep(seconds)


class _Lost(Exception):
    """A request that may have arrived."""


def _is_ours(comment: Mapping[str, Any]) -> bool:
    """Whether a bot wrote it with our marker: a person may have quoted the marker."""
    user, body = comment.get("user"), comment.get("body")
    is_bot = isinstance(user, dict) and user.get("type") == "Bot"
    return is_bot and isinstance(comment.get("id"), int) and isinstance(body, str) and body.startswith(MARKER)


def _delay(answer: httpx2.Response, attempt: int) -> float | None:
    """The seconds to wait before the request is repeated; ``None`` for an answer that stays as it is."""
    if answer.status_code in _BUSY or (answer.status_code == 403 and _is_limited(answer)):
        told = answer.headers.get("retry-after", "")
        return float(told) if told.isascii() and told.isdigit() and len(told) < 6 else float(1 << attempt)
    return None


def _is_limited(answer: httpx2.Response) -> bool:
    """Whether a 403 is one of GitHub's limits, the primary or the secondary, rather than a missing permission."""
    return "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"


def _reason(answer: httpx2.Response) -> str:
    try:
        said = answer.json().get("message")
    except (ValueError, AttributeError):
        said = None
    advice = "; the token needs the permission pull-requests: write" if answer.status_code in (401, 403, 404) else ""
    words = one_line(said)
    return f"GitHub answered {answer.status_code}{f': {words}' if words else ''}{advice}"
