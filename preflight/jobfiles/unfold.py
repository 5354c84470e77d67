"""A tree becomes a job's body: aliases followed, keys made unique, and each field's place under its dotted name."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass
from typing import TypeAlias

from preflight.jobfiles import limits
from preflight.jobfiles.text import Text
from preflight.jobfiles.tree import Alias, Branch, Leaf, Node, too_deep, too_many
from preflight.model import Job, Place
from preflight.model.job import JsonValue

_PLAIN_KEY = re.compile(r"[^.\[\]]+")

Container: TypeAlias = "list[JsonValue] | dict[str, JsonValue]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """A field's name, how deep it is, and the alias that led to it; ``plain`` when no key holds ``.[]``."""

    name: str
    depth: int
    plain: bool
    alias: Place | None


def unfold(root: Node | None, text: Text) -> Job:
    """The job that ``root`` stands for. Of a key that stands twice the last value counts, as in JSON readers.

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
