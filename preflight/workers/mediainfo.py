"""The isolated process in which MediaInfo and decoders run: one request, one answer, under limits it sets on itself.

Run as a script by ``pool.py``; it imports nothing of the package. A request on standard input is a line of JSON,
``{"id": …, "size": …, "pieces": [[start, length], …], "wants": {…}}``, followed by the pieces' bytes; an answer is a
line of JSON, ``{"id": …, "told": […]}`` with the same id, or ``{}`` for no opinion. Any harm that a crafted file does
to a library ends here, at worst with this process. It asks MediaInfo (``libmediainfo.py``); started with ``decode``, it
decodes pictures (``decode.py``), and with ``picture``, ``clip`` or ``sheet``, it makes thumbnails of pictures
(``thumbnail_picture.py``) or clips (``thumbnail_clip.py``), or sheets of them (``thumbnail_sheet.py``).

libmediainfo follows references: an alias in a QuickTime track, a playlist, a manifest. It opens the paths they name and
fetches the URLs with a libcurl of its own. So once it is loaded this process gives up opening anything, for good.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import signal
import sys
from contextlib import suppress
from importlib.util import module_from_spec, spec_from_file_location

TYPE_CHECKING = False  # as in typing, which takes time to load
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO

MEMORY_BYTES = 768 * 1024 * 1024
CPU_SECONDS = 4
THUMBNAIL_MEMORY_BYTES = 1280 * 1024 * 1024
"""FFmpeg's libraries take 400 MiB of it, the frames that a decoder of 4K keeps the rest."""
THUMBNAIL_CPU_SECONDS = 12
PRESSURE = 1 / 3
"""Above this share of the memory limit an answer may be partial without saying so, and is thrown away.

A table that grows by doubling fails while it holds a third: it asks for two more.
"""

_MAKERS = {
    "picture": ("", ""),
    "clip": ("thumbnail_clip.py", "make_clip_thumbnailer"),
    "sheet": ("thumbnail_sheet.py", "make_sheet_composer"),
}
"""The scripts that make thumbnails, and what makes the maker: it is given the names of ``thumbnail_picture.py``."""
_ALIAS, _MXF = b"alis", b"\x06\x0e\x2b\x34"
_BEFORE_TEXT = b"\xef\xbb\xbf\xfe\xff\0 \t\r\n"


class SparseFile(io.RawIOBase):
    """The pieces of a file at their places; everything between them reads as the end of the file."""

    def __init__(
        self, size: int, pieces: list[tuple[int, bytes]], request: int = 0, wants: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__()
        self.request = request
        self.wants = wants or {}
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

    def may_name_others(self) -> bool:
        """Whether this may be a file that names files or URLs for MediaInfo to open: an alias, MXF, or any text."""
        head = next((data[:64] for start, data in self._pieces if start == 0), b"").lstrip(_BEFORE_TEXT)
        return head[:1] in (b"<", b"#", b"[") or any(_ALIAS in data or _MXF in data for _, data in self._pieces)


def main(task: str = "describe") -> None:
    """Answer requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; this process ends with its input
    if task == "decode":
        serve_decoding()
    elif task in _MAKERS:
        serve_thumbnails(task)
    else:
        serve_descriptions()


def serve_descriptions() -> None:
    """Answer with MediaInfo's tracks."""
    library = _beside("libmediainfo.py")["MediaInfo"]()
    library.describe(SparseFile(0, []))  # loads everything that the library opens for itself
    status = open_status()
    end_where_memory_does()
    is_shut = confine()
    while (file := receive(sys.stdin.buffer)) is not None:
        allow_more_cpu()
        told = library.describe(file) if is_shut or not file.may_name_others() else None
        crowded = under_pressure(status)
        reply(file, None if crowded else told)
        if crowded:
            return


def serve_decoding() -> None:
    """Answer with one object: how decoding went. The decoder reports exhausted memory, never a partial answer."""
    decode = _beside("decode.py")["make_decoder"]()
    confine()
    while (file := receive(sys.stdin.buffer)) is not None:
        allow_more_cpu()
        reply(file, [decode(file.read())])


def serve_thumbnails(task: str) -> None:
    """Answer with one object: a thumbnail and a clip's filmstrip, a sheet of thumbnails, or why there is none."""
    script, maker = _MAKERS[task]
    pictures = _beside("thumbnail_picture.py")
    if task == "sheet":
        pictures |= {"Writer": _beside("thumbnail_fonts.py")["Writer"]}
    make = _beside(script)[maker](pictures) if script else pictures["make_thumbnailer"]()
    confine(THUMBNAIL_MEMORY_BYTES)
    while (file := receive(sys.stdin.buffer)) is not None:
        allow_more_cpu(THUMBNAIL_CPU_SECONDS)
        reply(file, [make(file if task == "clip" else file.read(), file.wants)])


def receive(stream: BinaryIO) -> SparseFile | None:
    """The next request's file; ``None`` at the end of the stream."""
    line = stream.readline()
    if not line:
        return None
    request = json.loads(line)
    pieces = [(start, stream.read(length)) for start, length in request["pieces"]]
    return SparseFile(request["size"], pieces, request["id"], request.get("wants"))


def reply(file: SparseFile, told: list[Mapping[str, Any]] | None) -> None:
    """Answer the request for ``file``; ``None`` is no opinion."""
    answer = {} if told is None else {"id": file.request, "told": told}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


def confine(memory_bytes: int = MEMORY_BYTES) -> bool:
    """Bound for good the resources of this process. Return whether it can open nothing any more."""
    limits = {"RLIMIT_AS": memory_bytes, "RLIMIT_FSIZE": 0, "RLIMIT_NPROC": 0}
    return bool(_beside("confine.py")["confine"](limits))


def end_where_memory_does() -> None:
    """Have an allocation that fails in C++ end this process. MediaInfo would go on and tell half of it as the whole."""
    with suppress(OSError, LookupError, AttributeError, TypeError):  # another platform's runtime; the pressure is left
        set_new_handler = ctypes.CDLL("libstdc++.so.6")["_ZSt15set_new_handlerPFvvE"]
        set_new_handler(ctypes.cast(ctypes.CDLL(None)["abort"], ctypes.c_void_p))


def allow_more_cpu(seconds: int = CPU_SECONDS) -> None:
    """Give the next request its own processor time: the limit counts over the whole life of a process."""
    try:
        import resource  # not on every platform
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(usage.ru_utime + usage.ru_stime) + seconds + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))


def open_status() -> int | None:
    """A descriptor of the kernel's status of this process; ``None`` where there is none."""
    try:
        return os.open("/proc/self/status", os.O_RDONLY)
    except OSError:
        return None


def under_pressure(status: int | None) -> bool:
    """Whether this process has come close to its memory limit at any time; ``False`` where that is not told."""
    if status is None:
        return False
    lines = os.pread(status, 4096, 0).decode("ascii", "replace").splitlines()
    peak = next((line.split()[1] for line in lines if line.startswith("VmPeak:")), "0")
    return int(peak) * 1024 > PRESSURE * MEMORY_BYTES


def _beside(name: str) -> dict[str, Any]:
    """The names of a script in this folder, from its file: nothing is looked up where a stranger may have put it."""
    spec = spec_from_file_location(name.removesuffix(".py"), os.path.join(os.path.dirname(__file__), name))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


if __name__ == "__main__":
    main(*sys.argv[1:])
