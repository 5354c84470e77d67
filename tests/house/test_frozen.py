"""``frozen`` makes the classes that ``dataclasses`` would make."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any, ClassVar

import pytest

from preflight.model import Finding, Severity
from preflight.model.frozen import frozen

FINDING = Finding(rule="video-too-long", severity=Severity.ERROR, message="the clip is too long", measured="31 s")


@frozen
class Ours:
    """One field of each sort."""

    name: str
    secret: str = field(default="", repr=False)
    note: str = field(default="", compare=False)
    table: Mapping[str, int] = field(default_factory=dict, hash=False)
    shared: ClassVar[int] = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Theirs:
    """One field of each sort."""

    name: str
    secret: str = field(default="", repr=False)
    note: str = field(default="", compare=False)
    table: Mapping[str, int] = field(default_factory=dict, hash=False)
    shared: ClassVar[int] = 7


@frozen
class Inner(Ours):
    """A field more, and a text of its own."""

    more: int = 1

    def __repr__(self) -> str:
        return f"<{self.name}>"


VALUES: list[dict[str, Any]] = [
    {"name": "a"},
    {"name": "a", "secret": "b"},
    {"name": "a", "note": "c"},
    {"name": "a", "table": {"x": 1}},
    {"name": "b", "secret": "", "note": "", "table": {}},
]


@pytest.mark.parametrize("values", VALUES, ids=repr)
def test_text_hash_and_equality_are_the_same(values: dict[str, Any]) -> None:
    ours, theirs = Ours(**values), Theirs(**values)

    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert hash(ours) == hash(theirs)
    assert [ours == Ours(**other) for other in VALUES] == [theirs == Theirs(**other) for other in VALUES]
    assert ours != theirs
    assert asdict(ours) == asdict(theirs)


@pytest.mark.parametrize("attribute", ["__slots__", "__match_args__", "__doc__", "__module__", "shared"])
def test_the_class_says_the_same_of_itself(attribute: str) -> None:
    assert getattr(Ours, attribute) == getattr(Theirs, attribute)
    assert [(each.name, each.default, each.kw_only) for each in fields(Ours)] == [
        (each.name, each.default, each.kw_only) for each in fields(Theirs)
    ]


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_a_copy_is_equal(make: Callable[[Finding], Finding]) -> None:
    assert make(FINDING) == FINDING


def test_a_replaced_field_is_the_only_difference() -> None:
    assert replace(FINDING, line=4) == Finding(**{**asdict(FINDING), "line": 4})


def test_each_object_has_its_own_default() -> None:
    assert Ours(name="a").table is not Ours(name="a").table


@pytest.mark.parametrize(
    "change",
    [
        lambda each: setattr(each, "name", "b"),
        lambda each: setattr(each, "unknown", "b"),
        lambda each: delattr(each, "name"),
    ],
    ids=["set", "set unknown", "delete"],
)
def test_nobody_edits_one(change: Callable[[object], object]) -> None:
    each = Ours(name="a")

    with pytest.raises(FrozenInstanceError):
        change(each)
    assert each == Ours(name="a")
    assert not hasattr(each, "__dict__")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Ours needs 'name'"),
        ({"table": {}, "note": ""}, "Ours needs 'name'"),
        ({"name": "a", "nam": "b", "x": 1}, "Ours has no 'nam', 'x'"),
    ],
)
def test_wrong_arguments_are_named(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Ours(**given)


def test_arguments_have_names() -> None:
    with pytest.raises(TypeError):
        Ours("a")  # type: ignore[misc]


def test_a_class_inherits_fields_and_keeps_methods_of_its_own() -> None:
    inner = Inner(name="a", more=2)

    assert [each.name for each in fields(Inner)] == ["name", "secret", "note", "table", "more"]
    assert Inner.__slots__ == ("more",)
    assert (repr(inner), inner.more, inner.name) == ("<a>", 2, "a")
    assert inner != replace(inner, more=3)
