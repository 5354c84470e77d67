"""Uploads by a command of the user's, whose last line of output is the URL."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Final

from preflight.errors import ConfigurationError, SourceChanged
from preflight.redact import one_line, shown_path
from preflight.sources.limits import KIB, MIB
from preflight.upload.content import Content, read_content
from preflight.upload.read_back import require_public
from preflight.upload.shell_template import filled, require_template
from preflight.upload.store_errors import UploadFailed
from preflight.upload.uploader import OnProgress, Reader, UploadedFile, difference_at, uploaded

_LEAST_SECONDS: Final = 600
_SLOWEST: Final = 16 * KIB
"""Bytes a second: a slower command is ended."""
_MOST_SAID: Final = MIB
_MOST_OUTPUT: Final = 64 * MIB
"""Bytes on a stream: a command that prints more is ended before it fills the disk."""
_LOOK_SECONDS: Final = 0.2
_MOST_URL: Final = 8192


class CommandUploader:
    """Runs ``template`` for each file in a shell. ``environment`` is the command's own: without the API key."""

    def __init__(
        self,
        template: str,
        reader: Reader,
        *,
        environment: Mapping[str, str],
        on_progress: OnProgress = lambda _, __, ___: None,
    ) -> None:
        """Raises ``ConfigurationError`` for a template that cannot be filled safely."""
        require_template(template)
        if os.name == "nt":
            raise ConfigurationError("--upload-command needs a POSIX shell; use --upload with a store")
        self._template = template
        self._reader = reader
        self._environment = dict(environment)
        self._on_progress = on_progress

    def url_of(self, content: Content) -> None:
        """Nobody knows before the command has said it."""

    def upload(self, content: Content) -> UploadedFile:
        """Run the command and read back its URL. Raises as ``StoreUploader.upload``."""
        self._on_progress("uploading", content, 0)
        url = self._run(content)
        require_public(url, self._reader.allow)
        if read_content(content.path).sha256 != content.sha256:
            raise SourceChanged(f"{shown_path(str(content.path))} changed while it was uploaded")
        difference = difference_at(url, content, self._reader, self._on_progress, any_type=True)
        if difference is not None:
            raise UploadFailed(f"the URL that the upload command gave does not show the file: {difference}")
        return uploaded(content, url)

    def _run(self, content: Content) -> str:
        command = filled(
            self._template,
            {
                "file": str(content.path.absolute()),
                "name": content.name,
                "type": content.media_type,
                "sha256": content.sha256,
            },
        )
        seconds = _LEAST_SECONDS + content.size_bytes / _SLOWEST
        try:
            with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
                code = self._wait(command, out, err, seconds)
                printed = max(_size_of(out), _size_of(err))
                said, complaint = _tail(out), _tail(err)
        except OSError as error:
            raise UploadFailed(f"the upload command cannot be run: {error.strerror}") from error
        if code is None:
            raise UploadFailed(f"the upload command did not end within {seconds:.0f} s, and was stopped")
        if printed > _MOST_OUTPUT:
            raise UploadFailed(f"the upload command printed more than {_MOST_OUTPUT // MIB} MiB, and was stopped")
        if code != 0:
            last = one_line(complaint[-1]) if complaint else ""
            raise UploadFailed(f"the upload command ended with {code}{f': {last}' if last else ''}")
        url = said[-1] if said else ""
        if not url.startswith(("https://", "http://")) or len(url) > _MOST_URL:
            raise UploadFailed("the last line of the upload command is not a URL")
        return url

    def _wait(self, command: str, out: IO[bytes], err: IO[bytes], seconds: float) -> int | None:
        """The exit code; ``None`` for a command that took too long. Whatever it started ends with it.

        A command that prints without end is stopped, too.
        """
        end = time.monotonic() + seconds
        with subprocess.Popen(  # noqa: S602 - the user's own command; the values in it are quoted
            command,
            shell=True,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=self._environment,
            start_new_session=True,
        ) as process:
            try:
                while (left := end - time.monotonic()) > 0:
                    with suppress(subprocess.TimeoutExpired):
                        return process.wait(min(left, _LOOK_SECONDS))
                    if max(_size_of(out), _size_of(err)) > _MOST_OUTPUT:
                        return -signal.SIGKILL
                return None
            finally:
                if process.poll() is None:
                    with suppress(OSError):
                        os.killpg(process.pid, signal.SIGKILL)


def _size_of(stream: IO[bytes]) -> int:
    return os.fstat(stream.fileno()).st_size


def _tail(stream: IO[bytes]) -> list[str]:
    """The last lines that hold something."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - _MOST_SAID))
    lines = stream.read(_MOST_SAID).decode("utf-8", "replace").splitlines()
    return [line.strip() for line in lines if line.strip()]
