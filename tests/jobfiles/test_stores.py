"""Manifests in an object store: moto's server, which speaks S3, in a process of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.servers.object_store import studio
from tests.support.command import preflight

pytestmark = pytest.mark.usefixtures("measured_children")

ROW = "https://e.com/a.png,https://e.com/b.mp4"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that leads to a store with a bucket ``studio``."""
    many = "id,image,video,shot\n" + "".join(f"r{number},{ROW},{number}\n" for number in range(1500))
    one = b'{"id": "a", "image": "https://e.com/a.png", "video": "x"}\n'
    path = tmp_path_factory.mktemp("store") / "jobs.parquet"
    pq.write_table(pa.table({"id": ["p"], "image": ["https://e.com/a.png"], "video": ["https://e.com/b.mp4"]}), path)
    with studio() as (client, found):
        for key, body in {"day 1/jobs.csv": many.encode(), "jobs.jsonl": one, path.name: path.read_bytes()}.items():
            client.put_object(Bucket="studio", Key=key, Body=body)
        yield found


def test_a_table_is_read_row_by_row(store: dict[str, str]) -> None:
    ran = preflight("check", "s3://studio/day 1/jobs.csv", "--offline", "--format", "jsonl", env=store)
    lines = ran.out.splitlines()
    assert (ran.code, len(lines)) == (0, 1500)
    assert '"path": "s3://studio/day 1/jobs.csv", "line": 1501' in lines[-1]
    assert '"meta": {"shot": "1499"}' in lines[-1]


def test_parquet_is_read_in_its_isolated_process(store: dict[str, str]) -> None:
    ran = preflight("check", "s3://studio/jobs.parquet", "--offline", "--format", "jsonl", env=store)
    assert (ran.code, ran.json["id"]) == (0, "p")


def test_a_local_file_in_a_row_of_a_store_is_not_read(store: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    ran = preflight("check", "s3://studio/jobs.jsonl", "--offline", "--format", "json", env=store, cwd=tmp_path)
    assert ran.code == 1
    assert "url-not-public" in ran.rules


@pytest.mark.parametrize("name", ["no.csv", "no.parquet"])
def test_a_file_that_is_not_there_is_a_usage_error(name: str, store: dict[str, str]) -> None:
    ran = preflight("check", f"s3://studio/{name}", "--offline", env=store)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"preflight: s3://studio/{name}: no such file in this store\n"


def test_a_store_that_does_not_answer_is_a_usage_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        ran = preflight(
            "check",
            "s3://studio/a.csv",
            env={"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ENDPOINT_URL": endpoint},
        )
    assert ran.code == 2
    assert ran.err.startswith("preflight: s3://studio/a.csv: cannot be opened: ")


@pytest.mark.parametrize("url", ["https://e.com/jobs.csv", "http://e.com/m.parquet", "memory://a.csv", "file:///a.csv"])
def test_no_other_url_is_opened_through_the_library(url: str) -> None:
    ran = preflight("check", url, "--offline", "--format", "json")
    assert ran.json["jobs"][0]["subjects"]
