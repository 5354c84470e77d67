"""``preflight pair``: two folders become a manifest that can be checked as it is."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, here, preflight

IMAGES = ["a10.png", "a2.png", "B1.JPG", "=x.png"]
VIDEOS = ["a2.mp4", "A10.mov", "c.mp4"]
SPECS = FIXTURES / "specs"


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    for folder, names, fixture in (("im", IMAGES, PICTURE), ("vi", VIDEOS, CLIP)):
        (tmp_path / folder / "deep").mkdir(parents=True)
        for name in names:
            shutil.copyfile(fixture, tmp_path / folder / name)
        (tmp_path / folder / "notes.txt").write_text("x")
    return tmp_path


def pair(folders: Path, *options: str) -> Ran:
    return preflight("pair", "--images", "im", "--videos", "vi", *options, cwd=folders)


def rows(ran: Ran) -> list[tuple[str, str, str]]:
    assert ran.code == 0
    return [(row["id"], row["image"], row["video"]) for row in csv.DictReader(io.StringIO(ran.out))]


def test_by_name_pairs_in_any_case_and_names_those_without_a_partner(folders: Path) -> None:
    ran = pair(folders, "--by-name")
    assert rows(ran) == [("a2", "im/a2.png", "vi/a2.mp4"), ("a10", "im/a10.png", "vi/A10.mov")]
    assert ran.err.splitlines() == [
        "preflight: im/=x.png: no partner",
        "preflight: im/B1.JPG: no partner",
        "preflight: vi/c.mp4: no partner",
    ]


def test_in_order_is_in_natural_order(folders: Path) -> None:
    ran = pair(folders, "--in-order")
    assert [row[1:] for row in rows(ran)] == [
        ("im/=x.png", "vi/a2.mp4"),
        ("im/a2.png", "vi/A10.mov"),
        ("im/a10.png", "vi/c.mp4"),
    ]
    assert ran.err == "preflight: im/B1.JPG: no partner\n"


def test_each_with_each_has_ids_of_its_own(folders: Path) -> None:
    found = rows(pair(folders, "--each-with-each"))
    assert len(found) == len({name for name, *_ in found}) == len(IMAGES) * len(VIDEOS)


@pytest.mark.parametrize("name", ["out/jobs.csv", "out/jobs.jsonl"])
def test_a_manifest_elsewhere_leads_to_the_files(name: str, folders: Path) -> None:
    (folders / "out").mkdir()
    assert pair(folders, "--each-with-each", "--mode", "1080p", "-o", name).code == 0
    ran = here("check", folders / name, "--format", "json")
    assert ran.code == 0
    assert {job["quote"]["mode"] for job in ran.json["jobs"]} == {"1080p"}
    assert len(ran.json["jobs"]) == len(IMAGES) * len(VIDEOS)


def test_a_name_that_is_a_formula_is_none_in_the_table(folders: Path) -> None:
    (folders / "im" / "=x.png").rename(folders / "=x.png")
    shutil.rmtree(folders / "im")
    (folders / "im").mkdir()
    (folders / "=x.png").rename(folders / "im" / "=x.png")
    ran = preflight("pair", "--images", ".", "--videos", "../vi", "--each-with-each", cwd=folders / "im")
    for row in csv.reader(io.StringIO(ran.out)):
        assert not any(cell.startswith("=") for cell in row)


def test_json_lines_on_request(folders: Path) -> None:
    out = pair(folders, "--by-name", "--format", "jsonl").out
    assert json.loads(out.splitlines()[0]) == {"id": "a2", "image": "im/a2.png", "video": "vi/a2.mp4"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--images", "im", "--videos", "vi"], "say how to pair"),
        (["--images", "no", "--videos", "vi", "--by-name"], "no: no such folder"),
        (["--images", "im", "--videos", "im", "--by-name"], "im: no videos in it"),
        (["--images", "im", "--videos", "vi", "--by-name", "-o", "no/x.csv"], "cannot write"),
    ],
)
def test_what_cannot_be_paired_is_a_usage_error(options: list[str], words: str, folders: Path) -> None:
    ran = preflight("pair", *options, cwd=folders)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err


def test_two_files_of_one_name_have_no_one_partner(folders: Path) -> None:
    shutil.copyfile(PICTURE, folders / "im" / "deep" / "A2.jpg")
    ran = pair(folders, "--by-name")
    assert ran.code == 2
    assert "have the same name" in ran.err


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_the_columns_are_those_of_the_model_that_was_named(suffix: str, tmp_path: Path) -> None:
    place(tmp_path)
    manifest = tmp_path / f"m.{suffix}"
    spec = SPECS / "motion-sibling.toml"
    folders = ("--images", tmp_path / "a", "--videos", tmp_path / "b", "--by-name")
    made = here("pair", *folders, "--spec", spec, "--mode", "1080p", "--set", "keep_sound=false", "-o", manifest)
    assert made.code == 0, made.err
    for named in (["--spec", spec], ["--spec", spec, "--spec", SPECS / "image-to-video.toml"]):
        ran = here("check", manifest, "--format", "json", *named)
        assert (ran.code, ran.job["model"], ran.job["quote"]["credits"]) == (0, "sibling-v1-motion", 150)


@pytest.mark.parametrize(
    ("spec", "more", "credits"),
    [
        ("image-to-video.toml", ["--prompt", "x", "--set", "duration=10", "--set", "guidance=0.25"], 140),
        ("odd-names.toml", ["--set", "secs=8", "--set", "hd=true"], 28),
    ],
)
def test_a_model_of_pictures_alone_has_a_job_for_each(
    spec: str,
    more: list[str],
    credits: int,  # noqa: A002
    tmp_path: Path,
) -> None:
    place(tmp_path)
    manifest = tmp_path / "m.csv"
    assert here("pair", "--images", tmp_path / "a", "--spec", SPECS / spec, *more, "-o", manifest).code == 0
    ran = here("check", manifest, "--format", "json", "--spec", SPECS / spec)
    assert (ran.code, ran.job["quote"]["credits"]) == (0, credits)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--images", "a", "--by-name"], "Missing option '--videos'"),
        (["--images", "a", "--videos", "b", "--spec", SPECS / "image-to-video.toml"], "takes no videos"),
        (["--images", "a", "--by-name", "--spec", SPECS / "image-to-video.toml"], "takes images alone"),
        (["--images", "a", "--videos", "b", "--by-name", "--mode", "480p"], "is not one of '720p'"),
        (["--images", "a", "--spec", SPECS / "odd-names.toml", "--prompt", "x"], "has no prompt"),
        (["--images", "a", "--spec", SPECS / "odd-names.toml", "--mode", "720p"], "has no mode"),
        (["--images", "a", "--spec", SPECS / "odd-names.toml", "--set", "seeds=1"], "did you mean 'seed'"),
        (["--images", "a", "--spec", SPECS / "odd-names.toml", "--set", "seed"], "is not a field"),
        (["--images", "a", "--spec", SPECS / "odd-names.toml", "--set", "firstFrame=b.png"], "has this column already"),
        (["--images", "a", "--spec", SPECS / "odd-names.toml", "--set", "seed=1", "--set", "Seed=2"], "already"),
        (["--images", "a", "--spec", SPECS / "odd-names.toml", "--set", "engine=older"], "already"),
    ],
)
def test_what_the_model_does_not_take_is_refused(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = here("pair", *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())


def place(folder: Path) -> None:
    """One image in ``a``, one video in ``b``."""
    for name, source in (("a/x.png", PICTURE), ("b/x.mp4", CLIP)):
        (folder / name).parent.mkdir()
        shutil.copyfile(source, folder / name)
