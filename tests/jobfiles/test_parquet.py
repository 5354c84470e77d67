"""Parquet manifests, written by pyarrow and broken by hand."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import limits, load_manifest
from preflight.model import Job
from tests.support.command import CLIP, PICTURE, check, here, preflight

IMAGE, VIDEO = "https://e.com/a.png", "https://e.com/b.mp4"


def written(folder: Path, columns: dict[str, Any], **options: Any) -> Path:
    path = folder / "m.parquet"
    pq.write_table(pa.table(columns), path, **options)
    return path


def jobs(path: Path, **options: Any) -> list[Job | JobUnreadable]:
    return list(load_manifest(path, default_model="m", **options))


def test_values_of_all_types_become_json(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            "id": [7],
            "image": [[IMAGE]],
            "video": [VIDEO],
            "mode": [720],
            "day": [dt.date(2026, 1, 2)],
            "at": pa.array(["2026-01-02T03:04:05"]).cast(pa.timestamp("us")),
            "nanoseconds": pa.array([1], pa.timestamp("ns")),
            "far": pa.array([2**62], pa.timestamp("us")),
            "price": [Decimal("1.20")],
            "score": [float("nan")],
            "yes": [True],
            "none": pa.array([None], pa.string()),
            "nested": [{"a": [1, None], "b": {"c": None}}],
            "kind": pa.array(["x"]).dictionary_encode(),
            "raw": [b"\x00\x01"],
            "picture": [{"bytes": b"\x00", "path": "a.png"}],
        },
    )
    (job,) = jobs(path)
    assert isinstance(job, Job)
    assert job.id == "7"
    assert job.body == {
        "model": "m",
        "input": {"input_urls": [IMAGE], "video_urls": [VIDEO], "mode": "720"},
    }
    far = job.meta["far"]
    assert isinstance(far, str)
    assert {name: value for name, value in job.meta.items() if name != "far"} == {
        "day": "2026-01-02",
        "at": "2026-01-02T03:04:05",
        "nanoseconds": "1970-01-01 00:00:00.000000001",
        "price": "1.20",
        "score": None,
        "yes": True,
        "none": None,
        "nested": {"a": [1, None], "b": {"c": None}},
        "kind": "x",
        "raw": {"binary": "not read"},
        "picture": {"binary": "not read"},
    }


@pytest.mark.parametrize(
    "cell", [b"\x89PNG\r\n", {"bytes": b"\x89PNG\r\n", "path": "a.png"}], ids=["bytes", "with a path"]
)
def test_a_picture_in_the_table_itself_is_named_and_no_byte_of_it_is_shown(cell: object, tmp_path: Path) -> None:
    ran = preflight("check", written(tmp_path, {"id": ["a"], "image": [cell], "video": ["b.mp4"]}))
    assert ran.code == 1
    assert "'input.input_urls[0]' must be a string, not bytes" in ran.out
    assert "help: give the path or the URL of the file: bytes in a table are not read" in ran.out
    assert "PAR1" not in ran.out
    assert "mapping" not in ran.out


def test_rows_are_counted_and_ids_compared(tmp_path: Path) -> None:
    path = written(tmp_path, {"id": ["a", None, "a"], "image": [IMAGE, None, IMAGE], "video": [VIDEO, None, VIDEO]})
    assert [(job.line, job.same_id) for job in jobs(path) if isinstance(job, Job)] == [(1, None), (3, 1)]


def test_columns_are_mapped_and_missing_ones_named(tmp_path: Path) -> None:
    path = written(tmp_path, {"character_url": [IMAGE], "video": [VIDEO]})
    (job,) = jobs(path, columns={"image": "character_url"})
    assert isinstance(job, Job)
    assert job.value("input.input_urls") == [IMAGE]
    with pytest.raises(JobUnreadable, match="no such column"):
        jobs(path, columns={"image": "face"})


def test_standard_input_holds_parquet_too(tmp_path: Path) -> None:
    path = written(tmp_path, {"id": ["a"], "image": [IMAGE], "video": [VIDEO]})
    ran = preflight("check", "-", "--offline", "--format", "jsonl", stdin=path.read_bytes())
    assert (ran.code, ran.json["id"]) == (0, "a")


def test_a_folder_is_searched_for_tables_of_jobs_only(tmp_path: Path) -> None:
    written(tmp_path, {"id": ["a"], "image": [IMAGE], "video": [VIDEO]})
    pq.write_table(pa.table({"embedding": [[1.0, 2.0]]}), tmp_path / "other.parquet")
    ran = check(tmp_path, "--offline")
    assert [job["id"] for job in ran.json["jobs"]] == ["a"]


@pytest.mark.parametrize("cut", [0, 3, 100, -1, -9])
def test_a_file_cut_short_is_an_error(cut: int, tmp_path: Path) -> None:
    path = written(tmp_path, {"id": ["a"] * 100, "image": [IMAGE] * 100, "video": [VIDEO] * 100})
    data = path.read_bytes()
    path.write_bytes(data[:cut])
    with pytest.raises(JobUnreadable, match="not readable as Parquet"):
        jobs(path)


def test_damaged_pages_keep_the_rows_before_them(tmp_path: Path) -> None:
    rows = 4000
    path = written(tmp_path, {"id": [str(n) for n in range(rows)], "image": [IMAGE] * rows}, row_group_size=1000)
    data = bytearray(path.read_bytes())
    third = pq.ParquetFile(path).metadata.row_group(2).column(0)
    data[third.data_page_offset : third.data_page_offset + 40] = b"\xff" * 40
    path.write_bytes(data)
    *read, last = jobs(path)
    assert len(read) >= 1000
    assert all(isinstance(job, Job) for job in read)
    assert isinstance(last, JobUnreadable)
    assert "not read" in str(last)


def test_pages_that_inflate_without_measure_end_the_process_that_reads_them(tmp_path: Path) -> None:
    """Four gibibytes of one text, which its dictionary holds once: a megabyte before compression."""
    text = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int32()), pa.array(["0" * (1 << 20)]))
    path = written(tmp_path, {"prompt": text}, compression="zstd")
    assert path.stat().st_size < 64 * 1024
    try:
        *_, last = jobs(path)
    except JobUnreadable as error:
        last = error
    assert isinstance(last, JobUnreadable)


def test_more_columns_than_a_table_of_jobs_has_are_an_error(tmp_path: Path) -> None:
    path = written(tmp_path, {f"c{number}": [1] for number in range(limits.COLUMNS + 1)})
    with pytest.raises(JobUnreadable, match="columns; at most"):
        jobs(path)


def test_a_cell_larger_than_a_row_may_be_is_one_bad_row(tmp_path: Path) -> None:
    path = written(tmp_path, {"prompt": ["x", "y" * 2 * limits.TABLE_ROW_CHARS, "z"]})
    first, bad, last = jobs(path)
    assert isinstance(first, Job)
    assert isinstance(bad, JobUnreadable)
    assert bad.line == 2
    assert isinstance(last, Job)


def test_a_text_that_is_not_utf_8_is_one_bad_row(tmp_path: Path) -> None:
    rows = 2500
    texts = [b"a turn"] * rows
    texts[1500] = b"a \xff turn"
    path = written(tmp_path, {"id": [str(n) for n in range(rows)], "image": [IMAGE] * rows, "video": [VIDEO] * rows,
                              "prompt": pa.array(texts).view(pa.string())})  # fmt: skip
    read = jobs(path)
    (bad,) = [each for each in read if isinstance(each, JobUnreadable)]
    assert (len(read), bad.line) == (rows, 1501)
    assert "a text in the column 'prompt' is not UTF-8: " in str(bad)


@pytest.mark.parametrize("column", ["list", "struct", "beside a time"])
def test_a_text_that_is_not_utf_8_is_found_within_a_value(column: str, tmp_path: Path) -> None:
    text = pa.array([b"one", b"\xc3", b"three"]).view(pa.string())
    columns = {
        "list": pa.ListArray.from_arrays(pa.array([0, 1, 2, 3], pa.int32()), text),
        "struct": pa.StructArray.from_arrays([text], ["inner"]),
        "beside a time": pa.StructArray.from_arrays([text, pa.array([2**62] * 3, pa.timestamp("us"))], ["a", "at"]),
    }
    path = written(tmp_path, {"image": [IMAGE] * 3, "video": [VIDEO] * 3, "kept": columns[column]})
    first, bad, last = jobs(path)
    assert isinstance(first, Job)
    assert isinstance(bad, JobUnreadable)
    assert (bad.line, "'kept' is not UTF-8" in str(bad)) == (2, True)
    assert isinstance(last, Job)


def test_a_dictionary_of_texts_that_are_not_utf_8_is_named_with_its_rows(tmp_path: Path) -> None:
    """Arrow refuses all texts of a dictionary for one of them."""
    text = pa.array([b"one", b"\xc3"]).view(pa.string())
    kept = pa.DictionaryArray.from_arrays(pa.array([0] * 1500 + [1], pa.int8()), text)
    path = written(tmp_path, {"image": [IMAGE] * 1501, "kept": kept}, row_group_size=1000)
    *read, last = jobs(path)
    assert isinstance(last, JobUnreadable)
    assert re.search(r"a text in the column 'kept' \(in the rows \d+ to \d+\) is not UTF-8: ", str(last)), last
    assert "the rows behind are not read" in str(last)
    assert all(isinstance(job, Job) for job in read)


@pytest.mark.parametrize(
    ("rows", "bad", "named"),
    [(3, 2, "in the rows 1 to 3"), (1, 0, "in row 1"), (2500, 2499, "in the rows 1 to 1000")],
    ids=["fewer than are decoded at a time", "one", "more than are decoded at a time"],
)
def test_no_row_is_named_that_the_file_does_not_have(rows: int, bad: int, named: str, tmp_path: Path) -> None:
    text = pa.array([b"one", b"\xc3"]).view(pa.string())
    places = pa.array([int(row == bad) for row in range(rows)], pa.int8())
    path = written(tmp_path, {"image": [IMAGE] * rows, "kept": pa.DictionaryArray.from_arrays(places, text)})
    last = jobs(path)[-1]
    assert f"a text in the column 'kept' ({named}) is not UTF-8: " in str(last)


def test_a_run_has_a_row_for_a_text_that_is_not_utf_8(tmp_path: Path) -> None:
    texts = pa.array([b"one", b"\xff", b"three"]).view(pa.string())
    path = written(tmp_path, {"id": texts, "image": [PICTURE] * 3, "video": [CLIP] * 3})
    ran = here("check", path, "--to", tmp_path / "run", "--workers", "1")
    assert (ran.code, "3 rows: 2 pass, 1 fail" in ran.out) == (1, True), ran
    again = here("check", path, "--to", tmp_path / "run")
    assert (again.code, again.out.splitlines()[0]) == (1, ran.out.splitlines()[0])


def test_loading_a_manifest_of_text_loads_no_library_for_parquet(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(f"image,video\n{IMAGE},{VIDEO}\n")
    code = (
        "import sys; from preflight.cli.run import run; run(['check', 'm.csv', '--offline', '-qq']);"
        "print(sorted({'pyarrow', 'fsspec', 's3fs', 'sqlite3'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
