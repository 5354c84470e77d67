"""Which two commits a push compares: what the remote branch has now, and what it gets."""

from __future__ import annotations

from collections.abc import Mapping

from preflight.diff.git import Repository

_OLD, _NEW = "PRE_COMMIT_FROM_REF", "PRE_COMMIT_TO_REF"
_REMOTE, _BRANCH = "PRE_COMMIT_REMOTE_NAME", "PRE_COMMIT_REMOTE_BRANCH"
"""What pre-commit and prek tell a hook of the push: https://pre-commit.com/#pre-commit-during-push"""
_HEADS = "refs/heads/"


def upstream(repository: Repository, environment: Mapping[str, str]) -> tuple[str, str | None]:
    """The commits to compare before a push: the upstream branch, and the commit that is pushed, or the working tree.

    In a hook, the branch is the one that is pushed to, and the commit the one that is pushed. Elsewhere, it is the
    upstream branch of the current branch, and its changes in the working tree count. A branch that its remote does not
    have yet is compared with the commit at which it left the main branch. Raises ``ConfigurationError`` where there is
    neither.
    """
    pushed = repository.find_commit(environment[_NEW]) if environment.get(_NEW) else None
    if pushed is None:
        base = repository.find_commit("@{upstream}")
        return base or repository.merge_base("HEAD")[1], None
    branch = environment.get(_BRANCH, "").removeprefix(_HEADS)
    tracking = repository.find_commit(f"refs/remotes/{environment.get(_REMOTE)}/{branch}") if branch else None
    if tracking is None:
        return repository.merge_base(pushed)[1], pushed
    # The tracking branch may be older than the remote; without its commit here, runners name another one.
    return repository.find_commit(environment.get(_OLD) or tracking) or tracking, pushed
