"""Have the reply written and let nothing out that fails the checks.

A writer, where one is set, writes first: sentence by sentence, each checked with all that goes before it and only then
let out. Where a sentence fails, or the whole reply does, the same writer goes on once more from what was let out, told
what was wrong. Where that fails too, or the writer breaks off, the composer says what has not been said yet. Where even
that fails the checks, the customer gets a fixed sentence and a person.
"""

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from agent.brief import Brief, Part, Say
from agent.check import Checker
from agent.manuscript import Manuscript, Written
from agent.sentences import Sentences
from agent.writer import GroundedComposer, Writer, composer_prompt
from crm.conversations import kept_text
from rapport.errors import ModelError, UserError
from rapport.types import Verdict, Viewer

__all__ = ["Desk", "Written"]

log = logging.getLogger(__name__)
COMPOSER = "composer"


@dataclass(frozen=True, slots=True)
class Desk:
    """Writers and the checker. writer: None where the composer writes alone; seconds: the longest wait for it."""

    composer: GroundedComposer
    checker: Checker
    writer: Writer | None = None
    seconds: float = 20.0

    def write(self, brief: Brief, viewer: Viewer) -> Generator[str, None, Written]:
        """Yields sentences that may be let out at once; returns the whole reply, which begins with them.

        Never raises for what a writer does. The composer's words, and the last sentence of any writer, come with the
        whole reply alone. Who leaves ends the writing.
        """
        page = Manuscript(brief, viewer, self.checker)
        if self.writer is not None and self.writer.takes(brief):
            passed = yield from self._by(self.writer, page)
            if passed is not None:
                return page.written(passed)
        return self._composed(page)

    def _by(self, writer: Writer, page: Manuscript) -> Generator[str, None, Verdict | None]:
        """The writer's draft and its one rewrite; None where neither passed."""
        ends_at, verdict = time.monotonic() + self.seconds, None
        for name in (writer.name, f"{writer.name} again"):
            left = ends_at - time.monotonic()
            if left <= 0:
                break
            brief = replace(page.brief, said=page.text)
            try:
                with _closing(writer.write(brief, seconds=left, refused=verdict)) as pieces:
                    verdict = yield from _draft(page, pieces, name, taught=writer.taught)
            except (ModelError, UserError) as error:  # the latter for text that no database keeps
                log.warning("the composer writes instead: %s", error.message)
                return None
            if verdict.passed:
                return verdict
            log.warning("a chat model's reply failed the checks and was dropped")
            page.refused.append(verdict)
        return None

    def _composed(self, page: Manuscript) -> Written:
        """What the composer has to add to what was let out; the fixed sentence where that does not pass either."""
        for said in dict.fromkeys((page.text, "")):  # all of it where what is left does not make a whole
            text = self._compose(replace(page.brief, said=said), page)
            verdict = page.check(text, whole=True)
            if verdict.passed:
                page.add(text, by=COMPOSER)
                return page.written(verdict)
        # counts only: the values stand in somebody's conversation
        counts = (len(verdict.ungrounded), len(verdict.leaks), len(verdict.rule_breaks))
        log.error("a composed reply failed the checks: %d ungrounded, %d leaks, %d rule breaks", *counts)
        page.refused.append(verdict)
        return self._given_up(page)

    def _given_up(self, page: Manuscript) -> Written:
        parts = (
            Part(rule="fallback", lines=(Say("fallback"),)),
            Part(rule="offer_person", lines=(Say("offer_person"),)),
        )
        plain = replace(page.brief, parts=parts, passages=(), tools=(), free=False)
        if not page.text:  # nothing of the evidence was said
            page.brief = plain
        text = self._compose(plain, page)
        verdict = page.check(text, whole=not page.text)
        page.add(text, by=COMPOSER)
        return page.written(verdict, gave_up=True)

    def _compose(self, brief: Brief, page: Manuscript) -> str:
        """The composer's words for a brief, with the space before them."""
        with page.watch("write"):
            return page.behind(str(self.composer.invoke(composer_prompt(brief)).text))


def _draft(page: Manuscript, pieces: Iterator[str], name: str, *, taught: bool) -> Generator[str, None, Verdict]:
    """Let the sentences of a draft out as long as they pass. Returns the verdict on it, whole or up to its fault.

    Raises what the writer does, and UserError for text that cannot be kept.
    """
    said, sentences, first = page.text, Sentences(), True

    def taken(sentence: str) -> str:
        nonlocal first
        repeats = sentence.strip() in said  # a rewrite that begins anew instead of going on
        found = "" if repeats else page.behind(sentence) if first else sentence
        first = first and not found
        return found

    for piece in page.timed(pieces):
        for sentence in map(taken, sentences.add(kept_text(piece))):
            verdict = page.check(sentence, whole=False, taught=taught)
            if not verdict.passed:
                return verdict
            if sentence:
                yield page.add(sentence, by=name)
    last = taken(sentences.rest())
    verdict = page.check(last, whole=True, taught=taught)
    if verdict.passed:
        page.add(last, by=name)
    return verdict


@contextmanager
def _closing(pieces: Iterator[str]) -> Iterator[Iterator[str]]:
    """Ends the writing when its reader leaves."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, Generator):
            pieces.close()
