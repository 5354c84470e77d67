"""A program that uses the public API in every way that its types promise: mypy and pyright read it, both strictly."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import preflight
from preflight import (
    Checked,
    Client,
    ConfigurationError,
    Engine,
    Job,
    JobReport,
    Ledger,
    Media,
    Options,
    Outcome,
    Report,
    Spec,
    Specs,
    Subject,
    Submission,
    Verdict,
)
from preflight.callbacks import Receiver
from preflight.testing import MediaServer, RunningSandbox


def checks(body: dict[str, Any], job: Job, path: Path) -> list[Report]:
    """A job in every form."""
    reports = [preflight.check(each) for each in (body, job, path, "job.yaml")]
    reports.append(preflight.check(image="a.png", video=path, mode="1080p", options=Options(thorough=True)))
    reports.append(preflight.estimate(seconds=Fraction(25, 2)))
    reports.append(preflight.estimate(body, seconds=None))
    return reports


def results(report: Report) -> tuple[Verdict, Decimal | None, dict[str, Any], str, list[dict[str, Any]]]:
    """What a report says."""
    again: Report = Report.from_json(report.to_json())
    first: JobReport = again.jobs[0]
    subject: Subject = first.subjects[0]
    width: int | None = subject.image.width if subject.image else None
    assert width is None or width > 0
    price = again.quote.credits if again.quote else None
    return again.verdict, price, again.to_dict(), repr(again), again.to_records()


async def service(urls: AsyncIterator[Media], client: Client, ledger: Ledger) -> Submission | None:
    """In an event loop."""
    try:
        async with Engine() as engine, ledger:
            report: Report = await engine.check_async([Media(source="a.png")])
            async for result in engine.results(urls):
                found: Checked = result
                report = Report(jobs=(found.report,), verdict=found.report.verdict)
        return await preflight.submit_job_async("job.yaml", report, client, ledger, again=False)
    except ConfigurationError:
        return None


def repaired(path: Path) -> tuple[Outcome, ...]:
    """Repairs."""
    with Engine() as engine:
        for result in engine.results([Media(source=str(path))]):
            assert result.index == 0
    return preflight.fix(path, options=preflight.FixOptions(dry=True))


def of_another_model(path: Path, job: Job, client: Client, ledger: Ledger) -> Submission:
    """A model of a spec file: as the spec, as several, and as a path."""
    spec: Spec = preflight.load_spec(path)
    for given in (spec, Specs([spec]), path, "my-model.toml"):
        report = preflight.check(job, options=Options(spec=given))
    modes: tuple[str, ...] = spec.choices("mode")
    assert modes or spec.price.clips
    return preflight.submit_job(job, report, client, ledger, spec=spec)


async def learns_of_the_end(receiver: Receiver) -> str:
    """The receiver of callbacks, mounted in an application."""
    async with receiver.lifespan():
        return receiver.url("https://example.com/callbacks")


def tested(preflight_sandbox: RunningSandbox, preflight_media: MediaServer) -> tuple[Decimal, str]:
    """The fixtures for tests of others."""
    with preflight_sandbox.client() as client:
        assert client.credits().balance == preflight_sandbox.balance
    return preflight_sandbox.balance, preflight_media.clip(seconds=12)


def refused() -> None:
    """Each of these is an error of types: an ignore that is not needed is one, too."""
    preflight.check(7)  # type: ignore[arg-type]
    preflight.check(vidoe="a.mp4")  # type: ignore[call-arg]
    preflight.check("a.mp4").verdict = Verdict.PASS  # type: ignore[misc]
