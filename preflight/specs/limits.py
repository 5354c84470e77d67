"""How much a spec file may hold: it may come from outside."""

from typing import Final

SPEC_BYTES: Final = 256 * 1024
"""Size of a spec file; the one that ships has 5 KB."""

FOLDER_SPECS: Final = 200
"""Spec files of one folder."""

FIELDS: Final = 200
"""Fields of one model, and prices of its clips."""

CHOICES: Final = 200
"""Choices of one field."""

TEXT_CHARS: Final = 1000
"""A description, a message, a default or a source."""

NAME_CHARS: Final = 100
"""The name of a model, a field, a choice or a container."""

DIGITS: Final = 20
"""Characters of a number."""
