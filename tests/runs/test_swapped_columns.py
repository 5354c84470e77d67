"""A table with the pictures in the column of the clips, and the other way round: said once for all of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.runs.running import rows_of, run
from tests.support.command import CLIP, FIXTURES, PICTURE, here


@pytest.mark.parametrize("rows", [2, 30], ids=["few", "many"])
def test_a_table_with_exchanged_columns_is_told_once(rows: int, tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text("image,video\n" + f"{CLIP},{PICTURE}\n" * rows)
    said = f"All {rows} rows have a clip as the image and a picture as the video: exchange the two columns\n"
    ran = run(table, tmp_path / "run")
    assert (ran.code, ran.out.count(said)) == (1, 1), ran.out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["swapped"] == rows
    for shown in (here("check", table), here("report", tmp_path / "run")):
        assert " ".join(shown.out.split()).count(f"All {rows} jobs have a clip as the image and a picture as") == 1
    mapped = here("check", table, "--column", "image=video", "--column", "video=image")
    assert (mapped.code, "exchange the two" in mapped.out) == (0, False)


def test_some_exchanged_rows_are_counted_and_the_count_is_added_up_over_parts(tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    rows = [(PICTURE, CLIP), (CLIP, PICTURE), (CLIP, CLIP), ("lost.png", CLIP)] * 10
    table.write_text("image,video\n" + "".join(f"{image},{video}\n" for image, video in rows))
    ran = run(table, tmp_path / "run", parts_of=7)
    assert "10 of 40 rows have a clip as the image and a picture as the video" in ran.out
    (tmp_path / "run" / "summary.json").unlink()
    counts = tmp_path / "run" / "counts" / "part-00000.json"
    made_earlier = {key: value for key, value in json.loads(counts.read_text()).items() if key != "swapped"}
    counts.write_text(json.dumps(made_earlier))
    assert "8 of 40 rows have a clip as the image" in run(table, tmp_path / "run", parts_of=7).out


def test_the_columns_are_only_exchanged_where_all_rows_are_wrong(tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    for wrong, have, where in ((1, "has", "this {}"), (2, "have", "these {}s")):
        end = f"{have} a clip as the image and a picture as the video: exchange the two in {where}"
        rows = [(CLIP, PICTURE)] * wrong + [(PICTURE, CLIP)] * (9 - wrong)
        table.write_text("image,video\n" + "".join(f"{image},{video}\n" for image, video in rows))
        folder = tmp_path / f"run-{wrong}"
        assert f"{wrong} of 9 rows {end.format('row')}\n" in run(table, folder).out
        for shown in (here("check", table), here("report", folder)):
            told = " ".join(shown.out.split())
            assert f"{wrong} of 9 jobs {end.format('job')}" in told, shown.out
            assert "the two columns" not in told


def test_a_finding_that_is_cut_for_its_line_ends_with_an_ellipsis(tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text(f"image,video\n{CLIP},{PICTURE}\n{PICTURE},{CLIP}\n")
    run(table, tmp_path / "run")
    (line,) = [each for each in here("report", tmp_path / "run").out.splitlines() if " more)" in each]
    assert "swapped" in line
    assert "… (and 1 more)" in line or "… (and 2 more)" in line, line


def test_nothing_is_said_where_no_row_is_exchanged(tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text("image,video\n" + f"{PICTURE},{CLIP}\n{PICTURE},{PICTURE}\n" * 2)
    assert "exchange the two" not in run(table, tmp_path / "run").out
    assert json.loads((tmp_path / "run" / "summary.json").read_text())["swapped"] == 0


def test_files_are_told_apart_by_their_bytes_not_by_containers_that_have_a_suffix(tmp_path: Path) -> None:
    clips = ["flv.flv", "wmv.wmv", "mpeg-ps.mpg", "ogg.ogv", "3gp.3gp", "mpeg-ts.ts", "avi.avi", "matroska-named.mp4"]
    pictures = ["jpeg-xl.jxl", "psd.psd", "svg.svg", "gif.gif", "tiff.tiff", "jpeg-2000.jp2", "openexr.exr", "dds.dds"]
    rows = [
        *(
            (FIXTURES / "clips" / clip, FIXTURES / "pictures" / picture)
            for clip, picture in zip(clips, pictures, strict=True)
        ),
        *((PICTURE, FIXTURES / "clips" / clip) for clip in clips),
        *((FIXTURES / "pictures" / picture, CLIP) for picture in pictures),
    ]
    table = tmp_path / "jobs.csv"
    table.write_text("image,video\n" + "".join(f"{image},{video}\n" for image, video in rows))
    said = "8 of 24 {} have a clip as the image and a picture as the video"
    assert said.format("rows") in run(table, tmp_path / "run", parts_of=10).out
    for shown in (here("check", table), here("report", tmp_path / "run")):
        assert said.format("jobs") in " ".join(shown.out.split())
    facts = [subject["facts"] for row in rows_of(tmp_path / "run")[:8] for subject in row["subjects"]]
    assert [each["family"] for each in facts] == ["video", "picture"] * 8
