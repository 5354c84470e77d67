"""What the layer may load, and when."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import preflight.sources

FILES = sorted(Path(preflight.sources.__file__).parent.glob("*.py"))
DEAR = {"httpx2", "h11", "asyncio", "ssl", "certifi"}


@pytest.mark.parametrize("module", ["preflight.sources.local", "preflight.sources.url"])
def test_local_files_and_urls_are_looked_at_without_loading_a_network(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({DEAR!r} & set(sys.modules)))"

    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.split() == []


def test_urls_are_read_without_loading_httpx() -> None:
    code = "import sys, preflight.sources.remote, preflight.sources.download; print('httpx2' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


@pytest.mark.parametrize(
    ("target", "unneeded"),
    [
        ("pictures/plain.png", {"video", "quote", "job", "address"}),
        ("clips/fast-start.mp4", {"job", "address"}),
    ],
)
def test_a_local_file_loads_only_the_data_classes_that_it_fills(target: str, unneeded: set[str]) -> None:
    code = (
        "import sys; from preflight.cli.run import run; run(['check', '-q', sys.argv[1]]);"
        f"print(*{unneeded!r} & {{name.removeprefix('preflight.model.') for name in sys.modules}})"
    )
    file = Path(preflight.sources.__file__).parents[2] / "fixtures" / target

    assert subprocess.check_output([sys.executable, "-c", code, file], text=True).strip() == ""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_layer_imports_the_model_and_the_standard_library_and_one_module_h11(path: Path) -> None:
    modules = {
        name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    ours = {name for name in modules if name.startswith("preflight")}
    foreign = {name.partition(".")[0] for name in modules - ours} - sys.stdlib_module_names

    assert foreign <= ({"h11"} if path.name == "connection.py" else set())
    allowed = (
        "preflight.errors",
        "preflight.lazy",
        "preflight.model",
        "preflight.redact",
        "preflight.sources",
        "preflight.tls",
    )
    assert all(name.startswith(allowed) for name in ours)
