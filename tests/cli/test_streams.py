"""Results of many jobs: written as they come, kept at an interrupt, at a bounded weight."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

import pytest

from preflight.render.formats import STREAMS
from tests.support.command import PICTURE, command, environment, here, preflight

ROW = "{0},https://cdn.example.com/{0}.png,https://cdn.example.com/{0}.mp4,shot {0}\n"
BAD = "{0},https://cdn.example.com/{0}.png,,=1+{0}\n"


def table(folder: Path, rows: int, *, bad: int = 0) -> Path:
    """A manifest of ``rows`` jobs, of which every ``bad``th has no video."""
    path = folder / "m.csv"
    lines = (BAD if bad and number % bad == 0 else ROW for number in range(1, rows + 1))
    text = "".join(line.format(f"r{number}") for number, line in enumerate(lines, start=1))
    path.write_text(f"id,image,video,notes\n{text}")
    return path


def test_up_to_twenty_jobs_are_shown_in_their_order(tmp_path: Path) -> None:
    out = here("check", table(tmp_path, 20, bad=10), "--offline").out
    assert [line.split()[0] for line in out.splitlines() if line.startswith(("PASS", "FAIL"))].count("PASS") == 18


def test_of_more_the_failures_are_shown_and_the_passes_counted(tmp_path: Path) -> None:
    out = here("check", table(tmp_path, 21, bad=10), "--offline").out
    assert [line.split()[-1] for line in out.splitlines() if line.startswith(("PASS", "FAIL"))] == ["r10", "r20"]
    assert "  notes: =1+r10\n" in out
    assert out.endswith("\nfindings by rule\n  2  field-missing\n\n19 pass  2 fail\n")


def test_what_could_not_be_examined_comes_after_the_failures(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    rows = [{"id": "i", "image": "http://127.0.0.1:9/a.png", "video": "http://127.0.0.1:9/b.mp4"}]
    rows += [{"id": f"r{number}", "image": PICTURE} for number in range(25)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    out = here("check", path, "--allow-host", "127.0.0.1").out
    heads = [line.split()[0] for line in out.splitlines() if line.startswith(("FAIL", "INDETERMINATE"))]
    assert heads == ["FAIL"] * 25 + ["INDETERMINATE"]


def test_quiet_keeps_findings_and_nothing_else(tmp_path: Path) -> None:
    path = table(tmp_path, 30, bad=10)
    ran = here("check", path, "--offline", "-q")
    assert ran.code == 1
    assert [line.split()[-1] for line in ran.out.splitlines() if line.startswith(("PASS", "FAIL"))] == [
        "r10",
        "r20",
        "r30",
    ]
    assert "fail" not in ran.out
    assert here("check", path, "--offline", "-qq").out == ""
    lines = here("check", path, "--offline", "-q", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["r10", "r20", "r30"]


def test_concise_is_one_line_a_finding(tmp_path: Path) -> None:
    out = here("check", table(tmp_path, 3, bad=2), "--offline", "--format", "concise").out
    assert out == f"{tmp_path}/m.csv:3:1: error field-missing: 'input.video_urls' is missing [r2]\n"


def test_csv_has_the_columns_of_the_manifest_and_no_formula(tmp_path: Path) -> None:
    out = here("check", table(tmp_path, 150, bad=2), "--offline", "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert len(rows) == 150
    assert (rows[0]["notes"], rows[1]["notes"], rows[1]["rules"]) == ("shot r1", "'=1+r2", "field-missing")


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1)", "\t=1", " =1", "\uff1d1", "|x"])
def test_a_formula_is_neutralised_in_every_column(text: str, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps({"id": text, "image": "a", "video": "b", "own": text, text: "x"}) + "\n")
    out = here("check", path, "--offline", "--format", "csv").out
    for row in csv.reader(io.StringIO(out)):
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "|")) for cell in row)


@pytest.mark.parametrize("number", ["-5", "+5", "-0.5", "5%", "-1,5"])
def test_a_number_stays_one(number: str, tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text(json.dumps({"image": "a", "video": "b", "own": number}) + "\n")
    (row,) = csv.DictReader(io.StringIO(here("check", path, "--offline", "--format", "csv").out))
    assert row["own"] == number


def test_formats_take_no_more_memory_for_more_rows(tmp_path: Path) -> None:
    names = [name for name in STREAMS if name not in ("sarif", "junit")]  # these two keep their findings
    written = [word for name in names for word in ("--format", f"{name}:{tmp_path / name}")]

    def peak(rows: int) -> int:
        path = table(tmp_path, rows)
        tracemalloc.start()
        try:
            here("check", path, "--offline", *written, "-qq")
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(10)
    few, many = peak(800), peak(2400)  # files are remembered up to a number that both reach
    # The index of the page and the findings by rule of the document grow a little: 2.1 MB in all for 1,600 rows.
    assert many < few + 3_000_000


def interrupted(folder: Path, line: str, *formats: str, has_lines: bool = True) -> tuple[list[bytes], str, int]:
    """The lines and messages of a check that gets Ctrl-C behind its first line: its manifest is a pipe without end.

    Without ``has_lines`` it gets Ctrl-C when it has taken its rows, of which the pipe itself holds 64 KiB at most.
    """
    process = subprocess.Popen(
        command("check", "-", "--offline", *(word for name in formats for word in ("--format", name))),
        cwd=folder,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    count = 1500 if has_lines else 6000
    rows = "id,image,video,notes\n" + "".join(line.format(f"r{number}") for number in range(count))
    feed = threading.Thread(target=feed_of(process.stdin, rows.encode()))
    feed.start()
    try:
        if has_lines:
            first = process.stdout.readline()
        else:
            first = b""
            feed.join()
        process.send_signal(signal.SIGINT)
        rest, errors = process.stdout.read(), b"" if process.stderr is None else process.stderr.read()
        code = process.wait(60)
    finally:
        process.kill()
        feed.join()
        process.stdin.close()
        process.stdout.close()
        if process.stderr is not None:
            process.stderr.close()
        process.wait()
    return [first, *rest.splitlines(keepends=True)], errors.decode(), code


def feed_of(stream: IO[bytes], data: bytes) -> Callable[[], None]:
    def feed() -> None:
        with suppress(OSError):
            stream.write(data)
            stream.flush()

    return feed


def test_jobs_are_written_before_the_last_one_is_known_and_kept_at_an_interrupt(tmp_path: Path) -> None:
    lines, errors, code = interrupted(tmp_path, ROW, "jsonl")
    assert code == 130
    assert [json.loads(line)["id"] for line in lines] == [f"r{number}" for number in range(len(lines))]
    said = re.fullmatch(r"preflight: interrupted after (\d+) jobs?: \1 pass\n", errors)
    assert said, errors
    assert int(said[1]) - len(lines) in (0, 1)


@pytest.mark.parametrize("name", [name for name in STREAMS if name != "html"])  # which needs a file
def test_an_interrupt_says_once_what_came_of_the_jobs(name: str, tmp_path: Path) -> None:
    has_lines = name not in ("json", "markdown", "sarif", "junit", "gitlab")
    lines, errors, code = interrupted(tmp_path, BAD, name, has_lines=has_lines)
    shown = b"".join(lines).decode() + errors
    assert code == 130
    assert re.search(r"preflight: interrupted after \d+ jobs?", errors)
    assert len(re.findall(r"\b\d+ fail\b", shown)) == 1, shown[-500:]


def test_the_part_of_a_file_is_kept_beside_it_at_an_interrupt(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("old\n")
    _, errors, code = interrupted(tmp_path, BAD, "jsonl:out.jsonl", "concise", "json:r.json")
    assert code == 130
    assert (tmp_path / "out.jsonl").read_text() == "old\n"
    assert json.loads((tmp_path / "out.jsonl.part").read_text().splitlines()[0])["id"] == "r0"
    assert "the results so far are in" in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "out.jsonl.part"]


def test_a_closed_pipe_ends_no_check(tmp_path: Path) -> None:
    check = shlex.join(command("check", table(tmp_path, 3000, bad=3000), "--offline", "--format", "jsonl"))
    shell = f"{check} | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell], env=environment(), capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_a_terminal_shows_no_spinner_between_results(tmp_path: Path) -> None:
    path = table(tmp_path, 60, bad=2)
    leader, follower = pty.openpty()
    try:
        process = subprocess.Popen(
            command("check", path, "--offline"), env=environment({"TERM": "xterm"}), stdout=follower, stderr=follower
        )
        os.close(follower)
        shown = b""
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        assert process.wait(60) == 1
    finally:
        os.close(leader)
    text = shown.decode()
    assert "checking" not in text[text.index("FAIL") :]


def test_ascii_and_pipes_get_plain_text(tmp_path: Path) -> None:
    path = table(tmp_path, 30, bad=3)
    ran = preflight("check", path, "--offline", env={"PYTHONIOENCODING": "ascii"})
    assert ran.out.isascii()
