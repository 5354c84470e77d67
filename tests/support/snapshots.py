"""The output of ``preflight check`` in every format: kept in ``tests/snapshots``, compared by ``test_snapshots.py``.

``make snapshots`` takes them again: look at the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path
from shutil import copyfile
from typing import Any
from xml.etree import ElementTree as ET

from tests.support.command import FIXTURES, preflight

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
SUFFIXES = {
    "text": "txt", "json": "json", "jsonl": "jsonl", "sarif": "sarif", "junit": "xml", "github": "log",
    "csv": "csv", "markdown": "md", "concise": "lines",
}  # fmt: skip
CASES = {"job": ["job.yaml"], "folder": ["folder"], "manifest": ["rows.jsonl"]}

HOSTILE = {
    "::error::injected.png": "299-wide.png",
    "<img src=x onerror=alert(1)>.png": "299-wide.png",
    "a,b:c%0A|`*_[x](y).png": "webp-named.png",
    "line\nbreak \x1b[31m.png": "299-wide.png",
    "ünïcode 漢字 💃.png": "cmyk.jpg",
}
"""Names of files that mean something to the program that shows them, and the fixture behind each."""

_JOB = """\
model: kling-v3-motion-control
input:
  input_urls: [webp-named.png]
  video_urls: [30.1-seconds.mp4]
  mode: 4k
  promt: The character dances.
"""
_ROWS = [
    '{"id": "good", "n":3, "input": {"input_urls": ["plain.png"], "video_urls": ["12-seconds.mp4"]}, "model": "MODEL"}',
    '{"id": "broken", "input": {',
    '{"id": "💃", "model": "MODEL", "input": {"prompt": "💃", "input_urls": ["299-wide.png"], "video_urls": ["MOOV"]}}',
]


def lay_out(folder: Path) -> Path:
    """Make the folder that the cases are run in, below the root of a repository. Returns it."""
    shop = folder / "shop"
    (folder / ".git").mkdir()
    (shop / "folder").mkdir(parents=True)
    for name in ("webp-named.png", "plain.png", "299-wide.png"):
        copyfile(FIXTURES / "pictures" / name, shop / name)
    for name in ("30.1-seconds.mp4", "12-seconds.mp4", "moov-compressed-by-lzw.mov"):
        copyfile(FIXTURES / "clips" / name, shop / name)
    for name, fixture in HOSTILE.items():
        copyfile(FIXTURES / "pictures" / fixture, shop / "folder" / name)
    copyfile(FIXTURES / "pictures" / "299-wide.png", os.fsencode(shop / "folder") + b"/not-utf-8-\xff.png")
    copyfile(FIXTURES / "clips" / "no-moov.mp4", shop / "folder" / "no-moov.mp4")
    (shop / "job.yaml").write_text(_JOB, "utf-8")
    rows = "\n".join(_ROWS).replace("MODEL", "kling-v3-motion-control").replace("MOOV", "moov-compressed-by-lzw.mov")
    (shop / "rows.jsonl").write_text(rows + "\n", "utf-8")
    return shop


def taken(case: str, format_: str, shop: Path) -> str:
    """The output of a case, without the parts that change from run to run: times, versions, the table of rules."""
    env = {"GITHUB_STEP_SUMMARY": str(shop / "summary.md")} if format_ == "github" else {}
    ran = preflight("check", *CASES[case], "--format", format_, cwd=shop, env=env)
    if format_ == "github":
        summary = shop / "summary.md"
        text = summary.read_text("utf-8")
        summary.unlink()
        return f"{ran.out}\n--- step summary ---\n{text}"
    return settled(ran.out, format_)


def settled(text: str, format_: str) -> str:
    """``text`` without the parts that change from run to run."""
    match format_:
        case "json":
            return json.dumps(_without_times(json.loads(text)), indent=1, ensure_ascii=False) + "\n"
        case "jsonl":
            rows = (_without_times(json.loads(line)) for line in text.splitlines())
            return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        case "sarif":
            log = json.loads(text)
            (run,) = log["runs"]
            driver = run["tool"]["driver"]
            driver["rules"] = driver["semanticVersion"] = "…"
            for each in (*run["results"], *(note["associatedRule"] for note in _about_rules(run))):
                each.pop("ruleIndex", each.pop("index", None))
            return json.dumps(log, indent=1, ensure_ascii=False) + "\n"
        case "junit":
            tree = ET.fromstring(text)
            ET.indent(tree)
            return re.sub(r' time="[\d.]+"', "", ET.tostring(tree, "unicode")) + "\n"
        case "html":  # its look and its script have tests of their own, and change for reasons of their own
            plain = re.sub(r"<(style|script)>.*?</\1>", r"<\1>…</\1>", text, flags=re.DOTALL)
            return re.sub(r"sha256-[\w+/=]+", "sha256-…", plain)
        case _:
            return text


def _about_rules(run: dict[str, Any]) -> list[dict[str, Any]]:
    notes = run["invocations"][0]["toolExecutionNotifications"]
    return [note for note in notes if "associatedRule" in note]


def _without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: 0 if key == "elapsed_ms" else _without_times(each) for key, each in value.items()}
    return [_without_times(each) for each in value] if isinstance(value, list) else value


def main() -> None:
    SNAPSHOTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        shop = lay_out(Path(folder))
        for case in CASES:
            for format_, suffix in SUFFIXES.items():
                text = taken(case, format_, shop)
                (SNAPSHOTS / f"{case}.{suffix}").write_text(text, "utf-8", newline="\n")
                sys.stdout.write(f"{case}.{suffix}\n")
        from tests.support import diff_snapshots  # noqa: PLC0415 - it is made of this module
        from tests.support.changed_repository import Changed, build  # noqa: PLC0415 - the same

        repository = Path(folder) / "repository"
        base, head = build(repository)
        diff_snapshots.write(Changed(folder=repository, base=base, head=head, truth={}))


if __name__ == "__main__":
    main()
