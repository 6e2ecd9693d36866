"""Scores against hand-worked values and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rapport.metrics import accuracy, auroc, confusions, coverage_at_error, expected_calibration_error, macro_f1

LABELS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abcd")), min_size=1, max_size=40)


@given(LABELS)
def test_accuracy_and_macro_f1_equal_scikit_learn(pairs):
    from sklearn.metrics import accuracy_score, f1_score

    truth, guesses = zip(*pairs, strict=True)
    labels = sorted(set(truth))
    assert accuracy(truth, guesses) == pytest.approx(accuracy_score(truth, guesses))
    expected = f1_score(truth, guesses, labels=labels, average="macro", zero_division=0.0)
    assert macro_f1(truth, guesses) == pytest.approx(expected)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=2, max_size=40))
def test_auroc_equals_scikit_learn_ties_included(rows):
    from sklearn.metrics import roc_auc_score

    scores, positive = (np.array(column) for column in zip(*rows, strict=True))
    if positive.all() or not positive.any():
        assert np.isnan(auroc(scores, positive))
    else:
        assert auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


def test_calibration_error_by_hand():
    confidences = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, True, False])
    # two bins of two rows: |0.95 - 1| and |0.55 - 0.5|, each half of the rows
    assert expected_calibration_error(confidences, right, bins=10) == pytest.approx(0.05)


def test_coverage_at_error_by_hand():
    confidences = np.array([0.9, 0.8, 0.7, 0.6])
    assert coverage_at_error(confidences, np.array([True, True, False, True]), error=0.05) == 0.5
    assert coverage_at_error(confidences, np.array([True, True, False, True]), error=0.25) == 1.0
    assert coverage_at_error(confidences, np.array([False, True, True, True]), error=0.05) == 0.0


def test_confusions_are_counted_and_ranked():
    truth, guesses = ["a", "a", "b", "c"], ["b", "b", "b", "a"]
    assert confusions(truth, guesses) == [("a", "b", 2), ("c", "a", 1)]


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        accuracy(["a"], [])
