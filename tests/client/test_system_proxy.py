"""The API through a proxy that the environment names: a real one, with a real API behind it, both on this machine."""

from __future__ import annotations

import json
import logging
import ssl
import threading
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from preflight import errors
from preflight.client import ApiKey
from preflight.client.system_proxy import proxy_for
from preflight.client.wire import Wire
from tests.client.test_faces import FACES, JOB, KEY, Face
from tests.servers.lying import CERTIFICATE
from tests.servers.proxying import proxying
from tests.support.command import preflight

API = "https://files.example"
"""A name of the test certificate that no resolver knows: what arrives there came through the proxy."""

USER, PASSWORD = "studio", "pass:w%40rd"
AUTHORIZATION = "Basic " + b64encode(b"studio:pass:w@rd").decode()

Environment = Callable[..., None]


class _Api(BaseHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self._answer({"code": 200, "data": {"balance": 12}})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"hang up" in body:
            self.seen.append("POST, and no answer")
            self.close_connection = True
            return
        self._answer({"code": 200, "data": {"taskId": "abc"}})

    def _answer(self, body: object) -> None:
        self.seen.append(f"{self.command} {self.path} {dict(self.headers)}")
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@contextmanager
def api() -> Iterator[tuple[int, list[str]]]:
    """The port of an API over TLS, and the requests that it got."""
    seen: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_Api,), {"seen": seen})) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield server.server_address[1], seen
        server.shutdown()
        thread.join(10)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Environment:
    for name in ("https_proxy", "http_proxy", "all_proxy", "no_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    def put(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return put


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("tls", [False, True], ids=["over-http", "over-https"])
def test_the_api_is_reached_through_the_proxy(face: Face, name: str, tls: bool, environment: Environment) -> None:
    with api() as (port, seen), proxying(to_port=port, tls=tls) as proxy:
        environment(**{name: f"{'https' if tls else 'http'}://localhost:{proxy.port}"})
        assert face(API, "create_task", JOB) == "abc"
        assert face(API, "credits").balance == 12
    assert proxy.asked_for == ["files.example:443"] * 2
    assert [line.split()[0] for line in seen] == ["POST", "GET"]
    assert KEY not in "".join(proxy.heads)
    assert all(f"Bearer {KEY}" in line for line in seen)


@pytest.mark.parametrize("face", FACES)
def test_user_and_password_go_to_the_proxy_alone(
    face: Face, environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    with api() as (port, seen), proxying(to_port=port, password=AUTHORIZATION) as proxy, caplog.at_level(logging.DEBUG):
        environment(HTTPS_PROXY=f"{USER}:{PASSWORD}@{proxy.authority}")
        assert face(API, "create_task", JOB) == "abc"
    assert "Proxy-Authorization" not in "".join(seen)
    assert not [word for word in (PASSWORD, "w@rd", AUTHORIZATION[6:]) if word in caplog.text]


REFUSING = {
    "asks-who": "the proxy refuses to connect (407)",
    "refuses": "the proxy refuses to connect (403)",
    "redirects": "the proxy refuses to connect (302)",
    "is-no-proxy": "the proxy did not make the connection",
    "says-nothing": "the proxy did not make the connection",
}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("behaviour", REFUSING)
def test_nothing_was_sent_where_the_proxy_makes_no_tunnel(
    face: Face, behaviour: str, environment: Environment, caplog: pytest.LogCaptureFixture
) -> None:
    with proxying(behaviour) as proxy, caplog.at_level(logging.DEBUG):
        environment(HTTPS_PROXY=f"http://{USER}:{PASSWORD}@{proxy.authority}")
        with pytest.raises(errors.ApiUnreachable) as caught:
            face(API, "create_task", JOB)
    said = f"the API at files.example:443 cannot be reached through the proxy {proxy.authority}: {REFUSING[behaviour]}"
    assert str(caught.value) == said
    below = caught.tb.tb_next  # the frames of the client, as a reporter of errors shows them
    shown = caplog.text + "".join(
        traceback.TracebackException(type(caught.value), caught.value, below, capture_locals=True).format()
    )
    assert not [word for word in (PASSWORD, "w@rd", AUTHORIZATION[6:], KEY) if word in shown]


@pytest.mark.parametrize("face", FACES)
def test_a_proxy_that_stalls_is_given_up_and_nothing_was_sent(face: Face, environment: Environment) -> None:
    with proxying("stalls") as proxy:
        environment(HTTPS_PROXY=f"http://{proxy.authority}")
        with pytest.raises(errors.ApiUnreachable, match="the proxy did not make the connection"):
            face(API, "create_task", JOB, settings={"create_timeout": 0.5})


@pytest.mark.parametrize("face", FACES)
def test_a_request_that_is_lost_behind_the_tunnel_is_unknown(face: Face, environment: Environment) -> None:
    with api() as (port, seen), proxying(to_port=port) as proxy:
        environment(HTTPS_PROXY=f"http://{proxy.authority}")
        with pytest.raises(errors.OutcomeUnknown):
            face(API, "create_task", {**JOB, "prompt": "hang up"})
    assert len(seen) == 1


NAMES = {
    "the-host": "files.example",
    "its-domain": ".example",
    "with-others": "localhost, files.example ,10.0.0.1",
    "everything": "*",
}


@pytest.mark.parametrize("case", NAMES)
def test_no_proxy_is_honoured(case: str, environment: Environment) -> None:
    environment(HTTPS_PROXY="http://127.0.0.1:9", NO_PROXY=NAMES[case])
    assert proxy_for(API) is None


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8787", "http://localhost:1", "https://127.0.0.1:1", "https://[::1]"]
)
def test_this_machine_is_reached_directly(base: str, environment: Environment) -> None:
    environment(HTTPS_PROXY="http://127.0.0.1:9", HTTP_PROXY="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9")
    assert proxy_for(base) is None


def test_http_proxy_alone_is_not_for_the_api(environment: Environment) -> None:
    environment(HTTP_PROXY="http://127.0.0.1:9")
    assert proxy_for(API) is None


SETTINGS = {
    "socks": (f"socks5://{USER}:{PASSWORD}@127.0.0.1:9", "HTTPS_PROXY names a SOCKS proxy"),
    "another-scheme": (f"ftp://{USER}:{PASSWORD}@127.0.0.1:9", "HTTPS_PROXY names another kind of proxy"),
    "no-port": (f"http://{USER}:{PASSWORD}@127.0.0.1:port", "HTTPS_PROXY is not the URL of a proxy"),
    "a-path": (f"http://{USER}:{PASSWORD}@127.0.0.1/x", "HTTPS_PROXY names another kind of proxy"),
    "a-slash-in-the-password": (f"http://{USER}:{PASSWORD}/x@127.0.0.1:9", "HTTPS_PROXY"),
    "no-host": ("http://", "HTTPS_PROXY"),
    "a-control-character": (f"http://{USER}:{PASSWORD}\x07@127.0.0.1:9", "HTTPS_PROXY is not the URL of a proxy"),
    "too-long": ("http://" + "x" * 70_000, "HTTPS_PROXY is not the URL of a proxy"),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_a_setting_that_names_no_usable_proxy_is_an_error_that_does_not_show_it(
    case: str, environment: Environment
) -> None:
    value, said = SETTINGS[case]
    environment(HTTPS_PROXY=value)
    with pytest.raises(errors.ConfigurationError, match=said) as caught:
        Wire(ApiKey(KEY), API)
    shown = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in shown
    assert "NO_PROXY=files.example" in str(caught.value)


@pytest.mark.usefixtures("environment")
def test_a_command_says_that_it_is_a_usage_error() -> None:
    ran = preflight("credits", env={"PREFLIGHT_API_KEY": KEY, "HTTPS_PROXY": SETTINGS["socks"][0]})
    assert (ran.code, PASSWORD in ran.err, "Traceback" in ran.err) == (2, False, False)


@pytest.mark.usefixtures("environment")
def test_the_doctor_asks_through_the_proxy_and_shows_no_password() -> None:
    with api() as (port, _), proxying(to_port=port, password=AUTHORIZATION) as proxy:
        settings = {
            "PREFLIGHT_API_KEY": KEY,
            "HTTPS_PROXY": f"http://{USER}:{PASSWORD}@{proxy.authority}",
            "SSL_CERT_FILE": str(CERTIFICATE),
        }
        ran = preflight("doctor", "--json", "--api-url", API, env=settings)
    checks = {check["check"]: check for check in ran.json["checks"]}
    assert (checks["credits"]["found"], proxy.asked_for) == ("12", ["files.example:443"])
    assert "reached through it" in checks["proxies"]["found"]
    assert PASSWORD not in ran.out + ran.err


def test_what_a_proxy_is_does_not_show_its_password(environment: Environment) -> None:
    environment(HTTPS_PROXY=f"http://{USER}:{PASSWORD}@proxy.example:3128")
    found = repr(proxy_for(API))
    assert (PASSWORD in found, "proxy.example:3128" in found) == (False, True)
