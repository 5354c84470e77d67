"""A sandbox and a server of media for the commands that pay, and a look at what they have seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from preflight.sandbox import Options, serve
from preflight.sandbox.measure import probe_image, probe_seconds
from tests.servers.lying import Server, serving
from tests.support.command import CLIP, FIXTURES, KEY, PICTURE, Ran, here, preflight
from tests.support.jobs import job, write_job


class Service:
    """A running sandbox: ``url``. Its reference files are on ``media``, the user's key and jobs in ``folder``."""

    def __init__(self, admin: httpx2.Client, media: Server, folder: Path) -> None:
        self.url = str(admin.base_url).rstrip("/")
        self.media = media
        self._admin = admin
        self.folder = folder
        self.key_file = folder / "key"
        self.key_file.write_text(KEY + "\n")

    def job(self, *, video: str = "12.mp4", image: str = "a.png", behaviour: str = "ok", **more: object) -> Path:
        """A job file over files of the media server, ``behaviour`` for the video."""
        body = job(image=self.media.url("ok", image), video=self.media.url(behaviour, video), **more)
        return write_job(self.folder, body)

    @property
    def options(self) -> list[str]:
        """The arguments that every command needs here besides its own."""
        return ["--api-url", self.url, "--key-file", str(self.key_file)]

    @property
    def ledger_options(self) -> list[str]:
        """The ledger of the payments made here."""
        return ["--ledger", str(self.folder / "ledger.db")]

    @property
    def media_options(self) -> list[str]:
        return ["--allow-host", "127.0.0.1"]

    def submit(self, path: Path, *arguments: str | Path) -> Ran:
        """``preflight submit --format json`` in this process."""
        given = [*self.options, *self.media_options, *self.ledger_options]
        return here("submit", path, "--format", "json", *given, *arguments)

    def run(self, *arguments: str | Path, key: str | None = KEY, stdin: bytes = b"") -> Ran:
        """A process in ``folder``, with the key in its environment."""
        env = {
            "PREFLIGHT_API_URL": self.url,
            "PREFLIGHT_ALLOW_HOST": "127.0.0.1",
            "PREFLIGHT_LEDGER": str(self.folder / "ledger.db"),
        }
        return preflight(
            *arguments, cwd=self.folder, env=env | ({} if key is None else {"PREFLIGHT_API_KEY": key}), stdin=stdin
        )

    def arm(self, name: str, **settings: object) -> None:
        """Have the sandbox misbehave (``docs/sandbox.md``)."""
        answer = self._admin.post("/sandbox/faults", json={"name": name, **settings})
        assert answer.status_code == 201, answer.text

    @property
    def state(self) -> Any:
        return self._admin.get("/sandbox/state").json()

    @property
    def paid_requests(self) -> int:
        """How often the sandbox was asked to take a job, whatever the outcome."""
        return self.state["requests"].get("create", 0)

    @property
    def untouched(self) -> bool:
        """Whether nobody asked the sandbox for anything."""
        state = self.state
        return (state["requests"], state["jobs_billed"], state["total_consumed"]) == ({}, 0, 0)


@contextmanager
def service(folder: Path, **options: Any) -> Iterator[Service]:
    """A sandbox whose tasks end at once, unless ``options`` say otherwise."""
    clips = FIXTURES / "clips"
    media = {
        "a.png": Path(PICTURE),
        "webp.png": FIXTURES / "pictures" / "webp-named.png",
        "12.mp4": Path(CLIP),
        "8.5.mp4": clips / "8.5-seconds.mp4",
        "ntsc.mp4": clips / "ntsc.mp4",
        "20.mp4": clips / "20-seconds.mp4",
        "too-long.mp4": clips / "30.1-seconds.mp4",
    }
    settings = Options(**{"prober": probe_seconds, "image_prober": probe_image, "speed": 1_000_000.0, **options})
    with (
        serving(media) as server,
        serve(settings) as url,
        httpx2.Client(base_url=url, trust_env=False, verify=False) as admin,
    ):
        yield Service(admin, server, folder)
