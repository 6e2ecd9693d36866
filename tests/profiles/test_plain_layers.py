"""Layers in numpy give what torch's own give for the same weights."""

import numpy as np
import pytest

from profiles.plain_layers import Linear, Norm, Recurrent, gelu, silu, softmax
from profiles.sequence_items import SequencePlan, next_chances

VALUES = np.random.default_rng(2).normal(size=(4, 6)).astype(np.float32)


@pytest.fixture
def torch():
    import torch

    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(3)
        yield torch


@pytest.mark.parametrize(("ours", "theirs"), [(gelu, "gelu"), (silu, "silu"), (softmax, "softmax")])
def test_an_activation_is_that_of_torch(torch, ours, theirs):
    more = {"dim": -1} if theirs == "softmax" else {}
    expected = getattr(torch.nn.functional, theirs)(torch.from_numpy(VALUES), **more)
    assert ours(VALUES) == pytest.approx(expected.numpy(), abs=1e-6)


def test_a_linear_layer_and_a_normalisation_are_those_of_torch(torch):
    linear, norm = torch.nn.Linear(6, 3), torch.nn.LayerNorm(6)
    norm.weight.normal_()
    norm.bias.normal_()
    assert Linear.of(linear)(VALUES) == pytest.approx(linear(torch.from_numpy(VALUES)).numpy(), abs=1e-6)
    assert Norm.of(norm)(VALUES) == pytest.approx(norm(torch.from_numpy(VALUES)).numpy(), abs=1e-6)


@pytest.mark.parametrize("cell", ["GRU", "LSTM"])
def test_recurrent_layers_remember_what_those_of_torch_do(torch, cell):
    layers = [getattr(torch.nn, cell)(6, 5, batch_first=True) for _ in range(2)]
    found = Recurrent.of(layers)(np.stack([VALUES, VALUES[::-1]]))
    for own, layer, events in zip(found, layers, (VALUES, VALUES[::-1].copy()), strict=True):
        assert own == pytest.approx(layer(torch.from_numpy(events)[None])[0][0, -1:].numpy(), abs=1e-6)


@pytest.mark.parametrize("length", [1, 3, 8, 20])
def test_the_net_of_products_says_of_one_customer_what_it_says_among_others(torch, length):
    from profiles.sequence_net import ItemNet

    net = ItemNet(30, SequencePlan(dim=16, heads=2, layers=2, longest=8)).eval()
    for weights in net.parameters():
        weights.normal_(std=0.3)
    histories = [np.random.default_rng(length).integers(0, 30, length), np.arange(5), np.empty(0, int)]
    alone = next_chances(net, [histories[0], histories[2]])
    assert alone[0] == pytest.approx(next_chances(net, histories)[0], abs=1e-6)
    assert alone[0].sum() == pytest.approx(1, abs=1e-5)
    assert not alone[1].any()
