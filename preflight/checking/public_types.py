"""Completes the annotations of public classes and functions, once a program asks ``preflight`` for one of them.

The commands do not: they start without the modules that only annotations name.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from preflight.model import resolvable

_LATE: Mapping[str, Mapping[str, str]] = {
    "preflight.checking.options": {
        "Baseline": "preflight.checking.baseline",
        "PathIgnore": "preflight.settings",
        "AllowedHost": "preflight.sources.host",
        "Manners": "preflight.sources.manners",
        "Path": "pathlib",
        "Proxy": "preflight.sources.proxy",
    },
    "preflight.pricing": {"Spec": "preflight.specs", "Rounding": "preflight.specs"},
}
"""Modules that are loaded for annotations that a program can resolve, by the module in which these stand."""

_COMPLETED = ("preflight.api", "preflight.checking.subjects", "preflight.targets.from_code", "preflight.pricing")


def complete(home: str) -> None:
    """Give the module ``home`` the names that its annotations use."""
    if home in _COMPLETED:
        resolvable.complete(home)
    for name, module in _LATE.get(home, {}).items():
        resolvable.complete(home, {name: getattr(import_module(module), name)})
