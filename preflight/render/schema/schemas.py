"""JSON Schemas of the objects that the commands print and ``to_dict`` returns.

Every key that is there today is required; more may come within v1, so none is forbidden. There are no references, so
that a schema can stand inside another one.
"""

from __future__ import annotations

from typing import Any

from preflight.checking.totals import HIDERS
from preflight.model import Family, Kind
from preflight.render.objects import json_objects
from preflight.render.objects.json_thumbnails import thumbnail_schema
from preflight.render.schema.schema_parts import (
    COUNT,
    EXACT,
    FLAG,
    SHA256,
    TEXT,
    VERDICT,
    finding,
    list_of,
    named,
    object_of,
    or_null,
    price,
    quote,
)

_RESTORE = {"restore": {"type": "object", "description": "Every value exactly, for from_json of the same version."}}
HIDDEN = object_of({}, optional=dict.fromkeys(HIDERS, COUNT)) | {
    "description": "Findings that are not shown, by what hides them; the key is there where some are."
}

_FAMILY = {"enum": [family.key for family in Family], "description": "The kind of data in the file."}
_DISPLAYED = ("display_width", "display_height")


def total() -> dict[str, Any]:
    """The price of all jobs together."""
    return object_of(price() | {"unpriced": COUNT})


def image_facts() -> dict[str, Any]:
    """The facts about a picture."""
    counts = ("size_bytes", "width", "height", "orientation", "bit_depth", "frames")
    return object_of(
        {
            "container": or_null(TEXT),
            "family": _FAMILY,
            **{name: or_null(COUNT) for name in (*counts, *_DISPLAYED)},
            "display_orientation": or_null(TEXT),
            "color_mode": or_null(TEXT),
            "complete": or_null(FLAG),
            "decoders": list_of(TEXT),
        }
    )


def video_facts() -> dict[str, Any]:
    """The facts about a clip, or about a file that is neither a picture nor a clip."""
    counts = ("size_bytes", "width", "height", *_DISPLAYED, "bit_depth")
    sound = object_of(
        {
            "codec": TEXT,
            "codec_name": TEXT,
            "channels": or_null(COUNT),
            "sample_rate": or_null(COUNT),
        }
    )
    track = object_of(
        {
            "id": or_null(COUNT),
            "handler": or_null(TEXT),
            "codec": or_null(TEXT),
            "ticks": or_null({"type": "integer"}),
            "timescale": or_null(COUNT),
            "enabled": or_null(FLAG),
        }
    )
    second = object_of(
        {
            "container": or_null(TEXT),
            "width": or_null(COUNT),
            "height": or_null(COUNT),
            "duration_s": or_null(EXACT),
        }
    )
    return object_of(
        {
            "container": or_null(TEXT),
            "family": _FAMILY,
            "major_brand": or_null(TEXT),
            **{name: or_null(COUNT) for name in counts},
            "display_orientation": or_null(TEXT),
            "rotation": or_null({"type": "integer"}),
            "codec": or_null(TEXT),
            "codec_name": or_null(TEXT),
            "frame_rate": or_null(TEXT),
            "variable_frame_rate": or_null(FLAG),
            "hdr": or_null(TEXT),
            "audio": or_null(sound),
            "duration_s": or_null(EXACT),
            "durations_s": {"type": "object", "additionalProperties": or_null(EXACT)},
            "fragmented": or_null(FLAG),
            "fast_start": or_null(FLAG),
            "encrypted": or_null(FLAG),
            "tracks": list_of(track),
            "second_opinion": or_null(second),
        }
    )


def subject(*, judged: bool = True) -> dict[str, Any]:
    """One file with its facts and the cost of reading it."""
    counts = ("requests", "connections", "bytes", "bytes_asked", "bytes_received", "redirects", "retries", "elapsed_ms")
    transfer = object_of(
        {
            **dict.fromkeys(counts, COUNT),
            "status": or_null(COUNT),
            "declared_type": or_null(TEXT),
            "ranges": or_null(FLAG),
            "proxy": FLAG,
        }
    )
    block = object_of({"start": COUNT, "end": COUNT, "sha256": SHA256})
    receipt = object_of({"validator": or_null(TEXT), "size_bytes": or_null(COUNT), "blocks": list_of(block)})
    return object_of(
        {
            "field": or_null(TEXT),
            "kind": {"enum": [kind.value for kind in Kind]},
            "source": TEXT,
            **({"verdict": VERDICT} if judged else {}),
            "examined": FLAG,
            "facts": {"anyOf": [image_facts(), video_facts(), {"type": "null"}]},
            "error": or_null(TEXT),
            "transfer": transfer,
            "receipt": or_null(receipt),
        },
        optional=thumbnail_schema(),
    )


def _which() -> dict[str, Any]:
    names = {"id": or_null(TEXT), "path": or_null(TEXT), "line": or_null(COUNT)}
    return names | {"model": TEXT, "verdict": VERDICT, "meta": {"type": "object"}}


def job() -> dict[str, Any]:
    """One job of a report, and one line of ``jsonl``."""
    parts = {"identity": or_null(TEXT), "subjects": list_of(subject()), "findings": list_of(finding())}
    return object_of(_which() | parts | {"quote": or_null(quote())}, optional=_RESTORE | {"hidden": HIDDEN})


def report() -> dict[str, Any]:
    """``check``."""
    parts = {"verdict": VERDICT, "quote": or_null(total()), "jobs": list_of(job())}
    skipped = {"type": "object", "additionalProperties": COUNT}
    return object_of(named(json_objects.REPORT) | parts, optional=_RESTORE | {"skipped": skipped, "hidden": HIDDEN})


def facts() -> dict[str, Any]:
    """``probe``."""
    return object_of(named(json_objects.FACTS) | {"subjects": list_of(subject(judged=False))})


def quotes() -> dict[str, Any]:
    """``estimate``."""
    each = {"type": "object", "additionalProperties": or_null(quote())}
    file = object_of({"field": or_null(TEXT), "source": TEXT, **thumbnail_schema()})
    priced = object_of(
        _which() | {"quote": or_null(quote()), "quotes": each, "findings": list_of(finding())},
        optional={"files": list_of(file)},
    )
    parts = {"verdict": VERDICT, "quote": or_null(total()), "jobs": list_of(priced)}
    return object_of(named(json_objects.QUOTE) | parts)


def submission() -> dict[str, Any]:
    """``submit`` and ``task``."""
    media = object_of(
        {
            "field": TEXT,
            "source": TEXT,
            "sha256": or_null(SHA256),
            "size_bytes": or_null(COUNT),
        }
    )
    return object_of(
        named(json_objects.SUBMISSION)
        | {
            "state": TEXT,
            "task_id": or_null(TEXT),
            "quote": or_null(quote()),
            "outputs": list_of(TEXT),
            "files": list_of(TEXT),
            "media": list_of(media),
            "error": or_null(TEXT),
            "refunded": or_null(FLAG),
            "entry": or_null(COUNT),
        }
    )


def account() -> dict[str, Any]:
    """``credits``."""
    number = or_null({"type": "number"})
    parts = {"balance": {"type": "number"}, "total_purchased": number, "total_consumed": number}
    return object_of(named(json_objects.CREDITS) | parts)
