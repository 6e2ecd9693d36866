"""Invented messages with the label whether the customer has said what they want, or goes on typing.

Whole utterances are finished. What is not: greetings alone, announcements and first sentences of a story (the phrases
of `unfinished/`), and utterances cut where they go on. A text lies in its family's split.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from rapport.dialogues import Ordinary
from rapport.finishing import goes_on
from rapport.sample.conversations import CYCLE
from rapport.sample.data_files import sections
from rapport.sample.grammar import render, with_noise
from rapport.sample.utterances import mood_lines

# Where people press Enter: behind a comma or a full stop, and before or behind a joining word.
_CUTS = re.compile(
    r"(?P<stop>[.!;:]\s+)|(?P<comma>,\s+)|\s+(?P<join>and|but|so|because|which|that|when|if|or)\s+", re.I
)
_ASKS = re.compile(
    r"\?|\b(?:want|need|would like|i['’]d like|can you|could you|how|what|when|where|which|who|why|is there|do you|"
    r"cancel|refund|return|track|send me|help|tell me|let me|check|exchange|change|transfer|connect|get me|give me|"
    r"show me|stop|write|forward|put me|speak|talk|repair|replace)\b",
    re.IGNORECASE,
)
_HELLO = ("hi", "hello", "Hey", "Good morning", "hi there", "hallo", "Hello,")
_SHARE = {"train": 0.35, "dev": 0.5, "test": 0.5}  # of the utterances that can be cut


@dataclass(frozen=True, slots=True)
class Ending:
    """One message, perhaps the first of several. finished: nothing more is to come at once."""

    text: str
    finished: bool
    split: str
    family: str = ""


def make_endings(seed: int, examples: Sequence[Ordinary]) -> tuple[Ending, ...]:
    """All labelled messages, none twice. examples: the utterances to take as finished, and to cut."""
    found: dict[str, Ending] = {}
    for split in ("train", "dev", "test"):
        own = [item for item in examples if item.split == split]
        for ending in (*_written(Random(f"{seed}:{split}:written"), split), *_cut(Random(f"{seed}:{split}"), own)):
            found.setdefault(ending.text.casefold(), ending)
    return tuple(found.values())


def _written(random: Random, split: str) -> Iterator[Ending]:
    for heading, bullets in sections("unfinished", "openers"):
        for position, template in enumerate(bullets):
            if CYCLE[position % len(CYCLE)] != split:
                continue
            for turn in range(2):
                text = with_noise(random, render(random, template), level=0.5 * turn)
                if not text.strip():
                    continue
                family = f"openers/{heading}/{position}"
                finished = heading.startswith("finished")
                yield Ending(text, finished, split, family)
                if not finished and random.random() < 0.4:  # quick messages are read together
                    hello = random.choice(mood_lines("neutral", "before", split))
                    yield Ending(f"{render(random, hello)} {text}", False, split, family)


def _cut(random: Random, examples: Sequence[Ordinary]) -> Iterator[Ending]:
    for item in examples:
        greets = item.intent == "greeting"
        yield Ending(item.text, not greets, item.split)
        if not greets and random.random() < 0.1:  # a greeting sent before it
            yield Ending(f"{random.choice(_HELLO)} {item.text}", True, item.split)
        if greets or item.intent in ("thanks", "goodbye", "confirm", "deny") or random.random() > _SHARE[item.split]:
            continue
        if part := _first_part(random, item.text):
            yield Ending(part, False, item.split)


def _first_part(random: Random, text: str) -> str:
    """The beginning of a text that goes on, or "" where every beginning asks for something already."""
    cuts = [cut for cut in _CUTS.finditer(text) if 5 <= cut.start() <= len(text) - 8]
    usable = [cut for cut in cuts if not _ASKS.search(text[: cut.start()]) and _ASKS.search(text[cut.end() :])]
    if usable:
        cut = random.choice(usable)
        kept = random.random() < 0.5 or cut["stop"]
        return text[: cut.end() if kept else cut.start()].strip()
    open_ends = [cut for cut in cuts if not cut["stop"]]
    if open_ends and random.random() < 0.3:  # behind a comma or a joining word it goes on, whatever was said before
        return text[: random.choice(open_ends).end()].strip()
    words = text.split()
    halves = [n for n in range(2, len(words) - 1) if goes_on(" ".join(words[:n]))]
    return " ".join(words[: random.choice(halves)]) if halves and random.random() < 0.25 else ""
