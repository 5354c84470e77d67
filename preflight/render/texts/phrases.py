"""Short phrases for facts and prices, shared by every format that people read."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from preflight.model import ImageFacts, JobReport, Subject, Transfer, Verdict
from preflight.model.facts import color_name
from preflight.pricing import show_seconds
from preflight.redact import printable, redact
from preflight.units import decimal_text, dollars, plain, round_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from preflight.checking.totals import Totals
    from preflight.model import Quote, TotalQuote, VideoFacts
    from preflight.model.video import Sound
    from preflight.specs import Rounding

VERDICTS = {Verdict.PASS: "pass", Verdict.FAIL: "fail", Verdict.INDETERMINATE: "indeterminate"}

_PROGRAMS = frozenset({"convert", "dvc", "ffmpeg", "git", "magick", "preflight"})
NOT_OPENED = "not opened (offline check)"
NOT_EXAMINED = "not examined"
"""The label of a URL that was not opened: neither it nor a job that consists of it alone is called a pass."""
_DOCUMENTS = (".yaml", ".yml", ".json")
_COLUMNS_SHOWN = 12
_HIDDEN_BY = {"baseline": "by the baseline", "comment": "by a comment", "path": "by the settings for its file"}
_UNITS = ("bytes", "KB", "MB", "GB", "TB")
_CHANNELS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
_ORIENTATIONS = {
    2: (True, 0),
    3: (False, 180),
    4: (True, 180),
    5: (True, 270),
    6: (False, 90),
    7: (True, 90),
    8: (False, 270),
}
"""EXIF's orientation: whether the picture is mirrored from left to right, and then turned by how many degrees."""


def size(count: int) -> str:
    """Bytes in decimal units, three digits: ``9.04 MB``."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{value:.3g} {_UNITS[unit]}"


def measured(subject: Subject) -> str:
    """The main facts of a file: ``MP4 · 1280×720 · H.264 · 12 s · 9.04 MB``."""
    return _measured(subject, whole=False)


def all_measured(subject: Subject) -> str:
    """All facts: ``MOV · 1920×1080 turned 90° (portrait) · HEVC 10-bit HLG · 29.97 fps · 12 s · AAC stereo 48 kHz``."""
    return _measured(subject, whole=True)


def _measured(subject: Subject, *, whole: bool) -> str:
    facts = subject.facts
    if facts is None:
        return NOT_OPENED if subject.unopened else "not read"
    parts = [facts.container or facts.family.value]
    if facts.width and facts.height:
        shape = f" ({facts.display_orientation})" if whole and facts.display_orientation else ""
        parts.append(f"{facts.width}×{facts.height}{_turned(facts)}{shape}")
    match facts:
        case ImageFacts():
            if facts.color_mode:
                parts.append(color_name(facts.color_mode))
            if facts.decoders:
                parts.append("decoded")
        case _:
            if facts.codec_name:
                parts.append(printable(facts.codec_name))
            if whole and facts.frame_rate is not None:
                parts.append(frames_a_second(facts))
            clocks = facts.durations.plausible
            if clocks:
                parts.append(show_seconds(clocks[0]))
            if whole and facts.audio is not None:
                parts.append(printable(_heard(facts.audio)))
    if facts.size_bytes is not None:
        parts.append(size(facts.size_bytes))
    return " · ".join(parts)


def is_command(fix: str) -> bool:
    """Whether the way to fix a finding is a command to paste, rather than advice."""
    program, _, rest = fix.partition(" ")
    if program not in _PROGRAMS or ", then " in fix:
        return False
    return program != "convert" or "[0]" in rest  # ImageMagick's file; else the verb


def label_of(verdict: Verdict, subjects: Sequence[Subject]) -> str:
    """The word for the verdict of these files together: not "pass" where none of them was opened."""
    unopened = bool(subjects) and all(subject.unopened for subject in subjects)
    return NOT_EXAMINED if unopened and verdict is not Verdict.FAIL else VERDICTS[verdict]


def unopened(job: JobReport) -> str:
    """``2 URLs not opened``; empty where every URL was."""
    count = sum(subject.unopened for subject in job.subjects)
    return f"{_count(count, 'URL')} not opened" if count else ""


def _turned(facts: ImageFacts | VideoFacts) -> str:
    """How programs turn the stored picture: `` turned 90°``, in clockwise degrees."""
    if not isinstance(facts, ImageFacts):
        return f" turned {facts.rotation}°" if facts.rotation else ""
    mirrored, degrees = _ORIENTATIONS.get(facts.orientation or 1, (False, 0))
    return (" mirrored" if mirrored else "") + (f" turned {degrees}°" if degrees else "")


def frames_a_second(facts: VideoFacts) -> str:
    """``29.97 fps``, or ``29.97 fps, variable``; nothing where the file does not say."""
    if facts.frame_rate is None:
        return ""
    rate = decimal_text(round(facts.frame_rate, 3))
    return f"{rate} fps, variable" if facts.variable_frame_rate else f"{rate} fps"


def _heard(sound: Sound) -> str:
    """``AAC stereo 48 kHz``."""
    channels = _CHANNELS.get(sound.channels or 0, f"{sound.channels} channels") if sound.channels else ""
    rate = f"{decimal_text(Fraction(sound.sample_rate, 1000))} kHz" if sound.sample_rate else ""
    return " ".join(part for part in (sound.codec_name, channels, rate) if part)


def why_not_read(subject: Subject) -> str | None:
    """The reason why a file was not read; ``None`` for one that was."""
    if subject.fault is not None:
        return str(subject.fault)
    if subject.unopened:
        return NOT_OPENED
    return subject.address.problem if subject.address is not None else None


def spent(transfer: Transfer) -> str:
    """The cost of reading a file: ``2 requests · 98.3 KB read · 104 ms``."""
    parts = []
    if transfer.requests:
        parts.append(_count(transfer.requests, "request"))
        if transfer.redirects:
            parts.append(_count(transfer.redirects, "redirect"))
    if transfer.retries:
        parts.append("1 retry" if transfer.retries == 1 else f"{transfer.retries} retries")
    parts.append(f"{size(transfer.bytes_received)} read")
    if transfer.requests:
        parts.append(f"{transfer.elapsed_ms} ms")
    if transfer.proxy:
        parts.append("through the proxy")
    return " · ".join(parts)


def reading(subject: Subject) -> str:
    """The cost of reading ``subject``; empty where there was none but the size of a local file, which stands beside."""
    transfer, facts = subject.transfer, subject.facts
    if not transfer.requests and (facts is None or facts.size_bytes == transfer.bytes_received):
        return ""
    return spent(transfer)


def price(quote: Quote | TotalQuote) -> str:
    """``360 credits ($1.80)``, with the range where there is one."""
    text = headline(quote)
    if quote.low != quote.high:
        text += f", between {quote.low:f} and {quote.high:f}"
    return text


def headline(quote: Quote | TotalQuote) -> str:
    """``360 credits ($1.80)``"""
    return f"{quote.credits:f} credits (${dollars(quote.usd)})"


def highest(quote: Quote) -> str:
    """The most that a job may cost: ``600 credits ($3.00)``"""
    usd = quote.usd * quote.high / quote.credits if quote.credits else quote.usd
    return f"{quote.high:f} credits (${dollars(plain(usd))})"


def row_of(job: JobReport) -> str:
    """``:3`` for the third line of a manifest; nothing for a job that is alone in its file."""
    alone = (job.path or "").lower().endswith(_DOCUMENTS)  # comments may come before the job
    return f":{job.line}" if job.line and not alone and (job.id is not None or job.line > 1) else ""


def tally(totals: Totals) -> str:
    """``2 pass, 1 fail; total 900 credits ($4.50), of which 900 for 1 job that fails``"""
    text = ", ".join(
        f"{totals.verdicts[verdict]} {VERDICTS[verdict]}" for verdict in VERDICTS if totals.verdicts[verdict]
    )
    return "; ".join(part for part in (text, total(totals), hidden(totals.hidden)) if part)


def total(totals: Totals) -> str:
    """``total 900 credits ($4.50), of which 900 for 1 job that fails``; empty where nothing has a price."""
    quote, failing = totals.quote, totals.failing
    if quote is None:
        return ""
    text = f"total {price(quote)}"
    if failing.jobs:
        noun = "job" if totals.has_jobs else "file"  # priced targets of one report are all of one kind
        these = f"1 {noun} that fails" if failing.jobs == 1 else f"{failing.jobs} {noun}s that fail"
        text += f", of which {failing.credits:f} for {these}"
    if quote.unpriced:
        text += f", {quote.unpriced} without a price"
    return text


def row(job: JobReport) -> str:
    """The columns beside those of a job: ``character: Anna · shot: 3``; empty where there are none."""
    pairs = ((name, _cell(value)) for name, value in job.meta.items())
    shown = [f"{redact(name, longest=40)}: {cell}" for name, cell in pairs if cell]
    text = " · ".join(shown[:_COLUMNS_SHOWN])
    return f"{text} · and {len(shown) - _COLUMNS_SHOWN} more" if len(shown) > _COLUMNS_SHOWN else text


def _cell(value: object) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, str | int | float):
        return redact(str(value), longest=60)
    import json  # only for nested values

    return redact(json.dumps(value, ensure_ascii=False, default=str), longest=60)


def reckoning(quote: Quote) -> str:
    """``12 s × 30 credits a second, 720p``; ``10 s (20 s capped) × …``; ``6 s (5.023 s rounded up) × …``."""
    mode = f", {quote.mode}" if quote.mode else ""
    if quote.credits_per_second is None:
        return f"one clip{f' of {show_seconds(quote.seconds)}' if quote.seconds else ''}{mode}"
    billed, seconds = show_seconds(quote.billed_seconds), show_seconds(quote.seconds)
    if billed == seconds:
        length = billed
    elif round_seconds(quote.seconds, cast("Rounding", quote.rounding)) != quote.billed_seconds:
        length = f"{billed} ({seconds} capped)"
    else:
        length = f"{billed} ({seconds} rounded {'up' if quote.billed_seconds > quote.seconds else 'down'})"
    return f"{length} × {quote.credits_per_second:f} credits a second{mode}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def fact_line(subject: Subject) -> str:
    """A file with all that is known of it, and the cost of reading it."""
    reason = why_not_read(subject)
    what = all_measured(subject) if reason is None else f"not read: {reason}"
    return f"{subject.source}  {what}" + (f"  ({read})" if (read := reading(subject)) else "")


def jobs(count: int) -> str:
    """``1 job``, ``2 jobs``."""
    return "1 job" if count == 1 else f"{count} jobs"


def hidden(counts: Mapping[str, int]) -> str:
    """``3 findings hidden by the baseline``, from the number for each cause; empty where none is hidden."""
    causes = hidden_by(counts)
    if not causes:
        return ""
    what = f"{_count(sum(counts.get(cause, 0) for cause in _HIDDEN_BY), 'finding')} hidden"
    return f"{what}{': ' if ', ' in causes else ' '}{causes}"


def hidden_by(counts: Mapping[str, int]) -> str:
    """``by the baseline``, or ``2 by the baseline, 1 by a comment``; empty where no finding is hidden."""
    causes = [(counts[cause], words) for cause, words in _HIDDEN_BY.items() if counts.get(cause)]
    if len(causes) == 1:
        return causes[0][1]
    return ", ".join(f"{count} {words}" for count, words in causes)


def swapped(count: int, whole: int, *, of: str) -> str:
    """What is wrong with ``count`` of ``whole`` rows or jobs whose image and video are exchanged, and what to do."""
    plural, have = "" if whole == 1 else "s", "has" if count == 1 else "have"
    wrong = f"{of}{plural} {have} a clip as the image and a picture as the video"
    if count == whole > 1:
        return f"All {whole:,} {wrong}: exchange the two columns"
    where = f"this {of}" if count == 1 else f"these {of}s"  # columns would be exchanged for the right ones too
    return f"{count:,} of {whole:,} {wrong}: exchange the two in {where}"
