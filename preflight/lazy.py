"""Names of a package that are loaded when they are first used."""

from __future__ import annotations

TYPE_CHECKING = False  # as in typing, which takes time to load: an interrupt before main() ends in a traceback
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


def lazy_names(package: dict[str, Any], homes: Mapping[str, tuple[str, ...]]) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``package``, the globals of one: ``homes`` says which module holds which names."""
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - takes time to load, and a name may never be asked for

        package[name] = getattr(import_module(home_of[name]), name)
        return package[name]

    return load
