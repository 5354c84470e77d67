"""Mutants of ISO base media files (ISO/IEC 14496-12) and HEIF: sizes, counts, versions, clocks, and the tree itself."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from fuzz.numbers import SMALL, junk, number, put, times

_PLAIN = "moov trak mdia minf stbl edts dinf mvex moof traf mfra udta iprp ipco sinf schi wave gmhd tref"
# Containers, with the bytes before their first child.
_CONTAINERS = {
    **dict.fromkeys(_PLAIN.split(), 0),
    "meta": 4,
    "stsd": 8,
    "dref": 8,
}
# The fields that decide something, as (offset in the payload, width); §8 and §12 of the standard.
_FIELDS: dict[str, tuple[tuple[int, int], ...]] = {
    "ftyp": ((0, 4), (4, 4)),
    "mvhd": ((0, 1), (12, 4), (16, 4), (20, 4), (24, 8), (36, 4), (40, 4)),
    "tkhd": ((0, 1), (3, 1), (12, 4), (20, 4), (28, 8), (40, 4), (44, 4), (76, 4), (80, 4)),
    "mdhd": ((0, 1), (12, 4), (16, 4), (20, 4), (24, 8)),
    "mehd": ((0, 1), (4, 4), (4, 8)),
    "elst": ((0, 1), (4, 4), (8, 4), (12, 4), (16, 4)),
    "stts": ((4, 4), (8, 4), (12, 4)),
    "stsd": ((4, 4), (8, 4), (12, 4)),
    "dref": ((4, 4), (8, 4), (12, 4), (16, 4)),
    "hdlr": ((8, 4),),
    "sidx": ((0, 1), (4, 4), (8, 4), (12, 4), (16, 4), (20, 4), (22, 2), (24, 4), (28, 4), (30, 2)),
    "trun": ((1, 2), (4, 4), (8, 4), (12, 4), (16, 4)),
    "tfhd": ((1, 3), (4, 4), (8, 8), (8, 4)),
    "tfdt": ((0, 1), (4, 4), (4, 8)),
    "tfra": ((0, 1), (4, 4), (8, 4), (12, 4), (16, 4), (20, 4)),
    "mfro": ((4, 4),),
    "trex": ((4, 4), (8, 4), (12, 4), (16, 4)),
    "ispe": ((4, 4), (8, 4)),
    "ipma": ((3, 1), (4, 4), (8, 2), (10, 1)),
    "pitm": ((0, 1), (4, 2), (4, 4)),
    "iloc": ((0, 1), (4, 2), (6, 2), (8, 2)),
}
_NAMES = """
    ftyp styp moov mvhd trak tkhd edts elst mdia mdhd hdlr minf dinf dref stbl stsd stts mvex mehd trex moof traf tfhd
    tfdt trun sidx mfra tfra mfro mdat free skip wide uuid udta meta pssh sinf frma cmov dcom cmvd rmra emsg avc1 encv
    mp4a pasp iprp ipco ispe ipma pitm iloc
"""
_DEEPEST = 24
_MOST_ADDED = 1 << 20
"""Bytes after which nothing more is changed: repetitions of repetitions grow."""


@dataclass(slots=True)
class Node:
    """A box: ``head`` and then ``children``. ``claimed`` is a size that its header lies; without a name it is bytes."""

    name: str
    head: bytes = b""
    children: list[Node] = field(default_factory=list)
    claimed: int | None = None
    wide: bool = False

    @property
    def size(self) -> int:
        """Its length in bytes, whatever it claims."""
        header = (16 if self.wide else 8) if self.name else 0
        return header + len(self.head) + sum(child.size for child in self.children)

    def __bytes__(self) -> bytes:
        body = self.head + b"".join(map(bytes, self.children))
        if not self.name:
            return body
        size = self.size if self.claimed is None else self.claimed
        name = self.name.encode("latin-1")
        if self.wide:
            return b"\0\0\0\1" + name + (size % (1 << 64)).to_bytes(8, "big") + body
        return (size % (1 << 32)).to_bytes(4, "big") + name + body


def parse(data: bytes, depth: int = 0) -> list[Node]:
    """The boxes of ``data``. Bytes that are not a box are kept as a node without a name."""
    nodes, at = [], 0
    while at + 8 <= len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8].decode("latin-1")
        body, claimed = at + 8, None
        if size == 1:
            size, body = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        elif size == 0:
            size, claimed = len(data) - at, 0
        if size < body - at or at + size > len(data):
            break
        node = Node(name, wide=body - at == 16, claimed=claimed)
        before = _CONTAINERS.get(name, -1)
        if 0 <= before <= at + size - body and depth < _DEEPEST:
            node.head = data[body : body + before]
            node.children = parse(data[body + before : at + size], depth + 1)
        else:
            node.head = data[body : at + size]
        nodes.append(node)
        at += size
    if at < len(data):
        nodes.append(Node("", data[at:]))
    return nodes


def mutate(data: bytes, rng: Random) -> bytes:
    """One to four changes to the tree of ``data``."""
    root = Node("", children=parse(data))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        rng.choices(_CHANGES, _WEIGHTS)[0](root, rng)
        if root.size > len(data) + _MOST_ADDED:
            return data
    return bytes(root)


def _parents(root: Node) -> list[Node]:
    """Every node with children, ``root`` among them."""
    found = [root]
    for node in found:
        found.extend(child for child in node.children if child.children)
    return found


def _place(root: Node, rng: Random) -> tuple[list[Node], int] | None:
    """The list of siblings that a box is in, and its place there. Deep boxes are as likely as shallow ones."""
    siblings = rng.choice(_parents(root)).children
    return (siblings, rng.randrange(len(siblings))) if siblings else None


def _any(root: Node, rng: Random) -> Node:
    place = _place(root, rng)
    return place[0][place[1]] if place else root


def _set_size(root: Node, rng: Random) -> None:
    node = _any(root, rng)
    actual = node.size
    if rng.random() < 0.4:
        node.wide = True
        top = rng.choice((1 << 31, 1 << 32, 1 << 63, 1 << 64))
        node.claimed = rng.choice((*SMALL, actual, actual - 1, actual + 1, actual + 8, top, top - 1, top - actual))
    else:
        node.claimed = rng.choice((0, 1, 7, 8, actual - 1, actual + 1, actual + 8, number(rng, 4, actual)))


def _set_field(root: Node, rng: Random) -> None:
    known = [node for parent in _parents(root) for node in parent.children if node.name in _FIELDS]
    if known:
        # A rare box is as likely as a common one.
        name = rng.choice(sorted({node.name for node in known}))
        node = rng.choice([node for node in known if node.name == name])
        at, width = rng.choice(_FIELDS[name])
        node.head = put(rng, node.head, at, width)


def _set_any_word(root: Node, rng: Random) -> None:
    node = _any(root, rng)
    node.head = put(rng, node.head, 4 * rng.randrange(max(1, min(len(node.head), 256) // 4)), 4)


def _rename(root: Node, rng: Random) -> None:
    _any(root, rng).name = rng.choice(_NAMES.split()) if rng.random() < 0.8 else rng.randbytes(4).decode("latin-1")


def _delete(root: Node, rng: Random) -> None:
    if place := _place(root, rng):
        del place[0][place[1]]


def _duplicate(root: Node, rng: Random) -> None:
    if place := _place(root, rng):
        siblings, at = place
        siblings[at:at] = [siblings[at]] * times(rng, siblings[at].size)


def _swap(root: Node, rng: Random) -> None:
    siblings = rng.choice(_parents(root)).children
    if len(siblings) > 1:
        first, second = rng.sample(range(len(siblings)), 2)
        siblings[first], siblings[second] = siblings[second], siblings[first]


def _move(root: Node, rng: Random) -> None:
    """To another parent. A copy, so that no box comes to be inside itself."""
    if place := _place(root, rng):
        moved = deepcopy(place[0][place[1]])
        if rng.random() < 0.5:
            del place[0][place[1]]
        siblings = rng.choice(_parents(root)).children
        siblings.insert(rng.randint(0, len(siblings)), moved)


def _wrap(root: Node, rng: Random) -> None:
    if place := _place(root, rng):
        siblings, at = place
        for _ in range(rng.choice((1, 1, 2, 6, 9, 40))):
            siblings[at] = Node(
                rng.choice(("moov", "trak", "mdia", "edts", "free", "udta", "moof")), b"", [siblings[at]]
            )


def _insert(root: Node, rng: Random) -> None:
    siblings = rng.choice(_parents(root)).children
    made = Node(rng.choice(_NAMES.split()), junk(rng, 200)) if rng.random() < 0.6 else Node("", junk(rng, 200))
    siblings.insert(rng.randint(0, len(siblings)), made)


def _resize_payload(root: Node, rng: Random) -> None:
    node = _any(root, rng)
    if rng.random() < 0.6:
        node.head = node.head[: rng.randint(0, len(node.head))]
    else:
        node.head += junk(rng, 100)


_CHANGES: tuple[Callable[[Node, Random], None], ...] = (
    _set_field,
    _set_size,
    _set_any_word,
    _rename,
    _delete,
    _duplicate,
    _swap,
    _move,
    _wrap,
    _insert,
    _resize_payload,
)
_WEIGHTS = (8, 4, 3, 1, 1, 1, 1, 1, 1, 2, 2)
