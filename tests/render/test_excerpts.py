"""The line of a job file in a report: where its mark stands, how long it gets, and what it never shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from preflight.render.texts.excerpts import excerpt
from tests.support.command import CLIP, PICTURE, SIGNATURE, SIGNED, here
from tests.support.jobs import job, write_job

URL = f"https://files.example.com/a.mp4?{SIGNED}"
SHOWN = "https://files.example.com/a.mp4?…"
LINES = {
    "plain": ("  mode: 4k  # high", "4k", "mode: 4k  # high", "4k"),
    "quoted": ('  "mode": "4k", "prompt": "x"', '"4k"', '"mode": "4k", "prompt": "x"', '"4k"'),
    "tabs": ("\tmode:\t4k", "4k", "mode:    4k", "4k"),
    "controls": ("mode: '4\x1b[2Jk'", "'4", "mode: '4\\x1b[2Jk'", "'4\\x1b[2Jk'"),
    "wide before": ("東京: 4k", "4k", "東京: 4k", "4k"),
    "wide value": ("mode: 東京 # x", "東京", "mode: 東京 # x", "東京"),
    "a list": ("mode: [4k, 8k]", "[4k", "mode: [4k, 8k]", "[4k, 8k]"),
    "signed": (f"  video_urls: [{URL}]", "https", f"video_urls: [{SHOWN}]", SHOWN),
    "second of two": (f"u: [{URL}, {URL.replace('a.mp4', 'b')}]", "https://files.example.com/b",
                      f"u: [{SHOWN}, {SHOWN.replace('a.mp4', 'b')}]", SHOWN.replace("a.mp4", "b")),
    "signed neighbour": (f'{{"u": ["{URL}"], "mode": "4k"}}', '"4k"', f'{{"u": ["{SHOWN}"], "mode": "4k"}}', '"4k"'),
    "space in a query": (f"u: https://files.example.com/a.mp4?x=1 {SIGNATURE}", "https", f"u: {SHOWN}", SHOWN),
    "quote in a query": (f"u: '{SHOWN[:-2]}?x=''{SIGNATURE}'", "'https", f"u: '{SHOWN}'", f"'{SHOWN}'"),
    "callback": (f"callback_url: http://10.0.0.1/{SIGNATURE}", "http", "callback_url: http://10.0.0.1/…",
                 "http://10.0.0.1/…"),
}  # fmt: skip


@pytest.mark.parametrize("which", LINES)
def test_the_value_is_marked(which: str) -> None:
    line, at, text, value = LINES[which]
    shown = excerpt(line + "\r\n", line.index(at) + 1, 200, callback=which == "callback")
    assert shown is not None
    assert shown.text == text
    start = cell_len(text[: text.index(value)])
    assert (shown.start, shown.end) == (start, start + cell_len(value))
    assert SIGNATURE not in shown.text


def test_a_place_within_an_address_shows_nothing() -> None:
    line = f"u: {URL}"
    assert excerpt(line, line.index(SIGNATURE) + 1, 200) is None


@pytest.mark.parametrize("line", ["", "mode: ", "x"], ids=["empty", "no value", "behind the end"])
def test_a_place_without_a_value_shows_nothing(line: str) -> None:
    assert excerpt(line, len(line) + 1, 80) is None


def test_a_long_line_is_cut_around_the_value() -> None:
    line = f'{{"prompt": "{"東" * 3000}", "mode": "4k", "more": "{"x" * 3000}"}}'
    shown = excerpt(line, line.index('"4k"') + 1, 80)
    assert shown is not None
    assert cell_len(shown.text) <= 80
    assert '"4k"' in shown.text


@given(st.text(), st.integers(1, 200), st.integers(1, 120))
def test_no_line_is_too_wide_or_unprintable(line: str, column: int, columns: int) -> None:
    shown = excerpt(line.split("\n", maxsplit=1)[0], column, columns)
    if shown is not None:
        assert cell_len(shown.text) <= max(columns, 24)
        assert shown.text.isprintable()
        assert 0 <= shown.start < shown.end


@given(st.text(alphabet="?#;,: \t'\"[]{}|&=/x", max_size=30), st.text(alphabet="'\"[]{}, #|=", max_size=4))
def test_no_signature_is_shown(before: str, after: str) -> None:
    line = f"u: [{before}{URL}{after}]"
    for column in range(1, len(line) + 1):
        shown = excerpt(line, column, 400)
        assert shown is None or SIGNATURE not in shown.text


def test_the_report_shows_the_line_with_a_mark(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(image=PICTURE, video=CLIP, mode="4k"))
    lines = here("check", path).out.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("error  mode-invalid"))
    line, column = map(int, lines[at].rsplit(":", 2)[1:])
    value = path.read_text("utf-8").splitlines()[line - 1][column - 1 :]
    shown, mark = lines[at + 2 : at + 4]
    assert shown.startswith(f"  {line} | ")
    assert shown[mark.index("^") :].startswith(value.rstrip(","))
    assert set(mark.strip(" |")) == {"^"}


def test_a_file_that_is_gone_shows_no_line(tmp_path: Path) -> None:
    text = here("check", write_job(tmp_path, job(image=tmp_path / "missing.png", video=CLIP))).out
    assert "help: correct the path (in a job file, relative to that file), or use a public\n  http(s) URL" in text


def test_advice_and_commands_are_told_apart(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(image=PICTURE, video=CLIP, mode="4k"))
    assert "\n  help: mode: 720p or mode: 1080p\n" in here("check", path).out
    (tmp_path / "a.png").write_bytes((Path(PICTURE).parent / "webp-named.png").read_bytes())
    assert "\n  fix: magick " in here("check", tmp_path / "a.png").out
