"""Make the starter: rows of the grammar, a tokenizer, a small Llama trained from nothing, what tells topics, a card."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.causal import Fitted, fit_causal
from finetune.causal_plan import CausalPlan
from finetune.starter.grammar import rows
from finetune.starter.matcher import fit_topics, matched, other_texts
from finetune.starter.scores import SlotScores, score_slots
from finetune.starter.tokenizer import fit_tokenizer
from finetune.tuning import Unwatched, Watch
from rapport.cards import Card, publish, read_card
from rapport.chat.slots import Slots

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

    from rapport.models import Encoder
    from rapport.topics import Topics

MOST_SCORED = 300  # rows
MOST_READ = 20_000  # rows that the tokenizer is fitted on
WINDOW = 512  # tokens of prompt and reply together; an answer needs about a hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterPlan:
    """Size and training of the starter. rows: of the grammar; held_out: rows in phrases that are not learnt.

    messages: what the topics are learnt from, by topic_layers of the encoder's size. For what other sizes are worth
    see docs/starter.md.
    """

    rows: int = 52_000
    messages: int = 20_000
    held_out: int = 400
    vocabulary: int = 3072
    width: int = 256
    layers: int = 4
    heads: int = 4
    topic_layers: int = 1
    seed: int = 7
    training: CausalPlan = field(
        default_factory=lambda: CausalPlan(
            epochs=1.0, batch_tokens=2560, learning_rate=2.5e-3, optimizer="muon", looks=4, patience=4
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
        num_key_value_heads=1 if plan.heads % 2 else plan.heads // 2,
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
    texts = (message["content"] for row in given[:MOST_READ] for message in row["messages"])
    tokenizer = fit_tokenizer(texts, size=plan.vocabulary, window=WINDOW)
    model = new_model(tokenizer, plan)
    watch = progress or Unwatched()
    return fit_causal(
        model, tokenizer, given, held_out=held, plan=plan.training, folder=folder, progress=watch
    ), tokenizer


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The parts of a starter. topics_found: share of questions in unknown phrases whose topic is found."""

    plan: StarterPlan
    fitted: Fitted
    tokenizer: "PreTrainedTokenizerFast"
    topics: "Topics"
    topics_found: float


def make_starter(
    folder: Path, *, encoder: "Encoder", plan: StarterPlan, work: Path, progress: Watch | None = None
) -> Card:
    """Train, fit and write a starter to `folder`, with its scores. Returns its card.

    work: folder for checkpoints; a killed run that is started again with the same plan goes on from there.
    """
    from rapport.sample import build_sample

    watch = progress or Unwatched()
    fitted, tokenizer = train_starter(plan, work, progress=watch)
    watch.say("training what tells the topics that are asked for")
    others = other_texts(build_sample().examples)
    topics = fit_topics(
        encoder, others, folder=work / "topics", count=plan.messages, layers=plan.topic_layers, seed=plan.seed,
        watch=watch,
    )  # fmt: skip
    made = Made(plan=plan, fitted=fitted, tokenizer=tokenizer, topics=topics, topics_found=matched(topics, encoder))
    ship(made, folder, scores={})
    watch.say("scoring")
    free, bound = (score_starter(folder, plan, bound=bound) for bound in (False, True))
    return ship(made, folder, scores={"free": free.as_card(), **bound.as_card()})


def ship(made: Made, folder: Path, *, scores: dict[str, Any]) -> Card:
    """Write the files of a starter with their card; weights in float16."""
    import torch

    from rapport.topics import save_topics

    card = Card(
        name=folder.name,
        kind="reply",
        base="none: trained from random weights",
        data={"source": "the grammar in finetune/starter", "rows": made.fitted.rows, "seed": made.plan.seed},
        plan={**asdict(made.plan), "protocol": "slots", "languages": ["en"]},
        scores={
            "held_out_loss": made.fitted.after,
            "topics_found": round(made.topics_found, 4),
            "seconds": made.fitted.seconds,
            **scores,
        },
        licence="Apache-2.0; all data is made by Rapport's own grammar",
    )
    with publish(folder, card) as target:
        made.fitted.model.to(torch.float16).save_pretrained(target)
        made.tokenizer.save_pretrained(target)
        save_topics(made.topics, target)
    return read_card(folder)


def score_starter(folder: Path, plan: StarterPlan, *, bound: bool = True) -> SlotScores:
    """Slots on rows in phrases that were not learnt from. bound: kept to the slots that there are, as in use."""
    from langchain_core.messages import HumanMessage, SystemMessage

    from rapport.chat.model import TransformersChat

    chat = TransformersChat(model=str(folder), max_new_tokens=160, seconds=60)

    def write(messages: Sequence[dict[str, str]], slots: Slots | None) -> str:
        prompt = [SystemMessage(messages[0]["content"]), HumanMessage(messages[1]["content"])]
        return str(chat.invoke(prompt, slots=slots).text)

    count = min(MOST_SCORED, max(2, plan.rows // 100))
    return score_slots(list(rows(plan.seed + 2, count, held_out=True)), write, bound=bound)
