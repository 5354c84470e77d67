"""The first files of a user: a commented job, its schema for editors, and the configuration of the hooks.

All of them are made from the spec and the table of hooks, so that they agree.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from math import ceil
from typing import Final, NamedTuple

from preflight.specs import DEFAULT_MODEL, FieldSpec, Spec
from preflight.specs.values import allowed_values

JOB_FILE: Final = "job.yaml"
SCHEMA_FILE: Final = "job.schema.json"
HOOKS_FILE: Final = ".pre-commit-config.yaml"
EDITOR_LINE: Final = f"# yaml-language-server: $schema={SCHEMA_FILE}"
"""The first line of a job file, from which editors learn its fields."""

WORKFLOW_FILE: Final = ".github/workflows/preflight.yml"
_VERSION = "VERSION"
_WORKFLOW = """\
name: preflight

on:
  pull_request:

permissions: {}

concurrency:
  group: preflight-${{ github.ref }}
  cancel-in-progress: true

jobs:
  preflight:
    name: Jobs and media
    runs-on: ubuntu-24.04
    timeout-minutes: 15
    permissions:
      contents: read # to check out the repository
    steps:
      - uses: actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0
        with:
          fetch-depth: 0 # the base of the pull request, too
          persist-credentials: false
      - uses: actions/setup-python@e797f83bcb11b83ae66e0230d6156d7c80228e7c # v6.0.0
        with:
          python-version: "3.13"
      - run: python -m pip install media-preflight==VERSION
      - name: Check
        run: preflight check . --offline --format github
      - name: Compare with the base
        if: always()
        run: |
          preflight diff "origin/$GITHUB_BASE_REF" --format github --format markdown:preflight-diff.md
          cat preflight-diff.md >>"$GITHUB_STEP_SUMMARY"
"""
"""Every action is pinned by the commit of its release; docs/releasing.md says how to verify one."""

_COLUMNS = 110
_EXAMPLES = {
    "image": "https://example.com/character.png",
    "video": "https://example.com/dance.mp4",
    "callback": "https://example.com/webhook",
    "prompt": "The character performs the dance.",
}
MINIMUM_PRE_COMMIT: Final = "3.2.0"
"""The first release with stages called ``pre-commit`` and ``pre-push``."""
_ARGS = "['--']"
"""Ends the options: the names of files follow. A user's own ``args`` replace it and must end with it as well."""
_MEDIA = r"(?i)\.(jpe?g|png|mp4|mov)$"
_JOBS = r"(?i)\.(ya?ml|json|jsonl|ndjson|csv|tsv|parquet|pq)$"


def job_text(spec: Spec) -> str:
    """A job for the model of ``spec`` with a comment on every field; it passes an offline check."""
    head = [
        EDITOR_LINE,
        "#",
        f"# A job for {spec.title}: the request body of the service, field for field.",
        "#",
        f"#   preflight check {JOB_FILE}     check that it is accepted, and see the price",
        f"#   preflight submit {JOB_FILE}    check it, then submit it once",
    ]
    fields = [field for field in spec.fields if "." not in field.name]
    inner = {field.name: [each for each in spec.fields if each.name.startswith(f"{field.name}.")] for field in fields}
    for field in sorted(fields, key=lambda field: bool(inner[field.name])):  # plain fields come first
        head += ["", *_field(field, spec, indent="")]
        for index, each in enumerate(inner[field.name]):
            head += [*([""] if index else []), *_field(each, spec, indent="  ")]
    return "\n".join(head) + "\n"


def sample_files() -> Iterator[Traversable]:
    """The sample media that come with the package: two that pass, and two that fail."""
    media = files("preflight").joinpath("sandbox", "media")
    return (media / name for name in ("character.png", "dance.mp4", "renamed.png", "too-long.mp4"))


def sample_job() -> str:
    """A job of the two samples that fail, as the README shows it."""
    return f"model: {DEFAULT_MODEL}\ninput:\n  input_urls: [renamed.png]\n  video_urls: [too-long.mp4]\n"


def hooks_text() -> str:
    """A whole ``.pre-commit-config.yaml``."""
    return f"# For pre-commit and prek. Narrow 'files' to the folders of reference files.\nrepos:\n{configuration()}"


def workflow_text(version: str) -> str:
    """A workflow for GitHub that checks a pull request with that version of preflight, and says what it costs."""
    return _WORKFLOW.replace(_VERSION, version)


def _field(field: FieldSpec, spec: Spec, *, indent: str) -> Iterator[str]:
    for sentence in _said(field, spec):
        yield from textwrap.wrap(
            sentence, _COLUMNS, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ", break_long_words=False
        )
    key, example = field.name.rpartition(".")[2], _EXAMPLES.get(field.role)
    if field.type == "object":
        yield f"{indent}{key}:"
    elif field.type == "string[]":
        yield f"{indent}{key}: [{', '.join([example or '…'] * max(field.min_items or 1, 1))}]"
    elif field.role == "model":
        yield f"{indent}{key}: {spec.model}"
    elif field.type in ("integer", "number", "boolean"):
        yield f"{indent}{'' if field.required else '# '}{key}: {_number(field)}"
    elif field.choices:
        value = field.default or field.choices[0]
        yield f"{indent}{key}: {value if field.role != 'duration' else json.dumps(value)}"
    elif field.required:
        yield f"{indent}{key}: {example or json.dumps(field.default or '…', ensure_ascii=False)}"
    else:
        yield f"{indent}# {key}: {example}"


def _said(field: FieldSpec, spec: Spec) -> Iterator[str]:
    yield field.description
    match field.role:
        case "image":
            image, aspect = spec.image, spec.image.max_aspect.value
            side = f", each side at least {image.min_side.value} {image.min_side.unit or 'px'}"
            ratio = f", {aspect.denominator}:{aspect.numerator} to {aspect.numerator}:{aspect.denominator} wide to tall"
            yield (
                f"{' or '.join(image.containers)}, at most {image.max_bytes.label}"
                f"{side if image.min_side.is_stated else ''}{ratio if image.max_aspect.is_stated else ''}."
            )
        case "video":
            video = spec.video
            length = f", {video.min_seconds.value} to {video.max_seconds.value} {video.max_seconds.unit or 's'}"
            yield (
                f"{' or '.join(video.containers)}, at most {video.max_bytes.label}"
                f"{length if video.max_seconds.is_stated else ''}."
            )
        case "orientation":
            yield f"{' or '.join(field.choices)}."
        case "mode":
            rates = spec.price.credits_per_second or dict.fromkeys(field.choices)
            yield (
                " or ".join(
                    f"{mode}" if rate is None else f"{mode} ({rate:f} credits a second)" for mode, rate in rates.items()
                )
                + "."
            )
        case "duration":
            yield f"{allowed_values(field)} seconds."
        case _ if field.type in ("integer", "number"):
            yield f"{allowed_values(field)}."
        case _:
            pass
    if field.type == "string[]" or field.role in ("image", "video"):
        yield "A public URL; before the upload, a path relative to this file."
    if not field.required and not field.choices:
        yield "Optional." if field.max_length is None else f"Optional; at most {field.max_length} characters."


def _number(field: FieldSpec) -> str:
    """An allowed value of a field that takes numbers or truth values."""
    least = field.minimum if field.minimum is not None else 1
    return field.default or next(iter(field.choices), "false" if field.type == "boolean" else f"{ceil(least)}")


class Hook(NamedTuple):
    """One hook. ``files`` picks paths, as pre-commit has no type for clips; ``serial`` runs it as one process.

    A hook without ``files`` runs once, over the repository. ``needs`` are packages of an extra.
    """

    id: str
    name: str
    description: str
    entry: str
    files: str
    stages: tuple[str, ...]
    serial: bool = False
    needs: tuple[str, ...] = ()


HOOKS: Final = (
    Hook(
        id="preflight-media",
        name="preflight: pictures and clips",
        description="Check pictures and clips against the limits of the service. Offline.",
        entry="preflight check --offline",
        files=_MEDIA,
        stages=("pre-commit", "pre-push", "manual"),
    ),
    Hook(
        id="preflight-jobs",
        name="preflight: job files",
        description="Check the fields of job files and manifests, their price, and the local files they name. Offline.",
        entry="preflight check --offline --jobs-only",
        files=_JOBS,
        stages=("pre-commit", "pre-push", "manual"),
    ),
    Hook(
        id="preflight-urls",
        name="preflight: URLs of jobs",
        description="Check job files and manifests, and the files at their URLs. Needs the network.",
        entry="preflight check --jobs-only",
        files=_JOBS,
        stages=("pre-push", "manual"),
        serial=True,
    ),
    Hook(
        id="preflight-fix",
        name="preflight: repair pictures and clips",
        description="Repair pictures and clips in place. Fails when it changed a file, like a formatter. Offline.",
        entry="preflight fix --in-place",
        files=_MEDIA,
        stages=("pre-commit", "manual"),
        serial=True,
        needs=("av>=17", "pillow-heif>=1.1"),
    ),
    Hook(
        id="preflight-cost",
        name="preflight: cost of the change",
        description="Compare with the upstream branch: new findings and guardrails fail. Offline.",
        entry="preflight diff --upstream",
        files="",
        stages=("pre-push", "manual"),
        serial=True,
    ),
)


def manifest() -> str:
    """``.pre-commit-hooks.yaml``: the hooks of this repository."""
    return "# Made from preflight/scaffold.py by docs/build.py.\n" + "\n".join(
        "\n".join(
            (
                f"- id: {hook.id}",
                f"  name: {_quoted(hook.name)}",
                f"  description: {_quoted(hook.description)}",
                f"  entry: {hook.entry}",
                f"  args: {_ARGS}",
                "  language: python",
                *([f"  additional_dependencies: [{', '.join(map(_quoted, hook.needs))}]"] if hook.needs else []),
                *_selection(hook, indent="  "),
                f"  minimum_pre_commit_version: '{MINIMUM_PRE_COMMIT}'",
                "",
            )
        )
        for hook in HOOKS
    )


def configuration() -> str:
    """An entry of ``repos`` in ``.pre-commit-config.yaml``: the hooks, run by the installed preflight."""
    return "  - repo: local\n    hooks:\n" + "".join(
        "\n".join(
            (
                f"      - id: {hook.id}",
                f"        name: {_quoted(hook.name)}",
                f"        entry: {hook.entry}",
                f"        args: {_ARGS}",
                "        language: system",
                *_selection(hook, indent="        "),
                "",
            )
        )
        for hook in HOOKS
    )


def _selection(hook: Hook, *, indent: str) -> tuple[str, ...]:
    which = f"files: {_quoted(hook.files)}" if hook.files else "pass_filenames: false"
    lines = (which, *([] if hook.files else ["always_run: true"]), f"stages: [{', '.join(hook.stages)}]")
    serial = ("require_serial: true",) if hook.serial else ()
    return tuple(f"{indent}{line}" for line in (*lines, *serial))


def _quoted(text: str) -> str:
    """Text as a YAML string in single quotes, where a doubled apostrophe is the only escape."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
