"""Training rows → the tokens of a model's own chat template. What anybody wrote never becomes a control token."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.reply_rows import RowMessages, messages_of
from rapport.errors import ModelError

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """The tokens of a conversation. reply: how many of them, at the end, are the reply that is learnt."""

    ids: tuple[int, ...]
    reply: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """The examples of some rows. left_out: rows whose last message and reply alone are longer than allowed."""

    examples: tuple[Example, ...]
    left_out: int

    @property
    def fingerprint(self) -> str:
        """Hash of all tokens."""
        digest = hashlib.sha256()
        for example in self.examples:
            digest.update(repr((example.ids, example.reply)).encode())
        return digest.hexdigest()[:16]


class RowEncoder:
    """Turns rows into examples. The prompt is the one that the model gets when it serves; the reply ends as there.

    Raises ModelError for a tokenizer without a chat template, or with one that takes no replies.
    """

    def __init__(self, tokenizer: Any, *, most: int, name: str = "the model") -> None:
        from langchain_core.messages import HumanMessage

        from rapport.chat.prompt import Prompter

        self.name, self.most = name, most
        self._tokenizer = tokenizer
        self._prompter = Prompter(tokenizer, name=name)  # also teaches the tokenizer which tokens control
        self._replies: dict[str, list[int]] = {}  # of small grammars many are alike
        # A reply's tokens are what the template adds to the shortest conversation. Some templates write their
        # thinking in front of a reply only when they are asked for one, so there are two starts to try.
        self._starts = (self._prompter.encode([HumanMessage("a")]), self._rendered([{"role": "user", "content": "a"}]))

    def encode(self, rows: Iterable[Row]) -> Encoded:
        """The examples of the rows, in their order."""
        examples, left_out = [], 0
        for row in rows:
            example = self._example(messages_of(row))
            if example is None:
                left_out += 1
            else:
                examples.append(example)
        return Encoded(tuple(examples), left_out)

    def _example(self, said: RowMessages) -> Example | None:
        from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

        kinds: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
        text = said[-1][1].strip()
        if text not in self._replies:
            self._replies[text] = self._reply(text)
        reply = self._replies[text]
        try:
            prompt = self._prompter.fit([kinds[role](text) for role, text in said[:-1]], self.most - len(reply))
        except ModelError:  # what must stay is too long already
            return None
        return Example((*prompt, *reply), len(reply))

    def _reply(self, text: str) -> list[int]:
        whole = self._rendered([{"role": "user", "content": "a"}, {"role": "assistant", "content": text}], ask=False)
        start = next((start for start in self._starts if whole[: len(start)] == start), None)
        if start is None:
            raise ModelError(
                f"the chat template of '{self.name}' puts a reply elsewhere than where it asks for one.",
                hint="Give a model whose chat_template.jinja continues its generation prompt.",
            )
        rest = whole[len(start) :]
        control = self._prompter.control
        end = next((place + 1 for place, token in enumerate(rest) if token in control), None)
        if end is not None:
            return rest[:end]
        stop = self._tokenizer.eos_token_id
        return rest if stop is None else [*rest, int(stop)]

    def _rendered(self, said: Sequence[Mapping[str, str]], *, ask: bool = True) -> list[int]:
        encoded = self._tokenizer.apply_chat_template(
            list(said), add_generation_prompt=ask, sanitize_control_tokens=True
        )
        return [int(token) for token in encoded["input_ids"]]
