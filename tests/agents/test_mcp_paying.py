"""Who allows a payment: a person who is asked, or an order that stood before the server started; and each job once."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import mcp_types as types
import pytest

from tests.support.agents import ERAS, NOTHING_SAID, YES, Agent, Era, agent
from tests.support.command import CLIP, FIXTURES, PICTURE
from tests.support.jobs import job, write_job
from tests.support.service import Service, service


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


def a_job(running: Service, *, video: str = "12.mp4", **more: object) -> dict[str, object]:
    return job(image=running.media.url("ok", "a.png"), video=running.media.url("ok", video), **more)


def until(holds: Callable[[], bool]) -> None:
    """Wait until ``holds``: the test's own end is the bound."""
    while not holds():
        time.sleep(0.02)


@pytest.mark.parametrize("mode", ERAS)
def test_a_person_who_agrees_pays_once(mode: Era, sandbox: Service) -> None:
    path = sandbox.job(prompt="A hero\u202e dances.")
    with agent(sandbox, answer=YES, roots=[sandbox.folder], mode=mode) as made:
        quote_id = made.call("check", source=str(path)).quote_id
        paid = made.call("submit", quote_id=quote_id)
        again = made.call("submit", quote_id=quote_id)
        another = made.call("submit", quote_id=made.call("estimate", source="job.yaml").quote_id)
    assert (paid.is_error, paid.data["state"], paid.data["allowed_by"]) == (False, "accepted", "person")
    for reply in (again, another):
        assert not reply.is_error
        assert (reply.data["repeated"], reply.data["task_id"]) == (True, paid.data["task_id"])
    (question,) = made.questions
    assert question.startswith("Submit and pay up to 360 credits ($1.80)?")
    assert question.endswith("Submit and pay up to 360 credits ($1.80)?")
    for text in ("PASS", "MP4 · 640×360", "720p", "balance", sandbox.url, "A hero dances."):
        assert text in question
    assert sandbox.state["jobs_billed"] == 1


NO = {
    "decline": types.ElicitResult(action="decline"),
    "cancel": NOTHING_SAID,
    "accept without the box": types.ElicitResult(action="accept", content={"approve": False}),
    "accept with nothing": types.ElicitResult(action="accept"),
    "accept with a word": types.ElicitResult(action="accept", content={"approve": "true"}),
    "accept with a number": types.ElicitResult(action="accept", content={"approve": 1}),
    "accept another box": types.ElicitResult(action="accept", content={"approved": True}),
    "decline with a tick": types.ElicitResult(action="decline", content={"approve": True}),
}


@pytest.mark.parametrize("mode", ERAS)
def test_anything_but_a_yes_is_a_no(mode: Era, sandbox: Service) -> None:
    answers = iter(NO.values())
    with agent(sandbox, answer=lambda _: next(answers), mode=mode) as made:
        quote_id = made.call("check", job=a_job(sandbox)).quote_id
        for name in NO:
            assert made.call("submit", quote_id=quote_id).is_error, name
    assert len(made.questions) == len(NO)
    assert sandbox.paid_requests == 0


@dataclass
class Swap:
    """A person who says yes while somebody changes something."""

    change: Callable[[], Any]
    said: types.ElicitResult = field(default_factory=lambda: YES)

    def __call__(self, _: Any) -> types.ElicitResult:
        self.change()
        return self.said


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("when", ["before the question", "while the person reads"])
def test_what_changed_after_the_quote_is_not_paid_for(when: str, mode: Era, sandbox: Service) -> None:
    files, clips = sandbox.media.files, FIXTURES / "clips"
    changes: list[tuple[str, Callable[[], Any]]] = [
        ("12.mp4", lambda: sandbox.job(mode="1080p")),
        ("8.5.mp4", lambda: files.update({"8.5.mp4": clips / "20-seconds.mp4"})),
        ("ntsc.mp4", lambda: files.update({"a.png": Path(PICTURE).with_name("299-wide.png")})),
    ]
    with agent(sandbox, answer=YES, roots=[sandbox.folder], mode=mode) as made:
        for video, change in changes:
            quote_id = made.call("check", source=str(sandbox.job(video=video))).quote_id
            if when.startswith("before"):
                change()
            else:
                made.answer = Swap(change)
            reply = made.call("submit", quote_id=quote_id)
            assert reply.is_error
            assert "changed" in reply.text
            assert "quote" in reply.text
    assert sandbox.paid_requests == 0


@pytest.mark.parametrize("mode", ERAS)
def test_a_quote_expires_also_while_a_person_thinks(mode: Era, sandbox: Service) -> None:
    with agent(sandbox, "--quote-seconds", "1", answer=Swap(lambda: time.sleep(1.1)), mode=mode) as made:
        quote_id = made.call("check", job=a_job(sandbox)).quote_id
        late = made.call("submit", quote_id=quote_id)
        later = made.call("submit", quote_id=quote_id)
    assert "expired" in late.text
    assert "expired" in later.text
    assert sandbox.paid_requests == 0


def test_a_quote_is_one_session_s_own(sandbox: Service) -> None:
    with agent(sandbox, "--agent-budget", "1000") as first, agent(sandbox, "--agent-budget", "1000") as second:
        quote_id = first.call("check", job=a_job(sandbox)).quote_id
        reply = second.call("submit", quote_id=quote_id)
    assert reply.is_error
    assert "not one of this session" in reply.text
    assert sandbox.paid_requests == 0


def test_only_a_job_that_passes_has_a_quote(sandbox: Service) -> None:
    shutil.copyfile(PICTURE, sandbox.folder / "a.png")
    shutil.copyfile(CLIP, sandbox.folder / "a.mp4")
    with agent(sandbox, "--agent-budget", "1000", roots=[sandbox.folder]) as made:
        replies = {
            "fails": made.call("check", job=a_job(sandbox, video="too-long.mp4")),
            "is local": made.call("check", job=job(image="a.png", video="a.mp4")),
            "is a file": made.call("check", source=sandbox.media.url("ok", "12.mp4")),
            "is indeterminate": made.call("check", job=job(image="https://files.invalid/a.png", video="a.mp4")),
            "is written": made.call("check", source=str(write_job(sandbox.folder, job(image="a.png", video="a.mp4")))),
        }
    for name, reply in replies.items():
        assert not reply.is_error, name
        assert [each["quote_id"] for each in reply.data["jobs"]] == [None], name


# ── The standing order ──────────────────────────────────────────────────────────────────────────────────────────────


def videos(running: Service, *names: str) -> list[dict[str, object]]:
    return [a_job(running, video=name) for name in names]


def quotes(made: Agent, jobs: list[dict[str, object]]) -> list[str]:
    return [made.call("check", job=each).quote_id for each in jobs]


ORDERS = {
    "in all": (["--agent-budget", "700"], {}),
    "in all, as a variable": ([], {"PREFLIGHT_AGENT_BUDGET": "700"}),
    "a day": (["--agent-budget-per-day", "700"], {}),
    "a day, as a variable": ([], {"PREFLIGHT_AGENT_BUDGET_PER_DAY": "700"}),
    "a job": (["--agent-budget", "9999", "--agent-budget-per-job", "400"], {}),
}


@pytest.mark.parametrize("name", ORDERS)
def test_a_standing_order_pays_up_to_its_bound_without_a_question(name: str, sandbox: Service) -> None:
    options, env = ORDERS[name]
    with agent(sandbox, *options, env=env) as made:
        first, second = quotes(made, videos(sandbox, "12.mp4", "20.mp4"))  # 360 and 600 credits
        paid = made.call("submit", quote_id=first)
        refused = made.call("submit", quote_id=second)
    assert (paid.data["allowed_by"], paid.data["state"]) == ("standing order", "accepted")
    assert refused.is_error
    assert "budget" in refused.text
    assert (sandbox.paid_requests, sandbox.state["total_consumed"]) == (1, 360)


def test_beyond_the_standing_order_a_person_is_asked(sandbox: Service) -> None:
    with agent(sandbox, "--agent-budget", "400", answer=YES) as made:
        first, second = quotes(made, videos(sandbox, "12.mp4", "20.mp4"))
        assert made.call("submit", quote_id=first).data["allowed_by"] == "standing order"
        assert made.questions == []
        assert made.call("submit", quote_id=second).data["allowed_by"] == "person"
    (question,) = made.questions
    assert "beyond the agent's budget" in question


def test_an_operator_may_have_a_person_asked_within_the_budget_too(sandbox: Service) -> None:
    with agent(sandbox, "--agent-budget", "400", "--always-ask", answer=YES) as made:
        first, second = quotes(made, videos(sandbox, "12.mp4", "20.mp4"))
        assert made.call("submit", quote_id=first).data["allowed_by"] == "person"
        beyond = made.call("submit", quote_id=second)
    assert beyond.is_error
    assert "budget" in beyond.text
    assert len(made.questions) == 1
    with agent(sandbox, "--agent-budget", "4000", "--always-ask") as made:
        (quote_id,) = quotes(made, videos(sandbox, "8.5.mp4"))
        assert made.call("submit", quote_id=quote_id).is_error
    assert sandbox.state["jobs_billed"] == 1


@pytest.mark.parametrize("limit", [["--max-credits", "300"], ["--budget-per-day", "300"]], ids=["max", "day"])
def test_a_limit_holds_for_a_person_too(limit: list[str], sandbox: Service) -> None:
    with agent(sandbox, *limit, answer=YES) as made:
        found = made.call("check", job=a_job(sandbox))
        quote_id = found.data["jobs"][0]["quote_id"]
        if limit[0] == "--max-credits":
            assert (found.data["verdict"], quote_id) == ("fail", None)
        else:
            assert made.call("submit", quote_id=quote_id).is_error
    assert sandbox.paid_requests == 0


def test_a_settings_file_that_lies_in_the_folder_allows_nothing(sandbox: Service) -> None:
    settings = {
        "max-credits": "99999",
        "budget-per-day": "99999",
        "ignore": '["video-too-long"]',
        "ledger": '"other.db"',
        "allow-host": '["10.0.0.1"]',
        "api-url": '"http://127.0.0.1:1"',
        "agent-budget": "99999",
    }
    (sandbox.folder / "preflight.toml").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    (sandbox.folder / ".env").write_text("PREFLIGHT_AGENT_BUDGET=99999\n")
    with agent(sandbox, roots=[sandbox.folder]) as made:
        (quote_id,) = quotes(made, [a_job(sandbox)])
        assert made.call("submit", quote_id=quote_id).is_error
        assert made.call("check", job=a_job(sandbox, video="too-long.mp4")).data["verdict"] == "fail"
    assert sandbox.paid_requests == 0
    assert not (sandbox.folder / "other.db").exists()


def test_two_servers_on_one_ledger_stay_within_the_day(sandbox: Service) -> None:
    names = ["12.mp4", "8.5.mp4", "ntsc.mp4", "20.mp4"]
    with ExitStack() as stack:
        made = [stack.enter_context(agent(sandbox, "--agent-budget-per-day", "700")) for _ in range(2)]
        wanted = [(each, quote_id) for each in made for quote_id in quotes(each, videos(sandbox, *names))]
        calls = [each.begin("submit", quote_id=quote_id) for each, quote_id in wanted]
        replies = [call.result(120) for call in calls]
    new = [each for each in replies if not each.is_error and not each.data["repeated"]]
    assert new
    assert 0 < sandbox.state["total_consumed"] <= 700
    assert sandbox.state["jobs_billed"] == len(new)


# ── Once ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", ERAS)
def test_many_submits_at_once_pay_once(mode: Era, sandbox: Service) -> None:
    with agent(sandbox, "--agent-budget", "9999", mode=mode) as made:
        ids = [made.call("check", job=a_job(sandbox)).quote_id for _ in range(3)]
        calls = [made.begin("submit", quote_id=quote_id) for quote_id in ids * 4]
        replies = [call.result(120) for call in calls]
    assert [reply.is_error for reply in replies] == [False] * 12
    assert sorted(reply.data["repeated"] for reply in replies) == [False] + [True] * 11
    assert len({reply.data["task_id"] for reply in replies}) == 1
    assert sandbox.state["jobs_billed"] == 1


def test_a_call_that_is_cancelled_while_a_person_thinks_pays_nothing(sandbox: Service) -> None:
    begun: SimpleQueue[Any] = SimpleQueue()  # the person may be asked before the call is known here
    with agent(sandbox, answer=Swap(lambda: begun.get().cancel()), mode="legacy") as made:
        quote_id = made.call("check", job=a_job(sandbox)).quote_id
        call = made.begin("submit", quote_id=quote_id)
        begun.put(call)
        until(call.done)
        assert made.call("credits").data["balance"] == 10_000
    assert sandbox.paid_requests == 0


def test_a_call_that_is_cancelled_on_its_way_is_finished_and_known(sandbox: Service) -> None:
    sandbox.arm("late-answer", seconds=2)
    with agent(sandbox, "--agent-budget", "9999") as made:
        quote_id = made.call("check", job=a_job(sandbox)).quote_id
        call = made.begin("submit", quote_id=quote_id)
        until(lambda: sandbox.paid_requests == 1)
        call.cancel()
        during = made.call("submit", quote_id=quote_id)
        assert (during.is_error, during.data["state"]) in {(True, "sent"), (False, "accepted")}
        until(lambda: not (reply := made.call("submit", quote_id=quote_id)).is_error and reply.data["repeated"])
        assert made.call("submit", quote_id=quote_id).data["state"] == "accepted"
    assert (sandbox.paid_requests, sandbox.state["jobs_billed"]) == (1, 1)


def test_the_answer_after_a_kill_is_that_of_the_ledger(sandbox: Service) -> None:
    sandbox.arm("late-answer", seconds=60)
    with agent(sandbox, "--agent-budget", "9999") as made:
        paid, lost = quotes(made, videos(sandbox, "8.5.mp4", "12.mp4"))
        call = made.begin("submit", quote_id=lost)
        until(lambda: sandbox.paid_requests == 1)
        os.kill(made.pid, signal.SIGKILL)
        assert call.exception(60) is not None
    with agent(sandbox, "--agent-budget", "9999", answer=YES) as made:
        old = made.call("submit", quote_id=lost)
        new = made.call("submit", quote_id=made.call("check", job=a_job(sandbox)).quote_id)
        other = made.call("submit", quote_id=paid)
    for reply in (old, new):
        assert (reply.is_error, reply.data["state"], reply.data["repeated"]) == (True, "unknown", True)
        assert "preflight ledger resolve 1" in reply.data["error"]
    assert "not one of this session" in other.text
    assert made.questions == []
    assert sandbox.paid_requests == 1


def test_a_job_that_was_paid_for_before_the_kill_is_told_by_its_old_quote(sandbox: Service) -> None:
    with agent(sandbox, "--agent-budget", "9999") as made:
        quote_id = made.call("check", job=a_job(sandbox)).quote_id
        paid = made.call("submit", quote_id=quote_id)
        os.kill(made.pid, signal.SIGKILL)
    with agent(sandbox) as made:
        again = made.call("submit", quote_id=quote_id)
        ended = made.call("task", task_id=paid.data["task_id"])
        final = made.call("submit", quote_id=quote_id)
    assert (again.is_error, again.data["task_id"]) == (False, paid.data["task_id"])
    assert (ended.data["state"], final.data["state"]) == ("completed", "completed")
    assert sandbox.state["jobs_billed"] == 1


@pytest.mark.parametrize("fault", ["drop-after-billing", "no-task-id", "internal_error"])
def test_an_unknown_outcome_is_told_and_never_sent_again(fault: str, sandbox: Service) -> None:
    sandbox.arm(fault)
    with agent(sandbox, "--agent-budget", "9999", answer=YES) as made:
        quote_id = made.call("check", job=a_job(sandbox)).quote_id
        first = made.call("submit", quote_id=quote_id)
        second = made.call("submit", quote_id=quote_id)
    assert first.is_error
    assert "unknown" in first.text
    assert (second.is_error, second.data["state"]) == (True, "unknown")
    assert sandbox.paid_requests == 1


def test_a_client_that_leaves_in_the_middle_leaves_a_ledger_that_knows(sandbox: Service) -> None:
    sandbox.arm("late-answer", seconds=1)
    with agent(sandbox, "--agent-budget", "9999") as made:
        quote_id = made.call("check", job=a_job(sandbox)).quote_id
        made.begin("submit", quote_id=quote_id)
        until(lambda: sandbox.paid_requests == 1)
    with agent(sandbox, "--agent-budget", "9999") as made:
        assert made.call("submit", quote_id=quote_id).data["state"] in {"accepted", "unknown"}
    assert sandbox.paid_requests == 1
