"""``preflight task`` and ``preflight credits`` against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command import KEY, Ran, here
from tests.support.service import Service, service


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module")
def done(sandbox: Service) -> str:
    """The id of a task that is completed."""
    return str(sandbox.submit(sandbox.job(), "--yes").json["task_id"])


@pytest.fixture(scope="module")
def failed(sandbox: Service) -> str:
    """The id of a task that failed."""
    return str(sandbox.submit(sandbox.job(prompt="sandbox:fail"), "--yes").json["task_id"])


def ask(service: Service, *arguments: str | Path) -> Ran:
    return here(*arguments, *service.options, "--format", "json")


@pytest.mark.parametrize("verb", ["show", "wait"])
def test_a_completed_task_has_a_result(verb: str, sandbox: Service, done: str) -> None:
    ran = ask(sandbox, "task", verb, done)
    assert (ran.code, ran.json["schema"]) == (0, "preflight.submission/v1")
    assert (ran.json["state"], ran.json["task_id"], ran.json["error"]) == ("completed", done, None)
    assert ran.json["outputs"] == [f"{sandbox.url}/files/{done}.mp4"]


@pytest.mark.parametrize("verb", ["show", "wait"])
def test_a_failed_task_has_exit_code_4_and_the_words_of_the_service(verb: str, sandbox: Service, failed: str) -> None:
    ran = ask(sandbox, "task", verb, failed)
    assert (ran.code, ran.json["state"], ran.json["outputs"]) == (4, "failed", [])
    assert "Video generation failed" in ran.json["error"]


def test_a_job_whose_task_fails_has_exit_code_4(sandbox: Service) -> None:
    before = sandbox.state["balance"]
    ran = sandbox.submit(sandbox.job(prompt="another sandbox:fail"), "--yes", "--wait")
    assert (ran.code, ran.json["state"]) == (4, "failed")
    assert "Video generation failed" in ran.json["error"]
    assert sandbox.state["balance"] == before


def test_waiting_saves_the_result(sandbox: Service, done: str, tmp_path: Path) -> None:
    for number in (1, 2):
        ran = ask(sandbox, "task", "wait", done, "--download", tmp_path / "results")
        assert (ran.code, len(list((tmp_path / "results").iterdir()))) == (0, number)
        assert Path(ran.json["files"][0]).stat().st_size > 10_000


def test_a_real_process_shows_and_waits(sandbox: Service, done: str) -> None:
    shown = sandbox.run("task", "show", done, "--format", "json")
    assert (shown.code, shown.json["state"], shown.err) == (0, "completed", "")
    waited = sandbox.run("task", "wait", done)
    assert waited.code == 0
    assert done in waited.out
    assert f"{sandbox.url}/files/{done}.mp4" in waited.out


def test_a_task_that_takes_longer_than_the_wait_is_indeterminate(tmp_path: Path) -> None:
    with service(tmp_path, speed=1.0) as slow:
        task_id = slow.submit(slow.job(), "--yes").json["task_id"]
        ran = ask(slow, "task", "show", task_id)
        assert (ran.code, ran.json["state"]) == (0, "pending")
        ran = ask(slow, "task", "wait", task_id, "--wait-timeout", "0.2")
        assert (ran.code, ran.out) == (3, "")
        assert task_id in ran.err


def test_a_task_that_does_not_exist_is_refused_in_the_words_of_the_service(sandbox: Service) -> None:
    ran = ask(sandbox, "task", "show", "8b6a5162-5c91-4a42-8e80-4c8ef5486f24")
    assert (ran.code, ran.out) == (4, "")
    assert "No task has this id." in ran.err


@pytest.mark.parametrize("name", ["../credits", "a b", "", "..", "x" * 300, "a?b", "a#b", "é"])
def test_what_cannot_name_a_task_is_a_usage_error(name: str, sandbox: Service) -> None:
    before = sandbox.state["requests"]
    ran = ask(sandbox, "task", "show", name)
    assert (ran.code, ran.out, sandbox.state["requests"]) == (2, "", before)


@pytest.mark.parametrize("seconds", ["nan", "-1", "soon"])
def test_a_wait_that_is_no_number_is_a_usage_error(seconds: str, sandbox: Service, done: str) -> None:
    ran = ask(sandbox, "task", "wait", done, f"--wait-timeout={seconds}")
    assert (ran.code, ran.out) == (2, "")


def test_a_key_is_needed(sandbox: Service) -> None:
    ran = sandbox.run("task", "show", "8b6a5162", key=None)
    assert (ran.code, ran.out) == (2, "")
    assert "PREFLIGHT_API_KEY" in ran.err


def test_credits_say_the_balance(tmp_path: Path) -> None:
    with service(tmp_path) as fresh:
        assert fresh.submit(fresh.job(), "--yes").code == 0
        ran = fresh.run("credits", "--format", "json")
        assert (ran.code, ran.err) == (0, "")
        assert (
            ran.json
            == {
                "schema": "preflight.credits/v1",
                "balance": 9640,
                "total_purchased": 10_000,
                "total_consumed": 360,
            }
            | ran.json
        )
        assert here("credits", *fresh.options).out == "9640 credits\n"


def test_a_refused_key_has_exit_code_4(sandbox: Service) -> None:
    sandbox.arm("invalid_api_key", operation="credits")
    ran = ask(sandbox, "credits")
    assert (ran.code, ran.out) == (4, "")
    assert "The API key is invalid, disabled, or deleted." in ran.err


def test_a_question_may_be_asked_again(sandbox: Service) -> None:
    sandbox.arm("drop-before-billing", operation="credits")
    assert ask(sandbox, "credits").code == 0


@pytest.mark.parametrize("flags", [["-q"], ["--quiet", "--format", "json"], ["-q", "--output", "out.txt"]], ids=str)
def test_quiet_prints_nothing_and_keeps_the_exit_code(
    flags: list[str], sandbox: Service, done: str, failed: str, tmp_path: Path
) -> None:
    flags = [str(tmp_path / flag) if flag.endswith(".txt") else flag for flag in flags]
    for verb in ("show", "wait"):
        for task, code in ((done, 0), (failed, 4)):
            ran = here("task", verb, task, *sandbox.options, *flags)
            assert (ran.code, ran.out, ran.err) == (code, "", "")
    assert not list(tmp_path.iterdir())


def test_quiet_is_quiet_for_the_ledger_too(sandbox: Service, done: str) -> None:
    assert done
    for given in (["list"], ["show", "1"], ["calibrate"]):
        assert here("ledger", *given, "-q", *sandbox.ledger_options).out == ""


MARKS = {"utf-8": b"\xef\xbb\xbf", "none": b""}


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"], ids=["no-end", "unix", "windows"])
def test_every_command_takes_a_key_file_with_a_mark(mark: str, ending: bytes, sandbox: Service, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(MARKS[mark] + KEY.encode() + ending)
    options = ["--api-url", sandbox.url, "--key-file", file]
    assert here("credits", *options).code == 0
    ran = here("doctor", "--json", *options)
    assert next(each["state"] for each in ran.json["checks"] if each["check"] == "api-key") == "ok"


def test_every_command_names_a_key_file_in_utf_16(sandbox: Service, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(KEY.encode("utf-16"))
    for given in (["credits"], ["doctor", "--json"]):
        ran = here(*given, "--api-url", sandbox.url, "--key-file", file)
        assert "is UTF-16: save it as UTF-8" in ran.out + ran.err
