"""Runs over manifests of every kind, from every place: the same rows, and the same run when it goes on."""

from __future__ import annotations

import codecs
import csv
import io
import json
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.runs.running import rows_of
from tests.servers.lying import serving
from tests.servers.object_store import studio
from tests.support.command import CLIP, PICTURE, Ran, command, environment, here, preflight
from tests.support.service import service

pytestmark = pytest.mark.usefixtures("measured_children")

ROWS = [
    ["id", "image", "video", "mode", "shot"],
    ["a", PICTURE, CLIP, "720p", "1"],
    ["b", PICTURE, CLIP, "1080p", "2"],
    ["c", "lost.png", CLIP, "720p", "3"],
    ["d", PICTURE, CLIP, "4k", "4"],
    ["e", PICTURE, CLIP, "720p", "5"],
]


def text_of(separator: str = ",") -> bytes:
    written = io.StringIO()
    csv.writer(written, delimiter=separator).writerows(ROWS)
    return written.getvalue().encode()


def lines_of() -> bytes:
    return b"".join(json.dumps(dict(zip(ROWS[0], row, strict=True))).encode() + b"\n" for row in ROWS[1:])


def write_parquet(path: Path, *, blank_after: int | None = None) -> bytes:
    """The rows as Parquet in row groups of two, with an empty row after so many."""
    rows: list[list[str | None]] = [list(row) for row in ROWS[1:]]
    if blank_after is not None:
        rows.insert(blank_after, [None] * len(ROWS[0]))
    pq.write_table(pa.Table.from_pylist([dict(zip(ROWS[0], row, strict=True)) for row in rows]), path, row_group_size=2)
    return path.read_bytes()


def judged(folder: Path) -> list[Any]:
    return [
        (row["row"], row["id"], row["verdict"], row["meta"], [each["rule"] for each in row["findings"]])
        for row in rows_of(folder)
    ]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What a run over the same rows as CSV says."""
    folder = tmp_path_factory.mktemp("expected")
    (folder / "jobs.csv").write_bytes(text_of())
    assert here("check", folder / "jobs.csv", "--to", folder / "run", "--workers", "1").code == 1
    assert [verdict for _, _, verdict, _, _ in judged(folder / "run")] == ["pass", "pass", "fail", "fail", "pass"]
    return judged(folder / "run")


def piped(data: bytes, folder: Path, *arguments: str, cwd: Path | None = None) -> Ran:
    return preflight("check", "-", "--to", folder, "--part-rows", "2", *arguments, stdin=data, cwd=cwd)


def test_rows_of_parquet_are_those_of_a_table(tmp_path: Path, expected: list[Any]) -> None:
    write_parquet(tmp_path / "jobs.parquet")
    first = here("check", tmp_path / "jobs.parquet", "--to", tmp_path / "run", "--part-rows", "2", "--workers", "2")
    assert first.code == 1, first.err
    assert judged(tmp_path / "run") == expected
    (tmp_path / "run" / "part-00001.jsonl").unlink()
    again = here("check", tmp_path / "jobs.parquet", "--to", tmp_path / "run")
    assert "going on: 2 of 3 parts are there" in again.err
    assert judged(tmp_path / "run") == expected


def test_an_empty_row_of_parquet_is_not_a_job_and_keeps_its_number(tmp_path: Path) -> None:
    write_parquet(tmp_path / "jobs.pq", blank_after=1)
    here("check", tmp_path / "jobs.pq", "--to", tmp_path / "run", "--part-rows", "2", "--workers", "1")
    assert [(row["row"], row["line"]) for row in rows_of(tmp_path / "run")] == [(1, 1), (2, 3), (3, 4), (4, 5), (5, 6)]


def test_another_parquet_file_is_another_run(tmp_path: Path) -> None:
    write_parquet(tmp_path / "jobs.parquet")
    here("check", tmp_path / "jobs.parquet", "--to", tmp_path / "run", "--workers", "1")
    write_parquet(tmp_path / "jobs.parquet", blank_after=2)
    refused = here("check", tmp_path / "jobs.parquet", "--to", tmp_path / "run")
    assert (refused.code, "the manifest has other content" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PAR1" + b"\xff" * 100 + b"PAR1", "not readable as Parquet"),
        (b"", "not readable as Parquet"),
    ],
    ids=["damaged", "empty"],
)
def test_a_damaged_parquet_file_is_an_error_and_no_run(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "jobs.parquet").write_bytes(data)
    ran = here("check", tmp_path / "jobs.parquet", "--to", tmp_path / "run")
    assert (ran.code, said in ran.err, (tmp_path / "run").exists()) == (2, True, False), ran.err


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_standard_input_is_kept_in_the_folder_and_goes_on(kind: str, tmp_path: Path, expected: list[Any]) -> None:
    data = {"csv": text_of, "tsv": lambda: text_of("\t"), "jsonl": lines_of,
            "parquet": lambda: write_parquet(tmp_path / "jobs.parquet")}[kind]()  # fmt: skip
    run = tmp_path / "run"
    assert piped(data, run).code == 1
    assert judged(run) == expected
    (kept,) = run.glob("manifest.*")
    assert kept.read_bytes() == data
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600, "it may have signed URLs"
    (run / "part-00000.jsonl").unlink()
    assert "going on: 2 of 3 parts are there" in piped(data, run).err
    (run / "part-00002.jsonl").unlink()
    assert "going on: 2 of 3 parts are there" in here("check", kept, "--to", run).err
    assert judged(run) == expected
    assert {row["path"] for row in rows_of(run)} == {"-"}


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_table_in_utf_16_is_the_same_run_as_one_in_utf_8(encoding: str, tmp_path: Path) -> None:
    """As Excel writes "Unicode text": with a byte order mark, tabs, and CRLF."""
    text = text_of("\t").decode().replace("4k", "4k 漢💃")
    (tmp_path / "plain.tsv").write_text(text, "utf-8", newline="")
    wide = codecs.BOM_UTF16_LE if encoding.endswith("le") else codecs.BOM_UTF16_BE
    (tmp_path / "wide.tsv").write_bytes(wide + text.encode(encoding))
    for name in ("plain", "wide"):
        assert here("check", tmp_path / f"{name}.tsv", "--to", tmp_path / name, "--part-rows", "2").code == 1
    assert judged(tmp_path / "wide") == judged(tmp_path / "plain")
    lines = [[row["line"] for row in rows_of(tmp_path / name)] for name in ("plain", "wide")]
    assert lines[0] == lines[1] == [2, 3, 4, 5, 6]
    manifest = json.loads((tmp_path / "wide/run.json").read_text())["manifest"]
    assert manifest["sha256"] == sha256((tmp_path / "wide.tsv").read_bytes()).hexdigest()
    (tmp_path / "wide/part-00001.jsonl").unlink()
    again = here("check", tmp_path / "wide.tsv", "--to", tmp_path / "wide")
    assert "going on: 2 of 3 parts are there" in again.err


@pytest.mark.parametrize("name", ["jobs.csv", "jobs.jsonl", "jobs.parquet"])
def test_a_manifest_at_a_web_server_is_read_through_the_guard(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    match file.suffix:
        case ".csv":
            file.write_bytes(text_of())
        case ".jsonl":
            file.write_bytes(lines_of())
        case _:
            write_parquet(file)
    with serving({name: file}) as server:
        url, to = server.url("ok", name), tmp_path / "run"
        refused = here("check", url, "--to", to)
        assert (refused.code, "loopback" in refused.err, to.exists()) == (2, True, False), refused.err
        allow = ("--allow-host", "127.0.0.1")
        assert here("check", url, "--to", to, "--part-rows", "2", *allow).code == 1
        missing = here("check", server.url("status-404", name), "--to", tmp_path / "other", *allow)
        assert (missing.code, "404" in missing.err) == (2, True), missing.err
        streamed = here("check", url, "--format", "jsonl", *allow)
    here("check", file, "--to", tmp_path / "local", "--part-rows", "2")
    assert judged(to) == judged(tmp_path / "local")
    verdicts = [json.loads(line)["verdict"] for line in streamed.out.splitlines()]
    assert verdicts == [row["verdict"] for row in rows_of(to)]


def test_paths_from_standard_input_are_relative_to_the_working_folder(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(Path(PICTURE).read_bytes())
    (tmp_path / "a.mp4").write_bytes(Path(CLIP).read_bytes())
    table = b"image,video\na.png,a.mp4\n"
    assert piped(table, Path("run"), cwd=tmp_path).code == 0
    (tmp_path / "run" / "part-00000.jsonl").unlink()
    again = preflight("check", "run/manifest.csv", "--to", "run", cwd=tmp_path)
    assert again.code == 0, again.err


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "standard input: no jobs in it"),
        (b" \n", "standard input: no jobs in it"),
        (b"image,video\n", "standard input: no jobs in it"),
        (b"model: x\ninput: {}\n", "standard input: not a manifest of jobs"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "standard input is not text"),
        ("image,video\na,b\n".encode("utf-16")[:-1], "standard input: the text ends within a character"),
        (b"PAR1\xff\xff", "standard input: not readable as Parquet"),
    ],
    ids=["nothing", "blank", "no rows", "a job", "a picture", "UTF-16", "damaged Parquet"],
)
def test_other_input_is_refused_and_leaves_no_run(data: bytes, said: str, tmp_path: Path) -> None:
    refused = piped(data, tmp_path / "run")
    assert (refused.code, said in refused.err) == (2, True), refused.err
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"counts", "lock"}
    assert piped(text_of(), tmp_path / "run").code == 1, "a run can begin there afterwards"


def test_other_content_from_standard_input_leaves_the_run_as_it_is(tmp_path: Path) -> None:
    piped(text_of(), tmp_path / "run")
    refused = piped(text_of() + b"x,y,z,720p,6\n", tmp_path / "run")
    assert "the manifest has other content (5 rows at first, 6 now)" in refused.err
    assert (tmp_path / "run" / "manifest.csv").read_bytes() == text_of()
    assert not list((tmp_path / "run").glob(".unfinished-*"))


def test_a_start_that_was_killed_while_it_read_standard_input_is_no_hindrance(tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = subprocess.Popen(command("check", "-", "--to", run), env=environment(), stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(text_of() + b"x" * 100_000)
    process.stdin.flush()
    end = time.monotonic() + 30
    while not list(run.glob(".unfinished-*")):
        assert time.monotonic() < end, "standard input is never written into the folder"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdin.close()
    assert piped(text_of(), run).code == 1
    assert sorted(path.name for path in run.glob("*.csv")) == ["manifest.csv"]
    assert not list(run.glob(".unfinished-*"))


@pytest.fixture(scope="module")
def store() -> Iterator[tuple[Any, dict[str, str]]]:
    with studio() as found:
        yield found


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_manifest_in_a_store_is_that_of_the_same_content(
    kind: str, store: tuple[Any, dict[str, str]], tmp_path: Path, expected: list[Any]
) -> None:
    client, found = store
    name, run = f"s3://studio/day 1/jobs.{kind}", tmp_path / "run"
    data = text_of() if kind == "csv" else write_parquet(tmp_path / "jobs.parquet")
    client.put_object(Bucket="studio", Key=f"day 1/jobs.{kind}", Body=data)
    first = preflight("check", name, "--to", run, "--part-rows", "2", env=found)
    assert first.code == 1, first.err
    assert judged(run) == expected
    assert {row["path"] for row in rows_of(run)} == {name}
    (run / "part-00001.jsonl").unlink()
    assert "going on: 2 of 3 parts" in preflight("check", name, "--to", run, env=found).err
    assert judged(run) == expected
    client.put_object(Bucket="studio", Key=f"day 1/jobs.{kind}", Body=text_of() + b"x,y,z,720p,6\n")
    changed = preflight("check", name, "--to", run, env=found)
    assert changed.code == 2
    if kind == "csv":
        assert "the manifest has other content (5 rows at first, 6 now)" in changed.err


def test_a_manifest_that_a_store_does_not_have_is_an_error(store: tuple[Any, dict[str, str]], tmp_path: Path) -> None:
    ran = preflight("check", "s3://studio/nothing.csv", "--to", tmp_path / "run", env=store[1])
    assert (ran.code, ran.err) == (2, "preflight: s3://studio/nothing.csv: no such file in this store\n")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["parquet", "stdin"])
def test_a_run_over_any_manifest_can_be_paid_for(kind: str, tmp_path: Path) -> None:
    with service(tmp_path, credits=Decimal(10_000)) as sandbox:
        image, clip = sandbox.media.url("ok", "a.png"), sandbox.media.url("ok", "12.mp4")
        run = tmp_path / "run"
        if kind == "parquet":
            rows = [{"id": name, "image": image, "video": clip, "prompt": name} for name in "ab"]
            pq.write_table(pa.Table.from_pylist(rows), tmp_path / "jobs.parquet")
            checked = here("check", tmp_path / "jobs.parquet", "--to", run, *sandbox.media_options)
        else:
            table = f"id,image,video,prompt\na,{image},{clip},a\nb,{image},{clip},b\n".encode()
            checked = piped(table, run, *map(str, sandbox.media_options))
        assert checked.code == 0, checked.err
        paid = sandbox.submit(run, "--budget", "5000", "--yes")
        assert (paid.code, sandbox.paid_requests) == (0, 2), paid.err
        assert sandbox.submit(run, "--budget", "5000", "--yes").code == 0
        assert sandbox.paid_requests == 2


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"image,video," + b",".join(b"c%d" % n for n in range(100_000)), "100002 columns; at most 4096 are read"),
        (b"image,video,a\0b", "a NUL byte: this is not a text file in UTF-8"),
        (b"image,video,caf\xe9", "the byte 0xe9 is not UTF-8"),
        ("image,video".encode("utf-16-le"), "a NUL byte: this is not a text file in UTF-8"),
        (b'image,video,"shot', "not CSV, and not read further"),
        (b"image,video," + b"x" * 2_000_000, "a row of more than 1048576 characters"),
    ],
    ids=["columns", "NUL", "Latin-1", "UTF-16 without a mark", "open quote", "long"],
)
def test_a_header_that_cannot_be_read_is_told_once_before_a_run_begins(
    header: bytes, said: str, tmp_path: Path
) -> None:
    (tmp_path / "jobs.csv").write_bytes(header + b"\n" + f"{PICTURE},{CLIP},a\n".encode() * 3)
    refused = here("check", tmp_path / "jobs.csv", "--to", tmp_path / "run")
    assert (refused.code, said in refused.err, (tmp_path / "run").exists()) == (2, True, False), refused.err


@pytest.mark.parametrize(
    "columns", [("image=image", "image=video"), ("image=video", "video=video")], ids=["a name", "a column"]
)
def test_a_column_is_named_once(columns: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "jobs.csv").write_bytes(text_of())
    refused = here("check", tmp_path / "jobs.csv", "--column", columns[0], "--column", columns[1])
    assert (refused.code, "is given twice: name each column once" in refused.err) == (2, True), refused.err
