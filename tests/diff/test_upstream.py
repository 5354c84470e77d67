"""Before a push, the upstream branch is the base; a branch without one is compared with the main branch."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.changed_repository import Worktree, body, clip, picture
from tests.support.command import preflight
from tests.support.hook_runs import git


@pytest.fixture
def clone(tmp_path: Path) -> Worktree:
    """A clone whose branch ``feature`` has one job more than its main branch, and no upstream branch yet."""
    origin = Worktree(tmp_path / "origin")
    for number in range(3):
        origin.write(f"media/clips/{number:03}.mp4", clip("3", number))
        origin.write(f"media/pictures/{number:03}.png", picture(number))
    origin.job("jobs/0.json", body(0))
    origin.commit("Before")
    git(tmp_path, "clone", "--quiet", str(origin.folder), "clone")
    clone = Worktree(tmp_path / "clone")
    git(clone.folder, "switch", "--quiet", "--create", "feature")
    clone.job("jobs/1.json", body(1))
    clone.commit("One more")
    return clone


def compared(clone: Worktree, **variables: str) -> list[str]:
    ran = preflight("diff", "--upstream", "--format", "json", cwd=clone.folder, env=variables)
    assert ran.code == 0, ran.err
    return [job["path"] for job in ran.json["jobs"]]


def test_a_branch_without_an_upstream_branch_is_compared_with_the_main_branch(clone: Worktree) -> None:
    assert compared(clone) == ["jobs/1.json"]


def test_a_branch_is_compared_with_its_upstream_branch(clone: Worktree) -> None:
    git(clone.folder, "push", "--quiet", "--set-upstream", "origin", "feature")
    assert compared(clone) == []
    clone.job("jobs/2.json", body(2))
    assert compared(clone) == ["jobs/2.json"]


def test_a_hook_compares_the_pushed_commit_with_the_remote_branch(clone: Worktree) -> None:
    first = git(clone.folder, "rev-parse", "HEAD").strip()
    git(clone.folder, "push", "--quiet", "origin", "feature:other")
    clone.job("jobs/2.json", body(2))
    clone.commit("Another")
    clone.job("jobs/3.json", body(0))  # in the working tree: it is not pushed
    pushed = git(clone.folder, "rev-parse", "HEAD").strip()
    push = {
        "PRE_COMMIT_FROM_REF": first,
        "PRE_COMMIT_TO_REF": pushed,
        "PRE_COMMIT_REMOTE_NAME": "origin",
        "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/other",
    }
    assert compared(clone, **push) == ["jobs/2.json"]
    assert compared(clone, **{**push, "PRE_COMMIT_FROM_REF": "0" * 40}) == ["jobs/2.json"]
    assert compared(clone, **{**push, "PRE_COMMIT_REMOTE_BRANCH": "refs/heads/new"}) == ["jobs/1.json", "jobs/2.json"]
    assert compared(clone, **{**push, "PRE_COMMIT_REMOTE_NAME": "--output=x"}) == ["jobs/1.json", "jobs/2.json"]


def test_a_base_beside_it_is_a_usage_error(clone: Worktree) -> None:
    ran = preflight("diff", "--upstream", "main", cwd=clone.folder)
    assert (ran.code, "give either it or BASE" in ran.err) == (2, True)
