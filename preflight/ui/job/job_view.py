"""A draft as the page shows it: what is wrong, what it costs, what to press. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from preflight.checking.named_media import choice_of
from preflight.model import Finding, JobReport, Kind, Quote, Severity, Subject, Verdict, VideoFacts
from preflight.redact import printable, redact
from preflight.render.texts import phrases
from preflight.specs import FieldSpec, Spec
from preflight.ui.job.bars import Bar, bars_of
from preflight.ui.job.drafts import Choices, Draft
from preflight.ui.job.repairing import Offer, offer_for
from preflight.units import decimal_text

NAMES = {Kind.IMAGE: "image", Kind.VIDEO: "video"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slider:
    """The part of a clip to keep, in seconds as text: its length, and the bounds of both sliders."""

    clip: str
    least: str
    most: str
    is_needed: bool

    @property
    def last_start(self) -> str:
        """The latest start that leaves the longest part."""
        return _text(max(Fraction(self.clip) - Fraction(self.most), Fraction(0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One file."""

    kind: Kind
    name: str
    summary: str
    state: str
    bars: tuple[Bar, ...]
    findings: tuple[Finding, ...]
    offer: Offer | None
    slider: Slider | None
    strip: tuple[int, ...]
    told: tuple[bool, str] | None
    is_shown: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobView:
    """The whole job. ``state`` is ``good``, ``warn`` or ``bad``; ``rest`` are the findings of no file."""

    verdict: str
    state: str
    advice: str
    cards: tuple[Card, ...]
    rest: tuple[Finding, ...]
    quote: Quote | None
    quotes: tuple[Quote, ...]
    reckoning: str

    def card(self, kind: Kind) -> Card:
        return next(card for card in self.cards if card.kind is kind)


def view_of(draft: Draft, report: JobReport) -> JobView:
    """``draft``, whose check is ``report``."""
    spec = draft.spec
    cards = tuple(_card(draft, report, subject, spec) for subject in report.subjects)
    named = {subject.field for subject in report.subjects}
    rest = tuple(finding for finding in report.findings if finding.field not in named)
    state = {Verdict.PASS: "good", Verdict.FAIL: "bad", Verdict.INDETERMINATE: "warn"}[report.verdict]
    return JobView(
        verdict=_verdict(report),
        state=state,
        advice=_advice(report, cards, rest),
        cards=cards,
        rest=rest,
        quote=report.quote,
        quotes=report.quotes,
        reckoning=phrases.reckoning(report.quote) if report.quote else "",
    )


def default_choices(spec: Spec) -> Choices:
    """The model's own defaults; of a length without one, the shortest."""
    length = spec.find("duration")
    seconds = "" if length is None else length.default or next(iter(length.choices), "") or _least(length)
    return Choices(
        orientation=choice_of(None, spec, "orientation", None),
        mode=choice_of(None, spec, "mode", None),
        seconds=seconds,
    )


def kinds_of(spec: Spec) -> tuple[Kind, ...]:
    """The kinds of files that the model takes."""
    taken = {Kind.IMAGE: spec.takes_image, Kind.VIDEO: spec.takes_video}
    return tuple(kind for kind in Kind if taken[kind])


def _least(length: FieldSpec) -> str:
    return "" if length.minimum is None else str(decimal_text(length.minimum))


def is_failing(finding: Finding, report: JobReport) -> bool:
    """Whether a finding keeps the job from passing."""
    return finding.indeterminate or finding.severity >= report.fail_on


def _card(draft: Draft, report: JobReport, subject: Subject, spec: Spec) -> Card:
    findings = tuple(finding for finding in report.findings if finding.field == subject.field)
    failing = any(is_failing(finding, report) for finding in findings)
    slider = _slider(subject, spec, draft.choices.orientation)
    offer = offer_for(report, subject, spec, has_window=slider is not None and slider.is_needed)
    why = phrases.why_not_read(subject)
    return Card(
        kind=subject.kind,
        name=redact(draft.files[subject.kind].name),
        summary=printable(why) if why else phrases.all_measured(subject),
        state="bad" if failing else "warn" if any(each.severity > Severity.NOTE for each in findings) else "good",
        bars=bars_of(subject, spec, draft.choices.orientation),
        findings=findings,
        offer=offer,
        slider=slider,
        strip=tuple(number for number, frame in enumerate(subject.filmstrip) if frame.data),
        told=draft.told.get(subject.kind),
        is_shown=subject.facts is not None,
    )


def _slider(subject: Subject, spec: Spec, orientation: str) -> Slider | None:
    """For a clip that can be cut."""
    facts = subject.facts
    if not isinstance(facts, VideoFacts):
        return None
    clip = facts.durations.video or facts.durations.container
    least, most = spec.video.min_seconds.value, spec.video.max_seconds.value
    most = min(most, spec.price.cap(orientation) or most)
    if clip is None or clip <= least:
        return None
    return Slider(clip=_text(clip), least=_text(least), most=_text(min(most, clip)), is_needed=clip > most)


def _verdict(report: JobReport) -> str:
    match report.verdict:
        case Verdict.PASS:
            return "This job passes its check."
        case Verdict.INDETERMINATE:
            return "Not everything could be examined."
        case Verdict.FAIL:
            count = sum(is_failing(finding, report) for finding in report.findings)
            problems = "1 problem" if count == 1 else f"{count} problems"
            return f"The service would refuse this job: {problems}."


def _advice(report: JobReport, cards: tuple[Card, ...], rest: tuple[Finding, ...]) -> str:
    """The next thing to press."""
    if report.verdict is Verdict.PASS:
        return "Look at the price below, and press its button to go on. You are asked again before anything is paid."
    bad = [card for card in cards if card.state == "bad"]
    steps = [f"press “Repair the {NAMES[card.kind]}”" for card in bad if card.offer]
    steps += [f"choose another {NAMES[card.kind]}" for card in bad if not card.offer]
    steps += ["change the choices below"] if any(is_failing(each, report) for each in rest) else []
    text = ", then ".join(steps)
    return f"Nothing was paid. {text[:1].upper()}{text[1:]}." if text else "Nothing was paid."


def _text(seconds: Fraction) -> str:
    """Seconds for a slider, cut to a hundredth so that no bound lies beyond the clip."""
    return f"{int(seconds * 100) / 100:.2f}"
