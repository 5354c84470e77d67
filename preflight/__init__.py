"""Check the image, the video and the price of a motion-control job before you pay for it.

``check`` examines a job, or its files, and returns a ``Report``; ``estimate`` prices it in every mode; ``probe`` gives
facts; ``fix`` repairs local files; ``submit_job`` pays for a job once, with a ``Ledger``; ``Client`` and
``AsyncClient`` talk to the service. In an event loop, use ``check_async``, or an ``Engine`` in ``async with``.

Names are loaded when they are first used: a check of a local picture needs no HTTP library.
"""

from __future__ import annotations

from preflight.lazy import keep_function, lazy_names

__version__ = "0.1.0"

TYPE_CHECKING = False  # as in typing, which takes time to load: an interrupt before main() ends in a traceback
if TYPE_CHECKING:
    from preflight.api import (
        check,
        check_async,
        estimate,
        fix,
        probe,
        submit_job,
        submit_job_async,
    )
    from preflight.checking.engine import (
        Engine,
        Results,
    )
    from preflight.checking.options import (
        Options,
    )
    from preflight.checking.subjects import (
        Checked,
    )
    from preflight.client import (
        AsyncClient,
        Client,
        Credits,
        Task,
        TaskStatus,
    )
    from preflight.errors import (
        AddressRefused,
        AlreadySubmitted,
        ApiError,
        ApiRefusal,
        ApiUnreachable,
        BalanceTooLow,
        ConfigurationError,
        HttpStatus,
        InsufficientCredits,
        InternalError,
        InvalidApiKey,
        InvalidKey,
        InvalidRequest,
        IpNotAllowed,
        JobUnreadable,
        LedgerUnusable,
        LocalUnreadable,
        MissingExtra,
        ModelNotFound,
        NotSubmitted,
        OutcomeUnknown,
        OverBudget,
        PreflightError,
        RateLimitExceeded,
        SourceChanged,
        SourceError,
        SpecError,
        SpendLimitExceeded,
        StillUnknown,
        TaskFailed,
        TaskNotFound,
        UnexpectedResponse,
        Unreachable,
        UpstreamError,
        WaitTimeout,
    )
    from preflight.fix.fixer import (
        FixOptions,
    )
    from preflight.fix.outcome import (
        FixState,
        Outcome,
    )
    from preflight.jobfiles import (
        load_job,
        load_manifest,
    )
    from preflight.ledger import (
        Budget,
        Ledger,
    )
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
        TotalQuote,
        Transfer,
        Verdict,
        VideoFacts,
    )
    from preflight.model.target import (
        Media,
    )
    from preflight.pricing import (
        quote,
    )
    from preflight.sources.host import (
        AllowedHost,
    )
    from preflight.specs import (
        Spec,
        Specs,
        load_spec,
    )
    from preflight.submit.submit import (
        Submission,
    )
    from preflight.targets.from_code import (
        JobLike,
    )

_HOMES = {
    "preflight.api": ("check", "check_async", "estimate", "fix", "probe", "submit_job", "submit_job_async"),
    "preflight.checking.engine": ("Engine", "Results"),
    "preflight.checking.options": ("Options",),
    "preflight.checking.subjects": ("Checked",),
    "preflight.client": ("AsyncClient", "Client", "Credits", "Task", "TaskStatus"),
    "preflight.errors": (
        "AddressRefused",
        "AlreadySubmitted",
        "BalanceTooLow",
        "ApiError",
        "ApiRefusal",
        "ApiUnreachable",
        "ConfigurationError",
        "HttpStatus",
        "InsufficientCredits",
        "InternalError",
        "InvalidApiKey",
        "InvalidKey",
        "InvalidRequest",
        "IpNotAllowed",
        "JobUnreadable",
        "LedgerUnusable",
        "LocalUnreadable",
        "MissingExtra",
        "ModelNotFound",
        "NotSubmitted",
        "OutcomeUnknown",
        "OverBudget",
        "PreflightError",
        "RateLimitExceeded",
        "SourceChanged",
        "SourceError",
        "SpecError",
        "SpendLimitExceeded",
        "StillUnknown",
        "TaskFailed",
        "TaskNotFound",
        "UnexpectedResponse",
        "Unreachable",
        "UpstreamError",
        "WaitTimeout",
    ),
    "preflight.fix.fixer": ("FixOptions",),
    "preflight.fix.outcome": ("FixState", "Outcome"),
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
        "TotalQuote",
        "Transfer",
        "Verdict",
        "VideoFacts",
    ),
    "preflight.model.target": ("Media",),
    "preflight.pricing": ("quote",),
    "preflight.sources.host": ("AllowedHost",),
    "preflight.specs": ("Spec", "Specs", "load_spec"),
    "preflight.submit.submit": ("Submission",),
    "preflight.targets.from_code": ("JobLike",),
}

__all__ = [
    "AddressRefused",
    "AllowedHost",
    "AlreadySubmitted",
    "ApiError",
    "ApiRefusal",
    "ApiUnreachable",
    "AsyncClient",
    "BalanceTooLow",
    "Budget",
    "Checked",
    "Client",
    "ConfigurationError",
    "Credits",
    "Durations",
    "Engine",
    "Finding",
    "FixOptions",
    "FixState",
    "HttpStatus",
    "ImageFacts",
    "InsufficientCredits",
    "InternalError",
    "InvalidApiKey",
    "InvalidKey",
    "InvalidRequest",
    "IpNotAllowed",
    "Job",
    "JobLike",
    "JobReport",
    "JobUnreadable",
    "Kind",
    "Ledger",
    "LedgerUnusable",
    "LocalUnreadable",
    "Media",
    "MissingExtra",
    "ModelNotFound",
    "NotSubmitted",
    "Options",
    "Outcome",
    "OutcomeUnknown",
    "OverBudget",
    "PreflightError",
    "Quote",
    "RateLimitExceeded",
    "Report",
    "Results",
    "Severity",
    "SourceChanged",
    "SourceError",
    "Spec",
    "SpecError",
    "Specs",
    "SpendLimitExceeded",
    "StillUnknown",
    "Subject",
    "Submission",
    "Task",
    "TaskFailed",
    "TaskNotFound",
    "TaskStatus",
    "TotalQuote",
    "Transfer",
    "UnexpectedResponse",
    "Unreachable",
    "UpstreamError",
    "Verdict",
    "VideoFacts",
    "WaitTimeout",
    "check",
    "check_async",
    "estimate",
    "fix",
    "load_job",
    "load_manifest",
    "load_spec",
    "probe",
    "quote",
    "submit_job",
    "submit_job_async",
]

__getattr__ = lazy_names(globals(), _HOMES, prepare="preflight.checking.public_types")
keep_function(__name__, "fix")


def __dir__() -> list[str]:
    return sorted(__all__)
