"""The losses of the trained classifier."""

import math

import numpy as np
import pytest

from finetune.examples import label_weights
from finetune.network import agreement, contrast, loss_of
from finetune.plan import TrainingPlan


def test_the_contrastive_loss_of_two_pairs_is_as_worked_by_hand(torch):
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    # each row: its partner scores 10, two others 0, so -log(e^10 / (e^10 + 2))
    expected = -math.log(math.exp(10) / (math.exp(10) + 2))
    assert contrast(vectors, torch.tensor([0, 0, 1, 1])).item() == pytest.approx(expected, abs=1e-6)


def test_rows_that_share_no_label_have_no_contrastive_loss(torch):
    assert contrast(torch.eye(3), torch.tensor([0, 1, 2])).item() == 0.0


def test_answers_that_are_alike_agree_and_others_differ_as_worked_by_hand(torch):
    sure, even = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 0.0]])
    assert agreement(torch.cat([sure, sure])).item() == pytest.approx(0.0, abs=1e-7)
    # of p = (s, 1 - s) and (1/2, 1/2) the two divergences add up to (2 s - 1) / 2 times the logit, which is 2
    share = 1 / (1 + math.exp(-2.0))
    expected = 0.5 * (share - 0.5) * 2.0
    assert agreement(torch.cat([sure, even])).item() == pytest.approx(expected, abs=1e-6)
    assert agreement(torch.cat([even, sure])).item() == pytest.approx(expected, abs=1e-6)


def test_label_weights_have_mean_one_over_the_rows_and_favour_the_rare():
    weights = label_weights([100, 4])
    assert weights[1] / weights[0] == pytest.approx(5.0)
    assert (weights * np.array([100, 4])).sum() / 104 == pytest.approx(1.0)


def test_a_row_that_counts_twice_adds_its_loss_twice(torch):
    logits, truth = torch.tensor([[1.0, 0.0], [0.0, 0.5]]), torch.tensor([0, 1])
    counts, plan = torch.tensor([2.0, 1.0]), TrainingPlan(smoothing=0.0)
    first, second = math.log1p(math.exp(-1.0)), math.log1p(math.exp(-0.5))
    found = loss_of(logits, logits, truth, plan=plan, weights=None, counts=counts)
    assert found.item() == pytest.approx((2 * first + second) / 2, abs=1e-6)


def test_labels_that_count_more_weigh_the_loss_as_in_torch(torch):
    logits, truth = torch.tensor([[1.0, 0.0, 2.0], [0.0, 0.5, 0.1]]), torch.tensor([0, 1])
    plan, weights = TrainingPlan(smoothing=0.0), torch.tensor([0.5, 2.0, 1.0])
    expected = torch.nn.functional.cross_entropy(logits, truth, weight=weights)
    found = loss_of(logits, logits, truth, plan=plan, weights=weights)
    assert found.item() == pytest.approx(expected.item(), abs=1e-6)


def test_a_smoothed_row_weighs_by_its_own_label_alone(torch):
    logits, truth = torch.tensor([[1.0, 0.0], [0.0, 0.5]]), torch.tensor([0, 1])
    plan, weights = TrainingPlan(smoothing=0.1), torch.tensor([1.0, 4.0])
    # each row: 0.95 of its own label's log loss and 0.05 of the other's, which is as much more as its logit is less
    first, second = math.log1p(math.exp(-1.0)) + 0.05 * 1.0, math.log1p(math.exp(-0.5)) + 0.05 * 0.5
    found = loss_of(logits, logits, truth, plan=plan, weights=weights)
    assert found.item() == pytest.approx((1.0 * first + 4.0 * second) / 5.0, abs=1e-6)


def test_a_label_of_few_rows_is_given_no_more_of_each_row_by_smoothing_than_any_other(torch):
    """Where the loss is least: the certainty that a common label's row leaves is divided evenly."""
    truth, weights = torch.tensor([0]), torch.tensor(label_weights([1000, 1000, 1]))
    logits = torch.zeros((1, 3), requires_grad=True)
    loss_of(logits, logits, truth, plan=TrainingPlan(smoothing=0.1), weights=weights).backward()
    slopes = logits.grad[0].tolist()
    assert slopes[1] == pytest.approx(slopes[2], abs=1e-6)
    assert slopes[0] == pytest.approx(1 / 3 - 0.9 - 0.1 / 3, abs=1e-6)
