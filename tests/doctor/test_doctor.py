"""``preflight doctor``: every part is tried for real, what does not work says what to do, and nothing holds it up."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from preflight.doctor import CheckState, Surroundings, examine, verdict
from preflight.doctor.local_checks import cage, library
from preflight.errors import install_command
from preflight.model import Verdict
from tests.client.test_hostile import answers
from tests.client.test_hostile import serving as serving_script
from tests.servers.lying import serving
from tests.support.command import KEY, Ran, here, preflight
from tests.support.service import Service, service

NAMES = [
    "preflight",
    "python",
    "packages",
    "mediainfo",
    "cage",
    "api-key",
    "api",
    "credits",
    "clock",
    "ledger",
    "proxies",
    "extra deep",
    "extra fix",
    "extra html",
    "extra listen",
    "extra mcp",
    "extra otel",
    "extra ray",
    "extra runs",
    "extra sandbox",
    "extra testing",
    "extra ui",
    "extra upload",
]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("doctor")) as running:
        yield running


def states(ran: Ran) -> dict[str, str]:
    return {check["check"]: check["state"] for check in ran.json["checks"]}


def found(ran: Ran, name: str) -> Any:
    (check,) = [check for check in ran.json["checks"] if check["check"] == name]
    return check


def asked(api: Service, *, key: str | None = KEY, env: dict[str, str] | None = None) -> Ran:
    """``preflight doctor --json`` as a process, with a home of its own."""
    more = {"PREFLIGHT_API_URL": api.url, "XDG_DATA_HOME": str(api.folder / "data"), **(env or {})}
    return preflight("doctor", "--format", "json", env=more | ({} if key is None else {"PREFLIGHT_API_KEY": key}))


# ── All is well ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_everything_is_tried_and_works(api: Service) -> None:
    ran = asked(api)
    assert (ran.code, ran.json["schema"], ran.json["verdict"]) == (0, "preflight.doctor/v1", "pass")
    assert [check["check"] for check in ran.json["checks"]] == NAMES
    assert set(states(ran).values()) == {"ok"}
    assert found(ran, "credits")["found"] == "10000"
    assert "h11 0." in found(ran, "packages")["found"]
    assert found(ran, "mediainfo")["found"].startswith("libmediainfo 2")


def test_json_and_text_say_the_same(api: Service) -> None:
    options = ("doctor", "--api-url", api.url, "--key-file", api.key_file)
    as_json, text = here(*options, "--json"), here(*options)
    assert (as_json.code, text.code) == (0, 0)
    assert [line.split()[0] for line in text.out.splitlines() if line[:1].isalpha()][:-1] == list(
        states(as_json).values()
    )
    assert text.out.endswith("All required parts work.\n")


def test_only_a_question_is_asked_and_only_once(api: Service) -> None:
    before = api.state["requests"].get("credits", 0)
    asked(api)
    assert api.state["requests"]["credits"] == before + 1
    assert api.paid_requests == 0


def test_without_a_key_the_service_is_asked_as_a_stranger_and_nothing_fails(api: Service) -> None:
    ran = asked(api, key=None)
    assert ran.code == 0
    assert {name: state for name, state in states(ran).items() if state != "ok"} == {
        "api-key": "missing",
        "credits": "skipped",
    }
    assert "PREFLIGHT_API_KEY" in found(ran, "api-key")["fix"]


def test_offline_asks_nobody() -> None:
    with socket.socket() as never_answers:
        never_answers.bind(("127.0.0.1", 0))
        never_answers.listen()
        url = f"http://127.0.0.1:{never_answers.getsockname()[1]}"
        ran = preflight("doctor", "--offline", "--json", env={"PREFLIGHT_API_URL": url, "PREFLIGHT_API_KEY": KEY})
        never_answers.setblocking(False)  # noqa: FBT003 - its name says what it sets
        with pytest.raises(BlockingIOError):
            never_answers.accept()
    assert (ran.code, ran.json["verdict"]) == (0, "pass")
    assert [states(ran)[name] for name in ("api-key", "api", "credits", "clock")] == ["ok", *["skipped"] * 3]


# ── Key and account ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", ["nothing-like-one", "sk-", "sk-with space", ""], ids=repr)
def test_a_key_of_another_shape_fails_and_is_not_sent(key: str, api: Service) -> None:
    ran = asked(api, key=key)
    assert (ran.code, states(ran)["api-key"], states(ran)["credits"]) == (1, "fail", "skipped")
    assert len(key) < 4 or key not in ran.out


def test_a_key_file_that_cannot_be_read_fails(api: Service) -> None:
    ran = asked(api, env={"PREFLIGHT_API_KEY_FILE": str(api.folder / "nowhere")})
    assert (ran.code, states(ran)["api-key"]) == (1, "fail")


REFUSALS = {
    "invalid_api_key": ("fail", 1, "new key"),
    "ip_not_allowed": ("fail", 1, "address"),
    "rate_limit_exceeded": ("unknown", 3, "later"),
    "internal_error": ("unknown", 3, "later"),
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_says_what_to_do(fault: str, api: Service) -> None:
    state, code, fix = REFUSALS[fault]
    api.arm(fault, operation="credits")
    ran = asked(api)
    assert (ran.code, states(ran)["api"], states(ran)["credits"]) == (code, "ok", state)
    assert fix in found(ran, "credits")["fix"]


def test_an_empty_account_is_noted(tmp_path: Path) -> None:
    with service(tmp_path, credits=0) as poor:
        ran = asked(poor)
    assert (ran.code, states(ran)["credits"]) == (0, "note")


# ── An API that is not there, not itself, or slow ─────────────────────────────────────────────────────────────────


def test_a_port_where_nobody_listens_could_not_be_reached(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        ran = preflight("doctor", "--json", env={"PREFLIGHT_API_URL": url, "XDG_DATA_HOME": str(tmp_path)})
    assert (ran.code, states(ran)["api"], ran.json["verdict"]) == (3, "unknown", "indeterminate")
    assert "refused" in found(ran, "api")["found"]


@pytest.mark.parametrize("url", ["http://example.com", "https://user:secret@example.com", "nonsense", "ftp://a"])
def test_a_url_that_the_key_must_not_go_to_fails(url: str) -> None:
    ran = here("doctor", "--json", "--api-url", url)
    assert (ran.code, states(ran)["api"]) == (1, "fail")
    assert "secret" not in ran.out


ODD = {"html": ("fail", 1), "status-404": ("fail", 1), "status-302": ("fail", 1), "status-503": ("unknown", 3)}


@pytest.mark.parametrize("behaviour", ODD)
def test_an_answer_that_is_not_the_apis_is_told_from_it(behaviour: str) -> None:
    state, code = ODD[behaviour]
    with serving({"v1/credits": b"{}"}) as server:
        ran = here("doctor", "--json", "--api-url", f"http://{server.authority}/{behaviour}")
    assert (ran.code, states(ran)["api"]) == (code, state)


@pytest.mark.parametrize("behaviour", ["drips-headers", "drips-body", "stalls", "endless-1xx"])
def test_a_server_that_keeps_one_waiting_is_left_in_time(behaviour: str) -> None:
    with serving({"v1/credits": b"{}" * 100_000}) as server:
        began = time.monotonic()
        ran = here("doctor", "--json", "--timeout", "1.5", "--api-url", f"http://{server.authority}/{behaviour}")
    assert time.monotonic() - began < 30, "it took as long as the server wished"
    assert (ran.code, states(ran)["api"]) == (3, "unknown")


@pytest.mark.parametrize(
    ("off", "state"),
    [(0, CheckState.OK), (-20, CheckState.OK), (90, CheckState.FAIL), (-3600, CheckState.FAIL)],
    ids=str,
)
def test_the_clock_is_held_to_the_apis(off: int, state: CheckState, api: Service, tmp_path: Path) -> None:
    checks = examine(
        Surroundings(
            environment={},
            find_key=lambda: None,
            find_ledger=lambda: tmp_path / "ledger",
            api_url=api.url,
            now=lambda: datetime.now(UTC) + timedelta(seconds=off),
        )
    )
    (clock,) = [check for check in checks if check.name == "clock"]
    assert clock.state is state
    assert ("ahead of" in clock.found) is (off == 90)
    assert verdict(checks) is (Verdict.FAIL if state is CheckState.FAIL else Verdict.PASS)


# ── This machine ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_proxies_are_named_and_their_passwords_are_not(api: Service) -> None:
    ran = asked(api, env={"HTTPS_PROXY": "http://me:hunter2@127.0.0.1:9", "all_proxy": "socks5://127.0.0.1:9"})
    assert (ran.code, states(ran)["proxies"], states(ran)["api"]) == (0, "note", "ok")
    assert "HTTPS_PROXY, all_proxy" in found(ran, "proxies")["found"]
    assert "hunter2" not in ran.out


@pytest.mark.parametrize("place", ["taken/ledger.sqlite3", "."], ids=["below a file", "a folder"])
def test_a_ledger_that_cannot_be_written_fails(place: str, tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    ran = preflight("doctor", "--offline", "--json", env={"PREFLIGHT_LEDGER": str(tmp_path / place)})
    assert (ran.code, states(ran)["ledger"]) == (1, "fail")
    assert "PREFLIGHT_LEDGER" in found(ran, "ledger")["fix"]


def test_looking_makes_no_ledger(tmp_path: Path) -> None:
    ran = preflight("doctor", "--offline", "--json", env={"PREFLIGHT_LEDGER": str(tmp_path / "new" / "ledger")})
    assert (ran.code, list(tmp_path.iterdir())) == (0, [])


def test_a_home_that_nobody_has_is_no_bug() -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    checks = examine(
        Surroundings(
            environment={}, find_key=lambda: None, find_ledger=nowhere, api_url="https://example.com", offline=True
        )
    )
    (ledger,) = [check for check in checks if check.name == "ledger"]
    assert (ledger.state, "home directory" in ledger.found) == (CheckState.FAIL, True)


def broken(folder: Path, module: str) -> dict[str, str]:
    """An environment in which importing ``module`` fails, as after an installation that went wrong."""
    (folder / f"{module}.py").write_text(f"raise ImportError('{module} is broken')\n")
    return {"PYTHONPATH": str(folder), "PREFLIGHT_LEDGER": str(folder / "ledger")}


def test_a_broken_http_library_is_a_finding(tmp_path: Path) -> None:
    ran = preflight("doctor", "--json", env=broken(tmp_path, "httpx2"))
    assert (ran.code, states(ran)["api"]) == (1, "fail")
    assert "httpx2 is broken" in found(ran, "api")["found"]
    assert "pip install" in found(ran, "api")["fix"]


def test_a_broken_mediainfo_is_a_finding(tmp_path: Path) -> None:
    ran = preflight("doctor", "--offline", "--json", env=broken(tmp_path, "pymediainfo"))
    assert (ran.code, states(ran)["mediainfo"]) == (1, "fail")
    assert "pymediainfo is broken" in found(ran, "mediainfo")["found"]


def test_a_library_that_ends_the_process_is_a_finding() -> None:
    (check,) = library((sys.executable, "-c", "import os; os.abort()"))
    assert (check.state, "exit code -6" in check.found) == (CheckState.FAIL, True)


def test_a_cage_in_which_nothing_is_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(bytes(1000))
    (check,) = cage(tmp_path / "clip.mp4")
    assert check.state is CheckState.FAIL


def test_packages_and_extras_that_are_not_installed_are_named(tmp_path: Path) -> None:
    info = tmp_path / "media_preflight-9.9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: media-preflight\nVersion: 9.9\nRequires-Dist: click>=8\n"
        "Requires-Dist: no-such-thing>=1\nProvides-Extra: fancy\n"
        'Requires-Dist: nor-this>=2; extra == "fancy"\nRequires-Dist: click; extra == "fancy"\n'
        'Provides-Extra: plain\nRequires-Dist: nor-that; extra == "plain"\n'
    )
    ran = preflight("doctor", "--offline", "--json", env={"PYTHONPATH": str(tmp_path)})
    assert (ran.code, found(ran, "preflight")["found"]) == (1, "9.9")
    assert found(ran, "packages")["fix"] == install_command("no-such-thing")
    assert states(ran)["extra fancy"] == "missing"
    assert found(ran, "extra fancy")["fix"] == install_command("media-preflight[fancy]")
    text = preflight("doctor", "--offline", env={"PYTHONPATH": str(tmp_path)}).out
    assert text.count("missing  extra") == 1
    assert "missing  extras            fancy, plain\n" in text
    lines = [line.strip() for line in text.splitlines()]
    assert lines[lines.index("to do: name those that you need; all of them:") + 1] == install_command(
        "media-preflight[fancy,plain]"
    )


def test_a_command_is_one_line_however_long_it_is(tmp_path: Path) -> None:
    info = tmp_path / "media_preflight-9.9.dist-info"
    info.mkdir()
    wanted = [f"a-package-with-a-long-name-{number}" for number in range(9)]
    requirements = "".join(f"Requires-Dist: {name}\n" for name in wanted)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: media-preflight\nVersion: 9.9\n{requirements}")
    ran = preflight("doctor", "--offline", env={"PYTHONPATH": str(tmp_path)})
    assert f"to do: {install_command(*wanted)}" in [line.strip() for line in ran.out.splitlines()], ran.out


def test_a_report_fits_a_narrow_terminal(tmp_path: Path) -> None:
    ran = preflight("doctor", "--offline", env={"XDG_DATA_HOME": str(tmp_path / ("x" * 200))})
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_result_can_go_to_a_file(tmp_path: Path) -> None:
    ran = here("doctor", "--offline", "--json", "--output", tmp_path / "doctor.json")
    assert (ran.out, json.loads((tmp_path / "doctor.json").read_text())["schema"]) == ("", "preflight.doctor/v1")


ECHOES = {
    "plain": KEY,
    "escaped": "".join(f"\\u{ord(character):04x}" for character in KEY),
    "half-escaped": "".join(f"\\u{ord(char):04X}" if at % 2 else char for at, char in enumerate(KEY)),
}


@pytest.mark.parametrize("status", [200, 400, 401, 403, 500])
@pytest.mark.parametrize("echo", ECHOES)
def test_a_key_that_the_server_echoes_is_not_printed(echo: str, status: int) -> None:
    body = '{"error": {"code": "%s", "message": "no key %s"}, "%s": 1}' % ((ECHOES[echo],) * 3)
    with serving_script(answers(status, body.encode(), X_Request_Id=KEY)) as server:
        ran = preflight("doctor", "--json", "--api-url", server.url, env={"PREFLIGHT_API_KEY": KEY})
    assert ran.code in {1, 3}
    assert KEY not in ran.out + ran.err
    assert "sk-…" in json.dumps(ran.json, ensure_ascii=False)
