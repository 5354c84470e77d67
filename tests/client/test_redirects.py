"""The key and the job go to the API's own origin: a redirect, of any kind and to anywhere, is not followed."""

from __future__ import annotations

import pytest

from preflight import errors
from tests.client.test_faces import FACES, JOB, Face
from tests.client.test_hostile import CREATED, answers, serving

STATUSES = [300, 301, 302, 303, 304, 305, 307, 308]


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("place", ["another-port", "another-host", "same-origin"])
def test_a_paid_request_goes_to_nobody_else(face: Face, status: int, place: str) -> None:
    with serving(answers(200, CREATED)) as other:
        there = {
            "another-port": f"{other.url}/v1/videos/generations",
            "another-host": f"{other.url.replace('127.0.0.1', 'localhost')}/v1/videos/generations",
            "same-origin": "/v1/elsewhere",
        }[place]
        with serving(answers(status, b"", Location=there), answers(200, CREATED)) as server:
            with pytest.raises(errors.OutcomeUnknown) as caught:
                face(server.url, "create_task", JOB, attempts=5)
            assert len(server.requests) == 1
        assert other.requests == []
    assert caught.value.status == status


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("call", [("credits",), ("task", "abc")], ids=["credits", "task"])
def test_a_question_s_key_goes_to_nobody_else(face: Face, status: int, call: tuple[str, ...]) -> None:
    with serving(answers(200, CREATED)) as other, serving(answers(status, b"", Location=other.url)) as server:
        with pytest.raises(errors.UnexpectedResponse) as caught:
            face(server.url, *call)
        assert len(server.requests) == 1
        assert other.requests == []
    assert caught.value.status == status


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("header", ["Refresh", "Link", "Alt-Svc", "Content-Location"])
def test_no_other_header_leads_anywhere(face: Face, header: str) -> None:
    with serving(answers(200, CREATED)) as other:
        value = {"Refresh": f"0; url={other.url}", "Alt-Svc": f'h1="{other.url[7:]}"'}.get(header, other.url)
        with serving(answers(200, CREATED, **{header: value})) as server:
            assert face(server.url, "create_task", JOB) == "abc"
        assert other.requests == []
