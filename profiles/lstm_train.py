"""Train the recurrent net on windows of the past, on one device or many. Knows arrays; which windows is told."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiles.lstm_net import Batch, NetShape, build_net, loss_of
from profiles.sequences import LONGEST, Sequences, bases

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from profiles.purchase_plan import PurchasePlan
    from profiles.windows import Outcome, Window

_CLIP = 1.0  # largest norm of a gradient
_WARM = 0.15  # share of the steps until the rate is full
_DECAY = 1e-3
_LEAST_STEPS, _LEAST_BATCH = 20, 32  # a small shop is read in smaller steps, so that an epoch has about 20 of them
_MOST = 200.0  # occasions in a horizon that the loss looks at


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Windows of R customers and cutoffs, laid out for training, ordered by customer.

    who: (R,). event: (R,). features: (R, S). base: (R, 4). truth: (R, 4 + kinds), see `lstm_net.loss_of`.
    """

    who: "np.ndarray"
    event: "np.ndarray"
    features: "np.ndarray"
    base: "np.ndarray"
    truth: "np.ndarray"


def rows_of(windows: "Sequence[tuple[Window, Outcome]]", features: "Sequence[np.ndarray]") -> Rows:
    """Join windows. features: those of each window, scaled.

    A window that ends before the latest LONGEST events of its customer is left out: the net does not read that far.
    """
    import numpy as np

    who = np.concatenate([window.who for window, _ in windows])
    event = np.concatenate([window.event for window, _ in windows])
    latest = np.zeros(int(who.max()) + 1, np.int64)
    np.maximum.at(latest, who, event)
    order = np.argsort(who, kind="stable")
    order = order[(event > latest[who] - LONGEST)[order]]
    truth = np.concatenate([_truth(outcome) for _, outcome in windows])
    base = np.concatenate([bases(window) for window, _ in windows])
    return Rows(who[order], event[order], np.concatenate(features)[order], base[order], truth[order])


def train_net(sequences: Sequences, rows: Rows, shape: NetShape, plan: "PurchasePlan", *, seed: int) -> Any:
    """One net, on the CPU, ready to predict."""
    import numpy as np
    import torch

    from profiles.accelerator import accelerator_for

    accelerator = accelerator_for(half=False)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = build_net(shape)
    optimizer = torch.optim.AdamW(net.parameters(), lr=plan.rate, weight_decay=_DECAY)
    people = np.unique(rows.who)
    size = min(plan.batch, max(_LEAST_BATCH, len(people) // _LEAST_STEPS))
    steps = plan.epochs * math.ceil(len(people) / size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, plan.rate, total_steps=steps, pct_start=_WARM)
    ready, optimizer, schedule = accelerator.prepare(net, optimizer, schedule)
    ready.train()
    for _ in range(plan.epochs):
        for batch, truth in _batches(sequences, rows, rng.permutation(people), size, accelerator.device):
            optimizer.zero_grad()
            loss = loss_of(net, ready(batch), truth)
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(ready.parameters(), _CLIP)
            optimizer.step()
            schedule.step()
    return accelerator.unwrap_model(ready).cpu().eval()


def run_nets(
    nets: "Sequence[Any]", sequences: Sequences, window: "Window", features: "np.ndarray"
) -> "tuple[np.ndarray, np.ndarray]":
    """What the nets say of a window's customers on average (n, 4 + kinds), and their memory (n, hidden x nets)."""
    import numpy as np
    import torch

    order = np.argsort(window.event, kind="stable")  # of like length together
    base = bases(window)
    said, states = [], []
    with torch.inference_mode():
        for begin in range(0, len(order), 2048):
            chosen = order[begin : begin + 2048]
            every = np.arange(len(chosen))
            indices, lengths = sequences.batch(window.who[chosen], window.event[chosen])
            batch = _batch(sequences, indices, lengths, (every, lengths - 1, features[chosen], base[chosen]), "cpu")
            remembered = [net.states(batch) for net in nets]
            told = [net.told(one, batch).numpy() for net, one in zip(nets, remembered, strict=True)]
            said.append(np.mean(told, axis=0))
            states.append(np.concatenate([one.numpy() for one in remembered], axis=1))
    back = np.argsort(order)
    return np.concatenate(said)[back], np.concatenate(states)[back]


def _batches(
    sequences: Sequences, rows: Rows, people: "np.ndarray", size: int, device: Any
) -> "Iterator[tuple[Batch, Any]]":
    """All windows of `size` customers at a time, with what came after them."""
    import numpy as np
    import torch

    first = np.searchsorted(rows.who, people)
    after = np.searchsorted(rows.who, people, side="right")
    last = np.maximum.reduceat(rows.event, np.unique(first))[np.searchsorted(np.unique(first), first)]
    for begin in range(0, len(people), size):
        some = slice(begin, begin + size)
        number = after[some] - first[some]
        chosen = np.repeat(first[some] - np.cumsum(number) + number, number) + np.arange(number.sum())
        indices, lengths = sequences.batch(people[some], last[some])
        who = np.repeat(np.arange(len(number)), number)
        at = rows.event[chosen] - (last[some] + 1 - lengths)[who]
        batch = _batch(sequences, indices, lengths, (who, at, rows.features[chosen], rows.base[chosen]), device)
        yield batch, torch.from_numpy(rows.truth[chosen]).to(device)


def _batch(
    sequences: Sequences, indices: "np.ndarray", lengths: "np.ndarray", rows: "tuple[np.ndarray, ...]", device: Any
) -> Batch:
    import torch

    def tensor(values: "np.ndarray") -> torch.Tensor:
        return torch.from_numpy(values).to(device)

    who, at, features, base = rows
    return Batch(
        numbers=tensor(sequences.numbers[indices]),
        weekday=tensor(sequences.weekday[indices]),
        kind=tensor(sequences.kind[indices]),
        lengths=torch.from_numpy(lengths),  # packing reads them on the CPU
        who=tensor(who),
        at=tensor(at),
        features=tensor(features),
        base=tensor(base),
    )


def _truth(outcome: "Outcome") -> "np.ndarray":
    import numpy as np

    each = outcome.money / np.maximum(outcome.count, 1)
    usual = each[(outcome.count > 0) & (each > 0)]
    most = np.quantile(usual, 0.995) if len(usual) else 0.0  # one wholesaler's order must not teach everybody
    columns = (np.minimum(outcome.count, _MOST), outcome.days, outcome.bought,
               np.where(outcome.count > 0, np.clip(each, 0, most), 0))  # fmt: skip
    return np.concatenate([np.stack(columns, axis=1), outcome.kinds], axis=1).astype(np.float32)
