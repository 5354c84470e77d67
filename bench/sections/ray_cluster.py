"""A run by a Ray cluster of two nodes on this machine against two local workers, and one whose node is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from section import Figure, Section, table

from tests.servers.cheap_hosts import hosts as served_at

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.support.command import CLIP, PICTURE, command, environment
from tests.tools.run_kills import compare, manifest_over, to_the_end

_RATE = 0.8


def measure(*, quick: bool) -> Section:
    """Rows that name a picture and a clip of their own each, at loopback addresses."""
    rows, number = (400, 10) if quick else (20_000, 1000)
    with (
        tempfile.TemporaryDirectory() as name,
        served_at(Path(PICTURE), Path(CLIP), number) as server,
        _cluster() as cluster,
    ):
        folder = Path(name)
        manifest = manifest_over(server, folder / "jobs.jsonl", rows)
        by_ray = [*server.allow, "--part-rows", str(min(1000, rows // 10)), "--engine", "ray"]
        by_ray += ["--address", cluster.address]
        ray = to_the_end([manifest, "--to", folder / "ray", *by_ray])
        _lose_a_node(cluster, manifest, folder / "less", *by_ray)
        less = compare(folder / "ray", folder / "less", kills=1, rows=rows)
        cluster.shutdown()
        local = to_the_end([manifest, "--to", folder / "local", "--workers", "2", *by_ray[: by_ray.index("--engine")]])
        same = compare(folder / "local", folder / "ray", kills=0, rows=rows)
    text = table(
        ("run", "rows a second:"),
        [
            (f"{rows:,} rows, two local workers", f"{rows / local.wall_s:.0f}"),
            (f"{rows:,} rows, a Ray cluster of two nodes with a processor each", f"{rows / ray.wall_s:.0f}"),
        ],
    )
    return Section(
        text=text,
        figures=(
            Figure(
                what=f"A run of {rows:,} rows by a Ray cluster of two nodes",
                reach=f"≥ {_RATE} × the rate of two local workers",
                measured=f"{local.wall_s / ray.wall_s:.2f} ×",
                is_reached=local.wall_s / ray.wall_s >= _RATE,
            ),
            Figure(
                what="The same cluster, one node removed on the way",
                reach="the parts of local workers",
                measured=f"{less.rows:,} rows, {len(same.differing)} and {len(less.differing)} parts differ",
                is_reached=less.rows == rows and not same.differing and not less.differing,
            ),
        ),
    )


@contextmanager
def _cluster() -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - after what it reads from the environment

    node = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    found = Cluster(initialize_head=True, head_node_args=node)
    try:
        found.add_node(num_cpus=1, object_store_memory=80 << 20)
        found.wait_for_nodes(60)
        yield found
    finally:
        found.shutdown()


def _lose_a_node(cluster: Any, manifest: Path, to: Path, *arguments: str) -> None:
    process = subprocess.Popen(
        command("check", manifest, "--to", to, *arguments),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while not list(to.glob("part-*")) and process.poll() is None:
        time.sleep(0.1)
    cluster.remove_node(next(node for node in cluster.list_all_nodes() if not node.head))
    process.wait(3600)
