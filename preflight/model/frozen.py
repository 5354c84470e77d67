"""Frozen data classes that are cheap to make.

``dataclasses.dataclass(frozen=True, slots=True)`` compiles six methods for each class: 0.4 ms, and a start of the
command line makes some thirty classes. ``frozen`` leaves the fields to ``dataclasses`` and compiles nothing: its
methods are closures over the names of the fields. A class of which many objects are made gets the compiled
``__init__`` then, which is twice as fast.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields, make_dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Class = TypeVar("_Class", bound=type)

_MANY = 500
"""Objects of a class after which compiling pays."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field, Field))
def frozen(cls: _Class) -> _Class:
    """``@dataclass(frozen=True, slots=True, kw_only=True)``, for classes without ``__post_init__`` and ``InitVar``."""
    made: Any = dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
    members = fields(made)
    names = [each.name for each in members]
    inherited = {slot for base in made.__mro__[1:] for slot in getattr(base, "__slots__", ())}
    body = {name: value for name, value in made.__dict__.items() if name not in {*names, "__dict__", "__weakref__"}}
    body["__qualname__"] = made.__qualname__
    body["__slots__"] = tuple(name for name in names if name not in inherited)
    body["__setattr__"] = body["__delattr__"] = _refuse
    for method in (_init(members), _repr(members), *_comparison(members), *_pickling(names)):
        body.setdefault(method.__name__, method)  # the class may have its own
    return type(made)(made.__name__, made.__bases__, body)  # type: ignore[no-any-return]


def _init(members: Sequence[Field[Any]]) -> Callable[..., Any]:
    defaults = {each.name: each.default for each in members}
    factories = {each.name: each.default_factory for each in members if each.default_factory is not MISSING}
    put = object.__setattr__
    made = 0

    def __init__(self: Any, **given: Any) -> None:  # noqa: N807 - a method, as are those below
        nonlocal made
        made += 1
        if made == _MANY:
            _compile_init(type(self), members, instead_of=__init__)
        values = {**defaults, **given}
        if len(values) > len(defaults):
            raise TypeError(f"{type(self).__name__} has no {_listed(given.keys() - defaults.keys())}")
        for name, value in values.items():
            if value is MISSING:
                if name not in factories:
                    raise TypeError(f"{type(self).__name__} needs {_listed(_missing(values) - factories.keys())}")
                put(self, name, factories[name]())
            else:
                put(self, name, value)

    return __init__


def _compile_init(cls: type, members: Sequence[Field[Any]], *, instead_of: Callable[..., Any]) -> None:
    owner = next(each for each in cls.__mro__ if each.__dict__.get("__init__") is instead_of)
    proper = make_dataclass(owner.__name__, [(each.name, each.type, each) for each in members], frozen=True)
    type.__setattr__(owner, "__init__", proper.__dict__["__init__"])


def _comparison(members: Sequence[Field[Any]]) -> tuple[Callable[..., Any], ...]:
    compared = _values_of([each.name for each in members if each.compare])
    hashed = _values_of([each.name for each in members if (each.compare if each.hash is None else each.hash)])

    def __eq__(self: object, other: object) -> bool:  # noqa: N807
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: object) -> int:  # noqa: N807
        return hash(hashed(self))

    return __eq__, __hash__


def _pickling(names: Sequence[str]) -> tuple[Callable[..., Any], ...]:
    state = _values_of(names)

    def __getstate__(self: object) -> tuple[Any, ...]:  # noqa: N807
        return state(self)

    def __setstate__(self: object, state: tuple[Any, ...]) -> None:  # noqa: N807
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return __getstate__, __setstate__


def _repr(members: Sequence[Field[Any]]) -> Callable[..., Any]:
    shown = [each.name for each in members if each.repr]

    def __repr__(self: object) -> str:  # noqa: N807
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{self.__class__.__qualname__}({values})"

    return __repr__


def _values_of(names: Sequence[str]) -> Callable[[object], tuple[Any, ...]]:
    """Reads these attributes of an object, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda each: tuple(getattr(each, name) for name in names)


def _missing(values: dict[str, Any]) -> set[str]:
    return {name for name, value in values.items() if value is MISSING}


def _listed(names: set[str]) -> str:
    return ", ".join(map(repr, sorted(names)))


def _refuse(_: object, name: str, *__: object) -> None:
    """``__setattr__`` and ``__delattr__``."""
    raise FrozenInstanceError(f"cannot assign to or delete field {name!r}")
