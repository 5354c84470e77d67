"""Turns the answer of an isolated decoder into facts about a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from preflight.model import Defect, DefectKind, ImageFacts
from preflight.redact.object_addresses import without_addresses

_KINDS = {"truncated": DefectKind.TRUNCATED, "corrupt": DefectKind.CORRUPT}
_WHERE = {"JPEG": "scan", "PNG": "IDAT"}
_LONGEST = 200


def judged(facts: ImageFacts, told: Mapping[str, Any]) -> ImageFacts:
    """``facts`` with the decoders that read the picture, or with the defect that one of them found."""
    decoders = told.get("decoders")
    if isinstance(decoders, list) and decoders:
        return _refused(replace(facts, decoders=tuple(_line(name) for name in decoders[:8])), told.get("refusals"))
    kind = _KINDS.get(str(told.get("problem")), DefectKind.UNREADABLE)
    reason, offset = _line(told.get("reason") or "no reason given"), told.get("offset")
    if kind is DefectKind.UNREADABLE:
        return replace(facts, defects=(*facts.defects, Defect(kind=kind, message=reason)))
    at = offset if isinstance(offset, int) and 0 <= offset < (facts.size_bytes or 0) else None
    where = _WHERE.get(facts.container or "")
    message = "is cut short" if kind is DefectKind.TRUNCATED else "does not decode whole"
    near = "" if at is None else f" at or after byte {at}"
    return replace(
        facts,
        complete=False if kind is DefectKind.TRUNCATED else facts.complete,
        defects=(*facts.defects, Defect(kind=kind, message=f"{message}{near}: {reason}", offset=at, where=where)),
    )


def _refused(facts: ImageFacts, refusals: object) -> ImageFacts:
    """``facts`` with Pillow's refusal, unless our own reader already found the defect and says it better."""
    if not isinstance(refusals, list) or any(defect.kind is DefectKind.DISPUTED for defect in facts.defects):
        return facts
    texts = [_line(text) for text in refusals[:8]]
    found = tuple(
        Defect(kind=DefectKind.DISPUTED, message=f"does not open as it is ({text})")
        for text in texts
        if text.startswith("Pillow")
    )
    return replace(facts, defects=(*facts.defects, *found))


def _line(text: object) -> str:
    """Some words of libraries quote the file."""
    return "".join(character for character in without_addresses(str(text))[:_LONGEST] if character.isprintable())
