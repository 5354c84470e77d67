"""The only exit for text: the standard streams pass no control sequences and no commands for a build server.

Outside names, messages and values reach the streams in many ways: our own remarks, click's usage errors, help, log
records, tracebacks. So the streams themselves are guarded while a command runs. Results bypass the guard, because they
may have colours: their renderers let nothing else pass (``console.py``, ``render/formats.py``).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from preflight.redact import printable
from preflight.redact.encodable import encodable

_CI_VARIABLES = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI", "TEAMCITY_VERSION", "JENKINS_URL", "BUILD_BUILDID")
_OFF = frozenset({"", "0", "false", "no"})
# GitHub trims a line and looks for "::" (here also behind colours); it, Azure and TeamCity look for "##name[" anywhere.
_COMMAND = r"(?m)^(?:[^\S\n]|\x1b\[[\d;]*m)*:(?P<colon>:)|##\w*(?P<bracket>\[)"
_LINE_START = 200
"""Most characters to remember of a line that is written in pieces."""


def is_ci(environment: Mapping[str, str]) -> bool:
    """Whether a build server reads the output."""
    return any(environment.get(name, "").lower() not in _OFF for name in _CI_VARIABLES)


def without_commands(text: str, before: str = "") -> str:
    """``text`` with an escape in each command of a build server; ``before`` is the start of its first line."""
    if "::" not in before[-1:] + text and "[" not in text:
        return text
    whole = before + text
    parts, end = [], len(before)
    for found in re.finditer(_COMMAND, whole):
        at = found.start(found.lastgroup or 0)
        if at >= len(before):
            parts += [whole[end:at], f"\\x{ord(whole[at]):02x}"]
            end = at + 1
    return "".join([*parts, whole[end:]])


class Guard:
    """A text stream that escapes unprintable characters, and build-server commands where a build server reads it.

    What is written after its reader has left is discarded: the command goes on, and its exit code tells the outcome.
    """

    def __init__(self, stream: TextIO, *, ci: bool) -> None:
        self.unguarded = stream
        self.has_reader = True
        self._ci = ci
        self._line = ""

    def write(self, text: str) -> int:
        shown = "\n".join(map(printable, text.split("\n")))
        if self._ci:
            shown = without_commands(shown, self._line)
            self._line = (self._line + shown if "\n" not in shown else shown.rpartition("\n")[2])[:_LINE_START]
        try:
            write_text(self.unguarded, shown)
        except BrokenPipeError:
            self._discard()
        return len(text)

    def flush(self) -> None:
        try:
            self.unguarded.flush()
        except BrokenPipeError:
            self._discard()

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def _discard(self) -> None:
        self.has_reader = False
        discard(self.unguarded)

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # nothing bypasses the guard
            raise AttributeError(name)
        return getattr(self.unguarded, name)


def write_text(stream: TextIO, text: str) -> None:
    """Write ``text``; where the encoding lacks a character, a plain sign replaces one of ours, an escape any other."""
    if stream.errors == "backslashreplace":  # standard error, which raises nothing, and escapes our signs too
        text = encodable(text, stream.encoding or "ascii")
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(encodable(text, stream.encoding or "ascii"))


def discard(stream: TextIO) -> None:
    """Discard a standard stream from now on: at exit Python would report the text that is still buffered."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def unguarded(stream: TextIO) -> TextIO:
    """The stream itself, for text that is known to be safe."""
    return stream.unguarded if isinstance(stream, Guard) else stream


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Guard the current standard output and standard error."""
    streams = sys.stdout, sys.stderr
    ci = is_ci(os.environ)
    sys.stdout, sys.stderr = (cast("TextIO", Guard(unguarded(stream), ci=ci)) for stream in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
