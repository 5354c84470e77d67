"""The facts about a job's files that differ between two sides, as people say them."""

from __future__ import annotations

from collections.abc import Iterator

from preflight.diff.difference import FactChange
from preflight.model import ImageFacts, JobReport, Subject
from preflight.pricing import show_seconds

_ROTATION = "rotation"
"""The one fact whose absence says something."""


def changed_facts(before: JobReport | None, after: JobReport | None) -> Iterator[FactChange]:
    """Each fact that is another one, file by file. Files that only one side could read have no facts to compare."""
    if before is None or after is None:
        return
    old = {subject.field: subject for subject in before.subjects}
    for subject in after.subjects:
        twin = old.get(subject.field)
        if twin is None or twin.facts is None or subject.facts is None:
            continue
        one, other = _facts_of(twin), _facts_of(subject)
        different = [
            name
            for name in {**one, **other}
            if one.get(name) != other.get(name) and (name == _ROTATION or (name in one and name in other))
        ]
        for name in different:
            if name != "bytes" or different == ["bytes"]:
                yield FactChange(subject.field, subject.source, name, one.get(name), other.get(name))


def _facts_of(subject: Subject) -> dict[str, str]:
    facts = subject.facts
    assert facts is not None
    found: dict[str, str | None] = {"format": facts.container or facts.family.value}
    if facts.width and facts.height:
        found["size"] = f"{facts.width}×{facts.height}"
    if not isinstance(facts, ImageFacts):
        clocks = facts.durations.plausible
        found["length"] = show_seconds(clocks[0]) if clocks else None
        found["codec"] = facts.codec.strip() if facts.codec else None
        found[_ROTATION] = f"{facts.rotation}°" if facts.rotation else None
    found["bytes"] = str(facts.size_bytes) if facts.size_bytes is not None else None
    return {name: value for name, value in found.items() if value is not None}
