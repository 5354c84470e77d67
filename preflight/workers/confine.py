"""The limits that an isolated process sets on itself before it reads a file from outside.

MediaInfo and the decoders here use it, the process that repairs files (``fix/worker.py``), and the one that reads
Parquet files (``jobfiles/parquet_worker.py``).
It imports nothing of the package, because ``mediainfo.py`` runs as a script by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress


def confine(limits: Mapping[str, int]) -> bool:
    """Set ``limits``, by their names in ``resource``, for good. Return whether this process can open nothing any more.

    No process gets a core dump or opens another file: open descriptors stay, and no file and no socket joins them.
    Returns ``False`` where the platform has no such limits; the parent's clock then remains.
    """
    try:
        import resource  # not on every platform
    except ImportError:
        return False
    for name, bound in {**limits, "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 0}.items():
        with suppress(AttributeError, OSError, ValueError):  # some platforms lack one, some refuse a bound on memory
            kind = getattr(resource, name)
            _, hard = resource.getrlimit(kind)
            limit = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
            resource.setrlimit(kind, (limit, limit))
    return bool(resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 0)
