"""Streams whose encoding lacks characters: no command fails for it, and files that it writes are in UTF-8."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from shutil import copyfile

import click
import pytest

from preflight.cli.app import commands
from preflight.cli.run import run
from tests.support.command import CLIP, FIXTURES, KEY, PICTURE, preflight
from tests.support.jobs import job, write_job
from tests.support.service import service

ENCODINGS = ["ascii", "cp1252"]
LEDGER = ["--ledger", "東京.db"]
ARGUMENTS = {
    "check": ["東京.yaml", "東京.png", "広.png", "舞.mp4", "bad-\udcff.png"],
    "estimate": ["東京.yaml", "舞.mp4"],
    "probe": ["東京.png", "舞.mp4", "bad-\udcff.png"],
    "fix": ["網.png", "東京.yaml"],
    "submit": ["東京.yaml", "--dry-run"],
    "task show": ["東京", *LEDGER],
    "task wait": ["東京", *LEDGER],
    "credits": ["--key-file", "東京.key"],
    "ledger list": LEDGER,
    "ledger show": ["1", *LEDGER],
    "ledger resolve": ["1", *LEDGER],
    "ledger calibrate": LEDGER,
    "listen": ["東京"],
    "mcp": ["--root", "東京"],
    "ui": ["東京"],
    "pair": ["--images", ".", "--videos", ".", "--each-with-each"],
    "report": ["東京.jsonl"],
    "comment": ["--artifact", "東京.md"],
    "diff": ["--format", "東京"],
    "sheet": ["東京.png", "-o", "東京.png"],
    "rules": [],
    "upload": ["東京.png", "--to", "s3://東京"],
    "explain": ["video-too-long"],
    "doctor": ["--offline"],
    "init": ["新"],
    "schema": [],
    "settings": ["--config", "東京.toml"],
    "sandbox": ["--fault", "東京"],
    "demo": ["東京"],
}
"""Each command with names that the encodings lack; servers with a mistake, so that they end."""


def names(group: click.Group, *above: str) -> Iterator[str]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield from names(command, *above, name) if isinstance(command, click.Group) else [" ".join((*above, name))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("東京")
    for name in ("東京.png", "bad-\udcff.png"):
        copyfile(PICTURE, made / name)
    copyfile(CLIP, made / "舞.mp4")
    copyfile(FIXTURES / "pictures" / "299-wide.png", made / "広.png")
    copyfile(FIXTURES / "pictures" / "webp-named.png", made / "網.png")
    write_job(made, job(image="広.png", video="舞.mp4", mode="4k東", prompt="\U0001f483 ×"), "東京.yaml")
    (made / "東京.toml").write_text("[preflight]\n", "utf-8")
    return made


def test_every_command_has_arguments() -> None:
    assert sorted(names(commands)) == sorted(ARGUMENTS)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_command_prints_what_the_encoding_can_hold(name: str, encoding: str, folder: Path) -> None:
    env = {"PYTHONIOENCODING": encoding, "PREFLIGHT_API_URL": "http://127.0.0.1:9", "PREFLIGHT_API_KEY": "sk-sandbox"}
    force = ["--force"] if name in {"fix", "init"} else []
    ran = preflight(*name.split(), *ARGUMENTS[name], *force, cwd=folder, env=env, encoding=encoding)
    assert ran.code not in {70, -6, 120}, ran.err
    assert ran.out or ran.err
    if "東京" in " ".join(ARGUMENTS[name]) and name not in {"ledger list", "ledger calibrate", "settings"}:
        assert "\\u6771" in ran.out + ran.err


@pytest.mark.parametrize("encoding", [*ENCODINGS, "latin-1", "utf-16", "cp437", "shift_jis"])
@pytest.mark.parametrize("format_", ["text", "json", "jsonl", "sarif", "junit", "github"])
def test_a_format_is_written_in_any_encoding(
    encoding: str, format_: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    with redirect_stdout(stream), redirect_stderr(stream):
        assert run(["check", *ARGUMENTS["check"], "--format", format_]) == 1
    stream.flush()
    text = written.getvalue().decode(encoding)
    assert "299" in text
    if format_ == "json":
        assert any(each["path"] == "東京.yaml" for each in json.loads(text)["jobs"])


@pytest.mark.parametrize("format_", ["text", "json", "jsonl", "sarif", "junit", "github"])
def test_a_file_is_written_in_utf_8(format_: str, folder: Path, tmp_path: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii"}
    ran = preflight("check", "東京.yaml", "--format", format_, "--output", tmp_path / "報告", cwd=folder, env=env)
    assert (ran.code, ran.out) == (1, "")
    text = (tmp_path / "報告").read_bytes().decode("utf-8")
    assert "広.png" in (str(json.loads(text)) if format_ in {"json", "sarif"} else text) or format_ == "jsonl"


def test_the_mark_stands_under_a_value_that_is_escaped(folder: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii"}
    (folder / "幅.yaml").write_text('{"model": "東", "input": {"mode": "4k", "prompt": "東"}}\n', "utf-8")
    text = preflight("check", "幅.yaml", "--offline", cwd=folder, env=env).out
    lines = text.splitlines()
    (at,) = (number for number, line in enumerate(lines) if line.startswith("error  mode-invalid"))
    shown, mark = lines[at + 2 : at + 4]
    assert shown[mark.index("^") :].startswith('"4k"')


def test_standard_error_has_the_plain_signs_of_standard_output(tmp_path: Path) -> None:
    env = {"PYTHONIOENCODING": "ascii", "PREFLIGHT_API_KEY": KEY}
    with service(tmp_path) as sandbox:
        given = [*sandbox.options, *sandbox.media_options, *sandbox.ledger_options]
        proposed = preflight("submit", sandbox.job(), "--dry-run", *given, env=env)
    assert re.search(r"MP4 - .*\d+x\d+", proposed.err), proposed.err
    hidden = preflight("credits", "sk-0123456789abcdef0123", env=env)
    assert "unexpected argument '...'" in hidden.err
    for said in (proposed, hidden):
        assert not re.search(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4})", said.out + said.err), said.err


def test_a_locale_without_an_encoding_is_enough(folder: Path) -> None:
    env = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = preflight("check", os.fsencode("東京.png").decode("ascii", "surrogateescape"), cwd=folder, env=env)
    assert ran.code == 0
    assert ran.out.startswith("pass  ")
