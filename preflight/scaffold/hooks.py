"""The hooks for pre-commit: one table, from which the manifest and the configurations are made."""

from __future__ import annotations

from typing import Final, NamedTuple

HOOKS_FILE: Final = ".pre-commit-config.yaml"
MINIMUM_PRE_COMMIT: Final = "3.2.0"
"""The first release with stages called ``pre-commit`` and ``pre-push``."""
_ARGS = "['--']"
"""Ends the options: the names of files follow. A user's own ``args`` replace it and must end with it as well."""
_MEDIA = r"(?i)\.(jpe?g|png|mp4|mov)$"
_JOBS = r"(?i)\.(ya?ml|json|jsonl|ndjson|csv|tsv|parquet|pq)$"


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


def hooks_text() -> str:
    """A whole ``.pre-commit-config.yaml``."""
    return f"# For pre-commit and prek. Narrow 'files' to the folders of reference files.\nrepos:\n{configuration()}"


def manifest() -> str:
    """``.pre-commit-hooks.yaml``: the hooks of this repository."""
    return "# Made from preflight/scaffold/hooks.py by docs/build.py.\n" + "\n".join(
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
