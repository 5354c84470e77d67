"""``preflight pair``: two folders become a manifest that can be checked as it is."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.support.command import CLIP, PICTURE, Ran, here, preflight

IMAGES = ["a10.png", "a2.png", "B1.JPG", "=x.png"]
VIDEOS = ["a2.mp4", "A10.mov", "c.mp4"]


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
