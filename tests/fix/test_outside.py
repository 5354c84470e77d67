"""``preflight fix --in-place`` on what somebody else wrote: nothing is replaced that lies outside of what was named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import CLIP, FIXTURES, Ran, here
from tests.support.jobs import job, write_job

NAME = "fragmented.mp4"


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A clip that ``fix`` repairs, beside a folder that leads to it."""
    (tmp_path / "inner").mkdir()
    return Path(shutil.copyfile(FIXTURES / "clips" / NAME, tmp_path / NAME))


def fix(*arguments: str | Path) -> Ran:
    return here("fix", "--format", "json", *arguments)


def link(wrong: Path, inner: Path) -> None:
    (inner / NAME).symlink_to(wrong)


def chain_of_links(wrong: Path, inner: Path) -> None:
    (inner.parent / "middle.mp4").symlink_to(wrong)
    (inner / NAME).symlink_to("../middle.mp4")


def job_above(_: Path, inner: Path) -> None:
    write_job(inner, job(video=f"../{NAME}"))


def absolute_job(wrong: Path, inner: Path) -> None:
    write_job(inner, job(video=wrong))


def job_through_a_folder(wrong: Path, inner: Path) -> None:
    (inner / "media").symlink_to(wrong.parent)
    write_job(inner, job(video=f"media/{NAME}"))


def row(_: Path, inner: Path) -> None:
    (inner / "rows.csv").write_text(f"image,video\nhttps://example.com/a.png,sub/../../{NAME}\n", "utf-8")
    (inner / "sub").mkdir()


WAYS = [link, chain_of_links, job_above, absolute_job, job_through_a_folder, row]


@pytest.mark.parametrize("option", ["--in-place", "--force"])
@pytest.mark.parametrize("lead_out", WAYS)
def test_what_lies_outside_of_a_folder_is_not_replaced(
    lead_out: Callable[[Path, Path], None], option: str, wrong: Path
) -> None:
    before, inner = wrong.read_bytes(), wrong.parent / "inner"
    lead_out(wrong, inner)
    ran = fix(option, inner)
    (file,) = [each for each in ran.json["files"] if each["source"].endswith(NAME)]
    assert file["state"] == "not-fixed"
    assert "it is outside the named folder or job" in file["reason"]
    assert wrong.read_bytes() == before
    assert not list(wrong.parent.glob("*.fixed.*"))


@pytest.mark.parametrize("lead_out", WAYS)
def test_what_is_named_as_well_is_replaced(lead_out: Callable[[Path, Path], None], wrong: Path) -> None:
    before, inner = wrong.read_bytes(), wrong.parent / "inner"
    lead_out(wrong, inner)
    fix("--in-place", inner, wrong)
    assert wrong.read_bytes() != before
    assert here("check", "--strict", wrong).code == 0


def test_a_job_by_itself_is_answered_for_with_its_folder(wrong: Path) -> None:
    shutil.move(wrong, wrong.parent / "inner" / NAME)
    inside = wrong.parent / "inner" / NAME
    before = inside.read_bytes()
    path = write_job(wrong.parent / "inner", job(video=NAME))
    assert fix("--in-place", path).code == 0
    assert inside.read_bytes() != before


def test_a_pattern_is_answered_for_with_the_folder_that_it_begins_with(wrong: Path) -> None:
    inner = wrong.parent / "inner"
    before = wrong.read_bytes()
    link(wrong, inner)
    shutil.copyfile(wrong, inner / "b.mp4")
    fix("--in-place", f"{inner}/*.mp4")
    assert wrong.read_bytes() == before
    assert (inner / "b.mp4").read_bytes() != before


def test_what_is_in_order_outside_is_no_trouble(wrong: Path) -> None:
    inner = wrong.parent / "inner"
    (inner / "good.mp4").symlink_to(CLIP)
    assert fix("--in-place", inner).code == 0
