"""How results leave the program and come back: as plain values, as JSON, and in the tools that show them."""

from __future__ import annotations

from preflight.lazy import late

TYPE_CHECKING = False  # as in preflight/__init__.py
if TYPE_CHECKING:
    from typing import Any, Self

_HOME = "preflight.render.objects.interchange"


class Exchangeable:
    """A result that can be handed on. Pydantic takes it as a field, FastAPI as a response model."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values: the object that the commands print as JSON, with its keys."""
        made: dict[str, Any] = late(_HOME, "to_dict")(self)
        return made

    def to_json(self) -> str:
        """``to_dict`` as JSON text."""
        text: str = late(_HOME, "to_json")(self)
        return text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return late(_HOME, "pydantic_schema")(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> Any:
        return late(_HOME, "json_schema")(cls)


class Restorable(Exchangeable):
    """A result that can be made again from its ``to_dict``: it has a key ``restore``, with every value exactly."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, data: Any) -> Self:
        """The equal of the result that ``to_dict`` was called on. Raises ``ConfigurationError`` for anything else."""
        made: Self = late(_HOME, "from_dict")(cls, data)
        return made

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """``from_dict`` of JSON text."""
        made: Self = late(_HOME, "from_json")(cls, text)
        return made
