"""The public surface is a decision: what ``preflight`` exports, and that all of it loads."""

from __future__ import annotations

import subprocess
import sys

import pytest

import preflight

PUBLIC = [
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


def test_the_public_names_are_these() -> None:
    assert sorted(preflight.__all__) == sorted(PUBLIC)
    assert dir(preflight) == sorted(PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_loads_and_says_what_it_is(name: str) -> None:
    assert getattr(preflight, name).__doc__


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'chekc'"):
        preflight.chekc  # noqa: B018 - the access is the test


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, preflight; print(*(set(sys.modules) & {'httpx2', 'h11', 'PIL', 'click', 'rich', 'yaml'}))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == ""
