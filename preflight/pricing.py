"""The price of a job: a headline and its range in exact numbers, with a reason for each difference.

The service does not document how it rounds seconds, nor which of a file's clocks it reads. The headline takes the
spec's policy and the container's clock, which a server that probes with ffprobe bills by; the range spans the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from preflight.specs import UNBOUNDED
from preflight.units import plain, round_seconds, to_decimal, to_places

if TYPE_CHECKING:
    from preflight.model import Clock, Durations, Quote, TotalQuote
    from preflight.specs import Rounding, Spec


def quote(
    spec: Spec, durations: Durations, *, mode: str, orientation: str, rounding: Rounding | None = None
) -> Quote | None:
    """The price of a reference video with these clocks; ``None`` when there is no clock.

    ``mode`` and ``orientation`` are choices of the spec. ``rounding`` replaces the spec's policy, as after calibration;
    the range still spans all of them.
    """
    plausible = durations.plausible
    if not plausible:
        return None
    clocks = tuple(dict.fromkeys([*plausible, *[clock.seconds for clock in durations.hints]]))
    from preflight.model import Quote  # a picture has no price

    price = spec.price
    policy = rounding or price.rounding
    rate, cap = price.credits_per_second[mode], price.cap(orientation) or UNBOUNDED
    exact_rate = Fraction(rate)
    seconds = clocks[0]
    charged = tuple(dict.fromkeys([min(clock, cap) for clock in clocks]))
    billed = round_seconds(charged[0], policy)
    by_policy = {round_seconds(charged[0], each) for each in price.rounding_policies}
    spread = by_policy.union(round_seconds(each, by) for each in charged[1:] for by in price.rounding_policies)
    reasons = []
    if len(by_policy) > 1:
        reasons.append(f"the service does not document how it rounds {show_seconds(seconds)}; {policy} is assumed")
    if len(charged) > 1:
        reasons.append(f"the file's clocks differ: {show_clocks((*durations.clocks, *durations.hints))}")
    if durations.doubt is not None:
        reasons.append(durations.doubt)
    longest = max(plausible)
    if longest > cap and cap < max(price.cap_seconds.values(), default=cap):
        spread |= {round_seconds(longest, each) for each in price.rounding_policies}
        reasons.append(
            f"orientation '{orientation}' caps the output at {show_seconds(cap)}; the high end charges the full length"
        )
    headline = to_decimal(billed * exact_rate)
    return Quote(
        credits=headline,
        low=to_decimal(min(spread) * exact_rate, upwards=False),
        high=to_decimal(max(spread) * exact_rate, upwards=True),
        seconds=seconds,
        billed_seconds=billed,
        credits_per_second=rate,
        rounding=policy,
        usd=plain(headline * price.usd_per_credit),
        mode=mode,
        orientation=orientation,
        apart=max(charged) - min(charged) if len(charged) > 1 else Fraction(0),
        reasons=tuple(reasons),
        certain=durations.doubt is None,
    )


def quote_asked_for(spec: Spec, seconds: Fraction | None, *, mode: str, orientation: str) -> Quote:
    """The price of a clip of ``seconds``, of a model whose price follows the request and no file.

    ``seconds`` is one of the durations that the spec allows, ``None`` for a model whose clips have one price and no
    duration to request.
    """
    from preflight.model import Quote

    price = spec.price
    if price.basis == "clip":
        timed = spec.find("duration") is not None
        clip = next(each for each in price.clips if each.mode == mode and (not timed or each.seconds == seconds))
        length, amount, rate = clip.seconds or Fraction(0), clip.credits, None
    else:
        length, rate = seconds or Fraction(0), price.credits_per_second[mode]
        amount = to_decimal(min(length, price.cap(orientation) or length) * Fraction(rate))
    return Quote(
        credits=amount,
        low=amount,
        high=amount,
        seconds=length,
        billed_seconds=min(length, price.cap(orientation) or length),
        credits_per_second=rate,
        rounding=price.rounding,
        usd=plain(amount * price.usd_per_credit),
        mode=mode,
        orientation=orientation,
    )


class Sum:
    """The sum of quotes, one after the other. A missing price is counted, never zero."""

    def __init__(self) -> None:
        self.count = 0
        self._priced = 0
        self._credits = self._low = self._high = self._usd = Decimal(0)
        self._certain = True

    def add(self, quote: Quote | None) -> None:
        """Add one quote, or count one that is missing."""
        self.count += 1
        if quote is None:
            return
        self._priced += 1
        self._credits += quote.credits
        self._low += quote.low
        self._high += quote.high
        self._usd += quote.usd
        self._certain = self._certain and quote.certain

    def total(self) -> TotalQuote | None:
        """The sum of all known quotes; ``None`` when there is none."""
        if not self._priced:
            return None
        from preflight.model import TotalQuote

        return TotalQuote(
            credits=self._credits,
            low=self._low,
            high=self._high,
            usd=self._usd,
            unpriced=self.count - self._priced,
            certain=self._certain,
        )


def total(quotes: Iterable[Quote | None]) -> TotalQuote | None:
    """The sum of all known quotes; ``None`` when there is none. A missing price is counted, never zero."""
    added = Sum()
    for each in quotes:
        added.add(each)
    return added.total()


def show_seconds(seconds: Fraction) -> str:
    """Seconds for people: to the millisecond, without trailing zeros.

    More exactly where rounding would show a whole second: limits, caps and rounding depend on it, and a clip of
    30.000178 s is longer than 30 s.
    """
    shown = to_milliseconds(seconds)
    for places in (6, 9):
        if Fraction(shown) == seconds or shown != shown.to_integral_value():
            break
        shown = to_places(seconds, places)
    if Fraction(shown) != seconds and shown == shown.to_integral_value():
        return f"just {'over' if seconds > Fraction(shown) else 'under'} {shown:f} s"
    return f"{shown:f} s"


def show_clocks(clocks: Iterable[Clock]) -> str:
    """Clocks with their names, with enough digits to tell different ones apart."""
    first: dict[Fraction, Clock] = {}
    for clock in clocks:
        first.setdefault(clock.seconds, clock)
    same = len({show_seconds(seconds) for seconds in first}) < len(first)
    show = show_exactly if same else show_seconds
    return ", ".join(f"{clock.words} {show(seconds)}" for seconds, clock in first.items())


def show_exactly(seconds: Fraction) -> str:
    """Seconds to the microsecond, without trailing zeros."""
    return f"{to_places(seconds, 6):f} s"


def to_milliseconds(seconds: Fraction) -> Decimal:
    """Seconds as a decimal rounded to the millisecond."""
    return plain(round(to_decimal(seconds), 3))
