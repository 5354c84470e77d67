"""Plans a repair from findings: which steps, in one try, or in two where the safe steps may not be enough. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from preflight.fix.repairs import CHOSEN_PART, MOVED, REPAIRS, Repair, Safety, Step
from preflight.model import DefectKind, Durations, Family, Finding, ImageFacts, Severity, VideoFacts
from preflight.rules import RULES_BY_ID, Area, Trait, rules_with
from preflight.rules.length_rules import hidden_by_edits
from preflight.specs import Spec

_READ_BY_PILLOW = frozenset({"JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIC", "HEIF", "JPEG 2000"})
_MAY_HOLD_SEVERAL = frozenset({"WebP", "GIF", "TIFF", "AVIF", "HEIC", "HEIF"})
_HELD_BY_MP4 = frozenset({"AVC", "HEVC", "AV1", "VP9", "MPEG-4 Visual", "MPEG Video", "JPEG"})
_EXPECTED_IN_MP4 = frozenset({"AVC", "HEVC"})
"""MediaInfo's names of codecs, as only it reads other containers. Other codecs leave a warning in an MP4."""

NOTES = tuple(dict.fromkeys(row.rule for row in REPAIRS if RULES_BY_ID[row.rule].severity is Severity.NOTE))
"""The rules of notes that have a repair, which is only made on request."""

_SMALLER = frozenset({Step.COMPRESS, Step.SHRINK})
_LENGTHS = frozenset({Step.TRIM, Step.LOOP})
_UNDECODED = rules_with(Trait.DECODED)
_CLOCKS = rules_with(Trait.CLOCKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The planned repairs of one file.

    ``tries`` are sets of rows, each a whole repair, the safest first. ``unrepaired`` are
    the findings that none of them repairs, ``withheld`` the unsafe rows that would. ``blocked`` is whether one of
    ``unrepaired`` makes every repair useless.
    """

    tries: tuple[tuple[Repair, ...], ...] = ()
    unrepaired: tuple[Finding, ...] = ()
    withheld: tuple[Repair, ...] = ()
    blocked: bool = False


def plan(
    facts: ImageFacts | VideoFacts | None,
    findings: Iterable[Finding],
    spec: Spec,
    *,
    unsafe: bool,
    fail_on: Severity = Severity.ERROR,
    also: frozenset[str] = frozenset(),
) -> Plan:
    """The plan for one file. It has no try where an error would remain: half a repair does not help.

    A warning without a repair does not block other repairs, unless it fails (``fail_on``). Notes are left alone but for
    those in ``also``, whose repairs are allowed even where they are unsafe.
    """
    open_ = [
        each for each in findings if not _is_about_price(each) and (each.severity > Severity.NOTE or each.rule in also)
    ]
    is_taken = spec.takes_image if isinstance(facts, ImageFacts) else spec.takes_video
    all_rows = _rows(facts, open_, spec, frozenset(Safety)) if is_taken else ()
    safe_rows = tuple(row for row in all_rows if row.safety is Safety.SAFE or row.rule in also)
    allowed = all_rows if unsafe else safe_rows
    unrepaired = tuple(each for each in open_ if not _is_met(each, allowed, facts))
    withheld = () if unsafe else tuple(row for row in all_rows if row not in safe_rows)
    blocked = any(each.indeterminate or each.severity >= fail_on for each in unrepaired)
    tries: list[tuple[Repair, ...]] = []
    if allowed and not blocked:
        if safe_rows and all(_is_met(each, safe_rows, facts) for each in open_ if _is_met(each, allowed, facts)):
            tries.append(safe_rows)
        if unsafe and _is_seldom(facts) and MOVED in all_rows:
            tries.insert(0, tuple(row for row in all_rows if row != MOVED))
        elif unsafe and all_rows != safe_rows:
            tries.append(all_rows)
    return Plan(tries=tuple(tries), unrepaired=unrepaired, withheld=withheld, blocked=blocked)


def with_part(made: Plan) -> Plan:
    """The plan, and in each try a part of the clip is kept. What a cut or a repetition would do is then done."""
    kept = tuple(tuple(row for row in rows if row.step not in _LENGTHS) for rows in made.tries)
    tries = dict.fromkeys((CHOSEN_PART, *rows) for rows in kept or ((),))
    return replace(made, tries=tuple(tries))


def _rows(
    facts: ImageFacts | VideoFacts | None, findings: Sequence[Finding], spec: Spec, allowed: frozenset[Safety]
) -> tuple[Repair, ...]:
    found = {finding.rule for finding in findings}
    return tuple(row for row in REPAIRS if row.safety in allowed and row.rule in found and _applies(row, facts, spec))


def _is_about_price(finding: Finding) -> bool:
    """No repair of a file lowers a price."""
    return RULES_BY_ID[finding.rule].area is Area.PRICE


def _is_met(finding: Finding, rows: Iterable[Repair], facts: ImageFacts | VideoFacts | None) -> bool:
    """Whether rows repair a finding. Making a picture smaller repairs one that is too large to decode."""
    if finding.rule in _UNDECODED and isinstance(facts, ImageFacts):
        undecoded = all(defect.kind is DefectKind.UNDECODED for defect in facts.defects)
        return undecoded and any(row.step in _SMALLER for row in rows)
    return any(row.rule == finding.rule for row in rows)


def _applies(row: Repair, facts: ImageFacts | VideoFacts | None, spec: Spec) -> bool:
    """Whether a row of a finding's rule applies to this file."""
    match facts:
        case ImageFacts():
            if row.step is Step.CHOOSE_FRAME:
                return facts.container in _MAY_HOLD_SEVERAL
            return row.step is Step.RENAME or facts.container in _READ_BY_PILLOW
        case VideoFacts():
            if row.rule in _CLOCKS:
                return _may_overrun(facts.durations, spec) is (row.step is Step.TRIM)
            if row.step is Step.LOOP and hidden_by_edits(facts) is not None:  # a loop would repeat next to nothing
                return False
            return facts.family is Family.VIDEO and (row != MOVED or _may_be_moved(facts))
    return False


def _may_be_moved(facts: VideoFacts) -> bool:
    """Whether an MP4 may hold the video of another container without encoding it again."""
    return bool(facts.tracks) or facts.codec is None or facts.codec in _HELD_BY_MP4


def _is_seldom(facts: ImageFacts | VideoFacts | None) -> bool:
    """Whether a clip in another container has a codec that needs encoding again once it is in an MP4."""
    return isinstance(facts, VideoFacts) and not facts.tracks and facts.codec not in (None, *_EXPECTED_IN_MP4)


def _may_overrun(durations: Durations, spec: Spec) -> bool:
    """Whether a clip is too long rather than too short, as far as its length is known."""
    return not durations.plausible or max(durations.plausible) > spec.video.max_seconds.value
