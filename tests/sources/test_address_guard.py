"""The address guard end to end: nothing is dialled that is not public, however it is named."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Sequence

import pytest

from preflight.errors import AddressRefused, Unreachable
from preflight.sources.dns import Resolve
from preflight.sources.transport import Transport, TransportError
from preflight.sources.url import RemoteUrl, inspect_url
from tests.servers.addresses import ALLOWED, LOOPBACK_SPELLINGS, NO_ADDRESSES, SPECIAL
from tests.servers.lying import serving
from tests.servers.reading import PUBLIC, Detour, length_and_ends, read

FILES = {"x.mp4": bytes(range(256)) * 1000}


def answering(*answers: Sequence[str]) -> Resolve:
    """A resolver that gives these answers one after the other, the last one for good."""
    remaining = itertools.chain(answers, itertools.repeat(answers[-1]))

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return next(remaining)

    return resolve


@pytest.mark.parametrize("address", [*SPECIAL, *NO_ADDRESSES], ids=repr)
def test_a_name_that_leads_to_a_special_address_is_refused_before_a_socket_is_made(address: str) -> None:
    detour = Detour()

    reading = read("http://files.example/x.mp4", length_and_ends, resolve=answering([address]), open_socket=detour)

    assert isinstance(reading.fault, AddressRefused)
    assert reading.facts is None
    assert reading.transfer.connections == 0
    assert detour.opened == 0


@pytest.mark.parametrize("address", SPECIAL)
def test_a_special_address_in_the_url_is_refused_before_a_socket_is_made(address: str) -> None:
    detour = Detour()
    host = f"[{address}]" if ":" in address else address

    reading = read(f"http://{host}/x.mp4", length_and_ends, allow=(), open_socket=detour)

    assert isinstance(reading.fault, AddressRefused)
    assert reading.transfer.requests == 0
    assert detour.opened == 0
    assert inspect_url(f"http://{host}/x.mp4").problem is not None


@pytest.mark.parametrize("address", [address for address in SPECIAL if "%" not in address])
def test_the_guard_at_the_socket_refuses_a_special_address_without_help_of_the_text_policy(address: str) -> None:
    detour = Detour()

    async def send() -> None:
        async with Transport(resolve=answering([PUBLIC]), open_socket=detour) as transport:
            await transport.send("GET", RemoteUrl(scheme="http", host=address, port=8080, path="/x.mp4"), {})

    with pytest.raises(AddressRefused):
        asyncio.run(send())
    assert detour.opened == 0


@pytest.mark.parametrize("spelling", LOOPBACK_SPELLINGS)
def test_no_spelling_of_this_machine_reaches_a_listener_on_it(spelling: str) -> None:
    with serving(FILES) as server, serving(FILES, host="::1") as server6:
        for port in (server.port, server6.port):
            reading = read(f"http://{spelling}:{port}/ok/x.mp4", length_and_ends, allow=())
            assert isinstance(reading.fault, AddressRefused)

    assert server.log.connections == server6.log.connections == 0


@pytest.mark.parametrize("spelling", ["127.1", "0x7f.1", "2130706433", "localhost"])
def test_no_spelling_gets_past_the_transport_either(spelling: str) -> None:
    async def send(port: int) -> None:
        async with Transport(resolve=answering(["127.0.0.1"])) as transport:
            await transport.send("GET", RemoteUrl(scheme="http", host=spelling, port=port, path="/ok/x.mp4"), {})

    with serving(FILES) as server, pytest.raises((AddressRefused, TransportError)):
        asyncio.run(send(server.port))

    assert server.log.connections == 0


@pytest.mark.parametrize("address", [address for address in ALLOWED if ":" not in address])
def test_a_public_address_is_dialled_as_it_was_answered(address: str) -> None:
    with serving(FILES) as server:
        detour = Detour(server.port)
        url = f"http://files.example:{server.port}/ok/x.mp4"
        reading = read(url, length_and_ends, resolve=answering([address]), open_socket=detour)

    assert reading.fault is None
    assert detour.dialled == [(address, server.port)]


@pytest.mark.parametrize("answers", [[PUBLIC, "10.0.0.1"], ["10.0.0.1", PUBLIC], [PUBLIC, "::1"]], ids=str)
def test_one_bad_address_of_a_name_spoils_the_good_ones(answers: list[str]) -> None:
    detour = Detour()

    reading = read("http://files.example/x.mp4", length_and_ends, resolve=answering(answers), open_socket=detour)

    assert isinstance(reading.fault, AddressRefused)
    assert detour.opened == 0


def test_a_name_that_turns_to_loopback_between_two_connections_is_refused() -> None:
    with serving(FILES) as server:
        detour = Detour(server.port)
        reading = read(
            f"http://files.example:{server.port}/closes-idle/x.mp4",
            length_and_ends,
            resolve=answering([PUBLIC], ["127.0.0.1"]),
            open_socket=detour,
        )

    assert isinstance(reading.fault, AddressRefused)
    assert "files.example leads to 127.0.0.1, a loopback address" in str(reading.fault)
    assert detour.dialled == [(PUBLIC, server.port)]
    assert server.log.connections == 1


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/ok/x.mp4",
        "//127.1:{port}/ok/x.mp4",
        "http://[::ffff:127.0.0.1]:{port}/ok/x.mp4",
        "http://localhost:{port}/ok/x.mp4",
        "http://user:secret@files.example:{port}/ok/x.mp4",
        "http://inside.example:{port}/ok/x.mp4",
        "ftp://files.example/x.mp4",
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_a_redirect_is_held_to_the_same_policy_as_the_url(location: str) -> None:
    async def resolve(host: str, _port: int) -> Sequence[str]:
        return ["127.0.0.1"] if host == "inside.example" else [PUBLIC]

    with serving({}) as server:
        server.files["x.mp4"] = location.format(port=server.port).encode()
        detour = Detour(server.port)
        url = f"http://files.example:{server.port}/redirect-to/x.mp4"
        reading = read(url, length_and_ends, allow=(), resolve=resolve, open_socket=detour)

    assert isinstance(reading.fault, AddressRefused)
    assert "secret" not in str(reading.fault)
    assert detour.dialled == [(PUBLIC, server.port)]
    assert len(server.log.requests) == 1


def test_an_allowed_host_is_dialled_on_its_port_only() -> None:
    with serving(FILES) as server:
        allowed = read(server.url("ok", "x.mp4"), length_and_ends, allow=[server.authority])
        other_port = read(server.url("ok", "x.mp4"), length_and_ends, allow=["127.0.0.1:1"])
        other_name = read(f"http://localhost:{server.port}/ok/x.mp4", length_and_ends, allow=[server.authority])

    assert allowed.fault is None
    assert isinstance(other_port.fault, AddressRefused)
    assert isinstance(other_name.fault, AddressRefused)
    assert server.log.connections == 1


def test_an_allowed_name_may_lead_to_this_machine() -> None:
    with serving(FILES) as server:
        reading = read(f"http://localhost:{server.port}/ok/x.mp4", length_and_ends, allow=["localhost"])

    # The system may answer ::1 first, on which nobody listens.
    assert reading.fault is None


def test_a_name_without_an_address_is_unreachable() -> None:
    reading = read("http://files.example/x.mp4", length_and_ends, resolve=answering([]))

    assert isinstance(reading.fault, Unreachable)
    assert str(reading.fault) == "its name does not resolve"


def test_the_second_address_is_tried_when_the_first_refuses() -> None:
    with serving(FILES) as server:
        port = server.port

        class OnlyTheSecond(socket.socket):
            def connect(self, address: tuple[str, int]) -> None:  # type: ignore[override]
                if address[0] == "1.1.1.1":
                    raise ConnectionRefusedError(111, "refused")
                super().connect(("127.0.0.1", port))

        reading = read(
            f"http://files.example:{port}/ok/x.mp4",
            length_and_ends,
            resolve=answering(["1.1.1.1", "8.8.8.8"]),
            open_socket=OnlyTheSecond,
        )

    assert reading.fault is None
    assert reading.transfer.connections == 1
