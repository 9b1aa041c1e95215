"""The board as plots: plain dictionaries in the form of Plotly figures (`data`, `layout`), drawn in the browser.

Texts are data: Plotly reads some HTML in them, so names are escaped. Colours of text and paper are the page's own.
"""

from collections.abc import Sequence
from html import escape
from typing import Any, Literal, get_args

from evaluator.suite import KO_V1, Suite
from leaderboard_data.board import means
from leaderboard_data.entry import Entry

Axis = Literal["parameters", "dimension", "speed"]
AXES: tuple[Axis, ...] = get_args(Axis)

# Okabe and Ito's palette: told apart with any colour vision.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")

_TITLES = {
    "ko": {
        "parameters": "파라미터 수",
        "dimension": "임베딩 차원",
        "speed": "초당 토큰 수",
        "average": "Average (%)",
        "front": "파레토 경계",
        "measured": "측정",
        "published": "공개 순위표",
        "imported": "MTEB",
    },
    "en": {
        "parameters": "Parameters",
        "dimension": "Embedding dimension",
        "speed": "Tokens per second",
        "average": "Average (%)",
        "front": "Pareto front",
        "measured": "measured",
        "published": "published board",
        "imported": "MTEB",
    },
}


def axis_value(entry: Entry, axis: Axis) -> float | None:
    """An entry's place on the horizontal axis."""
    values = {
        "parameters": entry.parameters,
        "dimension": entry.embedding_dimension,
        "speed": entry.tokens_per_second,
    }
    return values[axis]


def pareto_front(points: Sequence[tuple[float, float]], *, larger_is_better: bool) -> list[int]:
    """The points that no other beats in both: higher score, and less (or, if asked, more) of the other.

    Returns indices by the horizontal value. Points at the same place are all on the front.
    """
    sign = -1 if larger_is_better else 1
    order = sorted(range(len(points)), key=lambda i: (sign * points[i][0], -points[i][1]))
    front: list[int] = []
    best = float("-inf")
    for i in order:
        if points[i][1] > best or (front and points[i] == points[front[-1]]):
            front.append(i)
            best = points[i][1]
    return sorted(front, key=lambda i: points[i][0])


def scatter(entries: Sequence[Entry], axis: Axis, language: str = "ko", suite: Suite = KO_V1) -> dict[str, Any]:
    """Average over parameters, embedding dimension or tokens per second, with the Pareto front.

    Each point's `customdata` is the model's id. Entries without an average or without the other value are left out;
    `missing` says how many.
    """
    titles = _TITLES["en" if language == "en" else "ko"]
    known = [
        (entry, value, overall * 100)
        for entry in entries
        if (value := axis_value(entry, axis)) and (overall := means(entry, suite)[1]) is not None
    ]
    front = pareto_front([(x, y) for _, x, y in known], larger_is_better=axis == "speed")
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": titles["front"],
            "x": [known[i][1] for i in front],
            "y": [known[i][2] for i in front],
            "line": {"color": "#888888", "dash": "dot", "shape": "vh" if axis == "speed" else "hv"},
            "hoverinfo": "skip",
        }
    ]
    for colour, origin in zip(COLOURS, ("measured", "published", "imported"), strict=False):
        points = [(entry, x, y) for entry, x, y in known if entry.origin == origin]
        if points:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": titles[origin],
                    "x": [x for _, x, _ in points],
                    "y": [y for *_, y in points],
                    "text": [escape(entry.name) for entry, *_ in points],
                    "customdata": [entry.model for entry, *_ in points],
                    "hovertemplate": "%{text}<br>%{x:,}<br>%{y:.2f}<extra></extra>",
                    "marker": {"size": 10, "color": colour},
                }
            )
    return {
        "data": traces,
        "layout": {
            "xaxis": {"title": {"text": titles[axis]}, "type": "log" if axis != "dimension" else "linear"},
            "yaxis": {"title": {"text": titles["average"]}},
        },
        "missing": len(entries) - len(known),
    }


def radar(compared: dict[str, Any]) -> dict[str, Any]:
    """The models of a comparison over the nine tasks, as closed polygons; a gap leaves its corner out."""
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
