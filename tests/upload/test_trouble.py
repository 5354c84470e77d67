"""Uploads that cannot work: a clear error, no URL, no secret, and nothing half done."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.servers.object_store import (
    ACCESS_KEY,
    BUCKET,
    SECRET_KEY,
    Bucket,
    answers,
    denies_reading,
    has_another_clock,
)
from tests.support.command import FIXTURES, PICTURE, here
from tests.upload.test_store import ALLOW, TO, large_clip


def refused(*arguments: str | Path, code: int) -> str:
    """What the user is told; there is no URL, and no secret."""
    ran = here("upload", *arguments)
    assert (ran.code, ran.out) == (code, ""), ran.err
    assert SECRET_KEY not in ran.err
    assert ACCESS_KEY not in ran.err
    assert "<Code>" not in ran.err
    return ran.err


def test_a_bucket_that_does_not_exist(store: Bucket) -> None:
    said = refused(PICTURE, "--to", "s3://nowhere/jobs", *ALLOW, code=2)
    assert "s3://nowhere/jobs: there is no such bucket" in said
    assert store.held() == []


def test_a_key_that_the_store_does_not_know(store: Bucket) -> None:
    store.check_credentials()
    said = refused(PICTURE, *TO, code=2)
    assert "the store does not know the access key" in said


def test_a_secret_key_that_is_not_that_of_the_access_key(store: Bucket) -> None:
    store.gate.misbehave = answers(403, "SignatureDoesNotMatch")
    assert "check the secret key" in refused(PICTURE, *TO, code=2)
    assert store.held() == []


def test_credentials_that_may_not_write(store: Bucket) -> None:
    store.gate.misbehave = answers(403, "AccessDenied")
    assert "the credentials may not write there" in refused(PICTURE, *TO, code=2)


def test_credentials_that_may_not_read(store: Bucket) -> None:
    store.gate.misbehave = denies_reading
    said = refused(PICTURE, *TO, code=2)
    assert "cannot be read (403): the credentials need the right to read objects, too" in said
    assert "?…" in said


def test_a_clock_that_is_wrong_for_signing(store: Bucket) -> None:
    store.gate.misbehave = has_another_clock
    assert "the clock of this machine is wrong for signing" in refused(PICTURE, *TO, code=2)
    assert store.held() == []


def test_a_bucket_in_another_region(store: Bucket) -> None:
    store.gate.misbehave = answers(301, "PermanentRedirect")
    assert "the bucket is in another region" in refused(PICTURE, *TO, code=2)


def test_a_store_that_is_full(store: Bucket) -> None:
    store.gate.misbehave = answers(403, "QuotaExceeded")
    assert "the store is full" in refused(PICTURE, *TO, code=2)


def test_a_store_that_fails_can_be_tried_again(store: Bucket) -> None:
    store.gate.misbehave = answers(503, "SlowDown")
    assert "the store answered 503 SlowDown; nothing was uploaded" in refused(PICTURE, *TO, code=3)
    store.gate.open()
    assert here("upload", PICTURE, *TO).code == 0


def test_a_store_that_is_not_there(store: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert "the connection to the store was refused" in refused(PICTURE, *TO, code=3)
    assert store.gate.seen == []


def spoilt(data: bytes, head: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return data[:-1] + b"x", head


def mistyped(data: bytes, head: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return data, {**head, "content-type": "text/html"}


def cut(data: bytes, head: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return data[: len(data) // 2], {name: value for name, value in head.items() if name.lower() != "content-range"}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoilt, "it shows other bytes"),
        (mistyped, "declared as text/html instead of image/png"),
        (cut, "does not show"),
    ],
    ids=["other-bytes", "other-type", "cut-short"],
)
def test_a_url_that_does_not_show_the_file(spoil: Callable, words: str, store: Bucket) -> None:
    store.gate.spoil = spoil
    assert words in refused(PICTURE, *TO, code=3)


def test_a_file_that_changes_while_it_is_uploaded(store: Bucket, tmp_path: Path) -> None:
    path = large_clip(tmp_path)

    def change(method: str, _: str) -> None:
        if method == "PUT":
            with path.open("r+b") as file:
                file.seek(-1, 2)
                file.write(b"x")

    store.gate.before = change
    original = sha256(path.read_bytes()).hexdigest()
    ran = here("upload", path, *TO)
    if ran.code == 0:  # its last byte had been read by then
        assert [Path(name).stem for name in store.held()] == [original]
    else:
        assert (ran.code, "large.mp4 changed while it was uploaded" in ran.err) == (3, True)
        assert (store.held(), store.unfinished()) == ([], [])
    store.gate.open()
    assert here("upload", path, *TO).code == 0


def test_a_private_address_is_refused_before_anything_is_uploaded(store: Bucket) -> None:
    said = refused(PICTURE, "--to", f"s3://{BUCKET}/jobs", code=2)
    assert "the service could not read http://127.0.0.1" in said
    assert "--allow-host" in said
    assert store.gate.seen == []


def test_no_credentials_at_all(store: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "no credentials for S3: set AWS_ACCESS_KEY_ID" in refused(PICTURE, *TO, code=2)
    assert store.gate.seen == []


# Files that are never uploaded: their URL would be public.
KEPT = {
    "private-key": ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "is not a picture or a clip"),
    "empty": ("", "is not a picture or a clip"),
    "page": ("<!doctype html><title>x</title>", "is not a picture or a clip"),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_file_that_is_no_media_is_not_uploaded(case: str, store: Bucket, tmp_path: Path) -> None:
    text, words = KEPT[case]
    (tmp_path / "a.png").write_text(text)
    assert words in refused(PICTURE, tmp_path / "a.png", *TO, code=3)
    assert store.held() == []


PLACES = {
    "no-scheme": ("media/jobs", "is not a place for uploads"),
    "https": ("https://media.s3.amazonaws.com/jobs", "add --endpoint-url"),
    "no-bucket": ("s3://", "is not the name of a bucket"),
    "odd-bucket": ("s3://a b/jobs", "is not the name of a bucket"),
    "upwards": ("s3://media/../jobs", "has an empty part or a dot as a part"),
    "query": ("s3://media/jobs?x=1", "holds a character"),
    "ftp": ("ftp://media/jobs", "is not a place for uploads"),
}


@pytest.mark.parametrize("case", PLACES)
def test_a_place_that_cannot_be_one(case: str, store: Bucket) -> None:
    place, words = PLACES[case]
    assert words in refused(PICTURE, "--to", place, *ALLOW, code=2)
    assert store.gate.seen == []


TIMES = {
    "too-long": ("8d", "at most 7 days, not 8 days"),
    "too-short": ("30s", "at least 1m"),
    "no-time": ("soon", "is not a time: write 24h"),
    "negative": ("-1h", "is not a time: write 24h"),
}


@pytest.mark.parametrize("case", TIMES)
def test_a_life_that_no_signature_allows(case: str, store: Bucket) -> None:
    time, words = TIMES[case]
    assert words in refused(PICTURE, *TO, "--url-expires", time, code=2)
    assert store.gate.seen == []


CONTRADICTIONS = {
    "nowhere": ([], "say where to"),
    "two-ways": ([*TO, "--upload-command", "true {file}"], "does everything by itself"),
    "endless": ([*TO, "--public-base", "https://cdn.example.com", "--url-expires", "1h"], "do not end"),
    "odd-base": ([*TO, "--public-base", "cdn.example.com"], "--public-base must be https://HOST/PATH"),
    "private-base": ([*TO, "--public-base", "https://10.0.0.1/x"], "the service could not read"),
    "odd-endpoint": ([*TO, "--endpoint-url", "me:secret@host"], "is not a URL"),
    "plain-endpoint": ([*TO, "--endpoint-url", "http://store.example.com"], "not https"),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_options_that_contradict_each_other(case: str, store: Bucket) -> None:
    options, words = CONTRADICTIONS[case]
    said = refused(PICTURE, *options, code=2)
    assert words in said
    assert "secret" not in said
    assert store.gate.seen == []


def test_a_folder_a_url_and_a_missing_file_are_not_uploaded(store: Bucket, tmp_path: Path) -> None:
    assert "a folder" in refused(tmp_path, *TO, code=2)
    assert "no such file" in refused(tmp_path / "a.png", *TO, code=2)
    assert "is a URL already" in refused("https://example.com/a.png", *TO, code=2)
    assert store.gate.seen == []


@pytest.mark.parametrize("name", ["東京 $(touch x).png", "-rf.png", "a'b\"c`d.png", "new\nline.png", "http:.png"])
def test_a_file_may_have_any_name(name: str, store: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(FIXTURES / "pictures" / "plain.png", name)
    ran = here("upload", *TO, "--", name)
    assert (ran.code, len(store.held())) == (0, 1)
    assert urlsplit(ran.out.strip()).path.endswith(store.held()[0])
    assert not Path("x").exists()
