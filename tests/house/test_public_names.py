"""The public surface is a decision: what ``preflight`` exports, and that all of it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import preflight

PUBLIC = [
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


def test_the_public_names_are_these() -> None:
    assert sorted(preflight.__all__) == sorted(PUBLIC)
    assert dir(preflight) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_loads_and_says_what_it_is(name: str) -> None:
    assert getattr(preflight, name).__doc__ or name == "JobLike"  # a union has none in older Pythons


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        preflight.chekc  # noqa: B018 - the access is the test


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, preflight; print(*(set(sys.modules) & {'httpx2', 'h11', 'PIL', 'click', 'rich', 'yaml'}))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""
