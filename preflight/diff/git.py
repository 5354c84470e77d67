"""Reads commits, changes and blobs from Git's own store: without a checkout, and without the network."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Self

from preflight.errors import ConfigurationError
from preflight.redact import printable, redact

MAIN_BRANCHES: Final = ("origin/HEAD", "origin/main", "origin/master", "main", "master", "trunk")
"""The names that a repository's main branch may have, the likeliest first."""

_ENVIRONMENT: Final = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "0",
}
_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "submodule.recurse=false")
"""A repository that somebody else made must not start programs of its own."""
_TIMEOUT_S = 300
_CHUNK = 1 << 20
_NOT_FOUND = (1, 128)


class Type(Enum):
    """The kinds of entries in a tree, by the first digits of their mode."""

    FILE = "10"
    LINK = "12"
    SUBMODULE = "16"
    ABSENT = "00"


class Entry(NamedTuple):
    """A file, link or submodule in a tree. ``blob`` is ``None`` for content that is in the working tree alone."""

    type: Type
    blob: str | None


ABSENT: Final = Entry(Type.ABSENT, None)


class Change(NamedTuple):
    """One path that differs between two sides. A rename has both paths, an addition no ``old``, a removal no ``new``.

    Paths are from the top of the repository; bytes that are not UTF-8 are surrogates, as in Python's own names.
    """

    old: str | None
    new: str | None
    before: Entry
    after: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """``top`` is the root of the working tree, ``None`` for a bare repository; ``store`` is Git's own folder."""

    folder: Path
    top: Path | None
    store: Path
    environment: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path, environment: Mapping[str, str]) -> Self:
        """The repository around ``folder``. Raises ``ConfigurationError`` where there is none, or no Git."""
        repository = cls(folder=folder, top=None, store=folder, environment={**environment, **_ENVIRONMENT})
        bare, store = repository.text("rev-parse", "--is-bare-repository", "--absolute-git-dir").splitlines()[:2]
        if bare == "true":
            return cls(folder=folder, top=None, store=Path(store), environment=repository.environment)
        top = repository.run("rev-parse", "--show-toplevel").rstrip(b"\n")
        return cls(
            folder=Path(os.fsdecode(top)),
            top=Path(os.fsdecode(top)),
            store=Path(store),
            environment=repository.environment,
        )

    def find_commit(self, name: str) -> str | None:
        """The hash of the commit called ``name``; ``None`` where there is none."""
        return self._find("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")

    def commit(self, name: str) -> str:
        """The hash of the commit called ``name``. Raises ``ConfigurationError`` where there is none."""
        found = self.find_commit(name)
        if found is not None:
            return found
        if self._find("rev-parse", "--verify", "--quiet", "HEAD") is None:
            raise ConfigurationError("this repository has no commits: there is nothing to compare with")
        shallow = "; this clone is shallow: git fetch --unshallow" if self._is_shallow() else ""
        raise ConfigurationError(f"{redact(name)}: no such commit, branch or tag in this repository{shallow}")

    def merge_base(self, head: str) -> tuple[str, str]:
        """The name of the main branch, and the commit at which ``head`` left it.

        Raises ``ConfigurationError`` where there is no main branch, or none with a commit in common.
        """
        self.commit("HEAD")
        for name in MAIN_BRANCHES:
            if self.find_commit(name) is None:
                continue
            base = self._find("merge-base", name, head)
            if base is not None:
                return name, base.splitlines()[0]
            why = "this clone is shallow: git fetch --unshallow" if self._is_shallow() else "name a BASE"
            raise ConfigurationError(f"no commit in common with {name}: {why}")
        raise ConfigurationError(f"no main branch found ({', '.join(MAIN_BRANCHES)}): name a BASE")

    def changes(self, base: str, head: str | None) -> list[Change]:
        """The paths that differ between ``base`` and ``head``, or the working tree, with untracked files; by path."""
        sides = [base] if head is None else [base, head]
        raw = self.run(
            "diff", "--raw", "-z", "-M", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-relative", *sides, "--"
        )
        found = list(_parse_raw(raw))
        if head is None:
            untracked = set(self._untracked()) - {change.new for change in found}
            # A file that only the index has lost is there as before.
            kept = {change.old for change in found if change.new is None} & untracked
            in_tree = Entry(Type.FILE, None)
            found = [
                change._replace(new=change.old, after=in_tree) if change.new is None and change.old in kept else change
                for change in found
            ]
            found += [Change(None, path, ABSENT, in_tree) for path in untracked - kept]
        return sorted(found, key=lambda change: change.new or change.old or "")

    def tree(self, commit: str) -> dict[str, Entry]:
        """Every path of ``commit``."""
        listed = self.run("ls-tree", "-r", "-z", "--full-tree", commit)
        entries = {}
        for line in listed.split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _, blob = about.decode("ascii").split(" ")
                entries[os.fsdecode(path)] = Entry(_type_of(mode), blob)
        return entries

    def files_with(self, words: Iterable[str], suffixes: Iterable[str], commit: str | None) -> list[str]:
        """The files with one of ``suffixes`` that hold one of ``words``, in ``commit`` or the working tree."""
        patterns = b"\n".join(os.fsencode(word) for word in words if "\n" not in word)
        if not patterns:
            return []
        where = [commit] if commit else ["--untracked"]
        command = ["grep", "-l", "-z", "-a", "-F", "-f", "-", "--full-name", *where, "--"]
        command += [f":(top,icase,glob)**/*{suffix}" for suffix in sorted(suffixes)]
        done = self._call(command, patterns + b"\n")
        if done.returncode > 1:
            raise _failed(done)
        prefix = f"{commit}:" if commit else ""
        return sorted(os.fsdecode(name).removeprefix(prefix) for name in done.stdout.split(b"\0") if name)

    def blobs(self) -> Blobs:
        """The content of blobs. Use it in ``with``: it is a process."""
        return Blobs(self)

    def run(self, *arguments: str) -> bytes:
        """The output of a Git command. Raises ``ConfigurationError`` with Git's own words where it fails."""
        done = self._call(arguments)
        if done.returncode:
            raise _failed(done)
        return done.stdout

    def text(self, *arguments: str) -> str:
        """The same as text."""
        return os.fsdecode(self.run(*arguments))

    def command(self, *arguments: str) -> list[str]:
        """The command line of a Git command in this repository."""
        return ["git", *_SAFE, "-C", str(self.folder), *arguments]

    def _find(self, *arguments: str) -> str | None:
        """The output of a Git command that says by its exit code that there is nothing."""
        done = self._call(arguments)
        if done.returncode in _NOT_FOUND and not done.stdout.strip():
            return None
        if done.returncode:
            raise _failed(done)
        return done.stdout.decode("ascii").strip() or None

    def _call(self, arguments: Iterable[str], data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                self.command(*arguments),
                input=data,
                capture_output=True,
                check=False,
                env=dict(self.environment),
                timeout=_TIMEOUT_S,
            )
        except FileNotFoundError as error:
            raise ConfigurationError("git is not installed: a difference is read from Git") from error
        except ValueError as error:
            raise ConfigurationError("the name of a commit cannot have a NUL character") from error
        except subprocess.TimeoutExpired as error:
            raise ConfigurationError(f"git took more than {_TIMEOUT_S} s") from error

    def _is_shallow(self) -> bool:
        return self._find("rev-parse", "--is-shallow-repository") == "true"

    def _untracked(self) -> Iterator[str]:
        for name in self.run("ls-files", "--others", "--exclude-standard", "-z").split(b"\0"):
            if name and not name.endswith(b"/"):
                yield os.fsdecode(name)


class Blobs:
    """Writes blobs to files, by one ``git cat-file`` for all of them."""

    def __init__(self, repository: Repository) -> None:
        self._process = subprocess.Popen(
            repository.command("cat-file", "--batch"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(repository.environment),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def write(self, blob: str, target: BinaryIO) -> bool:
        """Write ``blob`` to ``target``. Whether it is in this clone: a partial clone lacks some."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(f"{blob}\n".encode("ascii"))
            stdin.flush()
        except OSError:
            return False
        head = stdout.readline().split()
        if len(head) != 3 or head[1] != b"blob":
            return False
        left = int(head[2])
        while left and (piece := stdout.read(min(left, _CHUNK))):
            target.write(piece)
            left -= len(piece)
        stdout.read(1)  # the newline behind the content
        return not left


def _parse_raw(raw: bytes) -> Iterator[Change]:
    """The records of ``git diff --raw -z``: ``:mode mode blob blob status NUL path NUL``, two paths for a rename."""
    fields = iter(raw.split(b"\0"))
    for about in fields:
        if not about.startswith(b":"):
            continue
        mode, new_mode, blob, new_blob, status = about[1:].decode("ascii").split(" ")
        old = os.fsdecode(next(fields))
        new = os.fsdecode(next(fields)) if status[0] in "RC" else old
        before, after = _entry(mode, blob), _entry(new_mode, new_blob)
        yield Change(
            None if before.type is Type.ABSENT or status[0] == "C" else old,
            None if after.type is Type.ABSENT else new,
            before if status[0] != "C" else ABSENT,
            after,
        )


def _entry(mode: str, blob: str) -> Entry:
    return Entry(_type_of(mode), None if not blob.strip("0") else blob)


def _type_of(mode: str) -> Type:
    try:
        return Type(mode[:2])
    except ValueError:
        return Type.FILE


def _failed(done: subprocess.CompletedProcess[bytes]) -> ConfigurationError:
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    said = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[0] if lines else "it failed")
    if "not a git repository" in said:
        return ConfigurationError("the working folder is not in a Git repository: there are no commits to compare")
    return ConfigurationError(f"git: {printable(said.partition(': ')[2] or said)}")
