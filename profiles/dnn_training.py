"""Train one net of a table model: small steps, looks at rows held out, and back to the best look."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiles.dnn_network import Shape, build_network
from profiles.encode import Encoded
from rapport.models import choose_dtype

if TYPE_CHECKING:
    import numpy as np
    import torch

DECAYED = ("members.layers", "members.heads", "wide")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """epochs: at most. patience: epochs without a better look, after which it ends. batch: rows in a step."""

    epochs: int
    patience: int
    batch: int
    rate: float
    decay: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Part:
    """Rows with their truth, (n,) float32 of 0 and 1."""

    rows: Encoded
    truth: "np.ndarray"


def train_network(shape: Shape, learn: Part, held: Part, schedule: Schedule) -> Any:
    """Minimise the mean loss of the members on `learn`; keep the weights that do best on `held` as an ensemble.

    The same seed, rows and device give the same weights. The generators of the process stay as they were.
    """
    import torch

    with torch.random.fork_rng(), one_thread():
        torch.manual_seed(schedule.seed)
        accelerator = _accelerator()
        network = build_network(shape)
        optimizer = torch.optim.AdamW(_groups(network, schedule.decay), lr=schedule.rate)
        network, optimizer = accelerator.prepare(network, optimizer)
        given, checked = ([one.to(accelerator.device) for one in tensors_of(part)] for part in (learn, held))
        best, kept, worse = float("inf"), _weights(accelerator, network), 0
        for _ in range(schedule.epochs):
            _epoch(accelerator, network, optimizer, given, schedule.batch)
            found = _loss(network, checked)
            worse = 0 if found < best else worse + 1
            if found < best:
                best, kept = found, _weights(accelerator, network)
            if worse > schedule.patience:
                break
        return _finished(shape, kept, learn)


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: more only spin on so small products, and would add in another order."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def tensors_of(part: Part) -> "list[torch.Tensor]":
    """Numbers, places, truth."""
    import torch

    return [torch.from_numpy(one) for one in (part.rows.numbers, part.rows.places, part.truth)]


def _epoch(accelerator: Any, network: Any, optimizer: Any, given: "list[torch.Tensor]", batch: int) -> None:
    import torch

    numbers, places, truth = given
    network.train()
    order = torch.randperm(len(truth)).to(truth.device)
    for rows in torch.tensor_split(order, max(1, -(-len(order) // batch))):
        logits = network(numbers[rows], places[rows])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth[rows, None].expand_as(logits))
        optimizer.zero_grad()
        accelerator.backward(loss)
        optimizer.step()


def _loss(network: Any, checked: "list[torch.Tensor]") -> float:
    """The log loss of the members' mean chance."""
    import torch

    numbers, places, truth = checked
    network.eval()
    with torch.no_grad():
        chance = torch.sigmoid(network(numbers, places)).mean(1).clamp(1e-6, 1 - 1e-6)
    return float(torch.nn.functional.binary_cross_entropy(chance, truth))


def _finished(shape: Shape, weights: dict[str, Any], learn: Part) -> Any:
    """A net of these weights that knows the typical row: the mean of what it learnt from, as its layers read it."""
    import torch

    network = build_network(shape)
    network.load_state_dict(weights)
    numbers, places, _ = tensors_of(learn)
    with torch.no_grad():
        network.typical.copy_(network.embed(numbers, places).mean(0))
    return network.eval()


def _groups(network: Any, decay: float) -> list[dict[str, Any]]:
    """Only what multiplies inputs decays; scales, biases and embeddings do not."""
    named = list(network.named_parameters())
    return [
        {"params": [value for name, value in named if name.startswith(DECAYED)], "weight_decay": decay},
        {"params": [value for name, value in named if not name.startswith(DECAYED)], "weight_decay": 0.0},
    ]


def _weights(accelerator: Any, network: Any) -> dict[str, Any]:
    plain = accelerator.unwrap_model(network, keep_fp32_wrapper=False)
    return {name: value.detach().cpu().clone() for name, value in plain.state_dict().items()}


def _accelerator() -> Any:
    import torch
    from accelerate import Accelerator
    from accelerate.utils import AutocastKwargs

    # accelerate takes one choice a process, and this is that of the classifiers; so small a net gains nothing by it
    half = torch.cuda.is_available() or choose_dtype("auto") == "bfloat16"
    off = AutocastKwargs(enabled=False)
    return Accelerator(mixed_precision="bf16" if half else "no", kwargs_handlers=[off])
