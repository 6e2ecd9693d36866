"""Lay out a reply: which sentences, filled with which values, from which passages. Chooses no words of its own."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from agent.brief import Brief, Line, Part, Quote, Say
from agent.extract import Extractor
from agent.facts import Facts, Step
from agent.know import Known
from agent.wording import echoed, fact_words, intent_words, lines_for_result
from prompts.fields import sheet_of
from prompts.render import rules
from rapport.escalation import REASONS
from rapport.settings import CompanySettings
from rapport.types import Conversation, Message, Passage, State, ToolResult

# Fixed words, by rule: the template says it all.
_PLAIN = frozenset(
    {
        "greeting",
        "thanks",
        "goodbye",
        "assistant",
        "declined",
        "nothing_pending",
        "verified_only",
        "verified_before",
        "clarify_open",
        "not_understood",
        "out_of_scope",
        "others",
        "abuse",
        "other_language",
        "no_answer",
        "waiting",
        "cannot_do",
        "fallback",
    }
)
_FREE = frozenset({"order_status", "delivery", "refund", "invoice", "product", "article", "article_then_offer"})
# What is asked of an order where no single field is named.
_ASKED = {"order_status": ("status",), "delivery": ("parcel",), "refund": ("refund",), "invoice": ("invoice number",)}
# No word of regret goes before these.
_CHEERFUL = frozenset(
    {"complaint", "thanks", "goodbye", "greeting", "assistant", "asked_for_person", "product", "out_of_scope",
     "abuse", "others", "clarify", "clarify_open"}
)  # fmt: skip
# Asking for a person says nothing of the mood.
_CALM = frozenset({"", REASONS["person"]})


@dataclass(frozen=True, slots=True)
class Composer:
    """Makes briefs for one company."""

    company: CompanySettings
    facts: tuple[str, ...]
    extractor: Extractor

    def compose(
        self,
        facts: Facts,
        steps: Sequence[Step],
        results: Sequence[ToolResult | None],
        *,
        known: Known,
        conversation: Conversation,
    ) -> Brief:
        """The brief of a reply; results: per step, None where no tool was run."""
        sheet = Sheet(self, locale=facts.understanding.language, known=known)
        parts = [sheet.part(step, result) for step, result in zip(steps, results, strict=True)]
        return Brief(
            parts=(*sheet.before(facts, steps), *parts, *sheet.after(facts, steps)),
            passages=tuple(sheet.passages),
            tools=tuple(result for result in results if result is not None),
            question="\n".join(message.text for message in known.messages),
            echoes=tuple(echoed(step.order) for step in steps if step.order is not None),
            history=_before(conversation.messages, known.messages),
            before=_last_reply(conversation.messages),
            locale=facts.understanding.language,
            company=self.company.name,
            pick=_pick(conversation),
            free=all(step.rule in _FREE for step in steps) and all(r is None or r.found for r in results),
        )


class Sheet:
    """The brief while it is being laid out: numbers the passages as they are quoted."""

    def __init__(self, composer: Composer, *, locale: str, known: Known) -> None:
        self.composer = composer
        self.locale = locale
        self.known = known
        self.passages: list[Passage] = []

    def part(self, step: Step, result: ToolResult | None) -> Part:
        """What one step contributes."""
        unknown = result is not None and result.tool == "product" and not result.found
        if unknown and self.known.answerable[step.index] >= rules()["thresholds"]["sure_article"]:
            return Part(rule="article", lines=tuple(self.quotes(step)))  # "when is it back in stock?", no product named
        if result is not None:
            lines = lines_for_result(step, result)
            if result.found and (asked := step.topics or _ASKED.get(step.rule, ())) and "number" in result.values:
                sheet = sheet_of(result.values)
                return Part(rule=step.rule, lines=lines, sheet=sheet, asked=asked, question=step.ask.text)
            return Part(rule=step.rule, lines=lines)
        if step.rule in ("article", "article_then_offer"):
            lead = [Say("cannot_do_known")] if step.rule == "article_then_offer" else []
            return Part(rule=step.rule, lines=(*lead, *self.quotes(step)))
        return Part(rule=step.rule, lines=self.fixed(step))

    def quotes(self, step: Step) -> list[Line]:
        """The answering words of the passages found for this ask."""
        found = self.known.found[step.index]
        query, follows = self.known.queries[step.index], False
        if step.ask.query not in step.ask.text and query == step.ask.query:
            query, follows = step.ask.text, True  # its own words tell its answer from that of the question before
        lines: list[Line] = []
        vector = self.known.vectors[step.index]
        for passage, text in self.composer.extractor.answer(query, vector, found.hits, follows=follows):
            if passage not in self.passages:
                self.passages.append(passage)
            records = list(dict.fromkeys(item.record for item in self.passages))
            lines.append(Quote(text, records.index(passage.record) + 1))
        return lines

    def fixed(self, step: Step) -> tuple[Line, ...]:
        """The sentences of a step that neither a record nor an article answers."""
        company = self.composer.company
        if step.decision.kind == "hand_over":
            return (Say("hand_over", {"hours": company.contact_hours}),)
        if step.rule in ("verify", "verify_failed", "verify_why"):
            return (Say(step.rule, {"facts": fact_words(self.composer.facts, self.locale)}),)
        if step.rule == "verify_more":
            return (Say("verify_more", {"facts": fact_words(step.missing, self.locale)}),)
        if step.rule == "clarify":
            return (Say("clarify", {"choices": intent_words(step.choices)}),)
        if step.rule == "complaint":
            return (Say("sorry"),)
        if step.rule in _PLAIN:
            return (Say(step.rule, {"company": company.name, "hours": company.contact_hours}),)
        raise ValueError(f"no words for the rule '{step.rule}'")

    def before(self, facts: Facts, steps: Sequence[Step]) -> list[Part]:
        """Regret for an upset customer; the word that the identity is confirmed."""
        parts = []
        if facts.identified.outcome == "matched" and steps[0].rule != "verified_only":
            parts.append(Part(rule="verified", lines=(Say("verified"),)))
        limits = rules()["thresholds"]
        uneasy = facts.understanding.escalate_level != "answer" and facts.understanding.escalate_reason not in _CALM
        unhappy = facts.understanding.sentiment < limits["unhappy"] or uneasy
        if unhappy and not any(step.rule in _CHEERFUL for step in steps):
            parts.append(Part(rule="sorry", lines=(Say("sorry"),)))
        return parts

    def after(self, facts: Facts, steps: Sequence[Step]) -> list[Part]:
        """The offer of a person; the note to a customer who writes another language or waits in the queue."""
        parts = []
        foreign = self.locale != "en" and any(step.rule in _FREE for step in steps)
        if facts.state is State.QUEUED and steps[0].rule != "waiting":
            parts.append(Part(rule="waiting_also", lines=(Say("waiting_also"),)))
        elif any(step.rule == "other_language" for step in steps):
            pass
        elif foreign:
            parts.append(Part(rule="language_note", lines=(Say("language_note"),)))
        elif any(step.offers for step in steps):
            parts.append(Part(rule="offer_person", lines=(Say("offer_person"),)))
        return parts


def _last_reply(messages: Sequence[Message]) -> str:
    return next((message.text for message in reversed(messages) if message.role == "assistant"), "")


def _before(messages: Sequence[Message], asked: Sequence[Message]) -> tuple[Message, ...]:
    """The conversation but for the messages that are being answered."""
    ids = {message.id for message in asked}
    return tuple(message for message in messages if message.id not in ids)


def _pick(conversation: Conversation) -> int:
    """Chooses among wordings: the same conversation at the same point always says the same."""
    seed = f"{conversation.id}:{len(conversation.messages)}"
    return zlib.crc32(seed.encode())
