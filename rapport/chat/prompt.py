"""Turn messages into the tokens of a model's own chat template. What a person wrote never becomes a control token."""

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from rapport.errors import ModelError

ROLES: tuple[tuple[type[BaseMessage], str], ...] = (
    (SystemMessage, "system"),
    (HumanMessage, "user"),
    (AIMessage, "assistant"),
)
Said = list[dict[str, str]]  # the messages as a chat template takes them


class Prompter:
    """Makes prompts by the chat template of a tokenizer. Raises ModelError where it has none.

    ends: the tokens that the template puts after a reply.
    """

    def __init__(self, tokenizer: Any, *, name: str) -> None:
        if not tokenizer.chat_template:
            raise ModelError(
                f"the model '{name}' has no chat template, so it does not know who says what.",
                hint="Give an instruction-tuned model, or put its chat_template.jinja beside the tokenizer.",
            )
        self.name = name
        self.tokenizer = tokenizer
        self._lock = threading.Lock()  # a tokenizer may change its own settings while it encodes
        added = tokenizer.added_tokens_decoder
        # Added tokens that plain text cannot give are control tokens too ("<think>", "<tool_call>"), special or not.
        tokenizer.chat_control_tokens = [
            token.content for id, token in added.items() if id >= tokenizer.vocab_size and not token.content.isspace()
        ]
        self.control = frozenset(id for id, token in added.items() if token.special or id >= tokenizer.vocab_size)
        self._prove()
        self.ends = self._ends()

    def encode(self, messages: Sequence[BaseMessage]) -> list[int]:
        """The tokens of a prompt that asks for a reply. Raises ModelError for what the template does not take.

        A template that refuses a system message, or an assistant's first, gets the system's words at the head of the
        first user message, without what the assistant said before it.
        """
        from jinja2 import TemplateError

        said = [_as_said(message) for message in messages]
        try:
            try:
                return self._apply(said)
            except TemplateError:
                return self._apply(_folded(said))
        except TemplateError as error:
            raise ModelError(f"the chat template of '{self.name}' refuses these messages: {error}") from error

    def fit(self, messages: Sequence[BaseMessage], room: int | None) -> list[int]:
        """The tokens of a prompt of at most `room` tokens; None is no limit.

        The oldest messages are left out until it fits. What the system says and the last message always stay; where
        those alone are too long it raises ModelError.
        """
        kept = list(messages)
        while True:
            tokens = self.encode(kept)
            if room is None or len(tokens) <= room:
                return tokens
            oldest = next((at for at, item in enumerate(kept[:-1]) if not isinstance(item, SystemMessage)), None)
            if oldest is None:
                raise ModelError(
                    f"the prompt has {len(tokens):,} tokens; the window of '{self.name}' leaves {room:,} for it.",
                    hint="Take a model with a longer window, or allow it shorter replies.",
                )
            del kept[oldest]

    def _apply(self, said: Said) -> list[int]:
        try:
            with self._lock:
                encoded = self.tokenizer.apply_chat_template(
                    said,
                    add_generation_prompt=True,
                    sanitize_control_tokens=True,
                    enable_thinking=False,  # a variable of some templates: a customer reads no reasoning
                )
        except (ValueError, NotImplementedError) as error:
            raise ModelError(f"'{self.name}' cannot keep control tokens out of the text: {error}") from error
        return [int(token) for token in encoded["input_ids"]]

    def _prove(self) -> None:
        """Raise ModelError where a control token that somebody writes would be read as one.

        Not every kind of tokenizer can keep them apart, and one that cannot says nothing of it.
        """
        usual = self._controls("a")
        for id in self.control:
            written = self.tokenizer.convert_ids_to_tokens(id)
            try:
                read = self._controls(written)
            except ModelError:
                continue  # refused, so never read
            if read - usual:
                raise ModelError(
                    f"the tokenizer of '{self.name}' reads {written!r} in a message as a control token.",
                    hint="Give a model whose tokenizer has a tokenizer.json.",
                )

    def _controls(self, text: str) -> "Counter[int]":
        return Counter(token for token in self.encode([HumanMessage(text)]) if token in self.control)

    def _ends(self) -> frozenset[int]:
        """The first control token after a reply; none where the template writes none.

        Two conversations that differ in the reply alone show where it stands.
        """
        one, other = (self.encode([HumanMessage("a"), AIMessage(word)]) for word in ("b", "c"))
        place = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))
        return frozenset([token for token in one[place:] if token in self.control][:1])


def _as_said(message: BaseMessage) -> dict[str, str]:
    role = next((name for kind, name in ROLES if isinstance(message, kind)), None)
    if role is None:
        raise ModelError(f"a {message.type} message has no place in a chat template.", hint="Give text of three roles.")
    blocks = message.content if isinstance(message.content, list) else []
    if other := [item["type"] for item in blocks if isinstance(item, dict) and item.get("type") != "text"]:
        raise ModelError(f"the chat model reads text alone, not {other[0]}.")
    return {"role": role, "content": str(message.text)}


def _folded(said: Said) -> Said:
    """Without a system message, from the first user message on, neighbours of one role joined."""
    system = "\n\n".join(item["content"] for item in said if item["role"] == "system")
    rest = [item for item in said if item["role"] != "system"]
    while rest and rest[0]["role"] != "user":
        rest = rest[1:]
    folded: Said = []
    for item in rest:
        if folded and folded[-1]["role"] == item["role"]:
            folded[-1]["content"] += f"\n\n{item['content']}"
        else:
            folded.append(dict(item))
    if folded and system:
        folded[0]["content"] = f"{system}\n\n{folded[0]['content']}"
    return folded or said
