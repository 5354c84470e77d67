"""Paying for the jobs of a run: what is sent, what stops it, and what the next start finds."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from preflight.runs.payments.pace import Pace
from tests.support.command import FIXTURES, Ran, command, environment, here
from tests.support.service import Service, service
from tests.tools.run_payment_kills import PRICE, kill_payments

CLIPS = FIXTURES / "clips"
_LONGEST_S = 30.0


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, credits=Decimal(100_000)) as running:
        yield running


def checked_run(sandbox: Service, *prompts: str, videos: dict[int, str] | None = None) -> Path:
    """A finished run of one job a prompt; ``videos`` has other clips of some rows, counted from 0."""
    image, clip = sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")
    rows = [f"r{row},{image},{(videos or {}).get(row, clip)},{prompt}\n" for row, prompt in enumerate(prompts)]
    (sandbox.folder / "jobs.csv").write_text("id,image,video,prompt\n" + "".join(rows), "utf-8")
    folder = sandbox.folder / "run"
    ran = here("check", sandbox.folder / "jobs.csv", "--to", folder, "--workers", "1", *sandbox.media_options)
    assert ran.code == 0, ran.err
    return folder


def pay(sandbox: Service, folder: Path, *arguments: str | Path, budget: int = 50_000) -> Ran:
    return sandbox.submit(folder, "--budget", str(budget), "--yes", *arguments)


def lines_of(folder: Path) -> dict[int, dict[str, Any]]:
    lines = [json.loads(line) for line in (folder / "submissions.jsonl").read_text("ascii").splitlines()]
    assert all(line["schema"] == "preflight.submission/v1" for line in lines)
    assert len({line["row"] for line in lines}) == len(lines)
    return {line["row"]: line for line in lines}


def states_of(folder: Path) -> list[str]:
    lines = lines_of(folder)
    return [lines[row]["state"] for row in sorted(lines)]


def until(happened: Any) -> None:
    end = time.monotonic() + _LONGEST_S
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


def started(sandbox: Service, folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options, "--budget", "50000", "--yes"]
    return subprocess.Popen(
        command("submit", folder, *given, *arguments),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_every_job_that_passed_is_paid_for_once_and_its_result_is_saved(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b", "c")
    ran = pay(sandbox, folder, "--wait", "--download", sandbox.folder / "results")
    assert (ran.code, ran.json["states"], ran.json["stopped"]) == (0, {"completed": 3}, None)
    assert ran.json["taken"] == str(3 * PRICE) == str(sandbox.state["total_consumed"])
    lines = lines_of(folder)
    assert [lines[row]["id"] for row in (1, 2, 3)] == ["r0", "r1", "r2"]
    assert all(Path(file).is_file() for line in lines.values() for file in line["files"])
    requests = sandbox.paid_requests
    again = pay(sandbox, folder, "--wait", "--download", sandbox.folder / "results")
    assert (again.code, sandbox.paid_requests, requests) == (0, 3, 3)
    assert len(list((sandbox.folder / "results").iterdir())) == 3, "saved results are not saved again"


def test_results_are_fetched_by_a_later_start_that_waits(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    assert pay(sandbox, folder).json["states"] == {"accepted": 2}
    ran = pay(sandbox, folder, "--download", sandbox.folder / "results")
    assert (ran.code, ran.json["states"], sandbox.paid_requests) == (0, {"completed": 2}, 2)
    assert len(list((sandbox.folder / "results").iterdir())) == 2


def test_a_budget_reserves_in_order_and_a_larger_one_goes_on(sandbox: Service) -> None:
    folder = checked_run(sandbox, *"abcde")
    ran = pay(sandbox, folder, budget=2 * PRICE + 100)
    assert (ran.code, sandbox.state["jobs_billed"]) == (5, 2)
    assert states_of(folder) == ["accepted", "accepted", "not-sent", "not-sent", "not-sent"]
    assert "720 of the run's budget of 820" in lines_of(folder)[3]["error"]
    assert pay(sandbox, folder, budget=5 * PRICE).code == 0
    assert (sandbox.state["jobs_billed"], sandbox.state["total_consumed"]) == (5, 5 * PRICE)


def test_a_refund_that_was_seen_is_room_in_the_budget(sandbox: Service) -> None:
    folder = checked_run(sandbox, "sandbox:fail", "b")
    first = pay(sandbox, folder, "--wait", "--at-once", "1", budget=PRICE)
    assert (first.code, states_of(folder)) == (4, ["failed", "completed"])
    assert lines_of(folder)[1]["refunded"] is True


@pytest.mark.parametrize("fault", ["insufficient_credits", "spend_limit_exceeded", "invalid_api_key"])
def test_a_refusal_that_the_next_job_would_meet_stops_the_run(fault: str, sandbox: Service) -> None:
    folder = checked_run(sandbox, *"abcd")
    sandbox.arm(fault, operation="create")
    ran = pay(sandbox, folder, "--at-once", "1")
    assert (ran.code, sandbox.paid_requests, ran.json["states"]) == (4, 1, {"not-sent": 4})
    assert fault in ran.json["stopped"]
    assert fault in lines_of(folder)[1]["error"]
    assert pay(sandbox, folder).json["states"] == {"accepted": 4}


def test_an_account_that_does_not_cover_the_next_job_stops_the_run(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(2 * PRICE + 10)) as sandbox:
        folder = checked_run(sandbox, *"abc")
        ran = pay(sandbox, folder, "--at-once", "1")
        assert (ran.code, states_of(folder)) == (4, ["accepted", "accepted", "not-sent"])
        assert ran.json["stopped"].startswith("the balance is 10 credits")
        again = pay(sandbox, folder, "--at-once", "1")
        assert again.json["stopped"].startswith("the balance is 10 credits")
        assert lines_of(folder)[3]["error"].startswith("not sent: the balance is 10 credits")


def test_text_says_once_why_a_job_was_not_sent(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(40)) as sandbox:
        folder = checked_run(sandbox, "a")
        given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
        for _ in "12":
            ran = here("submit", folder, "--budget", "3000", "--yes", *given)
            assert ("not sent: the balance" in ran.out, "1 job: 1 not-sent" in ran.out) == (False, True), ran.out
            assert "stopped: the balance is 40 credits" in ran.out


def test_too_many_requests_are_waited_out(sandbox: Service) -> None:
    folder = checked_run(sandbox, *"abc")
    sandbox.arm("rate_limit_exceeded", operation="create", count=3)
    ran = pay(sandbox, folder)
    assert (ran.code, ran.json["states"], sandbox.state["jobs_billed"]) == (0, {"accepted": 3}, 3)


def test_a_pace_halves_and_recovers() -> None:
    now = [0.0]
    pace = Pace(8, clock=lambda: now[0])
    assert pace.at_once == 8
    pace.slow(5.0)
    pace.slow()
    assert pace.at_once == 0
    now[0] = 5.0
    assert pace.at_once == 4, "those that were under way at the first refusal count once"
    for _ in range(4):
        pace.went_well()
    assert pace.at_once == 5
    for _ in range(100):
        pace.went_well()
    assert pace.at_once == 8


def test_a_failed_task_does_not_end_the_run_and_is_not_paid_for_again(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "sandbox:fail", "c")
    ran = pay(sandbox, folder, "--wait")
    assert (ran.code, states_of(folder)) == (4, ["completed", "failed", "completed"])
    again = pay(sandbox, folder, "--wait")
    assert (again.code, sandbox.paid_requests) == (4, 3)


def test_an_unknown_outcome_is_not_sent_again_and_the_others_go_on(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "sandbox:drop-after-billing", "c")
    ran = pay(sandbox, folder)
    assert (ran.code, states_of(folder)) == (6, ["accepted", "unknown", "accepted"])
    assert (pay(sandbox, folder).code, sandbox.paid_requests) == (6, 3)
    assert "ledger resolve" in lines_of(folder)[2]["error"]


def test_ten_unknown_outcomes_in_a_row_stop_the_run(sandbox: Service) -> None:
    folder = checked_run(sandbox, *(f"p{number}" for number in range(14)))
    sandbox.arm("500-after-billing", count=None)
    ran = pay(sandbox, folder, "--at-once", "1")
    assert (ran.code, sandbox.paid_requests, ran.json["states"]) == (6, 10, {"not-sent": 4, "unknown": 10})


def test_files_that_changed_since_the_check_are_checked_again_before_they_are_paid_for(sandbox: Service) -> None:
    changes = {
        "same": "12-seconds.mp4",
        "cheaper": "8.5-seconds.mp4",
        "dearer": "20-seconds.mp4",
        "long": "30.1-seconds.mp4",
    }
    sandbox.media.files.update({f"{name}.mp4": CLIPS / "12-seconds.mp4" for name in changes})
    videos = {row: sandbox.media.url("ok", f"{name}.mp4") for row, name in enumerate(changes)}
    folder = checked_run(sandbox, *changes, videos=videos)
    sandbox.media.files.update({f"{name}.mp4": CLIPS / clip for name, clip in changes.items()})
    ran = pay(sandbox, folder)
    assert (ran.code, states_of(folder)) == (1, ["accepted", "accepted", "not-sent", "not-sent"])
    assert sandbox.state["total_consumed"] == PRICE + 270
    lines = lines_of(folder)
    assert "may cost 600 credits now" in lines[3]["error"]
    assert "no longer passes" in lines[4]["error"]


def test_rows_with_the_same_job_are_paid_for_once(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "a", "b")
    ran = pay(sandbox, folder)
    assert (ran.code, sandbox.state["jobs_billed"]) == (0, 2)
    lines = lines_of(folder)
    assert lines[1]["task_id"] == lines[2]["task_id"]
    assert lines[2]["error"] == "the same job as row 1"


def test_a_job_that_was_paid_for_by_itself_is_not_paid_for_again(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    assert sandbox.submit(sandbox.job(prompt="a"), "--yes").code == 0
    ran = pay(sandbox, folder, budget=PRICE)
    assert (ran.code, sandbox.state["jobs_billed"]) == (0, 2)


def test_no_more_jobs_than_at_once_are_under_way(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(100_000), speed=100.0) as sandbox:
        folder = checked_run(sandbox, *"abcdefg")
        assert pay(sandbox, folder, "--wait", "--at-once", "3").code == 0
        tasks = sandbox.state["tasks"]
    edges = sorted([(task["created_at"], 1) for task in tasks] + [(task["ends_at"], -1) for task in tasks])
    under_way = [sum(step for _, step in edges[: at + 1]) for at in range(len(edges))]
    assert (len(tasks), max(under_way)) == (7, 3)


def test_an_interrupt_ends_waiting_and_the_next_start_goes_on(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(100_000), speed=1.0) as sandbox:
        folder = checked_run(sandbox, *"abcd")
        process = started(sandbox, folder, "--wait", "--at-once", "2")
        until(lambda: sandbox.state["jobs_billed"] == 2)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=_LONGEST_S)
        assert (process.returncode, b"run the same command again" in said) == (130, True), said
        assert states_of(folder) == ["accepted", "accepted", "not-sent", "not-sent"]
        assert pay(sandbox, folder).json["states"] == {"accepted": 4}
        assert sandbox.paid_requests == 4


def test_a_second_process_on_one_run_is_told_of_the_first(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(100_000), speed=1.0) as sandbox:
        folder = checked_run(sandbox, "a")
        process = started(sandbox, folder, "--wait")
        until(lambda: sandbox.state["jobs_billed"] == 1)
        second = pay(sandbox, folder)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=_LONGEST_S)
        assert (second.code, f"process {process.pid}" in second.err) == (2, True)
        assert sandbox.paid_requests == 1


def test_killed_payments_bill_no_job_twice_lose_none_and_keep_the_budget(tmp_path: Path) -> None:
    outcome = kill_payments(14, 2, tmp_path, budget=12 * PRICE, alive_s=3.0)
    assert (outcome.billed_twice, outcome.lost, outcome.intact) == ((), (), True)
    assert (outcome.lines, outcome.most_spent <= outcome.budget) == (14, True)
    assert outcome.last_code in (5, 6)


def test_a_manifest_is_checked_and_paid_for_in_one_command(sandbox: Service) -> None:
    checked_run(sandbox, "a", "b")
    manifest = sandbox.folder / "jobs.csv"
    ran = pay(sandbox, manifest)
    assert (ran.code, ran.json["states"]) == (0, {"accepted": 2})
    assert states_of(sandbox.folder / "jobs.run") == ["accepted", "accepted"]
    assert (pay(sandbox, manifest).code, sandbox.paid_requests) == (0, 2)


REFUSED = {
    "no budget": (["--yes"], "add --budget N"),
    "nobody to ask": (["--budget", "1000"], "add --yes"),
    "again": (["--budget", "1000", "--again"], "submit that job by itself"),
    "a mode": (["--budget", "1000", "--mode", "720p"], "set it in the manifest"),
    "another manifest": (["--budget", "1000", "--yes", "--manifest", "other.csv"], "is not the manifest of"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_order_that_cannot_be_meant_pays_for_nothing(case: str, sandbox: Service) -> None:
    arguments, message = REFUSED[case]
    folder = checked_run(sandbox, "a")
    other = sandbox.folder / "other.csv"
    other.write_text("image,video\na.png,b.mp4\n")
    given = [str(other) if each == "other.csv" else each for each in arguments]
    ran = sandbox.submit(folder, *given)
    assert (ran.code, message in ran.err, sandbox.paid_requests) == (2, True, 0), ran.err


def test_a_single_job_takes_no_options_of_a_run(sandbox: Service) -> None:
    ran = sandbox.submit(sandbox.job(), "--budget", "1000", "--yes")
    assert (ran.code, "--max-credits limits one job" in ran.err, sandbox.untouched) == (2, True, True)


def test_a_manifest_that_changed_or_moved_is_told_apart(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a")
    manifest = sandbox.folder / "jobs.csv"
    moved = sandbox.folder / "elsewhere" / "moved.csv"
    moved.parent.mkdir()
    manifest.rename(moved)
    assert "--manifest FILE" in pay(sandbox, folder).err
    manifest.write_text(moved.read_text() + "r9,x,y,z\n")
    assert "has changed since" in pay(sandbox, folder).err
    assert sandbox.paid_requests == 0
    assert pay(sandbox, folder, "--manifest", moved).code == 0


def test_an_unfinished_run_and_a_damaged_one_are_refused(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    part = folder / "part-00000.jsonl"
    whole = part.read_text()
    part.write_text(whole.replace('"row": 2', '"row": 1'))
    assert (pay(sandbox, folder).code, sandbox.paid_requests) == (2, 0)
    first, second = whole.splitlines(keepends=True)
    swapped = json.loads(first) | {"row": 2}, json.loads(second) | {"row": 1}
    part.write_text("".join(json.dumps(each) + "\n" for each in reversed(swapped)))
    assert "is not that of the manifest" in pay(sandbox, folder).err
    part.unlink()
    assert "is not finished (0 of 1 parts)" in pay(sandbox, folder).err
    assert sandbox.paid_requests == 0


def test_local_files_are_named_before_anything_is_paid_for(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b", videos={1: str(CLIPS / "12-seconds.mp4")})
    ran = pay(sandbox, folder)
    assert (ran.code, sandbox.paid_requests) == (2, 0)
    assert "1 job names a local file" in ran.err
    assert "--upload s3://BUCKET/PREFIX uploads them first" in ran.err


def test_a_row_that_claims_to_pass_is_checked_before_it_is_paid_for(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b", videos={1: sandbox.media.url("ok", "20.mp4")})
    part = folder / "part-00000.jsonl"
    part.write_text(part.read_text().replace('"high": "600"', '"high": "1"'))
    (folder / "counts" / "part-00000.json").unlink()  # which tells that the part was changed
    ran = pay(sandbox, folder)
    assert (ran.code, Counter(states_of(folder))) == (1, Counter({"accepted": 1, "not-sent": 1}))


def test_text_names_each_job_and_cuts_no_id(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    ran = here("submit", folder, "--budget", "1000", "--yes", *given)
    assert ran.code == 0
    assert all(task["id"] in ran.out for task in sandbox.state["tasks"])
    assert "2 jobs: 2 accepted" in ran.out
    assert "720 of 1000 credits" in ran.out


def test_a_folder_that_is_no_run_stays_as_it_is(sandbox: Service) -> None:
    folder = sandbox.folder / "photos"
    folder.mkdir()
    (folder / "a.txt").touch()
    ran = pay(sandbox, folder)
    assert (ran.code, "holds no run" in ran.err, [each.name for each in folder.iterdir()]) == (2, True, ["a.txt"])


def test_results_that_cannot_be_written_down_stop_the_run_and_are_told(sandbox: Service) -> None:
    folder = checked_run(sandbox, "a", "b")
    (folder / "submissions.jsonl").mkdir()
    ran = pay(sandbox, folder)
    assert (ran.code, sandbox.paid_requests) == (2, 0), ran.err


def test_results_that_cannot_be_written_down_any_more_are_told_and_nothing_is_paid_twice(sandbox: Service) -> None:
    """The jobs are paid for when the file is written: the ledger knows them, and the next start writes it."""
    folder = checked_run(sandbox, *"abcdefgh")
    process = started(sandbox, folder, "--at-once", "1")
    until(lambda: sandbox.paid_requests or process.poll() is not None)
    (folder / "submissions.jsonl" / "in-the-way").mkdir(parents=True)
    out, err = process.communicate(timeout=_LONGEST_S)
    assert process.returncode == 2, (out, err)
    assert b"stopped: cannot write submissions.jsonl of" in out
    assert b"submissions.jsonl lacks these jobs: the same command again writes it, and pays for none" in out
    (folder / "submissions.jsonl" / "in-the-way").rmdir()
    (folder / "submissions.jsonl").rmdir()
    again = pay(sandbox, folder)
    assert (again.code, states_of(folder)) == (0, ["accepted"] * 8)
    assert (sandbox.state["jobs_billed"], sandbox.paid_requests) == (8, 8)
