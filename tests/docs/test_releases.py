"""The parts of a release: one version, archives without stray files, a description that shows, and one address."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import preflight

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VERSION = preflight.__version__
USE_THE_ADDRESS = {"docs/github.md", "docs/releasing.md", "pyproject.toml"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both archives, as the workflow builds them."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return folder


def tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, timeout=60).stdout
    return {name for name in listed.decode("utf-8", "surrogateescape").split("\0") if name}


def test_the_version_is_in_one_place() -> None:
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "preflight/__init__.py"
    others = [path for path in (ROOT / "preflight").rglob("*.py") if f'"{VERSION}"' in path.read_text("utf-8")]
    assert others == [ROOT / "preflight/__init__.py"]


def test_the_wheel_holds_the_package_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    info = f"media_preflight-{VERSION}.dist-info"
    names = set(zipfile.ZipFile(wheel).namelist())
    about = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    assert names - about == {name for name in tracked() if name.startswith("preflight/")}
    assert about <= names


def test_the_source_archive_holds_files_of_the_repository_only(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        names = {member.name.partition("/")[2] for member in tar.getmembers() if member.isfile()}
    assert names - {"PKG-INFO"} <= tracked()
    assert {"action.yml", "Containerfile", ".github/workflows/release.yml", "LICENSE", "tests/conftest.py"} <= names


def test_the_description_can_be_shown(built: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_pages_that_name_the_repository_are_known() -> None:
    """Its address is a placeholder until there is one: these have to change with it."""
    address = PROJECT["tool"]["addresses"]["repository"]
    texts = [name for name in tracked() if re.fullmatch(r"docs/[\w-]+\.md|[\w.-]+\.(?:md|toml|yml)|\.github/.*", name)]
    assert {name for name in texts if address in (ROOT / name).read_text("utf-8")} == USE_THE_ADDRESS


def test_the_container_file_passes_its_linter() -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([program, "Containerfile"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_container_copies_what_the_build_of_the_wheel_needs() -> None:
    """A file that pyproject.toml names and the image lacks would stop the build, which needs a registry to be tried."""
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Containerfile").read_text("utf-8"), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert all((ROOT / name).exists() for name in names)
    assert {"pyproject.toml", "preflight", PROJECT["project"]["readme"], "LICENSE"} <= names


def test_the_container_runs_preflight_without_root() -> None:
    lines = (ROOT / "Containerfile").read_text("utf-8").splitlines()
    last = [line.split(" ", 1) for line in lines if re.match(r"(USER|ENTRYPOINT|FROM) ", line)]
    assert dict(last)["ENTRYPOINT"] == '["preflight"]'
    assert dict(last)["USER"] not in ("0", "root")
    assert all("-slim" in given for name, given in last if name == "FROM")
