"""Query strings sign URLs: whatever is found, and in whatever format, none of them is printed.

``support.command`` looks for ``SIGNATURE`` in the output of every command that any test runs; these are the commands
that could print one.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from preflight import AllowedHost, Job, Media, Options
from preflight import check as check_job
from preflight.cli.app import commands
from preflight.model import Family, ImageFacts, Kind, Subject
from preflight.redact import redact
from preflight.rules.rule import SubjectCase
from preflight.rules.transfer_rules import not_media
from preflight.sources.url import examine_url, locate
from preflight.specs import load_spec
from tests.client.test_hostile import answers, says
from tests.client.test_hostile import serving as serving_raw
from tests.servers.lying import Server, serving
from tests.support.command import CLIP, FIXTURES, KEY, PICTURE, SIGNATURE, SIGNED, check, here, preflight
from tests.support.jobs import MODEL, job, write_job
from tests.support.service import Service, service
from tests.support.terminal import shown

EXPIRED = f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20200101T000000Z&X-Amz-Expires=3600&{SIGNED}"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    files = {
        "a.png": Path(PICTURE),
        "a.mp4": Path(CLIP),
        "moved.mp4": FIXTURES / "clips" / "free-before-moov.mp4",
        "wrong.png": Path(CLIP),
        "small.png": FIXTURES / "pictures" / "299-wide.png",
        "public.png": f"http://10.0.0.1/a.png?{SIGNED}".encode(),
    }
    with serving(files) as running:
        yield running


# A rule, and a file of the server that breaks it: behaviour, name, query.
BROKEN = {
    "unreachable": ("closes-unanswered", "a.png", SIGNED),
    "http-status": ("status-403", "a.png", SIGNED),
    "http-status-later": ("status-503", "a.png", SIGNED),
    "not-media": ("html", "a.png", SIGNED),
    "size-unknown": ("endless", "a.png", SIGNED),
    "range-unsupported": ("ignores-range", "a.png", SIGNED),
    "source-unstable": ("changes-size", "moved.mp4", SIGNED),
    "type-mismatch": ("ok", "wrong.png", SIGNED),
    "url-not-public": ("redirect-to", "public.png", SIGNED),
    "url-insecure": ("ok", "a.png", SIGNED),
    "url-expiring": ("ok", "a.png", EXPIRED),
    "image-format": ("ok", "wrong.png", SIGNED),
    "image-too-small": ("ok", "small.png", SIGNED),
    "unreachable-port": ("refused", "a.png", SIGNED),
    "unreachable-loop": ("redirect-loop", "a.png", SIGNED),
}


@pytest.mark.parametrize("case", BROKEN)
def test_no_finding_about_a_file_shows_its_query(case: str, server: Server, tmp_path: Path) -> None:
    behaviour, name, query = BROKEN[case]
    url = server.url(behaviour, name, query)
    rule = case.removesuffix("-later").removesuffix("-port").removesuffix("-loop")
    path = write_job(tmp_path, job(video=url) if name.endswith("mp4") else job(image=url))
    assert rule in check(path, "--allow-host", "127.0.0.1").rules
    assert here("check", path, "--allow-host", "127.0.0.1").out
    assert here("probe" if name.endswith("png") else "estimate", url, "--allow-host", "127.0.0.1").out


def test_a_real_process_shows_that_there_is_a_query_and_not_what_it_says(server: Server) -> None:
    arguments = ["check", server.url("ok", "a.png", SIGNED), "--allow-host", server.authority]
    assert preflight(*arguments, "--format", "json").subject["source"] == server.url("ok", "a.png", "…")
    assert server.url("ok", "a.png", "…") in preflight(*arguments).out
    assert SIGNED in server.log.requests[-1].target


REFUSED = {
    "private": f"http://10.0.0.1/a.png?{SIGNED}",
    "scheme-typo": f"htps://example.com/a.png?{SIGNED}",
    "no-scheme": f"example.com/a.png?{SIGNED}",
    "scheme-left-out": f"//example.com/a.png?{SIGNED}",
    "space": f"https://example.com/a b.png?{SIGNED}",
    "file": f"file:///a.png?{SIGNED}",
    "too-long": f"https://example.com/a.png?{SIGNED}&{'x' * 9000}",
    "never-public": f"https://files.invalid/a.png?{SIGNED}",
    "fragment": f"https://files.invalid/a.png#{SIGNED}",
    "user-info": f"https://{SIGNED}@files.invalid/a.png",
    "path-parameter": f"https://files.invalid/a.png;jsessionid={SIGNATURE}",
    "path-parameter-amid": f"https://files.invalid/a;jsessionid={SIGNATURE}/b.png",
    "path-token": f"https://files.invalid/bcdn_token={SIGNATURE}&expires=1/b.png",
    "share-link": f"https://drive.google.com.invalid/open?{SIGNED}",
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_address_that_is_refused_is_shown_without_its_query(case: str, tmp_path: Path) -> None:
    url = REFUSED[case]
    path = write_job(tmp_path, job(image=url, video=url))
    for format_ in ("text", "json", "jsonl"):
        assert here("check", path, "--format", format_).code == 1
    for arguments in (["check", url], ["check", "--image", url], ["probe", url], ["estimate", "--video", url]):
        assert here(*arguments).code in {1, 2, 3}


# A signed URL where no URL belongs, or in a job file that is broken around it.
MISPLACED = {
    "callback": f"callback_url: http://10.0.0.1/hook?{SIGNED}",
    "model": f"model: https://example.com/a.png?{SIGNED}",
    "mode": f"input: {{mode: 'https://example.com/a.png?{SIGNED}'}}",
    "orientation": f"input: {{character_orientation: 'https://example.com/a.png?{SIGNED}'}}",
    "unknown-field": f"input: {{image: 'https://example.com/a.png?{SIGNED}'}}",
    "name-of-a-field": f"'https://example.com/a.png?{SIGNED}': x",
    "duration": f"input: {{duration: 'https://example.com/a.png?{SIGNED}'}}",
    "no-list": f"input: {{input_urls: 'https://example.com/a.png?{SIGNED}'}}",
    "no-mapping": f"- https://example.com/a.png?{SIGNED}",
    "not-closed": f"input: {{input_urls: ['https://example.com/a.png?{SIGNED}'",
    "quote-not-closed": f"input: 'https://example.com/a.png?{SIGNED}",
    "anchor": f"input: *https://example.com/a.png?{SIGNED}",
    "tag": f"input: !<https://example.com/a.png?{SIGNED}> x",
    "anchor-alone": f"input: &{SIGNATURE} [*{SIGNATURE}]",
    "alias-alone": f"input: *{SIGNATURE}",
    "tag-alone": f"input: !{SIGNATURE} x",
    "tag-of-a-list": f"input: !{SIGNATURE} [x]",
    "tag-handle": f"input: !{SIGNATURE}!x y",
    "text-of-a-type": f"input: !!int {SIGNATURE}",
    "path-parameter": f"input: {{mode: 'https://example.com/a.png;jsessionid={SIGNATURE}'}}",
    "indented": f"model: {MODEL}\n  input: https://example.com/a.png?{SIGNED}",
}


@pytest.mark.parametrize("case", MISPLACED)
def test_a_job_that_is_wrong_is_not_quoted_where_it_holds_a_signed_url(case: str, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(MISPLACED[case] + "\n")
    codes = {here("check", path, "--format", format_).code for format_ in ("text", "json")}
    assert len(codes) == 1
    assert codes <= {1, 2}


ROWS = {
    "cut.jsonl": f'{{"input": {{"input_urls": ["https://example.com/a.png?{SIGNED}"]\n',
    "id.jsonl": f'{{"id": ["https://example.com/a.png?{SIGNED}"]}}\n',
    "word.jsonl": f'{{"model": https://example.com/a.png?{SIGNED}}}\n',
    "extra.csv": f"image,video\na.png,b.mp4,https://example.com/a.png?{SIGNED}\n",
    "quotes.csv": f'image,video\n"https://example.com/a.png?{SIGNED},b.mp4\n',
    "header.csv": f"image,https://example.com/a.png?{SIGNED}\na.png,b.mp4\n",
    "id.csv": f"id,image,video\nhttps://example.com/a.png?{SIGNED},a.png,b.mp4\n",
    "id-of-its-url.csv": f"id,image,video\n{SIGNATURE},https://files.invalid/a.png?{SIGNED},b.mp4\n",
    "id-of-its-url.jsonl": (
        f'{{"id": "{SIGNATURE}", "input": {{"input_urls": ["https://files.invalid/a.png?{SIGNED}"]}}}}\n'
    ),
    "path-parameter.csv": f"image,video\nhttps://files.invalid/a.png;jsessionid={SIGNATURE},b.mp4\n",
    "refused.csv": f"image,video\nhttps://files.invalid/a.png?{SIGNED},http://10.0.0.1/b.mp4?{SIGNED}\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_a_manifest_that_is_wrong_is_not_quoted_where_it_holds_a_signed_url(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(ROWS[name])
    codes = {here("check", tmp_path / name, "--format", format_).code for format_ in ("text", "json")}
    assert codes <= {1, 2}


# ── What -v says ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_command_that_sends_requests_can_say_them() -> None:
    for name in commands.list_commands(click.Context(commands)):
        command = commands.get_command(click.Context(commands), name)
        for each in command.commands.values() if isinstance(command, click.Group) else [command]:
            spellings = {spelling for param in each.params for spelling in param.opts}
            assert "-v" in spellings or not spellings & {"--api-url", "--allow-host"}, name


def test_a_reading_is_said_without_its_query(server: Server) -> None:
    url = server.url("ok", "a.png", SIGNED)
    quiet = here("check", url, "--allow-host", "127.0.0.1")
    said = here("check", url, "--allow-host", "127.0.0.1", "-v")
    more = here("check", url, "--allow-host", "127.0.0.1", "-vv")
    assert quiet.err == ""
    assert len({re.sub(r"\d+ ms", "", ran.out) for ran in (quiet, said, more)}) == 1
    (line,) = said.err.splitlines()
    assert re.fullmatch(
        rf"preflight\.sources: GET {re.escape(server.url('ok', 'a.png', '…'))} bytes=0-65535 206 after \d+ ms,"
        r" \d+ bytes announced",
        line,
    )
    assert re.search(r"dialling 127\.0\.0\.1 port \d+\n.*GET .*\n.*answered with .*content-range", more.err)


def test_a_reading_that_the_deadline_ends_is_said_too(server: Server) -> None:
    ran = here("check", server.url("stalls", "a.png", SIGNED), "--allow-host", "127.0.0.1", "--timeout", "0.3", "-v")
    assert ran.code == 3
    assert re.search(r"GET \S+/stalls/a\.png\?… bytes=0-65535 failed after \d+ ms: no answer by then", ran.err)


def test_a_reading_is_said_on_a_line_of_its_own_beside_a_spinner(server: Server) -> None:
    url = server.url("ok", "a.png", SIGNED)
    text = shown("check", url, "--allow-host", "127.0.0.1", "-v", errors=True)
    assert "checking" in text
    assert re.search(r"(\r|\n|\x1b\[2K|\x1b\[\?25l)preflight\.sources: GET", text)


@pytest.mark.parametrize("case", BROKEN)
def test_no_reading_that_fails_shows_its_query(case: str, server: Server, tmp_path: Path) -> None:
    behaviour, name, query = BROKEN[case]
    path = write_job(tmp_path, job(image=server.url(behaviour, name, query)))
    for format_ in ("text", "json", "jsonl"):
        here("check", path, "--allow-host", "127.0.0.1", "-vv", "--format", format_)


# A media server that quotes what it was asked for: in its words, its headers, their names, or nothing but that.
QUOTING = {
    "etag": answers(200, Path(PICTURE).read_bytes(), ETag=f'"{SIGNATURE}"'),
    "etag-in-base64": answers(
        200, Path(PICTURE).read_bytes(), ETag=f'"{b64encode(f"v:{SIGNATURE}".encode()).decode()}"'
    ),
    "type": answers(200, Path(PICTURE).read_bytes(), Content_Type=f"image/{SIGNATURE}"),
    "request-id": answers(200, b"x", X_Request_Id=f"for {SIGNED}"),
    "name": answers(200, b"x", **{SIGNATURE: "1"}),
    "redirect": answers(302, b"", Location=f"/b.png?{SIGNED}&more"),
    "reason": says(f"HTTP/1.1 200 {SIGNED}\r\nContent-Length: 1\r\n\r\nx".encode()),
    "not-http": says(f"{SIGNED}\r\n\r\n".encode()),
    "length": says(f"HTTP/1.1 200 OK\r\nContent-Length: {SIGNATURE}\r\n\r\nx".encode()),
}


@pytest.mark.parametrize("case", QUOTING)
def test_a_server_that_quotes_the_query_is_not_quoted(case: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), serving_raw(QUOTING[case]) as raw:
        ran = here("check", f"{raw.url}/a.png?{SIGNED}", "--allow-host", "127.0.0.1", "-vv", "--format", "json")
        assert raw.requests
    assert ran.code in {0, 1, 3}
    assert "GET " in ran.err
    assert SIGNATURE.lower() not in (ran.out + ran.err + caplog.text).lower()


@pytest.mark.parametrize("case", ["etag", "etag-in-base64", "type"])
def test_what_a_server_makes_of_the_query_is_not_kept(case: str, tmp_path: Path) -> None:
    with serving_raw(QUOTING[case]) as raw:
        path = write_job(tmp_path, job(image=f"{raw.url}/a.png?{SIGNED}"))
        ran = check(path, "--allow-host", "127.0.0.1")
    kept = ran.json["jobs"][0]["subjects"][0]
    assert kept["receipt"]["blocks"]
    assert SIGNATURE.lower() not in ran.out.lower()
    assert b64encode(f"v:{SIGNATURE}".encode()).decode() not in ran.out


def test_no_repr_of_what_a_program_holds_shows_a_query(server: Server) -> None:
    image, video = server.url("ok", "a.png", SIGNED), server.url("ok", "a.mp4", SIGNED)
    allow = (AllowedHost.parse("127.0.0.1"),)
    body = {"model": MODEL, "callback_url": image, "input": {"input_urls": [image], "video_urls": [video]}}
    held = [Job(body=body), Media(source=image), locate(image, allow), Options(allow=allow), allow]
    held.append(check_job(Job(body=body), options=Options(allow=allow)))
    assert SIGNATURE not in repr(held)
    assert repr(Media(source=image)) == f"Media(source={server.url('ok', 'a.png', '…')!r}, kind=None)"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Service]:
    with service(tmp_path) as running:
        yield running


def signed_job(sandbox: Service) -> Path:
    return write_job(
        sandbox.folder,
        job(image=sandbox.media.url("ok", "a.png", SIGNED), video=sandbox.media.url("ok", "12.mp4", SIGNED)),
    )


@pytest.mark.parametrize("fault", [None, "invalid_api_key", "drop-after-billing", "malformed-body", "redirect"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_paying_with_everything_said_shows_neither_key_nor_query(
    fault: str | None, format_: str, sandbox: Service, caplog: pytest.LogCaptureFixture
) -> None:
    if fault:
        sandbox.arm(fault, count=None)
    with caplog.at_level(logging.DEBUG):
        ran = here(
            *("submit", signed_job(sandbox), "--yes", "--wait", "-vv", "--format", format_),
            *sandbox.options,
            *sandbox.media_options,
        )
    assert ran.code == (0 if fault is None else 4 if fault == "invalid_api_key" else 6)
    assert re.search(r"preflight\.client: POST \S+/v1/videos/generations", ran.err)
    assert "GET http" in ran.err
    assert KEY not in caplog.text
    assert SIGNATURE not in caplog.text


def test_what_was_said_once_is_not_said_by_the_next_command(sandbox: Service) -> None:
    assert here("credits", *sandbox.options, "-v").err.count("preflight.client: GET ") == 1
    assert here("credits", *sandbox.options).err == ""
    assert here("credits", *sandbox.options, "-v").err.count("preflight.client: GET ") == 1


SHARED = {
    "dropbox": f"https://www.dropbox.com/scl/fi/k3y/a.png?rlkey={SIGNATURE}&dl=0",
    "google-drive": f"https://drive.google.com/open?id={SIGNATURE}",
    "google-drive-key": f"https://drive.google.com/file/d/1AbC/view?resourcekey={SIGNATURE}",
}


@pytest.mark.parametrize("case", SHARED)
def test_the_fix_of_a_share_link_shows_how_and_not_its_query(case: str) -> None:
    address, _ = examine_url(SHARED[case])
    page = ImageFacts(container="HTML", family=Family.DOCUMENT, size_bytes=1)
    subject = Subject(kind=Kind.IMAGE, source=redact(SHARED[case]), address=address, facts=page)
    case_ = SubjectCase(subject=subject, spec=load_spec(), now=datetime.now(UTC), uploaded=True)
    (flaw,) = not_media(case_)
    assert SIGNATURE not in (flaw.fix or "")
    assert "=…" in (flaw.fix or "")
    assert re.search("dl=1|export=download", flaw.fix or "")


REFUSED_SETTINGS = {
    "allow-host": ('allow-host = ["user:CANARY5c1f@proxy.example"]', "…@proxy.example"),
    "allow-host-url": ('allow-host = ["https://user:CANARY5c1f@proxy.example"]', "…@proxy.example"),
    "api-url": ('api-url = "ftp://user:CANARY5c1f@api.example/"', "ftp://api.example/"),
    "mode": ('mode = "https://example.com/?token=CANARY5c1f"', "?…"),
    "timeout": ('timeout = "Bearer CANARY5c1f0000"', "Bearer …"),
    "select": ('select = ["https://x.example/?sig=CANARY5c1f"]', "?…"),
    "list": ('select = "https://x.example/?sig=CANARY5c1f"', "?…"),
    "key": ('"https://x.example/?sig=CANARY5c1f" = 1', "no such setting"),
}


@pytest.mark.parametrize("case", REFUSED_SETTINGS)
def test_a_refused_setting_is_shown_without_the_password_in_it(case: str, tmp_path: Path) -> None:
    text, said = REFUSED_SETTINGS[case]
    (tmp_path / "preflight.toml").write_text(text + "\n")
    ran = preflight("check", PICTURE, cwd=tmp_path)
    assert ran.code == 2
    assert said in ran.err


NAMES = ["hero@2x.png", "a?b.png", "out.d/a:b@2x;v=1?c=d#e.png", "http:.png", "token=abcdef.png"]


def test_the_name_of_a_local_file_is_shown_whole(tmp_path: Path) -> None:
    (tmp_path / "out.d").mkdir()
    for name in NAMES:
        (tmp_path / name).write_bytes(Path(PICTURE).read_bytes())
    ran = preflight("check", *NAMES, "--format", "json", cwd=tmp_path)
    assert [found["subjects"][0]["source"] for found in ran.json["jobs"]] == NAMES
    text = preflight("check", *NAMES, cwd=tmp_path)
    assert [name for name in NAMES if name not in text.out] == []
    assert (ran.code, text.code) == (0, 0)


def test_a_command_that_is_printed_for_a_local_file_names_it(tmp_path: Path) -> None:
    for name in ("hero@2x.png", "a?b.png"):
        (tmp_path / name).write_bytes((FIXTURES / "pictures" / "299-wide.png").read_bytes())
        (finding,) = preflight("check", name, "--format", "json", cwd=tmp_path).json["jobs"][0]["findings"]
        assert name in finding["fix"]


# ── The key's file ────────────────────────────────────────────────────────────────────────────────────────────────

READ = {
    "plain": KEY.encode(),
    "newline": f"{KEY}\n".encode(),
    "windows": f"{KEY}\r\n".encode(),
    "marked": f"\ufeff{KEY}\r\n".encode(),
}
REFUSED_KEYS = {
    "utf-16-le": (f"\ufeff{KEY}\r\n".encode("utf-16-le"), "UTF-16"),
    "utf-16-be": (f"\ufeff{KEY}\n".encode("utf-16-be"), "UTF-16"),
    "accents": (f"{KEY}é".encode(), "outside ASCII"),
    "latin-1": (f"{KEY}é".encode("latin-1"), "outside ASCII"),
    "two-lines": (f"{KEY}\n{KEY}\n".encode(), "white space"),
    "empty": (b"", "empty"),
    "only-a-mark": ("\ufeff".encode(), "empty"),
    "endless": (b"sk-" + b"x" * 1_000_000, "larger than 4096 bytes"),
}


@pytest.mark.parametrize("case", READ)
def test_a_key_file_may_be_written_on_any_system(case: str, sandbox: Service) -> None:
    sandbox.key_file.write_bytes(READ[case])
    assert here("credits", *sandbox.options).out == "10000 credits\n"


@pytest.mark.parametrize("case", REFUSED_KEYS)
def test_a_key_file_that_is_none_is_refused_and_not_shown(case: str, sandbox: Service) -> None:
    content, reason = REFUSED_KEYS[case]
    sandbox.key_file.write_bytes(content)
    ran = here("credits", *sandbox.options)
    assert (ran.code, ran.out) == (2, "")
    assert reason in ran.err
    assert sandbox.untouched
