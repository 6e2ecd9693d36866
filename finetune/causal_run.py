"""The steps of one training run of a language model: batches, losses, looks at held-out rows, checkpoints."""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetune.causal_batches import Batch, learnt, packed_batches, padded_batches
from finetune.causal_loss import Losses
from finetune.causal_optimizers import optimizers_for
from finetune.causal_plan import CausalPlan
from finetune.causal_rows import Encoded, Example
from finetune.checkpoint import load_checkpoint, save_checkpoint
from finetune.tuning import Watch

CHECKPOINT_SECONDS = 30.0
SHORT = 256  # tokens up to which plain attention is quicker on a CPU than torch's own, whose backward pass is slow


@dataclass(slots=True)
class Progress:
    """Where a run stands; what a checkpoint keeps beside the tensors. history: (step, held-out loss) of each look."""

    step: int = 0
    tokens: int = 0
    history: list[tuple[int, float]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)  # the trained weights with the least loss


def sharded() -> bool:
    """Whether several processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


class Run:
    """One training run of a model whose trainable parameters are learnt in place."""

    def __init__(self, model: Any, given: Encoded, held: Encoded, plan: CausalPlan, folder: Path,
                 watch: Watch) -> None:  # fmt: skip
        import torch

        self.plan, self.folder, self.watch, self.held = plan, folder, watch, held.examples
        self.examples = given.examples
        self._data = [given.fingerprint, held.fingerprint]
        torch.manual_seed(plan.seed)
        self.accelerator = _accelerator(folder)
        self._attention = attention_of(model)
        self._learning = _quickest(self._attention, self.examples, self.accelerator.device)
        if plan.gradient_checkpointing:
            model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
        optimizers = optimizers_for(model, plan)
        prepared = self.accelerator.prepare(model, *optimizers)
        self.model, self.optimizers = prepared[0], list(prepared[1:])
        self.losses = Losses(self.model, self.accelerator.device, plan)
        self._lengths = [len(example.ids) for example in self.examples]
        self._per_epoch = len(self._order(0))
        self.steps = plan.steps or max(1, round(plan.epochs * self._per_epoch))
        self.progress = Progress()
        self.gathered: dict[str, Any] | None = None  # all weights, where each process holds a part

    def train(self) -> None:
        """Run all steps, or until held-out rows get no better; then put the best weights back."""
        try:
            self._train()
        finally:
            self._attend(self._attention)

    def _train(self) -> None:
        progress = self._restored()
        if self.held and not progress.history:
            progress.history.append((0, self._look()))
        marks = {round(self.steps * (look + 1) / self.plan.looks) for look in range(self.plan.looks)}
        saved = time.monotonic()
        while progress.step < self.steps:
            order = self._order(progress.step // self._per_epoch)
            for batches in order[progress.step % self._per_epoch :][: self.steps - progress.step]:
                loss = self._step(batches)
                self.watch.step(progress.step, self.steps, loss)
                self._log(loss)
                if self.held and progress.step in marks and self._enough():
                    return self._end()
                if time.monotonic() - saved > CHECKPOINT_SECONDS and progress.step < self.steps:
                    self._keep()
                    saved = time.monotonic()
        return self._end()

    def _order(self, epoch: int) -> list[list[Batch]]:
        """The steps of one epoch: for each, one batch a process, as many for all."""
        world = self.accelerator.num_processes
        packed = self.plan.layout == "packed" or (self.plan.layout == "auto" and _packs(self.accelerator.device))
        make = packed_batches if packed else padded_batches
        seed = self.plan.seed * 100_003 + epoch
        batches = make(self._lengths, max(1, self.plan.batch_tokens // world), seed=seed)
        batches += batches[: -len(batches) % world]  # the last step is filled up with the first batches
        return [batches[start : start + world] for start in range(0, len(batches), world)]

    def _step(self, batches: list[Batch]) -> float:
        factor = self._rate(self.progress.step)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * factor
        self._attend(self._learning)
        self.model.train()
        # Of all tokens of the step, whichever process holds them; what comes together is a mean over processes.
        share = self.accelerator.num_processes / sum(learnt(self.examples, batch) for batch in batches)
        total = self.losses.total(self.examples, batches[self.accelerator.process_index % len(batches)])
        self.accelerator.backward(total * share)
        self.accelerator.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.progress.step += 1
        self.progress.tokens += sum(self._lengths[place] for batch in batches for row in batch for place in row)
        return float(total.detach() * share)

    def _rate(self, step: int) -> float:
        """Rises to 1 over the warm-up and falls along a cosine to the floor at the end."""
        warm = int(self.plan.warmup * self.steps)
        if step < warm:
            return (step + 1) / warm
        share = (step - warm) / max(1, self.steps - warm)
        return self.plan.floor + (1 - self.plan.floor) * (1 + math.cos(math.pi * share)) / 2

    def _log(self, loss: float) -> None:
        step = self.progress.step
        if step % 20 == 0 or step == self.steps:
            self.accelerator.log({"loss": loss, "learning_rate": self._rate(step)}, step=step)

    def _attend(self, way: str) -> None:
        plain = self.accelerator.unwrap_model(self.model)
        if attention_of(plain) != way:
            plain.set_attn_implementation(way)

    def _look(self) -> float:
        self._attend(self._attention)
        loss = self.losses.mean(self.held)
        self.accelerator.log({"held_out_loss": loss}, step=self.progress.step)
        return round(loss, 6)

    def _enough(self) -> bool:
        """Look at the held-out rows. Returns whether they have been no better for so many looks that it should end."""
        progress = self.progress
        loss = self._look()
        if loss < min((past for _, past in progress.history[1:]), default=math.inf):
            progress.best = {name: item.detach().clone() for name, item in self._trained()}
        progress.history.append((progress.step, loss))
        losses = [past for _, past in progress.history[1:]]
        return len(losses) > self.plan.patience and min(losses[-self.plan.patience :]) > min(losses)

    def _end(self) -> None:
        import torch

        with torch.no_grad():
            for name, item in self._trained():
                if name in self.progress.best:
                    item.copy_(self.progress.best[name])
        if self._spread():
            self.gathered = self.accelerator.get_state_dict(self.model)
        self.accelerator.end_training()

    def _spread(self) -> bool:
        """Whether each process holds a part of every weight (FSDP)."""
        return str(self.accelerator.distributed_type.value) == "FSDP"

    def _trained(self) -> list[tuple[str, Any]]:
        plain = self.accelerator.unwrap_model(self.model)
        return [(name, item) for name, item in plain.named_parameters() if item.requires_grad]

    def _facts(self) -> dict[str, Any]:
        """What makes it the same run."""
        shapes = [(name, list(item.shape)) for name, item in self._trained()]
        return {"plan": self.plan.as_card(), "data": self._data, "shapes": shapes, "of": self.accelerator.num_processes}

    def _keep(self) -> None:
        """Write a checkpoint. Weights that are spread over processes have none: no process holds them all."""
        import torch

        if not self.accelerator.is_main_process or self._spread():
            return
        tensors = {f"weights.{name}": item for name, item in self._trained()}
        tensors |= {f"best.{name}": item for name, item in self.progress.best.items()}
        for number, optimizer in enumerate(self.optimizers):
            for place, state in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{number}.{place}.{key}": torch.as_tensor(value) for key, value in state.items()}
        tensors["random"] = torch.get_rng_state()
        now = {"step": self.progress.step, "tokens": self.progress.tokens, "history": self.progress.history}
        save_checkpoint(self.folder, tensors, {"same": self._facts(), **now})

    def _restored(self) -> Progress:
        import json

        import torch

        found = load_checkpoint(self.folder)
        # facts went through JSON, which knows no tuples
        if found is None or found[1].get("same") != json.loads(json.dumps(self._facts())):
            return self.progress
        tensors, facts = found
        with torch.no_grad():
            for name, item in self._trained():
                item.copy_(tensors[f"weights.{name}"])
        for number, optimizer in enumerate(self.optimizers):
            state: dict[int, dict[str, Any]] = {}
            for key, tensor in tensors.items():
                if key.startswith(f"optimizer.{number}."):
                    _, _, place, name = key.split(".", 3)
                    state.setdefault(int(place), {})[name] = tensor
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
        torch.set_rng_state(tensors["random"])
        self.progress = Progress(
            facts["step"], facts["tokens"], [(int(step), float(loss)) for step, loss in facts["history"]],
            {key.removeprefix("best."): tensor for key, tensor in tensors.items() if key.startswith("best.")},
        )  # fmt: skip
        self.watch.say(f"Going on from step {facts['step']:,} of {self.steps:,}, where the last run was interrupted.")
        return self.progress


def _packs(device: Any) -> bool:
    """Whether to pack several examples in one row.

    On a GPU rows of one length run fastest. On a CPU packed rows are no faster than examples of like length side by
    side, which need no mask: 91 against 95 examples a second (4M parameters, 70 tokens each); in one row of 4,096
    tokens, where attention is computed between examples and thrown away, they are four times slower.
    """
    return bool(device.type == "cuda")


def attention_of(model: Any) -> str:
    """How a model computes attention: "sdpa", "eager" or another name that transformers knows."""
    return str(model.config.get_text_config()._attn_implementation)


def _quickest(own: str, examples: Sequence[Example], device: Any) -> str:
    """How attention is computed in training.

    Of 4,096 tokens in examples of 64 to 256 each, a step takes 7 to 20% less with plain attention than with torch's,
    of 512 each 10% more (4M parameters, one core).
    """
    short = max(len(example.ids) for example in examples) <= SHORT
    return "eager" if device.type == "cpu" and own == "sdpa" and short else own


def _accelerator(folder: Path) -> Any:
    import torch
    from accelerate import Accelerator

    from rapport.models import choose_dtype

    # The same as for classifiers: accelerate takes one choice a process. The loss chooses its own numbers.
    half = torch.cuda.is_available() or choose_dtype("auto") == "bfloat16"
    accelerator = Accelerator(mixed_precision="bf16" if half else "no", log_with="tensorboard", project_dir=str(folder))
    accelerator.native_amp = False
    accelerator.init_trackers("tensorboard")
    return accelerator
