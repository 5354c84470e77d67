"""Reads YAML with the place of every value, from the parser's events.

PyYAML's own composer and constructor are not used: they recurse, follow aliases without bound and know YAML 1.1.
Merge keys (``<<``) have no meaning here: the service would not know what was merged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits
from preflight.jobfiles.comments import MARK, read_comments
from preflight.jobfiles.scalars import fits_collection, plain, shown_word, tagged
from preflight.jobfiles.source_text import Text
from preflight.jobfiles.tree import Node, TreeBuilder
from preflight.model import IgnoreComment
from preflight.redact import redact

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first needs libyaml, which not every build has
_UNPRINTABLE = re.compile(r"[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # YAML 1.2.2, §5.1
_TAG_DIRECTIVE = re.compile(r"[\n\r\x85\u2028\u2029]%TAG")


def read_yaml(text: Text) -> tuple[Node | None, tuple[IgnoreComment, ...]]:
    """The tree of a YAML document, ``None`` for an empty one, and the comments that speak to preflight.

    Raises ``JobUnreadable`` for text that is not YAML, holds two documents, or breaks a limit.
    """
    _require_printable(text)
    _require_few_directives(text)
    build = TreeBuilder(text)
    scalars: list[tuple[int, int]] | None = [] if MARK in text.string else None
    for event in _events(text):
        _take(event, build, text)
        if scalars is not None and isinstance(event, yaml.ScalarEvent) and event.end_mark is not None:
            scalars.append((_start(event), event.end_mark.index))
    return build.root, () if scalars is None else read_comments(text, scalars)


def _events(text: Text) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text.string, Loader=_LOADER)
    except yaml.YAMLError as exc:
        raise _not_yaml(exc, text) from exc
    except (ValueError, OverflowError) as exc:  # the parser in Python lets its chr() of "\UFFFFFFFF" out
        raise JobUnreadable(
            "not YAML: an escape in double quotes stands for no character: correct it", path=text.path
        ) from exc


def _take(event: yaml.Event, build: TreeBuilder, text: Text) -> None:
    start = _start(event)
    match event:
        case yaml.ScalarEvent():
            _take_scalar(event, build, text)
        case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
            mapping = isinstance(event, yaml.MappingStartEvent)
            if not fits_collection(event.tag, "map" if mapping else "seq"):
                named = shown_word("", event.tag or "")
                raise text.unreadable(f"the tag {named} does not fit here: remove the tag", text.place(start))
            build.open(start, mapping=mapping, anchor=event.anchor)
        case yaml.CollectionEndEvent():
            build.close()
        case yaml.AliasEvent():
            build.alias(start, event.anchor or "")
        case yaml.DocumentStartEvent() if build.root is not None:
            raise text.unreadable(
                "a second document begins here; a job file holds one: give each job a file, or a line of a .jsonl file",
                text.place(start),
            )


def _take_scalar(event: yaml.ScalarEvent, build: TreeBuilder, text: Text) -> None:
    start, value, anchor = _start(event), event.value, event.anchor
    try:
        if event.tag is not None:
            build.leaf(start, tagged(event.tag, value), written=value, anchor=anchor)
        elif not event.implicit[0]:
            build.leaf(start, value, written=value, anchor=anchor)
        elif value or anchor is not None:
            build.leaf(start, plain(value), written=value, anchor=anchor)
        else:
            build.blank(start)
    except ValueError as exc:
        raise text.unreadable(str(exc), text.place(start)) from exc


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark is not None else 0


def _require_printable(text: Text) -> None:
    if found := _UNPRINTABLE.search(text.string):
        name = f"U+{ord(found.group()):04X}"
        raise text.unreadable(f"YAML does not allow the character {name}: remove it", text.place(found.start()))


def _require_few_directives(text: Text) -> None:
    for count, found in enumerate(_TAG_DIRECTIVE.finditer(text.string), start=1):
        if count > limits.TAG_DIRECTIVES:
            raise text.unreadable("too many %TAG lines: this is not a job", text.place(found.start() + 1))


def _not_yaml(exc: yaml.YAMLError, text: Text) -> JobUnreadable:
    from preflight.jobfiles.yaml_mistakes import find_mistake  # only for a mistake

    problem, context = getattr(exc, "problem", None), getattr(exc, "context", None)
    at, began = getattr(exc, "problem_mark", None), getattr(exc, "context_mark", None)
    said = ", ".join(part for part in (problem, context) if part)
    if at is None:
        return JobUnreadable(f"not YAML: {redact(said or str(exc))}", path=text.path)
    found = find_mistake(text.string, said, at=at.index, began=None if began is None else began.index)
    return text.unreadable(f"not YAML: {found.words}", text.place(found.at))
