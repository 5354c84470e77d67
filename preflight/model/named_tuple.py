"""Named tuples whose annotations stay texts: ``typing.NamedTuple`` compiles each of them, half the cost of a class."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any, Generic

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    _OF_THE_CLASS = frozenset({"__module__", "__qualname__", "__annotations__", "__orig_bases__"})

    class _Maker(type):
        """Makes of a class statement with ``NamedTuple`` what ``typing`` would make of it."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            names = body.get("__annotations__", {})
            defaults = [body[each] for each in names if each in body]
            made = namedtuple(name, names, defaults=defaults, module=body["__module__"])  # noqa: PYI024 - typed here
            made.__annotations__ = names
            if Generic in bases:
                made.__bases__ = (tuple, Generic)
                made.__class_getitem__ = classmethod(Generic.__class_getitem__.__func__)
                made.__orig_bases__ = body["__orig_bases__"]
            for each, value in body.items():
                if each not in names and each not in _OF_THE_CLASS:
                    setattr(made, each, value)
            if Generic in bases:
                made.__init_subclass__()
            return made

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})

__all__ = ["NamedTuple"]
