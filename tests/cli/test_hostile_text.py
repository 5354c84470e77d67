"""Names and values from outside are shown as text: they steer no terminal and forge no line of a report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.servers.lying import serving
from tests.support.command import CLIP, PICTURE, here, preflight
from tests.support.jobs import job
from tests.support.terminal import shown

CLEAR = "\x1b[2J"
LINE = "::error file=forged::forged"
HOSTILE = f"a{CLEAR}\r\n{LINE}\n\x07b\u202e"


def rows(**changes: object) -> str:
    """One row of a manifest."""
    body = job()
    inner = {name.removeprefix("input_"): changes.pop(name) for name in list(changes) if name.startswith("input_")}
    return json.dumps({**body, **changes, "input": {**body["input"], **inner}}) + "\n"  # type: ignore[dict-item]


# Where the text stands in a manifest.
PLACES = {
    "id": rows(id=HOSTILE),
    "model": rows(model=HOSTILE),
    "mode": rows(input_mode=HOSTILE),
    "name-of-a-field": rows(**{HOSTILE: 1}),
    "local-path": rows(input_input_urls=[HOSTILE]),
    "url": rows(input_video_urls=[f"https://files.invalid/{HOSTILE}"]),
    "host": rows(input_video_urls=[f"https://{HOSTILE}/a.mp4"]),
    "scheme": rows(input_video_urls=[f"htps:{HOSTILE}"]),
    "callback": rows(callback_url=HOSTILE),
}


def forged(text: str) -> list[str]:
    """The lines that are not ours."""
    return [line for line in text.splitlines() if line.startswith(LINE)]


@pytest.mark.parametrize("place", PLACES)
def test_a_value_of_a_job_forges_no_line(place: str, tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    path.write_text(PLACES[place], "utf-8")
    for command in ("check", "estimate"):
        ran = here(command, path)
        assert ran.code in {0, 1}
        assert forged(ran.out + ran.err) == []
        assert "\x07" not in ran.out


@pytest.mark.parametrize("place", ["id", "local-path"])
def test_a_value_of_a_job_does_not_steer_the_terminal(place: str, tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    path.write_text(PLACES[place], "utf-8")
    text = shown("check", path.name, cwd=tmp_path)
    assert "jobs.jsonl" in text
    assert CLEAR not in text


def test_the_name_of_a_file_forges_no_line(tmp_path: Path) -> None:
    for source, suffix in ((PICTURE, ".png"), (CLIP, ".mp4")):
        (tmp_path / (HOSTILE.replace("/", "") + suffix)).write_bytes(Path(source).read_bytes())
    for command in ("check", "estimate"):
        assert forged(here(command, tmp_path).out) == []
    names = [str(path) for path in tmp_path.iterdir()]
    assert forged(here("probe", *names).out) == []
    assert CLEAR not in shown("check", tmp_path)


def test_a_declared_type_does_not_steer_the_terminal() -> None:
    with serving({"a.png": Path(PICTURE)}, types={"a.png": f"image/x{CLEAR}"}) as server:
        text = shown("check", server.url("ok", "a.png"), "--allow-host", server.authority)
    assert "a.png" in text
    assert CLEAR not in text


def test_json_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "jobs.jsonl"
    path.write_text(PLACES["id"], "utf-8")
    ran = preflight("check", path, "--format", "json")
    assert (ran.code, ran.job["id"]) == (0, HOSTILE)
    assert ran.out.isascii()


def test_a_codec_that_is_no_text_is_shown_as_escapes(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(Path(CLIP).read_bytes().replace(b"avc1", b"v\x07\x1b\x00"))
    for arguments in ((), (PICTURE,)):  # by itself, and as a line of many
        text = here("check", clip, *arguments).out
        assert "v\\x07\\x1b\\x00" in text
        assert all(character.isprintable() or character == "\n" for character in text)
