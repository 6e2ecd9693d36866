"""Have the reply written and let nothing out that fails the checks.

A chat model, where one is set, writes first; where it fails or its reply does, the composer writes. Where even that
fails the checks, the customer gets a fixed sentence and a person.
"""

import logging
import time
from dataclasses import dataclass, replace

from agent.brief import Brief, Part, Say
from agent.check import Checker
from agent.values import CITATION
from agent.writer import GroundedComposer, Writer, composer_prompt
from rapport.errors import ModelError
from rapport.types import Citation, Draft, Verdict, Viewer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """A reply that passed the checks. gave_up: it is the fixed sentence, and a person is needed.

    refused: verdicts of drafts that did not pass, in order. ms: milliseconds per stage.
    """

    draft: Draft
    verdict: Verdict
    writer: str
    refused: tuple[Verdict, ...] = ()
    gave_up: bool = False
    write_ms: float = 0.0
    check_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Desk:
    """Writers and the checker. writer: None where the composer writes alone; seconds: the longest wait for it."""

    composer: GroundedComposer
    checker: Checker
    writer: Writer | None = None
    seconds: float = 20.0

    def write(self, brief: Brief, viewer: Viewer) -> Written:
        """A checked reply. Never raises for what a writer does."""
        spent = {"write": 0.0, "check": 0.0}
        refused: list[Verdict] = []
        if self.writer is not None and brief.free:
            try:
                started = time.perf_counter()
                text = "".join(self.writer.write(brief, seconds=self.seconds)).strip()
            except ModelError as error:
                log.warning("the composer writes instead: %s", error.message)
                text = ""
            spent["write"] += time.perf_counter() - started
            if text:
                verdict = self._check(text, brief, viewer, spent)
                if verdict.passed:
                    return _written(text, brief, verdict, self.writer.name, refused, spent)
                log.warning("a chat model's reply failed the checks and was dropped")
                refused.append(verdict)
        started = time.perf_counter()
        text = str(self.composer.invoke(composer_prompt(brief)).text)
        spent["write"] += time.perf_counter() - started
        verdict = self._check(text, brief, viewer, spent)
        if verdict.passed:
            return _written(text, brief, verdict, "composer", refused, spent)
        # counts only: the values stand in somebody's conversation
        counts = (len(verdict.ungrounded), len(verdict.leaks), len(verdict.rule_breaks))
        log.error("a composed reply failed the checks: %d ungrounded, %d leaks, %d rule breaks", *counts)
        return self._give_up(brief, viewer, [*refused, verdict], spent)

    def _check(self, text: str, brief: Brief, viewer: Viewer, spent: dict[str, float]) -> Verdict:
        started = time.perf_counter()
        verdict = self.checker.check(text, brief, viewer)
        spent["check"] += time.perf_counter() - started
        return verdict

    def _give_up(self, brief: Brief, viewer: Viewer, refused: list[Verdict], spent: dict[str, float]) -> Written:
        parts = (
            Part(rule="fallback", lines=(Say("fallback"),)),
            Part(rule="offer_person", lines=(Say("offer_person"),)),
        )
        plain = replace(brief, parts=parts, passages=(), tools=(), free=False)
        text = str(self.composer.invoke(composer_prompt(plain)).text)
        verdict = self._check(text, plain, viewer, spent)
        return replace(_written(text, plain, verdict, "composer", refused, spent), gave_up=True)


def _written(
    text: str, brief: Brief, verdict: Verdict, writer: str, refused: list[Verdict], spent: dict[str, float]
) -> Written:
    """The draft with its citations: those passages that the text marks, renumbered in the order of their marks."""
    order = list(dict.fromkeys(int(number) for number in CITATION.findall(text)))
    renumbered = CITATION.sub(lambda match: f"[{order.index(int(match[1])) + 1}]", text)
    first = {passage.record: passage for passage in reversed(brief.passages)}
    cited = [first[brief.sources[number - 1]] for number in order if 1 <= number <= len(brief.sources)]
    citations = tuple(Citation(id=item.record, title=item.title, url=item.url) for item in cited)
    draft = Draft(text=renumbered, citations=citations, tools=tuple(tool.tool for tool in brief.tools))
    return Written(
        draft, verdict, writer, tuple(refused), write_ms=1000 * spent["write"], check_ms=1000 * spent["check"]
    )
