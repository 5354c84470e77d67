"""``preflight demo``: an end-to-end run against a sandbox of its own."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
from decimal import Decimal
from pathlib import Path

import click

from preflight.cli.exit_codes import Exit
from preflight.cli.printing.output import emit

_KEY = "sk-sandbox-demo"
_JOB = """\
model: kling-v3-motion-control
input:
  input_urls: [{media}/{image}]
  video_urls: [{media}/{video}]
  mode: 720p
  prompt: The character performs the dance.
"""


@click.command("demo")
def command() -> int:
    """Run the end-to-end demo on a local sandbox: check, price, submit, wait, download.

    \b
    preflight demo
    """
    import tempfile

    from preflight.sandbox import Options, serve, serve_media  # an extra
    from preflight.sandbox.config import RESULT
    from preflight.sandbox.measure import probe_image, probe_seconds  # loads asyncio

    options = Options(prober=probe_seconds, image_prober=probe_image, speed=200.0)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="preflight-demo-")))
        media = stack.enter_context(serve_media(RESULT.parent))
        api = stack.enter_context(serve(options))
        (folder / "preflight.toml").touch()  # keeps the user's own settings out
        (folder / "bad.yaml").write_text(_JOB.format(media=media, image="renamed.png", video="too-long.mp4"), "utf-8")
        (folder / "good.yaml").write_text(_JOB.format(media=media, image="character.png", video="dance.mp4"), "utf-8")
        return _Tour(folder, media, api).walk()


class _Tour:
    """The steps. Each is the real command in its own process, with its output shown at once."""

    def __init__(self, folder: Path, media: str, api: str) -> None:
        self._folder = folder
        self._allow = ["--allow-host", media.removeprefix("http://")]
        self._service = ["--api-url", api]
        # A separate ledger: payments in the sandbox do not belong in the user's.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFLIGHT_")}
        self._environment = {
            **kept,
            "PREFLIGHT_API_KEY": _KEY,
            "PREFLIGHT_LEDGER": str(folder / "ledger.db"),
            "PREFLIGHT_CONFIG": str(folder / "preflight.toml"),
        }

    def walk(self) -> int:
        self._say("A job with two mistakes. preflight finds them before you pay:")
        self._run(Exit.FAIL, "check", "bad.yaml", *self._allow)
        self._say("The same job with correct files:")
        self._run(Exit.PASS, "check", "good.yaml", *self._allow)
        self._say("The price in every mode:")
        self._run(Exit.PASS, "estimate", "good.yaml", *self._allow)
        before = self._balance()
        self._say("Submit it, wait, and download the result (in a sandbox: no real credits are spent):")
        submitted = self._run(
            Exit.PASS, "submit", "good.yaml", "--yes", "--download", "results", *self._allow, *self._service
        )
        after = self._balance()
        results = sorted((self._folder / "results").glob("*"))
        self._say(f"The balance went from {before} to {after} credits: {before - after} were charged.")
        for result in results:
            self._say(f"The result is {result.name}, {result.stat().st_size} bytes.")
        self._say("Try the same in the browser, free as well: preflight ui --sandbox")
        return Exit.PASS if submitted and results and after < before else Exit.BUG

    def _say(self, text: str) -> None:
        _print(f"\n# {text}", bold=True)

    def _run(self, expected: Exit, *arguments: str) -> bool:
        import subprocess

        _print(f"$ preflight {shlex.join(arguments)}", fg="cyan")
        sys.stdout.flush()
        code = subprocess.run(_command(*arguments), cwd=self._folder, env=self._environment, check=False).returncode
        _print(f"(exit code {code})", dim=True)
        if code != expected:
            raise click.ClickException(f"exit code {code} where {int(expected)} was expected")
        return True

    def _balance(self) -> Decimal:
        import subprocess

        run = subprocess.run(
            _command("credits", *self._service), env=self._environment, check=True, capture_output=True, text=True
        )
        return Decimal(run.stdout.split()[0])


def _print(text: str, *, fg: str | None = None, bold: bool | None = None, dim: bool | None = None) -> None:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    emit(f"{click.style(text, fg=fg, bold=bold, dim=dim) if coloured else text}\n", None)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "preflight", *arguments]
