"""The plots of a report: pygal draws them, the page's style sheet colours them, and each has its figures as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from preflight.model import Kind
from preflight.model.bins import EDGES
from preflight.pricing import show_seconds
from preflight.render.html.charts import Chart, drawn
from preflight.render.html.environment import Markup
from preflight.render.html.overview import shown
from preflight.render.html.report_figures import limits_of
from preflight.render.texts import phrases
from preflight.specs import UNBOUNDED

if TYPE_CHECKING:
    from preflight.render.html.report_figures import Figures

_BARS = 12
"""Bars of a plot of groups, rules or hosts; its table has more."""
_TABLE_ROWS = 100
_VERDICTS = ("fail", "indeterminate", "pass")


class Plot(NamedTuple):
    """One plot, and the same figures as a table."""

    title: str
    svg: Markup
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str | None = None


def plots_of(figures: Figures, budget: Decimal | None = None) -> list[Plot]:
    """The plots that have something to show; none where there are fewer than two jobs."""
    if figures.models.total() < 2:
        return []
    found = (
        _seconds(figures),
        *(_sizes(figures, kind) for kind in Kind),
        _rules(figures),
        _groups(figures),
        _cumulated(figures, budget),
        _ranges(figures),
        *_hosts(figures),
    )
    return [plot for plot in found if plot is not None]


def _seconds(figures: Figures) -> Plot | None:
    if not figures.seconds:
        return None
    beyond, last = figures.beyond["seconds"], max(figures.seconds)
    inside = [(figures.seconds[second] - beyond[second], second, second + 1) for second in range(last + 1)]
    outside = [(beyond[second], second, second + 1) for second in range(last + 1)]
    title = "Length of the clips, in seconds"
    rows = [(_second(second), f"{count}", f"{beyond[second]}") for second, count in sorted(figures.seconds.items())]
    limits = limits_of(figures.models.most_common(1)[0][0], figures.specs)
    is_bounded = limits is not None and limits.longest < UNBOUNDED
    note = limits and is_bounded and f"allowed: {show_seconds(limits.shortest)} to {show_seconds(limits.longest)}"
    svg = drawn(Chart("Histogram", title, _two(inside, outside), across="seconds", upwards="clips"))
    return Plot(title, svg, ("length", "clips", "outside the limits"), rows, note or None)


def _sizes(figures: Figures, kind: Kind) -> Plot | None:
    found, beyond = figures.sizes[kind], figures.beyond[kind]
    if not found:
        return None
    edges = EDGES[f"{kind.value}_bytes"]
    upper = dict(pairwise(edges))  # the last bin has none
    bins = [low for low in edges if min(found) <= low <= max(found)]
    names = [_binary(low) for low in bins]
    things = "images" if kind is Kind.IMAGE else "clips"
    title = f"Size of the {things}"
    limits = limits_of(figures.models.most_common(1)[0][0], figures.specs)
    series = _two([found[low] - beyond[low] for low in bins], [beyond[low] for low in bins])
    options = {"x_label_rotation": 40} if len(bins) > 6 else {}
    svg = drawn(Chart("StackedBar", title, series, names, "size, from", things, options=options))
    rows = [
        (
            f"{_binary(low)} to {_binary(upper[low])}" if low in upper else f"{_binary(low)} and more",
            f"{found[low]}",
            f"{beyond[low]}",
        )
        for low in bins
    ]
    note = limits and f"allowed: up to {phrases.size(limits.most_bytes[kind])}"
    return Plot(title, svg, ("size", things, "above the limit"), rows, note)


def _rules(figures: Figures) -> Plot | None:
    if not figures.rules:
        return None
    ranked = sorted(
        figures.rules.items(), key=lambda each: (-each[1]["fail"], -each[1]["indeterminate"], -each[1].total(), each[0])
    )
    title = "Jobs by rule and verdict"
    top = ranked[:_BARS][::-1]
    series = [(name, [counts[name] for _, counts in top]) for name in _VERDICTS]
    svg = drawn(Chart("HorizontalStackedBar", title, series, [rule for rule, _ in top], "jobs", look="verdicts"))
    rows = [(rule, *(f"{counts[name]}" for name in _VERDICTS)) for rule, counts in ranked[:_TABLE_ROWS]]
    return Plot(title, svg, ("rule", *_VERDICTS), rows, _left_out(len(ranked)))


def _groups(figures: Figures) -> Plot | None:
    if len(figures.prices.groups) < 2:
        return None
    ranked = sorted(figures.prices.groups.items(), key=lambda each: (-each[1][1], each[0]))
    by = figures.by or "file"
    title = f"Credits by {by}"
    top = ranked[:_BARS][::-1]
    series = [("credits", [float(group[1]) for _, group in top])]
    svg = drawn(Chart("HorizontalBar", title, series, [name or "(none)" for name, _ in top], "credits"))
    rows = [
        (name or "(none)", f"{jobs}", shown(credits_), shown(high))
        for name, (jobs, credits_, high) in ranked[:_TABLE_ROWS]
    ]
    return Plot(title, svg, (by, "jobs", "credits", "at most"), rows, _left_out(len(ranked)))


def _cumulated(figures: Figures, budget: Decimal | None) -> Plot | None:
    if not figures.prices.groups:
        return None
    curve = figures.prices.curve
    title = "Credits, added up job by job"
    series: list[tuple[str, Sequence[object]]] = [
        ("credits", [(jobs, float(credits_)) for jobs, credits_, _ in curve]),
        ("at most", [(jobs, float(high)) for jobs, _, high in curve]),
    ]
    note = None
    if budget is not None:
        series.append(("budget", [(0, float(budget)), (curve[-1][0], float(budget))]))
        within = max((jobs for jobs, _, high in curve if high <= budget), default=0)
        note = f"the budget of {shown(budget)} credits pays for the first {within} jobs, even at the high end"
    options = {"show_dots": False, "xrange": (0, curve[-1][0])}
    svg = drawn(Chart("XY", title, series, across="jobs", upwards="credits", options=options))
    step = max(1, -(-len(curve) // _TABLE_ROWS))
    told = [*curve[:-1:step], curve[-1]]
    rows = [(f"{jobs}", shown(credits_), shown(high)) for jobs, credits_, high in told]
    return Plot(title, svg, ("jobs", "credits", "at most"), rows, note)


def _ranges(figures: Figures) -> Plot | None:
    priced = sorted(figures.prices.ranges, reverse=True)
    if not priced:
        return None
    title = "Price of each job with its range"
    between: list[tuple[int, float] | None] = []
    for place, each in enumerate(priced, start=1):
        between += [(place, float(each.low)), (place, float(each.high)), None]
    series: list[tuple[str, Sequence[object]]] = [
        ("lowest to highest", between),
        ("headline", [(place, float(each.credits)) for place, each in enumerate(priced, start=1)]),
    ]
    options = {"allow_interruptions": True, "dots_size": 3, "xrange": (0, len(priced) + 1), "show_x_labels": False}
    svg = drawn(Chart("XY", title, series, across="jobs", upwards="credits", dots="headline", options=options))
    rows = [(each.name, shown(each.credits), shown(each.low), shown(each.high)) for each in priced]
    jobs = sum(group[0] for group in figures.prices.groups.values())
    note = f"the {len(priced)} most expensive of {jobs} jobs" if jobs > len(priced) else None
    return Plot(title, svg, ("job", "credits", "low", "high"), rows, note)


def _hosts(figures: Figures) -> Iterator[Plot]:
    kinds: Iterable[tuple[str, Mapping[str, int]]] = (("Requests", figures.requests), ("Bytes", figures.bytes))
    for name, counts in kinds:
        ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if not ranked:
            return
        top = ranked[:_BARS][::-1]
        title = f"{name} by host"
        is_bytes = name == "Bytes"
        values = [count / 1_000_000 if is_bytes else count for _, count in top]
        series = [(name, values)]
        unit = "MB read" if is_bytes else "requests"
        svg = drawn(Chart("HorizontalBar", title, series, [host for host, _ in top], unit))
        rows = [(host, phrases.size(count) if is_bytes else f"{count}") for host, count in ranked[:_TABLE_ROWS]]
        yield Plot(title, svg, ("host", "read" if is_bytes else "requests"), rows, _left_out(len(ranked)))


def _second(second: int) -> str:
    return f"{second} s and more" if second == EDGES["seconds"][-1] else f"{second}–{second + 1} s"


def _binary(low: int) -> str:
    """``64 KiB``: the edge of a bin."""
    power = (low.bit_length() - 1) // 10 if low else 0
    return f"{low >> 10 * power} {('B', 'KiB', 'MiB', 'GiB', 'TiB')[power]}"


def _two(inside: Sequence[object], outside: Sequence[object]) -> list[tuple[str, Sequence[object]]]:
    return [("within the limits", inside), ("outside the limits", outside)]


def _left_out(count: int) -> str | None:
    return f"the first {_BARS} of {count}; the table has more" if count > _BARS else None
