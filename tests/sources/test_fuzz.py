"""Answers that no server would send on purpose."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from preflight.errors import SourceError
from tests.servers.lying import serving
from tests.servers.reading import QUICK, length_and_ends, read

ANSWER = (
    b"HTTP/1.1 206 Partial Content\r\nContent-Type: video/mp4\r\nContent-Range: bytes 0-15/16\r\n"
    b'Content-Length: 16\r\nETag: "v1"\r\nTransfer-Encoding: identity\r\n\r\n0123456789abcdef'
)


PIECES = [
    *[
        b"\r\n",
        b"\n",
        b"\x00",
        b"HTTP/1.1",
        b" 200 ",
        b"Content-Length: ",
        b"-1",
        b"99999999999999999999",
        b"bytes */*",
    ],
    *[b"Transfer-Encoding: chunked\r\n", b"Content-Range: bytes 0-0/*\r\n", b"Location: http://[\r\n", b"0\r\n\r\n"],
    *[
        b"bytes */*",
        b"Set-Cookie: a=b; Max-Age=x\r\n",
        b"Content-Encoding: gzip\r\n",
        b"\xff\xfe",
        b"Connection: upgrade\r\n",
        b":",
    ],
]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_answer_at_all_raises_anything_or_takes_longer_than_the_deadline(data: st.DataObject) -> None:
    answer = bytearray(ANSWER.replace(b"206", data.draw(st.sampled_from([b"206", b"200", b"302", b"416"]))))
    for _ in range(data.draw(st.integers(0, 6))):
        start = data.draw(st.integers(0, len(answer)))
        end = data.draw(st.integers(start, min(start + 12, len(answer))))
        answer[start:end] = data.draw(st.sampled_from(PIECES) | st.binary(max_size=6))

    with serving({"x.mp4": bytes(answer)}) as server:
        reading = read(server.url("raw", "x.mp4"), length_and_ends, limits=QUICK)

    assert (reading.facts is None) == (reading.fault is not None)
    assert reading.fault is None or isinstance(reading.fault, SourceError)
