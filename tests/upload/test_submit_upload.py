"""From two files on a disk to a paid job: checked, uploaded, read back, shown, asked about, paid once."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
import yaml

from preflight.ledger import EntryState, Ledger
from tests.servers.object_store import ACCESS_KEY, BUCKET, SECRET_KEY, Bucket, denies_reading, slowly
from tests.support.command import CLIP, FIXTURES, KEY, PICTURE, Ran, checked, command, environment, preflight
from tests.support.jobs import job, write_job
from tests.support.service import Service, service
from tests.support.terminal import Conversation
from tests.upload.test_store import large_clip

UPLOAD = ["--upload", f"s3://{BUCKET}/jobs"]
FILES = ["--image", PICTURE, "--video", CLIP]
DIGESTS = {sha256(Path(path).read_bytes()).hexdigest() for path in (PICTURE, CLIP)}


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


def environment_of(sandbox: Service, store: Bucket) -> dict[str, str]:
    return store.environment | {
        "PREFLIGHT_API_KEY": KEY,
        "PREFLIGHT_API_URL": sandbox.url,
        "PREFLIGHT_ALLOW_HOST": "127.0.0.1",
        "PREFLIGHT_LEDGER": str(sandbox.folder / "ledger.db"),
    }


def submit(sandbox: Service, store: Bucket, *arguments: str | Path) -> Ran:
    ran = preflight("submit", *arguments, cwd=sandbox.folder, env=environment_of(sandbox, store))
    assert SECRET_KEY not in ran.out + ran.err
    assert ACCESS_KEY not in ran.err
    return ran


def test_two_local_files_become_a_paid_job_that_names_their_bytes(sandbox: Service, store: Bucket) -> None:
    ran = submit(sandbox, store, *FILES, *UPLOAD, "--yes", "--wait", "--format", "json")
    assert (ran.code, ran.json["state"], sandbox.paid_requests) == (0, "completed", 1)
    assert {each["sha256"] for each in ran.json["media"]} == DIGESTS
    assert {key.rpartition("/")[2].partition(".")[0] for key in store.held()} == DIGESTS
    assert all(digest in ran.err for digest in DIGESTS)  # before it is paid for
    shown = sandbox.run("ledger", "show", "1", "--format", "json").json["entries"][0]
    assert {each["sha256"] for each in shown["receipts"]} == DIGESTS
    assert set(sandbox.run("ledger", "show", "1").out.split()) >= DIGESTS
    assert "X-Amz" not in (sandbox.folder / "ledger.db").read_bytes().decode("latin-1")


def test_a_job_file_of_local_paths_is_sent_with_urls_and_stays_as_it_is(sandbox: Service, store: Bucket) -> None:
    shutil.copyfile(PICTURE, sandbox.folder / "photo.png")
    path = write_job(sandbox.folder, job(image="photo.png", prompt="x"))
    before = path.read_text("utf-8")
    ran = submit(sandbox, store, path, *UPLOAD, "--dry-run", "--format", "json")
    body = ran.json["body"]["input"]
    assert (ran.code, body["prompt"], store.held(), sandbox.paid_requests) == (0, "x", [], 0)
    for name in ("input_urls", "video_urls"):
        assert body[name][0].startswith(f"{store.url}/{BUCKET}/jobs/")
    assert submit(sandbox, store, path, *UPLOAD, "--yes").code == 0
    assert path.read_text("utf-8") == before


def test_the_same_files_are_paid_for_once_wherever_they_are(sandbox: Service, store: Bucket, tmp_path: Path) -> None:
    assert submit(sandbox, store, *FILES, *UPLOAD, "--yes").code == 0
    shutil.copyfile(PICTURE, tmp_path / "renamed.png")
    again = {
        "the same": [*FILES, *UPLOAD],
        "another place": [*FILES, "--upload", f"s3://{BUCKET}/elsewhere"],
        "another name": ["--image", tmp_path / "renamed.png", "--video", CLIP, *UPLOAD],
        "a command": [*FILES, "--upload-command", f": {{file}}; echo {sandbox.media.url('ok', '12.mp4')}"],
    }
    for arguments in again.values():
        ran = submit(sandbox, store, *arguments, "--yes")
        assert (ran.code, "already submitted" in ran.err) == (1, True)
    urls = [file["url"] for file in _uploaded(sandbox, store)]
    ran = submit(sandbox, store, "--image", urls[0], "--video", urls[1], "--yes")  # signed at another time
    assert (ran.code, "already submitted" in ran.err, sandbox.paid_requests) == (1, True, 1)
    assert {key.partition("/")[0] for key in store.held()} == {"jobs"}  # refused before anything was uploaded
    assert submit(sandbox, store, *FILES, *UPLOAD, "--yes", "--again").code == 0
    assert sandbox.paid_requests == 2


def _uploaded(sandbox: Service, store: Bucket) -> list[dict[str, str]]:
    given = ["upload", PICTURE, CLIP, "--to", f"s3://{BUCKET}/jobs", "--format", "json"]
    files: list[dict[str, str]] = preflight(*given, env=environment_of(sandbox, store)).json["files"]
    return files


def test_a_job_that_was_paid_by_its_urls_is_known_when_its_files_are_uploaded(sandbox: Service, store: Bucket) -> None:
    urls = [file["url"] for file in _uploaded(sandbox, store)]
    assert submit(sandbox, store, "--image", urls[0], "--video", urls[1], "--yes").code == 0
    ran = submit(sandbox, store, *FILES, *UPLOAD, "--yes")
    assert (ran.code, "already submitted" in ran.err, sandbox.paid_requests) == (1, True, 1)


def test_there_is_one_question_between_two_broken_files_and_a_completed_task(
    sandbox: Service, store: Bucket, tmp_path: Path
) -> None:
    photo, clip = tmp_path / "photo.webp", tmp_path / "clip.mp4"
    shutil.copyfile(FIXTURES / "pictures" / "webp-named.png", photo)
    shutil.copyfile(FIXTURES / "clips" / "30.1-seconds.mp4", clip)
    files = ["--image", photo, "--video", clip, "--fix", *UPLOAD, "--max-credits", "900", "--wait"]
    with Conversation("submit", *files, env=environment_of(sandbox, store), cwd=sandbox.folder) as talk:
        before = talk.until("[y/N]")
        assert (before.count("[y/N]"), sandbox.paid_requests) == (1, 0)
        talk.type("y\n")
        text, code = talk.end()
    assert (code, text.count("[y/N]"), sandbox.state["jobs_billed"]) == (0, 1, 1)
    assert "completed  task" in text
    fixed = [path.read_bytes() for path in tmp_path.glob("*.fixed.*")]
    assert len(fixed) == 2
    assert all(f"sha256 {sha256(data).hexdigest()}" in text for data in fixed)
    assert "fixed  " in before


@pytest.mark.parametrize("arguments", [FILES, ["--image", PICTURE, "--video", CLIP, "--mode", "1080p"]])
def test_no_is_said_before_anything_is_paid_and_the_files_stay(
    arguments: list[str], sandbox: Service, store: Bucket
) -> None:
    with Conversation("submit", *arguments, *UPLOAD, env=environment_of(sandbox, store)) as talk:
        talk.until("[y/N]")
        talk.type("n\n")
        text, code = talk.end()
    assert (code, "not submitted" in text, sandbox.paid_requests, len(store.held())) == (1, True, 0, 2)


def test_nothing_is_uploaded_for_a_job_that_does_not_pass_or_is_too_dear(sandbox: Service, store: Bucket) -> None:
    too_long = str(FIXTURES / "clips" / "30.1-seconds.mp4")
    cases = {
        "too long": (["--image", PICTURE, "--video", too_long, "--yes"], 1),
        "too dear": ([*FILES, "--max-credits", "359", "--yes"], 5),
        "nobody to ask": (FILES, 2),
        "a place that is none": ([*FILES, "--yes", "--upload", "nowhere"], 2),
        "a private store": ([*FILES, "--yes", "--allow-host", "10.0.0.1"], 2),
    }
    for arguments, code in cases.values():
        ran = submit(sandbox, store, *arguments, *([] if "--upload" in arguments else UPLOAD))
        assert (ran.code, store.held(), sandbox.paid_requests) == (code, [], 0), ran.err


def test_a_file_that_cannot_be_read_back_is_not_paid_for(sandbox: Service, store: Bucket) -> None:
    store.gate.misbehave = denies_reading
    ran = submit(sandbox, store, *FILES, *UPLOAD, "--yes")
    assert (ran.code, ran.out, sandbox.paid_requests) == (2, "", 0)
    assert "cannot be read (403)" in ran.err


def test_a_full_disk_pays_nothing_and_loses_nothing(sandbox: Service, store: Bucket) -> None:
    """No file may grow: neither the ledger nor a result can be written."""
    done = subprocess.run(
        command("submit", *FILES, *UPLOAD, "--yes", "--output", "out.json", "--format", "json"),
        cwd=sandbox.folder,
        env=environment(environment_of(sandbox, store)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    checked((), Ran(code=done.returncode, out=done.stdout, err=done.stderr))
    assert (done.returncode, sandbox.paid_requests, store.held()) == (2, 0, [])
    assert "preflight: " in done.stderr
    assert submit(sandbox, store, *FILES, *UPLOAD, "--yes").code == 0


def test_an_upload_that_is_killed_is_repeated_safely(sandbox: Service, store: Bucket, tmp_path: Path) -> None:
    """A short loop: killed at random moments, then left alone. Paid once, and what is there is the file."""
    chance = random.Random(7)
    store.gate.before = slowly(0.15)
    clip = large_clip(tmp_path)
    line = command("submit", "--image", PICTURE, "--video", clip, *UPLOAD, "--yes")
    killed = 0
    for _ in range(6):
        with subprocess.Popen(
            line,
            cwd=sandbox.folder,
            env=environment(environment_of(sandbox, store)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            before = len(store.gate.seen)
            while len(store.gate.seen) == before and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 0.6))
            process.send_signal(signal.SIGKILL)
            killed += process.wait(60) == -signal.SIGKILL
    ran = submit(sandbox, store, "--image", PICTURE, "--video", clip, *UPLOAD, "--yes")
    assert killed
    assert ran.code in (0, 1, 6), ran.err
    state = sandbox.state
    assert state["jobs_billed"] <= 1
    assert state["jobs_billed"] == 1 or ran.code == 6
    for key in store.held():
        body = store.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert sha256(body).hexdigest() == key.rpartition("/")[2].partition(".")[0]
    with Ledger(sandbox.folder / "ledger.db") as ledger:
        entries = ledger.entries(states=[EntryState.ACCEPTED, EntryState.COMPLETED, EntryState.UNKNOWN])
    assert len(entries) == 1


def test_a_saved_job_can_be_uploaded_and_paid_later(sandbox: Service, store: Bucket) -> None:
    ran = submit(sandbox, store, *FILES, *UPLOAD, "--dry-run", "--save-job", "kept.yaml")
    assert ran.code == 0
    kept = yaml.safe_load((sandbox.folder / "kept.yaml").read_text("utf-8"))["input"]
    assert (kept["input_urls"], kept["video_urls"]) == ([PICTURE], [CLIP])
    assert submit(sandbox, store, "kept.yaml", *UPLOAD, "--yes").code == 0
    assert submit(sandbox, store, *FILES, *UPLOAD, "--yes").code == 1


def test_an_interrupt_during_an_upload_ends_it(sandbox: Service, store: Bucket, tmp_path: Path) -> None:
    release = threading.Event()
    store.gate.before = lambda method, _: release.wait(120) if method == "PUT" else None
    files = ["--image", PICTURE, "--video", large_clip(tmp_path), *UPLOAD]
    with Conversation("submit", *files, env=environment_of(sandbox, store)) as talk:
        while not store.gate.count("PUT"):
            time.sleep(0.01)
        talk.interrupt()
        text, code = talk.end()
    release.set()
    assert (code, sandbox.paid_requests) == (130, 0)
    assert "interrupted" in text
