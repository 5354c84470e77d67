"""``preflight sheet`` and ``--thumbnails``: from files, reports and runs to pictures, and back from JSON."""

from __future__ import annotations

import json
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

from preflight.checking.engine import Engine
from preflight.checking.options import Options
from preflight.model import Report
from preflight.model.target import Media
from preflight.render.schema import schemas
from tests.support.command import CLIP, PICTURE, here

HOSTILE = "\x1b[31m<b>[red]\u202e" + "x" * 300


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a table, and with its results as JSON, JSON Lines and a run, all with thumbnails."""
    folder = tmp_path_factory.mktemp("sheets")
    rows = [("a1", PICTURE, CLIP), ("a2", PICTURE, "missing.mp4"), (HOSTILE, PICTURE, CLIP)]
    lines = (json.dumps({"id": name, "image": image, "video": video}) + "\n" for name, image, video in rows)
    (folder / "shots.jsonl").write_text("".join(lines))
    table = folder / "shots.jsonl"
    formats = [
        part
        for form, name in (("json", "r.json"), ("jsonl", "r.jsonl"))
        for part in ("--format", f"{form}:{folder / name}")
    ]
    here("check", table, "--thumbnails", *formats, "-qq")
    here("check", table, "--thumbnails", "--to", folder / "run", "--workers", "1", "-q")
    return folder


def jobs_of(path: Path) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = json.loads(path.read_text())["jobs"]
    return jobs


def test_json_has_the_thumbnails_and_keeps_to_its_schema(saved: Path) -> None:
    report = json.loads((saved / "r.json").read_text())
    jsonschema.validate(report, schemas.report())
    image, clip = report["jobs"][0]["subjects"]
    kind, _, data = image["thumbnail"]["data_uri"].partition(";base64,")
    assert kind == f"data:{image['thumbnail']['media_type']}"
    with Image.open(BytesIO(b64decode(data))) as picture:
        assert picture.size == (image["thumbnail"]["width"], image["thumbnail"]["height"])
    assert len(clip["filmstrip"]) == 5
    assert image["filmstrip"] == []
    missing = report["jobs"][1]["subjects"][1]["thumbnail"]
    assert (missing["data_uri"], missing["missing"]) == (None, "cannot be read")


def test_without_the_option_there_is_no_such_key() -> None:
    report = here("check", PICTURE, CLIP, "--format", "json").json
    assert not [
        key for job in report["jobs"] for each in job["subjects"] for key in ("thumbnail", "filmstrip") if key in each
    ]


def test_an_estimate_has_them_too() -> None:
    quote = here("estimate", "--image", PICTURE, "--video", CLIP, "--thumbnails", "--format", "json").json
    jsonschema.validate(quote, schemas.quotes())
    files = quote["jobs"][0]["files"]
    assert [each["field"] for each in files] == ["input.input_urls[0]", "input.video_urls[0]"]
    assert all(each["thumbnail"]["data_uri"] for each in files)
    assert "files" not in here("estimate", "--video", CLIP, "--format", "json").json["jobs"][0]


def test_a_report_comes_back_from_json_with_its_thumbnails() -> None:
    with Engine(Options(thumbnails=True)) as engine:
        report = engine.check([Media(source=PICTURE), Media(source=CLIP), Media(source="missing.png")])
    again = Report.from_json(report.to_json())
    assert again == report
    assert [job.subjects[0].thumbnail for job in again.jobs] == [job.subjects[0].thumbnail for job in report.jobs]


@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "run"])
def test_a_saved_report_is_drawn_with_its_thumbnails(name: str, saved: Path, tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    ran = here("sheet", saved / name, "-o", target)
    assert (ran.code, ran.out) == (0, f"{target}: 3 jobs\n")
    with Image.open(target) as sheet:
        assert sheet.format == "PNG"
        assert len(sheet.convert("RGB").getcolors(1 << 24) or ()) > 200, "there are pictures on it"


def test_a_run_without_thumbnails_is_drawn_with_the_reason(saved: Path, tmp_path: Path) -> None:
    here("check", saved / "shots.jsonl", "--to", tmp_path / "run", "--workers", "1", "-q")
    assert here("sheet", tmp_path / "run", "-o", tmp_path / "sheet.png").code == 0
    refused = here("check", saved / "shots.jsonl", "--to", tmp_path / "run", "--thumbnails", "--workers", "1")
    assert refused.code == 2
    assert "--thumbnails was not given and is given" in refused.err


def test_files_are_checked_and_drawn_in_natural_order_over_several_sheets(tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    colours = {"a1": (200, 0, 0), "a2": (0, 200, 0), "a10": (0, 0, 200)}
    for name, colour in colours.items():
        Image.new("RGB", (400, 400), colour).save(media / f"{name}.png")
    ran = here("sheet", media, "-o", tmp_path / "s.webp", "--per-sheet", "1")
    names = [tmp_path / name for name in ("s.webp", "s-2.webp", "s-3.webp")]
    assert ran.out.splitlines() == [f"{name}: 1 job" for name in names]
    for name, colour in zip(names, colours.values(), strict=True):
        with Image.open(name) as sheet:
            strongest = sheet.convert("RGB").getpixel((152, 159))
            assert all(abs(a - b) < 12 for a, b in zip(strongest, colour, strict=True)), name  # type: ignore[arg-type]


def test_only_some_verdicts_are_drawn(saved: Path, tmp_path: Path) -> None:
    ran = here("sheet", saved / "run", "-o", tmp_path / "sheet.jpg", "--only", "fail")
    assert ran.out == f"{tmp_path / 'sheet.jpg'}: 1 job\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "sheet.gif"], "a sheet is written as .png"),
        ([], "--output"),
        (["-o", "no/such/folder/sheet.png"], "cannot write"),
        (["-o", "sheet.png", "--per-sheet", "0"], "--per-sheet"),
    ],
)
def test_a_sheet_that_cannot_be_written_is_refused_at_once(arguments: list[str], said: str) -> None:
    ran = here("sheet", PICTURE, *arguments)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize(
    "thumbnail",
    [
        "text",
        {"data_uri": 5},
        {"data_uri": "data:text/html;base64,PGI+", "media_type": "text/html", "width": 1, "height": 1},
        {"data_uri": "data:image/webp;base64,PGI+", "media_type": "image/webp", "width": 1, "height": 1},
        {"data_uri": "data:image/webp;base64," + "A" * 70_000, "media_type": "image/webp", "width": 1, "height": 1},
        {"data_uri": "data:image/webp;base64,!", "media_type": "image/webp", "width": 1, "height": 1},
    ],
    ids=str,
)
def test_a_report_with_other_thumbnails_than_ours_is_refused(thumbnail: Any, saved: Path, tmp_path: Path) -> None:
    report = json.loads((saved / "r.json").read_text())
    report["jobs"][0]["subjects"][0]["thumbnail"] = thumbnail
    (tmp_path / "r.json").write_text(json.dumps(report))
    ran = here("sheet", tmp_path / "r.json", "-o", tmp_path / "sheet.png")
    assert ran.code == 2
    assert "not the report of a job" in ran.err
    assert not (tmp_path / "sheet.png").exists()


def test_a_picture_that_only_begins_like_a_thumbnail_is_drawn_as_missing(saved: Path, tmp_path: Path) -> None:
    report = json.loads((saved / "r.json").read_text())
    data = "data:image/webp;base64,UklGRgAAAABXRUJQVlA4IA=="
    report["jobs"][0]["subjects"][0]["thumbnail"] |= {"data_uri": data}
    (tmp_path / "r.json").write_text(json.dumps(report))
    assert here("sheet", tmp_path / "r.json", "-o", tmp_path / "sheet.png").code == 0


def written_names(path: Path, names: list[str]) -> list[bytes]:
    """The pixels of the name of each job on a sheet."""
    lines = "".join(json.dumps({"id": name, "image": "missing.png", "video": "missing.mp4"}) + "\n" for name in names)
    path.with_suffix(".jsonl").write_text(lines)
    here("sheet", path.with_suffix(".jsonl"), "-o", path)
    with Image.open(path) as sheet:
        columns = (sheet.width - 56 + 20) // 268
        places = [(28 + 268 * (number % columns), 84 + 248 * (number // columns) + 156) for number in range(len(names))]
        return [sheet.crop((left, top, left + 248, top + 22)).tobytes() for left, top in places]


def test_names_in_any_script_are_told_apart(tmp_path: Path) -> None:
    # Whichever fonts there are: a character that none has is written as its number.
    names = ["漢字", "字漢", "Жук", "Жак", "שלום", "עולם", "한국", "국한", "कमल", "कलम", "ก๊", "ก๋", "é", "è"]
    names += ["\u0378", "\\u0378", "Z\u0351\u0352\u0353" * 60]
    drawn = written_names(tmp_path / "sheet.png", names)
    assert len(set(drawn)) == len(names) - 1
    assert drawn[-3] == drawn[-2], "no font has a character that is not assigned: its number is written"
