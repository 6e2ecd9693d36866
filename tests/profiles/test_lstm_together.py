"""Nets side by side say of one customer what they say one after the other."""

import numpy as np
import pytest

from profiles.lstm_net import NetShape, build_net
from profiles.lstm_together import Together
from profiles.lstm_train import run_nets
from profiles.sequences import LONGEST, Sequences
from profiles.value import Histories
from profiles.windows import NAMES, Window


def nets_of(shape, number=3):
    import torch

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(5)
        nets = [build_net(shape).eval() for _ in range(number)]
        for net in nets:
            for weights in net.parameters():
                weights.normal_(std=0.3)
    return nets


def customers_of(lengths, shape):
    """(their events, the window of one of them)."""
    rng = np.random.default_rng(3)
    starts = np.cumsum([0, *lengths])
    total = int(starts[-1])
    sequences = Sequences(
        rng.normal(size=(total, shape.events)).astype(np.float32), rng.integers(0, 7, total),
        rng.integers(0, shape.kinds, total), starts,
    )  # fmt: skip

    def window(who, event):
        one = np.ones(1)
        numbers = rng.uniform(1, 9, size=(1, len(NAMES)))
        return Window(np.array([who]), np.array([event]), Histories(one, one, one, one), numbers, one, one / 3, 0.0, 90)

    return sequences, window


@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize(("who", "event"), [(0, 0), (1, 6), (1, 3), (2, LONGEST + 19)])
def test_nets_together_say_of_one_customer_what_they_say_one_after_the_other(cell, who, event):
    shape = NetShape(events=11, features=5, kinds=4, hidden=8, width=12, cell=cell)
    nets = nets_of(shape)
    sequences, window = customers_of([1, 9, LONGEST + 20], shape)
    asked, features = window(who, event), np.random.default_rng(4).normal(size=(1, 5)).astype(np.float32)
    said, states = Together.of(nets, shape).run(sequences, asked, features)
    for found, expected in zip((said, states), run_nets(nets, sequences, asked, features), strict=True):
        assert found.shape == expected.shape
        assert found == pytest.approx(expected, abs=1e-5)
