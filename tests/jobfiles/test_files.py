"""Job files as files: names, kinds, sizes and encodings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from preflight.errors import JobUnreadable
from preflight.jobfiles import job_from_fields, load_job, load_manifest, load_text
from preflight.model import Job, Place
from tests.support.privileges import unreadable_file

MIB = 1024 * 1024


def refusal(path: Path) -> JobUnreadable:
    with pytest.raises(JobUnreadable) as caught:
        load_job(path)
    return caught.value


def test_a_job_knows_its_file(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("# why\n\nmodel: m\n")
    assert load_job(path) == Job(
        body={"model": "m"}, path=str(path), line=3, places={"": Place(3, 1), "model": Place(3, 8)}
    )


@pytest.mark.parametrize("load", [load_job, lambda path: next(load_manifest(path))], ids=["job", "manifest"])
class TestWhatCannotBeOpened:
    def test_a_missing_file_is_named(self, load: Callable[[Path], object], tmp_path: Path) -> None:
        with pytest.raises(JobUnreadable, match=r"gone\.yaml: no such file"):
            load(tmp_path / "gone.yaml")

    def test_a_directory_is_called_one(self, load: Callable[[Path], object], tmp_path: Path) -> None:
        with pytest.raises(JobUnreadable, match="this is a directory"):
            load(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
    def test_a_pipe_without_a_writer_does_not_hold_it_up(self, load: Callable[[Path], object], tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.yaml")
        with pytest.raises(JobUnreadable, match="not a regular file"):
            load(tmp_path / "pipe.yaml")

    def test_a_device_is_not_read(self, load: Callable[[Path], object]) -> None:
        with pytest.raises(JobUnreadable, match="not a regular file"):
            load(Path(os.devnull))

    def test_a_file_without_permission_says_so(self, load: Callable[[Path], object]) -> None:
        with (
            unreadable_file(".yaml") as path,
            pytest.raises(JobUnreadable, match="cannot be read: permission denied"),
        ):
            load(path)

    @pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that opens and cannot be read")
    def test_a_file_that_breaks_off_says_so(self, load: Callable[[Path], object]) -> None:
        with pytest.raises(JobUnreadable, match="cannot be read: input/output error"):
            load(Path("/proc/self/mem"))

    @pytest.mark.parametrize("name", ["a\0b", "a\ud800", "a/" * 3000], ids=["NUL", "surrogate", "too long"])
    def test_an_impossible_name_is_an_error(self, load: Callable[[Path], object], name: str) -> None:
        with pytest.raises(JobUnreadable):
            load(Path(name))


def test_a_file_of_sixteen_mebibytes_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "job.json"
    path.write_bytes(b'"' + b"x" * (16 * MIB - 2) + b'"')
    assert len(str(load_job(path).body)) == 16 * MIB - 2
    path.write_bytes(b'"' + b"x" * (16 * MIB - 1) + b'"')
    assert "larger than 16 MiB" in str(refusal(path))
    with pytest.raises(JobUnreadable, match="larger than 16 MiB"):
        load_text(path.read_bytes())


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encodings_of_editors_are_read(tmp_path: Path, suffix: str, encoding: str) -> None:
    path = tmp_path / f"job{suffix}"
    path.write_text('{"prompt": "ü😀",\n "mode": 1}', encoding=encoding)
    job = load_job(path)
    assert job.body == {"prompt": "ü😀", "mode": 1}
    assert job.places["prompt"] == Place(1, 12)
    assert job.places["mode"] == Place(2, 10)
    assert load_text(path.read_bytes()).places == job.places


def test_big_endian_utf_16_is_read_after_its_mark() -> None:
    assert load_text(b"\xfe\xff" + "a: ü".encode("utf-16-be")).body == {"a": "ü"}


@pytest.mark.parametrize(
    ("data", "at", "words"),
    [
        pytest.param("prompt: é\nmode: é".encode("latin-1"), (1, 9), "0xe9 is not UTF-8", id="Latin-1"),
        pytest.param("a: ü\nb: ü".encode() + b"\xff", (2, 5), "0xff is not UTF-8", id="after other characters"),
        pytest.param(b"a: \xe2\x82", (1, 4), "0xe2 is not UTF-8", id="cut short"),
        pytest.param(b"a: \xed\xa0\x80", (1, 4), "0xed is not UTF-8", id="encoded surrogate"),
        pytest.param(b"a: 1\nb: \x00", (2, 4), "NUL", id="NUL"),
        pytest.param("a: 1".encode("utf-16-le"), (1, 2), "byte order mark", id="UTF-16 without a mark"),
        pytest.param("a: 1".encode("utf-32"), (1, 1), "NUL", id="UTF-32"),
        pytest.param(b"\xff\xfea\x00\n\x00b", (2, 1), "cut short", id="UTF-16 cut short"),
        pytest.param(b"\xff\xfea\x00\x00\xd8b\x00", (1, 2), "surrogate", id="UTF-16 with half a pair"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00", (1, 1), "0x89", id="a picture"),
    ],
)
def test_bytes_that_are_no_text_are_refused_at_their_place(
    tmp_path: Path, data: bytes, at: tuple[int, int], words: str
) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(data)
    error = refusal(path)
    assert (error.line, error.column) == at
    assert words in str(error)
    assert str(error).startswith(f"{path}:{at[0]}:{at[1]}: ")


def test_undecoded_text_is_refused_at_its_place() -> None:
    with pytest.raises(JobUnreadable, match="stdin:1:4: the byte 0xff is not UTF-8"):
        load_text(b"a: \xff".decode("utf-8", "surrogateescape"), path="stdin")


def test_a_job_from_options_holds_only_what_was_given() -> None:
    assert job_from_fields(model="m") == Job(body={"model": "m", "input": {}})
    job = job_from_fields(
        model="m", images=["a.png"], videos=("b.mp4", "c.mp4"), orientation="image", mode="", prompt="p"
    )
    assert job == Job(
        body={
            "model": "m",
            "input": {
                "input_urls": ["a.png"],
                "video_urls": ["b.mp4", "c.mp4"],
                "character_orientation": "image",
                "mode": "",
                "prompt": "p",
            },
        }
    )
    assert job_from_fields(model=None, callback_url="https://example.com/").body == {
        "callback_url": "https://example.com/",
        "input": {},
    }
    assert job.place("input.mode") is None


def test_reading_a_job_loads_no_network_library() -> None:
    program = "import sys, preflight.jobfiles; sys.exit('httpx2' in sys.modules or 'h11' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
