"""What holds for every input: errors of one kind, places that point, JSON that says what ``json`` says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preflight.errors import JobUnreadable
from preflight.jobfiles import load_job, load_manifest, load_text
from preflight.model import Job

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=20
)
NAMES = st.text("abcé😀_-", min_size=1, max_size=5)
NAMED = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=20
)

# Pieces that JSON and YAML are made of, so that a random string gets past the first character.
PIECES = st.sampled_from(
    [
        *[*"{}[],:-?|>&*!%@#'\"\\ \n\r\t~.0a", "a: ", "- ", "&a ", "*a", "!!str ", "!", "<<: ", "---\n", "...\n"],
        *["%TAG ! a\n", "%YAML 1.1\n", "null", "true", "1e5", "0x1", "9" * 600, "1e999", "-0", '"a":', "\\u"],
        *["\\ud83d", "\\UFFFFFFFF", "\x00", "\x07", "\x85", "\u2028", "\ufeff", "😀", "  ", "\n  "],
    ]
)
PIECED = st.lists(PIECES, max_size=30).map("".join)
BYTES = st.binary(max_size=60) | PIECED.map(str.encode) | PIECED.map(lambda text: text.encode("utf-16"))
CSV_PIECES = st.sampled_from(
    [*',;\t"\n\r |a', '""', '"a', "id", "image", "mode", "\r\n", "\xff", "\x00", "https://e.com"]
)

on_files = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def assert_can_be_sent(job: Job) -> None:
    json.dumps(job.body, ensure_ascii=False, allow_nan=False).encode()
    assert "" in job.places


@given(BYTES)
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_a_job_that_can_be_sent_or_an_error(data: bytes) -> None:
    try:
        job = load_text(data)
    except JobUnreadable:
        return
    assert_can_be_sent(job)


@given(data=BYTES, suffix=st.sampled_from([".json", ".yaml", ".txt"]))
@on_files
def test_any_file_is_a_job_that_can_be_sent_or_an_error(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"job{suffix}"
    path.write_bytes(data)
    try:
        job = load_job(path)
    except JobUnreadable:
        return
    assert_can_be_sent(job)


@given(
    data=BYTES | st.lists(CSV_PIECES, max_size=30).map(lambda pieces: "".join(pieces).encode("latin-1")),
    suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]),
)
@on_files
def test_any_manifest_is_jobs_that_can_be_sent_and_errors(tmp_path: Path, data: bytes, suffix: str) -> None:
    path = tmp_path / f"manifest{suffix}"
    path.write_bytes(data)
    rows = load_manifest(path)
    try:
        first = next(rows, None)
    except JobUnreadable:  # of the file: it is not a table
        return
    for row in (first, *rows) if first is not None else ():
        if isinstance(row, Job):
            assert_can_be_sent(row)
            assert row.line is not None
        else:
            assert isinstance(row, JobUnreadable)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl"])
@pytest.mark.parametrize(
    "head",
    [
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"version https://git-lfs.github.com/spec/v1\n",
    ],
)
def test_a_file_that_holds_no_table_is_raised_before_the_first_row(tmp_path: Path, head: bytes, suffix: str) -> None:
    path = tmp_path / f"manifest{suffix}"
    path.write_bytes(head)
    with pytest.raises(JobUnreadable, match=re.escape(f"manifest{suffix}: ")):
        next(load_manifest(path))


@given(VALUES, st.sampled_from([None, 1, "\t"]), st.booleans())
@settings(deadline=None)
def test_json_says_what_json_says(value: object, indent: int | str | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    text = f"[{text}]"  # a lone scalar is YAML's
    assert repr(load_text(text).body) == repr(json.loads(text))


@given(st.lists(st.sampled_from([*'{}[],: \n"a1-.e', '"a":', "null", "1.5e3", "\\u0041"]), max_size=12).map("".join))
@settings(max_examples=500, deadline=None)
def test_a_json_file_is_read_exactly_when_json_reads_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "exactly.json"
    path.write_text(text, newline="")
    try:
        expected = json.loads(text) if text.strip() else None
    except ValueError:
        with pytest.raises(JobUnreadable):
            load_job(path)
        return
    if "inf" in repr(expected):  # 1e999, which json takes and could not write again
        return
    assert repr(load_job(path).body) == repr(expected)


@given(NAMED, st.sampled_from([None, 2]), st.sampled_from(["\n", "\r\n", "\r"]))
@settings(deadline=None)
def test_each_place_is_where_its_value_begins(value: object, indent: int | None, line_end: str) -> None:
    text = json.dumps([value], indent=indent, ensure_ascii=False).replace("\n", line_end)
    job = load_text(text)
    lines = text.split(line_end)
    decoder = json.JSONDecoder()
    for name, place in job.places.items():
        rest = line_end.join([lines[place.line - 1][place.column - 1 :], *lines[place.line :]])
        there, _ = decoder.raw_decode(rest)
        assert repr(there) == repr(job.value(name))
