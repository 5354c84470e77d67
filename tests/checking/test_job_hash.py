"""Which jobs are the same one."""

from __future__ import annotations

import pytest

from preflight.checking.job_hash import identities_of, job_hash
from preflight.model import Job
from preflight.specs import load_spec
from tests.support.jobs import job

IMAGE, VIDEO = "https://a.example/i.png", "https://a.example/v.mp4"


def identity(**fields: object) -> str:
    callback = fields.pop("callback_url", None)
    body = job(**{"image": IMAGE, "video": VIDEO, **fields})
    return job_hash(Job(body={**body, "callback_url": callback} if callback else body), load_spec())  # type: ignore[dict-item]


S3 = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k&X-Amz-Date={0}T000000Z&X-Amz-Expires=60"
    "&X-Amz-SignedHeaders=host&X-Amz-Signature={0}"
)
SAME = {
    "defaults-spelled-out": ({}, {"mode": "720p", "character_orientation": "video"}),
    "another-callback": ({"callback_url": "https://x.example/1"}, {"callback_url": "https://x.example/2"}),
    "with-and-without-callback": ({}, {"callback_url": "https://x.example/2"}),
    "signed-anew": (
        {"video": f"{VIDEO}?{S3.format('20260101')}"},
        {"video": f"{VIDEO}?{S3.format('20260301')}"},
    ),
    "signed-and-public": ({"video": f"{VIDEO}?{S3.format('20260101')}"}, {}),
    "azure": (
        {"video": f"{VIDEO}?sv=1&se=2026-01-01&sr=b&sig=abc"},
        {"video": f"{VIDEO}?sv=1&se=2027-01-01&sr=b&sig=d"},
    ),
}
OTHER = {
    "mode": ({}, {"mode": "1080p"}),
    "orientation": ({}, {"character_orientation": "image"}),
    "prompt": ({"prompt": "a"}, {"prompt": "b"}),
    "video": ({}, {"video": "https://a.example/w.mp4"}),
    "query": ({"video": f"{VIDEO}?id=1"}, {"video": f"{VIDEO}?id=2"}),
    "query-beside-a-signature": (
        {"video": f"{VIDEO}?id=1&{S3.format('20260101')}"},
        {"video": f"{VIDEO}?id=2&{S3.format('20260101')}"},
    ),
    "short-names-without-a-signer": ({"video": f"{VIDEO}?token=1"}, {"video": f"{VIDEO}?token=2"}),
}


@pytest.mark.parametrize("case", SAME)
def test_what_makes_the_same_video_is_the_same_job(case: str) -> None:
    first, second = SAME[case]
    assert identity(**first) == identity(**second)


@pytest.mark.parametrize("case", OTHER)
def test_what_makes_another_video_is_another_job(case: str) -> None:
    first, second = OTHER[case]
    assert identity(**first) != identity(**second)


def test_the_order_of_fields_makes_no_difference() -> None:
    body = job(image=IMAGE, video=VIDEO, prompt="p", mode="1080p")
    turned = {"input": dict(reversed(list(body["input"].items()))), "model": body["model"]}  # type: ignore[union-attr, attr-defined]
    assert job_hash(Job(body=body), load_spec()) == job_hash(Job(body=turned), load_spec())  # type: ignore[arg-type]


# As version 0.1 wrote them into its ledgers.
EARLIER = {
    "public": ("https://a.example/v.mp4", "f5f4d195a98718d0be37ffd7298e7672df3a6832cb8c10cacfe5e37d8216a937"),
    "signed": (
        "https://A.example:443/v.mp4?x-oss-process=image/resize,w_400&OSSAccessKeyId=A&Expires=1&Signature=s#f",
        "af502dc36b4778a3d66dd04e368873d3c53e1f133981ea2d55b38b56215e51f8",
    ),
}


@pytest.mark.parametrize("case", EARLIER)
def test_what_an_earlier_version_wrote_of_a_job_is_still_known(case: str) -> None:
    url, earlier = EARLIER[case]
    asked = Job(body=job(image=IMAGE, video=url))
    assert identities_of(asked, load_spec()) == (job_hash(asked, load_spec()), earlier)


@pytest.mark.parametrize("case", EARLIER)
def test_no_identity_of_today_is_one_that_an_earlier_version_wrote_of_another_job(case: str) -> None:
    url, earlier = EARLIER[case]
    assert job_hash(Job(body=job(image=IMAGE, video=url.partition("?")[0])), load_spec()) != earlier


@pytest.mark.parametrize(
    "url", ["", "http://[::1", "https://a.example:x/", "\ud800", "//", "https://faß.example/?#", "a?b#c"]
)
def test_what_is_not_a_url_has_an_identity_too(url: str) -> None:
    assert len(set(identities_of(Job(body=job(image=IMAGE, video=url)), load_spec()))) == 2
