"""Running ``preflight`` as a user does, in a process of its own or, where there are many cases, in this one.

Every run is checked for the promises of all commands: no traceback, no secret in its output, and with
``--format json`` one JSON document on standard output or nothing.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from preflight.cli.run import run
from tests.support.processes import MEASUREMENT

FIXTURES = Path(__file__).parents[2] / "fixtures"
PICTURE = str(FIXTURES / "pictures" / "plain.png")
CLIP = str(FIXTURES / "clips" / "12-seconds.mp4")
"""A picture and a clip that are in order."""

KEY = "sk-canary-9f8e7d6c"
SIGNATURE = "CANARY5c1f"
SIGNED = f"X-Amz-Signature={SIGNATURE}"
"""A key, and a query string that signs a URL: no output may ever hold them."""

# Far more than any command takes: it only ends a test that would hang.
_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a command ended, and its output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def job(self) -> Any:
        """The one job of a report."""
        (job,) = self.json["jobs"]
        return job

    @property
    def subject(self) -> Any:
        """The one file of the one job."""
        (subject,) = self.job["subjects"]
        return subject

    def job_of(self, path: Path) -> Any:
        """The one job of that file, in a report over several."""
        (job,) = [job for job in self.json["jobs"] if job["path"] == str(path)]
        return job

    @property
    def rules(self) -> set[str]:
        return {finding["rule"] for job in self.json["jobs"] for finding in job["findings"]}

    def severities(self, *rules: str) -> dict[str, str]:
        """The severities of the findings, only those of ``rules`` if any are named."""
        found = {finding["rule"]: finding["severity"] for job in self.json["jobs"] for finding in job["findings"]}
        return {rule: severity for rule, severity in found.items() if not rules or rule in rules}

    def finding(self, rule: str) -> Any:
        """The one finding of ``rule``."""
        (finding,) = [each for job in self.json["jobs"] for each in job["findings"] if each["rule"] == rule]
        return finding


def preflight(
    *arguments: str | Path,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    encoding: str = "utf-8",
) -> Ran:
    """Run ``python -m preflight`` to its end, its three streams piped. ``env`` is added to a clean environment.

    ``encoding`` is that of its output.
    """
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(env),
        input=stdin,
        capture_output=True,
        timeout=_SECONDS,
        check=False,
    )
    return checked(
        arguments, Ran(code=done.returncode, out=done.stdout.decode(encoding), err=done.stderr.decode(encoding))
    )


def here(*arguments: str | Path) -> Ran:
    """The same without a process of its own, and with nothing to read on standard input."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = run([str(argument) for argument in arguments])
    return checked(arguments, Ran(code=int(code), out=out.getvalue(), err=err.getvalue()))


def check(*arguments: str | Path) -> Ran:
    """``preflight check --format json`` with these arguments, in this process."""
    return here("check", "--format", "json", *arguments)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "preflight", *map(str, arguments)]


def environment(more: Mapping[str, str] | None = None, *, measured: bool = False) -> dict[str, str]:
    """This process's environment without any setting of preflight or of colours, and with ``more``.

    ``measured``: the process measures its coverage, where this one's is measured.
    """
    ours = ("PREFLIGHT_", "GITHUB_", "CI", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS")
    return (
        {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        | (MEASUREMENT if measured else {})
        | dict(more or {})
    )


def checked(arguments: Sequence[str | Path], ran: Ran) -> Ran:
    """``ran``, which kept the promises of every command."""
    said = ran.out + ran.err
    assert "Traceback" not in said, said
    assert KEY not in said, "the key was printed"
    assert SIGNATURE not in said, f"a query string was printed: {said}"
    if "json" in arguments and ran.out:
        json.loads(ran.out)
    return ran
