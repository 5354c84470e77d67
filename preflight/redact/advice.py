"""Advice in an error: in the words of a program that calls the library, and in those of the command line."""

from __future__ import annotations


class Advice(str):
    """A text for programs, whose ``command`` is the same for people who use the command line."""

    __slots__ = ("command",)
    command: str

    @classmethod
    def of(cls, text: str, *, library: str, command: str) -> Advice:
        """``text``, and after it one of two ways to go on."""
        made = cls(text + library)
        made.command = text + command
        return made

    def __radd__(self, before: str) -> Advice:
        return Advice.of(before, library=str(self), command=self.command)


def as_command(text: str) -> str:
    """``text`` for the command line."""
    return text.command if isinstance(text, Advice) else text


def for_command(error: BaseException) -> str:
    """The text of ``error`` for the command line."""
    (text, *_) = error.args or ("",)
    return text.command if isinstance(text, Advice) else str(error)
