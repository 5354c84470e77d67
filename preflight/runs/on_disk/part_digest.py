"""Whether the file of a part is as it was written: the SHA-256 of each stands beside its counts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from preflight.runs.on_disk.store import Store, read_object
from preflight.runs.run_errors import RunUnusable

WRITTEN: Final = "part_sha256"
"""The key of the digest of the part's file, beside its counts."""
REPLACED: Final = "replaced_sha256"
"""The key of the digest of the file that this one replaces: a process may die when only the counts are written."""


class Digests(NamedTuple):
    """The files that a part may have: the one that was ``written``, and the one that it ``replaced``, if any.

    ``None``, both, for a part of an earlier version, and where the counts are not there any more.
    """

    written: str | None = None
    replaced: str | None = None


def counts_name(number: int) -> str:
    """The name of the file with the counts of part ``number``."""
    return f"counts/part-{number:05d}.json"


def digests_in(counts: Mapping[str, Any]) -> Digests:
    """The digests that stand beside ``counts``, whose values may be anything."""
    match counts.get(WRITTEN), counts.get(REPLACED):
        case str(written), str(replaced):
            return Digests(written, replaced)
        case str(written), _:
            return Digests(written)
    return Digests()


def digest_of_file(store: Store, name: str) -> str | None:
    """The SHA-256 of a file, ``None`` where there is none. Raises ``RunUnusable``."""
    try:
        with store.open(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunUnusable(f"cannot read {name} of {store.shown}: {error.strerror}") from error


def beside_counts(data: bytes, replaced: str | None) -> Mapping[str, Any]:
    """What stands beside the counts of a part whose file is ``data``, in place of one with the digest ``replaced``."""
    found = {WRITTEN: hashlib.sha256(data).hexdigest()}
    return found if replaced is None else {**found, REPLACED: replaced}


def require_as_written(store: Store, number: int, name: str, digest: str) -> bool:
    """Raise ``RunUnusable`` where the file ``name`` of part ``number`` has a ``digest`` that preflight did not write.

    Returns whether it is known to be as it was written: nothing tells in a run of an earlier version.
    Read the file first: another process writes the counts before it.
    """
    known = digests_in(read_object(store, counts_name(number)))
    if known.written is not None and digest not in known:
        raise changed_since(store, name)
    return known.written is not None


def changed_since(store: Store, name: str) -> RunUnusable:
    """The error for a part whose file somebody else has written."""
    return RunUnusable(
        f"{store.shown}: {name} was changed after preflight had written it: remove it and run the same check again"
    )
