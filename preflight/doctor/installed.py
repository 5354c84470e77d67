"""What is installed: versions, the packages that preflight needs, its extras."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version

from preflight.doctor.check import Check, State

_DISTRIBUTION = "media-preflight"
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)[^;]*(?:;.*\bextra == ['\"]([\w-]+)['\"])?")
_FOR_DEVELOPERS = frozenset({"dev"})


def versions() -> Iterator[Check]:
    """preflight, Python, and the packages of the core."""
    yield Check(name="preflight", state=State.OK, found=version(_DISTRIBUTION))
    python = (
        f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()} {platform.machine()})"
    )
    yield Check(name="python", state=State.OK, found=python)
    found = {name: _version(name) for name in _required().get(None, [])}
    missing = [name for name, number in found.items() if number is None]
    yield Check(
        name="packages",
        state=State.FAIL if missing else State.OK,
        found=_listed(found),
        fix=f"pip install {' '.join(missing)}" if missing else None,
    )


def extras() -> Iterator[Check]:
    """The optional parts, and what would install each."""
    for extra, names in _required().items():
        if extra is None or extra in _FOR_DEVELOPERS:
            continue
        found = {name: _version(name) for name in names}
        missing = [name for name, number in found.items() if number is None]
        yield Check(
            name=f"extra {extra}",
            state=State.MISSING if missing else State.OK,
            found=_listed(found),
            fix=f"pip install '{_DISTRIBUTION}[{extra}]'" if missing else None,
        )


def _listed(found: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {number or 'is not installed'}" for name, number in found.items())


def _required() -> Mapping[str | None, list[str]]:
    """What the distribution says that it requires, by extra; the core's under ``None``."""
    names: dict[str | None, list[str]] = {}
    for text in requires(_DISTRIBUTION) or ():
        if found := _REQUIREMENT.match(text):
            names.setdefault(found[2], []).append(found[1])
    return names


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
