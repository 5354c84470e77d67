"""A short version of the killing in ``kills.py``."""

from __future__ import annotations

from pathlib import Path

from tests.tools.kills import kill_submissions


def test_killed_submissions_bill_no_job_twice_and_lose_no_task(tmp_path: Path) -> None:
    outcome = kill_submissions(12, tmp_path)
    assert (outcome.kills, outcome.billed_twice, outcome.lost, outcome.intact) == (12, (), (), True)
    assert outcome.billed >= outcome.jobs // 2


def test_bills_that_come_later_than_answers_bill_no_job_twice(tmp_path: Path) -> None:
    outcome = kill_submissions(8, tmp_path, late=True)
    assert (outcome.kills, outcome.billed_twice, outcome.lost, outcome.intact) == (8, (), (), True)
