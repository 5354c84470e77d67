"""``run.json``: which run a folder holds, so that the same command goes on with it and another one is refused."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, cast

from preflight.bounded_file import why
from preflight.model.file_types import RUN_FILE, RUN_SCHEMA
from preflight.redact import printable
from preflight.render.objects.json_text import to_json
from preflight.runs.limits import MOST_PARTS, MOST_ROWS_A_PART, RUN_FILE_BYTES
from preflight.runs.on_disk.part_files import Results
from preflight.runs.on_disk.store import LOCK, TEMPORARY, Store
from preflight.runs.run_errors import RunUnusable

if TYPE_CHECKING:
    from preflight.checking.options import Options
    from preflight.runs.manifests.manifest import Manifest
    from preflight.specs import Spec, Specs

_DISTRIBUTIONS = ("pillow", "pymediainfo", "h11")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFile:
    """What ``run.json`` says. ``options`` are those that decide verdicts, by the names that they have for users."""

    id: str
    manifest: Mapping[str, Any]
    options: Mapping[str, Any]
    spec: Mapping[str, Any]
    parts: int
    rows_a_part: int
    results: Results
    preflight: str
    versions: Mapping[str, str]

    @property
    def rows(self) -> int:
        return int(self.manifest["rows"])

    def rows_of(self, number: int) -> range:
        """The rows of part ``number``, counted from 1."""
        first = number * self.rows_a_part
        return range(first + 1, min(first + self.rows_a_part, self.rows) + 1)

    def to_object(self) -> dict[str, Any]:
        return {
            "schema": RUN_SCHEMA,
            "id": self.id,
            "manifest": dict(self.manifest),
            "options": dict(self.options),
            "spec": dict(self.spec),
            "parts": self.parts,
            "rows_a_part": self.rows_a_part,
            "results": self.results,
            "preflight": self.preflight,
            "versions": dict(self.versions),
        }


def new_run(manifest: Manifest, options: Options, results: Results, *, columns: Mapping[str, str]) -> RunFile:
    """The ``run.json`` of a run over ``manifest`` that begins now. Raises ``RunUnusable`` for one of too many parts."""
    if manifest.parts > MOST_PARTS:
        raise RunUnusable(f"{manifest.parts} parts; a run has at most {MOST_PARTS}: take a larger --part-rows")
    spec = options.specs.load(options.model)
    named = _named_specs(options.specs, spec)
    return RunFile(
        id=os.urandom(8).hex(),
        manifest={"name": os.path.basename(manifest.file), "sha256": manifest.sha256, "rows": manifest.rows},  # noqa: PTH119 - a text
        options=_judging(options, columns),
        spec={"model": spec.model, "since": spec.since, **({"named": named} if named else {})},
        parts=manifest.parts,
        rows_a_part=manifest.rows_a_part,
        results=results,
        preflight=_version("media-preflight"),
        versions={"python": platform.python_version(), **{name: _version(name) for name in _DISTRIBUTIONS}},
    )


def find_run(store: Store) -> RunFile | None:
    """The run in ``store``, ``None`` in an empty place. Raises ``RunUnusable`` where there is something else."""
    try:
        with store.open(RUN_FILE) as file:
            data = file.read(RUN_FILE_BYTES + 1)
    except OSError as error:
        if not isinstance(error, FileNotFoundError):
            raise RunUnusable(f"{store.shown}: {RUN_FILE}: {why(error)}") from error
        others = sorted(name for name in store.names() - {LOCK, "counts"} if not name.startswith(TEMPORARY))
        if any(name.startswith("part-") for name in others):
            raise RunUnusable(
                f"{store.shown} holds parts of a run, and its {RUN_FILE} is missing: put it back, or name a new folder"
            ) from None
        if others:
            raise RunUnusable(
                f"{store.shown} holds files that are not a run's, such as {printable(others[0])}: "
                "name a new or an empty folder"
            ) from None
        return None
    if len(data) > RUN_FILE_BYTES:
        raise RunUnusable(f"{store.shown}: {RUN_FILE} is larger than {RUN_FILE_BYTES >> 20} MiB: this is not a run's")
    try:
        return _read(json.loads(data), store)
    except (ValueError, KeyError, TypeError, ArithmeticError, RecursionError) as error:
        raise damaged_run(store) from error


def damaged_run(store: Store) -> RunUnusable:
    """The error for a ``run.json`` that is not as it was written."""
    return RunUnusable(f"{store.shown}: {RUN_FILE} is damaged, or not a run's: restore it, or name another folder")


def _read(value: Any, store: Store) -> RunFile:
    if value["schema"] != RUN_SCHEMA:
        _require_known(value, store)
    manifest = dict(value["manifest"])
    numbers = manifest["rows"], value["parts"], value["rows_a_part"]
    if any(type(number) is not int for number in numbers):
        raise ValueError("not numbers")
    rows, parts, rows_a_part = numbers
    consistent = (
        0 < rows_a_part <= MOST_ROWS_A_PART and parts <= MOST_PARTS and parts == -(-rows // rows_a_part) and rows > 0
    )
    texts = manifest["sha256"], manifest["name"], value["id"], value["preflight"]
    if (
        not consistent
        or value["results"] not in ("jsonl", "parquet")
        or not all(isinstance(each, str) for each in texts)
    ):
        raise ValueError("values that do not fit")
    options = dict(value["options"])
    has_options = isinstance(options["model"], str) and isinstance(options["column"], dict)
    if not has_options:
        raise ValueError("options that are not a run's")
    return RunFile(
        id=value["id"],
        manifest=manifest,
        options=options,
        spec=dict(value["spec"]),
        parts=parts,
        rows_a_part=rows_a_part,
        results=cast("Results", value["results"]),
        preflight=value["preflight"],
        versions=dict(value["versions"]),
    )


def _require_known(value: Mapping[str, Any], store: Store) -> None:
    """Raise ``RunUnusable`` for the schema of another version, ``ValueError`` for none of ours."""
    name, _, number = str(value["schema"]).rpartition("/v")
    if name != RUN_SCHEMA.rpartition("/v")[0] or not number.isdecimal():
        raise ValueError("another schema")
    by = printable(str(value.get("preflight") or "of another version"))[:40]
    is_newer = len(number) > 1 or number > RUN_SCHEMA[-1]
    raise RunUnusable(
        f"{store.shown} was made by preflight {by}: "
        + ("this version is too old for it, so update it" if is_newer
           else "this version does not read it any more, so check the manifest into a new folder")
    )  # fmt: skip


def begin(store: Store, run: RunFile) -> None:
    """Write ``run.json``."""
    store.write(RUN_FILE, to_json(run.to_object()).encode())


def differences(found: RunFile, wanted: RunFile) -> list[str]:
    """How a command differs from the one that began a run, in words; nothing where it may go on."""
    said = []
    if found.manifest["sha256"] != wanted.manifest["sha256"]:
        was, now = found.rows, wanted.rows
        said.append(f"the manifest has other content ({was} rows at first, {now} now)" if was != now else
                    "the manifest has other content")  # fmt: skip
    elif found.rows != wanted.rows:
        said.append(f"{RUN_FILE} is damaged: it says {found.rows} rows, and the manifest has {wanted.rows}")
    for name in sorted({*found.options, *wanted.options}):
        old, new = found.options.get(name), wanted.options.get(name)
        if old != new and _shown(old) != _shown(new):
            said.append(f"--{name} was {_shown(old)} and is {_shown(new)}")
    for name, old, new in (
        ("--part-rows", found.rows_a_part, wanted.rows_a_part),
        ("--results", found.results, wanted.results),
    ):
        if old != new:
            said.append(f"{name} was {old} and is {new}")
    since, today = found.spec.get("since"), wanted.spec.get("since")
    if since != today:
        said.append(f"the spec of the model was that of {_shown(since)} and is that of {_shown(today)}")
    elif dict(found.spec) != dict(wanted.spec):
        said.append("the spec files are other ones, or have changed")
    return said


def _judging(options: Options, columns: Mapping[str, str]) -> dict[str, Any]:
    """The options that decide verdicts and prices. How files are fetched may change from one start to the next."""
    baseline = options.baseline
    return {
        "model": options.model,
        "mode": options.mode,
        "orientation": options.orientation,
        "fail-on": options.fail_on.label,
        "select": sorted(options.select),
        "ignore": sorted(options.ignore),
        "per-path-ignores": [str(each) for each in options.path_ignores],
        "severity": {rule: severity.label for rule, severity in sorted(options.severities.items())},
        "baseline": None if baseline is None else _digest(sorted(map(str, baseline.entries))),
        "max-credits": None if options.max_credits is None else f"{options.max_credits:f}",
        "rounding": options.rounding,
        "deep": options.deep,
        **({"thumbnails": True} if options.thumbnails else {}),  # runs of earlier versions have no such key
        "offline": options.offline,
        "column": dict(sorted(columns.items())),
    }


def require_same_specs(run: RunFile, specs: Specs, *, shown: str) -> None:
    """Raise ``RunUnusable`` where ``specs`` are not those by which the run was checked and priced."""
    used = specs.find(str(run.options.get("model")))
    is_told = "named" in run.spec or (used is not None and used.path is not None)
    if is_told and (used is None or _named_specs(specs, used) != run.spec.get("named")):
        raise RunUnusable(
            f"{shown} was checked with other spec files, or they have changed: name the same ones with --spec, or check"
            " the manifest into a new folder"
        )


def _named_specs(specs: Specs, used: Spec) -> str | None:
    """What tells whether the specs from outside are the same: those that were named, and one of a package."""
    outside = {spec.model: spec for spec in specs.named}
    if used.path is not None:
        outside[used.model] = used
    return specs_digest(outside.values()) if outside else None


def specs_digest(specs: Iterable[Spec]) -> str:
    """What tells whether specs are the same, in whatever order and files."""
    return _digest(sorted(repr(spec._replace(path=None)) for spec in specs))


def _digest(values: list[str]) -> str:
    return hashlib.sha256("\n".join(values).encode("utf-8", "backslashreplace")).hexdigest()


def _shown(value: Any) -> str:
    if value in (None, [], {}, False):
        return "not given"
    if value is True:
        return "given"
    return printable(", ".join(map(str, value)) if isinstance(value, list) else str(value))[:80]


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
