"""``preflight submit`` with its ledger: what is paid once, what is in doubt, and how that is settled."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from preflight.sandbox.billing import Rounding, Tariff
from tests.support.command import KEY, SIGNATURE, SIGNED, Ran, command, environment, here
from tests.support.jobs import job, write_job
from tests.support.service import Service, service


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


def ledger(sandbox: Service, *arguments: str | Path) -> Ran:
    return here("ledger", *arguments, "--format", "json", *sandbox.ledger_options)


def entry(sandbox: Service, number: int = 1) -> dict[str, object]:
    (found,) = ledger(sandbox, "show", str(number)).json["entries"]
    return dict(found)


def resolve(sandbox: Service, *arguments: str, number: int = 1) -> Ran:
    return ledger(sandbox, "resolve", str(number), *arguments, *sandbox.options)


def let_it_settle(sandbox: Service) -> None:
    """As if the settling time had passed."""
    with sqlite3.connect(sandbox.folder / "ledger.db") as connection:
        connection.execute("UPDATE entry SET settles_at = '2026-01-01T00:00:00.000000+00:00' WHERE state = 'unknown'")
    connection.close()


def test_the_same_job_is_paid_for_once_unless_again_is_said(sandbox: Service) -> None:
    path = sandbox.job()
    assert sandbox.submit(path, "--yes").code == 0
    ran = sandbox.submit(path, "--yes")
    assert (ran.code, ran.out, sandbox.paid_requests) == (1, "", 1)
    assert sandbox.state["tasks"][0]["id"] in ran.err
    assert "--again" in ran.err
    assert (sandbox.submit(path, "--yes", "--again").code, sandbox.paid_requests) == (0, 2)


def test_a_submission_leaves_its_whole_story(sandbox: Service) -> None:
    ran = sandbox.submit(sandbox.job(), "--yes", "--wait")
    said = entry(sandbox)
    assert (said["state"], said["task_id"], said["charged"]) == ("completed", ran.json["task_id"], "360")
    assert [event["state"] for event in said["events"]] == ["intended", "sent", "accepted", "completed"]  # type: ignore[attr-defined, index]
    assert said["balances"]["before"]["balance"] == "10000"  # type: ignore[index]
    assert said["balances"]["after"]["balance"] == "9640"  # type: ignore[index]
    assert {receipt["field"] for receipt in said["receipts"]} == {"input.input_urls[0]", "input.video_urls[0]"}  # type: ignore[attr-defined]
    assert ran.json["entry"] == said["id"] == 1


@pytest.mark.parametrize("fault", ["drop-after-billing", "500-after-billing", "malformed-body", "internal_error"])
def test_what_is_unknown_is_not_sent_again_and_counts(fault: str, sandbox: Service) -> None:
    sandbox.arm(fault)
    path = sandbox.job()
    ran = sandbox.submit(path, "--yes")
    assert (ran.code, entry(sandbox)["state"]) == (6, "unknown")
    assert "preflight ledger resolve 1" in ran.err
    for more in ([], ["--again"]):
        again = sandbox.submit(path, "--yes", *more)
        assert (again.code, again.out, sandbox.paid_requests) == (6, "", 1)
    other = write_job(
        sandbox.folder, job(image=sandbox.media.url("ok", "a.png"), video=sandbox.media.url("ok", "8.5.mp4"))
    )
    assert sandbox.submit(other, "--yes", "--max-credits", "629").code == 5
    assert sandbox.submit(other, "--yes", "--budget-per-day", "629").code == 5
    assert sandbox.paid_requests == 1
    assert sandbox.submit(other, "--yes", "--max-credits", "630", "--budget-per-day", "630").code == 0


def test_the_balance_tells_that_a_lost_request_was_charged(sandbox: Service) -> None:
    sandbox.arm("500-after-billing")
    assert sandbox.submit(sandbox.job(), "--yes").code == 6
    ran = resolve(sandbox)
    assert (ran.code, entry(sandbox)["state"], entry(sandbox)["charged"]) == (0, "accepted", "360")
    task = sandbox.state["tasks"][0]["id"]
    assert resolve(sandbox, "--task", task).code == 0
    assert (entry(sandbox)["state"], entry(sandbox)["task_id"]) == ("completed", task)


def test_the_balance_tells_that_a_refused_request_was_not_charged(sandbox: Service) -> None:
    sandbox.arm("internal_error")
    path = sandbox.job()
    assert sandbox.submit(path, "--yes").code == 6
    early = resolve(sandbox)
    assert (early.code, entry(sandbox)["state"], "may still charge until" in early.err) == (6, "unknown", True)
    let_it_settle(sandbox)
    assert (resolve(sandbox).code, entry(sandbox)["state"]) == (0, "refused")
    assert (sandbox.submit(path, "--yes").code, sandbox.state["jobs_billed"]) == (0, 1)


def test_the_balance_tells_nothing_when_something_else_ran(sandbox: Service) -> None:
    sandbox.arm("500-after-billing")
    assert sandbox.submit(sandbox.job(), "--yes").code == 6
    assert sandbox.submit(sandbox.job(prompt="another"), "--yes").code == 0
    ran = resolve(sandbox)
    assert (ran.code, entry(sandbox)["state"]) == (6, "unknown")
    assert "another request ran since" in ran.err


def test_the_user_tells_which_task_it_was(sandbox: Service) -> None:
    sandbox.arm("drop-after-billing")
    assert sandbox.submit(sandbox.job(), "--yes").code == 6
    assert resolve(sandbox, "--task", "no-such-task").code == 4
    task = sandbox.state["tasks"][0]["id"]
    assert (resolve(sandbox, "--task", task).code, entry(sandbox)["task_id"]) == (0, task)
    assert resolve(sandbox, "--not-charged").code == 2
    assert entry(sandbox)["state"] == "completed"


def test_the_user_tells_that_nothing_was_charged(sandbox: Service) -> None:
    sandbox.arm("drop-before-billing")
    path = sandbox.job()
    assert sandbox.submit(path, "--yes").code == 6
    assert (resolve(sandbox, "--not-charged").code, entry(sandbox)["state"]) == (0, "refused")
    assert sandbox.submit(path, "--yes").code == 0


def test_a_refusal_leaves_the_job_free_to_be_sent(sandbox: Service) -> None:
    sandbox.arm("spend_limit_exceeded")
    path = sandbox.job()
    assert (sandbox.submit(path, "--yes").code, entry(sandbox)["state"]) == (4, "refused")
    assert sandbox.submit(path, "--yes").code == 0


def test_a_failed_task_is_refunded_where_the_balance_shows_it(tmp_path: Path) -> None:
    with service(tmp_path, speed=100.0) as slow:
        ran = slow.submit(slow.job(prompt="sandbox:fail"), "--yes", "--wait")
        assert (ran.code, ran.json["state"], ran.json["refunded"]) == (4, "failed", True)
        assert entry(slow)["refunded"] is True


def test_beside_another_job_nobody_says_that_it_was_refunded(tmp_path: Path) -> None:
    with service(tmp_path, speed=100.0) as slow:
        assert slow.submit(slow.job(prompt="another"), "--yes").code == 0
        ran = slow.submit(slow.job(prompt="sandbox:fail"), "--yes", "--wait")
        assert (ran.code, ran.json["state"], ran.json["refunded"]) == (4, "failed", None)


def test_looking_at_a_task_writes_down_how_it_stands(sandbox: Service) -> None:
    task = sandbox.submit(sandbox.job(), "--yes").json["task_id"]
    assert entry(sandbox)["state"] == "accepted"
    assert here("task", "show", task, *sandbox.options, *sandbox.ledger_options).code == 0
    assert entry(sandbox)["state"] == "completed"


def test_ten_processes_with_one_job_pay_once(sandbox: Service) -> None:
    path = sandbox.job()
    given = ["submit", path, "--yes", *sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    processes = [
        subprocess.Popen(command(*given), env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(10)
    ]
    codes = sorted(process.wait(120) for process in processes)
    assert codes == [0] + [1] * 9
    assert (sandbox.paid_requests, sandbox.state["jobs_billed"]) == (1, 1)


def test_a_process_killed_while_paying_leaves_an_unknown_entry(sandbox: Service) -> None:
    sandbox.arm("late-answer", seconds=60)
    given = ["submit", sandbox.job(), "--yes", *sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    with subprocess.Popen(command(*given), env=environment(), stderr=subprocess.DEVNULL) as process:
        while not sandbox.state["jobs_billed"]:
            assert process.poll() is None
            time.sleep(0.02)
        busy = sandbox.submit(sandbox.job(), "--yes")
        assert (busy.code, "another process" in busy.err) == (1, True)
        process.send_signal(signal.SIGKILL)
    assert entry(sandbox)["state"] == "unknown"
    assert (sandbox.submit(sandbox.job(), "--yes").code, sandbox.paid_requests) == (6, 1)
    assert (resolve(sandbox).code, entry(sandbox)["state"]) == (0, "accepted")


UNUSABLE = {
    "a-file-in-the-way": "text.db/ledger.db",
    "something-else": "text.db",
    "a-folder": ".",
    "a-device": "/dev/full",
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_without_a_ledger_nothing_is_sent(case: str, sandbox: Service) -> None:
    (sandbox.folder / "text.db").write_text("no ledger at all\n" * 99)
    ran = sandbox.submit(sandbox.job(), "--yes", "--ledger", sandbox.folder / UNUSABLE[case])
    assert (ran.code, ran.out, sandbox.untouched) == (2, "", True)
    assert "ledger" in ran.err


def test_a_ledger_that_may_not_grow_lets_nothing_through(sandbox: Service) -> None:
    assert ledger(sandbox, "list").code == 0
    given = ["submit", sandbox.job(), "--yes", *sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
    limited = ["bash", "-c", 'ulimit -f 4; exec "$@"', "-", *command(*given)]
    # A measurement of coverage would have to be written, too.
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, sandbox.paid_requests) == (2, "", 0)
    assert "ledger" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_secret_is_in_the_ledger(sandbox: Service) -> None:
    urls = {"image": sandbox.media.url("ok", "a.png", SIGNED), "video": sandbox.media.url("ok", "12.mp4", SIGNED)}
    body = job(**urls) | {"callback_url": f"https://example.com/{SIGNATURE}?{SIGNED}"}
    path = write_job(sandbox.folder, body)
    assert sandbox.submit(path, "--yes", "--wait").code == 0
    for file in sandbox.folder.glob("ledger.db*"):
        data = file.read_bytes()
        assert KEY.encode() not in data
        assert SIGNATURE.encode() not in data
    assert "video_urls" in ledger(sandbox, "show", "1").out


def saved_check(sandbox: Service, path: Path) -> Path:
    report = sandbox.folder / "report.json"
    ran = here("check", path, "--format", "json", "--output", report, *sandbox.media_options)
    assert ran.code == 0
    return report


def test_a_saved_check_of_the_same_files_is_said_to_hold(sandbox: Service) -> None:
    path = sandbox.job()
    ran = sandbox.submit(path, "--yes", "--checked", saved_check(sandbox, path))
    assert (ran.code, sandbox.paid_requests) == (0, 1)
    assert "the files are those of" in ran.err


def test_files_that_changed_since_a_saved_check_are_checked_anew(sandbox: Service) -> None:
    path = sandbox.job()
    report = saved_check(sandbox, path)
    clip = sandbox.media.files["12.mp4"]
    assert isinstance(clip, Path)
    sandbox.media.files["12.mp4"] = clip.read_bytes() + b"\0\0\0\x08free"
    ran = sandbox.submit(path, "--yes", "--checked", report)
    assert (ran.code, "changed" in ran.err, sandbox.paid_requests) == (0, True, 1)


def test_files_that_became_dearer_or_bad_since_a_saved_check_are_not_paid_for(sandbox: Service) -> None:
    path = sandbox.job()
    report = saved_check(sandbox, path)
    for name, code in (("20.mp4", 1), ("too-long.mp4", 1)):
        sandbox.media.files["12.mp4"] = sandbox.media.files[name]
        ran = sandbox.submit(path, "--yes", "--checked", report)
        assert (ran.code, sandbox.paid_requests) == (code, 0)


BAD_REPORTS = {
    "missing": None,
    "no-json": "not json",
    "another-schema": json.dumps({"schema": "preflight.quote/v1", "jobs": []}),
    "no-jobs": json.dumps({"schema": "preflight.report/v1"}),
    "deep": "[" * 100_000,
    "another-job": json.dumps({"schema": "preflight.report/v1", "jobs": [{"identity": "0" * 64, "verdict": "pass"}]}),
    "numbers": json.dumps({"schema": "preflight.report/v1", "jobs": [1, None, "x"]}),
}


@pytest.mark.parametrize("case", BAD_REPORTS)
def test_a_report_that_is_none_of_this_job_is_a_usage_error(case: str, sandbox: Service) -> None:
    text = BAD_REPORTS[case]
    report = sandbox.folder / "report.json"
    if text is not None:
        report.write_text(text)
    ran = sandbox.submit(sandbox.job(), "--yes", "--checked", report)
    assert (ran.code, ran.out, sandbox.paid_requests) == (2, "", 0)
    assert "report.json" in ran.err


def test_the_list_is_empty_before_anything_was_submitted(sandbox: Service) -> None:
    listed = ledger(sandbox, "list").json
    assert (listed["schema"], listed["entries"], listed["sums"]["entries"]) == ("preflight.ledger/v1", [], 0)
    assert "no submissions yet" in here("ledger", "list", *sandbox.ledger_options).out


def test_the_list_names_what_is_open(sandbox: Service) -> None:
    assert sandbox.submit(sandbox.job(), "--yes").code == 0
    sandbox.arm("drop-after-billing")
    assert sandbox.submit(sandbox.job(prompt="another"), "--yes").code == 6
    listed = ledger(sandbox, "list").json["entries"]
    assert [(each["id"], each["state"]) for each in listed] == [(2, "unknown"), (1, "accepted")]
    assert [each["id"] for each in ledger(sandbox, "list", "--state", "accepted").json["entries"]] == [1]
    text = here("ledger", "list", *sandbox.ledger_options).out
    assert "preflight ledger resolve 2" in text
    assert sandbox.state["tasks"][0]["id"] in text


def test_an_entry_of_another_service_is_not_resolved_there(sandbox: Service) -> None:
    sandbox.arm("drop-after-billing")
    assert sandbox.submit(sandbox.job(), "--yes").code == 6
    ran = ledger(sandbox, "resolve", "1", "--api-url", "http://127.0.0.1:9", "--key-file", sandbox.key_file)
    assert (ran.code, sandbox.url in ran.err) == (2, True)


@pytest.mark.parametrize("number", ["0", "7", "99999999999999999999"])
def test_an_entry_that_is_not_there_is_a_usage_error(number: str, sandbox: Service) -> None:
    assert ledger(sandbox, "show", number).code == 2


@pytest.mark.parametrize("rounding", ["ceil", "nearest", "exact", "ceil-credits"])
def test_five_submissions_tell_how_the_service_rounds(rounding: str, tmp_path: Path) -> None:
    with service(tmp_path, tariff=Tariff(rounding=Rounding(rounding))) as hidden:
        for clip in ("8.5.mp4", "ntsc.mp4"):
            assert hidden.submit(hidden.job(video=clip), "--yes").code == 0
        ran = ledger(hidden, "calibrate")
    known = rounding != "ceil-credits"
    assert (ran.code, ran.json["fits"]) == (0, [rounding if known else "exact"])
    fitting = {each["credits"] for each in ran.json["candidates"] if each["fits"] == each["of"]}
    assert fitting >= {"as they are" if known else "up"}
    assert known or "as they are" not in fitting
    assert ran.json["entries"] == [1, 2]


def test_nothing_is_said_of_rounding_before_a_charge_was_seen(sandbox: Service) -> None:
    ran = ledger(sandbox, "calibrate")
    assert (ran.code, ran.json["fits"]) == (3, [])


def test_what_fits_is_said_to_people(tmp_path: Path) -> None:
    with service(tmp_path, tariff=Tariff(rounding=Rounding.NEAREST)) as hidden:
        before = here("ledger", "calibrate", *hidden.ledger_options)
        assert (before.code, "no charges recorded yet" in before.out) == (3, True)
        assert hidden.submit(hidden.job(), "--yes").code == 0
        open_ = here("ledger", "calibrate", *hidden.ledger_options)
        assert (open_.code, "several policies fit" in open_.out) == (0, True)
        for clip in ("ntsc.mp4", "8.5.mp4"):
            assert hidden.submit(hidden.job(video=clip), "--yes").code == 0
        told = here("ledger", "calibrate", *hidden.ledger_options)
        assert (told.code, 'rounding = "nearest"' in told.out) == (0, True)
        shown = here("ledger", "show", "2", *hidden.ledger_options).out
    assert "accepted  entry 2" in shown
    assert "300 credits" in shown
    assert "balance before" in shown


def test_charges_that_nothing_explains_are_said_to_be_such(tmp_path: Path) -> None:
    with service(tmp_path, tariff=Tariff(rates={"720p": Decimal(31), "1080p": Decimal(40)})) as dearer:
        assert dearer.submit(dearer.job(), "--yes").code == 0
        ran = here("ledger", "calibrate", *dearer.ledger_options)
    assert (ran.code, "no policy explains" in ran.out) == (3, True)


@pytest.mark.parametrize("state", ["completed", "refused"])
def test_what_is_settled_is_not_settled_again(state: str, sandbox: Service) -> None:
    if state == "refused":
        sandbox.arm("spend_limit_exceeded")
    sandbox.submit(sandbox.job(), "--yes", "--wait")
    assert entry(sandbox)["state"] == state
    assert resolve(sandbox).code == 2
    assert resolve(sandbox, "--not-charged").code == 2


def test_a_task_of_one_entry_is_not_that_of_another(sandbox: Service) -> None:
    first = sandbox.submit(sandbox.job(), "--yes").json["task_id"]
    sandbox.arm("drop-after-billing")
    assert sandbox.submit(sandbox.job(prompt="another"), "--yes").code == 6
    ran = resolve(sandbox, "--task", first, number=2)
    assert (ran.code, "entry 1" in ran.err) == (2, True)


def test_without_a_balance_from_before_the_user_has_to_say(sandbox: Service) -> None:
    sandbox.arm("internal_error", operation="credits", count=None)
    sandbox.arm("drop-after-billing")
    assert sandbox.submit(sandbox.job(), "--yes").code == 6
    ran = resolve(sandbox)
    assert ran.code in {4, 6}
    assert entry(sandbox)["state"] == "unknown"
