"""One store for each process of the tests: it takes a second to start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.object_store import Bucket, object_store


@pytest.fixture(scope="session")
def running_store() -> Iterator[Bucket]:
    with object_store() as bucket:
        yield bucket


@pytest.fixture
def store(running_store: Bucket, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, and the variables with which a user reaches it."""
    running_store.reset()
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in running_store.environment.items():
        monkeypatch.setenv(name, value)
    return running_store
