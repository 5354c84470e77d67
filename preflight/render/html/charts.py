"""Charts as SVG that a page may hold: pygal's marks and axes, without its styles, scripts and tooltips."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from xml.etree import ElementTree as ET

from preflight.errors import MissingExtra
from preflight.redact import shorten
from preflight.render.html.environment import Markup

try:
    import pygal
    from pygal.style import Style
except ImportError as exc:
    raise MissingExtra("a page with plots", "html") from exc

# It adds a finder for its plug-ins, in a form that Python 3.12 has given up and 3.11 warns of at each import.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

WIDTH: Final = 460
_HEIGHT = 270
_BAR_HEIGHT = 26
_LABEL_CHARS = 26
"""Characters of a label. Longer ones leave no room for a title, and pygal would break that for ever."""
_FONT = 13
_DROPPED = frozenset({"defs", "title", "desc", "style", "script"})
_HIDDEN = frozenset({"tooltip-overlay", "text-overlay", "tooltip"})
_KEPT = frozenset(
    {"class", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "transform", "viewBox", "rx"}
    | {"ry", "points"}
)
"""Attributes of a mark. All others, as of a script or a link, are left out."""
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Chart(NamedTuple):
    """``kind`` is the name of a chart of pygal; ``series`` are named rows of values, ``labels`` those of the axis.

    ``look`` is a class for the colours, ``dots`` the series that is points without a line.
    """

    kind: str
    title: str
    series: Sequence[tuple[str, Sequence[Any]]]
    labels: Sequence[str] = ()
    across: str | None = None
    upwards: str | None = None
    look: str = ""
    dots: str | None = None
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


def drawn(chart: Chart) -> Markup:
    """``chart`` as an SVG element, whose colours are classes of the page's style sheet."""
    is_horizontal = chart.kind.startswith("Horizontal")
    height = 100 + _BAR_HEIGHT * len(chart.labels) if is_horizontal else _HEIGHT
    made = getattr(pygal, chart.kind)(
        style=_style(),
        js=[],
        width=WIDTH,
        height=height,
        margin=4,
        margin_bottom=4 if len(chart.series) < 2 else 26 if len(chart.series) == 2 else 46,
        show_legend=len(chart.series) > 1,
        legend_at_bottom=True,
        legend_at_bottom_columns=2,
        legend_box_size=12,
        x_title=chart.across,
        y_title=chart.upwards,
        truncate_label=_LABEL_CHARS,
        truncate_legend=_LABEL_CHARS,
        spacing=8,
        no_prefix=True,
        disable_xml_declaration=True,
        min_scale=3,
        max_scale=6,
        order_min=0,  # half a job is none
        **chart.options,
    )
    if chart.labels:
        made.x_labels = [shorten(_UNPRINTABLE.sub("?", label), _LABEL_CHARS) for label in chart.labels]
    for name, values in chart.series:
        made.add(name, list(values), stroke=name != chart.dots)
    root = made.render_tree()
    _clean(root)
    root.set("class", f"chart {chart.look}".strip())
    root.set("role", "img")
    root.set("aria-label", chart.title)
    return Markup(ET.tostring(root, encoding="unicode"))  # texts are escaped, and attributes are listed


def _style() -> Any:
    sizes = ("label", "major_label", "legend", "title", "value", "value_label", "no_data")
    return Style(**{f"{name}_font_size": _FONT for name in sizes}, font_family="sans-serif")


def _clean(element: Any) -> None:
    for child in list(element):
        tag = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else "!"
        classes = set(str(child.get("class", "")).split())
        if tag in _DROPPED or tag == "!" or classes & _HIDDEN:
            element.remove(child)
        else:
            _clean(child)
    for name in list(element.attrib):
        if name not in _KEPT:
            del element.attrib[name]
