"""Put first the articles on what this customer probably writes about, where the message leaves open what it is.

What an article is about is told by its title, as the intent head reads it; so any company's articles will do. A message
is open where it is short, names no order and the passages found do not answer it: such passages are never quoted to a
customer (`agent.decide`), so what was expected changes what a colleague reads as sources and not what is answered.
Where it is clear which change is wanted, titles tell what may be quoted, too (`agent.change_articles`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from rapport.text import mask
from rapport.types import Ask, Hit

if TYPE_CHECKING:
    from rapport.classifiers import Suite

# What a certain reason adds to the score (0-1) of a passage whose title is surely about it, and what makes a message
# open. Chosen on the messages, tickets and questions for choosing (`eval.profile_articles`): no clear question loses
# its article then, whatever is expected of who asks it; with an OPEN of 0.5 some do.
BOOST = 0.3
OPEN = 0.4  # probability that the passages answer, below which a message is open
LONGEST = 9  # words; a longer message says itself what it is about
WIDE = 40  # passages among which they are looked for
MOST_TITLES = 5000  # remembered
REASONS = 6  # of a title


@dataclass(frozen=True, slots=True)
class Expected:
    """What a customer probably writes about. reasons: chance by intent, asked for where a message is open.

    answered: probability that the passages answer, from which they may be quoted; such a message is never open.
    """

    titles: "Titles"
    reasons: Callable[[], Mapping[str, float]]
    answered: float

    def concerns(self, ask: Ask, answerable: float) -> bool:
        """Whether a request leaves open what it is about."""
        named = any(entity.kind == "order_number" for entity in ask.entities)
        return answerable < min(OPEN, self.answered) and not named and len(ask.text.split()) <= LONGEST

    def first(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """These hits, those first that what is expected lifts; a score rises by BOOST at most, and never above 1."""
        reasons = self.reasons()
        if not reasons or not hits:
            return tuple(hits)
        about = self.titles.read({hit.passage.title for hit in hits})
        lifted = [
            replace(hit, score=min(1.0, hit.score + BOOST * _chance(about[hit.passage.title], reasons))) for hit in hits
        ]
        lifted.sort(key=lambda hit: -hit.score)
        return tuple(replace(hit, rank=place) for place, hit in enumerate(lifted, start=1))


class Titles:
    """Says which intents a title is about, 0-1, as the intent head reads it. Safe to share between threads."""

    def __init__(self, suite: "Suite") -> None:
        self._suite = suite
        self._lock = Lock()
        self._known: dict[str, Mapping[str, float]] = {}

    def read(self, titles: Iterable[str]) -> Mapping[str, Mapping[str, float]]:
        """By title its likeliest intents; a title that was read before is not read again."""
        wanted = sorted(set(titles))
        with self._lock:
            found = {title: self._known[title] for title in wanted if title in self._known}
        if new := [title for title in wanted if title not in found]:
            output = self._suite.read([mask(title) for title in new]).outputs["intent"].apart()
            read = {title: dict(output.ranked(row, k=REASONS)) for row, title in enumerate(new)}
            found |= read
            with self._lock:
                if len(self._known) > MOST_TITLES:
                    self._known.clear()
                self._known |= read
        return found


def _chance(about: Mapping[str, float], reasons: Mapping[str, float]) -> float:
    """The chance that a title is about why they write, 0-1."""
    return min(1.0, sum(share * reasons.get(intent, 0.0) for intent, share in about.items()))
