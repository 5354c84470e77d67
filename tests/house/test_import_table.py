"""Who may import whom: the layers of docs/architecture.md, held against the code's own import statements."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "preflight"

# A module belongs to the longest prefix that fits, and may import what is listed, besides itself.
FOUNDATION = {"bounded_file", "errors", "lazy", "model", "redact"}
TABLE: dict[str, set[str]] = {
    "bounded_file": set(),
    "lazy": set(),
    "errors": set(),
    "redact": {"lazy"},
    "model": {"errors", "lazy", "redact"},
    "tls": {"errors"},
    "tracing": {"redact"},
    "specs": FOUNDATION,
    "units": FOUNDATION | {"specs"},
    "pricing": FOUNDATION | {"specs", "units"},
    "jobfiles": FOUNDATION | {"specs", "workers"},
    "sources": FOUNDATION | {"tls"},
    "probes": FOUNDATION,
    "workers": FOUNDATION,
    "rules": FOUNDATION | {"specs", "pricing", "units"},
    "client": FOUNDATION | {"tls", "tracing"},
    "settings": FOUNDATION | {"specs", "rules", "sources"},
    "targets": FOUNDATION | {"lazy", "specs", "jobfiles", "sources"},
    "checking": FOUNDATION
    | {"specs", "units", "pricing", "sources", "probes", "workers", "rules", "settings", "targets", "tracing"},
    "ledger": FOUNDATION | {"specs", "units", "checking"},
    "submit": FOUNDATION | {"client", "ledger", "specs"},
    "callbacks": FOUNDATION | {"client", "ledger", "submit"},
    "upload": FOUNDATION | {"specs", "sources", "probes", "checking"},
    "fix": FOUNDATION | {"specs", "pricing", "rules", "workers", "probes", "sources", "targets", "checking"},
    "diff": FOUNDATION | {"tls", "specs", "jobfiles", "pricing", "units", "targets", "checking"},
    "doctor": FOUNDATION | {"client", "workers", "checking"},
    "scaffold": FOUNDATION | {"specs"},
    "api": FOUNDATION | {"specs", "jobfiles", "targets", "checking", "fix", "client", "ledger", "submit", "tracing"},
    "render": FOUNDATION
    | {"specs", "pricing", "units", "rules", "checking", "client", "ledger", "submit", "fix", "settings", "doctor"}
    | {"upload", "diff"},
    "sandbox": FOUNDATION | {"probes", "sources", "client", "callbacks", "specs"},
    "testing": FOUNDATION | {"checking", "client", "sandbox", "sources"},
    "runs": FOUNDATION
    | {"specs", "units", "pricing", "jobfiles", "sources", "settings", "targets", "rules", "checking", "render"}
    | {"client", "ledger", "submit", "upload"},
    "agents": FOUNDATION
    | {"specs", "rules", "targets", "checking", "fix", "client", "ledger", "submit", "upload", "render"},
    "ui": FOUNDATION
    | {"specs", "units", "pricing", "jobfiles", "sources", "targets", "rules", "checking", "fix", "upload", "render"}
    | {"client", "ledger", "submit", "callbacks", "runs"},
    "cli": {"*"},
    "__init__": {"*"},
    "__main__": {"cli"},
}
THIRD_PARTY: dict[str, set[str]] = {
    "PIL": {"probes", "fix", "testing", "workers"},
    "pillow_heif": {"fix", "workers"},
    "av": {"fix", "workers"},
    "pymediainfo": {"workers"},
    "simplejpeg": {"workers"},
    "obstore": {"upload"},
    "opentelemetry": {"tracing"},
    "certifi": {"tls"},
    "h11": {"sources"},
    "truststore": {"tls"},
    "httpx2": {"client", "diff", "sandbox", "testing"},
    "jsonschema": {"agents"},
    "mcp": {"agents"},
    "mcp_types": {"agents"},
    "anyio": {"agents"},
    "yaml": {"jobfiles"},
    "pyarrow": {"jobfiles", "runs"},
    "fsspec": {"jobfiles", "runs"},
    "pathspec": {"targets"},
    "pytest": {"testing"},
    "ray": {"runs"},
    "rich": {"render", "cli"},
    "jinja2": {"render", "ui"},
    "junitparser": {"render"},
    "markupsafe": {"render"},
    "pygal": {"render"},
    "click": {"cli"},
    "rich_click": {"cli"},
    "platformdirs": {"cli"},
    "sqlite3": {"jobfiles", "ledger", "sandbox", "runs"},
    "starlette": {"sandbox", "ui"},
    "uvicorn": {"sandbox", "callbacks", "ui"},
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
    # The pool takes the key out of the environment; tls reads what OpenSSL itself reads.
    if room_of(path) in ("cli", "__main__", "tls") or path.name == "pool.py":
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "input", "exit"), f"line {node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in (("os", "environ"), ("os", "getenv"), ("sys", "exit"))


def test_errors_import_nothing_of_the_package() -> None:
    assert not {name for name in imports_of(PACKAGE / "errors.py") if name.startswith("preflight")}


def imported_modules(path: Path) -> set[str]:
    """The modules of the package that ``path`` imports anywhere, in functions and for annotations, too."""
    known = {module_name(each): each for each in modules()}
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "preflight":
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                found.add(name if name in known else node.module)
    return found & set(known)


def module_name(path: Path) -> str:
    return ".".join(("preflight", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def a_cycle(edges: dict[str, set[str]]) -> list[str]:
    """One cycle of ``edges``, or nothing."""
    done: set[str] = set()

    def visit(node: str, way: list[str]) -> list[str]:
        if node in way:
            return [*way[way.index(node) :], node]
        if node in done:
            return []
        for following in sorted(edges.get(node, ())):
            if found := visit(following, [*way, node]):
                return found
        done.add(node)
        return []

    return next((found for node in sorted(edges) if (found := visit(node, []))), [])


def test_no_files_import_each_other_in_a_circle() -> None:
    edges = {module_name(path): imported_modules(path) - {module_name(path)} for path in modules()}
    # The public face loads its names when they are first used: it is below nothing.
    assert a_cycle({name: found - {"preflight"} for name, found in edges.items() if name != "preflight"}) == []


def test_no_rooms_import_each_other_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for path in modules():
        room = room_of(path)
        edges.setdefault(room, set()).update(
            name.split(".")[1] for name in imported_modules(path) if "." in name and name.split(".")[1] != room
        )
    assert a_cycle({name: found for name, found in edges.items() if name != "__init__"}) == []


def test_no_file_name_stands_twice() -> None:
    commands = {path.name for path in (PACKAGE / "cli" / "commands").glob("*.py")}
    names = [path.name for path in modules() if path.name not in commands | {"__init__.py", "limits.py"}]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_the_top_of_the_package_is_not_crowded() -> None:
    assert len(list(PACKAGE.glob("*.py"))) <= 10


def test_no_folder_is_crowded() -> None:
    folders = {path.parent for path in modules()}
    assert {str(folder.relative_to(PACKAGE)) for folder in folders if len(list(folder.glob("*.py"))) > 30} == set()


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_has_at_most_300_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300
