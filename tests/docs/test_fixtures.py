"""The fixtures are what ``fixtures/truth.jsonl`` and ``fixtures/README.md`` say, and every rule has some."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from preflight.rules import RULES

FIXTURES = Path(__file__).parents[2] / "fixtures"
DEMO = FIXTURES.parent / "preflight" / "sandbox" / "media"
TOTAL_BYTES = 7_000_000

SCENE_KEYS = {"kind", "file", "size_bytes", "server", "options"}
SERVER_KEYS = {"behaviour", "content_type"}
OPTION_KEYS = {"mode", "orientation", "max_credits"}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def below(path: Path) -> str:
    return path.relative_to(FIXTURES).as_posix()


TRUTH: dict[str, dict[str, Any]] = {
    entry["path"]: entry for entry in map(json.loads, (FIXTURES / "truth.jsonl").read_text().splitlines())
}
MEDIA = [*files(FIXTURES / "clips"), *files(FIXTURES / "pictures")]
RULE_FILES = files(FIXTURES / "rules")
SCENES = [path for path in RULE_FILES if path.suffix == ".toml"]
COPIES = [path for path in RULE_FILES if path.suffix not in {".toml", ".yaml", ".csv", ".jsonl"}]


def test_truth_has_a_line_for_every_clip_and_picture_and_no_other() -> None:
    assert sorted(TRUTH) == sorted(map(below, MEDIA))


@pytest.mark.parametrize("path", MEDIA, ids=below)
def test_a_file_has_the_bytes_that_its_truth_was_told_of(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) == TRUTH[below(path)]["size_bytes"]
    assert hashlib.sha256(data).hexdigest() == TRUTH[below(path)]["sha256"]


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
@pytest.mark.parametrize("outcome", ["pass", "fail"])
def test_every_rule_has_files_that_pass_and_files_that_fail(rule: str, outcome: str) -> None:
    assert files(FIXTURES / "rules" / rule / outcome)


def test_every_folder_of_files_belongs_to_a_rule_and_an_outcome() -> None:
    folders = {path.relative_to(FIXTURES / "rules").parent.as_posix() for path in RULE_FILES}
    assert folders == {f"{rule.id}/{outcome}" for rule in RULES for outcome in ("pass", "fail")}


@pytest.mark.parametrize("path", COPIES, ids=below)
def test_a_medium_of_a_rule_is_a_copy_of_a_clip_or_picture(path: Path) -> None:
    originals = [original for original in MEDIA if original.name == path.name]
    assert [original.read_bytes() for original in originals] == [path.read_bytes()]


@pytest.mark.parametrize("path", SCENES, ids=below)
def test_a_scene_names_a_file_and_uses_only_known_keys(path: Path) -> None:
    scene = tomllib.loads(path.read_text())
    assert scene.keys() <= SCENE_KEYS
    assert scene.get("server", {}).keys() <= SERVER_KEYS
    assert scene.get("options", {}).keys() <= OPTION_KEYS
    assert scene["kind"] in {"image", "video"}
    assert below((path.parent / scene["file"]).resolve()) in TRUTH


def test_the_readme_lists_every_file_and_no_other() -> None:
    rows = (FIXTURES / "README.md").read_text()
    media, _, rules = rows.partition("## Clips")[2].partition("## Files of the rules")
    assert sorted(re.findall(r"^\| `([^`/]+)` ", media, re.MULTILINE)) == sorted(path.name for path in MEDIA)
    listed = {
        f"rules/{rule}/{outcome}/{name}"
        for rule, passing, failing in re.findall(r"- \*\*(.+)\*\*\n  - pass: (.+)\n  - fail: (.+)\n", rules)
        for outcome, names in (("pass", passing), ("fail", failing))
        for name in re.findall(r"`([^`]+)`", names)
    }
    assert listed == set(map(below, RULE_FILES))


def test_the_fixtures_stay_small() -> None:
    assert sum(path.stat().st_size for path in [*MEDIA, *RULE_FILES]) < TOTAL_BYTES


@pytest.mark.parametrize(
    ("name", "signature", "most_bytes"),
    [
        ("character.png", b"\x89PNG\r\n\x1a\n", 60_000),
        ("renamed.png", b"RIFF", 60_000),
        ("dance.mp4", b"\0\0\0\x20ftyp", 150_000),
        ("too-long.mp4", b"\0\0\0\x20ftyp", 60_000),
        ("result.mp4", b"\0\0\0\x20ftyp", 60_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_media_of_the_demo_are_there_and_small(name: str, signature: bytes, most_bytes: int) -> None:
    data = (DEMO / name).read_bytes()
    assert data.startswith(signature)
    assert len(data) < most_bytes
