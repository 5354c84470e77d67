"""Who may use the page of ``preflight ui``: nobody but the browser that opened its link, and only by its own pages."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.routing import Route

from preflight.ui.application import page_routes
from tests.support.command import CLIP, PICTURE
from tests.support.page import Visitor, page_server

ROUTES = [route for route in page_routes() if isinstance(route, Route)]
CHANGES = sorted({route.path for route in ROUTES if "POST" in (route.methods or ())})
VIEWS = sorted({route.path for route in ROUTES if "GET" in (route.methods or ())})


def a_path(route: str) -> str:
    """A path of ``route``."""
    for name, value in (("{id}", "x"), ("{kind}", "image"), ("{entry:int}", "1"), ("{number:int}", "0")):
        route = route.replace(name, value)
    return route


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    with page_server(tmp_path_factory.mktemp("page")) as visitor:
        yield visitor.enter()


def raw(page: Visitor, method: str, path: str, *headers: tuple[str, str], body: bytes = b"") -> tuple[int, bytes]:
    """The answer to exactly these headers."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(page.origin).port or 0, timeout=30)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def cookie(page: Visitor) -> tuple[str, str]:
    return "Cookie", "; ".join(f"{each.name}={each.value}" for each in page.http.cookies.jar)


def host(page: Visitor) -> tuple[str, str]:
    return "Host", urlsplit(page.origin).netloc


def test_the_link_works_once(page: Visitor) -> None:
    assert raw(page, "GET", page.link.removeprefix(page.origin), host(page))[0] == 403
    assert page.get(page.link).status_code == 200  # whoever is in already is let in


@pytest.mark.parametrize("token", ["", "?token=", "?token=x", "?token=%00", "?other=1"])
def test_a_wrong_token_opens_nothing(page: Visitor, token: str) -> None:
    status, body = raw(page, "GET", f"/enter{token}", host(page))
    assert (status, b"works once" in body) == (403, True)


@pytest.mark.parametrize("path", ["/", *map(a_path, VIEWS), "/nothing", "/job/../job"])
def test_nothing_is_shown_without_the_cookie(page: Visitor, path: str) -> None:
    for wrong in (
        (),
        (("Cookie", f"{cookie(page)[1][:-1]}"),),
        (("Cookie", "preflight-1=x"),),
        (("Cookie", "=;="),),
    ):
        status, body = raw(page, "GET", path, host(page), *wrong)
        assert (status, b"open the link" in body) == (403, True)


def test_the_cookie_is_kept_from_scripts_and_from_other_pages(tmp_path: Path) -> None:
    with page_server(tmp_path) as visitor:
        kept = visitor.http.get(visitor.link).headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in kept.split(";")}
    assert "domain" not in kept


@pytest.mark.parametrize(
    "name", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", "[::1]", "127.1", "", "a@127.0.0.1"]
)
def test_another_name_for_this_machine_is_refused(page: Visitor, name: str) -> None:
    port = urlsplit(page.origin).port
    for text in {name, f"{name}:{port}"} - {f"127.0.0.1:{port}"}:
        for path in ("/job", "/static/page.css", "/enter?token=x"):
            assert raw(page, "GET", path, ("Host", text), cookie(page))[0] == 421


def test_two_names_or_none_are_refused(page: Visitor) -> None:
    assert raw(page, "GET", "/job", cookie(page))[0] in (400, 421)
    assert raw(page, "GET", "/job", host(page), ("Host", "evil.example"), cookie(page))[0] in (400, 421)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", ""])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin_is_refused(page: Visitor, origin: str, method: str) -> None:
    assert raw(page, method, "/job", host(page), cookie(page), ("Origin", origin))[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_says_that_it_comes_from_elsewhere_is_refused(page: Visitor, site: str) -> None:
    assert raw(page, "GET", "/job", host(page), cookie(page), ("Sec-Fetch-Site", site))[0] == 403
    assert raw(page, "GET", "/job", host(page), cookie(page), ("Sec-Fetch-Site", "same-origin"))[0] == 200


@pytest.mark.parametrize("path", [*map(a_path, CHANGES)])
def test_nothing_changes_without_the_token_of_the_forms(page: Visitor, path: str) -> None:
    own = (host(page), cookie(page), ("Origin", page.origin))
    for body in (b"", b"csrf=", b"csrf=x", f"csrf={page.csrf[:-1]}".encode(), b"csrf=%ff", b"\xff\xfe"):
        status, _ = raw(page, "POST", path, *own, ("Content-Type", "application/x-www-form-urlencoded"), body=body)
        assert status in (400, 403)
    assert raw(page, "POST", path, host(page), cookie(page), body=f"csrf={page.csrf}".encode())[0] == 403


def test_every_change_is_known_to_this_test() -> None:
    assert {"/job", "/job/files", "/job/example", "/job/{id}/choices", "/job/{id}/repair/{kind}"} <= {*CHANGES}
    assert {"/job/{id}/prepare", "/job/{id}/pay"} <= {*CHANGES}


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(page: Visitor, method: str) -> None:
    assert raw(page, method, "/job", host(page), cookie(page), ("Origin", page.origin))[0] == 405


def test_every_answer_has_the_policy_and_none_allows_another_origin(page: Visitor) -> None:
    for path in ("/job", "/runs", "/ledger", "/static/page.css", "/nothing", "/enter?token=x", "/paid/99"):
        headers = page.get(path, Origin=page.origin).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert not [name for name in headers if name.startswith("access-control")]
        if not path.startswith("/static"):
            assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/static/../gate.py", "/static/..%2fgate.py", "/static/%2e%2e/gate.py", "/static//etc/passwd", "/static/%00"],
)
def test_no_path_leads_out_of_what_is_shown(page: Visitor, path: str) -> None:
    status, body = raw(page, "GET", path, host(page), cookie(page))
    assert status == 404
    assert b"class Gate" not in body


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../a.png", "a.png"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\b.png", "b.png"),
        ("..", "file"),
        ("", "file"),
        ("-rf", "rf"),
        ("a\x1b[2Jb\u202e.png", "a_[2Jb_.png"),
        ("é" * 300 + ".png", "é" * 58 + ".png"),
    ],
)
def test_a_file_keeps_no_more_than_its_name(page: Visitor, name: str, kept: str) -> None:
    answer = page.bring(name, Path(PICTURE).read_bytes())
    assert answer.status_code == 200, answer.text
    assert answer.json()["name"] == kept


def test_only_media_are_shown(page: Visitor, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    job = page.start(secret, "/etc/passwd")
    for kind in ("image", "video", "job.yaml"):
        assert page.get(f"{job}/media/{kind}").status_code in (400, 404)
    sound = page.start(PICTURE, CLIP)
    assert page.get(f"{sound}/media/image").headers["content-type"] == "image/png"
    part = page.get(f"{sound}/media/video", Range="bytes=0-9")
    assert (part.status_code, len(part.content)) == (206, 10)


def test_a_form_that_is_too_large_is_refused(page: Visitor) -> None:
    assert page.post("/job", image="x" * 300_000).status_code == 413
    assert page.post("/job", image="x" * 5000, video="y").status_code == 400


def test_a_file_that_says_that_it_is_too_large_is_refused_unread(page: Visitor) -> None:
    own = (host(page), cookie(page), ("Origin", page.origin), ("X-CSRF-Token", page.csrf))
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(page.origin).port or 0, timeout=30)
    connection.putrequest("POST", "/job/files?name=a.mp4", skip_host=True)
    for name, value in (*own, ("Content-Length", str(10**12))):
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_jobs_that_are_not_there_are_told_so(page: Visitor) -> None:
    for path in (
        "/job/x",
        "/job/x/pay",
        "/job/x/state",
        "/paid/1",
        "/paid/1/events",
        "/paid/1/result/0",
        "/paid/" + "9" * 30,
    ):
        assert page.get(path).status_code == 404
