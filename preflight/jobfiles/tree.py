"""A document between its text and its job: values with places, repeated keys, aliases that are not followed yet."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import field
from typing import TypeAlias

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.scalars import Scalar, shown_word
from preflight.jobfiles.source_text import HALF_A_PAIR, Text, has_surrogate
from preflight.model import Job, Place
from preflight.model.frozen import frozen
from preflight.model.job import JsonValue

_PLAIN_KEY = re.compile(r"[^.\[\]]+")
_NOT_A_KEY = "a mapping or a list cannot be a key: write a name before the colon"


@frozen
class Leaf:
    """A value without parts. ``written`` is its text as a key."""

    place: Place
    value: Scalar
    written: str


@frozen
class Branch:
    """A mapping, or a list when ``keys`` is ``None``. A mapping with one key more than children is incomplete."""

    place: Place
    keys: list[str] | None
    children: list[Node] = field(default_factory=list)


@frozen
class Alias:
    """A second use of a node that stands elsewhere."""

    place: Place
    target: Leaf | Branch


Node: TypeAlias = Leaf | Branch | Alias


class TreeBuilder:
    """Takes the parts of one document in their order and holds its ``root``, ``None`` for an empty one.

    Indices point into ``text``. Every method raises ``JobUnreadable`` at the part that breaks a limit.
    """

    def __init__(self, text: Text) -> None:
        self.root: Node | None = None
        self._text = text
        self._open: list[Branch] = []
        self._anchors: dict[str, Leaf | Branch] = {}
        self._key_place = Place(1, 1)
        self._nodes = 0

    def leaf(self, index: int, value: Scalar, *, written: str, anchor: str | None = None) -> None:
        """A key or a value; its place is ``text[index]``."""
        self._add_leaf(self._place(index), value, written, anchor)

    def blank(self, index: int) -> None:
        """A value that is not written at all; in a mapping its place is that of its key."""
        place = self._place(index)
        is_value = bool(self._open) and self._open[-1].keys is not None and self._keys() is None
        self._add_leaf(self._key_place if is_value else place, None, "", None)

    def open(self, index: int, *, mapping: bool, anchor: str | None = None) -> None:
        """A mapping or a list begins, as a value: JSON has no such keys, and a template left unfilled has them."""
        place = self._place(index)
        if self._keys() is not None:
            raise self._text.unreadable(self._not_a_key(index), place)
        if len(self._open) == limits.DEPTH:
            raise too_deep(self._text, place)
        branch = Branch(place=place, keys=[] if mapping else None)
        self._put(branch, "")
        self._open.append(branch)
        if anchor is not None:
            self._anchors[anchor] = branch

    def close(self) -> None:
        """The innermost mapping or list ends."""
        self._open.pop()

    def alias(self, index: int, name: str) -> None:
        """A second use of the node with the anchor ``name``."""
        place = self._place(index)
        target = self._anchors.get(name)
        if target is None:
            words = f"nothing before this is named {shown_word('&', name)}, and '*' repeats a named value"
            raise self._text.unreadable(f"{words}: name one, or put this in quotes", place)
        if any(branch is target for branch in self._open):
            raise self._text.unreadable(f"{shown_word('*', name)} would contain itself: remove it", place)
        if isinstance(target, Branch) and self._keys() is not None:
            raise self._text.unreadable(_NOT_A_KEY, place)
        self._put(Alias(place=place, target=target), target.written if isinstance(target, Leaf) else "")

    def _add_leaf(self, place: Place, value: Scalar, written: str, anchor: str | None) -> None:
        if has_surrogate(written):
            raise self._text.unreadable(HALF_A_PAIR, place)
        leaf = Leaf(place=place, value=value, written=written)
        if anchor is not None:
            self._anchors[anchor] = leaf
        self._put(leaf, written)

    def _place(self, index: int) -> Place:
        place = self._text.place(index)
        self._nodes += 1
        if self._nodes > limits.NODES:
            raise too_many(self._text, place)
        return place

    def _put(self, node: Node, written: str) -> None:
        if not self._open:
            self.root = node
        elif (keys := self._keys()) is not None:
            keys.append(written)
            self._key_place = node.place
        else:
            self._open[-1].children.append(node)

    def _not_a_key(self, index: int) -> str:
        """The message about a mapping or a list as a key, which ``{{ name }}`` is in YAML."""
        if self._text.string.startswith("{{", index - 1) and index > 0:
            return "a mapping or a list cannot be a key: fill in the {{ }} of the template, or put the value in quotes"
        return _NOT_A_KEY

    def _keys(self) -> list[str] | None:
        """The keys of the innermost mapping, if the next part is one of them."""
        if not self._open:
            return None
        inner = self._open[-1]
        return inner.keys if inner.keys is not None and len(inner.keys) == len(inner.children) else None


def too_deep(text: Text, place: Place) -> JobUnreadable:
    """The error for a document that breaks ``limits.DEPTH``."""
    return text.unreadable(f"more than {limits.DEPTH} levels: this is not a job", place)


def too_many(text: Text, place: Place) -> JobUnreadable:
    """The error for a document that breaks ``limits.NODES``."""
    return text.unreadable(f"more than {limits.NODES} keys and values: this is not a job", place)


Container: TypeAlias = "list[JsonValue] | dict[str, JsonValue]"


@frozen
class _Field:
    """A field's name, how deep it is, and the alias that led to it; ``plain`` when no key holds ``.[]``."""

    name: str
    depth: int
    plain: bool
    alias: Place | None


def unfold(root: Node | None, text: Text) -> Job:
    """The job in ``root``. Of a repeated key the last value counts, as in JSON readers.

    The place of ``""`` is the start of the document, and its line that of the job. Where two fields have one
    dotted name (``{"a.b": 1}`` and ``{"a": {"b": 2}}``), the place is that of the nested one. A value behind an
    alias has its own place, the field that names the alias the alias's.

    Raises ``JobUnreadable`` when the aliases unfold beyond the limits.
    """
    if root is None:
        start = text.place(0)
        return Job(body=None, path=text.path, line=start.line, places={"": start})
    unfolding = _Unfolding(text)
    body = unfolding.run(root)
    return Job(
        body=body,
        path=text.path,
        line=root.place.line,
        places=unfolding.places,
        repeated=tuple(unfolding.repeated),
    )


class _Unfolding:
    """Goes through a tree level by level; a queue instead of recursion, so that depth costs no stack."""

    def __init__(self, text: Text) -> None:
        self.places: dict[str, Place] = {}
        self.repeated: list[str] = []
        self._text = text
        self._queue: deque[tuple[Branch, Container, _Field]] = deque()
        self._nodes = 0
        self._chars = 0

    def run(self, root: Node) -> JsonValue:
        body = self._value(root, _Field(name="", depth=0, plain=True, alias=None))
        while self._queue:
            branch, container, around = self._queue.popleft()
            if isinstance(container, dict):
                self._fill(container, branch.keys or [], branch.children, around)
            else:
                for index, child in enumerate(branch.children):
                    container.append(self._value(child, _inside(around, index)))
        return body

    def _fill(self, container: dict[str, JsonValue], keys: list[str], children: list[Node], around: _Field) -> None:
        unique = dict(zip(keys, children, strict=True))
        counts = Counter(keys) if len(unique) < len(keys) else None
        self._nodes += len(unique)
        for key, child in unique.items():
            inside = _inside(around, key)
            container[key] = self._value(child, inside)
            if counts is not None and counts[key] > 1:
                self.repeated.append(inside.name)

    def _value(self, node: Node, at: _Field) -> JsonValue:
        place = node.place
        if isinstance(node, Alias):
            at = _Field(name=at.name, depth=at.depth, plain=at.plain, alias=at.alias or place)
            node = node.target
        self._charge(node, at, at.alias or place)
        if at.plain:
            self.places[at.name] = place
        else:
            self.places.setdefault(at.name, place)
        if isinstance(node, Leaf):
            return node.value
        if at.depth == limits.DEPTH:
            raise too_deep(self._text, at.alias or place)
        container: Container = [] if node.keys is None else {}
        self._queue.append((node, container, at))
        return container

    def _charge(self, node: Leaf | Branch, at: _Field, place: Place) -> None:
        self._nodes += 1
        if self._nodes > limits.NODES:
            raise too_many(self._text, place)
        self._chars += len(at.name)
        if isinstance(node, Leaf):
            self._chars += len(node.written)
        if self._chars > limits.UNFOLDED_CHARS:
            raise self._text.unreadable(
                f"more than {limits.UNFOLDED_CHARS} characters of values and field names: this is not a job",
                place,
            )


def _inside(around: _Field, key: str | int) -> _Field:
    if isinstance(key, int):
        name, plain = f"{around.name}[{key}]", around.plain
    else:
        name = f"{around.name}.{key}" if around.name else key
        plain = around.plain and _PLAIN_KEY.fullmatch(key) is not None
    return _Field(name=name, depth=around.depth + 1, plain=plain, alias=around.alias)
