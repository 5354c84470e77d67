"""Local files: what is read of them, and what is no file at all."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from preflight.errors import LocalUnreadable, SourceChanged
from preflight.model import Probe, Span
from preflight.sources.local import read_local
from tests.servers.reading import length_and_ends, reads
from tests.support.privileges import unreadable_file

DATA = bytes(range(251)) * 100


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "x.mp4"
    path.write_bytes(DATA)
    return path


def test_the_probe_gets_exactly_the_spans_it_asks_for(clip: Path) -> None:
    reading = read_local(clip, reads(Span(0, 4), Span(10_000, 10_100), Span(7, 7)))

    assert reading.facts == (DATA[:4], DATA[10_000:10_100], b"")
    assert reading.fetched.pieces() == ((0, DATA[:4]), (10_000, DATA[10_000:10_100]))
    assert reading.size_bytes == len(DATA)
    assert reading.fault is None


def test_a_span_across_the_end_is_short_and_one_past_it_is_empty(clip: Path) -> None:
    end = len(DATA)

    reading = read_local(clip, reads(Span(end - 3, end + 10), Span(end, end + 1), Span(end + 5, end + 9)))

    assert reading.facts == (DATA[-3:], b"", b"")


def test_optional_spans_are_read_because_reading_is_free(clip: Path) -> None:
    assert read_local(clip, reads(Span(100, 104, optional=True))).facts == (DATA[100:104],)


def test_the_transfer_counts_the_bytes_and_no_request(clip: Path) -> None:
    transfer = read_local(clip, reads(Span(0, 100), Span(50, 90), Span(5000, 5010))).transfer

    assert (transfer.requests, transfer.connections, transfer.bytes) == (0, 0, 110)


def test_an_empty_file_has_no_bytes(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()

    assert read_local(path, length_and_ends).facts == (0, b"", b"")


def test_a_link_to_a_file_is_the_file(clip: Path) -> None:
    link = clip.with_name("link.mp4")
    link.symlink_to(clip)

    assert read_local(link, length_and_ends).facts == (len(DATA), DATA[:4], DATA[-4:])


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    reading = read_local(tmp_path, length_and_ends)

    assert isinstance(reading.fault, LocalUnreadable)
    assert str(reading.fault) == "it is a directory"
    assert reading.facts is None


def test_only_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    missing = read_local(tmp_path / "x.mp4", length_and_ends).fault
    directory = read_local(tmp_path, length_and_ends).fault

    assert isinstance(missing, LocalUnreadable)
    assert missing.missing
    assert isinstance(directory, LocalUnreadable)
    assert not directory.missing


def test_a_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")

    assert str(read_local(tmp_path / "pipe.mp4", length_and_ends).fault) == "it is a named pipe"


def test_a_socket_is_no_file(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.mp4"))

        assert str(read_local(tmp_path / "s.mp4", length_and_ends).fault) == "it is a socket"


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "/dev/null"])
def test_a_device_is_no_file(device: str) -> None:
    assert str(read_local(Path(device), length_and_ends).fault) == "it is a device"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.mp4", "there is no such file"),
        ("x.mp4/inside", "it cannot be opened: Not a directory"),
        ("n" * 300, "it cannot be opened: File name too long"),
        ("nul\0byte", "no file can have this name"),
        ("half\ud800", "no file can have this name"),
    ],
    ids=["missing", "below a file", "long name", "nul", "half a character"],
)
def test_what_cannot_be_opened_is_a_fault_with_a_plain_reason(clip: Path, name: str, reason: str) -> None:
    reading = read_local(clip.parent / name, length_and_ends)

    assert isinstance(reading.fault, LocalUnreadable)
    assert str(reading.fault) == reason


def test_a_file_without_permission_is_unreadable() -> None:
    with unreadable_file(".mp4") as path:
        assert str(read_local(path, length_and_ends).fault) == "permission is denied"


def test_links_in_a_circle_are_unreadable(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    assert isinstance(read_local(tmp_path / "a", length_and_ends).fault, LocalUnreadable)


def test_a_probe_that_asks_for_ever_is_ended(clip: Path) -> None:
    def circle(_size: int | None) -> Probe[None]:
        while True:
            yield Span(0, 8)

    reading = read_local(clip, circle)

    assert isinstance(reading.fault, LocalUnreadable)
    assert str(reading.fault) == "reading it takes more than 4096 spans"


def test_a_probe_that_asks_for_too_much_is_ended_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.truncate(10**12)

    reading = read_local(path, reads(Span(0, 1000), Span(0, 10**12)))

    assert isinstance(reading.fault, LocalUnreadable)
    assert str(reading.fault) == "reading it takes more than 67108864 bytes"
    assert reading.transfer.bytes == 1000
    assert reading.size_bytes == 10**12


@pytest.mark.parametrize("change", [DATA + b"more", DATA[:-1], b""], ids=["longer", "shorter", "emptied"])
def test_a_file_that_changes_while_it_is_read_is_no_basis_for_facts(clip: Path, change: bytes) -> None:
    def disturbed(_size: int | None) -> Probe[bytes]:
        first = yield Span(0, 4)
        clip.write_bytes(change)
        return first + (yield Span(8, 12))

    reading = read_local(clip, disturbed)

    assert reading.facts is None
    assert isinstance(reading.fault, SourceChanged)


def test_what_the_probe_raises_is_not_taken_for_a_fault_of_the_file(clip: Path) -> None:
    def broken(_size: int | None) -> Probe[None]:
        yield Span(0, 8)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_local(clip, broken)
