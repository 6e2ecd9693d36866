"""Figures by group, against numbers worked by hand."""

import numpy as np
import pytest

from profiles.fairness import fairness_by
from rapport.errors import UserError


def two_groups():
    """40 women of whom 10 leave and 20 are selected, all leavers among them; 40 men of whom 20 leave, 10 selected."""
    groups = np.array(["f"] * 40 + ["m"] * 40, dtype=object)
    target = np.array(([True] * 10 + [False] * 30) + ([True] * 20 + [False] * 20))
    chances = np.array(([0.9] * 20 + [0.1] * 20) + ([0.7] * 10 + [0.3] * 30))
    return groups, chances, target


def test_the_figures_of_each_group_are_those_counted_by_hand():
    report = fairness_by("sex", *two_groups())
    women, men = report.groups
    assert (women.name, women.rows, women.rate, women.mean_chance) == ("f", 40, 0.25, pytest.approx(0.5))
    assert (women.selected, women.found, women.false_alarms) == (0.5, 1.0, pytest.approx(1 / 3))
    assert (men.selected, men.found, men.false_alarms) == (0.25, 0.5, 0.0)
    assert report.selection_gap == 0.25
    assert report.odds_gap == 0.5
    assert report.calibration_gap == pytest.approx(0.25)


def test_the_gaps_are_those_of_fairlearn():
    from fairlearn.metrics import demographic_parity_difference, equalized_odds_difference

    groups, chances, target = two_groups()
    report = fairness_by("sex", groups, chances, target)
    given = {"y_true": target, "y_pred": chances >= 0.5, "sensitive_features": groups}
    assert report.selection_gap == pytest.approx(demographic_parity_difference(**given))
    assert report.odds_gap == pytest.approx(equalized_odds_difference(**given))


def test_a_small_group_is_counted_and_not_judged_and_blanks_are_a_group():
    groups, chances, target = two_groups()
    groups = np.append(groups, [None] * 3)
    report = fairness_by("sex", groups, np.append(chances, [0.5] * 3), np.append(target, [True] * 3))
    assert [(group.name, group.rows) for group in report.groups] == [("f", 40), ("m", 40), ("(blank)", 3)]
    assert report.groups[2].rate is None
    assert report.selection_gap == 0.25


def test_a_column_of_one_group_or_of_too_many_is_refused():
    _, chances, target = two_groups()
    with pytest.raises(UserError, match="1 groups"):
        fairness_by("sex", np.array(["f"] * 80, dtype=object), chances, target)
    with pytest.raises(UserError, match="80 groups, 0 of them"):
        fairness_by("id", np.arange(80).astype(str), chances, target)
