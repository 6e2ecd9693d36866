"""How fast language models are fine-tuned, against a bare PyTorch loop over the same batches in the same run."""

import random
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from eval.report import Spread, spread

if TYPE_CHECKING:
    from finetune.causal_plan import CausalPlan
    from finetune.causal_rows import Encoded

VOCABULARY = 3000
WIDTH, LAYERS = 256, 4  # the size of the starter


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSpeed:
    """ratio: examples a second over those of the bare loop, by CPU seconds; median and range of the repetitions."""

    ratio: Spread
    examples_per_s: Spread
    bare_per_s: Spread


def finetune_over_bare(*, examples: int = 300, repetitions: int = 3, seed: int = 7) -> TrainingSpeed:
    """Train a model of the starter's size on random tokens, in turn with our loop and with a bare one.

    The bare loop has nothing but the model, its batches made beforehand, and the optimizer.
    """
    from finetune.causal_plan import CausalPlan

    plan = CausalPlan(epochs=1, batch_tokens=4096, seed=seed)
    given = _examples(examples, seed=seed)
    ratios, ours, bare = [], [], []
    with TemporaryDirectory(prefix="rapport-speed-") as folder:
        _time_ours(_examples(40, seed=seed), plan, Path(folder))  # warms up both: the kernels are the same
        for repetition in range(repetitions):
            times = {}
            for part in ("ours", "bare") if repetition % 2 else ("bare", "ours"):
                times[part] = _time_ours(given, plan, Path(folder)) if part == "ours" else _time_bare(given, plan)
            ratios.append(times["bare"] / times["ours"])
            ours.append(examples / times["ours"])
            bare.append(examples / times["bare"])
    return TrainingSpeed(ratio=spread(ratios), examples_per_s=spread(ours), bare_per_s=spread(bare))


def _time_ours(given: "Encoded", plan: "CausalPlan", folder: Path) -> float:
    from finetune.causal_rows import Encoded
    from finetune.causal_run import Run
    from finetune.tuning import Unwatched

    run = Run(_model(plan.seed), given, Encoded((), 0), plan, folder, Unwatched())
    started = time.process_time()
    run.train()
    return time.process_time() - started


def _time_bare(given: "Encoded", plan: "CausalPlan") -> float:
    import torch

    from finetune.causal_batches import padded_batches, tensors_of
    from rapport.models import choose_dtype

    model = _model(plan.seed).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=plan.learning_rate, fused=True)
    order = padded_batches([len(example.ids) for example in given.examples], plan.batch_tokens, seed=plan.seed)
    batches = [tensors_of(given.examples, batch) for batch in order]
    half = choose_dtype("auto") == "bfloat16"
    started = time.process_time()
    for ids, _, labels in batches:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = model(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return time.process_time() - started


def _model(seed: int) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=704, num_hidden_layers=LAYERS,
        num_attention_heads=4, num_key_value_heads=4, max_position_embeddings=1024, tie_word_embeddings=True,
    )  # fmt: skip
    return LlamaForCausalLM(config)


def _examples(count: int, *, seed: int) -> "Encoded":
    """Conversations of about 70 tokens with replies of about 25."""
    from finetune.causal_rows import Encoded, Example

    chance = random.Random(seed)
    found = []
    for _ in range(count):
        length = max(24, int(chance.gauss(70, 25)))
        reply = max(8, min(length - 12, int(chance.gauss(25, 8))))
        found.append(Example(tuple(chance.randrange(VOCABULARY) for _ in range(length)), reply))
    return Encoded(tuple(found), 0)
