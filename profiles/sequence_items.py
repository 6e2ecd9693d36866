"""A small transformer that reads a customer's last products in order and says which comes next.

Every place of a sequence learns the product after it, against products drawn by how often they are bought; their odds
of being drawn are taken out of the scores, so that these estimate the chances among all products. Sources: SASRec, Kang
and McAuley, ICDM 2018 (the net); sampled softmax with correction, Bengio and Senecal, 2008, Yi et al., RecSys 2019.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

    from profiles.sequence_net import ItemNet

ROUND = 512  # sequences that are read together when nothing is learnt


@dataclass(frozen=True, slots=True, kw_only=True)
class SequencePlan:
    """How the net is built and trained.

    longest: products of a customer that it reads, the last ones. negatives: drawn for each batch and shared by it.
    popularity: the power of a product's count that it is drawn by; 0 draws all alike.
    """

    dim: int = 64
    layers: int = 2
    heads: int = 2
    longest: int = 50
    dropout: float = 0.35
    epochs: int = 14
    batch: int = 128
    rate: float = 2e-3
    negatives: int = 1024
    popularity: float = 0.75
    seed: int = 7


def fit_sequence(histories: Sequence[np.ndarray], products: int, plan: SequencePlan, *,
                 progress: Callable[[str], None] = lambda _: None) -> "ItemNet":  # fmt: skip
    """Train on each customer's products in the order of time; those with one product or none are passed over."""
    import torch

    from profiles.accelerator import accelerator_for
    from profiles.sequence_net import ItemNet

    accelerator = accelerator_for(half=True)
    with torch.random.fork_rng():
        torch.manual_seed(plan.seed)
        net = ItemNet(products, plan)
        counts = np.bincount(np.concatenate([np.empty(0, np.int64), *histories]), minlength=products)
        net.start_at(counts)
        learnt = [one[-(plan.longest + 1) :] for one in histories if len(one) > 1]
        if learnt:
            _train(net, learnt, Draws(counts, plan), plan, accelerator, progress)
    plain: ItemNet = accelerator.unwrap_model(net)
    return plain.cpu().eval()


class Draws:
    """Products that stand against the right one: drawn with replacement, with their expected number in a batch."""

    def __init__(self, counts: np.ndarray, plan: SequencePlan) -> None:
        import torch

        shares = (counts + 0.5) ** plan.popularity
        shares /= shares.sum()
        self._edges = np.cumsum(shares)
        self._n = plan.negatives
        self._log_expected = torch.from_numpy(np.log(shares * plan.negatives).astype(np.float32))

    def draw(self, random: np.random.Generator) -> "tuple[torch.Tensor, torch.Tensor]":
        """(n,) products and the logarithms of how often a batch holds each."""
        import torch

        places = np.searchsorted(self._edges, random.random(self._n)).clip(max=len(self._edges) - 1)
        drawn = torch.from_numpy(places)
        return drawn, self._log_expected[drawn]


def padded_batches(sequences: Sequence[np.ndarray], size: int, random: np.random.Generator) -> Iterator["torch.Tensor"]:
    """(at most size, longest of the batch) places, filled up with -1 on the right; like lengths together, shuffled."""
    lengths = np.array([len(one) for one in sequences])
    order = np.argsort(lengths + 2.0 * random.random(len(lengths)), kind="stable")
    groups = [order[start : start + size] for start in range(0, len(order), size)]
    for place in random.permutation(len(groups)):
        yield padded([sequences[one] for one in groups[place]], -1)


def padded(sequences: Sequence[np.ndarray], filler: int) -> "torch.Tensor":
    """(n, longest) int64, at least one wide."""
    import torch

    rows = torch.full((len(sequences), max(1, *(len(one) for one in sequences))), filler, dtype=torch.int64)
    for row, one in zip(rows, sequences, strict=True):
        row[: len(one)] = torch.from_numpy(np.ascontiguousarray(one, np.int64))
    return rows


def next_chances(net: "ItemNet", histories: Sequence[np.ndarray]) -> np.ndarray:
    """(n, P) float32 chances of each product to come next; rows sum to 1, those of empty histories are all 0."""
    chances = np.zeros((len(histories), net.products), np.float32)
    filled = [place for place, one in enumerate(histories) if len(one)]
    if len(filled) == 1:
        chances[filled[0]] = net.alone.chances(histories[filled[0]])
        return chances
    import torch

    filled.sort(key=lambda place: len(histories[place]))
    with torch.inference_mode():
        for start in range(0, len(filled), ROUND):
            group = filled[start : start + ROUND]
            chances[group] = net.chances([histories[place] for place in group]).numpy()
    return chances


def _train(net: "ItemNet", sequences: Sequence[np.ndarray], draws: Draws, plan: SequencePlan, accelerator: Any,
           progress: Callable[[str], None]) -> None:  # fmt: skip
    import torch

    random = np.random.default_rng(plan.seed)
    optimizer = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=0.0)
    steps = plan.epochs * math.ceil(len(sequences) / plan.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.rate, total_steps=steps, pct_start=0.1)
    model, optimizer = accelerator.prepare(net, optimizer)
    model.train()
    for epoch in range(plan.epochs):
        total, places = 0.0, 0
        for rows in padded_batches(sequences, plan.batch, random):
            drawn, log_expected = draws.draw(random)
            device = accelerator.device
            loss = model(rows.to(device), drawn.to(device), log_expected.to(device))
            optimizer.zero_grad()
            accelerator.backward(loss)
            optimizer.step()
            schedule.step()
            here = int((rows[:, 1:] >= 0).sum())
            total, places = total + loss.item() * here, places + here
        progress(f"epoch {epoch + 1} of {plan.epochs}: loss {total / max(1, places):.4f}")
