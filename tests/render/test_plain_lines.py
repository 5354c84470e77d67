"""A plain line that fits is written without a layout, and comes out as the layout would have it."""

from __future__ import annotations

from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from preflight.cli.printing.console import TextConsole
from preflight.cli.printing.plain_console import PlainConsole
from preflight.render.texts.styled import Labelled, Styled

COLUMNS = 24
TEXTS = st.text(st.sampled_from("ab -/.:·×…字\t\n\x1b\u202e[]"), max_size=40)


@given(text=TEXTS, indent=st.integers(0, 9), soft=st.booleans(), padded=st.booleans())
def test_a_line_is_the_same_with_and_without_a_layout(text: str, indent: int, soft: bool, padded: bool) -> None:
    quick, slow = StringIO(), StringIO()
    one = TextConsole(file=quick, width=COLUMNS, force_terminal=False, color_system=None)
    other = TextConsole(file=slow, width=COLUMNS, force_terminal=False, color_system=None)
    thing = Padding(Text(text), (0, 0, 0, indent), expand=False) if padded else Text.assemble((text, "bold"))
    one.print(thing, soft_wrap=soft and not padded)
    one.print()
    Console.print(other, thing, soft_wrap=soft and not padded)
    Console.print(other)
    assert lines(quick) == lines(slow)


WORDS = st.text(st.sampled_from("abcdefg·×—é字 \u202e"), min_size=1, max_size=9)


@given(words=st.lists(WORDS, max_size=14), indent=st.integers(0, 9), soft=st.booleans(), labelled=st.booleans())
def test_a_paragraph_is_the_same_with_and_without_a_layout(
    words: list[str], indent: int, soft: bool, labelled: bool
) -> None:
    text = " ".join(words)
    quick, slow = StringIO(), StringIO()
    thing = Labelled("price", text) if labelled else Styled((text[:3], "bold"), text[3:], indent=0 if soft else indent)
    for console in (
        PlainConsole(quick, COLUMNS),
        TextConsole(file=slow, width=COLUMNS, force_terminal=False, color_system=None),
    ):
        console.print(thing, soft_wrap=soft and not labelled)
        console.print()
    assert lines(quick) == lines(slow)


def lines(printed: StringIO) -> list[str]:
    return [line.rstrip() for line in printed.getvalue().split("\n")]
