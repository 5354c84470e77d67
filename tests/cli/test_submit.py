"""``preflight submit`` against the sandbox: what is paid for, what is not, and what the user is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tests.support.command import CLIP, KEY, PICTURE, here
from tests.support.jobs import job, write_job
from tests.support.service import Service, service


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A sandbox for jobs that must not be sent: one is enough, as it is never asked for anything."""
    with service(tmp_path_factory.mktemp("idle")) as running:
        yield running


# A job, and what it costs.
JOBS = {
    "12-seconds-720p": ({"video": "12.mp4"}, 360),
    "8.5-seconds-1080p": ({"video": "8.5.mp4", "mode": "1080p"}, 360),
    "20-seconds-orientation-image": ({"video": "20.mp4", "mode": "1080p", "character_orientation": "image"}, 400),
}


@pytest.mark.parametrize(("fields", "price"), JOBS.values(), ids=JOBS)
def test_a_job_is_paid_waited_for_and_fetched(fields: dict[str, str], price: int, sandbox: Service) -> None:
    folder = sandbox.folder / "results"
    ran = sandbox.submit(sandbox.job(**fields), "--yes", "--download", folder)
    said = ran.json
    assert (ran.code, said["schema"], said["state"], said["error"]) == (0, "preflight.submission/v1", "completed", None)
    assert said["quote"]["credits"] == price
    state = sandbox.state
    assert (state["balance"], state["jobs_billed"], state["requests"]["create"]) == (10_000 - price, 1, 1)
    assert said["task_id"] == state["tasks"][0]["id"]
    assert len(said["outputs"]) == 1
    (saved,) = folder.iterdir()
    assert said["files"] == [str(saved)]
    assert saved.read_bytes()[4:8] == b"ftyp"


def test_a_real_process_takes_the_key_from_the_environment_and_prints_the_result_alone(sandbox: Service) -> None:
    ran = sandbox.run("submit", sandbox.job(), "--yes", "--wait", "--format", "json")
    assert (ran.code, ran.json["state"]) == (0, "completed")
    assert ran.err.splitlines()[-1] == f"preflight: accepted as task {ran.json['task_id']}"
    assert sandbox.state["balance"] == 9640


def test_without_waiting_the_task_is_accepted_and_named(sandbox: Service) -> None:
    ran = sandbox.submit(sandbox.job(), "--yes")
    assert (ran.code, ran.json["state"], ran.json["outputs"]) == (0, "accepted", [])
    assert (sandbox.paid_requests, "task" in sandbox.state["requests"]) == (1, False)


def test_the_body_is_sent_as_it_was_written(idle: Service) -> None:
    path = idle.job(prompt="dance « ça va » 💃", mode="1080p")
    ran = here("submit", path, "--dry-run", "--api-url", idle.url, *idle.media_options)
    head, _, body = ran.out.partition("\n\n")
    assert head.splitlines()[0] == f"POST {idle.url}/v1/videos/generations"
    assert json.loads(body) == yaml.safe_load(path.read_text("utf-8"))


def test_a_dry_run_sends_nothing_and_needs_no_key(idle: Service) -> None:
    ran = idle.run("submit", idle.job(), "--dry-run", key=None)
    assert (ran.code, idle.untouched) == (0, True)
    assert "Bearer" in ran.out
    ran = here("submit", idle.job(video="too-long.mp4"), "--dry-run", *idle.media_options)
    assert (ran.code, idle.untouched) == (1, True)


# Jobs that are held back: the job, options, exit code, and a rule that says why.
HELD_BACK = {
    "too-long": ({"video": "too-long.mp4"}, [], 1, "video-too-long"),
    "webp-named-png": ({"image": "webp.png"}, [], 1, "image-format"),
    "mode-invalid": ({"mode": "4k"}, [], 1, "mode-invalid"),
    "file-missing": ({"behaviour": "status-404"}, [], 1, "http-status"),
    "unreachable": ({"behaviour": "refused"}, [], 3, "unreachable"),
    "server-fails": ({"behaviour": "status-503"}, [], 3, "http-status"),
    "over-budget": ({}, ["--max-credits", "359"], 5, "over-budget"),
    "perhaps-over-budget": (
        {"video": "20.mp4", "character_orientation": "image"},
        ["--max-credits", "599"],
        5,
        "over-budget",
    ),
    "warned-of": (
        {"video": "20.mp4", "character_orientation": "image"},
        ["--strict"],
        1,
        "video-over-orientation-cap",
    ),
}


@pytest.mark.parametrize("case", HELD_BACK)
def test_a_job_that_does_not_pass_is_not_sent(case: str, idle: Service) -> None:
    fields, options, code, rule = HELD_BACK[case]
    ran = idle.submit(idle.job(**fields), "--yes", *options)
    assert (ran.code, idle.untouched) == (code, True)
    assert rule in ran.rules
    assert "nothing was sent" in ran.err


def test_a_real_process_sends_no_job_that_fails(idle: Service) -> None:
    ran = idle.run("submit", idle.job(video="too-long.mp4"), "--yes")
    assert (ran.code, idle.untouched) == (1, True)


def test_a_budget_that_is_kept_is_no_obstacle(sandbox: Service) -> None:
    assert sandbox.submit(sandbox.job(), "--yes", "--max-credits", "360").code == 0
    assert sandbox.state["balance"] == 9640


@pytest.mark.parametrize("field", ["image", "video"])
def test_a_local_file_is_refused(field: str, idle: Service) -> None:
    both = {"image": idle.media.url("ok", "a.png"), "video": idle.media.url("ok", "12.mp4")}
    both[field] = {"image": PICTURE, "video": CLIP}[field]
    ran = idle.submit(write_job(idle.folder, job(**both)), "--yes")
    assert (ran.code, idle.untouched) == (1, True)
    assert ran.severities("url-not-public") == {"url-not-public": "error"}


def test_nobody_there_to_ask_means_nothing_is_paid(idle: Service) -> None:
    ran = idle.run("submit", idle.job(), stdin=b"y\n")
    assert (ran.code, ran.out, idle.untouched) == (2, "", True)
    assert "--yes" in ran.err
    assert "360 credits" in ran.err


# What the sandbox answers to the paid request without taking the job.
REFUSALS = {
    "invalid_request": "Missing or invalid parameters.",
    "invalid_api_key": "The API key is invalid, disabled, or deleted.",
    "insufficient_credits": "Your credit balance is too low. Please top up.",
    "ip_not_allowed": "This address is not in the key's allowlist.",
    "model_not_found": "The model does not exist or is inactive.",
    "spend_limit_exceeded": "The key's spend limit is reached.",
}


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_said_in_the_words_of_the_service(code: str, sandbox: Service) -> None:
    sandbox.arm(code, count=None)
    ran = sandbox.submit(sandbox.job(), "--yes", "--wait")
    assert (ran.code, ran.out) == (4, "")
    assert REFUSALS[code] in ran.err
    assert code in ran.err
    assert (sandbox.paid_requests, sandbox.state["balance"]) == (1, 10_000)


def test_an_empty_account_refuses_the_job(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(359)) as poor:
        ran = poor.submit(poor.job(), "--yes")
        assert (ran.code, ran.out, poor.state["balance"], poor.paid_requests) == (4, "", 359, 0)
    assert "not sent: the balance is 359 credits, and the job may cost 360; top up the account" in ran.err


KEYS = {"empty": "", "no-prefix": "canary-9f8e7d6c", "line-break": f"{KEY}\nX-Evil: 1", "short": "sk-1"}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_that_cannot_be_one_is_a_usage_error(case: str, idle: Service, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEYS[case])
    ran = idle.submit(idle.job(), "--yes", "--key-file", tmp_path / "key")
    assert (ran.code, ran.out, idle.untouched) == (2, "", True)
    assert "key" in ran.err
    assert "canary" not in ran.err


@pytest.mark.parametrize("key", [None, "canary-9f8e7d6c"], ids=["missing", "no-prefix"])
def test_a_key_in_the_environment_is_held_to_the_same(key: str | None, idle: Service) -> None:
    ran = idle.run("submit", idle.job(), "--yes", key=key)
    assert (ran.code, ran.out, idle.untouched) == (2, "", True)
    assert "key" in ran.err
    assert "canary" not in ran.err


def test_a_key_file_that_is_not_there_is_a_usage_error(idle: Service) -> None:
    ran = idle.submit(idle.job(), "--yes", "--key-file", idle.folder / "nowhere")
    assert (ran.code, ran.out, idle.untouched) == (2, "", True)


@pytest.mark.parametrize("url", ["http://192.0.2.1", "ftp://127.0.0.1", "http://me:secret@127.0.0.1:1", "nonsense"])
def test_the_key_goes_to_no_other_address(url: str, idle: Service) -> None:
    ran = idle.submit(idle.job(), "--yes", "--api-url", url)
    assert (ran.code, ran.out, idle.untouched) == (2, "", True)
    assert "secret" not in ran.err


def test_a_place_that_cannot_be_written_is_known_before_anything_is_paid(sandbox: Service) -> None:
    ran = sandbox.submit(sandbox.job(), "--yes", "--output", sandbox.folder / "nowhere" / "result.json")
    assert (ran.code, sandbox.untouched) == (2, True)


def test_a_folder_that_takes_no_result_is_known_before_anything_is_paid(sandbox: Service) -> None:
    taken = sandbox.folder / "taken"
    taken.write_text("a file")
    for folder in (taken, taken / "results", "/proc/results", sandbox.folder / ("x" * 300)):
        ran = sandbox.submit(sandbox.job(), "--yes", "--download", folder)
        assert (ran.code, sandbox.untouched) == (2, True), ran.err
        assert f"cannot save a result in {folder}" in ran.err
    waited = sandbox.run("task", "wait", "8b6a5162-5c91-4a42-8e80-4c8ef5486f24", "--download", taken)
    assert (waited.code, sandbox.untouched) == (2, True), waited.err


def test_a_look_at_the_folder_leaves_nothing(sandbox: Service) -> None:
    ran = sandbox.submit(sandbox.job(video="too-long.mp4"), "--yes", "--download", sandbox.folder / "new" / "results")
    assert (ran.code, (sandbox.folder / "new").exists()) == (1, False)


def test_a_result_that_is_not_saved_can_be_fetched_later(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    with service(tmp_path, result=clip) as sandbox:
        ran = sandbox.submit(sandbox.job(), "--yes", "--download", tmp_path / "results")
        assert (ran.code, ran.json["state"], ran.json["files"]) == (3, "completed", [])
        said = ["preflight", "task", "wait", ran.json["task_id"], "--download"]
        assert f"{' '.join(said)} FOLDER" in ran.err
        clip.write_bytes(Path(CLIP).read_bytes())
        again = sandbox.run(*said[1:], "results")
        assert (again.code, len(list((tmp_path / "results").iterdir()))) == (0, 1), again.err


def test_without_a_key_the_free_check_comes_first(idle: Service) -> None:
    """The report and the price are shown, and then what is missing; a job that fails needs no key to say so."""
    good = idle.run("submit", idle.job(), "--yes", key=None)
    assert (good.code, good.out) == (2, "")
    assert "360 credits" in good.err
    assert good.err.endswith("preflight: no API key: set PREFLIGHT_API_KEY\n")
    bad = idle.run("submit", idle.job(video="too-long.mp4"), "--yes", key=None)
    assert (bad.code, "API key" in bad.err) == (1, False), bad.err
    assert idle.untouched


def test_without_a_key_the_price_of_a_run_is_shown(idle: Service) -> None:
    table = idle.folder / "jobs.csv"
    table.write_text(f"image,video\n{idle.media.url('ok', 'a.png')},{idle.media.url('ok', '12.mp4')}\n")
    dry = idle.run("submit", table, "--budget", "500", "--dry-run", key=None)
    assert (dry.code, "360 credits" in dry.out) == (0, True), dry.err
    ran = idle.run("submit", table, "--budget", "500", key=None)
    assert (ran.code, "balance      not known: there is no API key" in ran.err) == (2, True), ran.err
    assert ran.err.endswith("preflight: no API key: set PREFLIGHT_API_KEY\n")
    assert idle.untouched


@pytest.mark.parametrize("option", [["--budget", "3"], ["--at-once", "2"], ["--to", "run"], ["--manifest", "a.csv"]])
def test_a_misspelt_run_is_not_called_a_job(option: list[str], tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text("model: kling-v3-motion-control\n")
    lost = here("submit", tmp_path / "typo", *option)
    assert (lost.code, f"{tmp_path / 'typo'}: no such file" in lost.err, "one job" in lost.err) == (2, True, False)
    found = here("submit", tmp_path / "job.yaml", *option)
    assert (found.code, f"{option[0]} is for a run or a manifest, and this is one job" in found.err) == (2, True)
