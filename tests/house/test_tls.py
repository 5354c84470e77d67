"""Whose certificates are trusted, and what the environment may say of it."""

from __future__ import annotations

import logging
import os
import ssl
import subprocess
from pathlib import Path

import pytest

from preflight import tls
from preflight.errors import ConfigurationError
from preflight.tls import trusted_context
from tests.servers.lying import CERTIFICATE


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"):
        monkeypatch.delenv(name, raising=False)


def rehashed(folder: Path) -> Path:
    """``folder`` with the test certificate under the name that OpenSSL looks for."""
    folder.mkdir()
    name = subprocess.check_output(["openssl", "x509", "-noout", "-hash", "-in", CERTIFICATE], text=True).strip()
    (folder / f"{name}.0").write_bytes(CERTIFICATE.read_bytes())
    return folder


def is_accepted_by(context: ssl.SSLContext) -> bool:
    """Whether a handshake with the holder of the test certificate succeeds, over HTTP/1.1 and without a network."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERTIFICATE)
    server.set_alpn_protocols(["h2", "http/1.1"])
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, *_ = ends = [
        context.wrap_bio(to_client, to_server, server_hostname="files.example"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(10):
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
            ends.remove(end)
    return not ends and client.selected_alpn_protocol() == "http/1.1"


def test_certificates_and_names_are_verified() -> None:
    context = trusted_context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert not is_accepted_by(context)


def test_a_file_of_the_environment_replaces_the_systems_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    context = trusted_context()

    assert is_accepted_by(context)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize("others", [[], ["/nowhere"]], ids=["alone", "behind one that does not exist"])
def test_a_folder_of_the_environment_does_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, others: list[str]
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", os.pathsep.join([*others, str(rehashed(tmp_path / "trusted"))]))

    assert is_accepted_by(trusted_context())


def test_an_empty_variable_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "")
    monkeypatch.setenv("SSL_CERT_DIR", "")

    assert not is_accepted_by(trusted_context())


@pytest.mark.parametrize("kind", ["missing", "empty", "no certificate", "folder", "unreadable name"])
def test_an_unusable_file_of_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    file = tmp_path / ("x" * 300 if kind == "unreadable name" else "authorities.pem")
    if kind == "folder":
        file.mkdir()
    elif kind in {"empty", "no certificate"}:
        file.write_text("" if kind == "empty" else "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n")
    monkeypatch.setenv("SSL_CERT_FILE", str(file))

    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_FILE names .*unset SSL_CERT_FILE"):
        trusted_context()


@pytest.mark.parametrize("kind", ["missing", "not rehashed", "file"])
def test_an_unusable_folder_of_the_environment_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "trusted"
    if kind == "file":
        folder.write_bytes(CERTIFICATE.read_bytes())
    elif kind == "not rehashed":
        folder.mkdir()
        (folder / "authority.pem").write_bytes(CERTIFICATE.read_bytes())
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))

    with pytest.raises(ConfigurationError, match=r"^SSL_CERT_DIR names .*openssl rehash.*unset SSL_CERT_DIR"):
        trusted_context()


@pytest.mark.parametrize("where", ["missing/keys.log", "folder", "pipe", "x" * 300])
def test_a_key_log_that_cannot_be_opened_is_passed_over_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / where))

    with caplog.at_level(logging.WARNING, "preflight.tls"):
        trusted_context()
        trusted_context()

    (record,) = caplog.records
    assert "SSLKEYLOGFILE names" in record.getMessage()


def test_a_key_log_that_can_be_opened_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys.log"))
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))

    assert is_accepted_by(trusted_context())
    assert "TRAFFIC_SECRET" in (tmp_path / "keys.log").read_text()


@pytest.mark.parametrize("files", [[], ["/nowhere"], [__file__]], ids=["no file", "missing file", "other file"])
def test_authorities_are_found_on_a_system_without_any(tmp_path: Path, files: list[str]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    tls._trust_system(context, folder=str(tmp_path), files=files)

    assert len(context.get_ca_certs()) > 50


def test_a_system_with_authorities_is_trusted_alone(tmp_path: Path) -> None:
    by_file, by_folder = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    tls._trust_system(by_file, folder=str(tmp_path), files=["/nowhere", str(CERTIFICATE), "/nowhere"])
    by_folder.set_alpn_protocols(["http/1.1"])
    tls._trust_system(by_folder, folder=str(rehashed(tmp_path / "trusted")), files=[])

    assert len(by_file.get_ca_certs()) == 1
    assert is_accepted_by(by_folder)
