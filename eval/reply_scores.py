"""Let a reply model answer held-out training rows, and score each reply against what people sent.

A model is asked by its own chat template for the likeliest reply, without the checks and without the bars on slots that
guard it in service, so that what it would get wrong by itself can be seen. Knows nothing of who is compared with whom.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.values import values_in
from eval.gate import ReplyScore
from finetune.reply_rows import messages_of
from prompts.fields import SLOT, slots_of, told_by
from prompts.forbidden import rule_breaks
from rapport.errors import ModelError

if TYPE_CHECKING:
    from rapport.replies import ReplySource

SECONDS = 120.0  # longest time for one reply: a slow machine is no reason to lose a comparison
TOKENS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One held-out conversation. before: (role, text) of all but the reply; sent: the reply that people sent."""

    id: str
    before: tuple[tuple[str, str], ...]
    sent: str

    def said_by(self, *roles: str) -> str:
        """All that these roles say before the reply."""
        return "\n".join(text for role, text in self.before if role in roles)


@dataclass(frozen=True, slots=True)
class Written:
    """A model's reply. whole: it ended by itself and says something; else it would not be sent."""

    text: str
    whole: bool
    ms: float


Write = Callable[[Case], Written]


def cases_of(rows: Sequence[Mapping[str, Any]]) -> list[Case]:
    """Training rows as cases, numbered from 1. Raises BadRow for one that is no conversation with a reply."""
    made = []
    for number, row in enumerate(rows, start=1):
        *before, (_, sent) = messages_of(row)
        made.append(Case(id=f"{row.get('source') or 'row'} #{number}", before=tuple(before), sent=sent.strip()))
    return made


def score(case: Case, written: Written) -> ReplyScore:
    """What a reply is worth. One that is empty or was cut off is neither right nor grounded: it would not be sent.

    right: it names every slot, and states every value of the evidence, that people named and stated, and no slot that
    there is not. grounded: its slots exist, and its other numbers, amounts, dates and links stand in what the system or
    the customer said. A forbidden phrase counts once for each rule that it breaks; only the system's words excuse one.
    """
    evidence = values_in(SLOT.sub(" ", case.said_by("system", "user")))
    facts, stated = _facts(case.sent, evidence), _facts(written.text, evidence)
    exists = set(slots_of(written.text)) <= _slots_told(case)
    plain = values_in(SLOT.sub(" ", written.text))
    return ReplyScore(
        case=case.id,
        right=written.whole and facts <= stated and exists if facts else None,
        grounded=written.whole and exists and plain <= evidence,
        rule_breaks=len(rule_breaks(written.text, case.said_by("system"))),
        similarity=similarity(written.text, case.sent),
        length=len(written.text.split()),
        ms=written.ms,
    )


def _facts(text: str, evidence: frozenset[str]) -> frozenset[str]:
    """The slots of a reply, and those of its values that stand in the evidence."""
    slots = {f"{{{name}}}" for name in slots_of(text)}
    return frozenset(slots | (values_in(SLOT.sub(" ", text)) & evidence))


def _slots_told(case: Case) -> set[str]:
    """The slots that the model may name: what the system lists, and what people named themselves."""
    return {*told_by(case.said_by("system")).slots, *slots_of(case.sent)}


def similarity(text: str, sent: str) -> float:
    """chrF of a reply and the one that people sent, 0 to 1. Source: Popović, chrF, WMT 2015."""
    if not text.strip():
        return 0.0
    from nltk.translate.chrf_score import sentence_chrf

    return float(sentence_chrf(sent, text))


def writer_of(source: "ReplySource", *, seconds: float = SECONDS) -> Write:
    """Load a reply model and let it write. A first reply that nobody counts warms it up.

    Raises what `TransformersChat` raises where the model does not load.
    """
    from rapport.chat.model import TransformersChat

    chat = TransformersChat(
        model=source.model, adapter=source.adapter, max_new_tokens=TOKENS, temperature=0.0, seconds=seconds
    )

    def write(case: Case) -> Written:
        started = time.perf_counter()
        try:
            reply = chat.invoke(_prompt(case))
        except ModelError:  # a prompt that does not fit, or no reply in time: in service another writer would take over
            return Written("", False, (time.perf_counter() - started) * 1000)
        text = str(reply.text).strip()
        whole = bool(text) and reply.response_metadata.get("finish_reason") == "stop"
        return Written(text, whole, (time.perf_counter() - started) * 1000)

    chat.describe()
    write(Case(id="warm up", before=(("user", "Hello"),), sent=""))
    return write


def _prompt(case: Case) -> list[Any]:
    from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

    kinds: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[role](text) for role, text in case.before]
