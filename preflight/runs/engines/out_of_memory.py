"""Tells an error for want of memory from a bug: it has many forms."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import Final

OUT_OF_MEMORY: Final = 71
"""The exit code of a worker that had no memory left."""
_NO_THREAD: Final = "can't start new thread"  # of Python's own ``threading``
_NO_LIBRARY: Final = ("failed to map segment", "cannot allocate memory", "cannot create shared object descriptor")
"""What the loaders of glibc and musl say in an ``ImportError``."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error``, or one that led to it, comes of a lack of memory."""
    return any(map(_says_so, _with_causes(error)))


def _says_so(error: BaseException) -> bool:
    match error:
        case MemoryError():
            return True
        case OSError():
            return error.errno == errno.ENOMEM
        case ImportError():
            return any(each in str(error).lower() for each in _NO_LIBRARY)
        case RuntimeError():
            return str(error) == _NO_THREAD
    return False


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    ahead = [error]
    while ahead:
        found = ahead.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        ahead += [each for each in (found.__cause__, found.__context__) if each is not None]
        if isinstance(found, BaseExceptionGroup):
            ahead += found.exceptions
