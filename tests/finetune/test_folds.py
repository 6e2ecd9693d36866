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


def test_of_many_rows_a_rare_label_keeps_all_of_its_own():
    labels = [*["a", "b"] * 1500, *["rare"] * 20, *["less rare"] * 30]
    (fold,) = folds_of(labels, seed=1)
    assert set(range(3000, 3020)) <= set(fold.train)
    assert any(labels[row] == "less rare" for row in fold.dev)


def test_never_more_than_three_thousand_rows_are_held_out():
    (fold,) = folds_of(["a", "b"] * 20000, seed=1)
    assert 2500 < len(fold.dev) <= 3000


def test_rows_of_one_conversation_are_held_out_together():
    labels = ["a", "b", "a", "c"] * 900
    groups = [f"conversation {row // 6}" for row in range(3600)]
    (fold,) = folds_of(labels, seed=1, groups=groups)
    held = {groups[row] for row in fold.dev}
    assert not held & {groups[row] for row in fold.train}
    assert len(fold.dev) + len(fold.train) == 3600
    assert 300 <= len(fold.dev) <= 420
    assert Counter(labels[row] for row in fold.dev)["c"] >= 60
    few = folds_of(labels[:60], seed=1, groups=groups[:60])
    assert sorted(row for fold in few for row in fold.dev) == list(range(60))
    assert not any({groups[row] for row in fold.dev} & {groups[row] for row in fold.train} for fold in few)


def test_a_label_that_one_conversation_has_stays_among_what_is_learnt():
    labels = [*["a", "b"] * 60, "seldom", "seldom"]
    groups = [*(f"{row // 4}" for row in range(120)), "only", "only"]
    assert all({120, 121} <= set(fold.train) for fold in folds_of(labels, seed=1, groups=groups))


def test_rows_without_a_conversation_stand_alone_and_one_conversation_for_all_counts_as_none():
    labels = ["a", "b"] * 30
    assert folds_of(labels, seed=1, groups=["all"] * 60) == folds_of(labels, seed=1)
    folds = folds_of(labels, seed=1, groups=["pair", "pair", *[""] * 58])
    assert sorted(row for fold in folds for row in fold.dev) == list(range(60))
    assert all((0 in fold.dev) == (1 in fold.dev) for fold in folds)


def test_the_seed_decides_which():
    labels = ["a", "b"] * 30
    assert folds_of(labels, seed=1) == folds_of(labels, seed=1)
    assert folds_of(labels, seed=1) != folds_of(labels, seed=2)


def test_thinning_keeps_every_label():
    labels = ["often"] * 5000 + ["seldom"] * 3
    kept = Counter(labels[row] for row in thinned(labels, 100, seed=1))
    assert kept["seldom"] == 2
    assert 95 <= kept["often"] <= 105
