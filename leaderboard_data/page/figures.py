"""A comparison as plots: plain dictionaries in the form of Plotly figures (`data`, `layout`), drawn in the browser.

Texts are data: Plotly reads some HTML in them, so names are escaped. Colours of text and paper are the page's own.
"""

from html import escape
from typing import Any

# Okabe and Ito's palette: told apart with any colour vision.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


def radar(compared: dict[str, Any]) -> dict[str, Any]:
    """The models of a comparison over the tasks, as closed polygons; a gap leaves its corner out."""
    rows = [row for row in compared["rows"] if row["kind"] == "task"]
    traces = []
    for number, model in enumerate(compared["models"]):
        points = [(row["column"], row["scores"][number]) for row in rows if row["scores"][number] is not None]
        closed = [*points, *points[:1]]
        traces.append(
            {
                "type": "scatterpolar",
                "name": escape(model["name"]),
                "theta": [column for column, _ in closed],
                "r": [score * 100 for _, score in closed],
                "line": {"color": COLOURS[number]},
                "hovertemplate": "%{theta}: %{r:.2f}<extra>%{fullData.name}</extra>",
            }
        )
    return {"data": traces, "layout": {"polar": {"radialaxis": {"range": [0, 100]}}}}


def bars(compared: dict[str, Any]) -> dict[str, Any]:
    """The models of a comparison as groups of bars: the tasks, then the averages."""
    return {
        "data": [
            {
                "type": "bar",
                "name": escape(model["name"]),
                "x": [row["column"] for row in compared["rows"]],
                "y": [None if row["scores"][i] is None else row["scores"][i] * 100 for row in compared["rows"]],
                "marker": {"color": COLOURS[i]},
                "hovertemplate": "%{x}: %{y:.2f}<extra>%{fullData.name}</extra>",
            }
            for i, model in enumerate(compared["models"])
        ],
        "layout": {"barmode": "group", "yaxis": {"range": [0, 100]}},
    }
