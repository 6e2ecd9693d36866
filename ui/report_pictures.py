"""The pictures of a profile report as SVG that stands in the page itself. Colours are those of Okabe and Ito."""

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from profiles.evidence import Gain
from profiles.expectations import Group
from rapport.reliability import Bin, intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#555555"
SIZE = (4.8, 4.0)  # inches; about as wide as a phone, so that its letters stay readable there
LETTERS = 10  # points


def reliability_picture(bins: Sequence[Bin]) -> str:
    """What was promised against what came, one point a bin with its 95% interval; a data URI."""
    import numpy as np

    figure, axes = _figure("chance that was given", "share it came true for")
    axes.plot([0, 1], [0, 1], linestyle="--", color=GREY, linewidth=1.2, label="promised and come alike")
    rows = np.array([one.rows for one in bins])
    shares = np.array([one.accuracy for one in bins])
    low, high = intervals(np.rint(shares * rows).astype(int), rows)
    given = [one.confidence for one in bins]
    axes.errorbar(given, shares, yerr=[np.maximum(shares - low, 0), np.maximum(high - shares, 0)], fmt="none",
                  ecolor=BLUE, elinewidth=1.2, capsize=3, alpha=0.6)  # fmt: skip
    axes.scatter(given, shares, s=30 + 240 * rows / max(rows.sum(), 1), color=BLUE, zorder=3,
                 label="customers with about this chance")  # fmt: skip
    return _drawn(figure, axes)


def gains_picture(gains: Sequence[Gain]) -> str:
    """How many of all it came true for are found by looking at the highest chances first; a data URI."""
    figure, axes = _figure("customers looked at, highest chance first", "of all it came true for, found")
    axes.plot([0, 1], [0, 1], linestyle="--", color=GREY, linewidth=1.2, label="looking at random")
    depths, found = [0.0, *(one.depth for one in gains)], [0.0, *(one.found for one in gains)]
    axes.plot(depths, found, color=BLUE, linewidth=2.2, label="by the predictor")
    axes.fill_between(depths, depths, found, color=BLUE, alpha=0.12, linewidth=0)
    axes.axvline(0.2, color=ORANGE, linewidth=1.2, linestyle=":", label="a list of every fifth")
    return _drawn(figure, axes)


def amounts_picture(groups: Sequence[Group], unit: str) -> str:
    """The mean that was foreseen against the mean that came, one point a group with its 95% interval; a data URI."""
    most = 1.06 * max([one.told for one in groups] + [one.high for one in groups] + [1e-9])
    figure, axes = _figure(f"{unit} foreseen, on average", f"{unit} that came, on average", most=most)
    axes.plot([0, most], [0, most], linestyle="--", color=GREY, linewidth=1.2, label="foreseen and come alike")
    told, came = [one.told for one in groups], [one.came for one in groups]
    widths = [[one.came - one.low for one in groups], [one.high - one.came for one in groups]]
    axes.errorbar(told, came, yerr=widths, fmt="none", ecolor=BLUE, elinewidth=1.2, capsize=3, alpha=0.6)
    axes.scatter(told, came, s=70, color=BLUE, zorder=3, label="a group of predictions")
    return _drawn(figure, axes)


def _figure(across: str, up: str, *, most: float | None = None) -> "tuple[Figure, Axes]":
    """Both axes from 0 to `most`; without it they are shares."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter, StrMethodFormatter

    figure = Figure(figsize=SIZE, layout="constrained", facecolor="white")
    axes = figure.subplots()
    axes.set(xlim=(0, most or 1.0), ylim=(0, most or 1.02))
    axes.set_xlabel(across, fontsize=LETTERS)
    axes.set_ylabel(up, fontsize=LETTERS)
    for axis in (axes.xaxis, axes.yaxis):
        shown = PercentFormatter(1.0, decimals=0) if most is None else StrMethodFormatter("{x:,g}")
        axis.set_major_formatter(shown)
    axes.tick_params(labelsize=LETTERS)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(color="#dddddd", linewidth=0.7)
    return figure, axes


def _drawn(figure: "Figure", axes: "Axes") -> str:
    """The figure with its legend below; the same figure gives the same text."""
    from matplotlib import rc_context

    figure.legend(loc="outside lower center", ncols=1, fontsize=LETTERS, frameon=False)
    kept = io.StringIO()
    with rc_context({"svg.hashsalt": "rapport"}):
        figure.savefig(kept, format="svg", metadata={"Date": None, "Creator": None})
    return f"data:image/svg+xml;base64,{base64.b64encode(kept.getvalue().encode()).decode()}"
