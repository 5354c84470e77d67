"""A report whose every text is an attack on the page that shows it."""

from __future__ import annotations

import json
from typing import Any

PAYLOADS = (
    "<script>window.attacked = 1</script>",
    '"><img src=x onerror="window.attacked = 1">',
    "' onmouseover='window.attacked = 1' autofocus onfocus='window.attacked = 1",
    "</style><script>window.attacked = 1</script>",
    "</title></table></section><svg onload=window.attacked=1>",
    "--><iframe srcdoc='<script>top.attacked = 1</script>'></iframe><!--",
    "{{ 7 * 7 }}{% raw %}{% endraw %}{# #}${7*7}",
    "javascript:window.attacked=1",
    "data:text/html,<script>window.attacked=1</script>",
    "&lt;script&gt;window.attacked = 1&lt;/script&gt;",
    "]]><![CDATA[<script>window.attacked = 1</script>",
    "</datalist></select><option>x",
    "<base href=http://127.0.0.1:9/><link rel=stylesheet href=//127.0.0.1:9/a.css>",
    "<meta http-equiv=refresh content='0;url=http://127.0.0.1:9/'>",
    "url(http://127.0.0.1:9/a.png)",
    "\x00\x07\x1b]8;;http://127.0.0.1:9/\x07\u202e\u2028\u200b",
    "ffmpeg -i '<img src=x onerror=window.attacked=1>'",
    "w" * 4000,
    "\ud800",
)


def hostile_job(text: str, number: int = 0, *, verdict: str = "fail") -> dict[str, Any]:
    """A job (``preflight.job/v1``) with ``text`` in every field that takes one."""
    finding = {
        "rule": "video-too-long",
        "severity": "error",
        "message": text,
        "field": text,
        "measured": text,
        "allowed": text,
        "fix": text,
        "help": text,
        "path": text,
        "line": 1,
        "column": 1,
    }
    quote = {"credits": 360, "low": "360", "high": "480", "seconds": "12", "billed_seconds": "12", "exact": False}
    quote |= {"credits_per_second": "30", "rounding": text, "usd": "1.80", "mode": text, "reasons": [text]}
    facts = {"container": text, "size_bytes": 9_036_588, "width": 1, "height": 60_000, "duration_s": "12"}
    subjects = [
        {"kind": kind, "source": text, "field": text, "facts": {**facts, "codec": text, "color_mode": text}}
        for kind in ("image", "video")
    ]
    subjects.append({"kind": "video", "source": f"https://host{number}.invalid/{text}", "field": text, "error": text})
    return {
        "schema": "preflight.job/v1",
        "id": text,
        "path": text,
        "line": 3,
        "model": text,
        "verdict": verdict,
        "meta": {text: text, "list": [text, {text: text}], "n": number},
        "subjects": subjects,
        "findings": [finding, {**finding, "severity": "note", "indeterminate": True}],
        "quote": quote,
    }


def hostile_report(texts: tuple[str, ...] = PAYLOADS) -> str:
    """A report (JSON Lines) with one job for each of ``texts``."""
    return "".join(f"{json.dumps(hostile_job(text, number))}\n" for number, text in enumerate(texts))
