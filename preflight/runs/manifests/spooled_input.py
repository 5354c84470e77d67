"""A manifest from standard input, kept in the folder of its run: the next start, and a payment, read it again there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

from preflight.bounded_file import why
from preflight.errors import ConfigurationError
from preflight.jobfiles.detect import written_as
from preflight.jobfiles.field_names import TableModels
from preflight.jobfiles.source_text import is_text
from preflight.model.target import is_url
from preflight.redact import shown_path
from preflight.runs.manifests.manifest import Manifest, OnIndexed, changed, stamp_of
from preflight.runs.manifests.open_manifest import copy_bounded, open_manifest
from preflight.runs.on_disk.store import TEMPORARY, FolderStore, Store
from preflight.runs.run_errors import RunUnusable

SHOWN: Final = "standard input"
_STEM: Final = "manifest"
_HEAD_BYTES: Final = 64 * 1024
_PARQUET: Final = b"PAR1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A manifest under a name that the next start would remove; ``keep`` gives it the name that ``manifest`` has."""

    manifest: Manifest
    temporary: Path

    def keep(self) -> Manifest:
        """Let it stay in the folder: the manifest under its name. Raises ``RunUnusable``."""
        kept = _final(self.temporary)
        try:
            self.temporary.replace(kept)
            with kept.open("rb") as file:
                stamp = stamp_of(file)  # which a new name changes
        except OSError as error:
            raise RunUnusable(f"cannot keep the manifest in {self.temporary.parent}: {error.strerror}") from error
        if self.manifest.snapshot is not None:
            return self.manifest
        if stamp[:-1] != self.manifest.stamp[:-1]:
            raise changed(str(kept))
        return replace(self.manifest, stamp=stamp)


def require_folder(store: Store) -> Path:
    """The folder of ``store``. Raises ``ConfigurationError`` where the run is elsewhere."""
    if not isinstance(store, FolderStore):
        raise ConfigurationError(
            "--to URL takes no standard input, which is kept in the folder of the run: save it to a file, and name that"
        )
    return Path(store.path)


@contextmanager
def spooled_input(
    stream: BinaryIO,
    store: Store,
    rows_a_part: int,
    *,
    models: TableModels,
    columns: Mapping[str, str],
    on_indexed: OnIndexed | None = None,
) -> Iterator[Spooled]:
    """The manifest in ``stream``, written into the folder of ``store``, which the caller has locked.

    Nobody else may read the file: a manifest can have signed URLs. Raises ``ConfigurationError`` for what is not a
    manifest, and ``RunUnusable`` where it cannot be written.
    """
    folder = require_folder(store)
    _wait_for(stream)
    try:
        head = stream.read(_HEAD_BYTES)
    except OSError as error:
        raise ConfigurationError(f"{SHOWN}: {why(error)}") from error
    temporary = folder / f"{TEMPORARY}{os.urandom(6).hex()}-{_STEM}{_suffix(head, models, columns)}"
    try:
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                copy_bounded(_Joined(head, stream), file, SHOWN)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise RunUnusable(
                f"cannot keep {SHOWN} in {store.shown}: {(error.strerror or type(error).__name__).lower()}"
            ) from error
        with (
            _told_apart(str(temporary)),
            open_manifest(
                str(temporary), rows_a_part, models=models, columns=columns, on_indexed=on_indexed
            ) as manifest,
        ):
            yield Spooled(manifest=as_read(replace(manifest, file=str(_final(temporary)))), temporary=temporary)
    finally:
        temporary.unlink(missing_ok=True)


def as_read(manifest: Manifest) -> Manifest:
    """``manifest`` as one from standard input: relative paths in it are relative to the working folder."""
    return replace(manifest, path="-")


def is_kept(name: str, store: Store) -> bool:
    """Whether ``name`` is the manifest that was kept in the folder of the run: nobody else may put one there."""
    if not isinstance(store, FolderStore) or is_url(name):
        return False
    path = Path(name)
    return path.stem == _STEM and path.parent.resolve() == Path(store.path).resolve()


def _final(temporary: Path) -> Path:
    return temporary.with_name(f"{_STEM}{temporary.suffix}")


@contextmanager
def _told_apart(temporary: str) -> Iterator[None]:
    """Errors about the file as those about standard input, which is the name that the user knows."""
    try:
        yield
    except ConfigurationError as error:
        said = str(error).replace(shown_path(temporary), SHOWN).replace(temporary, SHOWN)
        if said == str(error):
            raise
        raise ConfigurationError(said) from error


def _wait_for(stream: BinaryIO) -> None:
    """Have reading wait for what comes: where it did not, a pause would look like the end of the manifest."""
    with suppress(OSError, ValueError):  # not a file of the system
        os.set_blocking(stream.fileno(), True)


def _suffix(head: bytes, models: TableModels, columns: Mapping[str, str]) -> str:
    """The suffix of a file that begins with ``head``. Raises ``ConfigurationError`` for what is not a manifest."""
    if head.startswith(_PARQUET):
        return ".parquet"
    if not head.strip():
        raise ConfigurationError(f"{SHOWN}: no jobs in it")
    if not is_text(head):
        raise ConfigurationError(f"{SHOWN} is not text: --to takes a manifest in CSV, TSV, JSON Lines or Parquet")
    written = written_as(head, models, columns)
    if written == "table":
        return ".csv"
    if written == "job" and not _is_row(head):
        raise ConfigurationError(
            f"{SHOWN}: not a manifest of jobs: --to takes CSV or TSV with a header that names image and video, or JSON "
            "Lines; check one job without --to"
        )
    return ".jsonl"


def _is_row(head: bytes) -> bool:
    """Whether a single job is one line of JSON, as a manifest of one row has it."""
    try:
        return isinstance(json.loads(head), dict) and b"\n" not in head.strip()
    except (ValueError, RecursionError):
        return False


class _Joined:
    """What was read of a stream already, and the rest of it. A piece that is too short is the last one.

    It is not asked for more after its end: a terminal would begin again, and want another Ctrl-D.
    """

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest
        self._is_at_end = len(head) < _HEAD_BYTES

    def read(self, size: int, /) -> bytes:
        head, self._head = self._head, b""
        if head or self._is_at_end:
            return head
        piece = self._rest.read(size)
        self._is_at_end = len(piece) < size
        return piece
