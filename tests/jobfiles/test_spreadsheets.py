"""Tables as spreadsheets write them, and as nobody should."""

from __future__ import annotations

from pathlib import Path

import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import load_manifest
from preflight.model import Job

ROW = ["1", "https://e.com/ü.png", "https://e.com/b.mp4", "Zoë\nsays, “hi”; 💃"]


def table(delimiter: str, line_end: str, *, said: bool) -> str:
    head = f"sep={delimiter}{line_end}" if said else ""
    cells = [f'"{cell}"' if any(sign in cell for sign in ',;\t\n"') else cell for cell in ROW]
    return head + delimiter.join(["id", "image", "video", "prompt"]) + line_end + delimiter.join(cells) + line_end


@pytest.mark.parametrize("said", [False, True], ids=["plain", "sep="])
@pytest.mark.parametrize("line_end", ["\r\n", "\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"], ids=["UTF-8", "UTF-8 BOM", "UTF-16 LE", "UTF-16 BE"]
)
def test_what_excel_saves_is_read(encoding: str, delimiter: str, line_end: str, said: bool, tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    path.write_bytes((mark + table(delimiter, line_end, said=said)).encode(encoding))
    (job,) = load_manifest(path)
    assert isinstance(job, Job)
    assert (job.id, job.value("input.prompt")) == (ROW[0], ROW[3])
    assert job.line == (3 if said else 2)


def test_delimiters_in_quoted_names_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('"name, first, last";image;video\nx;a.png;b.mp4\n')
    (job,) = load_manifest(path)
    assert isinstance(job, Job)
    assert job.meta == {"name, first, last": "x"}


def test_a_header_may_hold_line_breaks(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    path.write_text('image,video,"notes\nof the day"\na.png,b.mp4,x\n')
    (job,) = load_manifest(path)
    assert isinstance(job, Job)
    assert job.meta == {"notes\nof the day": "x"}
    assert job.line == 3


def test_a_line_without_an_end_ends_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    with path.open("wb") as file:
        file.write(b"id,prompt\n1,x\n2,")
        file.truncate(700 * 1024 * 1024)  # a hole of NULs: no line break follows
    first, last = load_manifest(path)
    assert isinstance(first, Job)
    assert isinstance(last, JobUnreadable)
    assert "a line of more than" in str(last)
