"""Until when a signed URL may be read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preflight.sources.signed_urls import signature_of, unsigned
from preflight.sources.signers import SIGNERS
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


MD5 = "0f8201d814dfaf64cf54e74c5f7dbcb0"
SHA256 = 2 * MD5
EDGE = f"st={EPOCH - 60}~exp={EPOCH}~acl=/*~hmac=0aab"

# Signer, host, target, and whether the URL says when it ends.
EACH_SIGNER = {
    "azure, policy on the server": ("Azure Storage", "files.example", "/x?sv=1&si=reader&sr=b&sig=x", False),
    "cos, one parameter": (
        "Tencent Cloud COS", "files.example", f"/x?sign=q-sign-algorithm%3Dsha1%26q-sign-time%3D1%3B{EPOCH}", True,
    ),
    "bos": (
        "Baidu BOS", "files.example", "/x?authorization=bce-auth-v1%2FAK%2F2026-01-31T11:00:00Z%2F3600%2F%2F0", True,
    ),
    "bos, for ever": (
        "Baidu BOS", "files.example", "/x?authorization=bce-auth-v1%2FAK%2F2026-01-31T11:00:00Z%2F-1%2Fhost%2F0", False,
    ),
    "ks3": ("Kingsoft KS3", "files.example", f"/x?KSSAccessKeyId=A&Expires={EPOCH}&Signature=x", True),
    "us3": ("UCloud US3", "files.example", f"/x?UCloudPublicKey=A&Expires={EPOCH}&Signature=x", True),
    "b2": (
        "Backblaze B2", "files.example", "/x?Authorization=3_20260130120000_5_d_000_20260131120000_0006_dnld", True,
    ),
    "b2, without its times": ("Backblaze B2", "files.example", "/x?Authorization=3_20260130120000_5", False),
    "swift": ("OpenStack Swift", "files.example", f"/x?temp_url_sig=0&temp_url_expires={EPOCH}", True),
    "swift, iso": (
        "OpenStack Swift", "files.example", "/x?temp_url_sig=0&temp_url_expires=2026-01-31T12:00:00Z", True,
    ),
    "qiniu": ("Qiniu", "files.example", f"/x?e={EPOCH}&token=AK:yN9WtB0lQheegAwva64yBuH3ZgU=", True),
    "qiniu cdn": ("Qiniu CDN", "a.clouddn.com", f"/x?sign={MD5}&t={EPOCH:x}", True),
    "upyun": ("Upyun", "files.example", f"/x?_upt=abcdefgh{EPOCH}", True),
    "imagekit": ("ImageKit", "files.example", f"/x?ik-t={EPOCH}&ik-s=0", True),
    "imagekit, for ever": ("ImageKit", "files.example", "/x?ik-s=0", False),
    "aliyun a": ("Alibaba Cloud CDN", "files.example", f"/x?auth_key={EPOCH}-0-0-{MD5}", False),
    "aliyun b": ("Alibaba Cloud CDN", "files.example", f"/202601312000/{MD5}/x", False),
    "aliyun c": ("Alibaba Cloud CDN", "files.example", f"/{MD5}/{EPOCH:x}/x", False),
    "aliyun c, query": ("Alibaba Cloud CDN", "files.example", f"/x?KEY1={MD5}&KEY2={EPOCH:x}", False),
    "tencent a": ("Tencent Cloud CDN", "files.example", f"/x?sign={EPOCH}-a-0-{MD5}", False),
    "tencent d": ("Tencent Cloud CDN", "files.example", f"/x?sign={MD5}&t={EPOCH}", False),
    "wangsu": ("Wangsu CDN", "files.example", f"/x?wsSecret={MD5}&wsTime={EPOCH}", False),
    "bunny": ("Bunny", "files.example", f"/x?token=HS256-0123456789abcdef&expires={EPOCH}", True),
    "bunny, path": ("Bunny", "files.example", f"/bcdn_token=0123456789abcdef&expires={EPOCH}/x", True),
    "keycdn": ("KeyCDN", "files.example", f"/x?token=0123456789abcdef&expire={EPOCH}", True),
    "nginx": ("nginx secure_link", "files.example", f"/x?md5=_e4Nc3iduzkWRm01TBBNYw&expires={EPOCH}", True),
    "nginx, short names": ("nginx secure_link", "files.example", f"/x?st=_e4Nc3iduzkWRm01TBBNYw&e={EPOCH}", True),
    "akamai": ("Akamai", "files.example", f"/x?hdnts={EDGE}", True),
    "akamai, escaped": ("Akamai", "files.example", f"/x?hdnea=exp%3D{EPOCH}~acl%3D%2F%2A~hmac%3Dab", True),
    "akamai, path": ("Akamai", "files.example", f"/hdnts=exp={EPOCH}~acl=%2f*~hmac=ab/x", True),
    "cloudinary, token": ("Akamai", "res.cloudinary.com", f"/x?__cld_token__={EDGE}", True),
    "cloudinary": ("Cloudinary", "res.cloudinary.com", "/demo/image/upload/s--AbCdEf12--/x", False),
    "fastly": ("Fastly", "files.example", f"/x?token={EPOCH}_{MD5}01234567", True),
    "cloudflare": ("Cloudflare", "files.example", f"/x?verify={EPOCH}-0123456789abcdef0123456789%3D", False),
    "cloudflare images": ("Cloudflare Images", "files.example", f"/x?exp={EPOCH}&sig={SHA256}", True),
    "cloudflare images, for ever": ("Cloudflare Images", "imagedelivery.net", f"/x?sig={SHA256}", False),
    "imgix": ("Imgix", "a.imgix.net", f"/x?expires={EPOCH}&s={MD5}", True),
    "imgix, own domain": ("Imgix", "files.example", f"/x?ixlib=py&expires={EPOCH}&s={MD5}", True),
    "reddit": ("Reddit", "preview.redd.it", f"/x?s={MD5}", False),
    "firebase": ("Firebase", "firebasestorage.googleapis.com", "/v0/b/b/o/x?alt=media&token=0", False),
    "supabase, own domain": (
        "Supabase", "files.example", f"/storage/v1/object/sign/b/x?token={token({'exp': EPOCH})}", True,
    ),
    "dropbox": ("Dropbox", "www.dropbox.com", "/scl/fi/k/x?rlkey=r&st=s&dl=1", False),
    "github": ("GitHub", "raw.githubusercontent.com", "/o/r/main/x?token=A", False),
    "oracle": ("Oracle Object Storage", "files.example", "/p/0123456789abcdef0123/n/n/b/b/o/x", False),
    "filestack": (
        "Filestack", "cdn.filestackcontent.com", f"/x?policy={token({'expiry': EPOCH}).split('.')[1]}&signature=", True,
    ),
    "notion": ("Notion", "files.example", f"/x?expirationTimestamp={EPOCH}000&signature=0", True),
    "a token of any name": ("the server", "files.example", f"/x?_jwt={token({'exp': EPOCH})}", True),
    "a token in the path": ("the server", "files.example", f"/{token({'sub': 'v', 'exp': EPOCH})}/x", True),
    "two, of which the first ends the URL": (
        "S3", "files.example",
        f"/x?X-Amz-Date=20260131T110000Z&X-Amz-Expires=3600&j={token({'exp': EPOCH + 9})}", True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", EACH_SIGNER)
def test_every_signer_is_known_and_its_end_read_where_the_url_says_it(case: str) -> None:
    signer, host, target, says = EACH_SIGNER[case]
    assert signature_of(host, target) == (signer, NOON if says else None)


def test_every_signer_of_the_table_is_among_the_cases() -> None:
    tried = {signer for signer, *_ in (*SIGNED.values(), *SIGNED_BY_HOST.values(), *EACH_SIGNER.values())}
    assert {signer.name for signer in SIGNERS} <= tried


def test_a_link_that_nobody_signed_has_no_signer() -> None:
    assert signature_of("www.dropbox.com", "/scl/fi/k/x?rlkey=r&dl=1") == (None, None)


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
    unsigned("files.example", f"/x?{query}")


WORDS = ["s--AbCdEf12--", "bcdn_token=", "hdnts=exp=1~hmac=a", MD5, "6955b900", "202601312000", "e30.e30.x", "o", "b"]
HOSTS = ["files.example", "a.imgix.net", "www.dropbox.com"]


@given(st.sampled_from(HOSTS), st.lists(st.sampled_from(WORDS) | st.text(max_size=9)))
def test_no_path_makes_it_raise(host: str, segments: list[str]) -> None:
    target = "/" + "/".join(segments)

    signature_of(host, target)
    assert unsigned(host, target).startswith("/")


def test_the_signature_is_part_of_what_a_url_says() -> None:
    facts = inspect_url("https://b.s3.amazonaws.com/x.mp4?X-Amz-Date=20260131T110000Z&X-Amz-Expires=3600")

    assert (facts.signer, facts.expires_at) == ("S3", NOON)
