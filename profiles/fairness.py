"""How chances treat groups of customers: whom they select, whom they miss, and whether they mean the same for all.

The figures of each group come from fairlearn's MetricFrame. A group of fewer than LEAST_ROWS rows is counted, and its
figures are not told: they would be noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rapport.errors import UserError
from rapport.metrics import auroc, expected_calibration_error

if TYPE_CHECKING:
    import numpy as np

LEAST_ROWS = 30
MOST_GROUPS = 50
BLANK = "(blank)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures of one group; None where they are not defined or not told.

    rate: share of its rows that are true. mean_chance: of its rows; beside `rate` it says whether they are calibrated.
    selected: share at or above the threshold. found: share of its true rows that are. false_alarms: share of its other
    rows that are. ece: over 10 bins of equal width.
    """

    name: str
    rows: int
    rate: float | None = None
    mean_chance: float | None = None
    selected: float | None = None
    found: float | None = None
    false_alarms: float | None = None
    roc_auc: float | None = None
    ece: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """threshold: chances from it on count as selected. The gaps are between the groups whose figures are told.

    selection_gap: demographic parity difference. odds_gap: equalized odds difference. calibration_gap: the largest
    difference between a group's mean chance and its rate.
    """

    column: str
    threshold: float
    groups: tuple[Group, ...]
    selection_gap: float
    odds_gap: float
    calibration_gap: float


def fairness_by(
    column: str, groups: "np.ndarray", chances: "np.ndarray", target: "np.ndarray", *, threshold: float = 0.5
) -> Fairness:
    """Figures by the values of a column, the largest group first. groups: (n,) text, None where missing.

    Raises UserError where the column has one group or more than MOST_GROUPS, or fewer than two groups of enough rows.
    """
    import numpy as np

    names = np.array([BLANK if name is None else str(name) for name in groups], dtype=object)
    counts = {str(name): int(n) for name, n in zip(*np.unique(names.astype(str), return_counts=True), strict=True)}
    told = [name for name, n in counts.items() if n >= LEAST_ROWS]
    if len(counts) > MOST_GROUPS or len(told) < 2:
        raise UserError(
            f"'{column}' has {len(counts)} groups, {len(told)} of them with {LEAST_ROWS} rows or more.",
            hint=f"Give a column of 2 to {MOST_GROUPS} groups.",
        )
    kept = np.isin(names.astype(str), told)
    frame = _frame(names[kept], chances[kept], target[kept], threshold)
    found = [_group(name, n, frame.by_group.loc[name].to_dict() if name in told else {}) for name, n in counts.items()]
    gaps = frame.difference()
    return Fairness(
        column=column,
        threshold=threshold,
        groups=tuple(sorted(found, key=lambda group: (-group.rows, group.name))),
        selection_gap=float(gaps["selected"]),
        odds_gap=float(max(gaps["found"], gaps["false_alarms"])),
        calibration_gap=max(abs((one.mean_chance or 0) - (one.rate or 0)) for one in found if one.rate is not None),
    )


def _frame(names: "np.ndarray", chances: "np.ndarray", target: "np.ndarray", threshold: float) -> Any:
    """fairlearn's frame; each metric gets the chances and selects by the threshold where it needs to."""
    from fairlearn.metrics import MetricFrame, false_positive_rate, mean_prediction, selection_rate, true_positive_rate

    metrics = {
        "rate": lambda truth, given: float(truth.mean()),
        "mean_chance": mean_prediction,
        "selected": lambda truth, given: selection_rate(truth, given >= threshold, pos_label=True),
        "found": lambda truth, given: true_positive_rate(truth, given >= threshold, pos_label=True),
        "false_alarms": lambda truth, given: false_positive_rate(truth, given >= threshold, pos_label=True),
        "roc_auc": lambda truth, given: auroc(given, truth),
        "ece": lambda truth, given: expected_calibration_error(given, truth, bins=10),
    }
    return MetricFrame(metrics=metrics, y_true=target.astype(bool), y_pred=chances, sensitive_features=names)


def _group(name: str, rows: int, figures: Mapping[str, float]) -> Group:
    known = {key: float(value) for key, value in figures.items() if value == value}
    return Group(name=name, rows=rows, **known)
