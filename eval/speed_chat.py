"""How fast replies are generated: against transformers' own loop, and for several conversations against one.

The model has the shape of the starter and random weights, made for the run: what is measured does not depend on what a
model says. Every reply has the same number of tokens, the likeliest each time. On a CPU seconds are those that the
process computed, which what else the machine does leaves alone.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from eval.report import Spread, spread

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from rapport.chat.model import TransformersChat

WIDTH, LAYERS, HEADS, SHARED_HEADS = 256, 4, 8, 4
VOCABULARY = 3000
CONVERSATIONS = 8
MADE = 40  # tokens of a reply
TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message.role + '|>' + message.content + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
SYSTEM = (
    "You answer for a shop. The order is shipped, the parcel is in transit. You may write the order number, the "
    "status, the items, the carrier, the tracking number, the day it was sent, the day it is expected and the total. "
    "The customer asks for the day it is expected. Name it, and nothing that is not known. Keep it short and friendly."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSpeed:
    """over_bare: tokens a second of one conversation over those of transformers' own loop; no prompt begins like one
    before, so that all of it is read. eight_over_one: of eight conversations at once over one, with one system message.
    Medians of the repetitions. prompt: tokens of a prompt.
    """

    over_bare: Spread
    eight_over_one: Spread
    tokens_per_s: Spread
    bare_per_s: Spread
    one_per_s: Spread
    eight_per_s: Spread
    prompt: int


def measure_chat(*, repetitions: int = 15) -> ChatSpeed:
    """Time all in turn, each repetition in another order."""
    with TemporaryDirectory(prefix="rapport-speed-") as folder:
        make_model(Path(folder))
        chat, count = _chat(Path(folder)), itertools.count()
        bare = _Bare(Path(folder), chat)
        timed: dict[str, Callable[[], float]] = {
            "ours": lambda: _together(chat, [_talk(next(count), new=True)]),
            "bare": lambda: bare.generate(_talk(next(count), new=True)),
            "one": lambda: _together(chat, [_talk(next(count))]),
            "eight": lambda: _together(chat, [_talk(next(count)) for _ in range(CONVERSATIONS)]),
        }
        rates: dict[str, list[float]] = {name: [] for name in timed}
        for turn in range(repetitions + 1):
            names = list(timed)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                rate = timed[name]()
                if turn:  # the first round warms up
                    rates[name].append(rate)
        prompt = len(chat.engine.prompter.encode(_talk(next(count))))
    return ChatSpeed(
        over_bare=_ratio(rates["ours"], rates["bare"]),
        eight_over_one=_ratio(rates["eight"], rates["one"]),
        tokens_per_s=spread(rates["ours"]),
        bare_per_s=spread(rates["bare"]),
        one_per_s=spread(rates["one"]),
        eight_per_s=spread(rates["eight"]),
        prompt=prompt,
    )


def _clock() -> float:
    """Seconds: of computing on a CPU, of the wall where a GPU computes."""
    import torch

    return time.perf_counter() if torch.cuda.is_available() else time.process_time()


def make_model(folder: Path, *, seed: int = 7) -> None:
    """Write a Llama-shaped model of random weights, a tokenizer of the sample company's words, and a chat template."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        hidden_size=WIDTH,
        intermediate_size=3 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=SHARED_HEADS,
        max_position_embeddings=1024,
        vocab_size=len(tokenizer),
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    model = LlamaForCausalLM(config)
    with torch.no_grad():  # so that the end of a reply is never the likeliest token: all have the same length
        embeddings: Any = model.get_input_embeddings()
        embeddings.weight[tokenizer.eos_token_id].zero_()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from rapport.sample import build_sample

    company = build_sample()
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, initial_alphabet=alphabet, show_progress=False)
    inner.train_from_iterator([SYSTEM, *(article.text for article in company.articles)], trainer)
    roles = ["<|system|>", "<|user|>", "<|assistant|>"]
    fast: Any = PreTrainedTokenizerFast
    tokenizer = fast(tokenizer_object=inner, eos_token="<|end|>", extra_special_tokens=roles)
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def _talk(number: int, *, new: bool = False) -> "list[BaseMessage]":
    """A conversation that no other is equal to. new: its prompt does not begin like any other's either."""
    from langchain_core.messages import HumanMessage, SystemMessage

    asked = f"Hello, I ordered socks on day {number} and wonder when they will be here, please."
    return [SystemMessage(f"{number}. {SYSTEM}" if new else SYSTEM), HumanMessage(asked)]


def _chat(folder: Path) -> "TransformersChat":
    from rapport.chat.model import TransformersChat

    return TransformersChat(model=str(folder), max_new_tokens=MADE, seconds=600.0)


class _Bare:
    """transformers' own generation with the same weights, the same number format and its own cache."""

    def __init__(self, folder: Path, chat: "TransformersChat") -> None:
        from transformers import AutoModelForCausalLM

        self._prompter = chat.engine.prompter
        self._model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=chat.engine.loaded.model.dtype)

    def generate(self, talk: "Sequence[BaseMessage]") -> float:
        """Tokens a second of one reply, its prompt read and all."""
        import torch

        started = _clock()
        ids = torch.tensor([self._prompter.encode(talk)])
        with torch.inference_mode():
            made = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=MADE,
                min_new_tokens=MADE,
                do_sample=False,
                use_cache=True,
            )
        seconds = _clock() - started
        return (len(made[0]) - ids.shape[1]) / seconds


def _together(chat: "TransformersChat", talks: "Sequence[list[BaseMessage]]") -> float:
    """Tokens a second of several conversations at once, each in a thread of its own."""
    with ThreadPoolExecutor(len(talks)) as pool:
        started = _clock()
        made = sum(pool.map(lambda talk: _made(chat, talk), talks))
        return made / (_clock() - started)


def _made(chat: "TransformersChat", talk: "list[BaseMessage]") -> int:
    usage = chat.invoke(talk).usage_metadata
    return usage["output_tokens"] if usage else 0


def _ratio(ours: Sequence[float], others: Sequence[float]) -> Spread:
    return spread([one / other for one, other in zip(ours, others, strict=True)])
