"""The folder of a run, in which every file is whole or absent, whatever dies in between."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any, Protocol

from preflight.bounded_file import NotRead, open_regular
from preflight.redact import printable, shown_path
from preflight.runs.limits import TALLY_BYTES
from preflight.runs.run_errors import RunUnusable

LOCK = "lock"
TEMPORARY = ".unfinished-"
"""How the names of files begin that are not whole yet: the next process on the run removes them."""
_NOT_A_LOCK = "lock is not a file, as a run has there: remove it"
_LOOKS = 50
_LOOK_S = 0.02
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


class Store(Protocol):
    """The files of one run, by names such as ``run.json`` and ``counts/part-00000.json``.

    It can be sent to another process. Every failure is ``RunUnusable``. ``shown`` is where it is, for people.
    """

    @property
    def shown(self) -> str: ...

    def prepare(self) -> None:
        """Make the place. Refuses one that cannot be a run's."""

    def names(self) -> set[str]:
        """The names of its files, without those in folders of it."""

    def open(self, name: str) -> BufferedReader:
        """A file opened for reading; the caller closes it. Raises ``FileNotFoundError`` where there is none."""

    def size(self, name: str) -> int | None:
        """Bytes of a file; ``None`` where that costs a request, or there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Put a whole file in place of what was there."""

    def lock(self) -> AbstractContextManager[None]:
        """Keep every other process out until the end of ``with``."""


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A run in a folder of this machine, or one that it shares."""

    path: str

    @property
    def shown(self) -> str:
        return shown_path(self.path)

    def prepare(self) -> None:
        folder = Path(self.path)
        try:
            if folder.is_symlink():
                raise RunUnusable(f"{self.shown} is a link: name the folder that it leads to")
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise RunUnusable(f"{self.shown} is a file: --to takes a folder") from None
        except (OSError, ValueError) as error:
            raise self._unwritable("the folder", error) from error
        try:
            (folder / "counts").mkdir(exist_ok=True)
        except FileExistsError:
            raise RunUnusable(f"{self.shown}: counts is not a folder, which a run has there: remove it") from None
        except (OSError, ValueError) as error:
            raise self._unwritable("the folder", error) from error

    def names(self) -> set[str]:
        try:
            return {found.name for found in Path(self.path).iterdir()}
        except FileNotFoundError:
            return set()
        except (OSError, ValueError) as error:
            raise RunUnusable(f"cannot read {self.shown}: {_why(error)}") from error

    def open(self, name: str) -> BufferedReader:
        path = Path(self.path, name)
        try:
            if stat.S_ISLNK(path.lstat().st_mode):
                raise RunUnusable(f"{self.shown}: {name} is a link, which a run does not make: remove it")
            return open_regular(path)
        except FileNotFoundError:
            raise
        except NotRead as error:
            raise RunUnusable(f"{self.shown}: {name}: {error}; make it readable, or remove it") from error
        except OSError as error:
            raise self._unreadable(name, error) from error

    def size(self, name: str) -> int | None:
        try:
            return Path(self.path, name).lstat().st_size
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        target = Path(self.path, name)
        temporary = target.with_name(f"{TEMPORARY}{target.name}-{os.urandom(6).hex()}")
        try:
            try:
                with temporary.open("xb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(target)
                _sync_folder(target.parent)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
                raise RunUnusable(
                    f"cannot write {name} of {self.shown}: the folder was removed, renamed or replaced: put it back "
                    "and run the same command again"
                ) from error
            raise self._unwritable(name, error) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        with ExitStack() as stack:
            file = self._open_lock()
            stack.callback(os.close, file)
            with self._held(file):
                _take(file)
            self._take_folder(stack, file)
            try:
                os.ftruncate(file, 0)
                os.pwrite(file, f"{os.getpid()} {socket.gethostname()}\n".encode(), 0)
            except OSError as error:
                raise self._unwritable("the lock", error) from error
            self._sweep()
            yield

    def _open_lock(self) -> int:
        """The lock, which is a file of ours: opening something else, such as a pipe, could have any effect."""
        path = Path(self.path, LOCK)
        try:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
                raise RunUnusable(f"{self.shown}: {_NOT_A_LOCK}") from error
            raise self._unwritable("the lock", error) from error
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise RunUnusable(f"{self.shown}: {_NOT_A_LOCK}")
        return file

    @contextmanager
    def _held(self, file: int) -> Iterator[None]:
        """Failures of taking a lock, of which ``file`` says who has it."""
        try:
            yield
        except OSError as error:
            if error.errno in _NO_LOCKS:
                raise RunUnusable(
                    f"{self.shown} is on a file system without locks: two runs could not tell of each other; "
                    "name a folder on another one"
                ) from error
            raise RunUnusable(f"another process works on {self.shown}{_holder(file)}: wait for its end") from error

    def _take_folder(self, stack: ExitStack, file: int) -> None:
        """Lock the folder itself, too, where the system can: somebody may remove the file, and the lock with it."""
        import fcntl  # not on every system

        with suppress(OSError):
            folder = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, folder)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                with self._held(file):
                    raise

    def _sweep(self) -> None:
        """Remove the unfinished files of processes that died."""
        for folder in (Path(self.path), Path(self.path, "counts")):
            with suppress(OSError):
                for found in folder.glob(f"{TEMPORARY}*"):
                    with suppress(OSError):  # a folder of that name
                        found.unlink(missing_ok=True)

    def _unreadable(self, name: str, error: OSError) -> RunUnusable:
        match error.errno:
            case errno.ENOTDIR:
                return RunUnusable(f"{self.shown} is a file, or lies below one: --to takes a folder")
            case errno.ELOOP | errno.ENAMETOOLONG:
                return RunUnusable(f"{self.shown}: {_why(error)}: name another folder")
        return RunUnusable(f"cannot read {self.shown}: {name}: {_why(error)}: name a folder that you can read")

    def _unwritable(self, name: str, error: Exception) -> RunUnusable:
        match getattr(error, "errno", None):
            case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
                hint = "; free some space and run the same command again"
            case errno.EROFS | errno.EACCES | errno.EPERM:
                hint = "; make it writable and run the same command again, or name another folder"
            case _:
                hint = ""
        return RunUnusable(f"cannot write {name} of {self.shown}: {_why(error)}{hint}")


def _take(file: int) -> None:
    """Lock the file. One who only looks whether it is locked holds it for a moment, which is waited for."""
    import fcntl  # not on every system

    for _ in range(_LOOKS):
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_LOOK_S)
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or "no folder can have this name").lower()


def _holder(file: int) -> str:
    with suppress(OSError, ValueError):
        pid, _, host = os.pread(file, 200, 0).decode("utf-8", "replace").strip().partition(" ")
        if pid.isdigit():
            return f" (process {int(pid)} on {printable(host)})"
    return ""


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system can
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def read_object(store: Store, name: str) -> dict[str, Any]:
    """The JSON object in a small file of a run; an empty one where there is none, or something else.

    Raises ``RunUnusable`` for a file that cannot be read.
    """
    try:
        with store.open(name) as file:
            found = json.loads(file.read(TALLY_BYTES))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    except OSError as error:
        raise RunUnusable(f"cannot read {name} of {store.shown}: {error.strerror}") from error
    return found if isinstance(found, dict) else {}
