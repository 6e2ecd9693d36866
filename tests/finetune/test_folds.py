"""Holding rows out."""

from collections import Counter

from finetune.folds import folds_of, thinned


def test_few_rows_are_each_held_out_once():
    labels = ["a"] * 9 + ["b"] * 6
    folds = folds_of(labels, seed=1)
    assert sorted(row for fold in folds for row in fold.dev) == list(range(15))
    for fold in folds:
        assert set(fold.train) | set(fold.dev) == set(range(15))
        assert not set(fold.train) & set(fold.dev)
        assert Counter(labels[row] for row in fold.dev) == {"a": 3, "b": 2}


def test_a_label_with_a_single_row_is_always_trained_on():
    folds = folds_of(["a", "a", "a", "only"], seed=1)
    assert all(3 in fold.train for fold in folds)


def test_of_many_rows_one_tenth_is_held_out_once():
    labels = ["a", "b"] * 2500
    (fold,) = folds_of(labels, seed=1)
    assert len(fold.dev) == 500
    assert len(fold.train) == 4500


def test_never_more_than_three_thousand_rows_are_held_out():
    (fold,) = folds_of(["a", "b"] * 20000, seed=1)
    assert 2500 < len(fold.dev) <= 3000


def test_the_seed_decides_which():
    labels = ["a", "b"] * 30
    assert folds_of(labels, seed=1) == folds_of(labels, seed=1)
    assert folds_of(labels, seed=1) != folds_of(labels, seed=2)


def test_thinning_keeps_every_label():
    labels = ["often"] * 5000 + ["seldom"] * 3
    kept = Counter(labels[row] for row in thinned(labels, 100, seed=1))
    assert kept["seldom"] == 2
    assert 95 <= kept["often"] <= 105
