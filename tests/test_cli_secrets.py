"""Query strings sign URLs: whatever is found, and in whatever format, none of them is printed.

``support.command`` looks for ``SIGNATURE`` in the output of every command that any test runs; these are the commands
that could print one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.lying import Server, serving
from support.command import CLIP, FIXTURES, PICTURE, SIGNED, check, here, preflight
from support.jobs import MODEL, job, write_job

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
    "source-unstable": ("changes-etag", "moved.mp4", SIGNED),
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
    "too-long": f"https://example.com/a.png?{SIGNED}&{'x' * 3000}",
    "never-public": f"https://files.invalid/a.png?{SIGNED}",
    "fragment": f"https://files.invalid/a.png#{SIGNED}",
    "user-info": f"https://{SIGNED}@files.invalid/a.png",
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
    "refused.csv": f"image,video\nhttps://files.invalid/a.png?{SIGNED},http://10.0.0.1/b.mp4?{SIGNED}\n",
}


@pytest.mark.parametrize("name", ROWS)
def test_a_manifest_that_is_wrong_is_not_quoted_where_it_holds_a_signed_url(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(ROWS[name])
    codes = {here("check", tmp_path / name, "--format", format_).code for format_ in ("text", "json")}
    assert codes <= {1, 2}
