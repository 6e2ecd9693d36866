"""The optimizers of a language model: Muon for its hidden matrices, AdamW for the rest."""

from typing import Any

from finetune.causal_plan import CausalPlan


def optimizers_for(model: Any, plan: CausalPlan) -> list[Any]:
    """One or two optimizers over all trainable parameters; each group keeps its `peak` learning rate.

    Muon makes every update of a matrix orthogonal; scaled to the size of AdamW's updates, it takes the same rates.
    It fits neither embeddings nor the head, whose rows are tokens. Source: Jordan, Muon, 2024; the scale: Liu et al.,
    Muon is scalable for LLM training, 2025.
    """
    import torch

    trained = {name: item for name, item in model.named_parameters() if item.requires_grad}
    hidden = hidden_matrices(model) if plan.optimizer == "muon" else frozenset()
    matrices = [item for name, item in trained.items() if name in hidden]
    others = [item for name, item in trained.items() if name not in hidden]
    found: list[Any] = []
    if matrices:
        muon = torch.optim.Muon(
            matrices, lr=plan.learning_rate, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        found.append(muon)
    if others:
        groups = [
            {"params": [item for item in others if item.dim() > 1], "weight_decay": plan.weight_decay},
            {"params": [item for item in others if item.dim() < 2], "weight_decay": 0.0},  # norms and biases
        ]
        groups = [group for group in groups if group["params"]]
        found.append(torch.optim.AdamW(groups, lr=plan.learning_rate, betas=(0.9, 0.95), fused=_fused(others)))
    for optimizer in found:
        for group in optimizer.param_groups:
            group["peak"] = group["lr"]
    return found


def hidden_matrices(model: Any) -> frozenset[str]:
    """The names of the trainable two-dimensional parameters that are neither embeddings nor the head."""
    import torch

    tables = {id(module.weight) for module in model.modules() if isinstance(module, torch.nn.Embedding)}
    head = model.get_output_embeddings()
    if head is not None:
        tables.add(id(head.weight))
    return frozenset(
        name for name, item in model.named_parameters()
        if item.requires_grad and item.dim() == 2 and id(item) not in tables
    )  # fmt: skip


def _fused(parameters: list[Any]) -> bool:
    """Whether torch has one kernel for all of AdamW's steps there."""
    return all(item.device.type in ("cpu", "cuda") and item.is_floating_point() for item in parameters)
