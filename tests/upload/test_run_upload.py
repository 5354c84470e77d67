"""A run whose jobs name local files: each is uploaded once, before its job is paid for, and no job is paid twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from shutil import copyfile

import pytest

from tests.servers.object_store import BUCKET, Bucket, answers
from tests.support.command import FIXTURES, KEY, Ran, preflight
from tests.support.service import Service, service

pytestmark = pytest.mark.usefixtures("measured_children")

PRICE = 360


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path, credits=Decimal(100_000)) as running:
        yield running


def lay_out(folder: Path) -> None:
    """Four rows: three with one picture and one clip, of which two are the same job, and one with the clip's copy."""
    copyfile(FIXTURES / "pictures/plain.png", folder / "a.png")
    copyfile(FIXTURES / "clips/12-seconds.mp4", folder / "clip.mp4")
    copyfile(folder / "clip.mp4", folder / "copy.mp4")
    rows = ["a.png,clip.mp4,one", "a.png,clip.mp4,two", "a.png,clip.mp4,one", "a.png,copy.mp4,three"]
    (folder / "jobs.csv").write_text("\n".join(["image,video,prompt", *rows, ""]), "utf-8")


def submit(sandbox: Service, store: Bucket, *arguments: str | Path) -> Ran:
    given = ["--budget", "5000", "--yes", "--format", "json", "--upload", f"s3://{BUCKET}/jobs"]
    known = {"PREFLIGHT_API_KEY": KEY, "PREFLIGHT_API_URL": sandbox.url, "PREFLIGHT_ALLOW_HOST": "127.0.0.1"}
    env = store.environment | known | {"PREFLIGHT_LEDGER": str(sandbox.folder / "ledger.db")}
    return preflight("submit", *given, *arguments, cwd=sandbox.folder, env=env)


def states(folder: Path) -> list[tuple[str, str | None]]:
    lines = [json.loads(line) for line in (folder / "jobs.run/submissions.jsonl").read_text("ascii").splitlines()]
    return [(line["state"], line["error"]) for line in lines]


def test_the_files_of_a_manifest_are_uploaded_once_and_its_jobs_are_paid_for_once(
    sandbox: Service, store: Bucket
) -> None:
    lay_out(sandbox.folder)
    ran = submit(sandbox, store, "jobs.csv")
    assert (ran.code, sandbox.paid_requests, len(store.held())) == (0, 3, 2), ran.err
    assert "2 local files" in ran.err
    assert states(sandbox.folder)[2] == ("accepted", "the same job as row 1")
    again = submit(sandbox, store, "jobs.run")
    assert (again.code, again.json["taken"], sandbox.paid_requests) == (0, str(3 * PRICE), 3)


def test_a_file_that_changed_since_the_check_is_checked_before_it_is_paid_for(sandbox: Service, store: Bucket) -> None:
    lay_out(sandbox.folder)
    assert preflight("check", "jobs.csv", "--to", "jobs.run", cwd=sandbox.folder).code == 0
    copyfile(FIXTURES / "clips/20-seconds.mp4", sandbox.folder / "copy.mp4")
    copyfile(FIXTURES / "pictures/299-wide.png", sandbox.folder / "a.png")
    assert (submit(sandbox, store, "jobs.run").code, sandbox.paid_requests) == (1, 0)
    copyfile(FIXTURES / "pictures/plain.png", sandbox.folder / "a.png")
    ran = submit(sandbox, store, "jobs.run")
    assert (ran.code, sandbox.paid_requests) == (1, 2), ran.err
    assert "it may cost 600 credits now" in str(states(sandbox.folder)[3][1])
    (sandbox.folder / "copy.mp4").unlink()
    assert (submit(sandbox, store, "jobs.run").code, sandbox.paid_requests) == (1, 2)
    assert "copy.mp4" in str(states(sandbox.folder)[3][1])


def test_a_store_that_refuses_stops_the_run_before_anything_is_paid_for(sandbox: Service, store: Bucket) -> None:
    lay_out(sandbox.folder)
    store.gate.misbehave = answers(403, "AccessDenied")
    ran = submit(sandbox, store, "jobs.csv", "--at-once", "1")
    assert (sandbox.paid_requests, ran.json["states"]) == (0, {"not-sent": 4}), ran.err
    assert ran.code == 2
    store.gate.misbehave = lambda _: None
    assert (submit(sandbox, store, "jobs.csv").code, sandbox.paid_requests) == (0, 3)


@pytest.mark.parametrize("at_once", ["1", "4"])
def test_a_file_that_was_not_uploaded_says_nothing_about_its_job(sandbox: Service, at_once: str) -> None:
    lay_out(sandbox.folder)
    known = {"PREFLIGHT_API_KEY": KEY, "PREFLIGHT_API_URL": sandbox.url, "PREFLIGHT_ALLOW_HOST": "127.0.0.1"}
    env = known | {"PREFLIGHT_LEDGER": str(sandbox.folder / "ledger.db")}
    given = ["--budget", "5000", "--yes", "--at-once", at_once, "--upload-command", "test -z {file}"]
    ran = preflight("submit", "jobs.csv", *given, cwd=sandbox.folder, env=env)
    assert (ran.code, sandbox.paid_requests) == (3, 0), ran.err
    assert "the upload command ended with 1" in str(states(sandbox.folder)[0][1])


def test_a_dry_run_uploads_nothing(sandbox: Service, store: Bucket) -> None:
    lay_out(sandbox.folder)
    assert submit(sandbox, store, "jobs.csv", "--dry-run").code == 0
    assert (store.held(), sandbox.paid_requests) == ([], 0)
