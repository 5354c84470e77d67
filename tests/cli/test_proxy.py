"""Reading through a proxy, as a user asks for it: option, variable, settings file; and what is printed of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.lying import Server, serving
from tests.servers.proxying import Proxying, proxying
from tests.support.command import CLIP, PICTURE, Ran, preflight

SECRET = "hunter2-canary"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving({"a.png": Path(PICTURE), "a.mp4": Path(CLIP)}) as running:
        yield running


@pytest.fixture
def proxy() -> Iterator[Proxying]:
    with proxying() as running:
        yield running


def check(server: Server, *arguments: str, env: dict[str, str] | None = None, cwd: Path | None = None) -> Ran:
    url = server.url("ok", "a.mp4")
    return preflight("check", url, "--allow-host", server.authority, *arguments, env=env or {}, cwd=cwd)


def written(folder: Path, proxy: Proxying) -> Path:
    path = folder / "preflight.toml"
    path.write_text(f'proxy = "http://me:{SECRET}@{proxy.authority}"\n')
    return path


def test_the_option_names_a_proxy_and_the_report_says_that_it_dialled(server: Server, proxy: Proxying) -> None:
    text = check(server, "--proxy", f"http://me:{SECRET}@{proxy.authority}", "-vv")
    as_json = check(server, "--proxy", proxy.authority, "--format", "json")

    assert (text.code, as_json.code) == (0, 0)
    assert proxy.asked_for == [server.authority] * 2
    assert as_json.subject["transfer"]["proxy"] is True
    assert SECRET not in text.out + text.err


def test_without_one_the_report_says_so(server: Server) -> None:
    assert check(server, "--format", "json").subject["transfer"]["proxy"] is False


def test_the_text_of_a_report_names_the_proxy_beside_the_cost(server: Server, proxy: Proxying) -> None:
    ran = check(server, "--proxy", proxy.authority, "--max-credits", "1")

    assert "through the proxy" in ran.out


def test_the_variable_names_one_and_the_usual_variables_do_not(server: Server, proxy: Proxying) -> None:
    usual = dict.fromkeys(("http_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), f"http://{proxy.authority}")

    assert check(server, env=usual).code == 0
    assert proxy.heads == []
    assert check(server, env={"PREFLIGHT_PROXY": f"http://me:{SECRET}@{proxy.authority}"}).code == 0
    assert len(proxy.heads) == 1
    assert "Proxy-Authorization: Basic " in proxy.heads[0]


def test_a_file_that_came_with_the_folder_names_none(server: Server, proxy: Proxying, tmp_path: Path) -> None:
    path = written(tmp_path, proxy)

    found = check(server, cwd=tmp_path)
    named = check(server, "--config", str(path), cwd=tmp_path)

    assert (found.code, named.code) == (2, 0)
    assert "every URL would be read through it" in found.err
    assert SECRET not in found.out + found.err
    assert len(proxy.heads) == 1


@pytest.mark.parametrize("format_", ["text", "json"])
def test_the_settings_are_shown_without_the_password(proxy: Proxying, tmp_path: Path, format_: str) -> None:
    ran = preflight("settings", "--config", str(written(tmp_path, proxy)), "--format", format_)

    assert ran.code == 0
    assert proxy.authority in ran.out
    assert SECRET not in ran.out


@pytest.mark.parametrize("text", [f"http://me:{SECRET}@", f"socks5://me:{SECRET}@proxy.example", "http://a b"])
@pytest.mark.parametrize("how", ["option", "variable"])
def test_what_is_not_a_proxy_is_a_usage_error_without_its_password(server: Server, text: str, how: str) -> None:
    ran = check(server, "--proxy", text) if how == "option" else check(server, env={"PREFLIGHT_PROXY": text})

    assert ran.code == 2
    assert "is not a proxy" in ran.err
    assert SECRET not in ran.out + ran.err


def test_a_proxy_that_refuses_is_told_apart_from_the_server(server: Server) -> None:
    with proxying("refuses") as proxy:
        ran = check(server, "--proxy", proxy.authority, "--format", "json")

    assert (ran.code, ran.rules - {"url-insecure"}) == (3, {"unreachable"})
    assert "the proxy did not connect: it answered 403" in ran.finding("unreachable")["message"]


def test_a_private_host_is_refused_before_the_proxy_is_asked(server: Server, proxy: Proxying) -> None:
    ran = preflight("check", server.url("ok", "a.png"), "--proxy", proxy.authority, "--format", "json")

    assert (ran.code, ran.rules - {"url-insecure"}) == (1, {"url-not-public"})
    assert proxy.heads == []


def test_the_settings_say_where_the_proxy_comes_from(tmp_path: Path, proxy: Proxying) -> None:
    ran = preflight("settings", "--config", str(written(tmp_path, proxy)), "--format", "json")
    (setting,) = [each for each in json.loads(ran.out)["settings"] if each["key"] == "proxy"]

    assert setting["value"] == f"http://{proxy.authority}"
    assert (setting["origin"], setting["variable"]) == ("file", "PREFLIGHT_PROXY")
