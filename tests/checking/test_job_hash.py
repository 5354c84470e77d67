"""Which jobs are the same one."""

from __future__ import annotations

import pytest

from preflight.checking.job_hash import job_hash
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
