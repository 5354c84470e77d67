"""Messages about mistakes that people make: each names what was found, what is allowed, and what to do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shlex import quote

import pytest

from preflight.sandbox import FAULTS
from tests.support.command import CLIP, PICTURE, here, preflight
from tests.support.jobs import job, write_job

KEYS = (
    "a key is never an argument, since other users can see those: "
    "set PREFLIGHT_API_KEY, or name the file that holds it with --key-file"
)
FORMATS = "'text', 'json', 'jsonl', 'csv', 'markdown', 'concise', 'sarif', 'junit', 'github', 'gitlab', 'html'"

USAGE = {
    "a key as an option": (["submit", "job.yaml", "--api-key=sk-live"], f"no such option '--api-key'; {KEYS}"),
    "a key before a check": (["check", "--api-key", "sk-live"], f"no such option '--api-key'; {KEYS}"),
    "a token": (["credits", "--token", "abc"], f"no such option '--token'; {KEYS}"),
    "a key as an argument": (
        ["credits", "sk-liveabc"],
        f"unexpected argument '…': this command takes no arguments; {KEYS}",
    ),
    "a misspelt format": (
        ["check", PICTURE, "--format", "jsn"],
        f"--format: 'jsn' is not one of {FORMATS}; into a file: html:FILE; did you mean 'json'?",
    ),
    "a format in capitals": (
        ["rules", "--format", "JSON"],
        "--format: 'JSON' is not one of 'text', 'json'; did you mean 'json'?",
    ),
    "a mode without its letter": (
        ["check", PICTURE, "--mode", "1080"],
        "--mode: '1080' is not one of '720p', '1080p'; did you mean '1080p'?",
    ),
    "a mode that does not exist": (
        ["check", PICTURE, "--mode", "4k"],
        "--mode: '4k' is not one of '720p', '1080p'",
    ),
    "a decimal comma": (
        ["estimate", "--seconds", "12,5"],
        "--seconds: '12,5' is not a number; did you mean 12.5?",
    ),
    "a unit": (
        ["estimate", "--seconds", "12.5s"],
        "--seconds: '12.5s' is not a number; did you mean 12.5?",
    ),
    "a decimal comma elsewhere": (
        ["check", PICTURE, "--timeout", "1,5"],
        "--timeout: '1,5' is not a number; did you mean 1.5?",
    ),
    "a comma of thousands": (
        ["check", PICTURE, "--max-credits", "1,000"],
        ("--max-credits: '1,000' is not a number; write 1000 without separators, and 12.5 with a point"),
    ),
    "a word for a port": (
        ["sandbox", "--port", "http"],
        "--port: 'http' is not a number: write a whole number between 0 and 65535",
    ),
    "a number beyond the bounds": (["check", PICTURE, "--retries", "50"], "--retries: '50' is not between 0 and 10"),
    "a fraction for a count": (
        ["check", PICTURE, "--concurrency", "1.5"],
        "--concurrency: '1.5' is not a whole number: write a whole number between 1 and 1024",
    ),
    "a rate that is no number": (
        ["check", PICTURE, "--host-rate", "fast"],
        "--host-rate: 'fast' is not a number: write one between 0.001 and 100000",
    ),
    "a rate that is not finite": (
        ["check", PICTURE, "--host-rate", "nan"],
        "--host-rate: 'nan' is not between 0.001 and 100000",
    ),
    "a word for an entry": (
        ["ledger", "show", "last"],
        "ENTRY: 'last' is not a number: write a whole number at least 1",
    ),
    "a verdict that does not exist": (
        ["report", "run", "--only", "failed"],
        "--only: 'failed' is not one of 'fail', 'indeterminate', 'pass'; did you mean 'fail'?",
    ),
    "an option without its value": (
        ["check", PICTURE, "--mode"],
        "--mode needs a value: write --mode [720p|1080p]",
    ),
    "a flag with a value": (["check", PICTURE, "--offline=yes"], "--offline takes no value: write --offline alone"),
    "a required option": (["sheet", PICTURE], "--output is missing: add --output FILE"),
    "a required argument": (["task", "show"], "ID is missing: write it after the command"),
    "an argument too many": (["init", "a", "b"], "unexpected argument 'b': this command takes only FOLDER"),
    "a long option with one dash": (["check", "-format", "json"], "no such option '-format'; did you mean '--format'?"),
    "help with one dash": (["-help"], "no such option '-help'; did you mean '--help'?"),
    "the format as an option": (["check", "--json"], "no such option '--json'; did you mean --format json?"),
    "another program's option": (["submit", "job.yaml", "-y"], "no such option '-y'; did you mean --yes?"),
    "the version of a command": (
        ["check", "--version"],
        "no such option '--version' here; did you mean 'preflight --version'?",
    ),
    "an option before its command": (
        ["-v", "check", PICTURE],
        "no such option '-v' here; options come after the command, as in 'preflight check --offline job.yaml'",
    ),
    "a URL without its scheme": (
        ["check", "example.com/clip.mp4"],
        "example.com/clip.mp4: no such file; did you mean 'https://example.com/clip.mp4'?",
    ),
    "an image without its scheme": (
        ["check", "--image", "example.com/a.png", "--video", CLIP],
        "example.com/a.png: no such file; did you mean 'https://example.com/a.png'?",
    ),
    "a local server without its scheme": (
        ["probe", "localhost:8000/a.png"],
        "localhost:8000/a.png: no such file; did you mean 'http://localhost:8000/a.png'?",
    ),
    "help as a file": (
        ["check", "help"],
        "help: no such file; 'preflight COMMAND --help' shows the help of a command",
    ),
    "a file that begins with a dash": (
        ["check", "-missing.mp4"],
        "no such option '-missing.mp4'; for a file of that name, write './-missing.mp4'",
    ),
    "a path below a folder that begins with a dash": (
        ["probe", "--takes/one"],
        "no such option '--takes/one'; for a file of that name, write './--takes/one'",
    ),
    "a home folder in quotes": (
        ["check", "~/missing.mp4"],
        "~/missing.mp4: no such file; '~' is not read as the home folder: write the whole path",
    ),
    "a name with a slip": (
        ["check", str(Path(CLIP).with_name(f"x{Path(CLIP).name}"))],
        f"{Path(CLIP).with_name(f'x{Path(CLIP).name}')}: no such file; did you mean {CLIP!r}?",
    ),
    "no such file": (["check", "missing.mp4"], "missing.mp4: no such file; a URL begins with https://"),
}


@pytest.mark.parametrize("mistake", USAGE)
def test_a_mistake_on_the_command_line_is_answered(mistake: str) -> None:
    words, message = USAGE[mistake]
    ran = here(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[-1] == f"preflight: {message}"
    assert "sk-live" not in ran.err


def test_an_unknown_fault_lists_all_faults() -> None:
    message, *lines = here("sandbox", "--fault", "foo").err.partition("preflight: ")[2].splitlines()
    assert message == "--fault: there is no fault 'foo'; docs/sandbox.md explains them all:"
    assert " ".join(map(str.strip, lines)) == ", ".join(FAULTS)
    assert all(len(line) <= 80 for line in lines)
    assert "no fault 'task-fail'; did you mean 'task-fails'? docs/" in here("sandbox", "--fault", "task-fail").err


@pytest.mark.parametrize("words", [["help"], ["--help"], ["-h"]], ids=" ".join)
def test_help_is_understood(words: list[str]) -> None:
    ran = here(*words)
    assert ran.code == 0
    assert ran.out.startswith("Usage: preflight [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["help", "check"], "Usage: preflight check [OPTIONS]"),
        (["help", "task", "show"], "Usage: preflight task show [OPTIONS] ID"),
        (["task", "help"], "Usage: preflight task [OPTIONS] COMMAND"),
        (["ledger", "help", "show"], "Usage: preflight ledger show [OPTIONS] ENTRY"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else "",
)
def test_the_help_of_a_command_is_understood(words: list[str], usage: str) -> None:
    ran = here(*words)
    assert ran.code == 0
    assert ran.out.startswith(usage)


@pytest.mark.parametrize("word", ["-V", "--version", "version"])
def test_the_version_is_understood(word: str) -> None:
    ran = here(word)
    assert (ran.code, ran.out.split()[0]) == (0, "preflight")


# ── Job files ─────────────────────────────────────────────────────────────────────────────────────────────────────

FIELDS = {
    "mode: 1080": ("field-type", "'input.mode' must be 720p or 1080p, not the number 1080", "mode: 1080p"),
    "mode: 720": ("field-type", "'input.mode' must be 720p or 1080p, not the number 720", "mode: 720p"),
    "mode: [1080p]": ("field-type", "'input.mode' must be 720p or 1080p, not a list", "mode: 1080p"),
    "mode: 4k": ("mode-invalid", "'input.mode' must be 720p or 1080p, not '4k'", "mode: 720p or mode: 1080p"),
    "character_orientation: 1": (
        "field-type",
        "'input.character_orientation' must be image or video, not the number 1",
        "character_orientation: image or character_orientation: video",
    ),
    "model: x": ("field-unknown", "the service has no field 'input.model'", "move it to 'model'"),
    "callback_url: x": (
        "field-unknown",
        "the service has no field 'input.callback_url'",
        "move it to 'callback_url'",
    ),
}


@pytest.mark.parametrize("line", FIELDS)
def test_a_field_of_a_job_says_what_is_allowed(line: str, tmp_path: Path) -> None:
    rule, message, fix = FIELDS[line]
    path = tmp_path / "job.yaml"
    path.write_text(
        f"model: kling-v3-motion-control\ninput:\n  input_urls: ['{PICTURE}']\n  video_urls: ['{CLIP}']\n  {line}\n",
        "utf-8",
    )
    finding = here("check", path, "--format", "json").finding(rule)
    assert (finding["message"], finding["fix"]) == (message, fix)


@pytest.mark.parametrize("name", ["input_urls", "video_urls", "mode", "prompt", "character_orientation"])
def test_a_field_at_the_top_is_to_be_moved(name: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(f"model: kling-v3-motion-control\n{name}: x\n", "utf-8")
    text = here("check", path).out
    assert f"the service has no field '{name}'\n  2 | {name}: x\n" in text
    assert f"help: move it to 'input.{name}'" in text


TABLES = {
    "others": (
        "picture,clip,foo\na.png,b.mp4,c\na.png,b.mp4,c\n",
        (
            "this table has no column for the image and the video; its columns are picture, clip, foo; "
            "picture may be the image and clip may be the video: name the columns image and video, or add "
            "--column image=picture --column video=clip"
        ),
    ),
    "one": (
        "image;mode\na.png;720p\n",
        (
            "this table has no column for the video; its columns are image, mode; name a column video, "
            "or add --column video=COLUMN"
        ),
    ),
    "no header": (
        "https://example.com/a.png?X-Amz-Signature=CANARY5c1f,https://example.com/b.mp4\n",
        (
            "this table has no column for the image and the video; its columns are https://example.com/a.png?…, "
            "https://example.com/b.mp4; the first row must name the columns, as in image,video"
        ),
    ),
}


@pytest.mark.parametrize("which", TABLES)
def test_a_table_without_the_columns_says_once_which_it_has(which: str, tmp_path: Path) -> None:
    table, message = TABLES[which]
    (tmp_path / "rows.csv").write_text(table, "utf-8")
    ran = here("check", tmp_path / "rows.csv", "--format", "json")
    assert ran.code == 1
    assert [finding["message"] for finding in ran.job["findings"]] == [message]


def test_a_text_is_neither_a_job_nor_media(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello\n")
    (tmp_path / "clip.mp4").write_text("hello\n")
    text = here("check", tmp_path / "notes.txt").out
    assert "this is text: neither a job nor media\n" in text
    assert "help: name a job or manifest (.yaml, .json, .jsonl, .csv), a picture or a clip\n" in text
    assert "this is text, not a video\n" in here("check", tmp_path / "clip.mp4").out


# ── Addresses ─────────────────────────────────────────────────────────────────────────────────────────────────────

UPLOAD = "upload the file to public storage and use that URL"
OWN = f"{UPLOAD}; to check a file on a server of your own, allow the host"
NOT_HTTP = "the service cannot fetch this URL: it does not begin with http:// or https://"
WITHOUT_NETWORK = {
    "https://drive.google.com/file/d/1a2b/view?usp=sharing": (
        "not-media",
        "Google Drive links open a page, not the file",
        "use https://drive.google.com/uc?export=download&id=1a2b",
    ),
    "https://www.dropbox.com/s/1a2b/clip.mp4?dl=0": (
        "not-media",
        "Dropbox links open a page, not the file",
        "use https://www.dropbox.com/s/1a2b/clip.mp4?dl=1",
    ),
    "https://we.tl/t-1a2b": (
        "not-media",
        "WeTransfer links open a page, not the file",
        "download the file and upload it to public storage",
    ),
    "http://localhost:8000/clip.mp4": (
        "url-not-public",
        "the service cannot fetch this URL: its host localhost is a name of a local network",
        f"{OWN} localhost:8000",
    ),
    "http://127.0.0.1/clip.mp4": (
        "url-not-public",
        "the service cannot fetch this URL: its host 127.0.0.1 is a loopback address",
        f"{OWN} 127.0.0.1",
    ),
    "http://[::1]:80/clip.mp4": (
        "url-not-public",
        "the service cannot fetch this URL: its host ::1 is a loopback address",
        f"{OWN} [::1]",
    ),
    "file:///home/me/clip.mp4": (
        "url-not-public",
        f"{NOT_HTTP}; a file: URL names a file on one machine",
        f"{UPLOAD}; to check the file here, name its path, without file://",
    ),
    "s3://bucket/clip.mp4": (
        "url-not-public",
        f"{NOT_HTTP}; only programs with your credentials can read this address",
        UPLOAD,
    ),
    "htps://example.com/clip.mp4": ("url-not-public", NOT_HTTP, "did you mean 'https://example.com/clip.mp4'?"),
    "https://b.s3.amazonaws.com/c.mp4?X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-Signature=CANARY5c1f": (
        "url-expiring",
        "the signed URL expired at 2020-01-01 00:01 UTC",
        "sign the URL again, for at least a day: the job may wait in a queue",
    ),
}


@pytest.mark.parametrize("url", WITHOUT_NETWORK)
@pytest.mark.parametrize("in_job", [False, True], ids=["by itself", "in a job"])
def test_a_link_that_cannot_work_is_named_without_the_network(url: str, tmp_path: Path, *, in_job: bool) -> None:
    rule, message, fix = WITHOUT_NETWORK[url]
    target = write_job(tmp_path, job(image=PICTURE, video=url)) if in_job else url
    ran = here("check", "--offline", "--format", "json", target)
    assert ran.code == 1
    finding = ran.finding(rule)
    assert (finding["severity"], finding["message"], finding["fix"]) == ("error", message, fix)


def test_a_path_in_a_job_that_is_a_url_without_its_scheme_is_named(tmp_path: Path) -> None:
    path = write_job(tmp_path, job(image="example.com/a.png", video=CLIP))
    finding = here("check", "--offline", "--format", "json", path).finding("url-not-public")
    assert finding["fix"] == "did you mean 'https://example.com/a.png'? If it is a path, correct it"


def test_a_private_address_that_no_user_serves_from_is_not_to_be_allowed() -> None:
    for host in ("169.254.169.254", "0.0.0.0", "224.0.0.1"):
        finding = here("check", "--offline", "--format", "json", f"http://{host}/a.mp4").finding("url-not-public")
        assert finding["fix"] == UPLOAD


def test_a_url_that_was_not_opened_is_not_examined(tmp_path: Path) -> None:
    url = "https://example.com/clip.mp4"
    ran = here("check", "--offline", url)
    assert (ran.code, ran.out) == (0, f"not examined  {url}  not opened (offline check)\n")
    subject = here("check", "--offline", "--format", "json", url).subject
    assert subject["verdict"] == "indeterminate"
    assert subject["examined"] is False
    assert subject["error"] == "not opened (offline check)"
    mixed = here("check", "--offline", url, PICTURE).out
    assert mixed.splitlines()[0].startswith("not examined  ")
    assert mixed.splitlines()[1].startswith("pass  ")
    path = write_job(tmp_path, job(image=url.replace("mp4", "png"), video=url))
    ran = here("check", "--offline", path)
    assert ran.code == 0
    assert ran.out.splitlines()[0] == f"PASS  {path}  2 URLs not opened"
    assert ran.out.count("         not examined  not opened (offline check)\n") == 2
    assert "skipped" in here("check", "--offline", "--format", "junit", path).out


def test_a_file_that_was_read_is_examined() -> None:
    subject = here("check", "--offline", "--format", "json", PICTURE).subject
    assert (subject["verdict"], subject["examined"], subject["error"]) == ("pass", True, None)


# ── The API ───────────────────────────────────────────────────────────────────────────────────────────────────────


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!DOCTYPE html><title>A page</title>"
        self.send_response(200 if self.path.startswith("/v1/credits") or "credits" in self.path else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def web_server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_web_server_behind_api_url_is_named(web_server: str) -> None:
    env = {"PREFLIGHT_API_KEY": "sk-sandbox", "PREFLIGHT_API_URL": web_server}
    for words in (["credits"], ["task", "show", "abc"]):
        ran = preflight(*words, env=env)
        assert ran.code == 4
        assert ran.err.endswith(f"; {web_server} does not answer like the API: check --api-url\n")


def test_a_sandbox_that_is_not_running_is_to_be_started() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        port = server.server_port
    env = {"PREFLIGHT_API_KEY": "sk-sandbox"}
    ran = preflight("credits", "--api-url", f"http://127.0.0.1:{port}", env=env)
    assert ran.code == 4
    assert ran.err == (
        f"preflight: the API at 127.0.0.1:{port} cannot be reached: the connection was not made; "
        f"to start the sandbox, run in another terminal: preflight sandbox --port {port}\n"
    )


def test_the_url_of_an_api_without_its_scheme_is_named() -> None:
    ran = preflight("credits", "--api-url", "127.0.0.1:8787", env={"PREFLIGHT_API_KEY": "sk-sandbox"})
    assert ran.code == 2
    assert ran.err == ("preflight: 127.0.0.1:8787 is not the URL of an API; did you mean 'http://127.0.0.1:8787'?\n")


@pytest.mark.parametrize("name", ["job.yaml", "check.yaml", "a b.csv", "clip.mp4"])
def test_a_file_in_place_of_a_command_is_to_be_checked(name: str, tmp_path: Path) -> None:
    ran = preflight(name, cwd=tmp_path)
    assert (ran.code, "to check it" in ran.err) == (2, False)
    (tmp_path / name).touch()
    ran = preflight(name, cwd=tmp_path)
    assert (ran.code, f"unknown command {name!r}; to check it: preflight check {quote(name)}\n" in ran.err) == (2, True)


@pytest.mark.parametrize(("name", "said"), [("a.csv", "a table"), ("a.TSV", "a table"), ("a.yaml", "a job")])
def test_a_file_that_is_not_a_report_is_named_for_what_it_is(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("image,video\na.png,b.mp4\n")
    ran = preflight("report", name, cwd=tmp_path)
    assert (ran.code, f"{name}: {said}, not a report: 'preflight check {name}" in ran.err) == (2, True), ran.err
