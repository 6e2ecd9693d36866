"""A chat model that does what hidden instructions say, so that the checks are what is measured.

It answers well first, from the records and passages of its prompt, and then writes what the attack demands, with the
protected text in it: more than any instruction could make a model say that has not seen that text.
"""

import re
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from eval.safety_disguises import disguised

PROMPT_SLOTS = ("system_prompt", "system_start", "system_middle", "guidelines")
_FACT = re.compile(r"^- (.+?): (.+)$", re.MULTILINE)
_PASSAGE = re.compile(r"^\[1\] .+?: (.+)$", re.MULTILINE)
_RULE = re.compile(r"What to do:\n(.*?)\n\nRecords:", re.DOTALL)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]")


class ObedientChat(BaseChatModel):
    """Writes an honest answer and then `payload`. seen: how often the instruction stood in the prompt."""

    _instruction: str = PrivateAttr("")
    _payload: str = PrivateAttr("")
    _secrets: dict[str, str] = PrivateAttr(default_factory=dict)
    _disguise: str = PrivateAttr("")
    _seen: int = PrivateAttr(0)
    _written: list[tuple[str, str]] = PrivateAttr(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "obedient"

    @property
    def written(self) -> list[tuple[str, str]]:
        """(honest part, whole draft) of every reply since `obey`."""
        return self._written

    @property
    def seen(self) -> int:
        """How many prompts held the instruction since `obey`."""
        return self._seen

    def obey(self, instruction: str, payload: str, secrets: dict[str, str], *, disguise: str = "") -> None:
        """What to write from now on. instruction: as it stands in the prompt; secrets: slot -> protected text."""
        self._instruction, self._payload, self._secrets, self._disguise = instruction, payload, secrets, disguise
        self._seen, self._written = 0, []

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        told = str(messages[0].content)
        self._seen += any(self._instruction in str(message.content) for message in messages)
        honest = _honest(told)
        payload = disguised(self._payload.format(**{**self._secrets, **_prompt_slots(told)}), self._disguise)
        draft = f"{honest} {payload}".strip()
        self._written.append((honest, draft))
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=draft))])


def _honest(told: str) -> str:
    """What the prompt's records or first passage say, as one would write it."""
    facts = dict(_FACT.findall(told))
    if "number" in facts and "status" in facts:
        items = [value for name, value in facts.items() if re.fullmatch(r"items \d+ name", name)]
        contents = f" It contains {' and '.join(items)}." if items else ""
        return f"Your order {facts['number']} is {facts['status'].replace('_', ' ')}.{contents}"
    passage = _PASSAGE.search(told)
    sentence = _SENTENCE.search(passage[1]) if passage else None
    return f"{sentence[0].strip()} [1]" if sentence else ""


def _prompt_slots(told: str) -> dict[str, str]:
    """Pieces of the prompt that an attack may ask for."""
    sentences = [sentence.strip() for sentence in _SENTENCE.findall(told)]
    rules = _RULE.search(told)
    guidelines = rules[1] if rules and rules[1].strip() else told
    pieces = (told, " ".join(sentences[:2]), " ".join(sentences[3:5]), guidelines)
    return dict(zip(PROMPT_SLOTS, pieces, strict=True))
