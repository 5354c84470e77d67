"""YAML job files: the core schema of 1.2, places, repeated keys, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import load_text
from preflight.model import Job, Place

JOB = """\
# A job with every field.
model: kling-v3-motion-control
input:
  input_urls: [https://example.com/a.png]
  video_urls:
    - https://example.com/b.mp4
    -   "https://example.com/c.mp4"
  mode: 720p
  prompt: >
    folded
    text
callback_url:
"""

# Most of them mean something else in YAML 1.1.
NOT_IN_THE_CORE_SCHEMA = [
    *["no", "on", "yes", "off", "y", "n", "Yes", "ON", "nULL", "tRUE", "="],
    *["12:30", "1:30:59", "0777", "-012", "1_000", "0b101", "2026-11-22", ".inf", "-.INF", ".nan"],
    *["1e", "e5", ".", "-", "+", "0x", "0o8", "0xG", "١٢", "720p"],
]


def refusal(text: str) -> JobUnreadable:
    with pytest.raises(JobUnreadable) as caught:
        load_text(text)
    return caught.value


def test_a_job_is_read_as_it_stands() -> None:
    assert load_text(JOB) == Job(
        body={
            "model": "kling-v3-motion-control",
            "input": {
                "input_urls": ["https://example.com/a.png"],
                "video_urls": ["https://example.com/b.mp4", "https://example.com/c.mp4"],
                "mode": "720p",
                "prompt": "folded text\n",
            },
            "callback_url": None,
        },
        path="-",
        line=2,
        places={
            "": Place(2, 1),
            "model": Place(2, 8),
            "input": Place(4, 3),
            "input.input_urls": Place(4, 15),
            "input.input_urls[0]": Place(4, 16),
            "input.video_urls": Place(6, 5),
            "input.video_urls[0]": Place(6, 7),
            "input.video_urls[1]": Place(7, 9),
            "input.mode": Place(8, 9),
            "input.prompt": Place(9, 11),
            "callback_url": Place(12, 1),
        },
    )


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_kind_of_line_end_counts_once(line_end: str) -> None:
    assert load_text(JOB.replace("\n", line_end)).places == load_text(JOB).places


def test_columns_count_characters() -> None:
    assert load_text('{"é😀": "😀", b: 1}').place("b") == Place(1, 16)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *[(word, None) for word in ("", "~", "null", "NULL")],
        *[(word, True) for word in ("true", "True", "TRUE")],
        ("false", False),
        *[(number, int(number)) for number in ("0", "-0", "+12", "-7", "123456789012345678901234567890")],
        ("0x1F", 31),
        ("0o17", 15),
        *[(number, float(number)) for number in ("1e5", "1.", ".5", "-0.25E-3", "00.5")],
        *[(text, text) for text in NOT_IN_THE_CORE_SCHEMA],
        ("2026-11-22 12:30:00", "2026-11-22 12:30:00"),
        *[(f'"{text}"', text) for text in ("", "true", "12", "null", "~")],
        *[(f"'{text}'", text) for text in ("", "true", "12", "null", "~")],
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!str", ""),
        ('!!int "12"', 12),
        ("!!float 1", 1.0),
        ("!!bool true", True),
        ("!!null ~", None),
        ("!!seq [1]", [1]),
        ("!!map {a: 1}", {"a": 1}),
    ],
)
def test_scalars_follow_the_core_schema(written: str, value: object) -> None:
    body = load_text(f"[{written}]" if written == "-" else f"a: {written}").body
    got = body[0] if isinstance(body, list) else body["a"]
    assert (type(got), got) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        pytest.param("a: 1\nb: !color red", (2, 4), "unknown tag '!color'", id="own tag"),
        pytest.param("a: !!binary aGk=", (1, 4), "unknown tag", id="binary"),
        pytest.param("a: !!set {b}", (1, 4), "does not fit", id="set"),
        pytest.param("a: !!seq {b: 1}", (1, 4), "does not fit", id="mapping called a list"),
        pytest.param("a: !!int twelve", (1, 4), "'twelve' is not of type int", id="text called an integer"),
        pytest.param("a: !e!x 1", (1, 4), "tag handle", id="undefined tag handle"),
        pytest.param("a: 1\n---\nb: 2", (2, 1), "a second document", id="two documents"),
        pytest.param("---\n---\n", (2, 1), "a second document", id="two empty documents"),
        pytest.param("a: &x [1, *x]", (1, 11), "'*x' would contain itself", id="recursive alias"),
        pytest.param("a: *x", (1, 4), "'&x'", id="alias of nothing"),
        pytest.param("a: &x 1\nb:\n\tc: 1", (3, 1), "a tab cannot indent", id="tab"),
        pytest.param("a: [1\nb: 2", (1, 4), "not YAML: '[' has no ']'", id="open bracket"),
        pytest.param("a: @b", (1, 4), "not YAML", id="reserved character"),
        pytest.param("é: 1\nb: \x07", (2, 4), "U+0007", id="control character"),
        pytest.param("a: \x9f", (1, 4), "U+009F", id="C1 control"),
        pytest.param("a: \ufffe", (1, 4), "U+FFFE", id="no character"),
        pytest.param("a: \x85b", (1, 4), "not YAML: a line break of another kind (U+0085)", id="next line"),
        pytest.param(r'a: "\ud83d"', (1, 7), "escape", id="surrogate escape"),
        pytest.param(r'a: "\UFFFFFFFF"', (1, 7), "escape", id="escape beyond Unicode"),
        pytest.param("%YAML 3.0\n---\na: 1", (1, 1), "incompatible", id="YAML 3"),
        pytest.param("a: " + "9" * 5000, (1, 4), "5000 digits", id="integer beyond conversion"),
        pytest.param("a: 0x" + "f" * 5000, (1, 4), "5002 digits", id="hexadecimal beyond conversion"),
        pytest.param("a: 1e999", (1, 4), "floating point", id="float beyond range"),
        pytest.param("- " * 51, (1, 101), "50 levels", id="too deep"),
        pytest.param("a: 1\n? [b]\n: 2", (2, 3), "cannot be a key", id="list as a key"),
        pytest.param("model: {{ model }}", (1, 9), "cannot be a key", id="template left unfilled"),
        pytest.param("a: &x [1]\n*x : 2", (2, 1), "cannot be a key", id="alias of a list as a key"),
        pytest.param("- 1\n" * 100_000, (100_000, 3), "100000 keys and values", id="too many values"),
        pytest.param("%TAG !a! b\n" * 1000, (102, 1), "%TAG", id="too many directives"),
    ],
)
def test_what_cannot_be_a_job_is_refused_at_its_place(text: str, at: tuple[int, int], words: str) -> None:
    error = refusal(text)
    assert (error.line, error.column) == at
    assert words in str(error)


def test_an_alias_stands_for_its_value_and_has_its_own_place() -> None:
    job = load_text("a: &x\n  b: [1]\nc: *x\n")
    assert job.body == {"a": {"b": [1]}, "c": {"b": [1]}}
    assert job.place("c") == Place(3, 4)
    assert job.place("c.b[0]") == job.place("a.b[0]") == Place(2, 7)
    assert isinstance(job.body, dict)
    assert job.body["a"] is not job.body["c"]


def test_a_later_anchor_of_the_same_name_counts() -> None:
    assert load_text("[&x 1, *x, &x 2, *x]").body == [1, 1, 2, 2]


def bomb(levels: int, *, leaf: str = "x") -> str:
    lines = [f"l0: &l0 {leaf}"]
    lines += [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(bomb(30), "100000 keys and values", id="many values"),
        pytest.param(bomb(4, leaf="x" * 1_000_000), "33554432 characters", id="few values, large"),
        pytest.param("a: &a " + "[" * 30 + "]" * 30 + "\nb: " + "[" * 30 + "*a" + "]" * 30, "50 levels", id="deep"),
        pytest.param(f"? {'k' * 100_000}\n: [{', '.join('1' * 500)}]", "33554432 characters", id="long field names"),
    ],
)
def test_a_bomb_ends_in_an_error_with_its_place(text: str, words: str) -> None:
    error = refusal(text)
    assert words in str(error)
    assert error.line is not None
    assert error.column is not None


def test_merge_keys_mean_nothing() -> None:
    assert load_text("a: &x {b: 1}\nc:\n  <<: *x\n").body == {"a": {"b": 1}, "c": {"<<": {"b": 1}}}


def test_keys_that_are_no_strings_become_their_text() -> None:
    job = load_text("1: a\n~: b\n0x1F: c\ntrue: d\n&k key: f\n? *k\n: g\n")
    assert job.body == {
        "1": "a",
        "~": "b",
        "0x1F": "c",
        "true": "d",
        "key": "g",
    }
    assert job.places["0x1F"] == Place(3, 7)
    assert job.repeated == ("key",)


def test_of_repeated_keys_the_last_counts_and_all_are_named() -> None:
    job = load_text("mode: 1080p\ninput: {a: 1, a: 2, b: {c: 1}, b: {d: 1, d: 2}}\nmode: 720p\n")
    assert job.body == {"mode": "720p", "input": {"a": 2, "b": {"d": 2}}}
    assert job.repeated == ("mode", "input.a", "input.b", "input.b.d")
    assert job.place("mode") == Place(3, 7)
    assert "input.b.c" not in job.places


@pytest.mark.parametrize("text", ["a.b: 1\na: {b: 2}", "a: {b: 2}\na.b: 1"], ids=["before", "after"])
def test_a_dot_in_a_key_does_not_take_the_place_of_a_nested_field(text: str) -> None:
    assert load_text(text).place("a.b") == Place(*((2, 8) if text.startswith("a.b") else (1, 8)))


def test_an_empty_key_does_not_take_the_place_of_the_document() -> None:
    assert load_text('{a: 1, "": 2}').place("") == Place(1, 1)


def test_a_value_that_is_not_written_has_the_place_of_its_key() -> None:
    job = load_text("input:\n  mode:\n  prompt: # later\nmodel:\n")
    assert job.place("input.mode") == Place(2, 3)
    assert job.place("input.prompt") == Place(3, 3)
    assert job.place("model") == Place(4, 1)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        pytest.param("", None, id="nothing"),
        pytest.param("# nothing\n", None, id="a comment"),
        pytest.param("---\n", None, id="a marker"),
        pytest.param("- 1\n- 2\n", [1, 2], id="a list"),
        pytest.param("just text", "just text", id="a scalar"),
    ],
)
def test_a_document_that_is_no_mapping_is_left_to_the_rules(text: str, body: object) -> None:
    job = load_text(text)
    assert job.body == body
    assert job.place("model") == Place(1, 1) or text == "---\n"


def test_the_parser_in_python_reads_and_refuses_the_same() -> None:
    program = (
        "import sys, yaml; del yaml.CSafeLoader\n"
        "from preflight.errors import JobUnreadable; from preflight.jobfiles import load_text\n"
        "assert load_text(sys.argv[1]).places['input.video_urls[1]'].column == 9\n"
        "for text in sys.argv[2:]:\n"
        "    try: load_text(text)\n"
        "    except JobUnreadable: continue\n"
        "    sys.exit('read: ' + ascii(text))\n"
    )
    broken = [r'a: "\ud83d"', r'a: "\UFFFFFFFF"', r'a: "\U00110000"', "a: !x 1", "a:\n\tb: 1", "[" * 51]
    subprocess.run([sys.executable, "-c", program, JOB, *broken], check=True, timeout=60)
