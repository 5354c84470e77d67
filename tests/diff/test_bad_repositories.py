"""Repositories in which there is nothing to compare, or not everything: a clear answer, never a traceback."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.changed_repository import Worktree, body, clip, picture
from tests.support.command import Ran, preflight
from tests.support.hook_runs import git


@pytest.fixture
def tree(tmp_path: Path) -> Worktree:
    """One job with its two files, in one commit."""
    tree = Worktree(tmp_path / "repository")
    tree.write("media/clips/000.mp4", clip("3", 0))
    tree.write("media/pictures/000.png", picture(0))
    tree.job("jobs/job.json", body(0))
    tree.commit("Before")
    return tree


def refused(ran: Ran, *words: str) -> None:
    assert ran.code == 2, ran.out + ran.err
    assert ran.out == ""
    assert ran.err.startswith("preflight: ")
    for word in words:
        assert word in ran.err, ran.err


def test_a_shallow_clone_without_the_base(tree: Worktree, tmp_path: Path) -> None:
    base = git(tree.folder, "rev-parse", "HEAD").strip()
    tree.write("README.md", b"x")
    tree.commit("Later")
    git(tree.folder, "switch", "--quiet", "--create", "feature")
    tree.job("jobs/job.json", body(0, mode="1080p"))
    tree.commit("After")
    git(tree.folder, "switch", "--quiet", "main")
    clone = tmp_path / "clone"
    url = f"file://{tree.folder}"
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=feature", "--no-single-branch", url, "clone")
    refused(preflight("diff", base, cwd=clone), "no such commit", "shallow", "git fetch --unshallow")
    refused(preflight("diff", "origin/main~", "HEAD", cwd=clone), "git fetch --unshallow")
    refused(preflight("diff", cwd=clone), "no commit in common", "git fetch --unshallow")


@pytest.mark.parametrize("name", ["v9", "main~7", "--", "-x", "HEAD:jobs", "0" * 40, "a..b", "", "\u202e", "@{u}"])
def test_a_base_that_does_not_exist(tree: Worktree, name: str) -> None:
    refused(preflight("diff", "--", name, cwd=tree.folder))


def test_a_name_is_never_an_option_of_git(tree: Worktree) -> None:
    refused(preflight("diff", "--", "--output=stolen", cwd=tree.folder), "no such commit")
    assert not (tree.folder / "stolen").exists()


def test_unrelated_histories(tree: Worktree) -> None:
    git(tree.folder, "switch", "--quiet", "--orphan", "other")
    tree.write("other.txt", b"x")
    tree.commit("Other")
    refused(preflight("diff", cwd=tree.folder), "no commit in common with main", "name a BASE")
    named = preflight("diff", "main", "other", "--format", "json", cwd=tree.folder)
    assert [job["change"] for job in named.json["jobs"]] == ["removed"]


def test_a_repository_without_commits(tmp_path: Path) -> None:
    Worktree(tmp_path)
    for arguments in ([], ["HEAD"], ["main"]):
        refused(preflight("diff", *arguments, cwd=tmp_path), "no commits")


def test_a_bare_repository(tree: Worktree, tmp_path: Path) -> None:
    tree.job("jobs/job.json", body(0, mode="1080p"))
    tree.commit("After")
    git(tmp_path, "clone", "--quiet", "--bare", str(tree.folder), "bare.git")
    refused(preflight("diff", "HEAD~", cwd=tmp_path / "bare.git"), "bare", "name a HEAD")
    ran = preflight("diff", "HEAD~", "HEAD", "--format", "json", cwd=tmp_path / "bare.git")
    assert (ran.code, ran.json["credits"]["change"]) == (0, 30)


def test_a_folder_without_a_repository(tmp_path: Path) -> None:
    refused(
        preflight("diff", cwd=tmp_path, env={"GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}),
        "not in a Git repository",
    )


def test_no_git(tree: Worktree) -> None:
    refused(preflight("diff", cwd=tree.folder, env={"PATH": str(tree.folder)}), "git is not installed")


def test_the_working_tree_counts_with_files_that_git_does_not_know(tree: Worktree) -> None:
    tree.write("media/clips/001.mp4", clip("12", 1))
    tree.write("media/pictures/001.png", picture(1))
    tree.job("jobs/new.json", body(1))
    tree.write("ignored/job.json", b"{")
    tree.write(".gitignore", b"ignored/\n")
    ran = preflight("diff", "--format", "json", cwd=tree.folder / "jobs")
    (job,) = ran.json["jobs"]
    assert (job["path"], job["change"], job["quote"]["after"]["credits"]) == ("jobs/new.json", "added", 360)
    assert ran.json["head"] == "working tree"


@pytest.mark.parametrize("target", ["../media/clips/000.mp4", "/etc/hostname", "../../outside.mp4", "loop.mp4"])
def test_a_link_on_one_side(tree: Worktree, target: str) -> None:
    (tree.folder.parent / "outside.mp4").write_bytes(clip("20", 5))
    (tree.folder / "media/clips").mkdir(exist_ok=True)
    (tree.folder / "media/links").mkdir()
    (tree.folder / "media/links/loop.mp4").symlink_to(target.replace("../media", ".."))
    made = body(0)
    made["input"] |= {"video_urls": ["../media/links/loop.mp4"]}  # type: ignore[operator]
    tree.job("jobs/job.json", made)
    tree.commit("After")
    (job,) = preflight("diff", "HEAD~", "HEAD", "--format", "json", cwd=tree.folder).json["jobs"]
    inside = target.startswith("../media")
    assert job["verdict"] == {"before": "pass", "after": "pass" if inside else "fail"}
    assert job["quote"]["after"] is None or inside


def test_a_folder_that_moves_behind_a_link_is_no_change(tree: Worktree) -> None:
    """The jobs name the same bytes; with a commit and with the working tree, the answer is the same."""
    (tree.folder / "media").rename(tree.folder / "elsewhere")
    (tree.folder / "media").symlink_to("elsewhere")
    tree.commit("Moved")
    for sides in (["HEAD~", "HEAD"], ["HEAD~"]):
        ran = preflight("diff", *sides, cwd=tree.folder)
        assert (ran.code, ran.out) == (0, "no job or media file changed\n")


def test_a_link_that_becomes_a_file_and_a_job_file_that_becomes_a_folder_or_a_pipe(tree: Worktree) -> None:
    (tree.folder / "jobs/link.json").symlink_to("job.json")
    tree.commit("Link")
    (tree.folder / "jobs/link.json").unlink()
    tree.job("jobs/link.json", body(0, mode="1080p"))
    (job,) = preflight("diff", "HEAD", "--format", "json", cwd=tree.folder).json["jobs"]
    assert (job["path"], job["quote"]["after"]["credits"]) == ("jobs/link.json", 120)
    (tree.folder / "jobs/link.json").unlink()
    (tree.folder / "jobs/job.json").unlink()
    (tree.folder / "jobs/job.json").mkdir()
    os.mkfifo(tree.folder / "jobs/pipe.json")
    ran = preflight("diff", "HEAD", "--format", "json", cwd=tree.folder)
    assert {job["path"]: job["change"] for job in ran.json["jobs"]}["jobs/job.json"] == "removed"


@pytest.mark.parametrize("kind", ["link to a folder", "folder", "submodule", "nothing"])
def test_a_clip_that_becomes_something_else_is_no_file_in_a_commit_and_in_the_tree(tree: Worktree, kind: str) -> None:
    path = tree.folder / "media/clips/000.mp4"
    path.unlink()
    match kind:
        case "link to a folder":
            path.symlink_to("../pictures")
        case "folder":
            tree.write("media/clips/000.mp4/note.txt", b"x")
        case "submodule":
            Worktree(path).write("note.txt", b"x")
            git(path, "add", "--all")
            git(path, "commit", "--quiet", "--message", "Inside")
            git(tree.folder, "add", "--all")
    found = []
    for sides in (["HEAD"], ["HEAD~", "HEAD"]):
        if sides[1:]:
            tree.commit("After")
        ran = preflight("diff", *sides, "--format", "json", cwd=tree.folder)
        (job,) = ran.json["jobs"]
        found.append((ran.code, job["path"], job["change"], job["verdict"], len(ran.json["remarks"])))
    remarks = 1 if kind == "submodule" else 0
    assert found == [(1, "jobs/job.json", "changed", {"before": "pass", "after": "fail"}, remarks)] * 2


def test_a_job_file_that_the_index_lost_is_the_same_job(tree: Worktree) -> None:
    git(tree.folder, "rm", "--quiet", "--cached", "jobs/job.json")
    assert preflight("diff", "HEAD", cwd=tree.folder).out == "no job or media file changed\n"
    tree.job("jobs/job.json", body(0, mode="1080p"))
    (job,) = preflight("diff", "HEAD", "--format", "json", cwd=tree.folder).json["jobs"]
    assert (job["change"], job["credits"]["change"]) == ("changed", 30)


@pytest.mark.parametrize("place", ["ignored", "outside", "submodule", "behind a link"])
def test_media_that_no_commit_holds_are_the_same_on_both_sides(tree: Worktree, place: str) -> None:
    """A table of two jobs of which one changed: the other one is no change, and both sides have a price."""
    folder = tree.folder / "held" if place != "outside" else tree.folder.parent / "held"
    (folder if place != "behind a link" else tree.folder.parent / "elsewhere").mkdir()
    match place:
        case "ignored":
            tree.write(".gitignore", b"held/\n")
        case "submodule":
            Worktree(folder)
        case "behind a link":
            folder.symlink_to(tree.folder.parent / "elsewhere")
    (folder / "clip.mp4").write_bytes(clip("12", 0))
    if place == "submodule":
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", "Inside")
    rows = {name: body(0) for name in ("one", "two")}
    for row in rows.values():
        row["input"] |= {"video_urls": ["../held/clip.mp4" if place != "outside" else str(folder / "clip.mp4")]}  # type: ignore[operator]
    tree.rows("jobs/table.jsonl", rows, ids=True)
    tree.commit("Table")
    rows["two"]["input"] |= {"mode": "1080p"}  # type: ignore[operator]
    tree.rows("jobs/table.jsonl", rows, ids=True)
    (job,) = preflight("diff", "HEAD", "--format", "json", cwd=tree.folder).json["jobs"]
    assert (job["id"], job["verdict"], job["credits"]["change"]) == ("two", {"before": "pass", "after": "pass"}, 120)


def test_a_job_file_with_the_marks_of_a_merge_is_broken_on_that_side(tree: Worktree) -> None:
    text = (tree.folder / "jobs/job.json").read_text()
    (tree.folder / "jobs/job.json").write_text(text.replace("{", "{\n<<<<<<< HEAD\n", 1))
    for sides in (["HEAD"], ["HEAD~", "HEAD"]):
        if sides[1:]:
            tree.commit("Merged badly")
        (job,) = preflight("diff", *sides, "--format", "json", cwd=tree.folder).json["jobs"]
        assert (job["change"], job["verdict"]) == ("changed", {"before": "pass", "after": "fail"})


def test_a_job_file_that_becomes_a_submodule(tree: Worktree) -> None:
    commit = git(tree.folder, "rev-parse", "HEAD").strip()
    (tree.folder / "jobs/job.json").unlink()
    git(tree.folder, "add", "--all")
    git(tree.folder, "update-index", "--add", "--cacheinfo", f"160000,{commit},jobs/job.json")
    git(tree.folder, "commit", "--quiet", "--message", "After")
    ran = preflight("diff", "HEAD~", "HEAD", "--format", "json", cwd=tree.folder)
    assert [job["change"] for job in ran.json["jobs"]] == ["removed"]
    assert "submodule" in ran.json["remarks"][0]


@pytest.mark.parametrize("name", ["ünïcode 漢字 💃.mp4", "two\nlines.mp4", "-o.mp4", "\"q\" 's'.mp4", "*.mp4"])
def test_media_of_any_name_lead_to_the_jobs_that_name_them(tree: Worktree, name: str) -> None:
    tree.write(f"media/clips/{name}", clip("3", 7))
    made = body(0)
    made["input"] |= {"video_urls": [f"../media/clips/{name}"]}  # type: ignore[operator]
    tree.job("jobs/odd.json", made)
    tree.commit("Named")
    tree.write(f"media/clips/{name}", clip("12", 7))
    for head in ([], ["HEAD"]):
        if head:
            tree.commit("Longer")
        base = "HEAD~" if head else "HEAD"
        (job,) = preflight("diff", base, *head, "--format", "json", cwd=tree.folder).json["jobs"]
        assert (job["path"], job["credits"]["change"]) == ("jobs/odd.json", 270)


def test_many_changed_files_that_are_not_jobs(tree: Worktree) -> None:
    (tree.folder / "many").mkdir()
    for number in range(3000):
        (tree.folder / "many" / f"{number}.json").write_bytes(b"{}")
    ran = preflight("diff", cwd=tree.folder)
    assert (ran.code, ran.out) == (0, "no job or media file changed\n")
    tree.commit("Many")
    ran = preflight("diff", "HEAD~", "HEAD", cwd=tree.folder)
    assert (ran.code, ran.out) == (0, "no job or media file changed\n")


def test_many_changed_files_that_a_job_may_name_lead_to_it(tree: Worktree) -> None:
    """More names than Git is asked for in one search. The index holds the files, and the disk does not."""
    made = body(0)
    made["input"] |= {"video_urls": ["../many/20100.bin"]}  # type: ignore[operator]
    tree.job("jobs/odd.json", made)
    for text in (b"one", b"two"):
        (tree.folder / "blob").write_bytes(text)
        blob = git(tree.folder, "hash-object", "-w", "blob").strip()
        names = "".join(f"100644 {blob}\tmany/{number}.bin\n" for number in range(20_200))
        git(tree.folder, "add", "jobs")
        (tree.folder / "names").write_text(names)
        with (tree.folder / "names").open("rb") as listed:
            subprocess.run(
                ["git", "update-index", "--index-info"], cwd=tree.folder, stdin=listed, check=True, timeout=60
            )
        git(tree.folder, "commit", "--quiet", "--message", text.decode())
    ran = preflight("diff", "HEAD~", "HEAD", "--format", "json", cwd=tree.folder)
    assert [(job["path"], job["change"]) for job in ran.json["jobs"]] == [("jobs/odd.json", "changed")], ran.err
