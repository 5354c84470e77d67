"""Check the image, the video and the price of a motion-control job before you pay for it.

``check`` examines a job, or its files, and returns a ``Report``; ``quote`` prices a length; ``submit_job`` pays for a
job once, with a ``Ledger``; ``Client`` and ``AsyncClient`` talk to the service. Names are loaded when they are first
used: a check of a local picture needs no HTTP library.
"""

from __future__ import annotations

from preflight.lazy import lazy_names

__version__ = "0.1.0"

TYPE_CHECKING = False  # as in typing, which takes time to load: an interrupt before main() ends in a traceback
if TYPE_CHECKING:
    from preflight.api import check, check_async
    from preflight.checking.engine import Engine
    from preflight.checking.options import Options
    from preflight.client import AsyncClient, Client, Credits, Task, TaskStatus
    from preflight.errors import (
        ApiError,
        ApiRefusal,
        ApiUnreachable,
        ConfigurationError,
        NotSubmitted,
        OutcomeUnknown,
        PreflightError,
        TaskFailed,
        WaitTimeout,
    )
    from preflight.jobfiles import load_job, load_manifest
    from preflight.ledger import Budget, Ledger
    from preflight.model import (
        Durations,
        Finding,
        ImageFacts,
        Job,
        JobReport,
        Kind,
        Quote,
        Report,
        Severity,
        Subject,
        Verdict,
        VideoFacts,
    )
    from preflight.model.target import Media
    from preflight.pricing import quote
    from preflight.sources.host import AllowedHost
    from preflight.specs import Spec, load_spec
    from preflight.submit.submit import Submission, submit_job

_HOMES = {
    "preflight.api": ("check", "check_async"),
    "preflight.client": ("AsyncClient", "Client", "Credits", "Task", "TaskStatus"),
    "preflight.checking.engine": ("Engine",),
    "preflight.errors": (
        "ApiError",
        "ApiRefusal",
        "ApiUnreachable",
        "ConfigurationError",
        "NotSubmitted",
        "OutcomeUnknown",
        "PreflightError",
        "TaskFailed",
        "WaitTimeout",
    ),
    "preflight.jobfiles": ("load_job", "load_manifest"),
    "preflight.ledger": ("Budget", "Ledger"),
    "preflight.model": (
        "Durations",
        "Finding",
        "ImageFacts",
        "Job",
        "JobReport",
        "Kind",
        "Quote",
        "Report",
        "Severity",
        "Subject",
        "Verdict",
        "VideoFacts",
    ),
    "preflight.checking.options": ("Options",),
    "preflight.model.target": ("Media",),
    "preflight.pricing": ("quote",),
    "preflight.sources.host": ("AllowedHost",),
    "preflight.specs": ("Spec", "load_spec"),
    "preflight.submit.submit": ("Submission", "submit_job"),
}

__all__ = [
    "AllowedHost",
    "ApiError",
    "ApiRefusal",
    "ApiUnreachable",
    "AsyncClient",
    "Budget",
    "Client",
    "ConfigurationError",
    "Credits",
    "Durations",
    "Engine",
    "Finding",
    "ImageFacts",
    "Job",
    "JobReport",
    "Kind",
    "Ledger",
    "Media",
    "NotSubmitted",
    "Options",
    "OutcomeUnknown",
    "PreflightError",
    "Quote",
    "Report",
    "Severity",
    "Spec",
    "Subject",
    "Submission",
    "Task",
    "TaskFailed",
    "TaskStatus",
    "Verdict",
    "VideoFacts",
    "WaitTimeout",
    "check",
    "check_async",
    "load_job",
    "load_manifest",
    "load_spec",
    "quote",
    "submit_job",
]


__getattr__ = lazy_names(globals(), _HOMES)


def __dir__() -> list[str]:
    return sorted(__all__)
