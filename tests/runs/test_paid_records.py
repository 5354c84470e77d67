"""What a run says of its own payments is not forgotten, and no other ledger pays for its jobs again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.runs.test_paying import checked_run, lines_of, pay
from tests.support.command import Ran
from tests.support.service import Service, service
from tests.tools.run_payment_kills import PRICE

RECORD = "submissions.jsonl"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, credits=Decimal(100_000)) as running:
        yield running


def by_another(sandbox: Service, *arguments: str, budget: int = 50_000) -> Ran:
    """The same command in a process whose ledger is ``other.db``."""
    return sandbox.run("submit", "run", "--budget", str(budget), "--ledger", "other.db", *arguments)


def test_another_ledger_pays_for_nothing_and_forgets_no_task(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    assert pay(sandbox, folder).code == 0
    before = (folder / RECORD).read_bytes()
    for how, budget in [("--yes", 50_000), ("--yes", 10), ("--dry-run", 50_000)]:
        ran = by_another(sandbox, how, budget=budget)
        assert (ran.code, sandbox.paid_requests, (folder / RECORD).read_bytes()) == (2, 2, before), ran.err
        assert "2 jobs of this run were sent before" in ran.err
        assert str(lines_of(folder)[1]["task_id"]) in ran.err
        assert "other.db does not have them: name the ledger that has them with --ledger PATH" in ran.err
    assert (pay(sandbox, folder).code, sandbox.paid_requests) == (0, 2)


def test_jobs_that_were_never_sent_may_be_paid_by_any_ledger(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    assert pay(sandbox, folder, budget=10).code == 5
    assert (by_another(sandbox, "--yes").code, sandbox.paid_requests) == (0, 2)


def test_a_job_that_may_have_been_paid_for_counts_as_paid(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a")
    assert pay(sandbox, folder).code == 0
    line = lines_of(folder)[1]
    del line["api"]
    for state in ("unknown", "failed", "not heard of"):
        (folder / RECORD).write_text(json.dumps(line | {"state": state, "task_id": None}) + "\n")
        ran = pay(sandbox, folder, "--ledger", sandbox.folder / "other.db")
        assert (ran.code, sandbox.paid_requests) == (2, 1), ran.err
        assert "1 job of this run was sent before" in ran.err


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda whole: whole[:-20],
    "cut in front": lambda whole: whole[20:],
    "foreign": lambda _: b"PK\x03\x04 not lines\n\xff\xfe\n",
    "another schema": lambda whole: whole.replace(b"preflight.submission/v1", b"preflight.job/v1"),
    "no state": lambda whole: whole.replace(b'"state"', b'"mood"'),
    "a row beyond the run": lambda whole: whole.replace(b'"row": 2', b'"row": 99999'),
    "a row that is true": lambda whole: whole.replace(b'"row": 1', b'"row": true'),
    "deep": lambda _: b"[" * 100_000 + b"\n",
    "a huge number": lambda whole: whole.replace(b'"row": 1', b'"row": ' + b"9" * 5000),
    "no number": lambda whole: whole.replace(b'"row": 1', b'"row": NaN'),
    "nothing but zeros": lambda whole: bytes(len(whole)),
}


def test_a_damaged_record_pays_for_nothing(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    assert pay(sandbox, folder).code == 0
    whole = (folder / RECORD).read_bytes()
    for name, damage in DAMAGES.items():
        damaged = damage(whole)
        (folder / RECORD).write_bytes(damaged)
        ran = pay(sandbox, folder, "--ledger", sandbox.folder / "other.db")
        assert (ran.code, sandbox.paid_requests, (folder / RECORD).read_bytes()) == (2, 2, damaged), (name, ran.err)
        assert f"of {RECORD} cannot be read, and it may name a job that was paid for" in ran.err, name
    assert (pay(sandbox, folder).code, sandbox.paid_requests) == (0, 2), "the ledger that has them needs no record"


def test_a_task_of_a_row_that_fails_now_stays_in_the_record(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    assert pay(sandbox, folder).code == 0
    task = lines_of(folder)[2]["task_id"]
    part = folder / "part-00000.jsonl"
    first, second = part.read_text().splitlines(keepends=True)
    part.write_text(first + second.replace('"verdict": "pass"', '"verdict": "fail"', 1))
    (folder / "counts" / "part-00000.json").unlink()  # as if --retry had written the part
    assert pay(sandbox, folder).code == 1
    assert (lines_of(folder)[2]["task_id"], lines_of(folder)[2]["state"]) == (task, "accepted")


def test_a_trial_in_a_sandbox_holds_up_no_other_service_and_is_kept(sandbox: Service, tmp_path: Path) -> None:
    folder = checked_run(sandbox, "a", "b")
    assert pay(sandbox, folder).code == 0
    tried = {line["task_id"] for line in lines_of(folder).values()}
    (tmp_path / "second").mkdir()
    with service(tmp_path / "second", credits=Decimal(10 * PRICE)) as other:
        ran = pay(other, folder, "--allow-host", "127.0.0.1")
        assert (ran.code, other.paid_requests) == (0, 2), ran.err
        assert {line["api"] for line in lines_of(folder).values()} == {other.url}
    kept = [json.loads(line) for line in (folder / "submissions-1.jsonl").read_text("ascii").splitlines()]
    assert {line["task_id"] for line in kept} == tried


def test_a_folder_that_takes_no_result_is_known_before_a_run_is_paid_for(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a")
    (sandbox.folder / "taken").write_text("a file")
    ran = pay(sandbox, folder, "--wait", "--download", sandbox.folder / "taken")
    assert (ran.code, sandbox.paid_requests, "cannot save a result in" in ran.err) == (2, 0, True), ran.err
