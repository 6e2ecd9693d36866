"""Train an encoder's top layers and a linear map on labelled texts. Knows nothing of calibration, cards or homes.

The loop runs under accelerate: bfloat16 where the processor multiplies it, one or several processes, a GPU where there
is one. A killed run goes on from its checkpoint and ends with the same weights.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from finetune.batches import batches, paired
from finetune.checkpoint import load_checkpoint, optimizer_tensors, restore_optimizer, save_checkpoint
from finetune.examples import label_weights
from finetune.inputs import Inputs
from finetune.network import agreement, anchor, build_network, hidden, loss_of, parameter_groups
from finetune.plan import TrainingPlan
from rapport.layers import top_of

if TYPE_CHECKING:
    import numpy as np
    import torch

CHECKPOINT_SECONDS = 20.0
MOST_LOOKS = 8  # at the dev rows; each costs a pass over them


class Watch(Protocol):
    """Who follows a training run. step: batches done of all; say: one sentence."""

    def step(self, done: int, total: int, loss: float) -> None: ...

    def say(self, sentence: str) -> None: ...


class Unwatched:
    """Nobody follows."""

    def step(self, done: int, total: int, loss: float) -> None: ...

    def say(self, sentence: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is learnt. texts and truth: n training rows, the label's column of each; the same for dev.

    frozen: (n, dim) the training rows' vectors by the frozen encoder. centres: (L, dim) unit vectors that the linear
    map starts from. counts: (n,) how much each training row counts; None: all alike.
    """

    texts: Sequence[str]
    truth: Sequence[int]
    dev_texts: Sequence[str]
    dev_truth: Sequence[int]
    frozen: "np.ndarray"
    centres: "np.ndarray"
    counts: "np.ndarray | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """What a run learnt. network: its averaged weights. history: (epoch, dev loss, dev accuracy) of each look."""

    network: Any
    plan: TrainingPlan
    history: tuple[tuple[int, float, float], ...]


@dataclass(slots=True)
class _Progress:
    """Where a run stands; what a checkpoint keeps beside the tensors."""

    step: int = 0
    history: list[tuple[int, float, float]] = field(default_factory=list)
    epochs: int = 0
    best: "dict[str, torch.Tensor]" = field(default_factory=dict)


def tune(transformer: Any, inputs: Inputs, task: Task, plan: TrainingPlan, *,
         folder: Path, watch: Watch) -> Tuned:  # fmt: skip
    """Train by the plan. Where memory does not suffice, the batch is halved and the run starts again, and says so.

    folder: for checkpoints and TensorBoard logs; a checkpoint of the same plan in it is gone on from.
    Raises what torch raises where a batch of one row is still too large.
    """
    from accelerate.utils.memory import should_reduce_batch_size

    while True:
        try:
            return _Run(transformer, inputs, task, plan, folder, watch).train()
        except RuntimeError as error:
            if plan.batch == 1 or not should_reduce_batch_size(error):
                raise
        plan = replace(plan, batch=plan.batch // 2)
        watch.say(f"The memory does not suffice; going on with batches of {plan.batch}.")


class _Run:
    def __init__(self, transformer: Any, inputs: Inputs, task: Task, plan: TrainingPlan, folder: Path,
                 watch: Watch) -> None:  # fmt: skip
        import torch
        from torch.optim.swa_utils import AveragedModel

        self.inputs, self.task, self.plan, self.folder, self.watch = inputs, task, plan, folder, watch
        torch.manual_seed(plan.seed)
        self.accelerator = _accelerator(folder)
        network = build_network(top_of(transformer, inputs.start), task.centres, plan)
        optimizer = torch.optim.AdamW(parameter_groups(network, plan), betas=(0.9, 0.98))
        self.network, self.optimizer = self.accelerator.prepare(network, optimizer)
        self.averaged = AveragedModel(self._plain(), multi_avg_fn=_ramped(plan.average))
        counts = Counter(task.truth)
        weights = label_weights([counts[column] for column in range(len(task.centres))]) if plan.balanced else None
        self.weights = torch.tensor(weights, device=self.accelerator.device) if weights is not None else None
        self.truth = torch.tensor(task.truth)
        self.counts = None if task.counts is None else torch.tensor(task.counts)
        self.frozen = torch.tensor(task.frozen)
        self.steps = plan.rounds * len(self._order(0))

    def train(self) -> Tuned:
        """Run all epochs, or until dev gets no better."""
        progress = self._restored()
        per_epoch = self.steps // self.plan.rounds
        every = math.ceil(self.plan.rounds / MOST_LOOKS)
        for epoch in range(progress.epochs, self.plan.rounds):
            self._epoch(self._order(epoch), progress, first=epoch * per_epoch)
            progress.epochs = epoch + 1
            last = progress.epochs == self.plan.rounds
            if self.task.dev_texts and (last or progress.epochs % every == 0) and self._look(progress):
                break
            if not last:
                self._keep(progress)
        if progress.best:
            self.averaged.module.load_state_dict(progress.best)
        self.accelerator.end_training()
        return Tuned(network=self.averaged.module.eval(), plan=self.plan, history=tuple(progress.history))

    def _order(self, epoch: int) -> list[list[int]]:
        """The batches of one epoch; where contrast teaches, each holds pairs of rows of one label."""
        seed = self.plan.seed * 1000 + epoch
        if self.plan.contrast:
            return paired(self.task.truth, self.plan.batch, centres=self.task.centres, seed=seed)
        return batches(self.inputs.lengths, self.plan.batch, seed=seed)

    def _epoch(self, order: list[list[int]], progress: _Progress, *, first: int) -> None:
        import time

        self.network.train()
        saved = time.monotonic()
        for rows in order[progress.step - first :]:
            loss = self._step(rows, progress.step)
            progress.step += 1
            self.watch.step(progress.step, self.steps, loss)
            if progress.step % 20 == 0:
                self.accelerator.log({"loss": loss, "learning_rate": self._rate(progress.step)}, step=progress.step)
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._keep(progress)
                saved = time.monotonic()

    def _step(self, rows: list[int], step: int) -> float:
        factor = self._rate(step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor
        rows = rows + rows if self.plan.agree else rows
        given, mask = (tensor.to(self.accelerator.device) for tensor in self.inputs.padded(rows))
        truth = self.truth[rows].to(self.accelerator.device)
        mask = hidden(mask, self.plan.drop) if self.plan.drop else mask
        with self.accelerator.autocast():
            vectors, logits = self.network(given, mask)
        counts = None if self.counts is None else self.counts[rows].to(vectors.device)
        loss = loss_of(vectors, logits, truth, plan=self.plan, weights=self.weights, counts=counts)
        if self.plan.anchor:
            loss = loss + self.plan.anchor * anchor(vectors, self.frozen[rows].to(vectors.device))
        if self.plan.agree:
            loss = loss + self.plan.agree * agreement(logits)
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimizer.step()
        self.averaged.update_parameters(self._plain())
        return float(loss.detach())

    def _rate(self, step: int) -> float:
        """Rises to 1 over the warm-up and falls linearly to 0 at the end."""
        warm = max(1, int(self.plan.warmup * self.steps))
        return (step + 1) / warm if step < warm else max(0.0, (self.steps - step) / max(1, self.steps - warm))

    def _look(self, progress: _Progress) -> bool:
        """Measure on dev and note the best weights. Returns whether so many looks were no better that it should end."""
        import torch

        logits = self.inputs.logits(self.averaged.module, self.task.dev_texts, device=self.accelerator.device)
        truth = torch.tensor(self.task.dev_truth)
        loss = float(torch.nn.functional.cross_entropy(logits, truth))
        right = float((logits.argmax(1) == truth).float().mean())
        progress.history.append((progress.epochs, round(loss, 5), round(right, 5)))
        self.accelerator.log({"dev_loss": loss, "dev_accuracy": right}, step=progress.step)
        losses = [past for _, past, _ in progress.history]
        if losses[-1] == min(losses):
            progress.best = {name: tensor.clone() for name, tensor in self.averaged.module.state_dict().items()}
        return len(losses) > self.plan.patience and min(losses[-self.plan.patience :]) > min(losses)

    def _keep(self, progress: _Progress) -> None:
        import torch

        if not self.accelerator.is_main_process:
            return
        tensors = {f"network.{name}": tensor for name, tensor in self._plain().state_dict().items()}
        tensors |= {f"averaged.{name}": tensor for name, tensor in self.averaged.state_dict().items()}
        tensors |= {f"best.{name}": tensor for name, tensor in progress.best.items()}
        tensors |= optimizer_tensors(self.optimizer)
        tensors["random"] = torch.get_rng_state()
        facts = {"plan": self.plan.as_card(), "step": progress.step, "epochs": progress.epochs,
                 "history": progress.history}  # fmt: skip
        save_checkpoint(self.folder, tensors, facts)

    def _restored(self) -> _Progress:
        import torch

        found = load_checkpoint(self.folder)
        if found is None or found[1]["plan"] != self.plan.as_card():
            return _Progress()
        tensors, facts = found
        for name, module in (("network.", self._plain()), ("averaged.", self.averaged)):
            module.load_state_dict(_under(name, tensors))
        restore_optimizer(self.optimizer, tensors)
        torch.set_rng_state(tensors["random"])
        history = [(int(epoch), float(loss), float(right)) for epoch, loss, right in facts["history"]]
        self.watch.say(f"Going on from step {facts['step']:,} of {self.steps:,}, where the last run was interrupted.")
        return _Progress(facts["step"], history, int(facts["epochs"]), _under("best.", tensors))

    def _plain(self) -> Any:
        return self.accelerator.unwrap_model(self.network, keep_fp32_wrapper=False)


def _under(start: str, tensors: "dict[str, torch.Tensor]") -> "dict[str, torch.Tensor]":
    """The tensors whose names begin so, by the rest of their names."""
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def _accelerator(folder: Path) -> Any:
    import torch
    from accelerate import Accelerator

    from rapport.models import choose_dtype

    half = torch.cuda.is_available() or choose_dtype("auto") == "bfloat16"
    accelerator = Accelerator(mixed_precision="bf16" if half else "no", log_with="tensorboard", project_dir=str(folder))
    accelerator.init_trackers("tensorboard")
    return accelerator


def _ramped(decay: float) -> Callable[..., None]:
    """Averages the weights with a decay that is smaller in the first steps, so that the start is forgotten."""

    def average(averaged: list[Any], now: list[Any], count: Any) -> None:
        import torch

        done = int(count)
        torch._foreach_lerp_(averaged, now, 1.0 - min(decay, (1 + done) / (10 + done)))

    return average
