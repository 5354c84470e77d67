"""Clients that users hand in, of httpx2 or of httpx: requests go out and errors come back the same way."""

from __future__ import annotations

import logging

import httpx
import httpx2
import pytest

from preflight import errors
from tests.client.test_faces import FACES, JOB, KEY, Face
from tests.client.test_hostile import CREATED, answers, reset, says, serving

LIBRARIES = [pytest.param(httpx2, id="httpx2"), pytest.param(httpx, id="httpx")]


def client_of(library: object, face: Face, **settings: object) -> object:
    kind = "AsyncClient" if face.name == "async" else "Client"
    return getattr(library, kind)(**{"trust_env": False, **settings})


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_client_of_either_library_sends_the_request_and_nothing_of_its_own(face: Face, library: object) -> None:
    http = client_of(library, face, headers={"Authorization": "Bearer other", "X-Mine": "1"}, cookies={"a": "b"})
    with serving(answers(200, CREATED)) as server:
        assert face(server.url, "create_task", JOB, settings={"http": http}) == "abc"
        (head,) = (request.partition(b"\r\n\r\n")[0].lower() for request in server.requests)
    assert f"authorization: bearer {KEY}".encode() in head
    assert b"x-mine" not in head
    assert b"cookie" not in head


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("script", [reset, says(b"SSH-2.0-OpenSSH_9.6\r\n"), says(b"")], ids=["reset", "ssh", "closed"])
def test_a_lost_request_is_unknown_with_either_library(face: Face, library: object, script: object) -> None:
    with serving(script) as server, pytest.raises(errors.OutcomeUnknown):  # type: ignore[arg-type]
        face(server.url, "create_task", JOB, settings={"http": client_of(library, face)})


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_nothing_was_sent_where_nobody_listens_with_either_library(face: Face, library: object) -> None:
    with serving(reset) as server:
        url = server.url
    with pytest.raises(errors.ApiUnreachable, match="cannot be reached: the connection was not made"):
        face(url, "create_task", JOB, settings={"http": client_of(library, face)})


@pytest.mark.parametrize("name", ["ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError", "ReadTimeout"])
@pytest.mark.parametrize("face", FACES)
def test_errors_of_the_other_library_in_a_transport_are_understood(face: Face, name: str) -> None:
    """As with the ready-made bridges, whose transports raise what their own library raises."""

    class Broken(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            raise getattr(httpx, name)(f"broken for {request.headers['authorization']}")

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return self.handle_request(request)

    expected = errors.OutcomeUnknown if name == "ReadTimeout" else errors.ApiUnreachable
    with pytest.raises(expected):
        face(
            "https://api.example",
            "create_task",
            JOB,
            settings={"http": client_of(httpx2, face, transport=Broken())},
        )


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("library", LIBRARIES)
def test_neither_library_logs_our_request(face: Face, library: object, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving(answers(200, CREATED)) as server:
        face(server.url, "create_task", JOB, settings={"http": client_of(library, face)})
    assert not [each for each in caplog.records if each.name.startswith("http")]
    assert KEY not in caplog.text
