"""Where preflight writes, and what of the environment it does not use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from preflight.doctor.check import Check, State
from preflight.redact import printable

_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def ledger(find: Callable[[], Path]) -> Iterator[Check]:
    """Whether the ledger can be written: the file where there is one, else a new one in the nearest folder there is."""
    try:
        path = find()
        problem = _problem(path)
    except (OSError, RuntimeError, ValueError) as error:  # no home folder, or one that may not be looked into
        path, problem = None, f"cannot be found: {getattr(error, 'strerror', None) or error}"
    shown = printable(str(path)) if path is not None else "its file"
    if problem is None:
        yield Check(name="ledger", state=State.OK, found=shown)
        return
    yield Check(
        name="ledger",
        state=State.FAIL,
        found=f"{shown} {problem}",
        fix="give another place with PREFLIGHT_LEDGER, or make that one writable",
    )


def _problem(path: Path) -> str | None:
    if path.exists():
        if not path.is_file():
            return "is no file"
        return None if os.access(path, os.R_OK | os.W_OK) else "cannot be read and written"
    folder = next((above for above in path.absolute().parents if above.exists()), Path(path.anchor))
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return None
    return f"cannot be made: {printable(str(folder))} is not a folder that can be written"


def proxies(environment: Mapping[str, str]) -> Iterator[Check]:
    """Proxies of the environment, which are never used. Their values may hold a password, and are not shown."""
    names = [name for proxy in _PROXIES for name in (proxy, proxy.upper()) if environment.get(name)]
    if names:
        yield Check(
            name="proxies",
            state=State.NOTE,
            found=f"{', '.join(names)} set, and ignored: what a proxy reaches is not what the service reaches",
            fix="let preflight connect directly; there is no option to use a proxy",
        )
    else:
        yield Check(name="proxies", state=State.OK, found="none set")
