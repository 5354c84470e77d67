"""``--retries``: what it is worth, where it comes from, and what a report says of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.servers.lying import Server, serving
from tests.support.command import FIXTURES, Ran, here

CLIP = FIXTURES / "clips" / "fast-start.mp4"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving({"x.mp4": CLIP}) as running:
        yield running


def probed(server: Server, behaviour: str, *arguments: str, names: Sequence[str] = ("x.mp4",)) -> Ran:
    urls = [server.url(behaviour, name) for name in names]
    return here("check", *urls, "--allow-host", server.authority, *arguments)


def asked(server: Server, behaviour: str, *arguments: str, names: Sequence[str] = ("x.mp4",)) -> list[int]:
    """How many requests came for each of the files."""
    before = len(server.log.requests)
    probed(server, behaviour, *arguments, names=names)
    seen = [request.name for request in server.log.requests[before:]]
    return [seen.count(name) for name in names]


def test_a_busy_server_is_asked_again_and_the_report_counts_it(server: Server) -> None:
    as_json = probed(server, "busy-once", "--format", "json")
    as_text = probed(server, "busy-once", names=("y.mp4",))

    assert as_json.code == 0
    assert as_json.subject["transfer"]["retries"] == 1
    assert "retries" not in probed(server, "ok").out
    assert as_text.code != 0 or " retry" in as_text.out


@pytest.mark.parametrize(("arguments", "requests"), [((), 2), (("--retries", "0"), 1), (("--retries", "3"), 4)])
def test_one_job_has_one_more_try_unless_told_otherwise(
    arguments: tuple[str, ...], requests: int, server: Server
) -> None:
    assert asked(server, "busy", *arguments) == [requests]


def test_each_of_several_jobs_has_two(server: Server) -> None:
    assert asked(server, "busy", names=("x.mp4", "y.mp4")) == [3, 3]


def test_a_settings_file_may_say_how_many(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "preflight.toml"
    path.write_text("retries = 3\n")
    assert asked(server, "busy", "--config", str(path)) == [4]


@pytest.mark.parametrize("text", ["-1", "11", "two", "1.5"])
def test_a_number_that_is_none_is_refused(text: str, server: Server) -> None:
    assert probed(server, "ok", "--retries", text).code == 2


def test_a_wait_beyond_the_deadline_is_told(server: Server) -> None:
    ran = probed(server, "busy-for-an-hour", "--format", "json")

    finding = ran.finding("http-status")
    assert finding["message"].endswith("; it asks to try again in 3600 s, which is longer than preflight waits")
    assert finding["fix"] == "try again in 3600 s"
    assert ran.subject["transfer"]["retries"] == 0
