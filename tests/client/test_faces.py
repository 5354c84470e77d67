"""The client's two faces as one callable, so that tests over a socket run on both, and the levers of a sandbox."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx2
import pytest

from preflight.client import AsyncClient, Client

KEY = "sk-test-0123456789abcdef"
JOB = {
    "model": "kling-v3-motion-control",
    "input": {
        "input_urls": ["https://example.com/character.png"],
        "video_urls": ["https://example.com/dance.mp4"],
    },
}


def _sync(url: str, method: str, *args: object, settings: dict[str, object], **kwargs: object) -> object:
    with Client(KEY, base_url=url, sleep=lambda _: time.sleep(0.005), **settings) as client:
        return getattr(client, method)(*args, **kwargs)


def _async(url: str, method: str, *args: object, settings: dict[str, object], **kwargs: object) -> object:
    async def call() -> object:
        async with AsyncClient(KEY, base_url=url, sleep=lambda _: asyncio.sleep(0.005), **settings) as client:
            return await getattr(client, method)(*args, **kwargs)

    return asyncio.run(call())


@dataclass(frozen=True)
class Face:
    """``face(url, "task", task_id)`` makes a client for ``url`` and calls it. ``settings`` are the client's."""

    name: str
    run: Callable[..., object]

    def __call__(self, url: str, method: str, *args: object, settings: dict | None = None, **kwargs: object) -> object:
        return self.run(url, method, *args, settings=settings or {}, **kwargs)


@dataclass(frozen=True)
class Levers:
    """A running sandbox at ``url``, steered and looked into over ``http``, which is not the client under test."""

    url: str
    http: httpx2.Client

    def arm(self, name: str, **settings: object) -> None:
        self.http.post(f"{self.url}/sandbox/faults", json={"name": name, **settings}).raise_for_status()

    def disarm(self) -> None:
        self.http.delete(f"{self.url}/sandbox/faults").raise_for_status()

    def state(self) -> dict:
        return self.http.get(f"{self.url}/sandbox/state").raise_for_status().json()

    def asked(self, operation: str) -> int:
        return self.state()["requests"].get(operation, 0)


FACES = [pytest.param(Face("sync", _sync), id="sync"), pytest.param(Face("async", _async), id="async")]


def test_both_faces_take_the_same_settings() -> None:
    assert list(inspect.signature(Client).parameters) == list(inspect.signature(AsyncClient).parameters)


@pytest.mark.parametrize("method", ["create_task", "task", "credits", "wait"])
def test_both_faces_offer_the_same_call(method: str) -> None:
    sync, other = (inspect.signature(getattr(face, method)) for face in (Client, AsyncClient))
    assert sync == other
