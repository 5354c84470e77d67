"""YAML that can be read and means something else than its author: the finding says what to write."""

from __future__ import annotations

from pathlib import Path

import pytest

import preflight

HEAD = "model: kling-v3-motion-control\ninput:\n  video_urls: [b.mp4]\n"


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        pytest.param("- model: m\n", "", "many jobs go into a .jsonl file", id="list of jobs"),
        pytest.param("model:kling\n", "", "a space after the colon", id="no space in the only line"),
        pytest.param("model: m\ninput:\n  - input_urls: [a]\n", "input", "without '- '", id="list of fields"),
        pytest.param("model: m\ninput:\ninput_urls: [a]\n", "input", "below it, indented", id="fields not indented"),
        pytest.param(
            HEAD + "  input_urls:\n  - Note: a.png\n", "input.input_urls[0]", "in quotes", id="colon in an item"
        ),
        pytest.param(HEAD + "  input_urls:\n  - #a.png\n", "input.input_urls[0]", "'#' needs quotes", id="comment"),
        pytest.param(
            HEAD + "  input_urls: {a: b}\n", "input.input_urls", "write a list of texts", id="mapping of URLs"
        ),
        pytest.param(HEAD + "  prompt: {prompt}\n", "input.prompt", "in quotes", id="placeholder in braces"),
        pytest.param(HEAD + "  prompt: [dance]\n", "input.prompt", "write one text", id="list in place of a text"),
        pytest.param(HEAD + "  input_urls: [“a.png”]\n", "input.input_urls[0]", "straight quotes", id="curly quotes"),
        pytest.param(HEAD + "  “mode”: 720p\n", "input.“mode”", "straight quotes", id="curly quotes around a name"),
        pytest.param(HEAD + "\u00a0\u00a0mode: 720p\n", r"\xa0\xa0mode", "plain spaces", id="no-break spaces"),
    ],
)
def test_a_finding_says_what_to_write(tmp_path: Path, text: str, field: str, words: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(text, encoding="utf-8")
    findings = preflight.check(path).jobs[0].findings
    fixes = [each.fix or "" for each in findings if (each.field or "") == field]
    assert any(words in fix for fix in fixes), findings
