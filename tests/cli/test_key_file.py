"""The file of the API key may be anything that a user points at: no pipe or device holds a command up."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from preflight.cli.paying.key_file import read_key_file
from preflight.errors import ConfigurationError


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_key_comes_through_a_pipe(pipe: Path) -> None:
    writer = Thread(target=pipe.write_bytes, args=(b"sk-from-a-pipe\n",), daemon=True)
    writer.start()
    assert read_key_file(str(pipe), wait_s=30) == "sk-from-a-pipe"
    writer.join(30)


def test_a_pipe_that_nobody_writes_is_given_up(pipe: Path) -> None:
    with pytest.raises(ConfigurationError, match="nobody has written and closed within 0"):
        read_key_file(str(pipe), wait_s=0.01)


def test_a_pipe_that_stays_open_is_given_up(pipe: Path) -> None:
    kept = os.open(pipe, os.O_RDWR)
    try:
        os.write(kept, b"sk-half")
        with pytest.raises(ConfigurationError, match="nobody has written and closed") as raised:
            read_key_file(str(pipe), wait_s=0.01)
    finally:
        os.close(kept)
    assert "sk-half" not in str(raised.value)


def test_a_pipe_without_an_end_is_read_no_further_than_a_key_is_long(pipe: Path) -> None:
    kept = os.open(pipe, os.O_RDWR)
    try:
        os.write(kept, b"x" * 10_000)
        with pytest.raises(ConfigurationError, match="larger than 4096 bytes"):
            read_key_file(str(pipe), wait_s=30)
    finally:
        os.close(kept)


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_not_a_key_file(device: str) -> None:
    with pytest.raises(ConfigurationError, match="not a regular file"):
        read_key_file(device)
