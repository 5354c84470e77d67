"""``preflight upload`` into a real S3: what is there afterwards, under which name, and what its URL shows."""

from __future__ import annotations

import json
import struct
import urllib.request
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema import Draft7Validator

from preflight.render.schema.shapes import schema_of
from tests.servers.object_store import ACCESS_KEY, BUCKET, SECRET_KEY, Bucket
from tests.support.command import CLIP, FIXTURES, PICTURE, Ran, here
from tests.support.terminal import shown

ALLOW = ["--allow-host", "127.0.0.1"]
TO = ["--to", f"s3://{BUCKET}/jobs", *ALLOW]
MIB = 1024 * 1024


def upload(*arguments: str | Path) -> Ran:
    ran = here("upload", *arguments, *TO, "--format", "json")
    assert SECRET_KEY not in ran.out + ran.err
    assert ACCESS_KEY not in ran.err
    if ran.out:
        Draft7Validator(schema_of("upload")).validate(ran.json)
    return ran


def large_clip(folder: Path, size: int = 12 * MIB) -> Path:
    """A clip that passes, of about ``size`` bytes: a box of padding stands at its end."""
    file = folder / "large.mp4"
    file.write_bytes(Path(CLIP).read_bytes() + struct.pack(">I4s", size, b"free") + bytes(size - 8))
    return file


def fetched(url: str) -> tuple[bytes, str]:
    """The bytes and the type at ``url``, by another HTTP client."""
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60) as answer:
        return answer.read(), answer.headers["Content-Type"]


# A file, the type and the suffix of what it holds.
KINDS = {
    "png": (PICTURE, "image/png", ".png"),
    "mp4": (CLIP, "video/mp4", ".mp4"),
    "webp-named-png": (str(FIXTURES / "pictures" / "webp-named.png"), "image/webp", ".webp"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_at_its_url_with_the_type_of_its_bytes(kind: str, store: Bucket) -> None:
    path, media_type, suffix = KINDS[kind]
    data = Path(path).read_bytes()
    ran = upload(path)
    (file,) = ran.json["files"]
    digest = sha256(data).hexdigest()
    assert (ran.code, ran.json["schema"], file["sha256"]) == (0, "preflight.upload/v1", digest)
    assert (file["size_bytes"], file["media_type"], file["uploaded"]) == (len(data), media_type, True)
    assert store.held() == [f"jobs/{digest}{suffix}"]
    assert fetched(file["url"]) == (data, media_type)


def test_a_clip_of_many_parts_arrives_whole_and_leaves_none(store: Bucket, tmp_path: Path) -> None:
    path = large_clip(tmp_path)
    (file,) = upload(path).json["files"]
    assert fetched(file["url"]) == (path.read_bytes(), "video/mp4")
    assert store.gate.count("POST") == 2  # begun and ended: it went in parts
    assert store.unfinished() == []


def test_the_same_bytes_are_uploaded_once_whatever_they_are_called(store: Bucket, tmp_path: Path) -> None:
    (tmp_path / "other.jpg").write_bytes(Path(PICTURE).read_bytes())
    first = upload(PICTURE, tmp_path / "other.jpg").json["files"]
    second = upload(tmp_path / "other.jpg").json["files"]
    assert (len(store.held()), store.gate.count("PUT")) == (1, 1)
    assert [file["uploaded"] for file in [*first, *second]] == [True, True, False]
    assert len({urlsplit(file["url"]).path for file in [*first, *second]}) == 1


def test_a_url_is_signed_for_a_day_unless_another_time_is_asked_for(store: Bucket) -> None:
    def seconds(*more: str) -> list[str]:
        (file,) = upload(PICTURE, *more).json["files"]
        return parse_qs(urlsplit(file["url"]).query)["X-Amz-Expires"]

    assert (seconds(), seconds("--url-expires", "7d")) == (["86400"], ["604800"])
    assert store.held()


def test_standard_output_holds_the_urls_alone_one_a_line(store: Bucket) -> None:
    ran = here("upload", PICTURE, CLIP, *TO)
    assert [fetched(url)[1] for url in ran.out.splitlines()] == ["image/png", "video/mp4"]
    assert "X-Amz" not in ran.err
    assert ACCESS_KEY not in ran.err
    assert len(store.held()) == 2


def test_a_public_base_makes_plain_urls(store: Bucket) -> None:
    policy = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    store.client.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [policy]}))
    (file,) = upload(PICTURE, "--public-base", f"{store.url}/{BUCKET}/jobs/").json["files"]
    digest = sha256(Path(PICTURE).read_bytes()).hexdigest()
    assert (file["url"], file["expires_at"]) == (f"{store.url}/{BUCKET}/jobs/{digest}.png", None)


def test_what_is_there_under_the_name_but_is_not_the_file_is_replaced(store: Bucket) -> None:
    data = Path(PICTURE).read_bytes()
    key = f"jobs/{sha256(data).hexdigest()}.png"
    for body, media_type in ((bytes(len(data)), "image/png"), (data, "text/html")):
        store.client.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType=media_type)
        (file,) = upload(PICTURE).json["files"]
        assert file["uploaded"]
        assert fetched(file["url"]) == (data, "image/png")


def test_the_progress_on_a_terminal_says_how_much_and_how_long(store: Bucket, tmp_path: Path) -> None:
    store.gate.before = lambda method, _: __import__("time").sleep(0.4) if method == "PUT" else None
    text = shown("upload", large_clip(tmp_path, 24 * MIB), *TO, env=store.environment, errors=True)
    assert "uploading large.mp4" in text
    assert " of 25.2 MB" in text
    assert "MB/s" in text
    assert " s left" in text
