"""Names of a package that are loaded when they are first used, and patterns that are compiled then."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # as in typing, which takes time to load: an interrupt before main() ends in a traceback
if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping
    from typing import Any

    pattern = re.compile
else:

    def pattern(text, flags=0):
        """``re.compile(text, flags)`` at the first use: that takes up to a millisecond, and most runs use few."""
        return _Pattern(text, flags)


def lazy_names(
    package: dict[str, Any], homes: Mapping[str, tuple[str, ...]], *, prepare: str | None = None
) -> Callable[[str], Any]:
    """The ``__getattr__`` of ``package``, the globals of one: ``homes`` says which module holds which names.

    ``prepare`` is called with the home of a name that was loaded: a function ``complete`` of the module of that name.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def load(name: str, *, keep: bool = True) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package['__name__']!r} has no attribute {name!r}")
        from importlib import import_module  # takes time to load, and a name may never be asked for

        home = import_module(home_of[name])
        if prepare is not None:
            import_module(prepare).complete(home.__name__)
        found = getattr(home, name)
        if keep:
            package[name] = found
        return found

    return load


def keep_function(package: str, name: str) -> None:
    """Have the lazy ``name`` of ``package`` stay a function where a sub-package is called the same.

    The import system sets the attribute to the sub-package when that is loaded, by whomever. Its modules are found all
    the same: ``from package.name.module import …``.
    """
    module = sys.modules[package]
    load = vars(module)["__getattr__"]

    class Package(type(module)):  # type: ignore[misc]  # the class of modules
        def _get(self) -> Any:
            found = vars(self).get(f"_{name}")
            if found is None:
                found = load(name, keep=False)
                setattr(self, f"_{name}", found)
            return found

        def _ignore(self, _: object) -> None:
            pass

        locals()[name] = property(_get, _ignore)

    module.__class__ = Package


def late(home: str, name: str) -> Any:
    """A function of a module that is loaded now: for a room that must not depend on that of the module."""
    from importlib import import_module

    return getattr(import_module(home), name)


class _Pattern:
    """A pattern that was not used yet; its methods are those of the compiled one from then on."""

    def __init__(self, text: str | bytes, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        import re

        compiled: re.Pattern[Any] = re.compile(self._text, self._flags)
        for each in ("match", "fullmatch", "search", "sub", "finditer", "findall", "split"):
            setattr(self, each, getattr(compiled, each))
        return getattr(compiled, name)
