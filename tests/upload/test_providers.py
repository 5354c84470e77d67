"""URLs for each provider, signed without a network: by its own scheme, for as long as asked, known to our own reader.

Their servers are not here. What they would accept is the business of the library; that the URLs are those of the
provider, and one job however often they are signed, is ours.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from preflight.sources.url import canonical_url, inspect_url
from tests.support.command import CLIP, PICTURE, Ran, preflight


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service account's file, with a key that nobody else has."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("account") / "account.json"
    said = {"client_email": "x@y.iam.gserviceaccount.com", "private_key": key.decode(), "private_key_id": "1"}
    path.write_text(json.dumps(said | {"type": "service_account", "gcs_base_url": "https://storage.googleapis.com"}))
    return path


def dry(place: str, env: dict[str, str], *more: str) -> Ran:
    files = ["--image", PICTURE, "--video", CLIP, "--upload", place, "--dry-run", "--format", "json"]
    return preflight("submit", *files, *more, env={"HOME": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", **env})


def image_of(ran: Ran) -> str:
    url: str = ran.json["body"]["input"]["input_urls"][0]
    return url


S3 = {"AWS_ACCESS_KEY_ID": "AKIACANARYACCESS", "AWS_SECRET_ACCESS_KEY": "canarySecretKey7f3a"}
AZURE = {"AZURE_STORAGE_ACCOUNT_NAME": "studio", "AZURE_STORAGE_ACCOUNT_KEY": base64.b64encode(b"canary" * 8).decode()}
R2 = {**S3, "AWS_ENDPOINT_URL": "https://abc.r2.cloudflarestorage.com"}

# The place, the variables, the start of the URL, and the signer that our reader sees in it.
PROVIDERS = {
    "s3": ("s3://bucket/p", S3, "https://s3.us-east-1.amazonaws.com/bucket/p/", "S3"),
    "s3-region": (
        "s3://bucket/p",
        {**S3, "AWS_REGION": "eu-west-1"},
        "https://s3.eu-west-1.amazonaws.com/bucket/p/",
        "S3",
    ),
    "r2": ("s3://bucket/p", R2, "https://abc.r2.cloudflarestorage.com/bucket/p/", "S3"),
    "azure": ("az://box/p", AZURE, "https://studio.blob.core.windows.net/box/p/", "Azure Storage"),
    "google": ("gs://bucket-name/p", {}, "https://storage.googleapis.com/bucket-name/p/", "Google Cloud Storage"),
}


@pytest.mark.parametrize("case", PROVIDERS)
def test_a_url_is_signed_as_its_provider_signs(case: str, account: Path) -> None:
    place, env, start, signer = PROVIDERS[case]
    env = env or {"GOOGLE_SERVICE_ACCOUNT": str(account)}
    ran, longer = dry(place, env), dry(place, env, "--url-expires", "3d")
    url, other = image_of(ran), image_of(longer)
    facts, later = inspect_url(url), inspect_url(other)
    assert url.startswith(start)
    assert (facts.signer, facts.problem, later.signer) == (signer, None, signer)
    assert facts.expires_at is not None
    assert later.expires_at is not None
    assert 47 * 3600 < (later.expires_at - facts.expires_at).total_seconds() < 49 * 3600
    assert canonical_url(url) == canonical_url(other) == url.partition("?")[0]
    for secret in ("canary", "PRIVATE KEY"):
        assert secret not in ran.err


def test_r2_signs_for_the_one_region_that_it_has() -> None:
    assert "/auto/s3/" in parse_qs(urlsplit(image_of(dry("s3://bucket/p", R2))).query)["X-Amz-Credential"][0]


WRONG = {
    "google": ("gs://bucket-name/p", {"GOOGLE_SERVICE_ACCOUNT": "/nonexistent.json"}, "does not exist"),
    "azure-name": ("az://box/p", {}, "set AZURE_STORAGE_ACCOUNT_NAME"),
    "azure-key": ("az://box/p", {**AZURE, "AZURE_STORAGE_ACCOUNT_KEY": "not base64!"}, "the account key is not valid"),
    "s3": ("s3://bucket/p", {}, "no credentials for S3"),
}


@pytest.mark.parametrize("case", WRONG)
def test_credentials_that_are_missing_are_known_before_anything_is_checked(case: str) -> None:
    place, env, words = WRONG[case]
    ran = dry(place, env)
    assert (ran.code, ran.out, words in ran.err) == (2, "", True), ran.err
    assert "Debug source" not in ran.err
