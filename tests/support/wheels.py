"""A folder of wheels to install from, made of the packages installed here: so pip needs no package index."""

from __future__ import annotations

import os
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def environment(folder: Path) -> dict[str, str]:
    """Settings that make pip and uv install from ``folder`` alone, whatever this machine is set up for."""
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_FIND_LINKS": str(folder),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_NO_CONFIG": "1",
        "UV_FIND_LINKS": str(folder),
        "UV_NO_INDEX": "1",
        "UV_OFFLINE": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def requirements(name: str) -> list[str]:
    """The names that the distribution ``name`` requires, its extras left out."""
    return [need.name for need in map(Requirement, distribution(name).requires or ()) if _applies(need)]


def collect(folder: Path, *names: str) -> None:
    """Wheels of the distributions ``names`` and of all they require, into ``folder``."""
    done: set[str] = set()
    waiting = list(names)
    while waiting:
        found = distribution(waiting.pop())
        if found.name not in done:
            done.add(found.name)
            repack(found, folder)
            waiting += requirements(found.name)


def repack(installed: Distribution, folder: Path) -> Path:
    """The wheel that ``installed`` came from, its scripts left out: they are made again from its entry points."""
    tags = [line.partition(": ")[2] for line in (installed.read_text("WHEEL") or "").splitlines() if "Tag:" in line]
    name = installed.name.replace("-", "_")
    wheel = folder / f"{name}-{installed.version}-{_joined(tags)}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as archive:
        for file in installed.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:
                archive.write(str(file.locate()), str(file))
    return wheel


def _joined(tags: list[str]) -> str:
    """The tags of a wheel as its name has them: ``cp311-cp311-manylinux_2_28_x86_64.manylinux_2_27_x86_64``."""
    parts = zip(*(tag.split("-") for tag in tags), strict=True)
    return "-".join(".".join(dict.fromkeys(part)) for part in parts)


def _applies(need: Requirement) -> bool:
    return need.marker is None or need.marker.evaluate({"extra": ""})
