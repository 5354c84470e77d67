"""``NamedTuple`` of ours makes the classes that ``typing`` would make; a lazy pattern is the compiled one."""

from __future__ import annotations

import copy
import pickle
import re
import typing
from collections.abc import Iterator
from typing import Generic, TypeVar, get_type_hints

import pytest

from preflight.lazy import pattern
from preflight.model.named_tuple import NamedTuple

T = TypeVar("T")


class Ours(NamedTuple):
    """With a default, a property and a method."""

    name: str
    size: int | None = None

    @property
    def twice(self) -> str:
        return self.name * 2

    @classmethod
    def of(cls, name: str) -> Ours:
        return cls(name=name, size=len(name))


class Theirs(typing.NamedTuple):
    """With a default, a property and a method."""

    name: str
    size: int | None = None

    @property
    def twice(self) -> str:
        return self.name * 2

    @classmethod
    def of(cls, name: str) -> Theirs:
        return cls(name=name, size=len(name))


class Box(NamedTuple, Generic[T]):
    """Of one thing."""

    content: T

    def each(self) -> Iterator[T]:
        yield self.content


def test_values_are_those_of_typing() -> None:
    ours, theirs = Ours("ab"), Theirs("ab")

    assert ours == theirs == ("ab", None)
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert (ours.twice, Ours.of("abc").size) == (theirs.twice, Theirs.of("abc").size) == ("abab", 3)
    assert ours._replace(size=2) == theirs._replace(size=2) == ("ab", 2)
    assert copy.copy(ours) == pickle.loads(pickle.dumps(ours)) == ours


@pytest.mark.parametrize("name", ["_fields", "_field_defaults", "__match_args__", "__doc__", "__module__"])
def test_classes_are_those_of_typing(name: str) -> None:
    assert getattr(Ours, name) == getattr(Theirs, name)


def test_annotations_can_be_resolved() -> None:
    assert get_type_hints(Ours) == get_type_hints(Theirs) == {"name": str, "size": int | None}


@pytest.mark.parametrize("given", [{}, {"name": "a", "other": 1}], ids=["missing", "unknown"])
def test_wrong_fields_are_refused(given: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        Ours(**given)  # type: ignore[arg-type]


def test_a_named_tuple_may_be_generic() -> None:
    assert Box[int](3) == Box(3) == (3,)
    assert list(Box("a").each()) == ["a"]
    assert issubclass(Box, tuple)


def test_a_lazy_pattern_is_the_compiled_one() -> None:
    ours, theirs = pattern(r"(A)(\d)", re.IGNORECASE), re.compile(r"(A)(\d)", re.IGNORECASE)

    assert ours.pattern == theirs.pattern
    assert ours.groups == theirs.groups
    for name in ("match", "fullmatch", "search"):
        assert getattr(ours, name)("a1").groups() == getattr(theirs, name)("a1").groups()
    assert ours.sub(r"\2\1", "a1 A2") == theirs.sub(r"\2\1", "a1 A2") == "1a 2A"
    assert pattern(rb"\xff").findall(b"\xff\xff") == [b"\xff", b"\xff"]
