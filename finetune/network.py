"""The trainable classifier: top layers, mean pooling, a linear map. Its losses; nothing of loops or files."""

from typing import TYPE_CHECKING, Any

from finetune.plan import TrainingPlan
from rapport.layers import without_peft_warnings
from rapport.passes import unit_vectors

if TYPE_CHECKING:
    import numpy as np
    import torch

SCALE = 20.0  # of cosine scores before the softmax, so that unit vectors can be sure of something
TEMPERATURE = 0.1  # of the contrastive loss; Khosla et al. used the same
HEAD_FACTOR = 5.0  # the linear map starts at the class centres and learns faster than the layers
LORA_TARGETS = ("query", "key", "value", "dense")


def build_network(top: Any, centres: "np.ndarray", plan: TrainingPlan) -> "torch.nn.Module":
    """A module that maps (states or ids, mask) to ((n, dim) unit vectors, (n, L) logits).

    top: from `rapport.layers.top_of`. centres: (L, dim) unit vectors that the linear map starts from.
    """
    import torch

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.top = _with_lora(top, plan) if plan.method == "lora" else top
            self.weights = torch.nn.Parameter(torch.tensor(centres, dtype=torch.float32))
            self.bias = torch.nn.Parameter(torch.zeros(len(centres)))

        def forward(self, inputs: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            vectors = unit_vectors(self.top, inputs, mask)
            return vectors, SCALE * vectors @ self.weights.T + self.bias

    for module in top.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = plan.dropout
    return Network()


def loss_of(
    vectors: "torch.Tensor",
    logits: "torch.Tensor",
    truth: "torch.Tensor",
    *,
    plan: TrainingPlan,
    weights: "torch.Tensor | None",
    counts: "torch.Tensor | None" = None,
) -> "torch.Tensor":
    """Cross entropy with smoothed labels, and where the plan says so the contrastive loss.

    weights: (L,) of the labels. counts: (n,) of the rows.
    Source: Khosla et al., Supervised Contrastive Learning, NeurIPS 2020.
    """
    import torch

    entropy = torch.nn.functional.cross_entropy(logits.float(), truth, label_smoothing=plan.smoothing, reduction="none")
    # weighed by the row's own label: torch's `weight` weighs what smoothing gives every label too, and so lets a label
    # with one row take more of each row's certainty than the row's own label leaves
    shares = torch.ones_like(entropy) if weights is None else weights[truth]
    entropy = (shares * entropy if counts is None else shares * entropy * counts).sum() / shares.sum()
    return entropy + plan.contrast * contrast(vectors, truth) if plan.contrast else entropy


def anchor(vectors: "torch.Tensor", frozen: "torch.Tensor") -> "torch.Tensor":
    """How far unit vectors moved from those of the frozen encoder: the mean of one less their cosine."""
    return (1.0 - (vectors * frozen).sum(1)).mean()


def agreement(logits: "torch.Tensor") -> "torch.Tensor":
    """How far the first half of the rows' answers lie from those of the second half, which are the same rows again.

    The mean of both Kullback-Leibler divergences. Source: Liang et al., R-Drop, NeurIPS 2021.
    """
    first, second = logits.float().log_softmax(1).chunk(2)
    apart = (first.exp() - second.exp()) * (first - second)
    return 0.5 * apart.sum(1).mean()


def hidden(mask: "torch.Tensor", share: float) -> "torch.Tensor":
    """The mask without a random share of its tokens; the first one always stays."""
    import torch

    kept = torch.rand(mask.shape, device=mask.device) >= share
    kept[:, 0] = True
    return mask * kept


def contrast(vectors: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    """Supervised contrastive loss of unit vectors; 0 where no two rows share a label."""
    import torch

    alone = torch.eye(len(truth), dtype=torch.bool, device=truth.device)
    same = (truth[:, None] == truth[None]) & ~alone
    scores = (vectors @ vectors.T / TEMPERATURE).masked_fill(alone, -1e9)
    shares = scores - torch.logsumexp(scores, dim=1, keepdim=True)
    partners = same.sum(1)
    if not bool(partners.any()):
        return vectors.sum() * 0.0
    means = (shares * same).sum(1) / partners.clamp(min=1)
    return -means[partners > 0].mean()


def parameter_groups(network: Any, plan: TrainingPlan) -> list[dict[str, Any]]:
    """What AdamW trains, with `peak` as each group's highest learning rate. Biases and norms have no decay."""
    groups: dict[tuple[float, float], list[Any]] = {}
    depth = len(_layers(network.top))
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        if name in ("weights", "bias"):
            rate = plan.learning_rate * HEAD_FACTOR
        else:
            rate = plan.learning_rate * plan.layer_decay ** (depth - 1 - _layer_of(name))
        decay = 0.01 if parameter.ndim > 1 and name != "weights" else 0.0
        groups.setdefault((rate, decay), []).append(parameter)
    return [
        {"params": parameters, "lr": rate, "peak": rate, "weight_decay": decay}
        for (rate, decay), parameters in groups.items()
    ]


def _layer_of(name: str) -> int:
    """Number of the layer that a parameter belongs to; -1 for the embeddings."""
    parts = name.split(".")
    return int(parts[parts.index("layer") + 1]) if "layer" in parts else -1


def _layers(top: Any) -> Any:
    return next(module for name, module in top.named_modules() if name.endswith("encoder.layer"))


def _with_lora(top: Any, plan: TrainingPlan) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(r=plan.rank, lora_alpha=2 * plan.rank, lora_dropout=0.0, target_modules=list(LORA_TARGETS))
    with without_peft_warnings():
        return get_peft_model(top, config)
