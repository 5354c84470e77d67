"""What ``preflight submit`` shows before it pays, on a terminal and elsewhere, and what comes of each answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from tests.support.command import CLIP, KEY, PICTURE, here
from tests.support.service import Service, service
from tests.support.terminal import Conversation, answered

QUESTION = "Submit and pay up to 360 credits ($1.80)? [y/N]"
CAPPED = {"video": "20.mp4", "character_orientation": "image"}
"""A job with a warning, whose price has a range: 300 credits, up to 600."""


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


def environment_of(sandbox: Service) -> dict[str, str]:
    return {
        "PREFLIGHT_API_KEY": KEY,
        "PREFLIGHT_API_URL": sandbox.url,
        "PREFLIGHT_ALLOW_HOST": "127.0.0.1",
        "PREFLIGHT_LEDGER": str(sandbox.folder / "ledger.db"),
    }


@pytest.mark.parametrize(
    ("answer", "code", "paid"),
    [
        ("y\n", 0, 1),
        ("YES\n", 0, 1),
        ("n\n", 1, 0),
        ("\n", 1, 0),
        ("what\ny\n", 0, 1),
        ("a\nb\nc\n", 1, 0),
        ("\x04", 1, 0),
    ],
    ids=["y", "yes", "n", "return", "asked-again", "never-answered", "end-of-input"],
)
def test_an_answer_decides(answer: str, code: int, paid: int, sandbox: Service) -> None:
    ran = answered(answer, "submit", sandbox.job(), env=environment_of(sandbox))
    assert (ran.code, sandbox.paid_requests) == (code, paid)
    assert QUESTION in ran.err
    assert ("preflight: not submitted" in ran.err.splitlines()[-1]) is (code == 1)
    assert "interrupted" not in ran.err


def test_an_interrupt_at_the_question_pays_nothing(sandbox: Service) -> None:
    with Conversation("submit", sandbox.job(), env=environment_of(sandbox)) as talk:
        talk.until("[y/N]")
        talk.interrupt()
        text, code = talk.end()
    assert (code, sandbox.paid_requests) == (130, 0)
    assert "interrupted; not submitted" in text


def test_everything_that_is_paid_for_is_shown_before_the_question(sandbox: Service) -> None:
    path = sandbox.job(**CAPPED)
    with Conversation("submit", path, env=environment_of(sandbox)) as talk:
        before = talk.until("[y/N]")
        assert sandbox.paid_requests == 0
        talk.type("n\n")
        _, code = talk.end()
    assert code == 1
    for words in (
        "PASS", "warning", "video-over-orientation-cap", "note", "url-insecure",
        f"job          {path}", "a.png", "20.mp4", "mode         720p", "orientation  image",
        f"service      {sandbox.url}", "balance      10000 credits",
        "price        300 credits ($1.50)", "at most      600 credits ($3.00)",
    ):  # fmt: skip
        assert words in before, words
    assert before.rstrip().endswith("Submit and pay up to 600 credits ($3.00)? [y/N]")


def test_yes_shows_the_same_beside_the_result(sandbox: Service) -> None:
    ran = sandbox.run("submit", sandbox.job(**CAPPED), "--yes", "--format", "json")
    assert (ran.code, ran.json["state"]) == (0, "accepted")
    for words in ("video-over-orientation-cap", "balance      10000 credits", "at most      600 credits ($3.00)"):
        assert words in ran.err
    assert "Submit and pay" not in ran.err


def test_quiet_hides_it_unless_it_is_asked_about(sandbox: Service) -> None:
    assert sandbox.run("submit", sandbox.job(), "--yes", "-q").err.count("\n") == 1
    ran = answered("n\n", "submit", sandbox.job(prompt="other"), "-q", env=environment_of(sandbox))
    assert (ran.code, "balance      9640 credits" in ran.err) == (1, True)


def test_a_dry_run_shows_it_beside_the_exact_request(sandbox: Service) -> None:
    path = sandbox.job(**CAPPED)
    ran = sandbox.run("submit", path, "--dry-run", "--format", "json")
    assert (ran.code, ran.json["body"], sandbox.paid_requests) == (0, yaml.safe_load(path.read_text("utf-8")), 0)
    assert "balance      10000 credits" in ran.err
    assert "video-over-orientation-cap" in ran.err
    ran = sandbox.run("submit", path, "--dry-run", key=None)
    assert (ran.code, "balance      not known: there is no API key" in ran.err) == (0, True)


@pytest.mark.parametrize("balance", [0, 359])
def test_a_balance_below_the_high_end_is_said_before_anything_is_sent(balance: int, tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(balance)) as poor:
        ran = answered("y\n", "submit", poor.job(), env=environment_of(poor))
        assert (ran.code, poor.paid_requests) == (4, 0)
    assert f"balance      {balance} credits, which does not cover 360 credits ($1.80)" in ran.err
    assert f"not sent: the balance is {balance} credits, and the job may cost 360; top up the account" in ran.err
    assert "Submit and pay" not in ran.err


def test_a_balance_between_both_ends_of_the_price_is_too_low(tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(599)) as poor:
        ran = poor.submit(poor.job(**CAPPED), "--yes")
        assert (ran.code, ran.out, poor.paid_requests) == (4, "", 0)
    with service(tmp_path, credits=Decimal(600)) as enough:
        assert enough.submit(enough.job(**CAPPED), "--yes", "--again").code == 0


def test_an_account_that_does_not_answer_holds_nothing_up(sandbox: Service) -> None:
    sandbox.arm("internal_error", operation="credits", count=None)
    ran = sandbox.run("submit", sandbox.job(), "--yes")
    assert (ran.code, sandbox.paid_requests) == (0, 1)
    assert "balance      not known: the service did not say" in ran.err


def test_a_job_of_options_is_paid_and_kept(sandbox: Service) -> None:
    image, video = sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")
    files = ["--image", image, "--video", video, "--mode", "1080p", "--prompt", "yes: 東京"]
    ran = sandbox.run("submit", *files, "--yes", "--save-job", "kept.yaml", "--format", "json")
    assert (ran.code, ran.json["quote"]["credits"]) == (0, 480)
    kept = yaml.safe_load((sandbox.folder / "kept.yaml").read_text("utf-8"))
    assert kept["input"] == {"input_urls": [image], "video_urls": [video], "mode": "1080p", "prompt": "yes: 東京"}
    again = sandbox.run("submit", "kept.yaml", "--yes")
    assert (again.code, "already submitted" in again.err, sandbox.paid_requests) == (1, True, 1)


def test_a_kept_job_names_local_files_from_where_it_is(sandbox: Service) -> None:
    (sandbox.folder / "jobs").mkdir()
    (sandbox.folder / "a.png").write_bytes(Path(PICTURE).read_bytes())
    files = ["--image", "a.png", "--video", CLIP, "--save-job", "jobs/kept.json"]
    ran = sandbox.run("submit", *files, "--yes")
    assert (ran.code, sandbox.paid_requests) == (1, 0)
    kept = json.loads((sandbox.folder / "jobs" / "kept.json").read_text("utf-8"))["input"]
    assert (kept["input_urls"], kept["video_urls"]) == (["../a.png"], [CLIP])
    assert sandbox.run("check", "jobs/kept.json").code == 0


# Calls that cannot be meant, and what is said of them.
USAGE = {
    "nothing": ([], "nothing to submit: name a job file, or give --image and --video"),
    "no-video": (["--image", PICTURE], "--video is missing"),
    "no-image": (["--video", CLIP], "--image is missing"),
    "both": (["job.yaml", "--image", PICTURE, "--video", CLIP], "not both"),
    "mode-of-a-file": (["job.yaml", "--mode", "1080p"], "set them in the job"),
    "missing-file": (["--image", "nowhere.png", "--video", CLIP], "nowhere.png: no such file"),
    "save-exists": (["--image", PICTURE, "--video", CLIP, "--save-job", "job.yaml"], "job.yaml already exists"),
    "save-suffix": (["--image", PICTURE, "--video", CLIP, "--save-job", "job.txt"], "a .yaml, .yml or .json file"),
}


@pytest.mark.parametrize("case", USAGE)
def test_a_call_that_cannot_be_meant_is_a_usage_error(case: str, sandbox: Service) -> None:
    sandbox.job()
    arguments, words = USAGE[case]
    ran = sandbox.run("submit", *arguments, "--yes")
    assert (ran.code, ran.out, sandbox.untouched) == (2, "", True)
    assert words in ran.err


def test_local_files_without_an_upload_say_how_to_upload_them(sandbox: Service) -> None:
    ran = sandbox.run("submit", "--image", PICTURE, "--video", CLIP, "--yes")
    assert (ran.code, sandbox.untouched) == (1, True)
    assert "the job names local files: --upload s3://BUCKET/PREFIX uploads them first" in ran.err
    assert "url-not-public" in ran.out


def test_a_job_can_be_kept_on_no_full_disk(sandbox: Service) -> None:
    ran = here("submit", "--image", PICTURE, "--video", CLIP, "--yes", "--save-job", "/dev/full/job.yaml",
               *sandbox.options, *sandbox.ledger_options)  # fmt: skip
    assert (ran.code, ran.out, sandbox.untouched) == (2, "", True)


def test_a_dry_run_says_that_the_ledger_has_the_job(sandbox: Service) -> None:
    path = sandbox.job()
    assert "already submitted" not in sandbox.run("submit", path, "--dry-run").err
    task = sandbox.run("submit", path, "--yes", "--format", "json").json["task_id"]
    for key in (KEY, None):
        ran = sandbox.run("submit", path, "--dry-run", key=key)
        said = ran.err.splitlines()[-1]
        assert ran.code == 0
        assert "already submitted on 20" in said
        assert said.endswith(
            f" UTC (task {task}, accepted, entry 1 of the ledger); preflight task show {task} shows it; use --again to"
            " submit and pay again"
        )
    assert "; --again submits and pays again" in sandbox.run("submit", path, "--dry-run", "--again").err
    assert "already submitted" not in sandbox.run("submit", sandbox.job(prompt="other"), "--dry-run").err
    assert sandbox.paid_requests == 1


def test_a_dry_run_says_what_is_in_doubt_and_goes_without_a_ledger(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        path = running.job()
        running.arm("504-then-billing")
        assert running.run("submit", path, "--yes").code == 6
        ran = running.run("submit", path, "--dry-run", "--again")
        assert ran.err.rstrip().endswith("(entry 1 of the ledger); settle that first: preflight ledger resolve 1")
        broken = tmp_path / "broken.db"
        broken.write_text("no ledger, and far from being one\n" * 100)
        ran = running.run("submit", path, "--dry-run", "--ledger", broken)
        assert (ran.code, "submitted before is not known:" in ran.err) == (0, True), ran.err


@pytest.mark.parametrize("case", ["nothing", "no-folder", "an-empty-file", "a-dangling-link"])
def test_a_command_that_only_reads_makes_no_ledger(case: str, sandbox: Service, tmp_path: Path) -> None:
    folder = tmp_path / "ledgers"
    folder.mkdir()
    place = folder / ("new/ledger.db" if case == "no-folder" else "ledger.db")
    if case == "an-empty-file":
        place.touch()
    elif case == "a-dangling-link":
        place.symlink_to(folder / "gone" / "ledger.db")
    before = sorted((path.name, path.lstat().st_size) for path in folder.iterdir())
    job, table = sandbox.job(), sandbox.folder / "jobs.csv"
    table.write_text(f"image,video\n{sandbox.media.url('ok', 'a.png')},{sandbox.media.url('ok', '12.mp4')}\n")
    for code, words in (
        (0, ("submit", job, "--dry-run")),
        (0, ("submit", table, "--budget", "500", "--dry-run")),
        (0, ("ledger", "list")),
        (2, ("ledger", "show", "1")),
        (2, ("ledger", "resolve", "1", "--not-charged")),
    ):
        ran = sandbox.run(*words, "--ledger", place)
        assert ran.code == code, ran.err
        assert ("there is no ledger at" in ran.err) is (code == 2), ran.err
        assert "submitted before is not known" not in ran.err
        assert sorted((path.name, path.lstat().st_size) for path in folder.iterdir()) == before, words


def test_an_empty_file_becomes_a_ledger_with_the_first_payment(sandbox: Service) -> None:
    (sandbox.folder / "ledger.db").write_bytes(b"")
    assert sandbox.run("submit", sandbox.job(), "--yes").code == 0
    assert "accepted" in sandbox.run("ledger", "list").out


def test_a_dry_run_says_of_the_ledger_what_the_submission_says(tmp_path: Path) -> None:
    with service(tmp_path) as running:
        path = running.job()
        running.arm("504-then-billing")
        running.run("submit", path, "--yes")
        in_doubt = [running.run("submit", path, option).err.splitlines()[-1] for option in ("--dry-run", "--yes")]
        other = running.job(prompt="other")
        running.run("submit", other, "--yes")
        known = [running.run("submit", other, option).err.splitlines()[-1] for option in ("--dry-run", "--yes")]
    for dry, refused in (in_doubt, known):
        undated = re.sub(r" on \d{4}-\d\d-\d\d \d\d:\d\d UTC", "", dry)
        undated = re.sub("; preflight task show .* shows it", "", undated)
        assert undated.replace("preflight: ", "preflight: not sent: ", 1) == refused


def test_a_dry_run_is_as_wide_as_the_terminal(sandbox: Service) -> None:
    with Conversation("submit", sandbox.job(**CAPPED), "--dry-run", env=environment_of(sandbox)) as talk:
        text, code = talk.end()
    assert code == 0
    widths = {len(line) for line in text.split("POST")[0].splitlines() if not line.startswith(("image", "video"))}
    assert any(80 < width <= 100 for width in widths), text
