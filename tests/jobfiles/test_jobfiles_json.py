"""JSON job files: held to the letter of RFC 8259, and no further."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import load_job, load_text
from preflight.model import Place


def load_json(folder: Path, text: str) -> object:
    path = folder / "job.json"
    path.write_text(text, encoding="utf-8", newline="")
    return load_job(path).body


def refusal(folder: Path, text: str) -> JobUnreadable:
    with pytest.raises(JobUnreadable) as caught:
        load_json(folder, text)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{\n\t"model": "m",\n\t"input": {}\n}', id="indented with tabs"),
        pytest.param(r'["\ud83d\ude00", "\/", "\u0000", "\u2028"]', id="escapes"),
        pytest.param('["\u2028\u2029\x85\x7f\ufeff"]', id="characters that end a line elsewhere"),
        pytest.param("[1e5, 1E+2, -0, -0.0, 0.1, 12345678901234567890123]", id="numbers"),
        pytest.param('{"a" :\n1}', id="colon away from its key"),
        pytest.param('{"' + "k" * 3000 + '": 1}', id="key longer than libyaml's"),
        pytest.param('{"": {"": []}, "a.b[0]": null}', id="odd keys"),
        pytest.param("[[], {}, [[]], true, false, null]", id="empty containers and words"),
        pytest.param('\r\n "text" \r\n', id="a scalar"),
    ],
)
def test_a_json_file_says_what_json_says(tmp_path: Path, text: str) -> None:
    assert json.dumps(load_json(tmp_path, text)) == json.dumps(json.loads(text))


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        pytest.param('{"a": 1,\n}', (2, 1), "no comma before", id="trailing comma in an object"),
        pytest.param("[1,\n2,]", (2, 3), "no comma before", id="trailing comma in a list"),
        pytest.param('{\n  // why\n  "a": 1}', (2, 3), "no comments", id="comment"),
        pytest.param("{'a': 1}", (1, 2), "key in double quotes", id="single quotes"),
        pytest.param('{"a" 1}', (1, 6), "':'", id="no colon"),
        pytest.param('["a" "b"]', (1, 6), "',' or ']'", id="no comma"),
        pytest.param('{"a": [1, 2}', (1, 12), "',' or ']'", id="wrong bracket"),
        pytest.param("[01]", (1, 3), "',' or ']'", id="leading zero"),
        pytest.param("[+1]", (1, 2), "a value", id="plus sign"),
        pytest.param("[NaN]", (1, 2), "a value", id="NaN"),
        pytest.param("[-Infinity]", (1, 2), "found -Infinity: write a number, or null", id="minus infinity"),
        pytest.param("[tru]", (1, 2), "not JSON: expected a number", id="half a word"),
        pytest.param('["a\nb"]', (1, 4), "control character", id="line break in a string"),
        pytest.param(r'["\x41"]', (1, 3), "escape", id="unknown escape"),
        pytest.param('["a', (1, 2), "not JSON: the text in double quotes is not closed", id="open string"),
        pytest.param('{"a":\n', (2, 1), "too early", id="end after a colon"),
        pytest.param("{}\n{}", (2, 1), "a second value", id="two documents"),
        pytest.param(r'["x", "\ud83d"]', (1, 7), "surrogate", id="half a surrogate pair"),
        pytest.param(r'{"\udc00": 1}', (1, 2), "surrogate", id="half a surrogate pair in a key"),
        pytest.param(f"[{'9' * 5000}]", (1, 2), "5000 digits", id="integer beyond conversion"),
        pytest.param("[1e999]", (1, 2), "floating point", id="float beyond range"),
        pytest.param("[" * 51, (1, 51), "50 levels", id="too deep"),
        pytest.param("[" + "1," * 100_000, (1, 200_000), "100000 keys and values", id="too many values"),
    ],
)
def test_what_is_not_json_is_refused_at_its_place(tmp_path: Path, text: str, at: tuple[int, int], words: str) -> None:
    error = refusal(tmp_path, text)
    assert (error.line, error.column) == at
    assert words in str(error)


def test_a_json_file_without_a_value_has_no_body(tmp_path: Path) -> None:
    assert load_json(tmp_path, " \n") is None


def test_fifty_levels_are_read() -> None:
    assert json.dumps(load_text("[" * 50 + "]" * 50).body) == "[" * 50 + "]" * 50


def test_json_that_came_without_a_name_keeps_to_json() -> None:
    job = load_text('{"prompt": "\\ud83d\\ude00",\n\t"mode": "on"}')
    assert job.body == {"prompt": "😀", "mode": "on"}
    assert job.place("mode") == Place(2, 10)


def test_a_flow_mapping_that_is_not_json_is_yaml() -> None:
    assert load_text("{a: [1, 2,], # why\n b: on}").body == {"a": [1, 2], "b": "on"}


def test_of_two_readers_the_one_that_got_further_reports() -> None:
    with pytest.raises(JobUnreadable, match="-:3:1: not JSON: expected ',' or '}'"):
        load_text('{"a": "\\ud83d\\ude00",\n\t"b": 1\n"c": 2}')
    with pytest.raises(JobUnreadable, match="-:2:4: unknown tag '!x'"):
        load_text("{a: 1,\nb: !x 1}")
