"""Manifests: JSON Lines and CSV, where one bad row does not hide the others."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import load_manifest
from preflight.model import Job, Place
from preflight.runs.manifests.open_manifest import open_manifest
from preflight.runs.manifests.rows import part_rows


def rows(folder: Path, name: str, data: str | bytes, **options: Any) -> list[Job | JobUnreadable]:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return list(load_manifest(path, **options))


def jobs(folder: Path, name: str, data: str | bytes, **options: Any) -> list[Job]:
    found = rows(folder, name, data, **options)
    assert all(isinstance(row, Job) for row in found), found
    return [row for row in found if isinstance(row, Job)]


def error(folder: Path, name: str, data: str | bytes) -> JobUnreadable:
    (found,) = rows(folder, name, data)
    assert isinstance(found, JobUnreadable)
    return found


class TestJsonLines:
    def test_each_line_is_a_job_and_blank_ones_are_passed_over(self, tmp_path: Path) -> None:
        first, second = jobs(tmp_path, "m.jsonl", '\n{"id": "a", "model": "m"}\r\n  \n  {"input": {"mode": "720p"}}')
        path = str(tmp_path / "m.jsonl")
        assert first == Job(
            id="a",
            body={"model": "m"},
            path=path,
            line=2,
            places={"": Place(2, 1), "id": Place(2, 8), "model": Place(2, 22)},
        )
        assert second.id is None
        assert second.line == 4
        assert second.place("input.mode") == Place(4, 22)

    @pytest.mark.parametrize(
        ("written", "name"), [('"x"', "x"), ("7", "7"), ("0", "0"), ("1.5", "1.5"), ('""', None), ("null", None)]
    )
    def test_an_id_becomes_text_and_leaves_the_body(self, tmp_path: Path, written: str, name: str | None) -> None:
        (job,) = jobs(tmp_path, "m.ndjson", f'{{"model": "m", "id": {written}}}')
        assert job.id == name
        assert job.body == {"model": "m"}

    @pytest.mark.parametrize("written", ["true", "[1]", "{}"])
    def test_an_id_of_another_type_is_refused_at_its_place(self, tmp_path: Path, written: str) -> None:
        assert str(error(tmp_path, "m.jsonl", f'\n{{"id": {written}}}')).endswith(
            "m.jsonl:2:8: 'id' must be a string or a number"
        )

    def test_a_bad_line_stands_between_good_ones(self, tmp_path: Path) -> None:
        lines = ['{"id": 1}', '{"id": 2,}', b'{"id": "\xff"}', '{"id": "\x00"}', "[1]", '{"id": 6} {}', '{"id": 7}']
        data = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
        found = rows(tmp_path, "m.jsonl", data)
        assert [row.id if isinstance(row, Job) else (row.line, row.column) for row in found] == [
            "1",
            (2, 10),
            (3, 9),
            (4, 9),
            None,
            (6, 11),
            "7",
        ]

    def test_a_line_that_is_no_mapping_is_left_to_the_rules(self, tmp_path: Path) -> None:
        assert [job.body for job in jobs(tmp_path, "m.jsonl", "[1]\n2\nnull\n")] == [[1], 2, None]

    def test_yaml_is_not_taken(self, tmp_path: Path) -> None:
        assert error(tmp_path, "m.jsonl", "{a: 1}").column == 2

    def test_a_line_of_more_than_sixteen_mebibytes_is_skipped(self, tmp_path: Path) -> None:
        long = b'{"prompt": "' + b"x" * (33 * 1024 * 1024) + b'"}'
        first, second, third = rows(tmp_path, "m.jsonl", b'{"id": 1}\n' + long + b'\n{"id": 3}\n')
        assert isinstance(first, Job)
        assert isinstance(second, JobUnreadable)
        assert (second.line, second.column) == (2, 1)
        assert isinstance(third, Job)
        assert (third.id, third.line) == ("3", 3)

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_a_byte_order_mark_is_not_a_column(self, tmp_path: Path, encoding: str) -> None:
        first, second = jobs(tmp_path, "m.jsonl", '{"id": "ü"}\n{"id": "😀"}\n'.encode(encoding))
        assert (first.id, first.places["id"]) == ("ü", Place(1, 8))
        assert (second.id, second.places["id"]) == ("😀", Place(2, 8))

    def test_utf_16_that_ends_within_a_character_keeps_the_rows_before(self, tmp_path: Path) -> None:
        found = rows(tmp_path, "m.jsonl", '{"id": 1}\n{"id": 2}\n'.encode("utf-16") + b"x")
        assert isinstance(found[-1], JobUnreadable)
        assert "ends within a character" in str(found[-1])

    def test_rows_are_read_as_they_are_asked_for(self, tmp_path: Path) -> None:
        path = tmp_path / "m.jsonl"
        path.write_text('{"id": 1}\n' * 100_000)
        assert [row.id for row in islice(load_manifest(path), 2) if isinstance(row, Job)] == ["1", "1"]

    def test_rows_beyond_the_limit_are_not_read(self, tmp_path: Path) -> None:
        assert len(jobs(tmp_path, "m.jsonl", "1\n\n2\n", max_rows=2)) == 2
        *read, last = rows(tmp_path, "m.jsonl", "1\n2\n3\n4\n", max_rows=2)
        assert len(read) == 2
        assert isinstance(last, JobUnreadable)
        assert (last.line, last.column) == (3, 1)
        assert "more than 2 rows" in str(last)


class TestTables:
    def test_columns_become_fields(self, tmp_path: Path) -> None:
        (job,) = jobs(
            tmp_path,
            "m.csv",
            "id,model,image,video,orientation,input.mode,prompt,callback_url\n"
            '7,m,https://e.com/a.png,https://e.com/b.mp4,image,720p,"Dance, ""now""",https://e.com/hook\n',
        )
        assert job == Job(
            id="7",
            body={
                "model": "m",
                "callback_url": "https://e.com/hook",
                "input": {
                    "input_urls": ["https://e.com/a.png"],
                    "video_urls": ["https://e.com/b.mp4"],
                    "character_orientation": "image",
                    "mode": "720p",
                    "prompt": 'Dance, "now"',
                },
            },
            path=str(tmp_path / "m.csv"),
            line=2,
            places={
                "": Place(2, 1),
                "id": Place(2, 1),
                "model": Place(2, 3),
                "input.input_urls": Place(2, 5),
                "input.video_urls": Place(2, 25),
                "input.character_orientation": Place(2, 45),
                "input.mode": Place(2, 51),
                "input.prompt": Place(2, 56),
                "callback_url": Place(2, 73),
            },
        )

    def test_short_and_full_names_are_the_same(self, tmp_path: Path) -> None:
        short = jobs(tmp_path, "m.csv", "image,video,orientation,mode\na,b,c,d\n")
        full = jobs(tmp_path, "m.csv", "input.input_urls,video_urls,character_orientation,input.mode\na,b,c,d\n")
        assert short[0].body == full[0].body

    def test_empty_cells_and_missing_ones_are_absent_fields(self, tmp_path: Path) -> None:
        first, second = jobs(tmp_path, "m.csv", "id,mode,prompt\n1,  ,\n2\n")
        assert (first.id, first.body) == ("1", {"input": {}})
        assert (second.id, second.body) == ("2", {"input": {}})

    @pytest.mark.parametrize("header", ["mode", "mode,model"], ids=["no column", "empty cell"])
    def test_the_default_model_stands_in_for_an_absent_one(self, tmp_path: Path, header: str) -> None:
        (job,) = jobs(tmp_path, "m.csv", f"{header}\n720p\n", default_model="m")
        assert job.body == {"model": "m", "input": {"mode": "720p"}}
        (job,) = jobs(tmp_path, "m.csv", "model,mode\nother,720p\n", default_model="m")
        assert job.value("model") == "other"

    def test_unknown_columns_are_kept_and_misspelt_ones_left_to_the_rules(self, tmp_path: Path) -> None:
        (job,) = jobs(tmp_path, "m.csv", "duration,output.mode,promt\n5,x,p\n")
        assert job.body == {"input": {"promt": "p"}}
        assert job.meta == {"duration": "5", "output.mode": "x"}
        assert job.place("input.promt") == Place(2, 5)

    @pytest.mark.parametrize(
        ("cell", "urls"),
        [
            ("https://e.com/a https://e.com/b", ["https://e.com/a", "https://e.com/b"]),
            ("https://e.com/a|https://e.com/b", ["https://e.com/a", "https://e.com/b"]),
            ('" https://e.com/a\r\n\r\nhttps://e.com/b "', ["https://e.com/a", "https://e.com/b"]),
            ("||https://e.com/a| |", ["https://e.com/a"]),
            ("|", []),
            (f"a{' ' * 130_000}b", [f"a{' ' * 130_000}b"]),
            ("my clip.mp4", ["my clip.mp4"]),
            ("my clip.mp4 | other.mp4", ["my clip.mp4", "other.mp4"]),
        ],
    )
    def test_a_list_cell_holds_one_url_or_several(self, tmp_path: Path, cell: str, urls: list[str]) -> None:
        (job,) = jobs(tmp_path, "m.csv", f"mode,video\n720p,{cell}\n")
        assert job.value("input.video_urls") == urls
        assert job.place("input.video_urls[0]") == Place(2, 6)

    @pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
    def test_the_header_decides_the_delimiter(self, tmp_path: Path, delimiter: str) -> None:
        header, row = delimiter.join(["id", "mode", "prompt"]), delimiter.join(["1", "720p", '"a,b;c\td"'])
        (job,) = jobs(tmp_path, "m.csv", f"{header}\n{row}\n")
        assert job.body == {"input": {"mode": "720p", "prompt": "a,b;c\td"}}
        assert job.place("input.prompt") == Place(2, 8)

    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
    def test_a_cell_of_several_lines_moves_the_rows_below(self, tmp_path: Path, line_end: str) -> None:
        text = 'id,prompt,mode\n\n1,"two\nlines",720p\n,,\n2,one,1080p\n'.replace("\n", line_end)
        first, second = jobs(tmp_path, "m.csv", text)
        assert first.value("input.prompt") == f"two{line_end}lines"
        assert first.line == 3
        assert first.place("input.prompt") == Place(3, 3)
        assert first.place("input.mode") == Place(4, 8)
        assert (second.line, second.place("input.mode")) == (6, Place(6, 7))

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
    def test_what_a_spreadsheet_saves_is_read(self, tmp_path: Path, encoding: str) -> None:
        (job,) = jobs(tmp_path, "m.csv", "id;prompt\r\n1;ü😀\r\n".encode(encoding))
        assert (job.id, job.value("input.prompt")) == ("1", "ü😀")

    def test_a_field_given_twice_is_repeated_only_where_both_have_a_value(self, tmp_path: Path) -> None:
        first, second = jobs(tmp_path, "m.csv", "image,input_urls\na,\na,b\n")
        assert first.repeated == ()
        assert second.repeated == ("input.input_urls",)
        assert second.value("input.input_urls") == ["b"]
        assert second.place("input.input_urls") == Place(3, 3)

    @pytest.mark.parametrize(
        ("row", "column", "words"),
        [
            pytest.param(b"2,720p,,a,b", 11, "more than the 4 cells", id="too many cells"),
            pytest.param(b"2,720p,x", 8, "without a name", id="cell without a column name"),
            pytest.param(b"2,\xe9", 3, "0xe9 is not UTF-8", id="not UTF-8"),
            pytest.param(b"2,a\x00", 4, "NUL", id="NUL"),
        ],
    )
    def test_a_bad_row_stands_between_good_ones(self, tmp_path: Path, row: bytes, column: int, words: str) -> None:
        first, bad, last = rows(tmp_path, "m.csv", b"id,mode,,prompt\n1,720p\n" + row + b"\n3,720p,,\n")
        assert isinstance(first, Job)
        assert isinstance(bad, JobUnreadable)
        assert (bad.line, bad.column) == (3, column)
        assert words in str(bad)
        assert isinstance(last, Job)
        assert last.id == "3"

    @pytest.mark.parametrize(
        "bad",
        [
            pytest.param('2,"open\n3,x\n', id="quote never closed"),
            pytest.param("2" + ',"\n"' * 300_000 + ',"\n3,x\n', id="row of too many lines, never closed"),
            pytest.param('2,"' + "x\n" * 200_000 + "3,x\n", id="long text never closed"),
            pytest.param('2,"' + "x\n" * 200_000 + '3,"x"\n4,x\n', id="long text closed by the next value"),
            pytest.param('2,5","a"x,"open\n3,x"\n', id="text after a quote before an open one"),
        ],
    )
    def test_where_rows_cannot_be_told_apart_the_rest_is_not_read(self, tmp_path: Path, bad: str) -> None:
        first, last = rows(tmp_path, "m.csv", f"id,prompt\n1,x\n{bad}")
        assert isinstance(first, Job)
        assert isinstance(last, JobUnreadable)
        assert last.line == 3

    def test_behind_a_line_within_a_value_that_is_not_text_the_rest_is_not_read(self, tmp_path: Path) -> None:
        first, last = rows(tmp_path, "m.csv", b'id,prompt\n1,x\n2,5" pipe,"open\n\xff\n3,x"\n')
        assert isinstance(first, Job)
        assert isinstance(last, JobUnreadable)
        assert last.line == 4

    @pytest.mark.parametrize(
        ("bad", "words"),
        [
            pytest.param('2,"' + "word\n" * 2_000_000 + '"\n', "a value of more than 131072 char", id="10 MB of lines"),
            pytest.param(f'2,"{"x" * 10_000_000}"\n', "a row of more than 1048576 char", id="10 MB on one line"),
            pytest.param('2,"' + 'a""\n' * 100_000 + '"\n', "a value of more than 131072 char", id="quotes within"),
            pytest.param("2" + ',"\n"' * 300_000 + "\n", "a row of more than 1048576 char", id="row of many lines"),
            pytest.param(
                f'2,"{"x" * 140_000}",5" pipe\n', "a value of more than 131072 char", id="an inch behind a long value"
            ),
            pytest.param(
                '2,5" pipe,"' + "7,evil\n" * 30_000 + '"\n', "a value of more than 131072", id="an inch before lines"
            ),
            pytest.param(
                '2,{"a": "b},"' + "7,evil\n" * 30_000 + '"\n',
                "a value of more than 131072",
                id="JSON before lines",
            ),
            pytest.param(f'2,5" pipe{",x" * 600_000}\n', "a row of more than 1048576 char", id="an inch in a long row"),
        ],
    )
    def test_a_row_that_is_too_long_and_ends_is_not_said_to_have_no_end(
        self, tmp_path: Path, bad: str, words: str
    ) -> None:
        """The rows below it are read, by a check and by a run over parts."""
        first, broken, last = rows(tmp_path, "m.csv", f"id,prompt\n1,x\n{bad}3,x\n")
        assert isinstance(first, Job)
        assert isinstance(broken, JobUnreadable)
        assert words in str(broken)
        assert "no end" not in str(broken)
        assert "not read further" not in str(broken)
        assert (broken.line, isinstance(last, Job) and last.id) == (3, "3")
        with open_manifest(str(tmp_path / "m.csv"), 1) as manifest:
            (second,), (third,) = (part_rows(manifest, number, model="m").read() for number in (1, 2))
        assert str(second) == str(broken)
        assert isinstance(third, Job)

    @pytest.mark.parametrize(
        "bad",
        [
            pytest.param('2,"a"b\n', id="text after a quote"),
            pytest.param(f"2,{'x' * 200_000}\n", id="cell too long"),
            pytest.param("2" + ",x" * 600_000 + "\n", id="row too long"),
            pytest.param(f"2,{'x' * 40 * 1024 * 1024}\n", id="line too long"),
        ],
    )
    def test_a_broken_row_of_one_line_does_not_hide_the_rows_below(self, tmp_path: Path, bad: str) -> None:
        first, broken, last = rows(tmp_path, "m.csv", f"id,prompt\n1,x\n{bad}3,x\n")
        assert isinstance(first, Job)
        assert isinstance(broken, JobUnreadable)
        assert broken.line == 3
        assert isinstance(last, Job)
        assert (last.id, last.line, last.place("input.prompt")) == ("3", 4, Place(4, 3))

    @pytest.mark.parametrize("data", ["", "\n\n", "id,mode\n", ",,\n,,\n"])
    def test_a_table_without_rows_holds_no_job(self, tmp_path: Path, data: str) -> None:
        assert rows(tmp_path, "m.csv", data) == []

    def test_a_header_that_is_no_text_ends_the_table(self, tmp_path: Path) -> None:
        assert error(tmp_path, "m.csv", b"id,\xff\n1,2\n").column == 4

    def test_the_limit_of_the_csv_module_is_left_alone(self, tmp_path: Path) -> None:
        before = csv.field_size_limit()
        rows(tmp_path, "m.csv", "id,prompt\n1," + "x" * 200_000)
        assert csv.field_size_limit() == before
