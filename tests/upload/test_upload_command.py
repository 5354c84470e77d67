"""Uploads by a command of the user's: what runs, with which values, and what is made of its output."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.lying import Server, serving
from tests.support.command import CLIP, KEY, PICTURE, Ran, here

ALLOW = ["--allow-host", "127.0.0.1"]


@pytest.fixture
def media() -> Iterator[Server]:
    with serving({"a.png": Path(PICTURE), "12.mp4": Path(CLIP)}) as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def upload(file: str | Path, command: str) -> Ran:
    return here("upload", *ALLOW, "--upload-command", command, "--", file)


NAMES = [
    "plain.png",
    "two words.png",
    "$(touch pwned).png",
    "`touch pwned`.png",
    "; touch pwned;.png",
    "'; touch pwned; '.png",
    '"; touch pwned; ".png',
    "&& touch pwned.png",
    "new\nline; touch pwned.png",
    "-n.png",
    "{name}.png",
    "東京.png",
    "back\\slash.png",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_reaches_the_command_whole_and_never_runs(name: str, media: Server, folder: Path) -> None:
    shutil.copyfile(PICTURE, name)
    ran = upload(name, f"printf %s {{file}} > said; cp {{file}} copy; echo; echo {media.url('ok', 'a.png')}")
    assert (ran.code, ran.out) == (0, f"{media.url('ok', 'a.png')}\n"), ran.err
    assert (folder / "said").read_bytes() == os.fsencode(folder / name)
    assert (folder / "copy").read_bytes() == Path(PICTURE).read_bytes()
    assert not (folder / "pwned").exists()


def test_the_command_gets_name_type_and_hash_but_not_the_key(
    media: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFLIGHT_API_KEY", KEY)
    ran = upload(
        PICTURE, f"echo {{name}} {{type}} {{sha256}} {{file}} > said; env > env; echo {media.url('ok', 'a.png')}"
    )
    name, media_type, digest, _ = (folder / "said").read_text().split()
    assert (ran.code, name, media_type) == (0, f"{digest}.png", "image/png")
    assert KEY not in (folder / "env").read_text()


# Commands whose places cannot be filled safely, or that upload nothing.
REFUSED = {
    "single-quotes": ("cp '{file}' x; echo u", "{file} in quotes"),
    "double-quotes": ('cp "{file}" x', "{file} in quotes"),
    "half-quoted": ("cp \"a b\" '{name}' {file}", "{name} in quotes"),
    "backticks": ("echo `basename {file}`", "{file} in quotes"),
    "within-a-command-in-quotes": ('echo "$(basename {file})"', "{file} in quotes"),
    "ansi-quotes": ("cp ${file} x", "a sign before {file}"),
    "escaped": ("cp \\{file} x", "a sign before {file}"),
    "here-document": ("cat <<E\n{file}\nE", "here-document"),
    "comment": ("echo x # {file}", "{file} in quotes"),
    "no-file": ("cp {name} x", "must contain {file}"),
    "empty": ("", "must contain {file}"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_command_that_could_run_a_name_is_refused(case: str, folder: Path) -> None:
    command, words = REFUSED[case]
    ran = upload(PICTURE, command)
    assert (ran.code, ran.out, words in ran.err) == (2, "", True), ran.err
    assert list(folder.iterdir()) == []


FAILING = {
    "exit-code": ("echo no room >&2; exit 3; : {file}", "the upload command ended with 3: no room"),
    "no-output": (": {file}", "the last line of the upload command is not a URL"),
    "no-url": ("echo done {file}", "the last line of the upload command is not a URL"),
    "missing": ("no-such-program-here {file}", "the upload command ended with 127"),
    "secret": ("echo 'PUT https://u:pw@host/a?X-Amz-Signature=CANARY5c1f' >&2; exit 1; : {file}", "ended with 1"),
}


@pytest.mark.parametrize("stream", ["", " >&2"])
def test_a_command_that_prints_without_end_is_stopped_before_the_disk_is_full(stream: str) -> None:
    ran = upload(PICTURE, f": {{file}}; yes{stream}")
    assert (ran.code, ran.out) == (3, "")
    assert "the upload command printed more than 64 MiB, and was stopped" in ran.err


@pytest.mark.parametrize("case", FAILING)
def test_a_command_that_fails_is_quoted_without_its_secrets(case: str) -> None:
    command, words = FAILING[case]
    ran = upload(PICTURE, command)
    assert (ran.code, ran.out, words in ran.err) == (3, "", True), ran.err
    assert "pw@" not in ran.err


def test_a_url_that_shows_another_file_is_refused(media: Server) -> None:
    ran = upload(PICTURE, f": {{file}}; echo {media.url('ok', '12.mp4')}")
    assert (ran.code, ran.out) == (3, "")
    assert f"does not show the file: it has {Path(CLIP).stat().st_size} bytes instead of" in ran.err


def test_a_private_url_is_refused(media: Server) -> None:
    ran = here("upload", PICTURE, "--upload-command", f": {{file}}; echo {media.url('ok', 'a.png')}")
    assert (ran.code, ran.out) == (2, "")
    assert "the service could not read http://127.0.0.1" in ran.err


def test_a_file_that_the_command_changes_is_not_the_one_that_was_checked(media: Server, folder: Path) -> None:
    shutil.copyfile(PICTURE, "a.png")
    ran = upload("a.png", f"cp {CLIP} {{file}}; echo {media.url('ok', 'a.png')}")
    assert (ran.code, ran.out) == (3, "")
    assert "a.png changed while it was uploaded" in ran.err
    assert (folder / "a.png").exists()
