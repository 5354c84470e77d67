"""An object store that speaks S3: moto's server, in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

ACCOUNT = {"AWS_ACCESS_KEY_ID": "canary", "AWS_SECRET_ACCESS_KEY": "canary", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def s3_store(folder: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    """A client of a store with an empty bucket ``studio``, and the environment that leads there.

    The server's output goes into ``folder``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=output, stderr=output
        )
    try:
        for _ in range(600):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        endpoint = f"http://127.0.0.1:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name=ACCOUNT["AWS_DEFAULT_REGION"],
            aws_access_key_id=ACCOUNT["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ACCOUNT["AWS_SECRET_ACCESS_KEY"],
        )
        client.create_bucket(Bucket="studio")
        yield client, {**ACCOUNT, "AWS_ENDPOINT_URL": endpoint}
    finally:
        process.terminate()
        process.wait(30)
