"""The formats of results about preflight itself: its rules, its settings, its installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from preflight.render.formats import Formats, json_of

if TYPE_CHECKING:
    from preflight.doctor import Check
    from preflight.render.surroundings import Surroundings
    from preflight.settings import Loaded
    from preflight.specs import Spec


def _rules_text(spec: Spec | None, around: Surroundings) -> str:
    from preflight.render.tabular.spec_tables import render_spec  # loads rich
    from preflight.render.tabular.tables import render_rules

    return around.lay_out(render_rules if spec is None else partial(render_spec, spec))


def _rules_object(spec: Spec | None) -> Mapping[str, Any]:
    from preflight.render.tabular.spec_tables import spec_object
    from preflight.render.tabular.tables import rules_object

    return rules_object() if spec is None else rules_object() | {"spec": spec_object(spec)}


def _settings_text(loaded: Loaded, around: Surroundings) -> str:
    from preflight.render.tabular.tables import render_settings

    return around.lay_out(partial(render_settings, loaded, around.tree().folder))


def _settings_object(loaded: Loaded) -> Mapping[str, Any]:
    from preflight.render.tabular.tables import settings_object

    return settings_object(loaded)


def _checks_text(checks: Sequence[Check], around: Surroundings) -> str:
    from preflight.render.doctor import render_checks  # only for this command

    return around.lay_out(partial(render_checks, checks))


def _checks_object(checks: Sequence[Check]) -> Mapping[str, Any]:
    from preflight.render.doctor import checks_object

    return checks_object(checks)


RULES: Formats[Spec | None] = {"text": _rules_text, "json": json_of(_rules_object)}
SETTINGS: Formats[Loaded] = {"text": _settings_text, "json": json_of(_settings_object)}
CHECKS: Formats[Sequence[Check]] = {"text": _checks_text, "json": json_of(_checks_object)}
