"""``preflight`` as a process among others: signals, pipes, closed streams, files to write, terminals."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.lying import Server, serving
from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, checked, command, environment, preflight
from tests.support.jobs import job, write_job
from tests.support.terminal import shown

CLIPS, PICTURES = FIXTURES / "clips", FIXTURES / "pictures"
ESCAPE = "\x1b"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving({"a.mp4": Path(CLIP), "a.png": Path(PICTURE)}) as running:
        yield running


INTERRUPTED = {"check": "preflight: interrupted after 0 jobs\n", "probe": "interrupted\n"}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_an_interrupt_in_the_middle_of_a_slow_read_ends_it_at_once(name: str, server: Server) -> None:
    before = len(server.log.requests)
    arguments = [name, server.url("stalls", "a.mp4"), "--allow-host", server.authority, "--timeout", "50"]
    with subprocess.Popen(
        command(*arguments), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while len(server.log.requests) == before:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=45)
    checked(arguments, Ran(code=process.returncode, out=out, err=err))
    assert (process.returncode, out, err) == (130, "", INTERRUPTED[name])


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see a child process")
def test_an_interrupt_from_the_keyboard_reaches_every_process_and_leaves_none(server: Server) -> None:
    before = len(server.log.requests)
    arguments = ["check", CLIP, server.url("drips-body", "a.mp4"), "--allow-host", server.authority]
    with subprocess.Popen(
        command(*arguments, "--timeout", "50"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(server.log.requests) == before:
            assert process.poll() is None
            time.sleep(0.02)
        for _ in range(100):  # a second opinion on the local clip may have a process of its own by now
            if children.read_text():
                break
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=45)
    checked(arguments, Ran(code=process.returncode, out=out, err=err))
    assert process.returncode == 130
    assert out == "" or out.startswith("pass  ")  # the local clip may be done by then
    assert re.fullmatch(r"preflight: interrupted after [01] jobs?[^\n]*\n", err)
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_clips_that_are_read_beside_a_url_leave_no_process_behind(server: Server) -> None:
    clips = [str(CLIPS / "fragmented.mp4")] * 8  # such as a second opinion is asked for, by several threads at once
    arguments = ["check", *clips, server.url("ok", "a.png"), "--allow-host", server.authority]
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", *command(*arguments)[1:]],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    checked(arguments, Ran(code=done.returncode, out=done.stdout, err=done.stderr))
    assert (done.returncode, done.stderr) == (0, "")


def test_the_first_line_of_a_long_report_can_be_taken(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(image=PICTURES / "299-wide.png"))
    line = f"{sys.executable} -m preflight check {' '.join([str(path)] * 30)} --format jsonl | head -n 1"
    done = subprocess.run(["sh", "-c", line], env=environment(), capture_output=True, timeout=60, check=False)
    ran = checked([], Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode()))
    assert (len(ran.out.splitlines()), ran.err) == (1, "")


STREAMS = {"stdout": ">&-", "stderr": "2>&-", "both": ">&- 2>&-", "stdin": "<&-"}


@pytest.mark.parametrize(
    ("streams", "format_"), [("stdout", "text"), ("stderr", "json"), ("both", "text"), ("stdin", "json")]
)
def test_a_stream_that_is_closed_changes_no_verdict(streams: str, format_: str) -> None:
    line = f'exec "$@" {STREAMS[streams]}'
    arguments = command("check", PICTURES / "299-wide.png", "--format", format_)
    done = subprocess.run(["sh", "-c", line, "sh", *arguments], env=environment(), capture_output=True, check=False)
    checked(arguments, Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode()))
    assert done.returncode == 1


def test_a_job_from_a_closed_standard_input_is_a_usage_error_or_an_empty_job() -> None:
    arguments = command("check", "-")
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *arguments], env=environment(), capture_output=True, check=False
    )
    checked(arguments, Ran(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode()))
    assert done.returncode in {1, 2}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("name", ["plain.png", "299-wide.png"])
def test_a_full_disk_behind_standard_output_is_said_and_is_no_bug(name: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("check", PICTURES / name, "--format", "json"),
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    ran = checked([], Ran(code=done.returncode, out="", err=done.stderr.decode()))
    assert ran.code not in {0, 70}
    assert "No space left" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", str(PICTURES / "299-wide.png")],
        ["check", str(PICTURES / "plain.png"), "--format", "junit"],
        ["estimate", "--seconds", "5"],
        ["probe", str(PICTURES / "plain.png")],
        ["explain", "video-too-long"],
        ["rules"],
        ["schema", "job"],
        ["--version"],
        ["check", "--help"],
    ],
    ids=lambda arguments: " ".join(Path(each).name for each in arguments),
)
def test_every_command_says_in_one_line_that_standard_output_is_full(arguments: list[str], unbuffered: str) -> None:
    env = environment() | {"PYTHONUNBUFFERED": unbuffered}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(*arguments), env=env, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert done.stderr == "preflight: cannot write to standard output: No space left on device\n"


def plain(text: str) -> list[str]:
    """The lines of ``text``, which holds no escape sequence; without those that are there to be copied whole."""
    assert ESCAPE not in text
    return [line for line in text.splitlines() if "fix: " not in line and not line.startswith("    ffmpeg ")]


def test_a_pipe_gets_plain_lines_of_80_columns_whatever_the_terminal_is_like(tmp_path: Path) -> None:
    for name in ("webp-named.png", "30.1-seconds.mp4"):
        (tmp_path / name).write_bytes((PICTURES if name.endswith("png") else CLIPS).joinpath(name).read_bytes())
    write_job(tmp_path, job(image="webp-named.png", video="30.1-seconds.mp4", mode="4k", promt="dance"))
    env = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "300"}
    for name in ("check", "estimate"):
        ran = preflight(name, "job.yaml", "job.yaml", cwd=tmp_path, env=env)
        assert ran.code == 1
        assert [line for line in plain(ran.out) if len(line) > 80] == []


@pytest.mark.parametrize(
    "arguments", [["rules"], ["check", "--help"], ["--help"], ["explain", "video-too-long"]], ids=" ".join
)
def test_what_explains_is_plain_and_narrow_too(arguments: list[str]) -> None:
    assert [line for line in plain(preflight(*arguments).out) if len(line) > 80] == []


def test_a_terminal_gets_colours_unless_no_color_is_set() -> None:
    bad = PICTURES / "299-wide.png"
    assert re.search(r"\x1b\[[0-9;]*3[0-9]m", shown("check", bad))
    assert ESCAPE not in shown("check", bad, env={"NO_COLOR": "1"})
    assert ESCAPE not in shown("check", bad, "--format", "json")


def test_a_file_gets_the_whole_result_and_standard_output_nothing(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    ran = preflight("check", PICTURE, "--format", "json", "--output", target)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert target.read_text() == preflight("check", PICTURE, "--format", "json").out
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_new_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    assert preflight("check", PICTURE, "--output", tmp_path / "report.txt").code == 0
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.parametrize("place", ["nowhere/report.json", "file/report.json", "folder", ""])
def test_a_place_that_cannot_be_written_is_a_usage_error(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "folder").mkdir()
    ran = preflight("check", PICTURE, f"--output={place}", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder"]
    assert (tmp_path / "file").read_text() == "old"


def test_what_was_there_stays_when_there_is_no_result(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    assert preflight("check", "nowhere.png", "--output", target).code == 2
    assert target.read_text() == "old"


def test_a_pipe_with_a_name_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """As ``/dev/stdout``, ``/dev/null`` and ``>(jq)`` are: what is there is no file to be renamed over."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert preflight("check", PICTURE, "--format", "json", "--output", pipe).code == 0
        assert stat.S_ISFIFO(pipe.stat().st_mode)
        assert os.read(reading, 65536).startswith(b"{")
    finally:
        os.close(reading)


def test_a_pipe_that_nobody_reads_yet_is_waited_for_and_the_wait_is_told(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    running = subprocess.Popen(
        [*command(), "check", str(PICTURE), "--format", "json", "--output", str(pipe)],
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    assert running.stderr is not None
    with running:
        assert running.stderr.readline() == f"preflight: waiting for a program that reads the named pipe {pipe}\n"
        assert pipe.read_text().startswith("{")
        assert running.wait(30) == 0


def test_a_group_without_a_command_shows_its_help_on_lines_of_its_own() -> None:
    for group in ([], ["ledger"], ["task"]):
        ran = preflight(*group)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("Usage: preflight")
        assert len(ran.err.splitlines()) > 5
        assert "\\n" not in ran.err


def test_an_encoding_without_our_signs_gets_plain_ones() -> None:
    ran = preflight("check", PICTURE, env={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 0
    assert " - 480x640 - RGB - " in ran.out
    assert "\\x" not in ran.out
