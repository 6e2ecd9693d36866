"""Fine-tune a causal language model, or a LoRA adapter on one, on training rows. Knows nothing of tickets or homes.

One loop under accelerate, in one process or several. A killed run goes on from its checkpoint and ends with the same
weights.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from finetune.causal_plan import CausalPlan
from finetune.causal_rows import Encoded, Row, RowEncoder
from finetune.causal_run import Run, sharded
from finetune.tuning import Unwatched, Watch
from rapport.errors import DataError
from rapport.layers import without_peft_warnings


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a run did. model: what was given, or it with a LoRA adapter, with the weights that are kept.

    history: (step, held-out loss) of each look; before, after: held-out loss a token, None without held-out rows.
    tokens: seen in training, without padding. left_out: rows longer than allowed.
    gathered: all weights, in the first process, where each process holds a part of them.
    """

    model: Any
    plan: CausalPlan
    history: tuple[tuple[int, float], ...]
    before: float | None
    after: float | None
    steps: int
    rows: int
    left_out: int
    tokens: int
    seconds: float
    gathered: dict[str, Any] | None = None


def fit_causal(
    model: Any, tokenizer: Any, rows: Sequence[Row], *, held_out: Sequence[Row] = (), plan: CausalPlan, folder: Path,
    progress: Watch | None = None,
) -> Fitted:  # fmt: skip
    """Train by the plan. Where memory does not suffice, the batch is halved and the run starts again, and says so.

    model: a transformers causal language model, trained in place; its trained weights become float32.
    folder: for checkpoints and TensorBoard logs; a checkpoint of the same run in it is gone on from.
    Raises DataError where no row is left, ModelError for a template that takes no replies, and what torch raises where
    a batch of one example is still too large.
    """
    watch = progress or Unwatched()
    encoder = RowEncoder(tokenizer, most=_most(model, plan), name=str(getattr(model.config, "_name_or_path", "")))
    given, held = encoder.encode(rows), encoder.encode(held_out)
    if not given.examples:
        raise DataError(
            f"none of {len(rows):,} rows can be learnt: none fits into {encoder.most:,} tokens.",
            hint="Allow more tokens, or take a model with a longer window.",
        )
    started = time.perf_counter()
    model = adapted(model, plan)
    start = {name: item.detach().clone() for name, item in model.named_parameters() if item.requires_grad}
    while True:
        try:
            run = Run(model, given, held, plan, folder, watch)
            run.train()
            break
        except RuntimeError as error:
            if not _too_large(error, given, plan):
                raise
        plan = replace(plan, batch_tokens=plan.batch_tokens // 2)
        watch.say(f"The memory does not suffice; going on with batches of {plan.batch_tokens:,} tokens.")
        _put_back(model, start)
    return _fitted(run, model, given, seconds=time.perf_counter() - started)


def adapted(model: Any, plan: CausalPlan) -> Any:
    """The model with a fresh LoRA adapter on all its linear maps where the plan names a rank; else as it is."""
    import torch

    if plan.rank is not None and not hasattr(model, "peft_config"):
        from peft import LoraConfig, get_peft_model

        torch.manual_seed(plan.seed)
        config = LoraConfig(
            r=plan.rank, lora_alpha=2 * plan.rank, lora_dropout=plan.dropout, target_modules="all-linear",
            task_type="CAUSAL_LM",
        )  # fmt: skip
        with without_peft_warnings():
            model = get_peft_model(model, config)
    for item in model.parameters():
        if item.requires_grad:
            item.data = item.data.float()  # small steps vanish in numbers of 16 bits
    return model


def _most(model: Any, plan: CausalPlan) -> int:
    window = getattr(model.config.get_text_config(), "max_position_embeddings", None) or plan.max_tokens
    return min(int(window), plan.max_tokens)


def _too_large(error: RuntimeError, given: Encoded, plan: CausalPlan) -> bool:
    """Whether memory did not suffice and smaller batches exist. Several processes would halve at different times."""
    from accelerate.utils.memory import should_reduce_batch_size

    longest = max(len(example.ids) for example in given.examples)
    return not sharded() and plan.batch_tokens > longest and bool(should_reduce_batch_size(error))


def _put_back(model: Any, start: dict[str, Any]) -> None:
    import torch

    with torch.no_grad():
        for name, item in model.named_parameters():
            if name in start:
                item.copy_(start[name])


def _fitted(run: Run, model: Any, given: Encoded, *, seconds: float) -> Fitted:
    history = tuple(run.progress.history)
    return Fitted(
        model=model.eval(), plan=run.plan, history=history[1:], before=history[0][1] if history else None,
        after=min(loss for _, loss in history[1:]) if len(history) > 1 else None, steps=run.progress.step,
        rows=len(given.examples), left_out=given.left_out, tokens=run.progress.tokens, seconds=round(seconds, 2),
        gathered=run.gathered,
    )  # fmt: skip
