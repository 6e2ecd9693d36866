"""The starter's tokenizer: byte-pair encoding in which a slot is one piece, and a ChatML template."""

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

START, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
# A line's name with its colon, the role at a message's head, a slot with the space before it, else words, numbers,
# signs, white space; bytes as GPT-2 writes them. Whole lines' names make a prompt a quarter shorter.
_PIECES = (
    r"\n[a-z ]+:|(?:user|assistant)\n| ?\{[a-z0-9 ]*\}|'(?:[sdmt]|ll|ve|re)"
    r"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}{}]+|[{}]|\s+(?!\S)|\s+"
)
TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def fit_tokenizer(texts: Iterable[str], *, size: int, window: int) -> "PreTrainedTokenizerFast":
    """Learn `size` pieces from texts. window: tokens that prompt and reply may have together."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer: Any = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[START, END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    roles = (f"{role}\n" for role in ("system", "user", "assistant") for _ in range(1000))
    tokenizer.train_from_iterator(chain(texts, roles), trainer)
    made: Any = PreTrainedTokenizerFast
    fast: PreTrainedTokenizerFast = made(
        tokenizer_object=tokenizer,
        bos_token=START,
        eos_token=END,
        pad_token=PAD,
        model_max_length=window,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = TEMPLATE
    return fast
