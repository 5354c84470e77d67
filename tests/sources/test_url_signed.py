"""Until when a signed URL may be read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.sources.signed_urls import signature_of
from preflight.sources.url import inspect_url

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
EPOCH = int(NOON.timestamp())


def cloudfront_policy(policy: object) -> str:
    text = base64.b64encode(json.dumps(policy).encode()).decode()
    return text.translate(str.maketrans("+=/", "-_~"))


def token(claims: object) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, 1)
    )


def policy_until(epoch: object) -> object:
    return {"Statement": [{"Resource": "https://x/*?>", "Condition": {"DateLessThan": {"AWS:EpochTime": epoch}}}]}


SIGNED = {
    "s3 v4": ("S3", "X-Amz-Date=20260131T110000Z&X-Amz-Expires=3600&X-Amz-Signature=0"),
    "s3 v4, lower case": ("S3", "x-amz-expires=3600&x-amz-date=20260131T110000Z"),
    "s3 v2": ("S3", f"AWSAccessKeyId=AK&Signature=a%2Fb&Expires={EPOCH}"),
    "gcs v4": ("Google Cloud Storage", "X-Goog-Date=20260131T110000Z&X-Goog-Expires=3600&X-Goog-Signature=0"),
    "gcs v2": ("Google Cloud Storage", f"GoogleAccessId=a%40b&Expires={EPOCH}&Signature=x"),
    "cloudfront canned": ("CloudFront", f"Expires={EPOCH}&Signature=x~&Key-Pair-Id=K"),
    "cloudfront policy": ("CloudFront", f"Policy={cloudfront_policy(policy_until(EPOCH))}&Signature=x&Key-Pair-Id=K"),
    "oss v1": ("Alibaba Cloud OSS", f"OSSAccessKeyId=LT&Expires={EPOCH}&Signature=x%3D"),
    "oss v4": ("Alibaba Cloud OSS", "x-oss-date=20260131T110000Z&x-oss-expires=3600&x-oss-signature=0"),
    "tos": ("Volcengine TOS", "X-Tos-Date=20260131T110000Z&X-Tos-Expires=3600&X-Tos-Signature=0"),
    "obs": ("Huawei Cloud OBS", f"AccessKeyId=A&Expires={EPOCH}&Signature=x"),
    "azure": ("Azure Storage", "sv=2024&se=2026-01-31T12%3A00%3A00Z&sr=b&sp=r&sig=x%3D"),
    "azure, minutes": ("Azure Storage", "se=2026-01-31T12:00Z&sig=x"),
    "azure, delegated key ends first": ("Azure Storage", "se=2026-02-03&ske=2026-01-31T12:00:00Z&sig=x"),
    "cos": ("Tencent Cloud COS", f"q-sign-algorithm=sha1&q-sign-time={EPOCH - 60};{EPOCH}&q-signature=0"),
    "tiktok": ("TikTok", f"x-expires={EPOCH}&x-signature=y"),
    "some other": ("the server", f"expires={EPOCH}&signature=x"),
}

SIGNED_BY_HOST = {
    "discord": ("Discord", "cdn.discordapp.com", f"ex={EPOCH:x}&is=0&hm=0"),
    "meta": ("Meta", "scontent.cdninstagram.com", f"oh=0&oe={EPOCH:X}"),
    "supabase": ("Supabase", "abc.supabase.co", f"token={token({'url': 'a', 'exp': EPOCH})}"),
}


@pytest.mark.parametrize(("signer", "query"), SIGNED.values(), ids=list(SIGNED))
def test_the_end_of_a_signature_is_read_from_the_query(signer: str, query: str) -> None:
    assert signature_of("files.example", f"/x?{query}") == (signer, NOON)


@pytest.mark.parametrize(("signer", "host", "query"), SIGNED_BY_HOST.values(), ids=list(SIGNED_BY_HOST))
def test_some_signers_are_known_by_their_host(signer: str, host: str, query: str) -> None:
    assert signature_of(host, f"/x?{query}") == (signer, NOON)
    assert signature_of("files.example", f"/x?{query}")[0] != signer
    assert signature_of(f"{host}.example", f"/x?{query}")[0] != signer


def test_a_day_ends_where_it_begins() -> None:
    assert signature_of("x.blob.core.windows.net", "/x?se=2026-01-31&sig=x")[1] == datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "x=1",
        f"Expires={EPOCH}",
        "Signature=x",
        "X-Amz-Date=20260131T110000Z",
        "se=2026-01-31",
        "token=abc",
        "&&==&",
    ],
)
def test_a_url_that_nobody_signed_has_no_end(query: str) -> None:
    assert signature_of("files.example", f"/x?{query}") == (None, None)


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Date=20260131T110000Z&X-Amz-Expires=",
        "X-Amz-Date=20260131T110000Z&X-Amz-Expires=-1",
        "X-Amz-Date=20260131T110000Z&X-Amz-Expires=1e9",
        "X-Amz-Date=20260131T110000Z&X-Amz-Expires=999999999999",
        "X-Amz-Date=20260131T110000Z&X-Amz-Expires=" + "9" * 1000,
        "X-Amz-Date=20261331T110000Z&X-Amz-Expires=60",
        "X-Amz-Date=2026-01-31&X-Amz-Expires=60",
        "X-Amz-Date=99991231T235959Z&X-Amz-Expires=60",
        "AWSAccessKeyId=A&Signature=x&Expires=soon",
        "AWSAccessKeyId=A&Signature=x&Expires=999999999999",
        "AWSAccessKeyId=A&Signature=x&Expires=١٢٣",
        "se=&sig=x",
        "se=tomorrow&sig=x",
        "se=0001-01-01T00:00:00%2B23:59&sig=x",
        "q-sign-time=;&q-signature=x",
        "q-sign-time=12&q-signature=x",
        "Policy=&Signature=x&Key-Pair-Id=K",
        "Policy=!!!&Signature=x&Key-Pair-Id=K",
        f"Policy={cloudfront_policy([])}&Signature=x&Key-Pair-Id=K",
        f"Policy={cloudfront_policy(policy_until(None))}&Signature=x&Key-Pair-Id=K",
        f"Policy={cloudfront_policy(policy_until({'a': 1}))}&Signature=x&Key-Pair-Id=K",
        f"Policy={base64.b64encode(b'[' * 1400).decode()}&Signature=x&Key-Pair-Id=K",
    ],
    ids=lambda query: query[:60],
)
def test_an_end_that_cannot_be_read_is_none_and_the_signer_stays_known(query: str) -> None:
    signer, expires_at = signature_of("files.example", f"/x?{query}")

    assert signer is not None
    assert expires_at is None


@pytest.mark.parametrize("text", ["a.b.c", "a", "..", "a.e30.c", "a.W10.c", "a.bnVsbA.c", token({"exp": "x"})])
def test_a_token_that_cannot_be_read_has_no_end(text: str) -> None:
    assert signature_of("abc.supabase.co", f"/x?token={text}") == ("Supabase", None)


NAMES = ["X-Amz-Date", "X-Amz-Expires", "Expires", "Signature", "Key-Pair-Id", "Policy", "se", "sig", "q-sign-time"]
ENCODED = st.binary(max_size=20).map(lambda data: base64.b64encode(data).decode())
VALUES = st.text(max_size=30) | st.integers().map(str) | st.datetimes().map(str) | ENCODED


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_no_query_makes_it_raise(parameters: dict[str, str]) -> None:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())

    signature_of("files.example", f"/x?{query}")
    signature_of("files.example", "/x?" + query + "&q-signature=&AWSAccessKeyId=")


def test_the_signature_is_part_of_what_a_url_says() -> None:
    facts = inspect_url("https://b.s3.amazonaws.com/x.mp4?X-Amz-Date=20260131T110000Z&X-Amz-Expires=3600")

    assert (facts.signer, facts.expires_at) == ("S3", NOON)
