"""The specs that are known at a place: those that ship with preflight, those of packages, those that were named."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Final, TypeAlias

from preflight.errors import SpecError
from preflight.redact import printable, redact, shown_path
from preflight.redact.suggestion import suggestion
from preflight.specs.compiled import SPECS
from preflight.specs.limits import FOLDER_SPECS
from preflight.specs.shipped import DEFAULT_MODEL, SUFFIX, model_names
from preflight.specs.spec import Spec

ENTRY_POINTS: Final = "preflight.specs"
"""The group of a package's entry points: the name is the model, the value a path or a function that returns one."""


def load_spec(model: str | PathLike[str] = DEFAULT_MODEL) -> Spec:
    """The spec of ``model`` that ships with preflight; or, of a path (a text that ends in ``.toml``), of that file.

    Raises ``SpecError`` for a model without a spec and for a file with a fault; ``line`` and ``field`` say where.
    """
    if not isinstance(model, str) or model.endswith(SUFFIX):
        return _read(os.fspath(model))
    if model not in SPECS:
        raise SpecError(f"no spec for the model {redact(repr(model), longest=80)}; known: {', '.join(model_names())}")
    return SPECS[model]


def _read(path: str) -> Spec:
    from preflight.specs.loader import read_spec  # those that ship need no TOML

    return read_spec(Path(path))


class Specs:
    """The known specs. Those of packages are looked for where no other fits. Raises ``SpecError`` for a model twice."""

    __slots__ = ("_named",)

    def __init__(self, named: Iterable[Spec] = ()) -> None:
        self._named: dict[str, Spec] = {}
        for spec in named:
            before = self._named.get(spec.model)
            if before is not None and (before.path is None or before.path != spec.path):
                raise SpecError(
                    f"{spec.path or 'spec'}: the model '{spec.model}' is in {before.path or 'another spec'}, too: "
                    "name one of the two files"
                )
            self._named[spec.model] = spec

    @property
    def named(self) -> tuple[Spec, ...]:
        """Those that were named, beside those that ship."""
        return tuple(self._named.values())

    def names(self) -> tuple[str, ...]:
        """The models, without those of packages."""
        return tuple(dict.fromkeys([*model_names(), *self._named]))

    def every_name(self) -> tuple[str, ...]:
        """The models, with those of packages."""
        return tuple(dict.fromkeys([*self.names(), *_of_packages()]))

    def find(self, model: str) -> Spec | None:
        """The spec of ``model``; ``None`` where none is known. Raises ``SpecError`` for a faulty one of a package."""
        if model in self._named:
            return self._named[model]
        if model in model_names():
            return load_spec(model)
        return _of_package(model) if model in _of_packages() else None

    def load(self, model: str) -> Spec:
        """The spec of ``model``. Raises ``SpecError`` where none is known."""
        spec = self.find(model)
        if spec is None:
            names = self.every_name()
            raise SpecError(
                f"no spec for the model {redact(repr(model), longest=80)}; known: {', '.join(names)}"
                f"{suggestion(model, names)}"
            )
        return spec


BUILT_IN: Final = Specs()

SpecLike: TypeAlias = Spec | Specs | str | PathLike[str]
"""A spec, several, or the path of a spec file."""


def specs_of(given: SpecLike | None) -> Specs:
    """The specs that are known where ``given`` is named. Raises ``SpecError``."""
    if given is None:
        return BUILT_IN
    if isinstance(given, Specs):
        return given
    return Specs([given if isinstance(given, Spec) else _read(os.fspath(given))])


def read_folder(folder: Path) -> list[Spec]:
    """The specs in the ``.toml`` files of ``folder``, by name. Raises ``SpecError``."""
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix == ".toml" and not each.name.startswith("."))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a folder"
        raise SpecError(f"{shown_path(str(folder))}: no folder of specs: {reason.lower()}") from error
    if len(files) > FOLDER_SPECS:
        raise SpecError(f"{shown_path(str(folder))}: {len(files)} spec files; at most {FOLDER_SPECS} are read")
    return [_read(str(each)) for each in files]


@cache
def _of_packages() -> tuple[str, ...]:
    from importlib.metadata import entry_points  # only for a model that nothing else has

    return tuple(sorted({each.name for each in entry_points(group=ENTRY_POINTS)}))


@cache
def _of_package(model: str) -> Spec:
    from importlib.metadata import entry_points

    first, *others = entry_points(group=ENTRY_POINTS, name=model)
    origin = f"entry point {printable(model)}"
    if others:
        raise SpecError(f"{origin}: {len(others) + 1} packages have a spec for this model")
    try:
        value = first.load()
        path = value() if callable(value) else value
        spec = _read(os.fspath(path))
    except SpecError:
        raise
    except Exception as error:
        raise SpecError(f"{origin}: {printable(first.value)} gave no path: {type(error).__name__}") from error
    if spec.model != model:
        raise SpecError(f"{origin}: its spec is that of '{spec.model}'")
    return spec
