"""The process in which MediaInfo runs: a loop of one request, one answer, under limits it sets on itself.

Run as ``python -m preflight.probes.caged``. A request on standard input is a line of JSON, ``{"size": …, "pieces":
[[start, length], …]}``, followed by the pieces' bytes; an answer is a line of JSON, ``{"tracks": […]}`` or ``{}`` for
no opinion. Whatever a crafted file does to libmediainfo ends here, at worst with this process.
"""

from __future__ import annotations

import io
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

MEMORY_BYTES = 768 * 1024 * 1024
CPU_SECONDS = 4
PRESSURE = 0.9
"""Above this share of the memory limit an answer may be partial without saying so, and is thrown away."""

FIELDS = ("track_type", "format", "format_profile", "codec_id", "duration", "width", "height", "rotation")


class SparseFile(io.RawIOBase):
    """The pieces of a file at their places; everything between them reads as the end of the file."""

    def __init__(self, size: int, pieces: list[tuple[int, bytes]]) -> None:
        super().__init__()
        self._size = size
        self._pieces = pieces
        self._at = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        for start, data in self._pieces:
            if start <= self._at < start + len(data):
                end = len(data) if size is None or size < 0 else self._at - start + size
                found = data[self._at - start : end]
                self._at += len(found)
                return found
        return b""


def main() -> None:
    """Answer requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; this process ends with its input
    set_memory_limit()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while (file := receive(requests)) is not None:
        allow_more_cpu()
        tracks = ask(file)
        crowded = under_pressure()
        answers.write(json.dumps({} if crowded else {"tracks": tracks}).encode() + b"\n")
        answers.flush()
        if crowded:
            return


def receive(stream: BinaryIO) -> SparseFile | None:
    """The next request's file; ``None`` at the end of the stream."""
    line = stream.readline()
    if not line:
        return None
    request = json.loads(line)
    return SparseFile(request["size"], [(start, stream.read(length)) for start, length in request["pieces"]])


def ask(file: SparseFile) -> list[Mapping[str, Any]]:
    """What MediaInfo says of ``file``, the fields that matter, as it spells them."""
    from pymediainfo import MediaInfo  # noqa: PLC0415 - loaded under the limits, while the parent waits for the network

    found = MediaInfo.parse(file, parse_speed=0)
    if isinstance(found, str):
        return []
    return [{name: track.to_data().get(name) for name in FIELDS} for track in found.tracks]


def set_memory_limit() -> None:
    """Bound this process's memory, where the platform can; the parent's clock holds everywhere."""
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def allow_more_cpu() -> None:
    """Give the next request its own processor time: the limit counts over the whole life of a process."""
    try:
        import resource  # noqa: PLC0415 - not on every platform
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + CPU_SECONDS + 1, hard))


def under_pressure() -> bool:
    """Whether this process has come close to its memory limit at any time; ``False`` where that is not told."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return False
    peak = next((line.split()[1] for line in status.splitlines() if line.startswith("VmPeak:")), "0")
    return int(peak) * 1024 > PRESSURE * MEMORY_BYTES


if __name__ == "__main__":
    main()
