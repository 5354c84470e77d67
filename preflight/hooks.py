"""The hooks for pre-commit and prek: one table, from which a manifest and a user's configuration are made.

``docs/build.py`` writes ``.pre-commit-hooks.yaml`` from it, ``preflight init`` the configuration.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MINIMUM_PRE_COMMIT: Final = "3.2.0"
"""The first release with stages called ``pre-commit`` and ``pre-push``."""

_MEDIA = r"(?i)\.(jpe?g|png|mp4|mov)$"
_JOBS = r"(?i)\.(ya?ml|json|jsonl|ndjson|csv|tsv)$"


class Hook(NamedTuple):
    """One hook. ``files`` picks paths, as pre-commit has no type for clips; ``serial`` runs it as one process."""

    id: str
    name: str
    description: str
    entry: str
    files: str
    stages: tuple[str, ...]
    serial: bool = False


HOOKS: Final = (
    Hook(
        id="preflight-media",
        name="preflight: pictures and clips",
        description="Hold pictures and clips to the limits of the service. Offline.",
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
        description="Check job files and manifests with the files behind their URLs. Needs the network.",
        entry="preflight check --jobs-only",
        files=_JOBS,
        stages=("pre-push", "manual"),
        serial=True,
    ),
)


def manifest() -> str:
    """``.pre-commit-hooks.yaml``: what this repository offers."""
    return "# Made from preflight/hooks.py by docs/build.py.\n" + "\n".join(
        "\n".join(
            (
                f"- id: {hook.id}",
                f"  name: {_quoted(hook.name)}",
                f"  description: {_quoted(hook.description)}",
                f"  entry: {hook.entry}",
                "  language: python",
                *_selection(hook, indent="  "),
                f"  minimum_pre_commit_version: '{MINIMUM_PRE_COMMIT}'",
                "",
            )
        )
        for hook in HOOKS
    )


def configuration() -> str:
    """An entry of ``repos`` in ``.pre-commit-config.yaml``: the hooks, run by the preflight that is installed."""
    return "  - repo: local\n    hooks:\n" + "".join(
        "\n".join(
            (
                f"      - id: {hook.id}",
                f"        name: {_quoted(hook.name)}",
                f"        entry: {hook.entry}",
                "        language: system",
                *_selection(hook, indent="        "),
                "",
            )
        )
        for hook in HOOKS
    )


def _selection(hook: Hook, *, indent: str) -> tuple[str, ...]:
    lines = (f"files: {_quoted(hook.files)}", f"stages: [{', '.join(hook.stages)}]")
    serial = ("require_serial: true",) if hook.serial else ()
    return tuple(f"{indent}{line}" for line in (*lines, *serial))


def _quoted(text: str) -> str:
    """Text as a YAML string that nothing in it can end: doubled apostrophes are all that single quotes know."""
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
