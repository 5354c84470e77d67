"""The hooks, run by pre-commit and by prek over a repository of good and bad files, each in its own environment.

Nothing is downloaded: the environments are made from wheels of what is installed here.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.servers.lying import serving
from tests.support.command import FIXTURES
from tests.support.hook_runs import RUNNERS, Offer, Repository, git
from tests.support.jobs import MODEL

CLIPS, PICTURES = FIXTURES / "clips", FIXTURES / "pictures"
URLS = "  input_urls: [https://example.com/a.png]\n  video_urls: [https://example.com/b.mp4]\n"
LOCAL = "  input_urls: [../media/plain.png]\n  video_urls: [../media/12-seconds.mp4]\n"
HEAD = f"model: {MODEL}\ninput:\n"


@pytest.fixture(scope="session")
def offer(tmp_path_factory: pytest.TempPathFactory, worker_id: str, testrun_uid: str) -> Offer:
    base = tmp_path_factory.getbasetemp()
    return Offer.prepared(base / "hooks" if worker_id == "master" else base.parent / f"hooks-{testrun_uid}")


@pytest.fixture(params=RUNNERS)
def repository(request: pytest.FixtureRequest, tmp_path: Path, offer: Offer) -> Repository:
    """A repository of files that have nothing to do with jobs, and media that are in order."""
    made = Repository(tmp_path, offer, request.param)
    made.add("README.md", b"# A site\n")
    made.add("package.json", b'{"name": "site"}\n')
    made.add(".github/workflows/ci.yml", b"on: push\njobs: {a: {runs-on: ubuntu-latest, steps: []}}\n")
    made.add("chart/service.yaml", b"{{- if .Values.on }}\nkind: Service\n{{- end }}\n")
    made.add("locales/de.json", json.dumps({f"key{n}": "Grüße" for n in range(20_000)}).encode())
    made.add("data/cities.csv", b"name,people\nBern,134000\n")
    made.add("logo.svg", b"<svg/>")
    made.add("media/plain.png", PICTURES / "plain.png")
    made.add("media/12-seconds.mp4", CLIPS / "12-seconds.mp4")
    return made


def test_media_in_order_pass(repository: Repository) -> None:
    repository.add("media/OTHER.JPG", PICTURES / "plain.jpg")
    repository.use("preflight-media")
    ran = repository.run()
    assert ran.code == 0, ran.text
    assert "Passed" in ran.text


BAD_MEDIA = {
    "named-png.png": (PICTURES / "webp-named.png", "image-format"),
    "CUT.JPEG": (PICTURES / "truncated.jpg", "image-truncated"),
    "long.mov": (CLIPS / "30.1-seconds.mp4", "video-too-long"),
    "two words.mp4": (CLIPS / "git-lfs-pointer.mp4", "git lfs pull --include='two words.mp4'"),
}


def test_bad_media_fail_each_by_its_rule(repository: Repository) -> None:
    for name, (origin, _) in BAD_MEDIA.items():
        repository.add(f"media/{name}", origin)
    repository.use("preflight-media")
    ran = repository.run()
    assert ran.code == 1, ran.text
    for name, (_, said) in BAD_MEDIA.items():
        assert name in ran.text
        assert said in ran.text


def test_what_git_lfs_has_not_fetched_can_be_left_out(repository: Repository) -> None:
    repository.add("media/dance.mp4", CLIPS / "git-lfs-pointer.mp4")
    repository.use("preflight-media", "--ignore=not-fetched")
    ran = repository.run()
    assert ran.code == 0, ran.text


def test_a_repository_without_media_has_nothing_to_check(repository: Repository) -> None:
    for path in (repository.folder / "media").iterdir():
        path.unlink()
    repository.use("preflight-media")
    ran = repository.run()
    assert (ran.code, "no files to check" in ran.text.lower()) == (0, True), ran.text


def test_unrelated_files_and_jobs_in_order_pass(repository: Repository) -> None:
    repository.use("preflight-jobs")
    unrelated = repository.run()
    assert (unrelated.code, "Passed" in unrelated.text) == (0, True), unrelated.text
    repository.add("jobs/urls.yaml", (HEAD + URLS).encode())
    repository.add("jobs/local.yml", (HEAD + LOCAL).encode())
    repository.add("jobs/rows.csv", b"image,video\nhttps://example.com/a.png,https://example.com/b.mp4\n")
    ran = repository.run()
    assert ran.code == 0, ran.text


BAD_JOBS = {
    "field.yaml": (HEAD + URLS + "  orientation: image\n", "input.character_orientation"),
    "broken.yaml": (HEAD + URLS.replace("]", ""), "not YAML"),
    "address.json": (json.dumps({"model": MODEL, "input": {"input_urls": ["https://10.0.0.1/a.png"]}}), "10.0.0.1"),
    "local.yaml": (HEAD + LOCAL.replace("12-seconds", "30.1-seconds"), "video-too-long"),
    "rows.jsonl": ('{"model": "x", "input": {"video_urls": []}}\n', "model-unknown"),
}


def test_bad_jobs_fail_each_at_its_place(repository: Repository) -> None:
    repository.add("media/30.1-seconds.mp4", CLIPS / "30.1-seconds.mp4")
    for name, (text, _) in BAD_JOBS.items():
        repository.add(f"jobs/{name}", text.encode())
    repository.use("preflight-jobs")
    ran = repository.run()
    assert ran.code == 1, ran.text
    for name, (_, said) in BAD_JOBS.items():
        assert f"jobs/{name}" in ran.text
        assert said in ran.text
    assert "package.json" not in ran.text


def test_a_job_over_budget_fails(repository: Repository) -> None:
    repository.add("jobs/local.yaml", (HEAD + LOCAL).encode())
    repository.use("preflight-jobs", "--max-credits=359")
    over = repository.run()
    repository.use("preflight-jobs", "--max-credits=360")
    within = repository.run()
    assert (over.code, "over-budget" in over.text) == (1, True), over.text
    assert within.code == 0, within.text


def test_urls_are_fetched_when_asked_for_and_not_on_commit(repository: Repository) -> None:
    with serving({"a.png": PICTURES / "plain.png", "b.mp4": CLIPS / "30.1-seconds.mp4"}) as server:
        files = f"  input_urls: [{server.url('ok', 'a.png')}]\n  video_urls: [{server.url('ok', 'b.mp4')}]\n"
        repository.add("jobs/urls.yaml", (HEAD + files).encode())
        repository.use("preflight-urls", "--allow-host=127.0.0.1")
        on_commit = repository.run()
        asked = repository.run("--hook-stage", "manual")
    assert (on_commit.code, on_commit.text.count("preflight: URLs")) == (0, 0), on_commit.text
    assert asked.code == 1, asked.text
    assert "video-too-long" in asked.text


def test_a_commit_with_a_bad_picture_is_refused(repository: Repository) -> None:
    repository.use("preflight-media")
    repository.install()
    good = repository.commit()
    repository.add("media/bad.png", PICTURES / "webp-named.png")
    bad = repository.commit()
    assert good.code == 0, good.text
    assert bad.code == 1, bad.text
    assert "image-format" in bad.text


CLEVER = {
    "--baseline=evil.json": b'{"schema": "preflight.baseline/v1", "findings": []}',
    "--output=package.json": b"{}",
    "--config=evil.json": b'ignore = ["job"]\n',
    "--files-from=list.csv": b"x\n",
    "-q.json": b"{}",
    "@job.json": b"{}",
}


@pytest.mark.parametrize("arguments", [[], ["--strict", "--"], ["--strict"]], ids=["own-args", "ended", "not-ended"])
def test_the_name_of_a_file_is_never_an_option(arguments: list[str], repository: Repository) -> None:
    for name, content in CLEVER.items():
        repository.add(name, content)
    repository.use("preflight-jobs", *arguments)
    if "--" in (arguments or ["--"]):
        good = repository.run()
        assert good.code == 0, good.text
    repository.add("jobs/bad.yaml", BAD_JOBS["field.yaml"][0].encode())
    ran = repository.run()
    assert ran.code == 1, ran.text
    assert (
        "input.character_orientation" if "--" in (arguments or ["--"]) else "is both an option and a file here"
    ) in ran.text
    assert json.loads((repository.folder / "package.json").read_text("utf-8")) == {"name": "site"}


def test_a_repair_fails_the_hook_once(repository: Repository) -> None:
    repository.add("media/turned.jpg", PICTURES / "exif-orientation-6.jpg")
    repository.add("media/named.png", PICTURES / "webp-named.png")
    repository.use("preflight-fix")
    first = repository.run()
    second = repository.run()
    assert (first.code, "files were modified by this hook" in first.text) == (1, True), first.text
    assert second.code == 0, second.text


def test_a_push_that_costs_too_much_is_refused(repository: Repository) -> None:
    repository.add("preflight.toml", b"max-increase = 359\n")
    repository.commit()
    git(repository.folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    repository.add("jobs/local.yaml", (HEAD + LOCAL).encode())
    repository.use("preflight-cost")
    over = repository.run("--hook-stage", "pre-push")
    repository.add("preflight.toml", b"max-increase = 360\n")
    within = repository.run("--hook-stage", "pre-push")
    assert (over.code, "360 credits, at most 359 allowed" in over.text) == (1, True), over.text
    assert within.code == 0, within.text


def test_a_push_is_compared_with_what_its_branch_has_upstream(repository: Repository, tmp_path: Path) -> None:
    remote = tmp_path.with_name(f"{tmp_path.name}.git")
    git(remote, "init", "--quiet", "--bare")
    git(repository.folder, "checkout", "--quiet", "-b", "main")
    git(repository.folder, "remote", "add", "origin", str(remote))
    repository.use("preflight-cost")
    repository.add("preflight.toml", b"max-increase = 360\n")
    repository.commit()
    assert repository.push("--set-upstream", "origin", "main").code == 0
    assert repository.install("--hook-type", "pre-push").code == 0
    git(repository.folder, "checkout", "--quiet", "-b", "feature")
    for number in range(2):  # each push adds 360 credits: both together would be too much
        repository.add(f"jobs/{number}.yaml", (HEAD + LOCAL).encode())
        repository.commit()
        pushed = repository.push("origin", "feature:renamed")
        assert pushed.code == 0, pushed.text
    for number in range(2, 4):
        repository.add(f"jobs/{number}.yaml", (HEAD + LOCAL).encode())
    repository.commit()
    refused = repository.push("origin", "feature:renamed")
    assert (refused.code, "720 credits, at most 360 allowed" in refused.text) == (1, True), refused.text
