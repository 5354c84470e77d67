"""Tables as spreadsheet programs save them, and files of theirs that are not tables."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from tests.support.command import here

ROW = "id\timage\tvideo\r\n1\tmissing.png\tmissing.mp4\r\n"


def _workbook(path: Path, member: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, "<x/>")


def test_unicode_text_of_excel_is_a_table(tmp_path: Path) -> None:
    path = tmp_path / "jobs.txt"
    path.write_bytes(ROW.encode("utf-16"))
    ran = here("check", path, "--format", "json")
    assert (ran.job["id"], ran.job["line"], len(ran.job["subjects"])) == ("1", 2, 2)
    assert here("check", path, "--to", tmp_path / "run").code == 1
    (line,) = (tmp_path / "run/part-00000.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["id"] == "1"


def test_a_text_that_is_not_a_table_is_still_none(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Dear all, these are notes\n", "utf-8")
    assert here("check", path, "--format", "json").finding("not-media")["message"] == (
        "this is text: neither a job nor media"
    )


@pytest.mark.parametrize(
    ("name", "member", "kind"),
    [
        ("jobs.xlsx", "[Content_Types].xml", "an Excel workbook"),
        ("jobs.ods", "content.xml", "an OpenDocument spreadsheet"),
        ("jobs.numbers", "Index/Document.iwa", "a Numbers spreadsheet"),
    ],
)
def test_a_workbook_is_named_with_the_way_on(name: str, member: str, kind: str, tmp_path: Path) -> None:
    _workbook(tmp_path / name, member)
    finding = here("check", tmp_path / name, "--format", "json").finding("not-media")
    assert finding["message"] == f"this is {kind}: jobs in it are not read"
    assert "CSV" in finding["fix"]
    ran = here("check", tmp_path / name, "--to", tmp_path / "run")
    assert (ran.code, f"this is {kind}: " in ran.err, "CSV" in ran.err) == (2, True, True)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.jsonl", "jobs.tsv"])
def test_a_wrapping_is_seen_under_the_name_of_a_table(name: str, tmp_path: Path) -> None:
    _workbook(tmp_path / name, "[Content_Types].xml")
    for more in ((), ("--to", tmp_path / "run")):
        ran = here("check", tmp_path / name, *more)
        assert (ran.code, "this is an Excel workbook" in ran.err + ran.out) == (2, True)


def test_a_compressed_table_is_to_be_unpacked(tmp_path: Path) -> None:
    for name in ("jobs.csv.gz", "jobs.csv"):
        (tmp_path / name).write_bytes(gzip.compress(b"image,video\na.png,b.mp4\n"))
        ran = here("check", tmp_path / name, "--to", tmp_path / "run")
        assert (ran.code, "compressed with gzip: unpack it with gunzip" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "text", "advice"),
    [
        ("a.csv", "Bild-URL;Video-URL\nhttps://h/x;https://h/y\n", "--column image=Bild-URL --column video=Video-URL"),
        ("b.csv", "eins,zwei\nx.png,y.mp4\n", "--column image=eins --column video=zwei"),
        ("c.jsonl", '{"a": "x.png", "b": "y.mp4"}\n', "--column image=a --column video=b"),
        ("d.csv", "foo,bar\n1,2\n", "--column image=COLUMN --column video=COLUMN"),
        ("e.csv", "image,my clip\nx.png,y.mp4\n", "--column 'video=my clip'"),
    ],
)
def test_a_run_is_not_begun_with_other_columns(name: str, text: str, advice: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    ran = here("check", tmp_path / name, "--to", tmp_path / "run")
    assert (ran.code, ran.out) == (2, "")
    assert "its columns are" in ran.err
    assert ran.err.rstrip().endswith(advice)
    assert not (tmp_path / "run/run.json").exists()


def test_the_columns_that_are_advised_are_taken(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("eins,zwei\nx.png,y.mp4\n", "utf-8")
    columns = ("--column", "image=eins", "--column", "video=zwei")
    ran = here("check", tmp_path / "a.csv", "--to", tmp_path / "run", *columns)
    assert ran.code == 1
    assert ran.out.endswith(f"next: preflight report {tmp_path}/run\n")


def test_a_value_of_a_semicolon_table_is_shown_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(f"image;video;prompt\na.mp4;b.png;{'p' * 3000}\n", "utf-8")
    lines = here("check", path).out.splitlines()
    assert "  2 | a.mp4" in lines
    assert "  2 | b.png" in lines
