"""The programs and libraries that preflight is compared with: which are here, in which version, how to get the others.

``python bench/peers.py`` installs the missing ones: programs with apt-get, if this is Debian and the user is root; the
libraries into ``bench/.peers``, which is nobody else's. Peers that cannot be had are named, here and in every result.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).with_name(".peers")
PYTHON = FOLDER / "python"
NODE = FOLDER / "node_modules"
_SECONDS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """``version`` says which one is here, ``None`` if none is. ``package`` is its name to the installer ``via``."""

    name: str
    via: str
    package: str
    version: Callable[[], str | None]


def _said_by(program: str, argument: str, word: int) -> Callable[[], str | None]:
    """The version in a program's own first line that ends in one, at that place."""

    def version() -> str | None:
        if shutil.which(program) is None:
            return None
        said = subprocess.run([program, argument], capture_output=True, text=True, check=False, timeout=_SECONDS).stdout
        lines = [line.split() for line in said.splitlines() if any(mark.isdigit() for mark in line)]
        return lines[0][word].lstrip("v") if lines and len(lines[0]) > word else "of unknown version"

    return version


def _in_python(name: str) -> Callable[[], str | None]:
    def version() -> str | None:
        found = next(iter(metadata.distributions(name=name, path=[str(PYTHON), *sys.path])), None)
        return found.version if found else None

    return version


def _in_node(name: str) -> Callable[[], str | None]:
    def version() -> str | None:
        manifest = NODE / name / "package.json"
        return json.loads(manifest.read_text("utf-8"))["version"] if manifest.exists() else None

    return version


PEERS = tuple(
    Peer(name=name, via=via, package=package, version=version)
    for name, via, package, version in (
        ("ffprobe", "apt-get", "ffmpeg", _said_by("ffprobe", "-version", 2)),
        ("mediainfo", "apt-get", "mediainfo", _said_by("mediainfo", "--version", 2)),
        ("node", "apt-get", "nodejs", _said_by("node", "--version", 0)),
        ("npm", "apt-get", "npm", _said_by("npm", "--version", 0)),
        ("mediabunny", "npm", "mediabunny", _in_node("mediabunny")),
        ("probe-image-size", "npm", "probe-image-size", _in_node("probe-image-size")),
        ("imagesize", "pip", "imagesize", _in_python("imagesize")),
        ("PyAV", "pip", "av", _in_python("av")),
        ("pymediainfo", "pip", "pymediainfo", _in_python("pymediainfo")),
        ("Pillow", "pip", "pillow", _in_python("pillow")),
        ("httpx", "pip", "httpx", _in_python("httpx")),
        ("click", "pip", "click", _in_python("click")),
    )
)


def versions() -> dict[str, str | None]:
    """The version of every peer, ``None`` for those that are missing."""
    return {peer.name: peer.version() for peer in PEERS}


def named(names: Sequence[str]) -> str:
    """Those peers with their versions: ``ffprobe 5.1.6, PyAV 14.0.0``."""
    found = versions()
    return ", ".join(f"{name} {found[name] or 'missing'}" for name in names)


def use_python_peers() -> None:
    """Make the installed libraries importable, after everything that preflight itself uses."""
    if str(PYTHON) not in sys.path:
        sys.path.append(str(PYTHON))


def install() -> None:
    """Install the missing peers, and name those that cannot be had."""
    for via, installer in (("apt-get", _apt), ("npm", _npm), ("pip", _pip)):
        wanted = [peer for peer in PEERS if peer.via == via and peer.version() is None]
        problem = installer([peer.package for peer in wanted]) if wanted else None
        for peer in wanted:
            if peer.version() is None:
                print(f"missing: {peer.name}: {problem or f'{via} did not install {peer.package}'}")
    print(", ".join(f"{name} {version}" for name, version in versions().items() if version))


def _apt(packages: list[str]) -> str | None:
    if shutil.which("apt-get") is None or os.geteuid():
        return f"needs root on Debian: apt-get install {' '.join(packages)}"
    return _run(["apt-get", "update", "--quiet"]) or _run(["apt-get", "install", "--quiet", "--yes", *packages])


def _npm(packages: list[str]) -> str | None:
    if shutil.which("npm") is None:
        return "needs npm"
    FOLDER.mkdir(exist_ok=True)
    return _run(["npm", "install", "--prefix", str(FOLDER), "--no-package-lock", "--no-audit", "--no-fund", *packages])


def _pip(packages: list[str]) -> str | None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]
    return _run([*command, str(PYTHON), *packages])


def _run(command: list[str]) -> str | None:
    """The error."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command[0]}: {error}"
    return None if done.returncode == 0 else f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-300:]}"


if __name__ == "__main__":
    install()
