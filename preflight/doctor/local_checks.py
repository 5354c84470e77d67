"""Checks of this machine: versions, packages, extras, MediaInfo, and the folders that preflight writes to."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from preflight.checking.mediainfo_facts import second_opinion
from preflight.doctor.checks import Check, CheckState
from preflight.errors import install_command
from preflight.model import SparseBytes
from preflight.redact import printable
from preflight.workers.pool import WorkerPool

_DISTRIBUTION = "media-preflight"
_REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)[^;]*(?:;.*\bextra == ['\"]([\w-]+)['\"])?")
_FOR_DEVELOPERS = frozenset({"dev", "docs"})
CLIP = Path(__file__).parent.parent / "sandbox" / "media" / "dance.mp4"
"""A small clip that comes with preflight."""
_ASK = (
    "import io, json, pymediainfo; "
    "said = pymediainfo.MediaInfo.parse(io.BytesIO(b''), output='JSON'); "
    "print(json.loads(said)['creatingLibrary']['version'])"
)
_SECONDS = 8.0
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def versions() -> Iterator[Check]:
    """preflight, Python, and the packages of the core."""
    yield Check(name="preflight", state=CheckState.OK, found=version(_DISTRIBUTION))
    python = (
        f"{platform.python_version()} ({platform.python_implementation()}, {platform.system()} {platform.machine()})"
    )
    yield Check(name="python", state=CheckState.OK, found=python)
    found = {name: _version(name) for name in _required().get(None, [])}
    missing = [name for name, number in found.items() if number is None]
    yield Check(
        name="packages",
        state=CheckState.FAIL if missing else CheckState.OK,
        found=_listed(found),
        fix=install_command(*missing) if missing else None,
    )


def extras() -> Iterator[Check]:
    """The optional parts, and the command that installs each."""
    for extra, names in _required().items():
        if extra is None or extra in _FOR_DEVELOPERS:
            continue
        found = {name: _version(name) for name in names}
        missing = [name for name, number in found.items() if number is None]
        yield Check(
            name=f"extra {extra}",
            state=CheckState.MISSING if missing else CheckState.OK,
            found=_listed(found),
            fix=install_command(f"{_DISTRIBUTION}[{extra}]") if missing else None,
        )


def _listed(found: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {number or 'is not installed'}" for name, number in found.items())


def _required() -> Mapping[str | None, list[str]]:
    """The requirements of the distribution, by extra; those of the core under ``None``."""
    names: dict[str | None, list[str]] = {}
    for text in requires(_DISTRIBUTION) or ():
        if found := _REQUIREMENT.match(text):
            names.setdefault(found[2], []).append(found[1])
    return names


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def library(command: Sequence[str] = (sys.executable, "-P", "-c", _ASK)) -> Iterator[Check]:
    """Load libmediainfo in its own process: a broken library may end the process that loads it."""
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        yield Check(name="mediainfo", state=CheckState.FAIL, found=f"not loaded: {type(error).__name__}", fix=_again())
        return
    if run.returncode == 0:
        yield Check(name="mediainfo", state=CheckState.OK, found=f"libmediainfo {run.stdout.strip()[:40]}")
    else:
        last = (run.stderr.strip().splitlines() or [f"exit code {run.returncode}"])[-1]
        yield Check(name="mediainfo", state=CheckState.FAIL, found=f"not loaded: {last[:200]}", fix=_again())


def cage(clip: Path = CLIP) -> Iterator[Check]:
    """Read a real clip in an isolated process, as ``preflight check`` does."""
    data, fetched, began = clip.read_bytes(), SparseBytes(), time.monotonic()
    fetched.add(0, data)
    with WorkerPool() as started:
        tracks = started.ask(fetched, len(data))
    opinion = second_opinion(tracks) if tracks else None
    if opinion is None or opinion.duration is None:
        found = "could not read preflight's test clip: clips get no second opinion"
        yield Check(name="cage", state=CheckState.FAIL, found=found, fix=_again())
        return
    spent = round((time.monotonic() - began) * 1000)
    yield Check(
        name="cage", state=CheckState.OK, found=f"read a clip ({opinion.container}) in {spent} ms, including the start"
    )


def ledger(find: Callable[[], Path]) -> Iterator[Check]:
    """Whether the ledger can be written: the file if it exists, else a new one in the nearest existing folder."""
    try:
        path = find()
        problem = _problem(path)
    except (OSError, RuntimeError, ValueError) as error:  # no home folder, or no permission to read it
        path, problem = None, f"cannot be found: {getattr(error, 'strerror', None) or error}"
    shown = printable(str(path)) if path is not None else "its file"
    if problem is None:
        yield Check(name="ledger", state=CheckState.OK, found=shown)
        return
    yield Check(
        name="ledger",
        state=CheckState.FAIL,
        found=f"{shown} {problem}",
        fix="set PREFLIGHT_LEDGER to another path, or make this one writable",
    )


def _problem(path: Path) -> str | None:
    if path.exists():
        if not path.is_file():
            return "is not a file"
        return None if os.access(path, os.R_OK | os.W_OK) else "cannot be read and written"
    folder = next((above for above in path.absolute().parents if above.exists()), Path(path.anchor))
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return None
    return f"cannot be created: {printable(str(folder))} is not a writable folder"


def proxies(environment: Mapping[str, str]) -> Iterator[Check]:
    """Proxies from the environment. Their values may contain a password and are not shown."""
    names = [name for proxy in _PROXIES for name in (proxy, proxy.upper()) if environment.get(name)]
    if not names:
        yield Check(name="proxies", state=CheckState.OK, found="none set")
        return
    used = any(name.lower() != "http_proxy" for name in names)
    found = "the API is reached through it, unless NO_PROXY names the API" if used else "not used: the API speaks https"
    yield Check(
        name="proxies",
        state=CheckState.NOTE,
        found=f"{', '.join(names)} set: {found}; images and videos are read without it",
        fix="set NO_PROXY to reach the API without a proxy" if used else "set HTTPS_PROXY to reach the API through it",
    )


def _again() -> str:
    return f"install its package again: {install_command('--force-reinstall', 'pymediainfo')}"
