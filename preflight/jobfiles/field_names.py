"""The names that columns of a table may have for the fields of one model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from preflight.jobfiles.fields import LIST_FIELDS, FieldName
from preflight.model.job import COLUMNS
from preflight.specs import BUILT_IN, DEFAULT_MODEL, FieldSpec, Role, Spec, Specs

ID: Final = FieldName(key="id", in_input=False)
_CALLBACK: Final = "callback_url"
_ROLES: Final[dict[Role, str]] = {
    "image": "image", "video": "video", "mode": "mode", "orientation": "orientation", "prompt": "prompt",
    "callback": _CALLBACK, "model": "model", "duration": "duration",
}  # fmt: skip
"""The columns by role, whatever the field is called."""
_SEPARATORS = re.compile(r"[\s\-]+")


def plain_name(name: str) -> str:
    """``name`` in lower case, with underscores for spaces and hyphens: as columns are compared."""
    return _SEPARATORS.sub("_", name.lower())


class FieldNames:
    """The fields of ``spec`` by the names of columns: by role (``image``, ``prompt``), or by their own name."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.container = spec.field("input").name
        self._types = {self._of(field): field for field in spec.fields if field.role != "input"}
        self._named = {field.key: self._of(field) for field in spec.fields if field.role != "input"}
        for role, name in _ROLES.items():
            if (known := spec.find(role)) is not None:
                self._named.setdefault(name, self._of(known))
        self.columns = tuple(self._named)
        """The names of columns, without ``id``."""
        self._plain: dict[str, FieldName] = {}
        for name, field in self._named.items():
            self._plain.setdefault(plain_name(name), field)
        self.model = self._of(spec.field("model"))
        self.media = frozenset(self._of(field) for field in spec.fields if field.role in ("image", "video"))
        self.media_columns = frozenset(name for name, field in self._named.items() if field in self.media)
        """The usual names of their columns; a column may be written otherwise, too."""
        self.top_keys = frozenset(field.key for field in spec.fields if "." not in field.name)

    def exact(self, name: str) -> FieldName | None:
        """The field, or the id, in the column ``name``; ``None`` where it is neither.

        A name in the container (``input.…``), or of a role that the model does not have, is an unknown field.
        """
        plain = plain_name(name)
        if plain == "id":
            return ID
        prefix = f"{plain_name(self.container)}."
        bare = plain.removeprefix(prefix)
        found = self._named.get(name.partition(".")[2] if bare != plain else name) or self._plain.get(bare)
        if found is not None and (bare == plain or found.in_input):
            return found
        if bare != plain:
            return self.unknown(name.partition(".")[2])
        return self.unknown(plain) if plain in COLUMNS else None

    def of_column(self, name: str) -> FieldName | None:
        """The field that ``--column NAME=…`` means; ``None`` where the model has none of this name."""
        return ID if name == "id" else self._named.get(name)

    def column_of(self, role: Role) -> str | None:
        """The column of the first field that plays ``role``: named by the role, unless another field has that name."""
        field = self.spec.find(role)
        if field is None:
            return None
        name = _ROLES.get(role, field.key)
        return name if self._named.get(name) == self._of(field) else field.key

    def unknown(self, key: str) -> FieldName:
        """A field that the model does not have: the rules report it."""
        return FieldName(key=key, in_input=key != _CALLBACK, container=self.container)

    def type_of(self, field: FieldName) -> FieldSpec | None:
        """The description of ``field``; ``None`` of one that the model does not have."""
        return self._types.get(field)

    def needed_files(self) -> Iterator[tuple[str, FieldName]]:
        """The fields of files that every job of the model has, each with the name of its column."""
        for field in self.spec.fields:
            if field.role in ("image", "video") and field.required:
                yield field.role if field is self.spec.find(field.role) else field.key, self._of(field)

    def _of(self, field: FieldSpec) -> FieldName:
        is_inner = "." in field.name
        return FieldName(key=field.key, in_input=is_inner, container=self.container)


class TableModels:
    """The models of the rows of tables: ``default`` is that of rows that name none, ``specs`` has the others.

    ``names`` are the fields of the default model (without one that is known: of the one that was named, or that ships),
    and of every model that was named.
    """

    def __init__(self, default: str | None = None, specs: Specs = BUILT_IN) -> None:
        self.default = default
        self.specs = specs
        first = specs.find(default or (specs.named[0].model if len(specs.named) == 1 else DEFAULT_MODEL))
        first = first or specs.load(DEFAULT_MODEL)
        self.names = tuple(FieldNames(spec) for spec in (first, *(each for each in specs.named if each is not first)))

    def of(self, model: object) -> FieldNames:
        """The names of the fields of ``model``; of the default one where it is not known."""
        known = self.specs.find(model) if isinstance(model, str) else None
        if known is None or known is self.names[0].spec:
            return self.names[0]
        return next((names for names in self.names if names.spec is known), None) or FieldNames(known)


class JobMarks:
    """The words that only jobs have: names of models, the fields for their files, and where those stand."""

    def __init__(self, specs: Specs) -> None:
        named = specs.named
        self.named = tuple(map(FieldNames, named))
        self.models = frozenset(specs.names())
        self.lists = LIST_FIELDS.union(
            field.key for spec in named for field in spec.fields if field.role in ("image", "video")
        )
        self.containers = frozenset({"input", *(spec.field("input").key for spec in named)})
        self.model_keys = frozenset({"model", *(spec.field("model").key for spec in named)})
