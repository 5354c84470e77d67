"""URLs that lead nowhere and servers that misbehave: the right rule and exit code, in time, nothing dialled in vain."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.lying import CERTIFICATE, Server, serving
from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, check, here, preflight
from tests.support.jobs import job, write_job

CLIPS = FIXTURES / "clips"
LAST = CLIPS / "moov-far-after-mdat.mp4"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    files = {
        "a.png": Path(PICTURE),
        "a.mp4": Path(CLIP),
        "last.mp4": LAST,
        "moved.mp4": CLIPS / "free-before-moov.mp4",
        "webp.webp": FIXTURES / "pictures" / "webp.webp",
    }
    with serving(files, types={"webp.webp": "image/png"}) as running:
        yield running


REFUSED = {
    "scheme-typo": "htps://example.com/a.png",
    "no-slashes": "https:example.com/a.png",
    "one-slash": "https:/example.com/a.png",
    "file": "file:///etc/passwd",
    "ftp": "ftp://example.com/a.png",
    "data": "data:image/png;base64,iVBORw0KGgo=",
    "s3": "s3://bucket/a.png",
    "private": "http://10.0.0.1/a.png",
    "private-v6": "http://[fd00::1]/a.png",
    "loopback": "http://127.0.0.1:1/a.png",
    "loopback-as-number": "http://2130706433/a.png",
    "localhost": "http://localhost/a.png",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "local-network": "http://nas/a.png",
    "never-public": "https://files.example.invalid/a.png",
    "credentials": "https://me:secret@example.com/a.png",
    "no-host": "https:///a.png",
    "port-0": "https://example.com:0/a.png",
    "space": "https://example.com/a b.png",
    "line-break": "https://example.com/a.png\n",
    "too-long": "https://example.com/" + "a" * 9000,
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All of them checked at once, a job each, in their order."""
    path = tmp_path_factory.mktemp("refused") / "jobs.jsonl"
    path.write_text("".join(json.dumps({"id": case, **job(image=url)}) + "\n" for case, url in REFUSED.items()))
    return check(path)


@pytest.mark.parametrize("case", REFUSED)
def test_an_address_that_is_not_public_fails(case: str, refused: Ran) -> None:
    (found,) = [each for each in refused.json["jobs"] if each["id"] == case]
    (finding,) = found["findings"]
    assert (found["verdict"], finding["rule"], finding["severity"]) == ("fail", "url-not-public", "error")
    assert (finding["field"], finding["line"]) == ("input.input_urls[0]", 1 + list(REFUSED).index(case))
    image, video = found["subjects"]
    assert (image["facts"], image["transfer"]["requests"], image["verdict"]) == (None, 0, "fail")
    assert video["verdict"] == "pass"
    assert "secret" not in refused.out


@pytest.mark.parametrize("case", ["scheme-typo", "private", "credentials", "file"])
@pytest.mark.parametrize("option", [[], ["--image"], ["--video"]], ids=["by-itself", "as-image", "as-video"])
def test_an_address_on_the_command_line_is_held_to_the_same(option: list[str], case: str) -> None:
    ran = check(*option, REFUSED[case])
    assert (ran.code, ran.rules) == (1, {"url-not-public"})


def test_a_real_process_says_so() -> None:
    ran = preflight("check", REFUSED["scheme-typo"], "--format", "json")
    assert (ran.code, ran.rules) == (1, {"url-not-public"})


def test_a_host_that_is_not_allowed_is_never_asked(server: Server) -> None:
    before = len(server.log.requests), server.log.connections
    url = server.url("ok", "a.png")
    assert check(url).code == 1
    assert check(url, "--allow-host", f"127.0.0.1:{server.port + 1}").code == 1
    assert check(url, "--allow-host", "localhost").code == 1
    assert (len(server.log.requests), server.log.connections) == before
    assert check(url, "--allow-host", server.authority).code == 0


# Behaviour of the server, and what is made of it. That http is insecure and a 200 no range goes without saying.
ANSWERS = {
    "ok": (0, set()),
    "refused": (3, {"unreachable"}),
    "status-404": (1, {"http-status"}),
    "status-403": (1, {"http-status"}),
    "status-401": (1, {"http-status"}),
    "status-410": (1, {"http-status"}),
    "status-400": (1, {"http-status"}),
    "status-429": (3, {"http-status"}),
    "status-500": (3, {"http-status"}),
    "status-503": (3, {"http-status"}),
    "html": (1, {"not-media"}),
    "json": (1, {"not-media"}),
    "xml": (1, {"not-media"}),
    "empty-body": (1, {"not-media"}),
    "empty-range": (1, {"not-media"}),
    "closes-unanswered": (3, {"unreachable"}),
    "closes-early": (3, {"unreachable"}),
    "not-http": (3, {"unreachable"}),
    "short-range": (0, set()),
    "range-status-400": (0, set()),
    "range-status-403": (0, set()),
    "range-status-404": (0, set()),
    "range-status-500": (0, set()),
    "range-status-503": (0, set()),
    "no-content-range": (0, set()),
    "total-unknown": (0, set()),
    "total-is-end": (0, set()),
    "part-as-whole": (0, set()),
    "half-as-whole": (0, set()),
    "capped-range": (0, set()),
    "coded-aws-chunked": (0, set()),
    "coded-utf-8": (0, set()),
    "coded-none": (0, set()),
    "forces-gzip": (3, {"unreachable"}),
    "lies-about-range": (0, set()),
    "shifted-range": (3, {"unreachable"}),
    "ignores-range": (0, set()),
    "refuses-range": (0, set()),
    "redirect-loop": (3, {"unreachable"}),
    "redirect-nowhere": (3, {"unreachable"}),
    "redirect-private": (1, {"url-not-public"}),
    "redirect-file": (1, {"url-not-public"}),
    "gzip-bomb": (3, {"unreachable"}),
    "huge-headers": (3, {"unreachable"}),
    "many-headers": (3, {"unreachable"}),
    "endless": (1, {"size-unknown", "image-format"}),
}
UNSAID = {"url-insecure", "range-unsupported"}


@pytest.mark.parametrize("behaviour", ANSWERS)
def test_every_answer_of_a_server_has_its_rule(behaviour: str, server: Server) -> None:
    code, rules = ANSWERS[behaviour]
    ran = check("--image", server.url(behaviour, "a.png"), "--allow-host", "127.0.0.1")
    assert (ran.rules - UNSAID, ran.code) == (rules, code)
    assert ran.json["verdict"] == {0: "pass", 1: "fail", 3: "indeterminate"}[code]
    assert ran.subject["verdict"] == ran.json["verdict"]


@pytest.mark.parametrize("behaviour", ["status-404", "status-503"])
def test_a_real_process_ends_with_the_same_code(behaviour: str, server: Server) -> None:
    ran = preflight("check", "--video", server.url(behaviour, "a.mp4"), "--allow-host", "127.0.0.1", "--format", "json")
    assert (ran.code, ran.rules - UNSAID) == ANSWERS[behaviour]


def test_a_file_that_changes_while_it_is_read_cannot_be_examined(server: Server) -> None:
    ran = check("--video", server.url("other-bytes", "moved.mp4"), "--allow-host", server.authority)
    assert (ran.code, ran.rules - {"url-insecure"}) == (3, {"source-unstable"})


# Behaviours that make a file look shorter, another or forbidden, and the requests until that is found out.
NOT_WHAT_IT_SEEMS = {
    "ok": 2,
    "total-is-end": 2,
    "part-as-whole": 2,
    "half-as-whole": 2,
    "range-status-403": 2,
    "later-range-status-403": 3,
    "no-content-range": 2,
    "total-unknown": 3,
    "capped-range": 2,
    "changes-etag": 3,
    "changes-modified": 3,
    "nodes": 3,
}


@pytest.mark.parametrize("behaviour", NOT_WHAT_IT_SEEMS)
def test_a_clip_is_not_called_cut_short_or_changed_for_what_its_server_says(behaviour: str, server: Server) -> None:
    ran = check("--video", server.url(behaviour, "last.mp4"), "--allow-host", server.authority)
    assert (ran.code, ran.rules - UNSAID) == (0, set())
    assert ran.subject["facts"]["size_bytes"] == LAST.stat().st_size
    assert ran.subject["transfer"]["requests"] == NOT_WHAT_IT_SEEMS[behaviour]


def test_a_clip_that_is_cut_short_is_still_called_so(server: Server) -> None:
    server.files["cut.mp4"] = LAST.read_bytes()[:100_000]
    ran = check("--video", server.url("ok", "cut.mp4"), "--allow-host", server.authority)
    assert (ran.code, ran.rules - UNSAID) == (1, {"video-incomplete", "video-truncated"})


def test_a_server_without_ranges_is_noted_and_read_all_the_same(server: Server) -> None:
    ran = check("--image", server.url("ignores-range", "a.png"), "--allow-host", server.authority)
    assert ran.severities("range-unsupported") == {"range-unsupported": "note"}
    assert (ran.code, ran.subject["facts"]["width"]) == (0, 480)


def test_a_declared_type_that_is_wrong_is_a_warning(server: Server) -> None:
    ran = check("--image", server.url("ok", "webp.webp"), "--allow-host", server.authority)
    assert ran.severities("type-mismatch", "image-format") == {"type-mismatch": "warning", "image-format": "error"}


SLOW = ["stalls", "drips-headers", "drips-body", "endless-1xx"]


def test_slow_servers_are_given_the_time_that_was_set_and_no_more(server: Server) -> None:
    """Each of them would take a minute at least, some for ever."""
    urls = [server.url(behaviour, "a.mp4") for behaviour in SLOW]
    ran = preflight("check", *urls, "--allow-host", server.authority, "--timeout", "1", "--format", "json")
    assert ran.code == 3
    for job_report, url in zip(ran.json["jobs"], urls, strict=True):
        (subject,) = job_report["subjects"]
        assert (subject["source"], job_report["verdict"]) == (url, "indeterminate")
        assert {finding["rule"] for finding in job_report["findings"]} == {"unreachable", "url-insecure"}
        assert 900 <= subject["transfer"]["elapsed_ms"] < 20_000


def test_one_slow_file_does_not_hold_up_the_other_of_its_job(server: Server, tmp_path: Path) -> None:
    body = job(image=server.url("ok", "a.png"), video=server.url("stalls", "a.mp4"))
    ran = check(write_job(tmp_path, body), "--allow-host", server.authority, "--timeout", "1")
    assert ran.code == 3
    assert [subject["verdict"] for subject in ran.job["subjects"]] == ["pass", "indeterminate"]
    assert ran.job["quote"] is None


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "soon"])
def test_a_time_that_is_none_is_a_usage_error(seconds: str) -> None:
    ran = check(PICTURE, f"--timeout={seconds}")
    assert (ran.code, ran.out) == (2, "")


@pytest.mark.parametrize("host", ["http://127.0.0.1", "127.0.0.1:0", "a b", "", "me@example.com"])
def test_an_allowed_host_that_is_none_is_a_usage_error(host: str) -> None:
    ran = check(PICTURE, f"--allow-host={host}")
    assert (ran.code, ran.out) == (2, "")


def test_probe_says_indeterminate_for_what_it_could_not_read(server: Server) -> None:
    for source in (server.url("status-404", "a.png"), server.url("refused", "a.png"), "http://10.0.0.1/a.png"):
        arguments = ["probe", source, "--allow-host", "127.0.0.1"]
        ran = here(*arguments, "--format", "json")
        assert (ran.code, ran.json["subjects"][0]["facts"]) == (3, None)
        assert ran.json["subjects"][0]["error"], "no reason is given"
        assert len(here(*arguments).out.partition("not read: ")[2]) > 10


# ── What the environment takes away ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("files", "name"), [(30, "a.png"), (30, "a.mp4"), (16, "a.mp4")])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_few_files_may_be_open_and_many_urls_are_read_all_the_same(
    server: Server, files: int, name: str, host: str
) -> None:
    urls = [server.url("ok", name, f"n={number}").replace("127.0.0.1", host) for number in range(60)]
    command = [sys.executable, "-m", "preflight", "check", *urls, "--allow-host", host, "--format", "json"]

    ran = subprocess.run(
        ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *command],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(json.loads(ran.stdout)["jobs"]) == 60


@pytest.mark.parametrize("path", ["/nowhere/keys.log", "/", "/proc/keys.log"])
def test_a_key_log_that_cannot_be_written_is_passed_over(path: str) -> None:
    with serving({"a.png": Path(PICTURE)}, tls=True) as secure:
        environment = {"SSLKEYLOGFILE": path, "SSL_CERT_FILE": str(CERTIFICATE), "SSL_CERT_DIR": ""}
        url = secure.url("ok", "a.png")
        ran = preflight("check", url, "--allow-host", "127.0.0.1", "--format", "json", env=environment)

    assert (ran.code, ran.rules) == (0, set())
    assert f"SSLKEYLOGFILE names {path!r}" in ran.err


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("path", ["/nowhere", "/dev/null", "/"])
def test_authorities_that_cannot_be_read_are_named(variable: str, path: str) -> None:
    with serving({"a.png": Path(PICTURE)}, tls=True) as secure:
        environment = {"SSL_CERT_FILE": "", "SSL_CERT_DIR": "", variable: path}
        url = secure.url("ok", "a.png")
        ran = preflight("check", url, "--allow-host", "127.0.0.1", "--format", "json", env=environment)

    assert (ran.code, ran.rules) == (3, {"unreachable"})
    assert f"{variable} names {path!r}" in ran.finding("unreachable")["message"]
    assert secure.log.requests == []
