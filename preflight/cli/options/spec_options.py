"""``--spec`` and ``PREFLIGHT_SPECS``: models beside those that ship with preflight, for the options of one command."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from preflight.cli.options.completion import files
from preflight.cli.options.param_types import Choice, no_choice
from preflight.cli.options.settings_options import loaded_of
from preflight.cli.printing.terminal import remark
from preflight.errors import PreflightError
from preflight.redact import printable
from preflight.redact.suggestion import suggestion
from preflight.specs import DEFAULT_MODEL, model_names

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from preflight.specs import Role, Spec, Specs

FOLDER_VARIABLE: Final = "PREFLIGHT_SPECS"
"""The variable that names a folder of spec files; of commands with settings it is one of them."""

_NAMED = "preflight.specs.named"
_KNOWN = "preflight.specs.known"
_NAMES_SHOWN: Final = 5


def known_specs() -> Specs:
    """The specs of the command that runs, read once. Raises ``SpecError``."""
    from preflight.specs import BUILT_IN, Specs, load_spec, read_folder

    context = click.get_current_context(silent=True)
    if context is None:
        return BUILT_IN
    if _KNOWN not in context.meta:
        paths = map(os.path.expanduser, context.meta.get(_NAMED, ()))  # an MCP client starts a command without a shell
        named = [load_spec(Path(path)) for path in paths]
        if folder := _folder(context):
            models = {spec.path for spec in named}
            named += [spec for spec in read_folder(Path(folder)) if spec.path not in models]
        context.meta[_KNOWN] = Specs(named) if named else BUILT_IN
    specs: Specs = context.meta[_KNOWN]
    return specs


def named_model() -> str | None:
    """The model of the one ``--spec`` of the command; ``None`` without one, or with several."""
    named = click.get_current_context().meta.get(_NAMED, ())
    return known_specs().named[0].model if len(named) == 1 else None


def spec_words(folder: Path = Path()) -> str:
    """The ``--spec`` of the command for one that goes on in ``folder``: `` --spec my-model.toml``, or nothing."""
    named: tuple[str, ...] = click.get_current_context().meta.get(_NAMED, ())
    paths = (name if os.path.isabs(name) else os.path.relpath(name, folder) for name in named)  # noqa: PTH117 - text
    return "".join(f" --spec {quote(path)}" for path in paths)


def remark_unknown(models: Iterable[str], lacking: str) -> None:
    """Say on standard error that no spec for ``models`` is known, and which parts of a result are ``lacking``."""
    names = [printable(name) for name in models]
    if names:
        shown = ", ".join(names[:_NAMES_SHOWN]) + (" and others" if len(names) > _NAMES_SHOWN else "")
        remark(f"no spec for {shown}: {lacking} left out; name it with --spec FILE or {FOLDER_VARIABLE}")


def spec_named(model: str) -> Spec:
    """The spec of ``model``. Raises ``SpecError``."""
    return known_specs().load(model)


class ModelName(Choice):
    """The name of a model that is known."""

    def __init__(self) -> None:
        super().__init__(model_names())

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.choices:
            return str(value)
        specs = known_specs()
        if specs.find(str(value)) is None:
            self.fail(no_choice(str(value), specs.every_name()), param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        return _completions([*self.choices, *(spec.model for spec in _named_so_far(ctx))], incomplete)


class RoleChoice(Choice):
    """A choice of the default model, or of a model that was named."""

    def __init__(self, role: Role) -> None:
        self._role = role
        super().__init__(())

    @property
    def choices(self) -> tuple[str, ...]:
        """Those of the default model, read when they are asked for: completing an option needs none."""
        from preflight.specs import load_spec

        return load_spec().field(self._role).choices

    @choices.setter
    def choices(self, _: tuple[str, ...]) -> None:
        """click sets those that it was made with, which are none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value in self.choices:
            return str(value)
        specs = [*known_specs().named]
        named = (ctx.params.get("model") if ctx else None) or DEFAULT_MODEL
        if named not in model_names() and (spec := known_specs().find(str(named))):
            specs.append(spec)  # of a package
        more = [choice for spec in specs for choice in spec.choices(self._role)]
        if value not in more:
            self.fail(no_choice(str(value), list(dict.fromkeys([*self.choices, *more]))), param, ctx)
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        named = _named_so_far(ctx)
        model = ctx.params.get("model")
        used = [spec for spec in named if model == spec.model or (len(named) == 1 and model in (None, DEFAULT_MODEL))]
        found = [choice for spec in used or named for choice in spec.choices(self._role)]
        return _completions(found if used else [*self.choices, *found], incomplete)


def _named_so_far(ctx: click.Context) -> tuple[Spec, ...]:
    """The models that the unfinished command line names; none where they cannot be read."""
    try:
        with ctx.scope(cleanup=False):
            return known_specs().named
    except PreflightError:
        return ()


def _completions(words: Iterable[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem  # only for completion

    return [CompletionItem(word) for word in dict.fromkeys(words) if word.startswith(incomplete)]


class ColumnName(click.ParamType[tuple[str, str]]):
    """NAME=COLUMN: a column of a job, and the column of a table that holds it."""

    name = "column"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        from preflight.jobfiles.field_names import TableModels  # only for this option
        from preflight.model.job import COLUMNS

        name, sign, column = str(value).partition("=")
        name = name.strip()
        if not sign or not column.strip():
            self.fail(f"{value!r} is not NAME=COLUMN, as in image=character_url", param, ctx)
        models = TableModels(ctx.params.get("model") if ctx else None, known_specs())
        if name not in COLUMNS and not any(fields.of_column(name) for fields in models.names):
            outside = [column for fields in models.names if fields.spec.path for column in fields.columns]
            known = list(dict.fromkeys([*COLUMNS, *outside]))
            hint = suggestion(name, known)
            listed = ", ".join(known)
            self.fail(f"{name!r} is not a column of a job{hint}; the columns of a job are {listed}", param, ctx)
        return name, column


def _keep(ctx: click.Context, _: click.Parameter, value: tuple[str, ...]) -> None:
    ctx.meta[_NAMED] = value


def _of_the_spec(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """The model of the one ``--spec``, where the command line names no model."""
    if ctx.resilient_parsing or ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE:
        return value
    return named_model() or value


spec_option = click.option(
    "--spec",
    multiple=True,
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_keep,
    shell_complete=files,
    help="Spec file that adds a model (repeatable). If only one is given, its model is the job's.",
)
model_option = click.option(
    "--model",
    type=ModelName(),
    default=DEFAULT_MODEL,
    show_default=True,
    callback=_of_the_spec,
    help="Service model.",
)


def require_choices(model: str, *, mode: str | None, orientation: str | None) -> None:
    """Raise ``UsageError`` for a mode or an orientation that ``model`` does not have."""
    if mode is None and orientation is None:
        return
    context, spec = click.get_current_context(), spec_named(model)
    for role, value in (("mode", mode), ("orientation", orientation)):
        choices = spec.choices(role)  # type: ignore[arg-type]  # the two literals above
        if value is None or value in choices or context.get_parameter_source(role) is not ParameterSource.COMMANDLINE:
            continue
        if not choices:
            raise click.UsageError(f"--{role}: {spec.model} has no {role}: leave it out")
        raise click.UsageError(f"--{role}: {no_choice(value, choices)}")


def _folder(context: click.Context) -> str | None:
    loaded = loaded_of(context)
    return loaded.settings.specs if loaded else os.environ.get(FOLDER_VARIABLE) or None
