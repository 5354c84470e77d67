"""Every rule, in the order in which findings of one severity are reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from preflight.model import Severity
from preflight.redact import redact
from preflight.redact.suggestion import suggestion
from preflight.rules import image_rules as image
from preflight.rules import job_rules as job
from preflight.rules import length_rules as length
from preflight.rules import price_rules as price
from preflight.rules import recording_rules as recording
from preflight.rules import transfer_rules as transfer
from preflight.rules import url_rules as address
from preflight.rules import video_rules as video
from preflight.rules.rule import Area, CaseT, Flaw, Rule, Trait

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_OURS = "preflight: a file that cannot be examined does not pass"

_Row: TypeAlias = tuple[str, Severity, Callable[[CaseT], Iterator[Flaw]], str, str, *tuple[Trait, ...]]
"""Id, severity, function, source of the requirement (``page:N`` is line N of the API docs), summary, traits."""


def _rules(area: Area, *rows: _Row[CaseT]) -> tuple[Rule[CaseT], ...]:
    return tuple(
        Rule(
            id=name, area=area, severity=severity, check=check, source=source, summary=summary, traits=frozenset(traits)
        )
        for name, severity, check, source, summary, *traits in rows
    )


JOB_RULES = _rules(
    Area.JOB,
    ("field-missing", _ERROR, job.field_missing, "page:17", "A required field is not given.", Trait.ABSENT),
    ("field-unknown", _ERROR, job.field_unknown, "page:17", "A field that the service does not have."),
    ("field-type", _ERROR, job.field_type, "page:17", "A field of the wrong type, or given twice.", Trait.UNREADABLE),
    ("model-unknown", _ERROR, job.model_unknown, "page:124", "A model that does not exist."),
    (
        "duration-unsupported",
        _ERROR,
        job.duration_unsupported,
        "page:30",
        "The job asks for a length; the reference video sets it.",
    ),
    ("mode-invalid", _ERROR, job.mode_invalid, "page:28", "A resolution that the service does not offer."),
    ("orientation-invalid", _ERROR, job.orientation_invalid, "page:27", "An orientation that does not exist."),
    ("prompt-too-long", _ERROR, job.prompt_too_long, "page:29", "More characters than the service accepts."),
    ("input-count", _ERROR, job.input_count, "page:25", "No image or video, or more than one."),
    ("id-duplicate", _WARNING, job.id_duplicate, "preflight", "An id that an earlier row of the manifest has."),
    ("callback-not-public", _ERROR, job.callback_not_public, "page:21", "A callback URL that cannot be called."),
)

ADDRESS_RULES = _rules(
    Area.ADDRESS,
    ("url-not-public", _ERROR, address.url_not_public, "page:30", "The service cannot fetch this address."),
    ("url-insecure", _NOTE, address.url_insecure, "preflight", "A URL with http, not https."),
    ("url-long", _WARNING, address.url_long, "preflight", "A URL of more than 2048 characters."),
    ("url-expiring", _ERROR, address.url_expiring, "preflight", "A signed URL that has expired or expires soon."),
)

TRANSFER_RULES = _rules(
    Area.TRANSFER,
    ("unreachable", _ERROR, transfer.unreachable, _OURS, "The file could not be read."),
    ("http-status", _ERROR, transfer.http_status, "page:13", "The server answered with an error."),
    ("not-media", _ERROR, transfer.not_media, "page:13", "A web page, a text or an empty file, not media."),
    (
        "not-fetched",
        _ERROR,
        transfer.not_fetched,
        _OURS,
        "A pointer to a file instead of the file.",
        Trait.POINTER,
    ),
    ("size-unknown", _ERROR, transfer.size_unknown, _OURS, "The server does not say how large the file is."),
    ("range-unsupported", _NOTE, transfer.range_unsupported, "preflight", "A server without range requests."),
    ("source-unstable", _ERROR, transfer.source_unstable, _OURS, "The file changed while it was read."),
    ("type-mismatch", _WARNING, transfer.type_mismatch, "preflight", "A name or type that contradicts the bytes."),
)

IMAGE_RULES = _rules(
    Area.IMAGE,
    ("image-format", _ERROR, image.image_format, "page:25", "Not a JPEG or PNG."),
    ("image-too-large", _ERROR, image.image_too_large, "page:25", "More bytes than the service accepts."),
    ("image-too-small", _ERROR, image.image_too_small, "page:25", "A side with too few pixels."),
    ("image-aspect-ratio", _ERROR, image.image_aspect_ratio, "page:25", "Too wide or too tall."),
    ("image-truncated", _ERROR, image.image_truncated, "preflight", "A truncated picture."),
    ("image-corrupt", _ERROR, image.image_corrupt, "preflight", "A picture that breaks its format.", Trait.DECODED),
    ("image-animated", _WARNING, image.image_animated, "preflight", "Several pictures in one file."),
    ("image-color-mode", _WARNING, image.image_color_mode, "advisory", "Colours that a service may convert or refuse."),
    ("image-ambiguous", _ERROR, image.image_ambiguous, "preflight", "Two programs may read two different pictures."),
)

VIDEO_RULES = _rules(
    Area.VIDEO,
    ("video-container", _ERROR, video.video_container, "page:26", "Not an MP4 or MOV."),
    ("video-too-large", _ERROR, video.video_too_large, "page:26", "More bytes than the service accepts."),
    ("video-too-short", _ERROR, length.video_too_short, "page:26", "Shorter than the service accepts.", Trait.LENGTH),
    ("video-too-long", _ERROR, length.video_too_long, "page:26", "Longer than the service accepts.", Trait.LENGTH),
    (
        "video-over-orientation-cap",
        _WARNING,
        length.video_over_orientation_cap,
        "page:30",
        "Longer than the output can be with this orientation.",
        Trait.LENGTH,
        Trait.CAP,
    ),
    ("video-no-video-track", _ERROR, video.video_no_video_track, "page:26", "A file without a video track."),
    ("video-incomplete", _ERROR, video.video_incomplete, "page:13", "A part that every player needs is missing."),
    ("video-truncated", _ERROR, video.video_truncated, "preflight", "A truncated clip."),
    ("video-corrupt", _ERROR, video.video_corrupt, "page:13", "A clip that breaks its format."),
    ("video-encrypted", _ERROR, video.video_encrypted, "page:13", "An encrypted clip (DRM)."),
    (
        "video-duration-ambiguous",
        _ERROR,
        length.video_duration_ambiguous,
        _OURS,
        "Clocks that disagree on whether the length is allowed, or no clock at all.",
        Trait.CLOCKS,
    ),
    ("video-fragmented", _WARNING, video.video_fragmented, "preflight", "A fragmented file; servers may misread it."),
    ("video-dimensions", _WARNING, video.video_dimensions, "advisory", "A size that similar services refuse."),
    ("video-codec", _WARNING, video.video_codec, "advisory", "A codec beyond H.264 and HEVC."),
    ("video-hdr", _NOTE, recording.video_hdr, "preflight", "A high dynamic range that a service may misread."),
    ("video-bit-depth", _NOTE, recording.video_bit_depth, "preflight", "More than 8 bits a channel."),
    (
        "video-variable-frame-rate",
        _NOTE,
        recording.video_variable_frame_rate,
        "preflight",
        "Frames of unequal duration.",
    ),
    ("probe-disagreement", _ERROR, video.probe_disagreement, _OURS, "MediaInfo and preflight read different facts."),
)

PRICE_RULES = _rules(
    Area.PRICE,
    ("price-ambiguous", _NOTE, price.price_ambiguous, "preflight", "A price that is not certain."),
    ("over-budget", _ERROR, price.over_budget, "preflight", "A price above the budget.", Trait.BUDGET),
)

SUBJECT_RULES = ADDRESS_RULES + TRANSFER_RULES
"""The rules for every file, image or video, even for one that could not be read."""

RULES: tuple[Rule[Any], ...] = (*JOB_RULES, *SUBJECT_RULES, *IMAGE_RULES, *VIDEO_RULES, *PRICE_RULES)

RULES_BY_ID: Mapping[str, Rule[Any]] = {rule.id: rule for rule in RULES}


def rules_with(trait: Trait) -> frozenset[str]:
    """The ids of the rules that have ``trait``."""
    return frozenset(rule.id for rule in RULES if trait in rule.traits)


def no_rule(name: str, known: Iterable[str]) -> str:
    """The message about an unknown rule: which of ``known`` the user may have meant."""
    hint = suggestion(name, known, otherwise="; 'preflight rules' lists them")
    return f"unknown rule {redact(name, longest=60)!r}{hint}"
