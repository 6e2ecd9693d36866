"""Teach a reply model which of two replies people preferred. Knows nothing of homes or files of pairs.

The loop is that of `finetune.causal_run`: under accelerate, in one process or several, going on after a kill.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.causal import adapted
from finetune.causal_batches import padded_batches
from finetune.causal_plan import CausalPlan
from finetune.causal_rows import Encoded, RowEncoder
from finetune.causal_run import Run
from finetune.preference_loss import PairExample, PairLosses, margins, pair_of
from finetune.preference_pairs import Pair, replies
from finetune.tuning import Unwatched, Watch
from rapport.errors import DataError, SettingsError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencePlan:
    """The settings of a preference training; written into the card.

    beta: how dear it is to move away from the model that it begins with; larger stays nearer. sft: weight of the usual
    loss on the chosen replies beside. rank: of a new LoRA adapter; one that the model brings is trained on.
    held_out: share of the conversations that is measured and not learnt. The rest as in `CausalPlan`.
    """

    beta: float = 0.1
    sft: float = 1.0
    rank: int = 16
    epochs: float = 3.0
    batch_tokens: int = 2048
    max_tokens: int = 1024
    learning_rate: float = 2e-4
    held_out: float = 0.2
    looks: int = 6
    patience: int = 2
    seed: int = 7

    def __post_init__(self) -> None:
        bounds = {"beta": (0.001, 10.0), "sft": (0.0, 10.0), "held_out": (0.05, 0.5)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise SettingsError(
                    f"{name.replace('_', ' ')} {getattr(self, name)} is out of range.",
                    hint=f"Give a value from {low:g} to {high:g}.",
                )
        self.causal.as_card()  # it has bounds of its own

    @property
    def causal(self) -> CausalPlan:
        """What the training loop is told. Raises SettingsError for a value out of range."""
        return CausalPlan(
            epochs=self.epochs, batch_tokens=self.batch_tokens, max_tokens=self.max_tokens, rank=self.rank,
            learning_rate=self.learning_rate, looks=self.looks, patience=self.patience, seed=self.seed,
            warmup=0.1, layout="padded",
        )  # fmt: skip

    def as_card(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a model makes of pairs.

    accuracy: share of the pairs whose chosen reply is likelier, a token, than the rejected one. margin: mean of how
    much more it prefers the chosen ones than the model that training began with; moved: share where it does so at all.
    chosen_loss: the usual loss a token on the chosen replies.
    """

    pairs: int
    accuracy: float
    margin: float
    moved: float
    chosen_loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """What a run did. model: with its adapter and the best weights by held-out loss. before, after: held-out pairs.

    left_out: pairs too long for the model.
    """

    model: Any
    before: Preferences
    after: Preferences
    train: int
    left_out: int
    steps: int
    seconds: float


def fit_preference(
    model: Any, tokenizer: Any, train: Sequence[Pair], held_out: Sequence[Pair], *, plan: PreferencePlan, folder: Path,
    watch: Watch | None = None,
) -> Preferred:  # fmt: skip
    """Train a LoRA adapter on the pairs.

    model: a causal language model, to which a new adapter is added, or a PEFT model whose adapter is trained on. Where
    it stands now is what it is held to: a new adapter changes nothing yet, so that is the model without it.
    folder: for checkpoints and logs. Raises DataError where no pair is left on one of the sides.
    """
    started = time.perf_counter()
    window = getattr(model.config.get_text_config(), "max_position_embeddings", None) or plan.max_tokens
    encoder = RowEncoder(tokenizer, most=min(int(window), plan.max_tokens))
    given, held = _encoded(train, encoder), _encoded(held_out, encoder)
    if not given or not held:
        raise DataError(
            f"of {len(train):,} pairs to learn and {len(held_out):,} held out, {len(given):,} and {len(held):,} fit "
            f"into {encoder.most:,} tokens.", hint="Allow more tokens, or take a model with a longer window.",
        )  # fmt: skip
    model = adapted(model, plan.causal)
    run = PreferenceRun(model, given, held, plan, folder, watch or Unwatched())
    before = run.preferences()
    run.train()
    left_out = len(train) + len(held_out) - len(given) - len(held)
    return Preferred(
        model=model.eval(), before=before, after=run.preferences(), train=len(given), left_out=left_out,
        steps=run.progress.step, seconds=round(time.perf_counter() - started, 2),
    )  # fmt: skip


class PreferenceRun(Run):
    """A training run on pairs. The reference is computed once, by the model as it is handed over."""

    def __init__(
        self, model: Any, given: Sequence[PairExample], held: Sequence[PairExample], plan: PreferencePlan, folder: Path,
        watch: Watch,
    ) -> None:  # fmt: skip
        super().__init__(model, Encoded(tuple(given), 0), Encoded(tuple(held), 0), plan.causal, folder, watch)
        self._beta = plan.beta
        self.losses = PairLosses(self.model, self.accelerator.device, plan.causal, beta=plan.beta, sft=plan.sft)
        self.pairs = self.losses
        self.examples = self.referred(given)
        self.held = self.referred(held)

    def referred(self, pairs: Sequence[PairExample]) -> tuple[PairExample, ...]:
        """The pairs with their log-probabilities by the model as it is now."""
        chosen, rejected = self._log_probabilities(pairs)
        values = zip(pairs, chosen.tolist(), rejected.tolist(), strict=True)
        return tuple(replace(pair, reference=(one, other)) for pair, one, other in values)

    def preferences(self) -> Preferences:
        """What the model makes of the held-out pairs now."""
        import torch

        held = [pair for pair in self.held if isinstance(pair, PairExample)]
        chosen, rejected = self._log_probabilities(held)
        lengths = torch.tensor([(pair.chosen.reply, pair.rejected.reply) for pair in held], dtype=torch.float32)
        gained = margins(chosen, rejected, torch.tensor([pair.reference for pair in held]), beta=self._beta)
        return Preferences(
            pairs=len(held),
            accuracy=float((chosen / lengths[:, 0] > rejected / lengths[:, 1]).float().mean()),
            margin=float(gained.mean()),
            moved=float((gained > 0).float().mean()),
            chosen_loss=float(-chosen.sum() / lengths[:, 0].sum()),
        )

    def _log_probabilities(self, pairs: Sequence[PairExample]) -> "tuple[torch.Tensor, torch.Tensor]":
        """(n,) log-probabilities of chosen and rejected replies, without training, in the order of the pairs."""
        import torch

        self.model.eval()
        found = torch.zeros(len(pairs), 2)
        lengths = [len(pair.ids) for pair in pairs]
        with torch.no_grad():
            for batch in padded_batches(lengths, self.plan.batch_tokens, seed=0):
                places = [place for row in batch for place in row]
                both = self.pairs.log_probabilities([pairs[place] for place in places])
                found[places] = torch.stack(both, dim=1).float().cpu()
        return found[:, 0], found[:, 1]


def _encoded(pairs: Sequence[Pair], encoder: RowEncoder) -> list[PairExample]:
    """The pairs whose replies both fit behind the whole same prompt."""
    found = []
    for chosen, rejected in replies(pairs):
        both = encoder.encode([chosen, rejected]).examples
        if len(both) == 2 and both[0].ids[: -both[0].reply] == both[1].ids[: -both[1].reply]:
            found.append(pair_of(*both))
    return found
