"""What a training run of a language model does. Plain values; knows nothing of torch."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from rapport.errors import SettingsError

Optimizer = Literal["adamw", "muon"]
Precision = Literal["auto", "bfloat16", "float32"]
Layout = Literal["auto", "padded", "packed"]
CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": ("adamw", "muon"),
    "precision": ("auto", "bfloat16", "float32"),
    "layout": ("auto", "padded", "packed"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalPlan:
    """The settings of one training run.

    epochs: passes over the rows. steps: how many steps instead, whatever passes that takes.
    batch_tokens: tokens of one step, of all processes together. max_tokens: of one example; the oldest messages of a
    longer one are left out. learning_rate: its peak, reached after the share `warmup` of all steps, from where it
    falls along a cosine to the share `floor` of itself.
    optimizer: `muon` for hidden matrices (embeddings, head and norms keep AdamW), or `adamw` for all.
    precision: `auto` multiplies in bfloat16 where the processor does.
    layout: `padded` puts examples of like length in one batch, `packed` several in one row; `auto` packs on a GPU.
    rank: of LoRA adapters; None trains all weights. dropout: on the adapters' input.
    looks: at the held-out rows, in equal steps, the last at the end. patience: looks without a better loss before the
    run stops. Where there are held-out rows, the weights with the best loss are kept.
    """

    epochs: float = 3.0
    steps: int | None = None
    batch_tokens: int = 4096
    max_tokens: int = 1024
    learning_rate: float = 1e-3
    optimizer: Optimizer = "adamw"
    warmup: float = 0.05
    floor: float = 0.0
    weight_decay: float = 0.01
    precision: Precision = "auto"
    layout: Layout = "auto"
    rank: int | None = None
    dropout: float = 0.0
    gradient_checkpointing: bool = False
    looks: int = 6
    patience: int = 2
    seed: int = 7

    def __post_init__(self) -> None:
        bounds: dict[str, tuple[float, float]] = {
            "epochs": (0.01, 1000),
            "steps": (1, 10_000_000),
            "batch_tokens": (16, 10_000_000),
            "max_tokens": (16, 1_000_000),
            "learning_rate": (1e-7, 1.0),
            "warmup": (0.0, 0.9),
            "floor": (0.0, 1.0),
            "weight_decay": (0.0, 1.0),
            "rank": (1, 1024),
            "dropout": (0.0, 0.9),
            "looks": (1, 1000),
            "patience": (1, 1000),
        }
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise SettingsError(
                    f"the {name} '{getattr(self, name)}' is not known.", hint=f"Give one of: {', '.join(known)}."
                )
        for name, (low, high) in bounds.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise SettingsError(
                    f"{name.replace('_', ' ')} {value} is out of range.", hint=f"Give a value from {low:g} to {high:g}."
                )

    def as_card(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)
