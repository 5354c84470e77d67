"""Who may import whom: the layers of docs/architecture.md, held against the code's own import statements."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "preflight"

# A module belongs to the longest prefix that fits, and may import what is listed, besides itself.
MODEL = {"errors", "model"}
TABLE: dict[str, set[str]] = {
    "errors": {"model"},  # for annotations only: see test_errors_import_nothing_at_run_time
    "model": MODEL,
    "specs": MODEL,
    "redact": set(),
    "rounding": MODEL | {"specs"},
    "pricing": MODEL | {"specs", "rounding"},
    "jobfiles": MODEL | {"redact"},
    "sources": MODEL | {"redact"},
    "probes": MODEL,
    "rules": MODEL | {"specs", "pricing", "redact"},
    "client": MODEL,
    "identity": MODEL | {"specs", "sources"},
    "ledger": MODEL | {"specs", "redact", "rounding", "identity"},
    "opinion": MODEL | {"specs", "probes"},
    "slots": MODEL | {"sources"},
    "options": MODEL | {"specs", "redact", "baseline", "settings", "sources"},
    "examine": MODEL | {"specs", "sources", "probes", "opinion", "redact", "slots"},
    "patterns": MODEL | {"redact"},
    "settings": MODEL | {"redact", "specs", "rules", "sources"},
    "baseline": MODEL | {"redact"},
    "selection": MODEL | {"rules", "settings", "patterns", "baseline"},
    "engine": MODEL
    | {"specs", "redact", "sources", "rules", "pricing", "examine", "identity", "selection", "options", "slots"},
    "targets": MODEL | {"specs", "redact", "jobfiles", "slots", "options", "patterns"},
    "fix": MODEL | {"specs", "pricing", "redact", "probes", "engine", "options", "slots", "targets"},
    "doctor": MODEL | {"probes", "client", "redact"},
    "hooks": set(),
    "scaffold": MODEL | {"specs", "hooks"},
    "calibration": MODEL | {"specs", "rounding", "ledger"},
    "settling": MODEL | {"client", "ledger"},
    "recheck": MODEL,
    "submit": MODEL | {"client", "ledger", "settling"},
    "callbacks": MODEL | {"client", "ledger", "settling"},
    "api": MODEL | {"specs", "jobfiles", "engine", "options"},
    "render": MODEL
    | {"specs", "pricing", "rounding", "redact", "rules", "client", "ledger", "calibration", "submit", "fix"},
    "sandbox": MODEL | {"probes", "sources", "client"},
    "cli": {"*"},
    "__init__": {"*"},
    "__main__": {"cli"},
}
THIRD_PARTY: dict[str, set[str]] = {
    "PIL": {"probes", "fix"},
    "pillow_heif": {"fix"},
    "av": {"fix"},
    "pymediainfo": {"probes"},
    "simplejpeg": {"probes"},
    "aiohttp": {"sources"},
    "certifi": {"sources"},
    "yarl": {"sources"},
    "httpx": {"client", "sandbox"},
    "yaml": {"jobfiles"},
    "pathspec": {"patterns"},
    "rich": {"render", "cli"},
    "junitparser": {"render"},
    "click": {"cli"},
    "platformdirs": {"cli"},
    "sqlite3": {"ledger", "sandbox"},
    "starlette": {"sandbox"},
    "uvicorn": {"sandbox", "callbacks"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            found |= {f"{module}.{alias.name}" if module == "preflight" else module for alias in node.names}
    return found


def test_every_room_has_its_row() -> None:
    assert {room_of(path) for path in modules()} == set(TABLE)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_row_allows(path: Path) -> None:
    room = room_of(path)
    for name in imports_of(path):
        first, _, rest = name.partition(".")
        if first == "preflight" and rest:
            target = rest.split(".")[0]
            assert target == room or target in TABLE[room] or "*" in TABLE[room], f"{room} imports {name}"
        elif first in THIRD_PARTY:
            assert room in THIRD_PARTY[first], f"{room} imports {first}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_command_line_prints_exits_or_reads_the_environment(path: Path) -> None:
    if room_of(path) in ("cli", "__main__") or path.name == "cage.py":  # which takes the key out of it
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "input", "exit"), f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in (("os", "environ"), ("os", "getenv"), ("sys", "exit"))


def test_errors_import_nothing_at_run_time() -> None:
    tree = ast.parse((PACKAGE / "errors.py").read_text("utf-8"))
    run_time = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {getattr(node, "module", None) for node in run_time} == {"__future__", "typing"}
