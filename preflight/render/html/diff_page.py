"""A difference as a page: the guardrails that tripped, the price before and after, and each changed job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from preflight.redact import shorten
from preflight.render.differences import diff_phrases as phrases
from preflight.render.html.environment import Markup, asset, environment, policy
from preflight.render.html.job_rows import NAME_CHARS, FindingText, finding_texts
from preflight.render.html.overview import Tile, shown
from preflight.units import dollars

if TYPE_CHECKING:
    from preflight.diff.difference import Amount, Difference, JobChange
    from preflight.render.surroundings import Surroundings

JOBS_SHOWN: Final = 10_000
"""Changed jobs of a page; JSON has all of them."""
_CHANGES = 40
_FINDINGS = 40
_GROUPS = 200


class _Change(NamedTuple):
    """One changed job. ``data`` is what the page's script filters, sorts and groups by."""

    kind: str
    name: str
    old_path: str | None
    verdict: str
    verdicts: str
    changes: Sequence[str]
    new: Sequence[FindingText]
    fixed: Sequence[str]
    old: int
    credits: str
    change: str
    data: dict[str, str]


def render_page(found: Difference, around: Surroundings) -> str:
    """The page; the same difference makes the same bytes."""
    style, script = asset("page.css"), asset("jobs.js")
    return (
        environment()
        .get_template("diff.html")
        .render(
            policy=policy(styles=[style], scripts=[script]),
            style=style,
            pictures=Markup(),
            script=script,
            version=around.about()[0],
            title="What a change costs",
            base=found.base[:12],
            head=found.head[:12] if found.head else "working tree",
            headline=phrases.headline(found),
            tripped=[(each.level.value, phrases.guardrail(each)) for each in found.guardrails if each.tripped],
            kept=[phrases.guardrail(each) for each in found.guardrails if not each.tripped],
            tiles=list(_tiles(found)),
            groups=[
                (
                    group.name,
                    f"{group.jobs}",
                    shown(group.before.credits),
                    shown(group.after.credits),
                    _range(group.change),
                )
                for group in found.groups[:_GROUPS]
            ],
            remarks=[shorten(remark, 1000) for remark in found.remarks],
            jobs=map(_change, islice(found.jobs, JOBS_SHOWN)),
            count=len(found.jobs),
            left_out=max(len(found.jobs) - JOBS_SHOWN, 0),
            rules=sorted({each.rule for job in found.jobs for each in job.new}),
        )
        + "\n"
    )


def _tiles(found: Difference) -> Iterator[Tile]:
    for label, amount in (("before", found.before), ("after", found.after)):
        note = f"${dollars(amount.usd)}"
        if amount.unpriced:
            note += f"; {amount.unpriced} without a price"
        yield Tile(label, shown(amount.credits), f"{amount.credits:f}", note)
    change = found.change
    note = phrases.signed_dollars(change.usd)
    if change.low != change.high:
        note += f", between {phrases.signed(change.low)} and {phrases.signed(change.high)}"
    kind = "fail" if change.credits > 0 else "pass" if change.credits < 0 else ""
    yield Tile("difference in credits", phrases.signed(change.credits), f"{change.credits:f}", note, kind)


def _range(change: Amount) -> str:
    text = phrases.signed(change.credits)
    return (
        text if change.low == change.high else f"{text} ({phrases.signed(change.low)} to {phrases.signed(change.high)})"
    )


def _change(job: JobChange) -> _Change:
    side = job.after or job.before
    quote = side.quote if side is not None else None
    verdict = side.verdict.value if side is not None else "pass"
    changes = [*map(phrases.field, job.fields), *map(phrases.fact, job.facts)]
    return _Change(
        kind=job.kind.value,
        name=shorten(phrases.name(job), NAME_CHARS),
        old_path=shorten(job.old_path, NAME_CHARS) if job.old_path else None,
        verdict=verdict,
        verdicts=phrases.verdicts(job),
        changes=[shorten(each, 500) for each in changes[:_CHANGES]],
        new=finding_texts(job.new)[:_FINDINGS],
        fixed=list(dict.fromkeys(each.rule for each in job.fixed)) if job.after else [],
        old=len(job.old),
        credits=phrases.credits_of(job) if job.counted else "—",
        change=phrases.price_change(job) if job.counted else "—",
        data={
            "verdict": verdict,
            "kind": job.kind.value,
            "credits": "" if quote is None else f"{quote.credits:f}",
            "high": "" if quote is None else f"{quote.high:f}",
            "mode": "" if quote is None else quote.mode,
            "file": shorten(job.path or "", NAME_CHARS),
            "group": shorten(job.group or "", NAME_CHARS),
            "rules": " ".join(dict.fromkeys(each.rule for each in job.new)),
        },
    )
