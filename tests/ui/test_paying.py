"""Paying from the page of ``preflight ui``: once, whatever is pressed, reloaded or killed, and within the budget."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from preflight.ledger import EntryState, Ledger
from tests.support.command import CLIP, PICTURE
from tests.support.page import Visitor, page_server
from tests.support.service import Service, service

XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


def arguments(sandbox: Service) -> list[str]:
    return ["--api-url", sandbox.url, *sandbox.media_options]


def files(sandbox: Service) -> tuple[str, str]:
    return sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")


def paid(page: Visitor, job: str) -> str:
    """Say yes, and come to the page of the entry."""
    page.post(f"{job}/pay", question=page.asked(job))
    return page.text_once(f"{job}/pay", lambda text: "In the ledger" in text)


def test_a_yes_pays_once_and_the_result_can_be_played(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job = page.enter().start(*files(sandbox))
        page.asked(job)
        question = page.get(f"{job}/pay").text
        for fact in ("Submit and pay up to 360 credits", "10000 credits", "12 s × 30 credits", "at most", sandbox.url):
            assert fact in question
        assert sandbox.paid_requests == 0  # asking pays nothing
        paid(page, job)
        with page.http.stream("GET", "/paid/1/events") as events:
            news = "".join(events.iter_text())
        assert "The result is ready" in news
        assert news.rstrip().endswith("event: over\ndata: over")
        result = page.get("/paid/1/result/0", Range="bytes=4-7")
        assert (result.status_code, result.content, result.headers["content-type"]) == (206, b"ftyp", "video/mp4")
    assert (sandbox.paid_requests, sandbox.state["jobs_billed"]) == (1, 1)


def test_a_double_click_a_reload_and_another_tab_pay_nothing_twice(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job, other = page.enter().start(*files(sandbox)), page.start(*files(sandbox))
        asked, asked_in_other = page.asked(job), page.asked(other)
        with ThreadPoolExecutor(8) as clicks:
            both = [(job, asked)] * 4 + [(other, asked_in_other)] * 4
            list(clicks.map(lambda each: page.post(f"{each[0]}/pay", question=each[1]), both))
        texts = [page.text_once(f"{each}/pay", lambda text: "<progress" not in text) for each in (job, other)]
        assert sum("In the ledger" in text for text in texts) == 1
        assert sum("Not submitted" in text for text in texts) == 1
        page.post(f"{job}/pay", question=asked)
        page.post(f"{job}/prepare")
        late = page.start(*files(sandbox))
        page.post(f"{late}/prepare")
        assert "already submitted" in page.text_once(f"{late}/pay", lambda text: "Not submitted" in text)
    assert sandbox.paid_requests == 1


def test_a_job_is_paid_for_again_only_on_purpose_and_once_a_question(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job, other = page.enter().start(*files(sandbox)), page.start(*files(sandbox))
        page.post(f"{job}/prepare", again="yes")  # nothing was paid yet: there is nothing to repeat
        assert page.get(f"{job}/pay").status_code == 303
        paid(page, job)
        page.post(f"{other}/prepare")
        text = page.text_once(f"{other}/pay", lambda text: "Not submitted" in text)
        assert "already submitted (entry 1 of the ledger" in text
        assert "again=True" not in text
        assert "Submit and pay again…" in page.get(job).text
        questions = []
        for each in (job, other):
            page.post(f"{each}/prepare", again="yes")
            text = page.text_once(f"{each}/pay", lambda text: 'name="question"' in text)
            assert "A yes submits it a second time" in text
            assert "Submit and pay up to 360 credits" in text
            questions.append(page.question_in(text))
        assert sandbox.paid_requests == 1
        with ThreadPoolExecutor(8) as clicks:
            both = [(job, questions[0]), (other, questions[1])] * 4
            list(clicks.map(lambda each: page.post(f"{each[0]}/pay", question=each[1]), both))
        texts = [page.text_once(f"{each}/pay", lambda text: "<progress" not in text) for each in (job, other)]
        assert sorted("In the ledger" in text for text in texts) == [False, True]
        assert sandbox.paid_requests == 2


def test_another_question_is_not_answered_by_an_old_yes(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job = page.enter().start(*files(sandbox))
        old = page.asked(job)
        page.post(f"{job}/choices", orientation="video", mode="1080p")
        new = page.asked(job)
        for wrong in (old, "", "x"):
            page.post(f"{job}/pay", question=wrong)
        assert sandbox.paid_requests == 0
        page.post(f"{job}/pay", question=new)
        page.text_once(f"{job}/pay", lambda text: "In the ledger" in text)
    with Ledger(sandbox.folder / "ledger.db") as ledger:
        assert [entry.high for entry in ledger.entries()] == [480]


def test_a_killed_server_pays_nothing_twice(sandbox: Service) -> None:
    sandbox.arm("late-answer", seconds=600)
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job = page.enter().start(*files(sandbox))
        page.post(f"{job}/pay", question=page.asked(job))
        ends_at = time.monotonic() + 60
        while not sandbox.paid_requests and time.monotonic() < ends_at:
            time.sleep(0.02)
        page.process.send_signal(signal.SIGKILL)
        page.process.wait(30)
    with page_server(sandbox.folder, *arguments(sandbox)) as again:
        job = again.enter().start(*files(sandbox))
        again.post(f"{job}/prepare")
        text = again.text_once(f"{job}/pay", lambda text: "Not submitted" in text)
        assert "may already have been paid for" in text
        assert "It is not known whether this was paid" in again.get("/paid/1").text
    assert sandbox.paid_requests == 1
    with Ledger(sandbox.folder / "ledger.db") as ledger:
        assert [entry.state for entry in ledger.entries()] == [EntryState.UNKNOWN]


def test_a_new_server_follows_a_task_of_the_one_that_was_killed(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        paid(page, page.enter().start(*files(sandbox)))
        page.process.send_signal(signal.SIGKILL)
        page.process.wait(30)
    with page_server(sandbox.folder, *arguments(sandbox)) as again:
        again.enter().text_once("/paid/1", lambda text: '<video class="result"' in text)
    assert sandbox.paid_requests == 1


def test_a_job_beyond_the_budget_is_not_sent(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox), "--budget-per-day", "400") as page:
        paid(page, page.enter().start(*files(sandbox)))
        job = page.start(sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "8.5.mp4"))
        page.post(f"{job}/prepare")
        assert "budget per day is 400" in page.text_once(f"{job}/pay", lambda text: "Not submitted" in text)
    assert sandbox.paid_requests == 1


def test_a_refusal_is_told_and_pays_nothing(sandbox: Service) -> None:
    sandbox.arm("task-fails")
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        paid(page, page.enter().start(*files(sandbox)))
        page.text_once("/paid/1", lambda text: "The task failed" in text)


def test_without_a_key_nothing_is_offered(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox), key=None) as page:
        job = page.enter().start(*files(sandbox))
        assert "PREFLIGHT_API_KEY" in page.get(job).text
        page.post(f"{job}/prepare")
        assert "Not submitted" in page.text_once(f"{job}/pay", lambda text: "<progress" not in text)
    assert sandbox.untouched


def test_local_files_need_a_place(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job = page.enter().start(PICTURE, CLIP)
        assert "--upload s3://BUCKET/PREFIX" in page.get(job).text
        page.post(f"{job}/prepare")
        assert "--upload" in page.text_once(f"{job}/pay", lambda text: "Not submitted" in text)
    assert sandbox.untouched


def test_a_job_that_fails_its_check_is_not_sent(sandbox: Service) -> None:
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job = page.enter().start(sandbox.media.url("ok", "webp.png"), sandbox.media.url("ok", "too-long.mp4"))
        assert "2 problems" in page.get(job).text
        page.post(f"{job}/prepare")
        page.text_once(f"{job}/pay", lambda text: "Not submitted" in text)
    assert sandbox.paid_requests == 0


def test_texts_from_outside_are_text(sandbox: Service) -> None:
    named = sandbox.folder / f"{XSS.replace('/', '_')}.png"
    named.write_bytes(Path(PICTURE).read_bytes())
    with page_server(sandbox.folder, *arguments(sandbox)) as page:
        job = page.enter().start(named, f"http://127.0.0.1:1/{XSS}?sign={XSS}")
        page.post(f"{job}/choices", orientation="video", mode="720p", prompt=XSS)
        pages = [page.get(job).text, page.post("/job", image=XSS).text, page.get(f"{job}/state").text]
        sound = page.start(*files(sandbox))
        page.post(f"{sound}/choices", orientation="video", mode="720p", prompt=XSS)
        page.asked(sound)
        pages.append(page.get(f"{sound}/pay").text)
        page.post(f"{sound}/choices", orientation=XSS, mode=XSS)
        pages.append(page.post(f"{sound}/repair/video", start=XSS, length="1").text)
    for text in pages:
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "49" not in text.partition("prompt")[2][:200] or "{{ 7*7 }}" in text
