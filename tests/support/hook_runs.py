"""pre-commit and prek as users run them: one repository that offers the hooks, one environment for each, many runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import wheels
from tests.support.command import environment

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(sys.executable).parent
RUNNERS = {"pre-commit": [sys.executable, "-m", "pre_commit"], "prek": [str(SCRIPTS / "prek")]}
_OFFERED = ("preflight", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")
_BUILT_WITH = "hatchling"
_REPAIRS = ("av", "pillow-heif")
_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A git repository with the hooks of this checkout, at ``rev``; ``home`` is what the runners keep and share."""

    path: Path
    rev: str
    home: Path

    @classmethod
    def prepared(cls, folder: Path) -> Offer:
        """Made in ``folder``, or found there: several processes of one test run may ask, and share the environments."""
        folder.mkdir(parents=True, exist_ok=True)
        path, wheelhouse = folder / "preflight", folder / "wheels"
        with _alone_in(folder):
            if not path.exists():
                wheelhouse.mkdir()
                wheels.collect(wheelhouse, _BUILT_WITH, *wheels.requirements("media-preflight"), *_REPAIRS)
                for name in _OFFERED:
                    _copy(ROOT / name, path / name)
                git(path, "init", "--quiet")
                git(path, "add", "--all")
                git(path, "commit", "--quiet", "--message", "Offer the hooks")
        return cls(path=path, rev=git(path, "rev-parse", "HEAD").strip(), home=folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """How a run of hooks ended, and its output."""

    code: int
    text: str


class Repository:
    """A user's git repository in ``folder``, whose files are all known to git."""

    def __init__(self, folder: Path, offer: Offer, runner: str) -> None:
        self.folder = folder
        self._offer = offer
        self._runner = RUNNERS[runner]
        git(folder, "init", "--quiet")

    def add(self, name: str, content: bytes | Path) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.read_bytes() if isinstance(content, Path) else content)

    def use(self, hook: str, *arguments: str) -> None:
        """Have a configuration that names the hook at its repository; without ``arguments``, with the hook's own."""
        args = f"        args: [{', '.join(arguments)}]\n" if arguments else ""
        self.add(
            ".pre-commit-config.yaml",
            f"repos:\n  - repo: {self._offer.path}\n    rev: {self._offer.rev}\n    hooks:\n"
            f"      - id: {hook}\n{args}".encode(),
        )

    def run(self, *arguments: str) -> Hooked:
        """The runner over all files."""
        git(self.folder, "add", "--all")
        return self._ran([*self._runner, "run", "--all-files", *arguments])

    def install(self, *arguments: str) -> Hooked:
        return self._ran([*self._runner, "install", *arguments])

    def push(self, *arguments: str) -> Hooked:
        """``git push``, with whatever hooks are installed."""
        return self._ran(["git", "push", *arguments])

    def commit(self) -> Hooked:
        """``git commit`` of everything, with whatever hooks are installed."""
        git(self.folder, "add", "--all")
        return self._ran(["git", "commit", "--message", "Add files"])

    def _ran(self, command: Sequence[str]) -> Hooked:
        home = self._offer.home
        run = subprocess.run(
            command,
            cwd=self.folder,
            env=_environment() | wheels.environment(home / "wheels") | {
                "PRE_COMMIT_HOME": str(home / "pre-commit"),
                "PREK_HOME": str(home / "prek"),
                "UV_CACHE_DIR": str(home / "uv"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )  # fmt: skip
        text = run.stdout.decode()
        assert "Traceback" not in text, text
        return Hooked(code=run.returncode, text=text)


def git(folder: Path, *arguments: str) -> str:
    """The output of git, run as a user without settings."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=_environment(), check=True, capture_output=True, text=True
    ).stdout


def _environment() -> dict[str, str]:
    """Without the variables that git sets for the hooks that it runs: these tests may be run from one."""
    kept = {name: value for name, value in environment().items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _SOMEBODY}
    return kept | who | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
    }  # fmt: skip


_SOMEBODY = (("NAME", "Somebody"), ("EMAIL", "somebody@example.com"), ("DATE", "2026-11-22T12:00:00Z"))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy(origin: Path, target: Path) -> None:
    if origin.is_dir():
        shutil.copytree(origin, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(origin, target)
