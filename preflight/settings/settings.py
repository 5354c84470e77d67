"""Every setting; the loader, the JSON Schema, the docs and ``preflight settings`` are made from this table.

Each field of ``Settings`` is a setting: its key is the field's name with hyphens, its variable that name in capitals
behind ``PREFLIGHT_``. An option of a command with the name of a key takes its value from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from preflight.model.finding import Severity
from preflight.model.frozen import frozen
from preflight.model.guardrail_names import NAMES
from preflight.model.named_tuple import NamedTuple
from preflight.settings.kinds import (
    Choice,
    Choices,
    Flag,
    Hosts,
    Kind,
    Number,
    ProxyUrl,
    Text,
    Texts,
)
from preflight.settings.rule_kinds import PathIgnore, PathIgnores, RuleNames, Severities
from preflight.settings.trust import (
    ALWAYS,
    BRIEF,
    IGNORES_NO_BUDGET,
    IGNORES_NO_BUDGET_BY_PATH,
    LOWERS_NO_BUDGET,
    SELECTS_BUDGET,
    Trust,
    never,
)
from preflight.specs import DEFAULT_MODEL, model_names

if TYPE_CHECKING:
    from preflight.specs import Role, Rounding, Spec

CONFIG_VARIABLE: Final = "PREFLIGHT_CONFIG"
"""The variable that names the settings file."""

_PREFIX = "PREFLIGHT_"
_UNTRUSTED = never("only the user may set it")
_CREDITS = Number("0", "1000000000", unit="credits")


class Setting(NamedTuple):
    """One setting. ``unset`` describes the default in words, where ``default`` is ``None``.

    ``envvar`` is ``None`` for a setting that only a file can have. ``in_file`` marks paths that are relative to the
    file. ``found`` says how far preflight trusts a file that came with the folder; it trusts all other places.
    """

    key: str
    name: str
    kind: Kind
    default: Any
    help: str
    example: str
    unset: str
    envvar: str | None
    in_file: bool
    found: Trust


def _setting(
    kind: Kind,
    default: Any,
    said: str,
    example: str,
    *,
    unset: str = "",
    make: Callable[[], Any] | None = None,
    has_variable: bool = True,
    in_file: bool = False,
    found: Trust = _UNTRUSTED,
) -> Any:
    row = {
        "kind": kind,
        "help": said,
        "example": example,
        "unset": unset,
        "has_variable": has_variable,
        "in_file": in_file,
        "found": found,
    }
    return field(default_factory=make, metadata=row) if make else field(default=default, metadata=row)


def _whole(text: str) -> int:
    return int(Decimal(text))


def _default_spec() -> Spec:
    from preflight.specs import load_spec  # help and completion need no spec

    return load_spec()


def _choice(role: Role) -> Choice:
    return Choice(lambda: _default_spec().field(role).choices, open_to_others=True)


@frozen
class Settings:
    """The values from the file and the environment, before a command's options. ``timeout`` is in seconds."""

    select: tuple[str, ...] = _setting(
        RuleNames(), (), "Check only these rules; an area such as `video` selects all of its rules.",
        '["image", "video"]', found=SELECTS_BUDGET,
    )  # fmt: skip
    ignore: tuple[str, ...] = _setting(
        RuleNames(), (), "Ignore these rules.", '["url-insecure"]', found=IGNORES_NO_BUDGET
    )
    per_path_ignores: tuple[PathIgnore, ...] = _setting(
        PathIgnores(), (), "Ignore these rules in files that match the pattern.", '{"drafts/**" = ["video-codec"]}',
        has_variable=False, found=IGNORES_NO_BUDGET_BY_PATH,
    )  # fmt: skip
    severity: Mapping[str, Severity] = _setting(
        Severities(), None, "Another severity for a rule.", '{video-codec = "error"}', make=dict, found=LOWERS_NO_BUDGET
    )
    fail_on: Severity = _setting(
        Choice(("error", "warning", "note"), enum={each.label: each for each in Severity}), Severity.ERROR,
        "The lowest severity that fails.", '"warning"', found=ALWAYS,
    )  # fmt: skip
    strict: bool = _setting(Flag(), default=False, said="Also fail on warnings.", example="true", found=ALWAYS)
    baseline: str | None = _setting(
        Text(), None, "Baseline file; findings listed in it are not reported.", '"preflight-baseline.json"',
        unset="none", in_file=True, found=ALWAYS,
    )  # fmt: skip
    include: tuple[str, ...] = _setting(
        Texts(), (), "In folders, check only files that match these patterns.", '["assets/"]', has_variable=False,
        found=ALWAYS,
    )  # fmt: skip
    exclude: tuple[str, ...] = _setting(
        Texts(), (), "In folders, skip files that match these patterns.", '["drafts/", "*.bak.mp4"]',
        has_variable=False, found=ALWAYS,
    )  # fmt: skip
    model: str = _setting(
        Choice(model_names, open_to_others=True), DEFAULT_MODEL, "The model of jobs that name none.",
        f'"{DEFAULT_MODEL}"', found=ALWAYS,
    )  # fmt: skip
    specs: str | None = _setting(
        Text(), None, "Folder of spec files, one a model beside those that ship with preflight.", '"specs"',
        unset="none", in_file=True, found=never("it would decide limits and prices")._replace(option=False),
    )  # fmt: skip
    mode: str | None = _setting(
        _choice("mode"), None, "The resolution, outside of job files.", '"1080p"',
        unset="the model's default", found=ALWAYS,
    )  # fmt: skip
    orientation: str | None = _setting(
        _choice("orientation"), None, "Whose orientation the result follows, outside of job files.", '"image"',
        unset="the model's default", found=ALWAYS,
    )  # fmt: skip
    rounding: Rounding | None = _setting(
        Choice(lambda: _default_spec().price.rounding_policies), None, "The rounding of billed seconds.", '"exact"',
        unset="the model's", found=ALWAYS,
    )  # fmt: skip
    max_credits: Decimal | None = _setting(
        _CREDITS, None, "Fail when a job may cost more.", "400", unset="no bound", found=ALWAYS
    )
    budget_per_day: Decimal | None = _setting(
        _CREDITS, None, "Submit for at most this many credits a day.", "2000", unset="no bound", found=ALWAYS
    )
    max_total: Decimal | None = _setting(
        _CREDITS, None, "Of a difference: most credits of all changed jobs together.", "5000", unset="no bound",
        found=ALWAYS,
    )  # fmt: skip
    max_increase: Decimal | None = _setting(
        _CREDITS, None, "Of a difference: most credits that the change may add.", "500", unset="no bound", found=ALWAYS
    )
    max_increase_percent: Decimal | None = _setting(
        Number("0", "1000000", unit="percent"), None, "The same in percent of the price before.", "20",
        unset="no bound", found=ALWAYS,
    )  # fmt: skip
    max_job_credits: Decimal | None = _setting(
        _CREDITS, None, "Of a difference: most credits of one job.", "900", unset="no bound", found=ALWAYS
    )
    max_clip_seconds: Decimal | None = _setting(
        Number("0", "1000000", unit="seconds"), None, "Of a difference: greatest length of one clip.", "20",
        unset="no bound", found=ALWAYS,
    )  # fmt: skip
    notify: tuple[str, ...] = _setting(
        Choices(NAMES), (), "Guardrails of a difference that are reported when they trip, and do not fail.",
        '["max-total"]', found=never("a guardrail would no longer fail"),
    )  # fmt: skip
    ledger: str | None = _setting(
        Text(), None, "The ledger file, which records submissions.", '"preflight.db"', unset="the user's own",
        in_file=True, found=never("earlier payments would be looked up in another ledger"),
    )  # fmt: skip
    allow_host: tuple[str, ...] = _setting(
        Hosts(), (), "Hosts that may have a private address.", '["127.0.0.1:8000"]',
        found=never("private addresses would be opened"),
    )  # fmt: skip
    proxy: str | None = _setting(
        ProxyUrl(), None, "The HTTP proxy for reading URLs.", '"http://proxy.example:3128"', unset="none",
        found=never("every URL would be read through it"),
    )  # fmt: skip
    timeout: float | None = _setting(
        Number("0.1", "3600", unit="seconds", make=float),
        None,
        "Seconds for reading one URL.",
        "10",
        unset="20",
        found=BRIEF,
    )
    retries: int | None = _setting(
        Number("0", "10", unit="retries", places=0, make=_whole),
        None,
        "Retries when a server is busy or drops the connection.",
        "3",
        unset="1; 2 for several jobs",
        found=ALWAYS,
    )
    api_url: str | None = _setting(
        Text(pattern="^https?://", example="a URL with http:// or https://"), None, "Base URL of the API.",
        '"https://api.aivideoapi.ai"', unset="the service's own",
        found=never("the API key would be sent there"),
    )  # fmt: skip


def _rows() -> tuple[Setting, ...]:
    rows = []
    for each in fields(Settings):
        row = each.metadata
        rows.append(
            Setting(
                key=each.name.replace("_", "-"),
                name=each.name,
                kind=row["kind"],
                default=each.default if each.default_factory is MISSING else each.default_factory(),
                help=row["help"],
                example=row["example"],
                unset=row["unset"],
                envvar=_PREFIX + each.name.upper() if row["has_variable"] else None,
                in_file=row["in_file"],
                found=row["found"],
            )
        )
    return tuple(rows)


SETTINGS: Final = _rows()
