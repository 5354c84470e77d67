"""Lies and endings of servers are the same under TLS, whoever closes the connection first."""

from __future__ import annotations

import asyncio
import re

import pytest

from preflight.model import Reading
from preflight.sources.sockets import Stream
from tests.servers.lying import server_tls, serving
from tests.servers.reading import length_and_ends, read, trusting

DATA = bytes(range(251)) * 4000
ENDINGS = ("chunked-cut", "closes-early", "closes-unanswered", "http-1.0", "length-lies-long", "no-length")
"""Behaviours that close the connection."""


def told(reading: Reading[tuple[int | None, bytes, bytes]]) -> tuple[object, str]:
    return reading.facts, re.sub(r"127\.0\.0\.1:\d+", "HOST", str(reading.fault))


@pytest.mark.parametrize("behaviour", ENDINGS)
def test_a_server_is_read_under_tls_as_without(behaviour: str) -> None:
    with serving({"x.mp4": DATA}) as plain:
        expected = told(read(plain.url(behaviour, "x.mp4"), length_and_ends))
    with serving({"x.mp4": DATA}, tls=True) as secured:
        assert told(read(secured.url(behaviour, "x.mp4"), length_and_ends, make_tls=trusting)) == expected


@pytest.mark.parametrize("is_rude", [False, True], ids=["closes", "breaks off"])
def test_a_stream_whose_server_has_left_is_closed_as_often_as_asked(is_rude: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"bye")
        await writer.drain()
        if is_rude:
            writer.transport.abort()
        else:
            writer.close()

    async def run() -> bytes:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_tls())
        async with server:
            host, port = server.sockets[0].getsockname()
            _, stream = await asyncio.get_running_loop().create_connection(Stream, host, port)
            await stream.secure(trusting(), host)
            stream.write(b"?")
            said = await stream.read()
            assert await stream.read() == b""
            for _ in range(3):
                stream.close()
            return said

    assert asyncio.run(run()) == b"bye"
