"""Every rule there is, in the order in which findings are reported."""

from __future__ import annotations

from typing import Any

from preflight.model import Severity
from preflight.rules import address, image, job, price, transfer, video
from preflight.rules.rule import Area, ImageCase, JobCase, PriceCase, Rule, SubjectCase, VideoCase

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_OURS = "preflight: what cannot be examined is not called good"


def _job(id_: str, severity: Severity, check: Any, source: str, summary: str) -> Rule[JobCase]:
    return Rule(id=id_, area=Area.JOB, severity=severity, check=check, source=source, summary=summary)


def _address(id_: str, severity: Severity, check: Any, source: str, summary: str) -> Rule[SubjectCase]:
    return Rule(id=id_, area=Area.ADDRESS, severity=severity, check=check, source=source, summary=summary)


def _transfer(id_: str, severity: Severity, check: Any, source: str, summary: str) -> Rule[SubjectCase]:
    return Rule(id=id_, area=Area.TRANSFER, severity=severity, check=check, source=source, summary=summary)


def _image(id_: str, severity: Severity, check: Any, source: str, summary: str) -> Rule[ImageCase]:
    return Rule(id=id_, area=Area.IMAGE, severity=severity, check=check, source=source, summary=summary)


def _video(id_: str, severity: Severity, check: Any, source: str, summary: str) -> Rule[VideoCase]:
    return Rule(id=id_, area=Area.VIDEO, severity=severity, check=check, source=source, summary=summary)


def _price(id_: str, severity: Severity, check: Any, source: str, summary: str) -> Rule[PriceCase]:
    return Rule(id=id_, area=Area.PRICE, severity=severity, check=check, source=source, summary=summary)


JOB_RULES: tuple[Rule[JobCase], ...] = (
    _job("field-missing", _ERROR, job.field_missing, "page:17", "A required field is not given."),
    _job("field-unknown", _ERROR, job.field_unknown, "page:17", "A field that the service does not know."),
    _job("field-type", _ERROR, job.field_type, "page:17", "A field of the wrong type, or given twice."),
    _job("model-unknown", _ERROR, job.model_unknown, "page:124", "A model that does not exist."),
    _job(
        "duration-unsupported", _ERROR, job.duration_unsupported, "page:30", "The length follows the reference video."
    ),
    _job("mode-invalid", _ERROR, job.mode_invalid, "page:28", "A resolution that the service does not offer."),
    _job("orientation-invalid", _ERROR, job.orientation_invalid, "page:27", "An orientation that does not exist."),
    _job("prompt-too-long", _ERROR, job.prompt_too_long, "page:29", "More characters than the service takes."),
    _job("input-count", _ERROR, job.input_count, "page:25", "No image or video, or more than one."),
    _job("callback-not-public", _ERROR, job.callback_not_public, "page:21", "A callback URL that cannot be called."),
)

SUBJECT_RULES: tuple[Rule[SubjectCase], ...] = (
    _address("url-not-public", _ERROR, address.url_not_public, "page:30", "The service cannot fetch this address."),
    _address("url-insecure", _NOTE, address.url_insecure, "preflight", "Plain http."),
    _address("url-expiring", _ERROR, address.url_expiring, "preflight", "A signed URL that has ended or ends soon."),
    _transfer("unreachable", _ERROR, transfer.unreachable, _OURS, "The file could not be read."),
    _transfer("http-status", _ERROR, transfer.http_status, "page:13", "The server answered with an error."),
    _transfer("not-media", _ERROR, transfer.not_media, "page:13", "A page, a text or nothing instead of a file."),
    _transfer("size-unknown", _ERROR, transfer.size_unknown, _OURS, "The server does not say how large the file is."),
    _transfer("range-unsupported", _NOTE, transfer.range_unsupported, "preflight", "No range requests at this server."),
    _transfer("source-unstable", _ERROR, transfer.source_unstable, _OURS, "The file changed while it was read."),
    _transfer(
        "type-mismatch", _WARNING, transfer.type_mismatch, "preflight", "Name or declared type against the bytes."
    ),
)

IMAGE_RULES: tuple[Rule[ImageCase], ...] = (
    _image("image-format", _ERROR, image.image_format, "page:25", "Not a JPEG or PNG."),
    _image("image-too-large", _ERROR, image.image_too_large, "page:25", "More bytes than the service takes."),
    _image("image-too-small", _ERROR, image.image_too_small, "page:25", "A side with too few pixels."),
    _image("image-aspect-ratio", _ERROR, image.image_aspect_ratio, "page:25", "Too wide or too tall."),
    _image("image-truncated", _ERROR, image.image_truncated, "preflight", "A picture that is cut short."),
    _image("image-corrupt", _ERROR, image.image_corrupt, "preflight", "A picture that breaks its format."),
    _image("image-animated", _WARNING, image.image_animated, "preflight", "Several pictures in one file."),
    _image("image-color-mode", _WARNING, image.image_color_mode, "preflight", "Colours that are converted or refused."),
    _image("image-ambiguous", _ERROR, image.image_ambiguous, "preflight", "Two programs may see two pictures."),
)

VIDEO_RULES: tuple[Rule[VideoCase], ...] = (
    _video("video-container", _ERROR, video.video_container, "page:26", "Not an MP4 or MOV."),
    _video("video-too-large", _ERROR, video.video_too_large, "page:26", "More bytes than the service takes."),
    _video("video-too-short", _ERROR, video.video_too_short, "page:26", "Shorter than the service takes."),
    _video("video-too-long", _ERROR, video.video_too_long, "page:26", "Longer than the service takes."),
    _video(
        "video-over-orientation-cap",
        _WARNING,
        video.video_over_orientation_cap,
        "page:30",
        "Longer than the output can be with this orientation.",
    ),
    _video("video-no-video-track", _ERROR, video.video_no_video_track, "page:26", "Sound or data without a picture."),
    _video("video-incomplete", _ERROR, video.video_incomplete, "page:13", "A part that every player needs is missing."),
    _video("video-truncated", _ERROR, video.video_truncated, "preflight", "A clip that is cut short."),
    _video("video-corrupt", _ERROR, video.video_corrupt, "page:13", "A clip that breaks its format."),
    _video("video-encrypted", _ERROR, video.video_encrypted, "page:13", "A clip that only its player can open."),
    _video(
        "video-duration-ambiguous",
        _ERROR,
        video.video_duration_ambiguous,
        _OURS,
        "Clocks that disagree on whether the length is allowed, or none at all.",
    ),
    _video(
        "video-fragmented", _WARNING, video.video_fragmented, "preflight", "Made for streaming; lengths get misread."
    ),
    _video("video-dimensions", _WARNING, video.video_dimensions, "advisory", "A size that sibling services refuse."),
    _video("video-codec", _WARNING, video.video_codec, "advisory", "A codec beyond H.264 and HEVC."),
    _video("probe-disagreement", _ERROR, video.probe_disagreement, _OURS, "Two readers see two clips."),
)

PRICE_RULES: tuple[Rule[PriceCase], ...] = (
    _price("price-ambiguous", _NOTE, price.price_ambiguous, "preflight", "A price that may turn out otherwise."),
    _price("over-budget", _ERROR, price.over_budget, "preflight", "More than may be spent."),
)

RULES: tuple[Rule[Any], ...] = (*JOB_RULES, *SUBJECT_RULES, *IMAGE_RULES, *VIDEO_RULES, *PRICE_RULES)
