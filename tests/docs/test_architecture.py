"""The architecture page names files that exist, and says nothing twice."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
GENERATED = re.compile(r"<!-- generated: .*?<!-- end -->", re.DOTALL)


def paths() -> set[str]:
    """Everything in backticks that looks like a file or a folder of the repository."""
    spoken = re.findall(r"`([^`\n]+)`", PAGE)
    return {text for text in spoken if re.fullmatch(r"[\w./-]+(?:/|\.(?:py|toml|md))", text)}


def exists(path: str) -> bool:
    return (ROOT / "preflight" / path).exists() or (ROOT / path).exists()


def test_every_path_of_the_page_exists() -> None:
    named = {path for path in paths() if "ID" not in path}
    assert len(named) > 150
    assert sorted(path for path in named if not exists(path)) == []


def test_every_room_and_every_module_is_on_the_page() -> None:
    modules = [path for path in (ROOT / "preflight").rglob("*.py") if not path.name.startswith("__")]
    missing = {path.relative_to(ROOT / "preflight").as_posix() for path in modules} - paths()
    assert sorted(missing) == []


def test_no_bullet_and_no_row_stands_twice() -> None:
    by_hand = GENERATED.sub("", PAGE)
    bullets = re.findall(r"^- \*\*(.+?)\*\*", by_hand, re.MULTILINE)
    rows = re.findall(r"^\| (?!---)(.+?) \|", by_hand, re.MULTILINE)
    assert bullets
    assert rows
    assert [name for name, count in Counter(bullets + rows).items() if count > 1] == []


def test_every_name_in_brackets_is_in_its_file() -> None:
    pairs = re.findall(r"`([\w./-]+\.py)` \(((?:`[\w.]+`(?:, )?)+)\)", PAGE)
    assert len(pairs) > 40
    missing = [
        (path, name)
        for path, names in pairs
        for name in re.findall(r"`([\w.]+)`", names)
        if not set(name.split(".")) <= defined(ROOT / "preflight" / path)
    ]
    assert missing == []


def defined(path: Path) -> set[str]:
    """The functions, classes and tables that a file defines."""
    text = path.read_text("utf-8")
    return set(re.findall(r"^ *(?:async )?(?:def|class) (\w+)", text, re.MULTILINE)) | set(
        re.findall(r"^(\w+)(?=: | = )", text, re.MULTILINE)
    )
