"""The reference of the Python API, read from the source by griffe: every public name, its signature, its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import griffe
import tables

import preflight

ROOMS = {
    "api": "Functions",
    "checking": "Engine",
    "model.job": "Jobs",
    "model.target": "Jobs",
    "jobfiles": "Jobs",
    "targets": "Jobs",
    "model.report": "Results",
    "model.finding": "Results",
    "model.facts": "Facts",
    "model.video": "Facts",
    "model.quote": "Prices",
    "pricing": "Prices",
    "fix": "Repairs",
    "ledger": "Paying",
    "submit": "Paying",
    "client": "Client",
    "specs": "Models of the service",
    "sources": "Addresses",
    "errors": "Errors",
}
"""The section of a name, by the start of its module; the sections stand in this order."""
_OTHER = "More"
_WIDTH = 88


def reference() -> str:
    """Every name of ``preflight.__all__``, by section, in Markdown."""
    package = griffe.load("preflight", search_paths=[str(tables.PACKAGE.parent)], allow_inspection=False)
    sections: dict[str, list[str]] = {title: [] for title in (*ROOMS.values(), _OTHER)}
    for name in sorted(preflight.__all__, key=str.lower):
        if not name.startswith("_"):
            found = _resolved(package, name)
            sections[_section_of(found)].append(_entry(name, found))
    return "\n\n".join(f"## {title}\n\n" + "\n\n".join(entries) for title, entries in sections.items() if entries)


def _resolved(package: griffe.Object, name: str) -> griffe.Object:
    """What ``name`` stands for. A function may share its name with a room, which hides it from a reader of source."""
    found: griffe.Object | griffe.Alias = package[name]
    if found.is_module:
        module = getattr(preflight, name).__module__.removeprefix("preflight.")
        found = package[f"{module}.{name}"]
    return found.final_target if isinstance(found, griffe.Alias) else found


def _section_of(found: griffe.Object) -> str:
    module = found.module.path.removeprefix("preflight.")
    return next((title for start, title in ROOMS.items() if f"{module}.".startswith(f"{start}.")), _OTHER)


def _entry(name: str, found: griffe.Object) -> str:
    parts = [f"### {name}{'()' if found.is_function else ''}"]
    if isinstance(found, griffe.Function):
        parts += [_block(_stub(found)), _text(found)]
    elif isinstance(found, griffe.Class):
        bases = ", ".join(str(base) for base in found.bases if str(base) in preflight.__all__)
        parts += [_block(f"class {name}{f'({bases})' if bases else ''}: ..."), _text(found)]
        parts += _members(name, found)
    elif isinstance(found, griffe.Attribute):
        parts += [_block(f"{name} = {found.value}"), _text(found)]
    return "\n\n".join(part for part in parts if part)


def _members(name: str, owner: griffe.Class) -> Iterator[str]:
    """The fields of a class as a table, then its methods."""
    members = [each for key, each in owner.all_members.items() if not key.startswith("_")]
    values = [each for each in members if each.is_attribute]
    if values:
        is_enum = any(str(base) == "Enum" for base in owner.bases)
        yield _enum_table(values) if is_enum else _field_table(values)
    for each in members:
        method = each.final_target if isinstance(each, griffe.Alias) else each
        if isinstance(method, griffe.Function) and method.docstring:
            yield f"#### {name}.{each.name}()\n\n{_block(_stub(method))}\n\n{_text(method)}"


def _enum_table(values: list[griffe.Object | griffe.Alias]) -> str:
    rows = [(f"`{each.name}`", f"`{each.value}`" if each.value else "", _line(each)) for each in values]
    return _without_empty_columns(("member", "value", "meaning"), rows)


def _field_table(values: list[griffe.Object | griffe.Alias]) -> str:
    rows = [
        (f"`{each.name}`", f"`{each.annotation}`" if each.annotation else "", _default(each), _line(each))
        for each in values
    ]
    return _without_empty_columns(("field", "type", "default", "meaning"), rows)


def _without_empty_columns(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    used = [at for at in range(len(heads)) if any(row[at] for row in rows)]
    return tables.table([heads[at] for at in used], ([row[at] for at in used] for row in rows))


def _default(field: griffe.Object | griffe.Alias) -> str:
    """The default of a field as a reader needs it: a literal, or nothing for one that a factory makes."""
    value = str(field.value) if field.value is not None else ""
    return f"`{value}`" if value and "(" not in value else ""


def _stub(function: griffe.Function) -> str:
    """A function as in a stub file, over several lines where it is long."""
    marks = [f"@{each}\n" for each in ("classmethod", "staticmethod") if each in function.labels]
    head = "".join(marks) + f"{'async ' if 'async' in function.labels else ''}def {function.name}("
    tail = f"){f' -> {function.returns}' if function.returns else ''}: ..."
    given = list(_parameters(function))
    short = f"{head}{', '.join(given)}{tail}"
    if len(short.splitlines()[-1]) <= _WIDTH:
        return short
    return head + "".join(f"\n    {each}," for each in given) + f"\n{tail}"


def _parameters(function: griffe.Function) -> Iterator[str]:
    kinds = griffe.ParameterKind
    before = None
    for each in function.parameters:
        if each.kind is kinds.keyword_only and before not in (kinds.keyword_only, kinds.var_positional):
            yield "*"
        if before is kinds.positional_only and each.kind is not kinds.positional_only:
            yield "/"
        star = {kinds.var_positional: "*", kinds.var_keyword: "**"}.get(each.kind, "")
        kind = f": {each.annotation}" if each.annotation else ""
        equals = " = " if kind else "="
        yield f"{star}{each.name}{kind}{f'{equals}{each.default}' if each.default and not star else ''}"
        before = each.kind


def _block(code: str) -> str:
    return f"```python\n{code}\n```"


def _text(found: griffe.Object) -> str:
    return inspect.cleandoc(found.docstring.value) if found.docstring else ""


def _line(found: griffe.Object | griffe.Alias) -> str:
    return " ".join(found.docstring.value.split()) if found.docstring else ""
