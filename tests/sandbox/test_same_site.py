"""Web pages and the sandbox: a page must neither arm faults nor read secrets, by its own name or by another's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fractions import Fraction
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from preflight import errors
from preflight.callbacks.listening import listening
from preflight.sandbox import Options, serve, serve_media
from tests.support.command import KEY, preflight

FAULT = json.dumps({"fault": "drop-after-billing"})


async def twelve_seconds(_: str) -> Fraction:
    return Fraction(12)


OPTIONS = Options(prober=twelve_seconds)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve(OPTIONS) as url:
        yield urlsplit(url).port or 0


def ask(port: int, method: str, path: str, headers: Mapping[str, str], body: str = "") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name, value.replace("PORT", str(port)))
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode())
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


PAGES = {
    "simple-post": {"Host": "127.0.0.1:PORT", "Origin": "https://evil.example", "Content-Type": "text/plain"},
    "sandboxed-frame": {"Host": "127.0.0.1:PORT", "Origin": "null"},
    "another-port-of-this-machine": {"Host": "127.0.0.1:PORT", "Origin": "http://127.0.0.1:1"},
    "another-scheme": {"Host": "127.0.0.1:PORT", "Origin": "https://127.0.0.1:PORT"},
    "another-name-of-this-machine": {"Host": "127.0.0.1:PORT", "Origin": "http://localhost:PORT"},
    "rebound": {"Host": "evil.example:PORT"},
    "rebound-same-origin": {"Host": "evil.example:PORT", "Origin": "http://evil.example:PORT"},
    "rebound-below-a-known-name": {"Host": "127.0.0.1.evil.example:PORT"},
    "rebound-with-a-final-dot": {"Host": "localhost.evil.example.:PORT"},
    "user": {"Host": "127.0.0.1@evil.example:PORT"},
    "path": {"Host": "evil.example/127.0.0.1"},
    "empty": {"Host": ""},
    "without-an-origin": {"Host": "127.0.0.1:PORT", "Sec-Fetch-Site": "cross-site"},
    "same-site": {"Host": "localhost:PORT", "Sec-Fetch-Site": "same-site"},
}


@pytest.mark.parametrize("headers", PAGES.values(), ids=PAGES)
def test_a_page_is_refused(headers: dict[str, str], port: int) -> None:
    assert ask(port, "POST", "/sandbox/faults", headers, FAULT)[0] in (
        400,
        403,
    )  # 400: the server's, for no Host at all
    assert ask(port, "DELETE", "/sandbox/faults", headers)[0] in (400, 403)
    status, body = ask(port, "GET", "/sandbox/state", headers)
    assert (status in (400, 403), "callbacks" in body) == (True, False)
    state = json.loads(ask(port, "GET", "/sandbox/state", {"Host": "127.0.0.1:PORT"})[1])
    assert state["faults"] == []


PROGRAMS = {
    "address": {"Host": "127.0.0.1:PORT"},
    "localhost": {"Host": "localhost:PORT"},
    "capitals": {"Host": "LOCALHOST:PORT"},
    "ipv6": {"Host": "[::1]:PORT"},
    "container": {"Host": "sandbox:PORT"},
    "without-a-port": {"Host": "127.0.0.1"},
    "its-own-page": {"Host": "localhost:PORT", "Origin": "http://localhost:PORT", "Sec-Fetch-Site": "same-origin"},
    "typed-by-the-user": {"Host": "localhost:PORT", "Sec-Fetch-Site": "none"},
}


@pytest.mark.parametrize("headers", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_is_served(headers: dict[str, str], port: int) -> None:
    assert ask(port, "GET", "/sandbox/state", headers)[0] == 200


def test_served_media_are_not_for_pages_either(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("private", "utf-8")
    with serve_media(tmp_path) as url:
        port = urlsplit(url).port or 0
        assert ask(port, "GET", "/a.txt", {"Host": "127.0.0.1:PORT"}) == (200, "private")
        assert ask(port, "GET", "/a.txt", {"Host": "evil.example:PORT"})[0] == 403


@pytest.mark.parametrize("host", ["", "  "])
def test_an_empty_address_is_not_every_address(host: str, tmp_path: Path) -> None:
    for public in (False, True):
        with pytest.raises(errors.ConfigurationError, match="empty"), serve(OPTIONS, host=host, allow_public=public):
            pass
    with pytest.raises(errors.ConfigurationError, match="empty"), listening(host, 0):
        pass
    for command in (["listen", "--ledger", str(tmp_path / "a.db")], ["sandbox"], ["sandbox", "--allow-public"]):
        ran = preflight(*command, "--host", host, "--port", "0", env={"PREFLIGHT_API_KEY": KEY})
        assert (ran.code, "address to listen on is empty" in ran.err) == (2, True), ran.err
