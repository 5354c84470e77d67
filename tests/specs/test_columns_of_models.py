"""Manifests of models from spec files: the columns are the fields of the model that a row names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from preflight.jobfiles import load_manifest
from preflight.model import Job
from preflight.specs import Specs, load_spec
from tests.support.command import FIXTURES, PICTURE, here, preflight

MOTION = FIXTURES / "specs" / "motion-sibling.toml"
STILLS = FIXTURES / "specs" / "image-to-video.toml"
ODD = FIXTURES / "specs" / "odd-names.toml"

STILLS_MODEL = "stills-v2-image-to-video"
SPECS = Specs([load_spec(path) for path in (MOTION, STILLS, ODD)])


def jobs(path: Path, model: str | None = None, **columns: str) -> list[Job]:
    found = list(load_manifest(path, default_model=model, spec=SPECS, columns=columns))
    assert all(isinstance(each, Job) for each in found), found
    return [each for each in found if isinstance(each, Job)]


def body(folder: Path, name: str, text: str, model: str | None, **columns: str) -> Any:
    path = folder / name
    path.write_text(text, "utf-8")
    (job,) = jobs(path, model, **columns)
    return job.body


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.csv", "image_urls,duration,guidance,prompt\na.png|b.png,10,0.25,walk\n"),
        ("m.csv", "image;Duration;input.guidance;prompt\na.png|b.png;10;0.25;walk\n"),
        ("m.tsv", "Image URLs\tduration\tguidance\tprompt\na.png|b.png\t10\t0.25\twalk\n"),
        ("m.jsonl", '{"image_urls": ["a.png", "b.png"], "duration": 10, "guidance": 0.25, "prompt": "walk"}\n'),
        ("m.jsonl", '{"image": "a.png|b.png", "duration": "10", "guidance": 0.25, "prompt": "walk"}\n'),
    ],
)
def test_a_row_has_the_fields_of_its_model_by_their_types(name: str, text: str, tmp_path: Path) -> None:
    wanted = {"image_urls": ["a.png", "b.png"], "duration": 10, "guidance": 0.25, "prompt": "walk"}
    assert body(tmp_path, name, text, STILLS_MODEL) == {"model": STILLS_MODEL, "input": wanted}


def test_numbers_of_parquet_are_those_of_the_job(tmp_path: Path) -> None:
    table = {"image_urls": [["a.png", "b.png"], ["c.png"]], "duration": [10.0, None], "prompt": ["walk", "go"]}
    parquet.write_table(pa.table(table), tmp_path / "m.parquet")
    first, second = jobs(tmp_path / "m.parquet", STILLS_MODEL)
    assert first.value("input") == {"image_urls": ["a.png", "b.png"], "duration": 10, "prompt": "walk"}
    assert second.value("input") == {"image_urls": ["c.png"], "prompt": "go"}


def test_names_of_every_kind_are_columns(tmp_path: Path) -> None:
    text = "firstFrame,last-frame,refs,secs,hd,seed,hook\na.png,b.png,c.png|d.png,8,TRUE,7,https://e.com/h\n"
    assert body(tmp_path, "m.csv", text, "Odd.Names_1") == {
        "engine": "Odd.Names_1",
        "hook": "https://e.com/h",
        "parameters": {
            "firstFrame": "a.png", "last-frame": "b.png", "refs": ["c.png", "d.png"], "secs": "8", "hd": True, "seed": 7
        },
    }  # fmt: skip


def test_roles_are_columns_whatever_the_field_is_called(tmp_path: Path) -> None:
    text = "image,video,mode,keep sound\na.png,b.mp4,1080p,false\n"
    assert body(tmp_path, "m.csv", text, "sibling-v1-motion")["input"] == {
        "character_url": "a.png", "motion_url": "b.mp4", "quality": "1080p", "keep_sound": False
    }  # fmt: skip


def test_a_column_is_named_for_a_field_of_the_model(tmp_path: Path) -> None:
    text = "picture,length,words\na.png,10,walk\n"
    given = {"image": "picture", "duration": "length", "prompt": "words"}
    found = body(tmp_path, "m.csv", text, STILLS_MODEL, **given)
    assert found["input"] == {"image_urls": ["a.png"], "duration": 10, "prompt": "walk"}


@pytest.mark.parametrize("text", ["x", "1e3", "nan", "0x5", "1_0", "٥", "9" * 30, "5 s", "inf"])
def test_text_that_is_not_a_number_stays_for_the_rules(text: str, tmp_path: Path) -> None:
    found = body(tmp_path, "m.csv", f"image,duration\na.png,{text}\n", STILLS_MODEL)
    assert found["input"]["duration"] == text


def test_each_row_has_the_columns_of_the_model_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        "id,model,image,video,duration,motion_url,image_urls\n"
        f"k,,a.png,b.mp4,,,\n"
        f"s,{STILLS_MODEL},,,10,,c.png\n"
        "m,sibling-v1-motion,a.png,,,b.mp4,\n"
        f"v,{STILLS_MODEL},c.png,b.mp4,,,\n",
        "utf-8",
    )
    built_in, still, motion, with_video = jobs(tmp_path / "m.csv", "kling-v3-motion-control")
    assert built_in.value("input") == {"input_urls": ["a.png"], "video_urls": ["b.mp4"]}
    assert still.value("input") == {"image_urls": ["c.png"], "duration": 10}
    assert motion.value("input") == {"character_url": "a.png", "motion_url": "b.mp4"}
    assert with_video.value("input") == {"image_urls": ["c.png"], "video": "b.mp4"}  # for the rules to report


def test_a_table_without_a_column_that_the_model_needs_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("duration,prompt\n5,walk\n", "utf-8")
    (finding,) = here("check", tmp_path / "m.csv", "--spec", STILLS, "--format", "json").job["findings"]
    assert "this table has no column for the image; its columns are duration, prompt" in finding["message"]


def test_a_column_that_no_model_has_is_refused_with_the_names_of_the_model(tmp_path: Path) -> None:
    path = _stills(tmp_path)
    assert here("check", path, "--spec", STILLS, "--column", "guidance=note", "-q").code == 1
    ran = here("check", path, "--spec", STILLS, "--column", "guidence=note")
    assert ran.code == 2
    assert "did you mean 'guidance'" in ran.err
    assert here("check", path, "--column", "guidance=note").code == 2


def test_standard_input_and_folders_hold_tables_of_the_model(tmp_path: Path) -> None:
    path = _stills(tmp_path)
    ran = preflight("check", "-", "--spec", STILLS, "-q", cwd=tmp_path, stdin=path.read_bytes())
    assert ran.code == 0, ran.err
    found = here("check", tmp_path, "--spec", STILLS, "--format", "json").json["jobs"]
    assert [job["quote"]["credits"] for job in found if job["line"]] == [235, 70]


def test_the_workers_of_a_run_know_the_spec_and_another_one_is_told(tmp_path: Path) -> None:
    path, run = _stills(tmp_path), tmp_path / "run"
    cheap = tmp_path / "cheap.toml"
    cheap.write_text(STILLS.read_text("utf-8").replace("credits = 70", "credits = 7"), "utf-8")
    start = ("check", path, "--to", run, "--workers", "2", "--part-rows", "1")
    assert here(*start, "--spec", STILLS, "-q").code == 0
    assert _credits(run) == 305
    again = here(*start, "--spec", cheap)
    assert again.code == 2
    assert "the spec files are other ones" in again.err
    assert _credits(run) == 305
    (tmp_path / "key").write_text("sk-none\n")
    paying = ("--budget", "1000", "--dry-run", "--ledger", tmp_path / "l.db", "--key-file", tmp_path / "key")
    for specs in (("--spec", cheap), ()):
        paid = here("submit", run, *specs, *paying, "--api-url", "http://127.0.0.1:9")
        assert paid.code == 2
        assert "checked with other spec files" in paid.err
    report = here("report", run, "--format", "json").json
    assert report["summary"]["priced"] == 2


def _credits(run: Path) -> int:
    summary: Mapping[str, Any] = json.loads((run / "summary.json").read_text("utf-8"))
    return int(summary["quote"]["credits"])


def _stills(folder: Path) -> Path:
    shutil.copy(PICTURE, folder / "a.png")
    path = folder / "jobs.csv"
    path.write_text("image,duration,mode,prompt,note\na.png|a.png,10,pro,walk,x\na.png,,,go,y\n", "utf-8")
    return path
