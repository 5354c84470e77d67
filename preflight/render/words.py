"""How facts and prices are said to people, in a few words. Used by every format that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from preflight.model import ImageFacts, Subject, Transfer
from preflight.pricing import show_seconds
from preflight.rounding import dollars

if TYPE_CHECKING:
    from preflight.model import Quote, TotalQuote

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def size(count: int) -> str:
    """Bytes in decimal units, three digits: ``9.04 MB``."""
    value, unit = float(count), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{value:.3g} {_UNITS[unit]}"


def measured(subject: Subject) -> str:
    """What a file is: ``MP4 · 1280×720 · avc1 · 12 s · 9.04 MB``."""
    facts = subject.facts
    if facts is None:
        return "not read"
    parts = [facts.container or facts.family.value]
    match facts:
        case ImageFacts():
            if facts.width and facts.height:
                parts.append(f"{facts.width}×{facts.height}")
            if facts.color_mode:
                parts.append(facts.color_mode)
            if facts.decoders:
                parts.append("decoded")
        case _:
            if facts.width and facts.height:
                turned = f" turned {facts.rotation}°" if facts.rotation else ""
                parts.append(f"{facts.width}×{facts.height}{turned}")
            if facts.codec:
                parts.append(facts.codec.strip())
            clocks = facts.durations.plausible
            if clocks:
                parts.append(show_seconds(clocks[0]))
    if facts.size_bytes is not None:
        parts.append(size(facts.size_bytes))
    return " · ".join(parts)


def why_not_read(subject: Subject) -> str | None:
    """What kept a file from being read; ``None`` for one that was."""
    if subject.fault is not None:
        return str(subject.fault)
    return subject.address.problem if subject.address is not None else None


def spent(transfer: Transfer) -> str:
    """What reading a file cost: ``2 requests · 98.3 KB · 104 ms``."""
    parts = []
    if transfer.requests:
        parts.append(_count(transfer.requests, "request"))
        if transfer.redirects:
            parts.append(_count(transfer.redirects, "redirect"))
    parts.append(f"{size(transfer.bytes)} read")
    if transfer.requests:
        parts.append(f"{transfer.elapsed_ms} ms")
    return " · ".join(parts)


def price(quote: Quote | TotalQuote) -> str:
    """``360 credits ($1.80)``, with the range where there is one."""
    text = f"{quote.credits:f} credits (${dollars(quote.usd)})"
    if quote.low != quote.high:
        text += f", between {quote.low:f} and {quote.high:f}"
    return text


def reckoning(quote: Quote) -> str:
    """``12 s × 30 credits a second``."""
    billed = show_seconds(quote.billed_seconds)
    of = "" if quote.billed_seconds == quote.seconds else f" of {show_seconds(quote.seconds)}"
    return f"{billed}{of} × {quote.credits_per_second:f} credits a second, {quote.mode}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
