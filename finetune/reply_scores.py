"""Let a reply model answer rows and see which slots it states. Greedy, so that two runs say the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.causal_rows import Row
from finetune.reply_rows import messages_of
from prompts.fields import slots_of, told_by
from rapport.chat.slots import Slots, SlotTrie

BATCH = 16
LONGEST_REPLY = 96  # tokens
ANYWHERE = frozenset({"order number", "status"})


@dataclass(frozen=True, slots=True)
class SlotScores:
    """Shares of the rows whose reply states something, 0-1.

    right, same: as it serves, where it can name no other slots than those allowed and has to name those asked for.
    free, wrong: where nothing keeps it from writing what it likes.

    right, free: it states a slot of the row's own reply (one that is not order number or status, which any reply may
    name, where that has others) and none that is not allowed: people answer one question with the tracking number, or
    with the carrier and it. same: exactly the slots of the row's own reply. wrong: a slot that is not allowed.
    """

    rows: int
    right: float
    same: float
    free: float
    wrong: float


def slot_scores(model: Any, tokenizer: Any, rows: Sequence[Row], *, name: str = "the model") -> SlotScores | None:
    """The scores on the checkable rows; None where there is none."""
    checkable = [row for row in rows if row.get("checkable")]
    if not checkable:
        return None
    right = same = free = wrong = 0
    bound = write_replies(model, tokenizer, checkable, name=name, bound=True)
    unbound = write_replies(model, tokenizer, checkable, name=name)
    for row, held, loose in zip(checkable, bound, unbound, strict=True):
        said = messages_of(row)
        sent, allowed = set(slots_of(said[-1][1])), set(_slots(row).allowed)
        answer = sent - ANYWHERE or sent
        right += bool(answer & set(slots_of(held)))
        same += sent == set(slots_of(held))
        outside = not set(slots_of(loose)) <= allowed
        free += bool(answer & set(slots_of(loose))) and not outside
        wrong += outside
    count = len(checkable)
    return SlotScores(count, right / count, same / count, free / count, wrong / count)


def _slots(row: Row) -> Slots:
    """The slots that a row's system words allow, and those that they demand."""
    need = told_by(messages_of(row)[0][1])
    return Slots(need.slots, need.must)


def write_replies(model: Any, tokenizer: Any, rows: Sequence[Row], *, name: str = "the model",
                  bound: bool = False) -> list[str]:  # fmt: skip
    """The model's reply to each row's messages but the last. bound: with slots as its system words say alone."""
    import torch
    from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

    from rapport.chat.prompt import Prompter

    kinds: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    prompter = Prompter(tokenizer, name=name)
    window = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    room = window - LONGEST_REPLY if window else None
    prompts = [prompter.fit([kinds[role](text) for role, text in messages_of(row)[:-1]], room) for row in rows]
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    ends = sorted(prompter.ends or {tokenizer.eos_token_id})
    tries = [SlotTrie(tokenizer, _slots(row), ends=ends) for row in rows] if bound else []
    found = [""] * len(prompts)
    model.eval()
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        longest = max(len(prompts[place]) for place in places)
        ids = torch.tensor([[ends[0]] * (longest - len(prompts[place])) + prompts[place] for place in places])
        mask = torch.tensor([[0] * (longest - len(prompts[place])) + [1] * len(prompts[place]) for place in places])
        with torch.inference_mode():
            made = model.generate(
                input_ids=ids.to(model.device), attention_mask=mask.to(model.device), do_sample=False,
                max_new_tokens=LONGEST_REPLY, eos_token_id=ends, pad_token_id=ends[0],
                logits_processor=[_Tries(tries[place] for place in places)] if bound else [],
            )  # fmt: skip
        for place, tokens in zip(places, made[:, longest:].tolist(), strict=True):
            end = next((at for at, token in enumerate(tokens) if token in ends), len(tokens))
            found[place] = tokenizer.decode(tokens[:end], skip_special_tokens=True).strip()
    return found


class _Tries:
    """A logits processor with one trie a row."""

    def __init__(self, tries: Iterable[SlotTrie]) -> None:
        self._tries = list(tries)
        self._skip: int | None = None  # tokens of the prompts, padded to one length

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        import torch

        self._skip = input_ids.shape[1] if self._skip is None else self._skip
        rows = zip(self._tries, input_ids, scores, strict=True)
        return torch.stack([trie.masked(ids[self._skip :].tolist(), row) for trie, ids, row in rows])
