"""A reply while it is being written: its text so far, what the checks said of it, and who wrote which part."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agent.brief import Brief
from agent.check import Checker
from agent.sentences import joined
from agent.stopwatch import Stopwatch
from agent.values import CITATION
from rapport.types import Citation, Draft, Verdict, Viewer

LEFT_OUT = "leaves_out:"  # how a rule break begins that only a whole reply can have


@dataclass(frozen=True, slots=True)
class Written:
    """A reply that passed the checks. gave_up: it ends in the fixed sentence, and a person is needed.

    writer: names of all that wrote a part, in order. refused: verdicts of drafts that did not pass, in order.
    ms: milliseconds per stage.
    """

    draft: Draft
    verdict: Verdict
    writer: str
    refused: tuple[Verdict, ...] = ()
    gave_up: bool = False
    write_ms: float = 0.0
    check_ms: float = 0.0


class Manuscript:
    """What the writers of one reply share. text: what stands, its marks as the brief numbers its sources.

    watch: counts the milliseconds of "write" and "check".
    """

    def __init__(self, brief: Brief, viewer: Viewer, checker: Checker) -> None:
        self.brief = brief
        self.text = ""
        self.refused: list[Verdict] = []
        self._viewer = viewer
        self._checker = checker
        self._writers: list[str] = []
        self.watch = Stopwatch()

    def check(self, more: str, *, whole: bool, taught: bool = False) -> Verdict:
        """What is wrong with the text and `more` behind it; where it is not whole, what it leaves out is not asked."""
        with self.watch("check"):
            verdict = self._checker.check(self.text + more, self.brief, self._viewer, taught=taught)
        if whole:
            return verdict
        return replace(
            verdict, rule_breaks=tuple(name for name in verdict.rule_breaks if not name.startswith(LEFT_OUT))
        )

    def add(self, more: str, *, by: str) -> str:
        """Let `more`, which was checked, stand. Returns it as the customer reads it, which later text never changes."""
        before = len(renumbered(self.text))
        self.text += more
        if more and by not in self._writers:
            self._writers.append(by)
        return renumbered(self.text)[before:]

    def behind(self, more: str) -> str:
        """A continuation by another writer, with the space that goes before it."""
        return joined(self.text, more)[len(self.text) :]

    def timed(self, pieces: Iterator[str]) -> Iterator[str]:
        """The pieces; the time until each comes counts as writing."""
        while True:
            with self.watch("write"):
                piece = next(pieces, None)
            if piece is None:
                return
            yield piece

    def written(self, verdict: Verdict, *, gave_up: bool = False) -> Written:
        """The whole reply, with those passages cited that its text marks."""
        sources, first = self.brief.sources, {item.record: item for item in reversed(self.brief.passages)}
        cited = [first[sources[number - 1]] for number in marks(self.text) if 1 <= number <= len(sources)]
        return Written(
            draft=Draft(
                text=renumbered(self.text),
                citations=tuple(Citation(id=item.record, title=item.title, url=item.url) for item in cited),
                tools=tuple(tool.tool for tool in self.brief.tools),
            ),
            verdict=verdict,
            writer=" + ".join(self._writers),
            refused=tuple(self.refused),
            gave_up=gave_up,
            write_ms=self.watch.ms.get("write", 0.0),
            check_ms=self.watch.ms.get("check", 0.0),
        )


def marks(text: str) -> list[int]:
    """The numbers of the sources that a text marks, in the order of their first marks."""
    return list(dict.fromkeys(int(number) for number in CITATION.findall(text)))


def renumbered(text: str) -> str:
    """The text with its marks numbered from 1 in the order of their first ones, so a beginning stays as it is."""
    order = marks(text)
    return CITATION.sub(lambda match: f"[{order.index(int(match[1])) + 1}]", text)
