"""Let a reply model answer rows and see which slots it states. Greedy, so that two runs say the same."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from finetune.causal_rows import Row
from finetune.reply_rows import messages_of
from prompts.fields import slots_of

BATCH = 16
LONGEST_REPLY = 96  # tokens
ANYWHERE = frozenset({"order number", "status"})
_LINE = re.compile(r"^(say|may say): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class SlotScores:
    """Shares of the rows whose reply states something, 0-1; nothing keeps the model from writing what it likes.

    right: a slot that the row's own reply states, beside those that any reply may name (order number and status) where
    it has others, and none that the record or the question does not allow: people answer the same question with the
    tracking number or with the carrier and it. same: exactly the slots of the row's own reply. wrong: one not allowed.
    """

    rows: int
    right: float
    same: float
    wrong: float


def slot_scores(model: Any, tokenizer: Any, rows: Sequence[Row], *, name: str = "the model") -> SlotScores | None:
    """The scores on the checkable rows; None where there is none."""
    checkable = [row for row in rows if row.get("checkable")]
    if not checkable:
        return None
    right = same = wrong = 0
    for row, text in zip(checkable, write_replies(model, tokenizer, checkable, name=name), strict=True):
        said = messages_of(row)
        sent, named, allowed = set(slots_of(said[-1][1])), set(slots_of(text)), slots_allowed(said[0][1])
        outside = not named <= allowed
        wrong += outside
        right += bool((sent - ANYWHERE or sent) & named) and not outside
        same += sent == named
    count = len(checkable)
    return SlotScores(count, right / count, same / count, wrong / count)


def slots_allowed(system: str) -> set[str]:
    """The slots that the system words demand or allow."""
    return {name for found in _LINE.finditer(system) for name in found[2].split(", ")} - {
        "nothing on record",
        "nothing",
    }


def write_replies(model: Any, tokenizer: Any, rows: Sequence[Row], *, name: str = "the model") -> list[str]:
    """The model's reply to each row's messages but the last."""
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
            )  # fmt: skip
        for place, tokens in zip(places, made[:, longest:].tolist(), strict=True):
            end = next((at for at, token in enumerate(tokens) if token in ends), len(tokens))
            found[place] = tokenizer.decode(tokens[:end], skip_special_tokens=True).strip()
    return found
