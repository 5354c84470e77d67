"""The pytest plugin in a package of somebody else's, and its cost where nobody uses it."""

from __future__ import annotations

import json
import re
import site
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.command import environment

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "testing.md"

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "somebodys-renderer"
version = "1.0"
dependencies = ["media-preflight"]
"""
MODULE = '''
"""A package that prices a job and sends it."""

from preflight import Client, check


def render(job, key, url, options):
    report = check(job, options=options)
    with Client(key, base_url=url) as client:
        return report.quote.credits, client.wait(client.create_task(job)).outputs
'''
TESTS = """
from pathlib import Path
from sysconfig import get_path

import preflight
import pytest
import somebodys_renderer
from preflight import InsufficientCredits


def job(media):
    files = {"input_urls": [media.picture(600, 800, container="JPEG")], "video_urls": [media.clip("10.02")]}
    return {"model": "kling-v3-motion-control", "input": files}


def test_it_renders(preflight_sandbox, preflight_media):
    sandbox, media = preflight_sandbox, preflight_media
    credits, outputs = somebodys_renderer.render(job(media), sandbox.key, sandbox.url, media.options)
    assert credits == 330
    assert outputs[0].startswith(sandbox.url)
    assert sandbox.balance == 10_000 - 330
    assert [(task.status, task.seconds) for task in sandbox.tasks] == [("completed", "501/50")]
    assert sandbox.requests["create"] == 1
    assert {request.range for request in media.requests} == {"bytes=0-65535"}


@pytest.mark.preflight_sandbox(credits=100)
def test_the_account_is_empty(preflight_sandbox, preflight_media):
    with pytest.raises(InsufficientCredits):
        somebodys_renderer.render(
            job(preflight_media), preflight_sandbox.key, preflight_sandbox.url, preflight_media.options
        )
    assert preflight_sandbox.tasks == ()


def test_everything_is_of_this_environment():
    here = Path(get_path("purelib"))
    assert here in Path(preflight.__file__).parents
    assert here in Path(somebodys_renderer.__file__).parents
"""


def run(command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> str:
    ran = subprocess.run(
        command,
        cwd=folder,
        env=env or environment(measured=True),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_a_package_uses_it_in_an_environment_of_its_own(tmp_path: Path) -> None:
    package, wheels, new = tmp_path / "package", tmp_path / "wheels", tmp_path / "new"
    (package / "somebodys_renderer").mkdir(parents=True)
    (package / "tests").mkdir()
    (package / "pyproject.toml").write_text(PROJECT)
    (package / "somebodys_renderer" / "__init__.py").write_text(MODULE)
    (package / "tests" / "test_renderer.py").write_text(TESTS)
    for source in (ROOT, package):
        run([sys.executable, "-m", "hatchling", "build", "--directory", str(wheels), "--target", "wheel"], source)
    run([sys.executable, "-m", "venv", "--without-pip", str(new)], tmp_path)
    python = str(new / "bin" / "python")
    folder = Path(run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], tmp_path).strip())
    # What preflight and pytest require comes from the environment of this test: nothing is downloaded.
    (folder / "zz_outer.pth").write_text(f"import site; site.addsitedir({site.getsitepackages()[0]!r})\n")
    built = [str(wheel) for wheel in sorted(wheels.glob("*.whl"))]
    assert len(built) == 2
    run([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", *built], tmp_path)
    said = run([python, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"], package / "tests")
    assert "3 passed" in said


COUNTING = """
import json, sys


def pytest_sessionfinish():
    with open("modules.json", "w") as file:
        json.dump(sorted(sys.modules), file)
"""


def loaded(folder: Path, *options: str) -> set[str]:
    run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options], folder, environment())
    return set(json.loads((folder / "modules.json").read_text()))


def test_those_who_do_not_use_it_load_four_small_modules_and_no_library(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(COUNTING)
    (tmp_path / "test_other.py").write_text("def test_other():\n    assert True\n")
    mine = {"preflight", "preflight.lazy", "preflight.testing", "preflight.testing.pytest_plugin"}
    for option in ("--collect-only", "--fixtures", "--verbose"):
        with_it, without = loaded(tmp_path, option), loaded(tmp_path, option, "-p", "no:preflight")
        assert with_it - without == mine, option


def test_the_fixtures_and_the_marker_say_what_they_are(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    assert "@pytest.mark.preflight_sandbox(credits=" in run([*command, "--markers"], tmp_path)
    fixtures = run([*command, "--fixtures"], tmp_path)
    for name in ("preflight_sandbox", "preflight_media"):
        text = fixtures.partition(f"{name} -- ")[2].splitlines()[1]
        assert text.startswith("    A s"), text


def test_the_examples_of_the_page_pass(tmp_path: Path) -> None:
    examples = re.findall(r"^```python (test_\w+\.py)\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(examples) == 3
    for name, text in examples:
        (tmp_path / name).write_text(text)
    said = run([sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"], tmp_path)
    assert "3 passed" in said


@pytest.mark.parametrize(
    "wrong", ["crdits=1", "speed=0", "faults=['no-such-fault']", "credits='many'", "360", "faults=[7]"]
)
def test_a_wrong_option_of_the_marker_is_named(wrong: str, tmp_path: Path) -> None:
    test = f"import pytest\n\n@pytest.mark.preflight_sandbox({wrong})\ndef test_it(preflight_sandbox):\n    pass\n"
    (tmp_path / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 1
    assert re.search("UsageError: @pytest.mark.preflight_sandbox", ran.stdout), ran.stdout
