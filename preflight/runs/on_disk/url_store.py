"""A run at a URL that fsspec knows, such as ``s3://bucket/run``: whole objects, which such stores put at once."""

from __future__ import annotations

import io
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, cast

from preflight.errors import ConfigurationError, MissingExtra
from preflight.redact import one_line, redact
from preflight.runs.limits import LONGEST_SILENCE_S
from preflight.runs.on_disk.store import LOCK, Store
from preflight.runs.run_errors import RunUnusable


@dataclass(frozen=True, slots=True)
class UrlStore:
    """A run below a URL. There is no lock that dies with its process, so its holder renews it."""

    url: str

    @classmethod
    def at(cls, url: str) -> Store:
        """The store at ``url``. Raises ``MissingExtra`` and ``RunUnusable`` where it cannot be used."""
        scheme, _, rest = url.partition("://")
        if not rest.strip("/"):
            raise ConfigurationError(f"--to {redact(url)}: a URL without a path: write {redact(scheme)}://BUCKET/RUN")
        store = cls(f"{scheme}://{rest.rstrip('/')}")
        store.files()
        return store

    @property
    def shown(self) -> str:
        return redact(self.url)

    def files(self) -> tuple[Any, str]:
        """The file system, and the path of the run in it."""
        try:
            import fsspec  # an extra
        except ImportError as error:
            raise MissingExtra("--to URL", "runs") from error
        try:
            found: tuple[Any, str] = fsspec.core.url_to_fs(self.url)
        except (ImportError, ValueError, OSError) as error:
            raise RunUnusable(f"--to {self.shown}: {one_line(str(error))}") from error
        return found

    def prepare(self) -> None:
        with self._explained("write"):
            files, path = self.files()
            files.makedirs(f"{path}/counts", exist_ok=True)

    def names(self) -> set[str]:
        with self._explained("read"):
            files, path = self.files()
            files.invalidate_cache(path)
            try:
                return {name.rstrip("/").rpartition("/")[2] for name in files.ls(path, detail=False)}
            except FileNotFoundError:
                return set()

    def open(self, name: str) -> BufferedReader:
        with self._explained("read"):
            files, path = self.files()
            return cast("BufferedReader", io.BytesIO(files.cat_file(f"{path}/{name}")))

    def size(self, name: str) -> int | None:  # noqa: ARG002 - objects are put at once, so they are not cut short
        return None

    def write(self, name: str, data: bytes) -> None:
        with self._explained(f"write {name} of"):
            files, path = self.files()
            files.pipe_file(f"{path}/{name}", data)

    @contextmanager
    def lock(self) -> Iterator[None]:
        holder = f"{os.getpid()} on {socket.gethostname()}"
        with suppress(FileNotFoundError), self.open(LOCK) as file:
            self._require_left_behind(file.read(4096))
        ended = threading.Event()
        self._renew(holder)
        renewing = threading.Thread(target=self._keep_renewing, args=(holder, ended), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            ended.set()
            renewing.join()
            files, path = self.files()
            with suppress(OSError):
                files.rm_file(f"{path}/{LOCK}")

    def _require_left_behind(self, data: bytes) -> None:
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            held = json.loads(data)
            if time.time() - float(held["at"]) < LONGEST_SILENCE_S:
                who = one_line(str(held["process"]))
                raise RunUnusable(
                    f"another process works on {self.shown} ({who}): wait for its end; "
                    f"a lock that nobody renews for {LONGEST_SILENCE_S:g} s does not count"
                )

    def _renew(self, holder: str) -> None:
        self.write(LOCK, json.dumps({"process": holder, "at": time.time()}).encode())

    def _keep_renewing(self, holder: str, ended: threading.Event) -> None:
        while not ended.wait(LONGEST_SILENCE_S / 4):
            with suppress(RunUnusable):
                self._renew(holder)

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        """Errors of whatever store it is, as ours."""
        try:
            yield
        except (FileNotFoundError, RunUnusable, MissingExtra):
            raise
        except Exception as error:
            raise RunUnusable(f"cannot {doing} {self.shown}: {one_line(str(error)) or type(error).__name__}") from error
