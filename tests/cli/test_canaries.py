"""Every command with every option, fed with texts that mean something to a terminal, to rich, to a build server.

Names, values, settings, files and the API's answers carry markup, control characters, commands of build servers and
secrets. None of them may come out as what it means, in any format, on a terminal or not. A command or an option that
has no entry in the tables below fails the first tests.
"""

from __future__ import annotations

import io
import json
import re
import shutil
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import ClassVar

import click
import pytest

from preflight.cli.run import run
from tests.house.test_one_place import COMMANDS, formats_of
from tests.servers.lying import Server, serving
from tests.support.command import CLIP, FIXTURES, KEY, PICTURE, SIGNATURE, SIGNED
from tests.support.jobs import MODEL, job, write_job

PASSWORD = "canaryPassw0rd"
MARKUP = "[bold]m[/data/0] [link=https://x.invalid]l[/link] [/old]:smile:"
CONTROLS = "\x1b[7;5m\x1b]8;;x\x07\r\x08\x0b\x0c\x7f\x9b5m\x85\u2028\u2029\u202e\u2066\u200b\u2060\ufeff\x1b[2J"
COMMANDED = "\n::error::canary\n\t ::add-mask::canary\n##vso[task.x]canary ##[error]canary"
HOSTILE = f"c{CONTROLS}{MARKUP}{COMMANDED}"
NAME = HOSTILE.replace("/", "")
"""The same as the name of a file."""
SECRET = f"https://user:{PASSWORD}@files.invalid/a.mp4?{SIGNED}"
TASK = "::error::canary"
"""All that the service's ids may hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that a command is pointed at."""

    folder: Path
    api: Api
    media: Server
    numbers: Iterator[int]

    def path(self, name: str = NAME) -> str:
        return str(self.folder / name)

    def fresh(self, suffix: str = "") -> str:
        """A hostile name that nothing has yet."""
        return str(self.folder / f"{next(self.numbers)}{NAME}{suffix}")

    def service(self, *, key: str = "key") -> list[str]:
        return ["--api-url", self.api.url, "--key-file", self.path(key)]

    @property
    def ledger(self) -> list[str]:
        return ["--ledger", self.path("ledger.db")]


class Api(ThreadingHTTPServer):
    """A service that answers with hostile texts. ``answer`` says how: see ``ANSWERS``."""

    answer = "completed"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


SAID = f"{HOSTILE} {SECRET} Bearer {KEY} {KEY.upper()}"
ERROR = {"error": {"code": HOSTILE, "type": HOSTILE, "message": SAID, "param": HOSTILE}}
DOCUMENTED = {"error": {"code": "invalid_request", "type": "invalid_request_error", "message": SAID}}
ANSWERS: dict[str, tuple[tuple[int, object], tuple[int, object]]] = {
    # To a create, and to a look at the task.
    "completed": (
        (200, {"code": 200, "msg": SAID, "data": {"taskId": TASK}}),
        (
            200,
            {
                "id": TASK,
                "status": "completed",
                "model": HOSTILE,
                "output": {"urls": [f"http://127.0.0.1:1/a?{SIGNED}"]},
            },
        ),
    ),
    "failed": (
        (200, {"code": 200, "data": {"taskId": TASK}}),
        (200, {"id": TASK, "status": "failed", "error": {"code": HOSTILE, "message": SAID}}),
    ),
    "odd status": (
        (200, {"code": 200, "data": {"taskId": TASK}}),
        (200, {"id": TASK, "status": HOSTILE, "progress": 10**6}),
    ),
    "odd id": ((200, {"code": 200, "msg": SAID, "data": {"taskId": HOSTILE}}), (404, ERROR)),
    "refused": ((400, DOCUMENTED), (404, DOCUMENTED)),
    "unknown": ((500, ERROR), (418, ERROR)),
    "no json": ((502, SAID), (403, SAID)),
}


class Handler(BaseHTTPRequestHandler):
    server: Api
    calls: ClassVar[int] = 0

    def do_GET(self) -> None:
        if self.path.endswith("/credits") and self.server.answer == "completed":
            self._send(200, {"code": 200, "msg": SAID, "data": {"balance": 10_000}})
        else:
            self._send(*ANSWERS[self.server.answer][1])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(*ANSWERS[self.server.answer][0])

    def _send(self, status: int, body: object) -> None:
        data = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("X-Request-Id", f"{MARKUP} ##[error]canary {KEY}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
        pass


@contextmanager
def hostile_api() -> Iterator[Api]:
    api = Api(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=api.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield api
    finally:
        api.shutdown()
        api.server_close()
        thread.join(10)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    (folder / ".git").mkdir()
    files, types = {"a.png": Path(PICTURE), "a.mp4": Path(CLIP)}, {"a.png": f"image/x{MARKUP}"}
    with serving(files, types=types) as media, hostile_api() as api:
        made = World(folder=folder, api=api, media=media, numbers=count())
        lay_out(made)
        yield made


def lay_out(world: World) -> None:
    folder = world.folder
    (folder / "media").mkdir()
    (folder / "empty").mkdir()
    shutil.copyfile(FIXTURES / "pictures" / "299-wide.png", folder / "media" / f"{NAME}.png")
    shutil.copyfile(FIXTURES / "pictures" / "webp-named.png", folder / "media" / f"webp{NAME}.png")
    clip = Path(CLIP).read_bytes().replace(b"avc1", b"\x1b[7m")
    (folder / "media" / f"{NAME}.mp4").write_bytes(clip)
    texts = {"prompt": HOSTILE, "mode": HOSTILE, "character_orientation": HOSTILE, HOSTILE: HOSTILE}
    body = job(image=f"media/{NAME}.png", video=SECRET, **texts) | {"callback_url": HOSTILE, HOSTILE: 1}
    write_job(folder, body)
    write_job(
        folder, job(image=world.media.url("ok", "a.png", SIGNED), video=world.media.url("ok", "a.mp4")), "good.yaml"
    )
    rows = [{"id": HOSTILE, **body}, {"id": f"::error::{SECRET}", "model": HOSTILE, "input": HOSTILE}]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / f"{NAME}.jsonl").write_text(lines + '{"id": "' + HOSTILE + "\n", "utf-8")
    (folder / f"{NAME}.csv").write_text(f'id,model,"{NAME}",input\n"{NAME}",{MODEL},x,y\n', "utf-8")
    (folder / f"{NAME}.yaml").write_text(f"model: {MODEL}\n# preflight: ignore[{MARKUP}]\ninput: [*{MARKUP}\n", "utf-8")
    (folder / f"{NAME}.json").write_text('{"model": "' + NAME, "utf-8")
    (folder / "names").write_text(f"{NAME}\n", "utf-8")
    (folder / "key").write_text(KEY + "\n")
    (folder / f"{NAME}.key").write_text(f"{NAME}\n", "utf-8")
    (folder / f"{NAME}.db").write_text(HOSTILE, "utf-8")
    (folder / f"{NAME}.toml").write_text(
        f"{json.dumps(MARKUP)} = 1\nmode = {json.dumps(MARKUP + COMMANDED)}\n", "utf-8"
    )
    (folder / f"api{NAME}.toml").write_text(f"api-url = {json.dumps(SECRET)}\n", "utf-8")
    (folder / f"{NAME}.baseline").write_text(json.dumps({"schema": HOSTILE, "findings": [HOSTILE]}), "utf-8")
    (folder / "busy").write_text("")
    fill_ledger(world)


def fill_ledger(world: World) -> None:
    """A ledger with an entry in every state that the API can bring about, and hostile texts in every column of text."""
    for answer in ("completed", "failed", "odd id", "refused", "unknown"):
        world.api.answer = answer
        ran = ran_in(
            ["submit", world.path("good.yaml"), "--yes", "--again", "--wait", *MEDIA, *world.service(), *world.ledger]
        )
        assert ran.code in {0, 1, 3, 4, 6}, ran.err
    world.api.answer = "completed"
    with sqlite3.connect(world.path("ledger.db")) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            for _, column, kind, *_ in database.execute(f"PRAGMA table_info({table})").fetchall():
                if kind == "TEXT" and column in {"path", "reason", "what"}:
                    database.execute(f"UPDATE {table} SET {column} = ?", (HOSTILE,))
    database.close()


MEDIA = ["--allow-host", "127.0.0.1"]


# The command line of each command, without its options but for what it needs to get far.
BASES: dict[str, Callable[[World], list[list[str]]]] = {
    "check": lambda w: (
        [
            [w.path(name)]
            for name in (
                "job.yaml",
                f"{NAME}.jsonl",
                f"{NAME}.csv",
                f"{NAME}.yaml",
                f"{NAME}.json",
                "media",
                "empty",
                NAME,
            )
        ]
        + [[SECRET], [HOSTILE], [w.media.url("ok", "a.png", SIGNED), *MEDIA]]
    ),
    "estimate": lambda w: [[w.path("job.yaml")], [w.path(f"{NAME}.jsonl")], [w.path("media")], [HOSTILE]],
    "probe": lambda w: [[w.path(f"media/{NAME}.png"), w.path(f"media/{NAME}.mp4")], [SECRET], [HOSTILE]],
    "pair": lambda w: [
        ["--images", w.path("media"), "--videos", w.path("media"), "--each-with-each"],
        ["--images", NAME, "--videos", w.path("media"), "--in-order"],
        ["--images", SECRET, "--videos", HOSTILE, "--by-name"],
    ],
    "comment": lambda w: [["--artifact", w.path(f"{NAME}.jsonl"), "--dry-run"], ["--artifact", w.path("media")]],
    "diff": lambda _: [[], [HOSTILE], [SECRET, HOSTILE], ["--upstream"]],
    "report": lambda w: [[w.path(f"{NAME}.jsonl")], [w.path("media")], [w.path("empty")], [HOSTILE], [SECRET]],
    "sheet": lambda w: [
        [name, "-o", w.path("sheet.png")]
        for name in (w.path("media"), w.path("job.yaml"), w.path(f"{NAME}.jsonl"), w.path("empty"), HOSTILE, SECRET)
    ],
    "fix": lambda w: [
        ["--diff", w.path(f"media/{NAME}.mp4")],
        ["--diff", w.path("media")],
        ["--diff", w.path("job.yaml")],
        [HOSTILE],
        [SECRET],
    ],
    "submit": lambda w: [
        [w.path(name), "--yes", *MEDIA, *w.service(), *w.ledger] for name in ("job.yaml", f"{NAME}.yaml", NAME)
    ],
    "upload": lambda w: [
        [
            w.path(f"media/{NAME}.png"),
            "--upload-command",
            f"echo {{file}}; echo '{w.media.url('ok', 'a.png', SIGNED)}'",
            *MEDIA,
        ],
        [w.path(f"media/{NAME}.mp4"), "--to", "s3://canary/p", "--endpoint-url", w.api.url, *MEDIA],
        [NAME, "--to", "s3://canary/p"],
        [SECRET, "--to", "s3://canary/p"],
    ],
    "task show": lambda w: [[TASK, *w.service(), *w.ledger], [HOSTILE, *w.service(), *w.ledger]],
    "task wait": lambda w: [[TASK, *w.service(), *w.ledger], [HOSTILE, *w.service(), *w.ledger]],
    "credits": lambda w: [w.service()],
    "ledger calibrate": lambda w: [w.ledger],
    "ledger list": lambda w: [w.ledger],
    "ledger resolve": lambda w: [[entry, *w.service(), *w.ledger] for entry in ("1", "3", "5", "99", HOSTILE)],
    "ledger show": lambda w: [[entry, *w.ledger] for entry in ("1", "2", "3", "4", "5", "99", HOSTILE)],
    "listen": lambda w: [["--port", str(w.api.server_port), *w.service(), *w.ledger]],
    "mcp": lambda w: [["--root", w.path(f"{NAME}.csv")], ["--root", HOSTILE]],
    "ui": lambda w: [["--port", str(w.api.server_port), "--no-browser", *w.service(), *w.ledger]],
    "rules": lambda _: [[], [HOSTILE]],
    "explain": lambda _: [["video-too-long"], [HOSTILE]],
    "doctor": lambda w: [["--offline"], w.service(key=f"{NAME}.key"), w.service()],
    "init": lambda w: [[w.fresh()], [f"{w.path('busy')}/{NAME}"]],
    "schema": lambda _: [[], [HOSTILE]],
    "settings": lambda _: [[], [HOSTILE]],
    "sandbox": lambda w: [["--port", str(w.api.server_port)]],
    "demo": lambda _: [[HOSTILE]],
}


def _texts(*names: str) -> Callable[[World], list[str]]:
    return lambda world: [HOSTILE, SECRET, *(world.path(name) for name in names)]


def _given(*values: str) -> Callable[[World], list[str]]:
    return lambda _: [*values, HOSTILE]


# What each option is given; options that are the same everywhere stand here once.
OPTIONS: dict[str, Callable[[World], list[str]]] = {
    "--address": _given(MARKUP, SECRET),
    "--agent-budget": _given("1"),
    "--agent-budget-per-day": _given("1"),
    "--agent-budget-per-job": _given("1"),
    "--allow-host": _given(MARKUP, SECRET),
    "--also": _given(),
    "--api-url": _texts(),
    "--artifact": _texts(f"{NAME}.jsonl", "media"),
    "--baseline": _texts(f"{NAME}.baseline", "media", NAME),
    "--budget-per-day": _given("1"),
    "--at-once": _given("2"),
    "--budget": _given("1"),
    "--by": _given("shot", MARKUP, SECRET),
    "--callback": _texts(),
    "--checked": _texts(f"{NAME}.baseline", f"{NAME}.json"),
    "--clock": _given(),
    "--column": _given(f"image={MARKUP}", f"video={SECRET}"),
    "--concurrency": _given("2"),
    "--config": _texts(f"{NAME}.toml", f"api{NAME}.toml", "media"),
    "--credits": _given(),
    "--download": lambda world: [world.fresh(), world.path("busy")],
    "--end": _given("2"),
    "--engine": _given(),
    "--fail-on": _given("note"),
    "--fault": _given(MARKUP),
    "--files-from": _texts("names", "media"),
    "--folder": _texts("media", NAME),
    "--forward": _given(f"'{MARKUP}", MARKUP),
    "--host": _given(MARKUP),
    "--host-rate": _given("100"),
    "--ignore": _given("image"),
    "--image": _texts(f"media/{NAME}.png", "media"),
    "--images": _texts("media", NAME),
    "--key-file": _texts(f"{NAME}.key", "media"),
    "--ledger": _texts(f"{NAME}.db", "media"),
    "--length": _given("5"),
    "--limit": _given(),
    "--manifest": lambda world: [HOSTILE, SECRET, world.path(f"{NAME}.csv")],
    "--max-clip-seconds": _given("1"),
    "--max-credits": _given("1"),
    "--max-increase": _given("1"),
    "--max-increase-percent": _given("1"),
    "--max-job-credits": _given("1"),
    "--max-total": _given("1"),
    "--mode": _given("1080p"),
    "--model": _given(),
    "--notify": _given("max-total"),
    "--only": _given("fail"),
    "--orientation": _given("image"),
    "--output": lambda world: [world.fresh(), world.path("media"), f"{world.path('busy')}/{NAME}", "a\0b"],
    "--part-rows": _given("5"),
    "--per-host": _given("2"),
    "--per-sheet": _given("1"),
    "--port": _given(),
    "--prompt": _given(),
    "--quote-seconds": _given("60"),
    "--proxy": _given(MARKUP, f"http://user:{SECRET}@127.0.0.1:1"),
    "--public-url": _texts(),
    "--results": _given(),
    "--retries": _given(),
    "--root": _texts("media", NAME),
    "--retry": _given("fail"),
    "--rounding": _given(),
    "--samples": lambda world: [world.fresh(), world.path("names"), "a\0b"],
    "--seconds": _given("12.5"),
    "--seed": _given(),
    "--select": _given("image"),
    "--sort": _given("credits"),
    "--speed": _given(),
    "--set": _texts(),
    "--spec": _texts("media"),
    "--start": _given("1"),
    "--since": _given("7d", MARKUP, SECRET),
    "--state": lambda world: [HOSTILE, world.path("media"), world.path(f"{NAME}.db")],
    "--task": _given(TASK),
    "--timeout": _given(),
    "--endpoint-url": _texts(),
    "--pull-request": _given("1"),
    "--public-base": _texts(),
    "--save-job": lambda world: [world.fresh(), world.fresh(".yaml"), world.path("media"), "a\0b.yaml"],
    "--to": _given("s3://canary/p", SECRET),
    "--upload": _given("s3://canary/p", SECRET),
    "--upload-command": _given("cat {file}; false", f"echo {{file}}; echo {SECRET!r}", "echo '{file}'"),
    "--url-expires": _given("24h", SECRET),
    "--user-agent": _given(MARKUP, "a\r\nb: c"),
    "--video": _texts(f"media/{NAME}.mp4", "media"),
    "--videos": _texts("media", NAME),
    "--wait-timeout": _given("0"),
    "--workers": _given("1"),
    "--write-baseline": lambda world: [world.fresh(), world.path("media")],
}


def options_of(name: str) -> list[click.Option]:
    return [param for param in COMMANDS[name].params if isinstance(param, click.Option)]


def is_flag(option: click.Option) -> bool:
    return option.is_flag or option.count


def test_every_command_has_an_entry() -> None:
    assert set(COMMANDS) == set(BASES)


def test_every_option_has_an_entry() -> None:
    taking = {
        option.opts[0] if option.opts[0].startswith("--") else option.opts[-1]
        for name in COMMANDS
        for option in options_of(name)
        if not is_flag(option)
    }
    assert taking - {"--format"} == set(OPTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """Somewhere that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def ran_in(arguments: list[str], *, terminal: bool = False) -> Ran:
    kind = Terminal if terminal else io.StringIO
    with redirect_stdout(kind()) as out, redirect_stderr(kind()) as err:
        code = run(arguments)
    return Ran(code=int(code), out=out.getvalue(), err=err.getvalue())


WHERE = {"piped": (False, True), "terminal": (True, True), "at home": (True, False)}
"""Whether it is on a terminal, and whether a build server reads it: only where none does, progress is shown."""

OWN_SEQUENCES = re.compile(r"\x1b\[(?!7;5m)[0-9;]*[mAK]|\x1b\[\?25[lh]|\r")
OWN_COMMAND = re.compile(r"::(error|warning|notice) [a-z]+=[^\n]*::[^\n]*")


def hits(ran: Ran, *, terminal: bool = False, ci: bool = True, github: bool = False) -> Iterator[str]:
    """What came out that must not."""
    if ran.code == 70:
        yield f"a bug: {ran.err[-1000:]}"
    for stream, written in (("out", ran.out), ("err", ran.err)):
        text = OWN_SEQUENCES.sub("", written) if terminal else written
        for line in text.split("\n"):
            if not line.isprintable():
                yield f"{stream}: control characters: {line!r}"
            ours = not ci or (github and stream == "out" and OWN_COMMAND.fullmatch(line))
            if line.lstrip().startswith("::") and not ours:
                yield f"{stream}: a command: {line!r}"
            if re.search(r"##\w*\[", line) and not ours:
                yield f"{stream}: a command: {line!r}"
        for secret in (KEY, KEY.upper(), SIGNATURE, PASSWORD):
            if secret in text:
                yield f"{stream}: the secret {secret}: {text[max(0, text.index(secret) - 200) :][:400]!r}"
    if "Traceback" in ran.err:
        yield f"a traceback: {ran.err[-1000:]}"


@pytest.fixture(autouse=True)
def _build_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("GITHUB_STEP_SUMMARY", "NO_COLOR", "PREFLIGHT_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    # The credentials of a store are the same canaries as all other secrets.
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PASSWORD)
    monkeypatch.setenv("AWS_SESSION_TOKEN", SIGNATURE)
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("PREFLIGHT_LEDGER", str(tmp_path / "ledger.db"))
    (tmp_path / "preflight.toml").touch()
    monkeypatch.chdir(tmp_path)


def loud(name: str) -> list[str]:
    return ["-vv"] if any("--verbose" in option.opts for option in options_of(name)) else []


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_argument_comes_out_as_what_it_means(
    name: str, where: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, ci = WHERE[where]
    monkeypatch.setenv("CI", str(ci))
    for base in BASES[name](world):
        ran = ran_in([*name.split(), *base, *loud(name)], terminal=terminal)
        assert list(hits(ran, terminal=terminal, ci=ci)) == [], base


@pytest.mark.parametrize("name", [name for name in COMMANDS if formats_of(COMMANDS[name])])
def test_no_format_lets_anything_through(name: str, world: World) -> None:
    for base in BASES[name](world):
        for format_ in formats_of(COMMANDS[name]):
            ran = ran_in([*name.split(), *base, *loud(name), "--format", format_])
            assert list(hits(ran, github=format_ == "github")) == [], (base, format_)
        assert list(hits(ran_in([*name.split(), *base, "--format", HOSTILE]))) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_comes_out_as_what_it_means(name: str, world: World) -> None:
    base = BASES[name](world)[0]
    for option in options_of(name):
        flag = option.opts[-1]
        if flag == "--format":
            continue
        key = option.opts[0] if option.opts[0].startswith("--") else flag
        for value in [[]] if is_flag(option) else [[text] for text in OPTIONS[key](world)]:
            ran = ran_in([*name.split(), *base, flag, *value])
            assert list(hits(ran)) == [], (flag, value)
    assert list(hits(ran_in([*name.split(), *base, f"--{NAME}"]))) == []


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("answer", ANSWERS)
def test_nothing_that_the_service_says_comes_out_as_what_it_means(
    answer: str, where: str, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, ci = WHERE[where]
    monkeypatch.setenv("CI", str(ci))
    ledger = ["--ledger", str(tmp_path / "ledger.db")]
    world.api.answer = answer
    submit = ["submit", world.path("good.yaml"), "--yes", "--wait", "--wait-timeout", "0.2", "--download", "results"]
    for line in (
        [*submit, *MEDIA, *world.service(), *ledger],
        ["task", "show", TASK, *world.service(), *ledger],
        ["task", "wait", TASK, "--wait-timeout", "0.2", *world.service(), *ledger],
        ["ledger", "list", *ledger],
        ["ledger", "show", "1", *ledger],
        ["ledger", "show", "1", "--format", "json", *ledger],
        ["ledger", "resolve", "1", *world.service(), *ledger],
        ["credits", *world.service()],
    ):
        ran = ran_in([*line, "-vv"], terminal=terminal)
        assert list(hits(ran, terminal=terminal, ci=ci)) == [], line
    world.api.answer = "completed"


@pytest.mark.parametrize("name", ["preflight.toml", "pyproject.toml"])
def test_settings_that_are_found_do_not_come_out_as_what_they_mean(name: str, tmp_path: Path) -> None:
    head = "[tool.preflight]\n" if name == "pyproject.toml" else ""
    (tmp_path / "preflight.toml").unlink()
    for text in (
        f"{json.dumps(MARKUP)} = 1\n",
        f"mode = {json.dumps(NAME)}\n",
        f"select = [{json.dumps(NAME)}]\n",
        f"api-url = {json.dumps(SECRET)}\n",
        f"mode = [{MARKUP}\n",
        f"per-path-ignores = {{{json.dumps(NAME)} = [{json.dumps(MARKUP)}]}}\n",
        f"severity = {{{json.dumps(NAME)} = {json.dumps(MARKUP)}}}\n",
    ):
        (tmp_path / name).write_text(head + text, "utf-8")
        for command in (["settings"], ["settings", "--format", "json"], ["check", PICTURE]):
            assert list(hits(ran_in(command))) == [], text


def test_a_busy_port_is_said(world: World) -> None:
    """What the commands that serve are given above ends them: otherwise they would not end."""
    with socket.create_connection(("127.0.0.1", world.api.server_port)):
        ran = ran_in(["sandbox", "--port", str(world.api.server_port)])
    assert ran.code == 2
