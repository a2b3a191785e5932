"""A figure as a page of HTML: its words flow with the page, and nothing in it leads elsewhere."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files
from typing import Any

import plotly.graph_objects as go

from farflung.report.figures.frame import INK, QUIET, WORDS, legend_height

_LIBRARY = "plotly-cartesian-4.1.1.min.js"
"""The drawing library without maps and three dimensions: a third of what the Python package brings."""
_CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "topojsonURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
    "responsive": True,
    "typesetMath": False,
}
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<link rel="icon" href="data:,">
<style>
body {{ margin: 0; background: white; color: {ink}; font: 15px/1.45 {font}; }}
main {{ max-width: 1200px; margin: 0 auto; padding: 16px; box-sizing: border-box; }}
h1 {{ font-size: 21px; line-height: 1.3; margin: 0 0 8px; }}
h1, p {{ overflow-wrap: anywhere; }}
p {{ margin: 0 0 4px; color: {quiet}; }}
footer p {{ font-size: 12.5px; }}
sub {{ font-size: 70%; line-height: 0; }}
.wide {{ overflow-x: auto; margin: 12px 0; }}
#figure {{ min-width: {narrowest}px; height: {height}px; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{subtitle}</p>
<div class="wide" tabindex="0"><div id="figure" role="img" aria-label="{name}"></div></div>
<footer>
{footer}
</footer>
</main>
<script>{library}</script>
<script>Plotly.newPlot("figure", {data}, {layout}, {config});</script>
</body>
</html>
"""


def html_page(figure: go.Figure) -> str:
    """Return a page with a figure, its title, subtitle and footer as text, and the drawing library."""
    content = json.loads(figure.to_json())
    layout = content["layout"]
    words = layout.pop("meta")
    margin = layout["margin"]
    _lay_out(layout, words, legend_height(figure, words["narrowest"] - margin["l"] - margin["r"]))
    title = words["title"].replace("\u00a0", " ")
    library = files("farflung.report.figures") / "vendor" / _LIBRARY
    return _PAGE.format(
        name=html.escape(" ".join(html.unescape(re.sub(r"<[^>]*>", " ", title)).split())),
        title=title,
        subtitle=words["subtitle"],
        footer="\n".join(f"<p>{line}</p>" for line in words["footer"]),
        ink=INK,
        quiet=QUIET,
        font=layout["font"]["family"],
        narrowest=words["narrowest"],
        height=layout["height"],
        library=library.read_text(encoding="utf-8"),
        data=_script(content["data"]),
        layout=_script(layout),
        config=_script(_CONFIG),
    )


def _lay_out(layout: dict[str, Any], words: dict[str, Any], legend: int) -> None:
    """Leave out of the drawing what the page has as text, and let the page decide its width."""
    del layout["title"], layout["width"]
    layout["annotations"] = [note for note in layout["annotations"] if note.get("name") not in WORDS]
    above, plot, below = words["heights"]
    layout["margin"] |= {"t": legend + above, "b": below}
    layout["height"] = legend + above + plot + below
    layout["legend"] |= {"x": 0, "y": 1}


def _script(value: object) -> str:
    """Return a value as source that no tag in it can end."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
