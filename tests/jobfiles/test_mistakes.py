"""Mistakes that people make in job files by hand: each is named at its place, with what to do, in no parser's words."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import load_job, load_manifest, load_text

URLS = "  input_urls: [https://a.example/a.png]\n  video_urls: [https://a.example/b.mp4]\n"
HEAD = "model: kling-v3-motion-control\ninput:\n"
JOB = HEAD + URLS

PARSERS_WORDS = re.compile(
    "token|scanning|parsing|block (?:mapping|end|collection)|flow (?:mapping|sequence|node)|expected (?:key|node)|"
    "simple key|not allowed in this context|alphabetic|hexdecimal|stream|Expecting|delimiter:"
)

YAML = {
    "tab before a field": (HEAD + "\tinput_urls: [a.png]\n", (3, 1), "indent with spaces"),
    "tab before an item": (HEAD + "  input_urls:\n\t- a.png\n", (4, 1), "indent with spaces"),
    "no colon, then a field": ("model kling\ninput:\n" + URLS, (1, 6), "no colon after 'model'"),
    "no colon, deeper field": ("model: m\ninput\n" + URLS, (2, 6), "no colon after 'input'"),
    "no colon before a list": (HEAD + "  input_urls [a.png]\n  video_urls: [b.mp4]\n", (3, 13), "no colon"),
    "no colon on the last line": (JOB + "  mode 720p\n", (5, 7), "no colon after 'mode'"),
    "no space after a colon": ("model:kling\ninput:\n" + URLS, (1, 7), "no space after the colon of 'model'"),
    "no space, last line": (JOB + "  mode:720p\n", (5, 8), "no space after the colon of 'mode'"),
    "no space before a list": (HEAD + "  input_urls:[a.png]\n  video_urls: [b.mp4]\n", (3, 14), "write the space"),
    "equals sign": ("model = kling\ninput:\n" + URLS, (1, 7), "'=' after 'model'"),
    "full-width colon": ("model：kling\ninput:\n" + URLS, (1, 6), "U+FF1A"),
    "no-break space after a colon": ("model:\u00a0kling\ninput:\n" + URLS, (1, 7), "U+00A0"),
    "comment hides a bracket": (
        HEAD + "  input_urls: [https://a.example/a.png #x]\n  video_urls: [b]\n",
        (3, 40),
        "'#'",
    ),
    "commented item": (HEAD + "  input_urls: [#https://a.example/a.png]\n  video_urls: [b]\n", (3, 16), "'#' begins"),
    "colon in a value": (JOB + "  prompt: The dance: slow\n", (5, 20), "put the value in quotes"),
    "open double quote": (JOB + '  prompt: "The dance\n  mode: 720p\n', (5, 11), 'write " after it'),
    "open single quote": (JOB + "  prompt: 'The dance\n  mode: 720p\n", (5, 11), "write ' after it"),
    "open quote, another below": (JOB + '  prompt: "The dance\n  mode: "720p"\n', (5, 11), 'write " after it'),
    "open quote in a list": (HEAD + '  input_urls: ["a.png]\n  video_urls: ["b.mp4"]\n', (3, 16), 'write " after it'),
    "apostrophe in quotes": (JOB + "  prompt: 'It's a dance'\n", (5, 15), "write '' for a '"),
    "text after quotes": (JOB + '  prompt: "A dance" slowly\n', (5, 21), "text after the closing"),
    "path in double quotes": (HEAD + '  input_urls: ["C:\\Users\\a.png"]\n', (3, 21), "backslash"),
    "deeper than the field above": (HEAD + "  input_urls: [a]\n   video_urls: [b]\n", (4, 4), "by 3 spaces, the line"),
    "between two levels": (HEAD + "  input_urls: [a]\n video_urls: [b]\n", (4, 2), "by 1 space, the line"),
    "below a value": ("model: kling\n  input:\n" + URLS, (2, 3), "has a value already"),
    "first line indented": ("  model: kling\ninput:\n" + URLS, (2, 1), "indent the fields of one level"),
    "field among items": (HEAD + "  - input_urls: [a]\n  video_urls: [b]\n", (4, 3), "begin the line with '- '"),
    "item on the line of its key": (HEAD + "  input_urls: - a.png\n", (3, 15), "put it on the next line"),
    "item below a value": (HEAD + "  input_urls: a.png\n  - b.png\n", (4, 3), "put all its items below it"),
    "no space after a dash": (HEAD + "  input_urls:\n  -a.png\n  video_urls: [b]\n", (4, 3), "no space after '-'"),
    "template": (HEAD + "  input_urls: [{{ image }}]\n", (3, 17), "of the template"),
    "shell variable": (HEAD + "  input_urls: [${IMAGE}]\n", (3, 16), "a placeholder of a template"),
    "variable of Windows": (HEAD + "  input_urls: [%IMAGE%]\n", (3, 16), "a placeholder of a template"),
    "statement of a template": (HEAD + "  {% if x %}\n" + URLS, (3, 3), "a placeholder of a template"),
    "star of a pattern": (HEAD + "  input_urls: [*.png]\n", (3, 16), "put the value in quotes"),
    "ampersand": (JOB + "  prompt: & dance\n", (5, 11), "put the value in quotes"),
    "unknown alias": (HEAD + "  input_urls: *images\n", (3, 15), "nothing before this is named '&images'"),
    "two jobs": (JOB + "---\n" + JOB, (5, 1), "a .jsonl file"),
    "text after the end": (JOB + "...\nmore\n", (5, 1), "remove '...' or the text"),
    "curly quotes around a colon": (JOB + "  prompt: “The dance: slow”\n", (5, 11), "curly quote"),
    "mark of bytes in the middle": (HEAD + "\ufeff" + URLS, (3, 1), "U+FEFF"),
    "at sign": (HEAD + "  input_urls: @a.png\n", (3, 15), "a value cannot begin with '@'"),
    "backtick": (HEAD + "  input_urls: [`a.png`]\n", (3, 16), "a value cannot begin with '`'"),
    "exclamation mark": (JOB + "  prompt: !dance now\n", (5, 11), "put the value in quotes"),
    "text after a bar": (JOB + "  prompt: |dance\n", (5, 12), "put the text on the next line"),
    "bracket left open": (HEAD + "  input_urls: [a.png\n  video_urls: [b.mp4]\n", (3, 15), "write ']'"),
    "bracket too many": (HEAD + "  input_urls: [a.png]]\n", (3, 22), "text after the closing ']'"),
    "two commas": (HEAD + "  input_urls: [a.png, , b.png]\n", (3, 23), "remove the comma"),
    "comma as a value": ("model: ,\ninput:\n" + URLS, (1, 8), "remove the comma"),
    "no name before a colon": (JOB + "  : 720p\n", (5, 3), "no name before this colon"),
    "comment of another language": ("// my job\n" + JOB, (1, 1), "begins with '#'"),
    "code block": ("```yaml\n" + JOB + "```\n", (1, 1), "```"),
    "merge conflict": ("<<<<<<< HEAD\n" + JOB + "=======\n" + JOB + ">>>>>>> b\n", (1, 1), "merge conflict"),
}

JSON = {
    "comma before a brace": ('{"model": "m",}', (1, 15), "remove the comma"),
    "comma before a bracket": ('{"a": ["b",]}', (1, 12), "remove the comma"),
    "two commas": ('{"a": 1,, "b": 2}', (1, 9), "remove the comma"),
    "single quotes around a key": ("{'model': 'm'}", (1, 2), "write double quotes"),
    "single quotes around a value": ("{\"model\": 'm'}", (1, 11), "write double quotes"),
    "curly quotes": ("{“model”: 1}", (1, 2), "write straight double quotes"),
    "comment": ('{"a": 1, // here\n "b": 2}', (1, 10), "remove the comment"),
    "comment after the end": ('{"a": 1} // job', (1, 10), "remove the comment"),
    "NaN": ('{"a": NaN}', (1, 7), "write a number, or null"),
    "minus infinity": ('{"a": -Infinity}', (1, 7), "write a number, or null"),
    "None": ('{"a": None}', (1, 7), "write null"),
    "True": ('{"a": True}', (1, 7), "write true"),
    "key without quotes": ('{model: "m"}', (1, 2), "write double quotes around it"),
    "value without quotes": ('{"model": kling}', (1, 11), "write double quotes around it"),
    "no comma between fields": ('{"a": 1\n "b": 2}', (2, 2), "write ',' between two values"),
    "no colon": ('{"a" 1}', (1, 6), "write ':' after the key"),
    "equals sign": ('{"a" = 1}', (1, 6), "write ':' after the key"),
    "brace left open": ('{"a": [1]', (1, 10), "the '}' for the '{' at line 1, column 1: write '}'"),
    "brace too many": ('{"a": 1}}', (1, 9), "closes nothing: remove it"),
    "wrong bracket": ('{"a": [1}', (1, 9), "write ']' before it"),
    "line break in a text": ('{"a": "b\nc"}', (1, 9), "write \\n for a line break"),
    "path with backslashes": (r'{"a": "C:\Users"}', (1, 10), "a backslash is written \\\\"),
    "template": ('{"a": {{ b }}}', (1, 8), "fill in the template"),
    "leading zero": ('{"a": 01}', (1, 8), "JSON writes numbers as"),
    "plus sign": ('{"a": +1}', (1, 7), "JSON writes numbers as"),
    "YAML": (JOB, (1, 1), "name the file .yaml"),
    "two jobs": ('{"a": 1}\n{"a": 2}', (2, 1), "with one job a line"),
}

ROWS = {
    "comma after a job": ("a.jsonl", '{"image": "a.png"},\n', (1, 19), "a comma after the end of the JSON"),
    "job over several lines": ("a.jsonl", '{\n "image": "a.png"\n}\n', (1, 2), "write the job on one line"),
    "list of jobs": ("a.jsonl", "[\n{}\n]\n", (1, 2), "holds a whole job in each line"),
    "comment": ("a.jsonl", "# jobs\n", (1, 1), "remove the comment"),
    "quote left open": ("a.csv", 'image,video,prompt\na.png,b.mp4,"open\n', (2, 13), 'write " after it'),
    "text after quotes": ("a.csv", 'image,video,prompt\na.png,b.mp4,"a" b\n', (2, 16), 'write "" for a "'),
    "open in the next row": ("a.csv", 'image,video\n"x, y",b\n"z,b\nc,d\n', (3, 1), 'write " after it'),
    "one cell more": ("a.csv", "image,video\na,b.png,c.mp4\n", (2, 9), "holds a delimiter in quotes"),
}


@pytest.mark.parametrize("name", YAML)
def test_a_mistake_in_yaml_is_named_at_its_place(name: str) -> None:
    text, at, words = YAML[name]
    with pytest.raises(JobUnreadable) as caught:
        load_text(text)
    assert (caught.value.line, caught.value.column) == at
    assert words in str(caught.value)
    assert PARSERS_WORDS.search(str(caught.value)) is None


@pytest.mark.parametrize("name", JSON)
def test_a_mistake_in_json_is_named_at_its_place(name: str, tmp_path: Path) -> None:
    text, at, words = JSON[name]
    path = tmp_path / "job.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JobUnreadable) as caught:
        load_job(path)
    assert (caught.value.line, caught.value.column) == at
    assert words in str(caught.value)
    assert PARSERS_WORDS.search(str(caught.value)) is None


@pytest.mark.parametrize("name", ROWS)
def test_a_mistake_in_a_row_is_named_at_its_place(name: str, tmp_path: Path) -> None:
    file, text, at, words = ROWS[name]
    path = tmp_path / file
    path.write_text(text, encoding="utf-8")
    error = next(row for row in load_manifest(path) if isinstance(row, JobUnreadable))
    assert (error.line, error.column) == at
    assert words in str(error)
    assert PARSERS_WORDS.search(str(error)) is None


def test_the_parser_in_python_leads_to_the_same_words() -> None:
    """Where PyYAML was built without libyaml: other words and, for a few errors, other places."""
    program = (
        "import sys, yaml; del yaml.CSafeLoader\n"
        "from preflight.errors import JobUnreadable; from preflight.jobfiles import load_text\n"
        "for text in sys.argv[1:]:\n"
        "    try: load_text(text)\n"
        "    except JobUnreadable as error: print(ascii(str(error)))\n"
    )
    texts = [text for text, _, _ in YAML.values()]
    ran = subprocess.run(
        [sys.executable, "-c", program, *texts], check=True, timeout=60, capture_output=True, text=True
    )
    said = ran.stdout.splitlines()
    assert len(said) == len(texts)
    for name, line in zip(YAML, said, strict=True):
        assert ascii(YAML[name][2])[1:-1].replace("\\'", "'") in line.replace("\\'", "'"), name


def test_no_value_of_a_broken_file_is_repeated() -> None:
    """A value may be a signed URL or a key."""
    secret = "https://a.example/a.png?X-Amz-Signature=0123456789abcdef"
    for text in (f"model: m\ninput: [{secret}: {secret}\n", f"a {secret}\nb: 1\n", f'{{"a": "b", {secret}: ['):
        with pytest.raises(JobUnreadable) as caught:
            load_text(text)
        assert "0123456789" not in str(caught.value)
