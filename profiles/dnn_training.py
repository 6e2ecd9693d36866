"""Train one net of a table model: small steps, looks at rows held out, and back to the best look."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from profiles.dnn_network import Shape, build_network
from profiles.encode import Encoded
from rapport.models import choose_dtype

if TYPE_CHECKING:
    import numpy as np
    import torch

Progress = Callable[[int, int, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """epochs: at most. patience: looks without a better one, after which it ends. batch: rows in a step."""

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

    The same seed, rows and device give the same weights.
    """
    import torch

    torch.manual_seed(schedule.seed)
    accelerator = _accelerator()
    network = build_network(shape)
    optimizer = torch.optim.AdamW(_groups(network, schedule.decay), lr=schedule.rate)
    network, optimizer = accelerator.prepare(network, optimizer)
    numbers, places, truth = (one.to(accelerator.device) for one in tensors_of(learn))
    best, kept, worse = float("inf"), _weights(network), 0
    for _ in range(schedule.epochs):
        network.train()
        order = torch.randperm(len(truth)).to(accelerator.device)
        for rows in torch.split(order, schedule.batch):
            logits = network(numbers[rows], places[rows])
            wanted = truth[rows, None].expand_as(logits)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, wanted)
            optimizer.zero_grad()
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        found = held_loss(network, held, accelerator.device)
        worse = 0 if found < best else worse + 1
        if found < best:
            best, kept = found, _weights(network)
        if worse > schedule.patience:
            break
    plain = accelerator.unwrap_model(network).to("cpu")
    plain.load_state_dict(kept)
    return plain.eval()


def held_loss(network: Any, held: Part, device: Any) -> float:
    """The log loss of the members' mean chance."""
    import torch

    numbers, places, truth = (one.to(device) for one in tensors_of(held))
    network.eval()
    with torch.no_grad():
        chance = torch.sigmoid(network(numbers, places)).mean(1).clamp(1e-6, 1 - 1e-6)
    return float(torch.nn.functional.binary_cross_entropy(chance, truth))


def tensors_of(part: Part) -> "tuple[torch.Tensor, torch.Tensor, torch.Tensor]":
    """(numbers, places, truth)."""
    import torch

    return torch.from_numpy(part.rows.numbers), torch.from_numpy(part.rows.places), torch.from_numpy(part.truth)


def _groups(network: Any, decay: float) -> list[dict[str, Any]]:
    """Only what multiplies inputs decays; scales, biases and embeddings do not."""
    decayed = [value for name, value in network.named_parameters() if name.startswith(("layers", "heads"))]
    free = [value for name, value in network.named_parameters() if not name.startswith(("layers", "heads"))]
    return [{"params": decayed, "weight_decay": decay}, {"params": free, "weight_decay": 0.0}]


def _weights(network: Any) -> dict[str, Any]:
    return {name.removeprefix("module."): value.detach().cpu().clone() for name, value in network.state_dict().items()}


def _accelerator() -> Any:
    import torch
    from accelerate import Accelerator

    # accelerate takes one choice a process, and this is that of the classifiers; so small a net gains nothing by it
    half = torch.cuda.is_available() or choose_dtype("auto") == "bfloat16"
    return Accelerator(mixed_precision="bf16" if half else "no")
