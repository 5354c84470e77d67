"""Where results go: one to standard output, the others into files, each whole or not there at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, checked, command, environment, preflight
from tests.support.jobs import job, write_job

PICTURES = FIXTURES / "pictures"
BAD = str(PICTURES / "299-wide.png")


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_several_formats_are_written_in_one_run(tmp_path: Path) -> None:
    formats = [
        "--format",
        "text",
        "--format",
        "sarif:out.sarif",
        "--format",
        "junit:junit.xml",
        "--format",
        "json:a.json",
    ]
    ran = preflight("check", BAD, *formats, cwd=tmp_path)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == preflight("check", BAD, cwd=tmp_path).out
    assert names_in(tmp_path) == ["a.json", "junit.xml", "out.sarif"]
    assert json.loads((tmp_path / "out.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((tmp_path / "a.json").read_text())["verdict"] == "fail"
    assert ET.fromstring((tmp_path / "junit.xml").read_text("utf-8")).attrib["failures"] == "1"


def test_formats_that_all_have_a_file_leave_standard_output_empty(tmp_path: Path) -> None:
    ran = preflight("check", PICTURE, "--format", "json:a.json", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_output_is_the_file_of_the_format_that_names_none(tmp_path: Path) -> None:
    ran = preflight("check", PICTURE, "--format", "json", "--format", "junit:j.xml", "--output", "a.json", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    assert names_in(tmp_path) == ["a.json", "j.xml"]
    assert (tmp_path / "a.json").read_text().startswith("{")


def test_a_hyphen_is_standard_output(tmp_path: Path) -> None:
    assert preflight("check", PICTURE, "--format", "json:-", cwd=tmp_path).json["verdict"] == "pass"
    assert preflight("check", PICTURE, "--format", "json", "--output", "-", cwd=tmp_path).json["verdict"] == "pass"
    assert names_in(tmp_path) == []


def test_quiet_is_about_standard_output_and_not_about_files(tmp_path: Path) -> None:
    ran = preflight("check", BAD, "-qq", "--format", "text", "--format", "json:a.json", cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (1, "", "")
    assert names_in(tmp_path) == ["a.json"]


@pytest.mark.parametrize("name", ["estimate", "probe"])
def test_the_other_commands_take_several_formats_too(name: str, tmp_path: Path) -> None:
    ran = preflight(name, CLIP, "--format", "jsonl", "--format", "text:a.txt", "--format", "json:a.json", cwd=tmp_path)
    assert ran.code == 0
    assert len(ran.out.splitlines()) == 1
    assert ran.out.startswith("{")
    assert (tmp_path / "a.txt").read_text("utf-8") == preflight(name, CLIP, cwd=tmp_path).out
    assert json.loads((tmp_path / "a.json").read_text())["schema"].startswith("preflight.")


MISTAKES = {
    "two-to-standard-output": ["--format", "text", "--format", "json"],
    "two-by-a-hyphen": ["--format", "text", "--format", "json:-"],
    "output-without-a-format-for-it": ["--format", "json:a.json", "--output", "b.json"],
    "one-file-for-two": ["--format", "json:a.json", "--format", "junit:./a.json"],
    "one-file-for-two-by-output": ["--format", "json", "--output", "a.json", "--format", "junit:a.json"],
    "no-such-format": ["--format", "xml"],
    "no-such-format-with-a-file": ["--format", "xml:a.xml"],
    "a-drive-is-no-format": ["--format", "C:\\a.json"],
    "capitals-are-no-format": ["--format", "JSON"],
    "no-file-after-the-colon": ["--format", "json:"],
    "a-folder": ["--format", "json:folder"],
    "a-folder-by-its-slash": ["--format", "json:new/"],
    "a-folder-that-is-not-there": ["--format", "json:nowhere/a.json"],
    "a-name-that-is-too-long": ["--format", f"json:{'x' * 300}"],
    "a-format-of-another-command": ["--format", "sarif"],
}


@pytest.mark.parametrize("options", MISTAKES.values(), ids=MISTAKES)
def test_a_combination_that_cannot_work_is_a_usage_error_and_leaves_nothing(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    name = "probe" if options == MISTAKES["a-format-of-another-command"] else "check"
    ran = preflight(name, PICTURE, *options, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert names_in(tmp_path) == ["folder"]
    assert names_in(tmp_path / "folder") == []


def test_only_the_first_colon_divides_format_and_file(tmp_path: Path) -> None:
    preflight("check", PICTURE, "--format", "json:a:b.json", cwd=tmp_path)
    assert names_in(tmp_path) == ["a:b.json"]


def test_a_link_stays_one_and_the_file_behind_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for name in ("old", "new"):
        (tmp_path / name).symlink_to(tmp_path / "real" / f"{name}.json")
    (tmp_path / "real" / "old.json").write_text("old")
    for name in ("old", "new"):
        assert preflight("check", PICTURE, "--format", f"json:{name}", cwd=tmp_path).code == 0
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "real" / f"{name}.json").read_text().startswith("{")


def test_links_in_a_circle_are_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert preflight("check", PICTURE, "--output", "a", cwd=tmp_path).code == 2


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666])
def test_a_file_that_was_there_keeps_its_permissions(mode: int, tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.touch()
    target.chmod(mode)
    preflight("check", PICTURE, "--format", f"json:{target}")
    assert stat.S_IMODE(target.stat().st_mode) == mode


def redirected(redirection: str, *arguments: str, cwd: Path) -> Ran:
    """Run a command in a shell with a redirection behind it."""
    line = f'exec "$@" {redirection}'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *command(*arguments)], cwd=cwd, env=environment(), capture_output=True, check=False
    )
    return checked([], Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode()))


@pytest.mark.parametrize("device", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_by_its_device_is_written_to_where_the_shell_sends_it(device: str, tmp_path: Path) -> None:
    was = Path("/dev/stdout").readlink()
    assert preflight("check", PICTURE, "--format", "json", "--output", device).json["verdict"] == "pass"
    redirected(">> log", "check", PICTURE, "--format", f"json:{device}", cwd=tmp_path)
    redirected(">> log", "check", PICTURE, "--format", f"json:{device}", cwd=tmp_path)
    assert (tmp_path / "log").read_text().count('"schema"') == 2
    assert Path("/dev/stdout").readlink() == was


def test_a_text_before_a_device_comes_whole(tmp_path: Path) -> None:
    redirected("> log", "check", BAD, "--format", "text", "--format", "jsonl:/dev/stdout", cwd=tmp_path)
    text = (tmp_path / "log").read_text("utf-8")
    assert text.count('{"id"') == 1
    assert text.count("FAIL") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_one_file_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    ran = preflight(
        "check", PICTURE, "--format", "text", "--format", "json:/dev/full", "--format", "junit:j.xml", cwd=tmp_path
    )
    assert ran.code == 2
    assert "/dev/full" in ran.err
    assert "No space left" in ran.err
    assert ran.out.startswith("pass")
    assert names_in(tmp_path) == ["j.xml"]


@pytest.mark.parametrize("format_", ["text", "json", "jsonl", "sarif", "junit", "github"])
@pytest.mark.parametrize("redirection", [">&-", ">&- 2>&-"])
def test_a_standard_output_that_is_closed_ends_without_a_traceback(
    format_: str, redirection: str, tmp_path: Path
) -> None:
    ran = redirected(redirection, "check", BAD, "--format", format_, cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (1, "", "")


@pytest.mark.parametrize("format_", ["text", "json", "jsonl", "sarif", "junit", "github"])
def test_standard_output_holds_the_result_and_nothing_else(format_: str, tmp_path: Path) -> None:
    write_job(tmp_path, job(image="missing.png", mode="4k"))
    ran = preflight("check", "job.yaml", "--format", format_, cwd=tmp_path)
    into = preflight("check", "job.yaml", "--format", f"{format_}:result", cwd=tmp_path)
    assert (ran.err, into.out, into.err) == ("", "", "")
    assert (tmp_path / "result").read_bytes().decode() == ran.out


def test_names_that_are_not_utf_8_leave_json_that_every_reader_takes(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "folder") + b"/\xff.png")).write_bytes(Path(BAD).read_bytes())
    for format_ in ("json", "jsonl"):
        ran = preflight("check", "folder", "--format", format_, cwd=tmp_path)
        assert json.loads(ran.out) is not None
        assert json.dumps(json.loads(ran.out), ensure_ascii=False).encode("utf-8")
        assert r"\\udcff.png" in ran.out


def test_a_check_of_a_picture_loads_no_library_of_another_format() -> None:
    lines = f"import sys; from preflight.cli.run import run; run(['check', {PICTURE!r}]); print(sorted(sys.modules))"
    arguments = [command()[0], "-c", lines]
    loaded = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    for name in (
        "junitparser",
        "preflight.render.build_servers.sarif",
        "preflight.render.build_servers.github",
        "xml",
        "rich",
        "httpx2",
        "h11",
    ):
        assert f"'{name}'" not in loaded
