"""Serving: on this machine only, in a thread or in the foreground, and media with ranges."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import httpx2
import pytest

from preflight import errors
from preflight.sandbox import Options, serve, serve_media


async def twelve_seconds(_: str) -> Fraction:
    return Fraction(12)


OPTIONS = Options(prober=twelve_seconds)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com"])
def test_an_address_that_others_reach_is_refused(host: str, tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="other machines"), serve(OPTIONS, host=host):
        pass
    with pytest.raises(errors.ConfigurationError, match="other machines"), serve_media(tmp_path, host=host):
        pass


def test_an_address_that_others_reach_is_served_when_it_is_allowed() -> None:
    with serve(OPTIONS, host="0.0.0.0", allow_public=True) as url, httpx2.Client(trust_env=False) as http:
        port = httpx2.URL(url).port
        assert http.get(f"http://127.0.0.1:{port}/sandbox/state").status_code == 200


@pytest.mark.parametrize("port", [-1, 70_000, None], ids=["negative", "too-large", "taken"])
def test_a_port_that_cannot_be_had_is_a_configuration_error(port: int | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        wanted = taken.getsockname()[1] if port is None else port
        with pytest.raises(errors.ConfigurationError, match="cannot listen"), serve(OPTIONS, port=wanted):
            pass


def test_a_port_that_is_taken_and_a_public_address_name_the_option_that_helps() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(errors.ConfigurationError, match=f"port {port}: Address already in use; give another --port"),
            serve(OPTIONS, port=port),
        ):
            pass
    with pytest.raises(errors.ConfigurationError, match="--allow-public"), serve(OPTIONS, host="0.0.0.0"):
        pass


def test_two_sandboxes_run_side_by_side_with_accounts_of_their_own() -> None:
    with serve(OPTIONS) as one, serve(OPTIONS) as other, httpx2.Client(trust_env=False) as http:
        http.get(f"{one}/v1/credits")
        assert http.get(f"{one}/sandbox/state").json()["requests"] == {"credits": 1}
        assert http.get(f"{other}/sandbox/state").json()["requests"] == {}


def test_a_sandbox_ends_while_somebody_waits_for_a_late_answer() -> None:
    with httpx2.Client(trust_env=False) as http, socket.socket() as waiting:
        with serve(OPTIONS) as url:
            http.post(f"{url}/sandbox/faults", json={"name": "late-answer", "operation": "credits", "seconds": 3600})
            waiting.connect(("127.0.0.1", httpx2.URL(url).port))
            waiting.sendall(b"GET /v1/credits HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-test\r\n\r\n")
            deadline = time.monotonic() + 30
            while "credits" not in http.get(f"{url}/sandbox/state").json()["requests"]:
                assert time.monotonic() < deadline, "the request did not arrive"
        assert waiting.recv(1) == b""


def test_media_are_served_with_ranges(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(bytes(range(100)))
    with serve_media(tmp_path) as url, httpx2.Client(trust_env=False, base_url=url) as http:
        whole = http.get("/clip.mp4")
        assert (whole.status_code, whole.content) == (200, bytes(range(100)))
        assert whole.headers["content-type"] == "video/mp4"
        part = http.get("/clip.mp4", headers={"Range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, bytes(range(10)))
        assert part.headers["content-range"] == "bytes 0-9/100"
        assert part.headers["etag"] == whole.headers["etag"]
        assert http.get("/none.mp4").status_code == 404


@pytest.mark.parametrize("path", ["/../secret", "/..%2fsecret", "/%2e%2e/secret", "//etc/passwd", "/link"])
def test_nothing_outside_the_folder_is_served(path: str, tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    with serve_media(folder) as url, socket.socket() as raw:
        raw.connect(("127.0.0.1", httpx2.URL(url).port))
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"secret" not in answer


def test_a_folder_that_is_none_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(errors.ConfigurationError, match="is not a folder"), serve_media(tmp_path / "none"):
        pass


FOREGROUND = """
from fractions import Fraction
from preflight.sandbox import Options, run
async def prober(url):
    return Fraction(12)
run(Options(prober=prober), on_ready=lambda url: print(url, flush=True))
"""


def test_in_the_foreground_it_says_where_it_is_and_ends_with_an_interrupt() -> None:
    command = [sys.executable, "-W", "error", "-c", FOREGROUND]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        url = process.stdout.readline().strip()
        with httpx2.Client(trust_env=False) as http:
            assert http.get(f"{url}/sandbox/state").json()["schema"] == "preflight.sandbox/v1"
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert text.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("module", ["starlette", "uvicorn"])
def test_without_its_extra_it_says_what_to_install(module: str) -> None:
    script = f"""
import sys
import time
sys.modules[{module!r}] = None
from preflight.errors import MissingExtra
try:
    import preflight.sandbox
except MissingExtra as missing:
    print(missing.extra, missing)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    command = errors.install_command("media-preflight[sandbox]")
    assert ended.stdout == f"sandbox the sandbox needs the extra 'sandbox': {command}\n"
