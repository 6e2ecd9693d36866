"""Make the starter: rows from the grammar, a tokenizer, a small Llama trained from nothing, a map of topics, a card."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.causal import Fitted, fit_causal
from finetune.causal_plan import CausalPlan
from finetune.starter.grammar import rows
from finetune.starter.tokenizer import fit_tokenizer
from finetune.tuning import Unwatched, Watch

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

WINDOW = 512  # tokens of prompt and reply together; an answer needs about a hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterPlan:
    """Size and training of the starter. rows: of the grammar; held_out: rows in phrases that are not learnt."""

    rows: int = 40_000
    held_out: int = 400
    vocabulary: int = 3072
    width: int = 256
    layers: int = 4
    heads: int = 4
    seed: int = 7
    training: CausalPlan = field(
        default_factory=lambda: CausalPlan(
            epochs=1.0, batch_tokens=4096, learning_rate=3e-3, optimizer="muon", looks=4, patience=4
        )
    )


def new_model(tokenizer: "PreTrainedTokenizerFast", plan: StarterPlan) -> "LlamaForCausalLM":
    """A Llama of the plan's size with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(plan.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=plan.width,
        intermediate_size=plan.width * 11 // 4,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.heads,
        num_key_value_heads=plan.heads // 2,
        max_position_embeddings=WINDOW,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


def train_starter(
    plan: StarterPlan, folder: Path, *, progress: Watch | None = None
) -> "tuple[Fitted, PreTrainedTokenizerFast]":
    """Train a model on the grammar's rows. folder: for checkpoints, so that a killed run goes on."""
    given = list(rows(plan.seed, plan.rows))
    held = list(rows(plan.seed + 1, plan.held_out, held_out=True))
    texts = (message["content"] for row in given for message in row["messages"])
    tokenizer = fit_tokenizer(texts, size=plan.vocabulary, window=WINDOW)
    model = new_model(tokenizer, plan)
    watch = progress or Unwatched()
    return fit_causal(
        model, tokenizer, given, held_out=held, plan=plan.training, folder=folder, progress=watch
    ), tokenizer
