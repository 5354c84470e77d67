"""The cheapest honest server for a run: a picture and a clip at many loopback addresses, one process, no framework.

    python tests/servers/cheap_hosts.py PICTURE CLIP HOSTS

It prints its port and ends with its standard input. It shares two cores with the run that it is there to measure, so it
does only the least: it accepts, reads a head, sends the range asked for, and waits for the client's goodbye. Any path
that ends in ``.png`` is the picture, any other the clip.
"""

from __future__ import annotations

import re
import selectors
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.servers.many_hosts import ManyHosts, address

_HEAD_BYTES = 16 * 1024
_ASKED = re.compile(rb"GET \S*?(\.png)? HTTP/1\.1\r\n(?s:.*?)\r\nrange: *bytes=(\d+)-(\d+)", re.IGNORECASE)


@contextmanager
def hosts(picture: Path, clip: Path, number: int) -> Iterator[ManyHosts]:
    """The server as a process, while the body runs."""
    command = [sys.executable, __file__, str(picture), str(clip), str(number)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield ManyHosts(port=int(process.stdout.readline()), hosts=number, process=process)
        finally:
            process.stdin.close()


def _serve(picture: bytes, clip: bytes, number: int) -> None:
    @cache
    def answer(suffix: bytes | None, start: int, end: int) -> bytes:
        data, kind = (picture, "image/png") if suffix else (clip, "video/mp4")
        body = data[start : end + 1]
        return (
            f"HTTP/1.1 206 Partial Content\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f'Content-Range: bytes {start}-{start + len(body) - 1}/{len(data)}\r\nETag: "v1"\r\n\r\n'
        ).encode() + body

    def talk(connection: socket.socket) -> None:
        asked = None
        try:
            asked = _ASKED.match(connection.recv(_HEAD_BYTES))
            if asked:
                connection.sendall(answer(asked[1], int(asked[2]), int(asked[3])))
        except OSError:
            asked = None
        if not asked:
            waiting.unregister(connection)
            connection.close()

    def accept(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        connection.settimeout(1)
        waiting.register(connection, selectors.EVENT_READ, partial(talk, connection))

    waiting, port = selectors.DefaultSelector(), 0
    for each in range(number):
        listening = socket.create_server((address(each), port), backlog=1024)
        port = listening.getsockname()[1]
        waiting.register(listening, selectors.EVENT_READ, partial(accept, listening))
    waiting.register(sys.stdin, selectors.EVENT_READ, sys.exit)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    while True:
        for key, _ in waiting.select():
            act: Callable[[], object] = key.data
            act()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]).read_bytes(), Path(sys.argv[2]).read_bytes(), int(sys.argv[3]))
