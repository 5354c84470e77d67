"""The two sides of a difference: each finds the files that its jobs name, in a commit or in the working tree."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import Protocol

from preflight.diff.git import Blobs, Change, Entry, Repository, Type
from preflight.errors import ConfigurationError
from preflight.redact import shown_path

_LINKS_FOLLOWED = 8
_LINK_BYTES = 4096
_POINTER_BYTES = 1024
_LFS_OBJECT = re.compile(rb"^oid sha256:([0-9a-f]{64})$", re.MULTILINE)
_NOWHERE = "not-in-this-commit"


class Side(Protocol):
    """Where the files of one side are. Paths are from the top of the repository."""

    def locate(self, path: Path) -> Path:
        """The file on this disk with the content of ``path``; one that is not there where the side has no such file."""

    def content(self, path: str) -> str | None:
        """A name for the content of ``path``: equal names on two sides mean equal content. ``None`` for no file."""

    def job_file(self, path: str) -> Path | None:
        """The file on this disk with the jobs of ``path``; it has the suffix of ``path``."""


class Store:
    """Files with the content of blobs, written on demand into a folder of its own."""

    def __init__(self, folder: Path, blobs: Blobs, repository: Repository) -> None:
        self._folder = folder
        self._blobs = blobs
        self._lfs = repository.store / "lfs" / "objects"

    def nowhere(self) -> Path:
        """A path at which there is no file."""
        return self._folder / _NOWHERE

    def file(self, blob: str, suffix: str = "") -> Path | None:
        """A file with the content of ``blob``, or of the object that it points to; ``None`` where it is not here."""
        path = self._folder / f"{blob}{suffix}"
        if not path.exists() and not self._written(blob, path):
            return None
        return self._fetched(path) or path

    def link(self, blob: str) -> str | None:
        """Where the link with this blob leads."""
        path = self._folder / f"{blob}.link"
        if not path.exists() and not self._written(blob, path):
            return None
        with path.open("rb") as file:
            return os.fsdecode(file.read(_LINK_BYTES))

    def _written(self, blob: str, path: Path) -> bool:
        part = path.with_name(f"{path.name}.part")
        try:
            with part.open("wb") as file:
                is_whole = self._blobs.write(blob, file)
        except OSError as error:
            raise ConfigurationError(f"cannot write a file of Git's to {path.parent}: {error.strerror}") from error
        if is_whole:
            part.replace(path)
        else:
            part.unlink()
        return is_whole

    def _fetched(self, path: Path) -> Path | None:
        """The object behind a Git LFS pointer, where this clone has it."""
        if path.stat().st_size > _POINTER_BYTES:
            return None
        data = path.read_bytes()
        found = _LFS_OBJECT.search(data) if data.startswith(b"version ") else None
        if found is None:
            return None
        name = found[1].decode("ascii")
        whole = self._lfs / name[:2] / name[2:4] / name
        return whole if whole.is_file() else None


class CommitSide:
    """A commit. A path that leads out of the repository has no file: no commit holds it.

    ``changed`` are the paths that differ in the working tree, if that is the other side. All others are read there, so
    that both sides examine one file; also those that no commit holds, because Git ignores them, or because they are in
    a submodule or outside of the repository: they are the same on both sides.
    """

    def __init__(
        self, tree: Mapping[str, Entry], store: Store, top: Path | None, changed: Collection[str] | None = None
    ) -> None:
        self._tree = tree
        self._store = store
        self._top = top
        self._changed = changed

    def locate(self, path: Path) -> Path:
        name, blob = self._inside(str(path)), self._blob(str(path))
        if blob is None:
            return self._beside(str(path)) or self._store.nowhere()
        if self._top and name and self._changed is not None and name in self._tree and name not in self._changed:
            return self._top / name
        return self._store.file(blob) or self._store.nowhere()

    def content(self, path: str) -> str | None:
        blob = self._blob(path)
        if blob is None and self._top is not None and (found := self._beside(path)):
            name = os.path.relpath(os.path.realpath(found), os.path.realpath(self._top))
            return self._blob(name) or name_in_tree(name)
        return blob

    def job_file(self, path: str) -> Path | None:
        blob = self._blob(path)
        return self._store.file(blob, PurePosixPath(path).suffix.lower()) if blob else None

    def _blob(self, path: str) -> str | None:
        entry = self.entry(path)
        return entry.blob if entry is not None and entry.type is Type.FILE else None

    def _beside(self, path: str) -> Path | None:
        """The file at ``path`` in the working tree that no commit holds, if no part of its path differs there."""
        if self._top is None or self._changed is None:
            return None
        whole, top = self._top / path, os.path.realpath(self._top)
        real = os.path.relpath(os.path.realpath(whole), top)
        names = {posixpath.normpath(os.path.relpath(os.path.abspath(whole), self._top)), real}  # noqa: PTH100 - links stay
        is_same = not any(self._differs_on_the_way(name) for name in names)
        return whole if is_same and whole.is_file() else None

    @property
    def nowhere(self) -> Path:
        """A path at which there is no file."""
        return self._store.nowhere()

    def entry(self, path: str) -> Entry | None:
        """The entry at ``path``, after the links on the way to it."""
        name = self._inside(path)
        for _ in range(_LINKS_FOLLOWED):
            if name is None:
                return None
            entry, passed = self._nearest(name)
            if entry is None or entry.type is Type.SUBMODULE:
                return entry
            if entry.type is not Type.LINK:
                return entry if passed == name else None
            target = self._store.link(entry.blob) if entry.blob else None
            if target is None:
                return None
            name = self._inside(posixpath.join(posixpath.dirname(passed), target, name[len(passed) + 1 :]))
        return None

    def _differs_on_the_way(self, name: str) -> bool:
        parts, changed = name.split("/"), self._changed or ()
        return any("/".join(parts[:count]) in changed for count in range(1, len(parts) + 1))

    def _nearest(self, name: str) -> tuple[Entry | None, str]:
        """The entry at ``name``, or that of the first part of it which is a link or a submodule."""
        if name in self._tree:
            return self._tree[name], name
        parts = name.split("/")
        for count in range(1, len(parts)):
            part = "/".join(parts[:count])
            if part in self._tree:
                return self._tree[part], part
        return None, name

    def _inside(self, path: str) -> str | None:
        if os.path.isabs(path):  # noqa: PTH117 - text
            if self._top is None or not Path(path).is_relative_to(self._top):
                return None
            path = str(Path(path).relative_to(self._top))
        name = posixpath.normpath(path.replace(os.sep, "/"))
        return None if name.startswith("../") or name in ("..", ".") else name


class WorkingSide:
    """The working tree. An unchanged file has the content of the commit that it is compared with.

    ``changed`` are the paths that differ, with the blob of those that Git's index holds as they are.
    """

    def __init__(self, top: Path, base: CommitSide, changed: Mapping[str, str | None]) -> None:
        self._top = top
        self._base = base
        self._changed = changed

    def locate(self, path: Path) -> Path:
        direct = self._top / posixpath.normpath(path)  # the name that the other side has for it
        whole = self._top / path
        if whole.is_dir():  # as in a commit, there is no such file
            return self._base.nowhere
        return direct if os.path.realpath(direct) == os.path.realpath(whole) else whole

    def content(self, path: str) -> str | None:
        name = os.path.relpath(os.path.realpath(self._top / path), os.path.realpath(self._top))
        blob = self._changed[name] if name in self._changed else self._base.content(name)
        if blob is not None:
            return blob
        whole = self._top / path
        return name_in_tree(name) if os.path.lexists(whole) and not whole.is_dir() else None

    def job_file(self, path: str) -> Path | None:
        file = self._top / path
        return file if file.is_file() else None


def name_in_tree(name: str) -> str:
    """A name for the content of a file that is in the working tree alone."""
    return f"file:{name}"


def submodules_of(changes: list[Change]) -> list[str]:
    """Remarks on paths that are submodules: their files belong to another repository."""
    return [
        f"{shown_path(change.new or change.old or '')}: a submodule; its files are compared in its own repository"
        for change in changes
        if Type.SUBMODULE in (change.before.type, change.after.type)
    ]
