"""Credentials from the usual variables and files of AWS, by the rules of its own tools; the session's end."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from preflight.errors import ConfigurationError
from preflight.upload.aws_profile import aws_access
from tests.servers.object_store import BUCKET, Bucket
from tests.support.command import PICTURE, here

TO = ["--to", f"s3://{BUCKET}/jobs", "--allow-host", "127.0.0.1"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".aws").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(home: Path, name: str, text: str) -> None:
    (home / ".aws" / name).write_text(text)


def signed_by(out: str) -> str:
    """The access key that a signed URL names."""
    return parse_qs(urlsplit(out.strip()).query)["X-Amz-Credential"][0].partition("/")[0]


def test_a_profile_gives_keys_region_and_endpoint(store: Bucket, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, "credentials", "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s1\n"
          "[studio]\naws_access_key_id = AKIASTUDIO00\naws_secret_access_key = s2-secret\n")  # fmt: skip
    write(home, "config", f"[profile studio]\nregion = eu-west-1\nservices = local\n[services local]\ns3 =\n"
          f"  endpoint_url = {store.url}\n[default]\nendpoint_url = {store.url}\n")  # fmt: skip
    assert signed_by(here("upload", PICTURE, *TO).out) == "AKIADEFAULT"
    monkeypatch.setenv("AWS_PROFILE", "studio")
    out = here("upload", PICTURE, *TO).out
    assert (signed_by(out), "eu-west-1" in out) == ("AKIASTUDIO00", True)


def test_variables_come_before_files_and_files_may_be_elsewhere(home: Path) -> None:
    write(home, "other", "[default]\naws_access_key_id = AKIAFILE0000\naws_secret_access_key = s1-secret\n")
    named = {"AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "other")}
    keys = {"AWS_ACCESS_KEY_ID": "AKIAVARIABLE", "AWS_SECRET_ACCESS_KEY": "s2-secret"}
    assert aws_access(named, home=home).settings["access_key_id"] == "AKIAFILE0000"
    assert aws_access(named | keys, home=home).settings["access_key_id"] == "AKIAVARIABLE"


def test_a_process_gives_credentials_that_end(home: Path) -> None:
    said = {"Version": 1, "AccessKeyId": "AKIAPROCESS0", "SecretAccessKey": "s-secret", "SessionToken": "t-secret"}
    (home / "said.json").write_text(json.dumps(said | {"Expiration": "2027-01-01T00:00:00Z"}))
    program = f"{sys.executable} -c \"print(open('{home / 'said.json'}').read())\""
    write(home, "config", f"[default]\ncredential_process = {program}\n")
    access = aws_access({}, home=home)
    assert access.settings["session_token"] == "t-secret"
    assert access.ends_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert "secret" not in repr(access)


WRONG = {
    "half": ({"AWS_ACCESS_KEY_ID": "AKIA"}, "", "AWS_SECRET_ACCESS_KEY is not"),
    "profile": ({"AWS_PROFILE": "nobody"}, "", "the AWS profile 'nobody' holds no credentials"),
    "sign-in": ({}, "[default]\nsso_session = studio\n", "aws configure export-credentials"),
    "role": ({}, "[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n", "export-credentials"),
    "process": ({}, "[default]\ncredential_process = /nonexistent/program\n", "gives no credentials"),
    "garbage": ({}, "key = value\n", "it is not a file of profiles"),
    "none": ({"AWS_EC2_METADATA_DISABLED": "true"}, "", "no credentials for S3"),
}


@pytest.mark.parametrize("case", WRONG)
def test_credentials_that_cannot_work_say_what_to_do(case: str, home: Path) -> None:
    environment, config, words = WRONG[case]
    write(home, "config", config)
    with pytest.raises(ConfigurationError, match=words):
        aws_access(environment, home=home)


def ending(**left: float) -> str:
    return (datetime.now(UTC) + timedelta(**left)).isoformat()


@pytest.mark.usefixtures("store")
def test_a_url_does_not_outlive_the_session_that_signs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "canarySessionToken")
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", ending(hours=12))
    ran = here("upload", PICTURE, *TO)
    assert (ran.code, "canarySessionToken" in ran.err) == (0, False)
    assert 42_000 < int(parse_qs(urlsplit(ran.out.strip()).query)["X-Amz-Expires"][0]) <= 43_200
    assert "the credentials end in" in ran.err
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", ending(minutes=5))
    for more in ([], ["--url-expires", "2h"]):
        ran = here("upload", PICTURE, *TO, *more)
        assert (ran.code, ran.out, "a URL that they sign ends with them: renew them" in ran.err) == (2, "", True)
    monkeypatch.delenv("AWS_CREDENTIAL_EXPIRATION")
    ran = here("upload", PICTURE, *TO)
    assert (ran.code, "signed URLs end with it, at the latest" in ran.err) == (0, True)
