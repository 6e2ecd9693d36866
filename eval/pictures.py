"""Pictures of a classifier for the person who decides how far to trust it, with the numbers behind them.

Drawn by Agg without pyplot, so nothing needs a screen or is left behind. Colours are those of Okabe and Ito.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.curves import RiskPoint, aurc, risk_coverage
from eval.report import rounded
from finetune.scores import classifier_scores
from rapport.errors import SettingsError
from rapport.heads import OOS, HeadOutput
from rapport.reliability import BINS, Bin, intervals, reliability_bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, SKY, ORANGE, GREEN, GREY = "#0072B2", "#56B4E9", "#D55E00", "#009E73", "#555555"
HATCH = {ORANGE: "//", SKY: "\\\\"}
WIDE = 0.9  # share of a bin that its bar fills
SMALL, LARGE = 11, 14  # points
DOTS = 120  # an inch


def draw_report(folder: Path, output: HeadOutput, truth: Sequence[str], *, risk: float = 0.05) -> list[Path]:
    """Write reliability.png, risk_coverage.png and report.json, and return their paths.

    truth: n labels, "oos" among them. risk: the share of wrong answers at which the second picture draws a line.
    Raises SettingsError where the folder cannot be written.
    """
    import numpy as np

    inside = np.array([label != OOS for label in truth], dtype=bool)
    right = np.array([output.best(row)[0] == label for row, label in enumerate(truth)], dtype=bool)
    bins = reliability_bins(output.probabilities.max(axis=1)[inside], right[inside])
    points = risk_coverage(output.sure, right)
    scores = classifier_scores(output, truth)
    pictures = {
        "reliability.png": _reliability(bins, scores),
        "risk_coverage.png": _risk_coverage(points, output, scores, risk=risk),
    }
    report = {
        "scores": scores,
        "aurc": aurc(points),
        "accept": output.accept if np.isfinite(output.accept) else None,
        "out_of_scope": int((~inside).sum()),
        "reliability": [asdict(one) for one in bins],
        "risk_coverage": [asdict(point) for point in points],
    }
    return _written(folder, pictures, report)


def _written(folder: Path, pictures: "dict[str, Figure]", report: dict[str, Any]) -> list[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, figure in pictures.items():
            figure.savefig(folder / name, dpi=DOTS, metadata={"Software": None})
        text = json.dumps(rounded(report, 5), indent=2, ensure_ascii=False)
        (folder / "report.json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"the report cannot be written into {folder} ({error.strerror}).", hint="Give another folder: --report DIR"
        ) from error
    return [folder / name for name in (*pictures, "report.json")]


def _reliability(bins: Sequence[Bin], scores: dict[str, Any]) -> "Figure":
    figure = _figure(7.0, 7.6)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3.4, 1.0])
    ece = "no row in scope" if scores["ece"] is None else f"ECE {scores['ece']:.3f}"
    rows = sum(one.rows for one in bins)
    _titled(upper, f"Reliability: {ece}", f"{rows:,} rows in scope, {BINS} bins; a perfect bar ends on the dashed line")
    upper.plot([0, 1], [0, 1], linestyle="--", color="black", linewidth=1.5, zorder=3)
    for one in bins:
        _bars(upper, one)
        middle, share = (one.low + one.high) / 2, one.rows / rows
        lower.bar(middle, share, width=WIDE * (one.high - one.low), color=GREY)
        lower.annotate(f"{one.rows:,}", (middle, share), xytext=(0, 2), textcoords="offset points", ha="center",
                       fontsize=9, color=GREY)  # fmt: skip
    _whiskers(upper, bins)
    upper.set(xlim=(0, 1), ylim=(0, 1))
    upper.set_ylabel("share that is right", fontsize=SMALL)
    figure.legend(handles=_legend(), loc="outside lower left", ncols=2, fontsize=SMALL, frameon=False)
    most = max((one.rows / rows for one in bins), default=1.0)
    lower.set_ylim(0, 1.2 * most)
    lower.set_ylabel("share of rows", fontsize=SMALL)
    lower.set_xlabel("probability that the classifier gives its label", fontsize=SMALL)
    _percent(upper)
    _percent(lower)
    return figure


def _bars(axes: "Axes", one: Bin) -> None:
    """The share that is right, with the gap to the mean probability in the colour of its direction."""
    width, middle = WIDE * (one.high - one.low), (one.low + one.high) / 2
    reached, gap = min(one.accuracy, one.confidence), abs(one.accuracy - one.confidence)
    colour = SKY if one.accuracy > one.confidence else ORANGE
    axes.bar(middle, reached, width=width, color=BLUE)
    axes.bar(middle, gap, bottom=reached, width=width, color=colour, alpha=0.75, hatch=HATCH[colour],
             edgecolor="white", linewidth=0)  # fmt: skip


def _legend() -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=BLUE, label="share that is right"),
        Patch(facecolor=ORANGE, alpha=0.75, hatch=HATCH[ORANGE], edgecolor="white", label="missing: too sure"),
        Patch(
            facecolor=SKY, alpha=0.75, hatch=HATCH[SKY], edgecolor="white", label="more than promised: not sure enough"
        ),
        Line2D([], [], color="black", marker="|", markersize=10, linestyle="none", label="95% interval"),
    ]


def _whiskers(axes: "Axes", bins: Sequence[Bin]) -> None:
    """The 95% interval of each bin's share: few rows say little."""
    import numpy as np

    if not bins:
        return
    rows = np.array([one.rows for one in bins])
    shares = np.array([one.accuracy for one in bins])
    low, high = intervals(rows - np.rint(shares * rows).astype(int), rows)
    middles = [(one.low + one.high) / 2 for one in bins]
    axes.errorbar(middles, shares, yerr=[shares - (1 - high), (1 - low) - shares], fmt="none", ecolor="black",
                  elinewidth=1.2, capsize=3)  # fmt: skip


def _risk_coverage(points: Sequence[RiskPoint], output: HeadOutput, scores: dict[str, Any], *, risk: float) -> "Figure":
    figure = _figure(8.0, 5.6)
    axes = figure.subplots()
    rows = scores["rows"]
    _titled(axes, f"Error against coverage: AURC {aurc(points):.3f}",
            f"{rows:,} rows, the surest answered first; a row out of scope that is answered is an error")  # fmt: skip
    coverage = [point.coverage for point in points]
    axes.fill_between(coverage, [point.low for point in points], [point.high for point in points], color=BLUE,
                      alpha=0.18, linewidth=0, step="pre", label="95% interval")  # fmt: skip
    axes.plot(coverage, [point.error for point in points], color=BLUE, linewidth=2, drawstyle="steps-pre",
              label="wrong among the answered")  # fmt: skip
    axes.axhline(risk, color=ORANGE, linestyle="--", linewidth=1.5, label=f"{risk:.0%} wrong")
    top = max([0.12, 2 * risk, *(1.25 * point.error for point in points[len(points) // 10 :])])
    axes.set(xlim=(0, 1), ylim=(0, min(1.02, top)))
    _accepted(axes, output, scores)
    axes.set_xlabel("share answered (coverage)", fontsize=SMALL)
    axes.set_ylabel("share of those that is wrong", fontsize=SMALL)
    figure.legend(loc="outside lower left", ncols=2, fontsize=SMALL, frameon=False)
    _percent(axes)
    return figure


def _accepted(axes: "Axes", output: HeadOutput, scores: dict[str, Any]) -> None:
    """Where the classifier's own threshold stands."""
    answered, wrong = scores["answered"], scores["error_among_answered"]
    if not answered:
        none = output.accept == float("inf")
        reason = "no threshold keeps the risk" if none else f"no row is sure from {output.accept:.2f}"
        _note(axes, 0.985, f"accepted: nothing, for {reason}", left=True)
        return
    low, high = scores["error_interval"]
    axes.axvline(answered, color=GREEN, linewidth=1.5, linestyle=":")
    axes.plot([answered], [wrong], marker="o", markersize=9, color=GREEN, linestyle="none", clip_on=False, zorder=5,
              label=f"accepted: sure from {output.accept:.2f}")  # fmt: skip
    told = f"{answered:.0%} answered,\n{wrong:.1%} wrong\n({low:.1%} to {high:.1%})"
    _note(axes, answered + (-0.015 if answered > 0.6 else 0.015), told, left=answered > 0.6)


def _note(axes: "Axes", x: float, told: str, *, left: bool) -> None:
    """Words at the top, to the left or to the right of a place."""
    axes.text(x, 0.97, told, transform=axes.get_xaxis_transform(), ha="right" if left else "left", va="top",
              fontsize=SMALL, color=GREEN, bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 2},
    )  # fmt: skip


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _titled(axes: "Axes", title: str, subtitle: str) -> None:
    axes.set_title(f"{title}\n", fontsize=LARGE, loc="left", fontweight="bold")
    axes.text(0, 1.02, subtitle, transform=axes.transAxes, fontsize=SMALL, color=GREY)


def _percent(axes: "Axes") -> None:
    """Both axes in percent, a quiet grid, no frame."""
    from matplotlib.ticker import PercentFormatter

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
