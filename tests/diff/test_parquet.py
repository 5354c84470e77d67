"""Parquet manifests, which Git cannot search: one that did not change is compared where its media did."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.support.changed_repository import Worktree, clip, picture
from tests.support.command import preflight

ROWS = 40


@pytest.fixture
def tree(tmp_path: Path) -> Worktree:
    tree = Worktree(tmp_path)
    for number in range(ROWS):
        tree.write(f"media/{number:02}.mp4", clip("3", number))
    tree.write("media/one.png", picture(0))
    names = [f"media/{number:02}.mp4" for number in range(ROWS)]
    jobs = pa.table({"id": names, "image": ["media/one.png"] * ROWS, "video": names})
    pq.write_table(jobs, tmp_path / "jobs.parquet")
    pq.write_table(pa.table({"city": ["Bern"], "people": [134_000]}), tmp_path / "cities.parquet")
    tree.commit("Before")
    return tree


def test_the_rows_whose_media_changed_are_compared(tree: Worktree) -> None:
    tree.write("media/07.mp4", clip("12", 1007))
    for sides in (["HEAD"], ["HEAD~", "HEAD"]):
        if sides[1:]:
            tree.commit("After")
        (job,) = preflight("diff", *sides, "--format", "json", cwd=tree.folder).json["jobs"]
        assert (job["path"], job["id"], job["change"], job["credits"]["change"]) == (
            "jobs.parquet", "media/07.mp4", "changed", 270,
        )  # fmt: skip


def test_a_change_of_other_files_reads_none(tree: Worktree) -> None:
    tree.write("README.md", b"media/07.mp4\n")
    ran = preflight("diff", "HEAD", cwd=tree.folder)
    assert (ran.code, ran.out) == (0, "no job or media file changed\n")
