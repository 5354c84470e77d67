"""Files whose names look like options: they are checked as files, and never obeyed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from preflight.cli.app import commands
from preflight.cli.commands.check import command as check_command
from preflight.cli.options.file_arguments import _DROPPED
from tests.support.command import CLIP, FIXTURES, PICTURE, preflight
from tests.support.jobs import job, write_job

BAD = FIXTURES / "pictures" / "webp-named.png"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(BAD, tmp_path / "bad.png")
    write_job(tmp_path, job(prompt="x" * 2501))
    (tmp_path / "package.json").write_text("{}", "utf-8")
    return tmp_path


def old_findings(folder: Path, name: str) -> None:
    """A baseline in the folder that holds all that is wrong with it."""
    assert preflight("check", "bad.png", "job.yaml", "--write-baseline", name, cwd=folder).code == 0


LOOSER = [
    "--baseline=evil.json", "--output=package.json", "--format=json:package.json", "-q", "-v", "-0.csv",
    "--ignore=image", "--allow-host=127.0.0.1", "--write-baseline=package.json", "--files-from=list.csv",
]  # fmt: skip


@pytest.mark.parametrize("name", LOOSER)
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_a_file_that_looks_like_an_option_is_a_file(name: str, first: bool, folder: Path) -> None:
    old_findings(folder, "evil.json")
    (folder / name).write_bytes(b"")
    names = [name, "bad.png", "job.yaml"] if first else ["bad.png", "job.yaml", name]
    ran = preflight("check", "--offline", "--jobs-only", *names, cwd=folder)
    assert ran.code == 1
    assert "prompt-too-long" in ran.out
    assert (folder / "package.json").read_text("utf-8") == "{}"


STRICTER = ["--strict", "--offline", "--max-credits=1", "--isolated", "--config=evil.toml", "--fail-on=warning", "-h"]


@pytest.mark.parametrize("name", STRICTER)
def test_a_file_takes_no_option_away_that_makes_a_check_stricter(name: str, folder: Path) -> None:
    """Whoever wrote the folder may know how it is checked, and add a file of the option's name."""
    (folder / name).write_bytes(b"strict = false")
    ran = preflight("check", "--jobs-only", name, "job.yaml", cwd=folder)
    assert (ran.code, ran.out) == (2, "")
    assert f"{name} is both an option and a file here: for the file write ./{name}" in ran.err
    ended = preflight("check", "--jobs-only", "--", name, "job.yaml", cwd=folder)
    assert (ended.code, "prompt-too-long" in ended.out) == (1, True)


def test_every_option_that_may_be_dropped_is_one_of_check() -> None:
    known = {spelling for parameter in check_command.params for spelling in parameter.opts}
    assert _DROPPED - known == set()


def test_a_file_with_a_dash_is_checked_and_may_be_the_value_of_an_option(folder: Path) -> None:
    shutil.copy(PICTURE, folder / "-odd.png")
    ran = preflight("check", "--format", "json", "-odd.png", cwd=folder)
    assert (ran.code, ran.json["jobs"][0]["path"]) == (0, "-odd.png")
    assert preflight("check", "--image", "-odd.png", "--video", CLIP, cwd=folder).code == 0
    (folder / "-r.json").write_text("", "utf-8")
    assert preflight("check", "-odd.png", "--format", "json", "--output", "-r.json", cwd=folder).code == 0
    assert json.loads((folder / "-r.json").read_text("utf-8"))["verdict"] == "pass"


OWN = {"submit": ["--yes", "--again", "--dry-run", "--wait"], "fix": ["--diff", "--in-place", "--force", "--unsafe"]}


@pytest.mark.parametrize("command", OWN)
def test_commands_that_pay_or_write_are_not_led_by_files(command: str, folder: Path) -> None:
    shutil.copy(PICTURE, folder / "a.jpg")
    before = sorted(path.name for path in folder.iterdir())
    for name in OWN[command]:
        (folder / name).write_bytes(b"")
        assert preflight(command, "a.jpg" if command == "fix" else "job.yaml", name, cwd=folder).code == 2, name
        (folder / name).unlink()
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize("name", ["@job.yaml", "@package.json"])
def test_there_are_no_files_of_arguments(name: str, folder: Path) -> None:
    (folder / name).write_text("--output\npackage.json\n", "utf-8")
    assert preflight("check", "--jobs-only", "--offline", name, cwd=folder).code == 0
    assert (folder / "package.json").read_text("utf-8") == "{}"


def test_every_command_looks_at_its_arguments_so(tmp_path: Path) -> None:
    (tmp_path / "--help").write_bytes(b"")
    for name in commands.commands or commands.list_commands(None):  # type: ignore[arg-type]
        ran = preflight(name, "--help", cwd=tmp_path)
        assert (ran.code, "is both an option and a file here" in ran.err) == (2, True), name
