"""The counts of a part, and of a whole run: small, and added up in any number without growing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol

from preflight.model import Family, Kind
from preflight.model.report import are_exchanged
from preflight.rules import Trait, rules_with
from preflight.runs.limits import HOSTS_COUNTED
from preflight.runs.on_disk.histogram import Histogram, histograms
from preflight.sources.url import counted_host

VERDICTS: Final = ("pass", "fail", "indeterminate")
OTHER_HOSTS: Final = "(other hosts)"
PART_SIZE: Final = "part_bytes"
"""The key of the size of the part's file, beside its counts."""

FOREIGN: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
"""What values raise that preflight did not write."""

_FAMILIES = {family.key: family for family in Family}
_BUDGET = rules_with(Trait.BUDGET)
_AMOUNTS = ("credits", "low", "high", "usd")
_COSTS = ("bytes", "requests", "sent_again")
_SUMS = (
    "rows", *_AMOUNTS, "priced", "inexact", "passing_priced", *(f"passing_{name}" for name in _AMOUNTS), "over_budget",
    "swapped", *_COSTS,
)  # fmt: skip
_ROW_DIGITS: Final = 18
_SUM_DIGITS: Final = 36
"""Digits before the point of an amount: in a row, and in counts, which add up rows. A larger one is not a price."""


class Cost(Protocol):
    """What reading took."""

    bytes: int
    requests: int
    sent_again: int


@dataclass(slots=True, kw_only=True)
class Tally:
    """``bytes``, ``requests`` and ``sent_again`` are what was read for these rows, each reading counted once.

    ``swapped`` counts rows with a clip as the image and a picture as the video. ``passing_`` is the price of the rows
    that pass, which are those that are paid for.
    """

    rows: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    hidden: Counter[str] = field(default_factory=Counter)
    rules: dict[str, Counter[str]] = field(default_factory=dict)
    hosts: dict[str, Counter[str]] = field(default_factory=dict)
    histograms: dict[str, Histogram] = field(default_factory=histograms)
    credits: Decimal = Decimal(0)
    low: Decimal = Decimal(0)
    high: Decimal = Decimal(0)
    usd: Decimal = Decimal(0)
    priced: int = 0
    inexact: int = 0
    passing_priced: int = 0
    passing_credits: Decimal = Decimal(0)
    passing_low: Decimal = Decimal(0)
    passing_high: Decimal = Decimal(0)
    passing_usd: Decimal = Decimal(0)
    over_budget: int = 0
    swapped: int = 0
    bytes: int = 0
    requests: int = 0
    sent_again: int = 0

    def add_row(self, job: Mapping[str, Any]) -> None:
        """Count a row's object (``preflight.job/v1``), without the cost of reading. Raises ``FOREIGN``."""
        verdict = job["verdict"]
        self.rows += 1
        self.verdicts[verdict] += 1
        rules = {_text(finding["rule"]) for finding in job["findings"]}
        for rule in rules:
            self.rules.setdefault(rule, Counter())[verdict] += 1
        self.over_budget += not _BUDGET.isdisjoint(rules)
        self.swapped += are_exchanged(_files(job))
        self.hidden.update(_counts(job.get("hidden", {})))
        hosts = set()
        for subject in job["subjects"]:
            source = _text(subject["source"])
            hosts.add(counted_host(source, with_port=True) if "://" in source else "")
            facts = subject["facts"] or {}
            if facts.get("size_bytes") is not None and subject["kind"] in ("image", "video"):
                self.histograms[f"{subject['kind']}_bytes"].add(facts["size_bytes"])
            if facts.get("duration_s") is not None:
                self.histograms["seconds"].add(float(facts["duration_s"]))
        for host in hosts:
            self._host(host)[verdict] += 1
        quote = job["quote"]
        if quote is not None:
            self.priced += 1
            self.inexact += not quote["exact"]
            self.passing_priced += verdict == "pass"
            for name in _AMOUNTS:
                amount = _amount(quote[name], _ROW_DIGITS)
                self._add_amount(name, amount)
                if verdict == "pass":
                    self._add_amount(f"passing_{name}", amount)
            self.histograms["credits"].add(float(quote["credits"]))

    def add_cost(self, cost: Cost) -> None:
        """Count what was read."""
        self.bytes += cost.bytes
        self.requests += cost.requests
        self.sent_again += cost.sent_again

    def add_transfer(self, transfer: Mapping[str, Any]) -> None:
        """Count what was read, as a row says it. Raises ``FOREIGN``."""
        self.bytes += _count(transfer["bytes"])
        self.requests += _count(transfer["requests"])
        self.sent_again += _count(transfer.get("retries", 0))  # which earlier versions did not write

    def take_cost(self, value: Mapping[str, Any]) -> None:
        """Take the cost of reading from the counts ``value``: rows cannot tell it. Raises ``FOREIGN``."""
        self.bytes, self.requests, self.sent_again = [_count(value[name]) for name in _COSTS]

    def merge(self, other: Tally) -> None:
        """Add the counts of ``other``."""
        self.verdicts.update(other.verdicts)
        self.hidden.update(other.hidden)
        for rule, counts in other.rules.items():
            self.rules.setdefault(rule, Counter()).update(counts)
        for host, counts in other.hosts.items():
            self._host(host).update(counts)
        for name, histogram in other.histograms.items():
            self.histograms[name].merge(histogram.counts)
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def _host(self, host: str) -> Counter[str]:
        if host not in self.hosts and len(self.hosts) >= HOSTS_COUNTED:
            host = OTHER_HOSTS
        return self.hosts.setdefault(host, Counter())

    def _add_amount(self, name: str, amount: Decimal) -> None:
        setattr(self, name, getattr(self, name) + amount)

    def to_object(self) -> dict[str, Any]:
        """The counts as JSON, exact numbers as text."""
        return {
            **{name: _plain(getattr(self, name)) for name in _SUMS},
            "verdicts": dict(self.verdicts),
            "hidden": dict(self.hidden),
            "rules": {rule: dict(counts) for rule, counts in sorted(self.rules.items())},
            "hosts": {host: dict(counts) for host, counts in sorted(self.hosts.items())},
            "histograms": {name: histogram.counts for name, histogram in self.histograms.items()},
        }

    @classmethod
    def from_object(cls, value: Mapping[str, Any]) -> Tally:
        """The counts that ``to_object`` made. Raises ``FOREIGN`` for anything else."""
        tally, value = cls(), {"swapped": 0, **value}  # which earlier versions did not count
        for name in _SUMS:
            is_amount = isinstance(getattr(tally, name), Decimal)
            setattr(tally, name, _amount(value[name], _SUM_DIGITS) if is_amount else _count(value[name]))
        tally.verdicts.update(_counts(value["verdicts"]))
        tally.hidden.update(_counts(value["hidden"]))
        tally.rules = {str(rule): Counter(_counts(each)) for rule, each in value["rules"].items()}
        tally.hosts = {str(host): Counter(_counts(each)) for host, each in value["hosts"].items()}
        for name, histogram in tally.histograms.items():
            histogram.merge(map(_count, value["histograms"][name]))
        return tally


def _amount(value: object, digits: int) -> Decimal:
    amount = Decimal(str(value))
    if not amount.is_finite() or amount < 0 or amount.adjusted() >= digits:
        raise ValueError("not an amount")
    return amount


def _files(job: Mapping[str, Any]) -> Iterator[tuple[Kind, Family | None]]:
    for subject in job["subjects"]:
        yield Kind(subject["kind"]), _FAMILIES.get(str((subject["facts"] or {}).get("family")))


def _plain(value: int | Decimal) -> int | str:
    return f"{value:f}" if isinstance(value, Decimal) else value


def _counts(value: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): _count(count) for name, count in value.items()}


def _count(value: object) -> int:
    """``value``, which is a count. A sum would take a text or a truth value, and fail later or say something else."""
    if type(value) is not int or value < 0:
        raise ValueError("not a count")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
