"""The prompt of a chat model: rules and evidence as the system's words, the conversation as it was held.

It is fitted to the model's window by count of tokens. The passages give way first: they are cut down to the words that
answer, then dropped from the lowest ranked on; then the conversation so far does. The rules, the records and the
customer's message always stay.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from agent.brief import Brief, Quote
from agent.faults import faults
from agent.summarise import RECENT, recent
from prompts.render import fill, page, rules
from rapport.types import Verdict

ROOM = 3072  # tokens of a prompt for a model that does not tell its window: a small server's, less a reply
CHARACTERS_A_TOKEN = 4
AROUND = 4  # tokens that a chat template puts around a message


@dataclass(frozen=True, slots=True)
class Budget:
    """How many tokens a prompt may have, and how they are counted."""

    room: int
    count: Callable[[Sequence[BaseMessage]], int]


def budget_of(model: BaseChatModel) -> Budget:
    """The budget of a model: by its own tokenizer and window where it tells them, else by length, for a small one."""
    from rapport.chat.model import TransformersChat

    if isinstance(model, TransformersChat):
        engine = model.engine
        window = engine.loaded.window
        prompter = engine.prompter
        return Budget(
            window - model.max_new_tokens if window else ROOM, lambda messages: len(prompter.encode(messages))
        )
    room = int((model.profile or {}).get("max_input_tokens") or ROOM)
    # without a tokenizer of its own LangChain would fetch another model's from the net
    count = model.get_num_tokens if model.custom_get_token_ids else _estimate
    return Budget(room, lambda messages: sum(count(str(message.text)) + AROUND for message in messages))


def _estimate(text: str) -> int:
    return -(-len(text) // CHARACTERS_A_TOKEN)


def prompt_for(brief: Brief, *, refused: Verdict | None = None, budget: Budget | None = None) -> list[BaseMessage]:
    """The messages of a prompt that fits the budget; where even the least does not, that one.

    refused: what the checks said of the draft before. `brief.said` is told as what the customer reads already.
    """
    prompt: list[BaseMessage] = []
    for passages, keep in _shapes(brief):
        prompt = [SystemMessage(content=_system(brief, passages, refused)), *_talk(brief, keep)]
        if budget is None or budget.count(prompt) <= budget.room:
            break
    return prompt


def _shapes(brief: Brief) -> Iterator[tuple[list[str], int]]:
    """Passages and number of messages told word by word, from all to the least; -1: nothing of the conversation."""
    marks = {record: place for place, record in enumerate(brief.sources, start=1)}
    heads = [(marks[item.record], f"[{marks[item.record]}] {item.title}: ") for item in brief.passages]
    passages = [head + item.text for (_, head), item in zip(heads, brief.passages, strict=True)]
    yield list(passages), RECENT
    quotes = _quotes(brief)
    for place in reversed(range(len(passages))):
        mark, head = heads[place]
        if len(shorter := head + quotes.get(mark, "")) < len(passages[place]) and mark in quotes:
            passages[place] = shorter
            yield list(dict.fromkeys(passages)), RECENT
    passages = list(dict.fromkeys(passages))  # two passages of one article come down to the same words
    while len(passages) > 1:
        passages.pop()
        yield list(passages), RECENT
    for keep in range(min(RECENT, len(brief.history)) - 1, -2, -1):
        yield list(passages), keep


def _quotes(brief: Brief) -> dict[int, str]:
    """The words that answer, by mark."""
    found: dict[int, str] = {}
    for part in brief.parts:
        for line in part.lines:
            if isinstance(line, Quote):
                found[line.number] = f"{found[line.number]} … {line.text}" if line.number in found else line.text
    return found


def _system(brief: Brief, passages: Sequence[str], refused: Verdict | None) -> str:
    told = {row["when"]: row["say"] for row in rules()["guideline"]}
    guidelines = dict.fromkeys(told[part.rule] for part in brief.parts if part.rule in told)
    facts = [line for tool in brief.tools for line in _fact_lines(tool.values)]
    values = {
        "company": brief.company,
        "guidelines": "\n".join(f"- {line}" for line in guidelines),
        "facts": "\n".join(facts) or "(none)",
        "passages": "\n".join(passages) or "(none)",
    }
    pages = [fill(page("system"), values)]
    if refused is not None:
        pages.append(fill(page("again"), {"faults": "\n".join(f"- {fault}" for fault in faults(refused))}))
    if brief.said:
        pages.append(fill(page("go_on"), {"said": brief.said}))
    return "\n\n".join(pages)


def _talk(brief: Brief, keep: int) -> list[BaseMessage]:
    """The conversation and the customer's message; neighbours that one side wrote are one message."""
    earlier, told = recent(brief.history, keep) if keep >= 0 else ("", ())
    said = [(True, fill(page("earlier"), {"asked": earlier}))] if earlier else []
    said += [(message.role == "customer", message.text) for message in told if message.role != "system"]
    if brief.before and not brief.history:
        said.append((False, brief.before))
    said.append((True, brief.question))
    talk: list[BaseMessage] = []
    for theirs, text in said:
        kind = HumanMessage if theirs else AIMessage
        if talk and isinstance(talk[-1], kind):
            talk[-1] = kind(content=f"{talk[-1].text}\n{text}")
        else:
            talk.append(kind(content=text))
    return talk


def _fact_lines(values: Mapping[str, Any], name: str = "") -> list[str]:
    """Nested values as "- items 1 name: Water Bottle" lines; empty ones say that they are not on record."""
    lines = []
    for key, value in values.items():
        label = f"{name} {key}".strip()
        if isinstance(value, Mapping):
            lines.extend(_fact_lines(value, label))
        elif isinstance(value, list | tuple):
            rows = {str(place): row for place, row in enumerate(value, start=1)}
            lines.extend(_fact_lines(rows, label))
        else:
            lines.append(f"- {label}: {'not on record' if value is None else value}")
    return lines
