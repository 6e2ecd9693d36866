"""Labelled customer utterances for fitting heads, rendered from the phrases beside this file.

A phrase file has a section per sentiment ("neutral", "negative", "positive"), with the language after it where it is
not English ("neutral de"). Each bullet is a family, and a family lies in one split. Mood lines put before or after a
neutral phrase give it another sentiment; they are split in the same way.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal, cast

from rapport.sample.data_files import sections, texts
from rapport.sample.grammar import render, varies, with_noise

Split = Literal["train", "dev", "test"]
Sentiment = Literal["negative", "neutral", "positive"]
_CYCLE: tuple[Split, ...] = ("train", "dev", "train", "test", "train", "train", "train")
_RENDERED: dict[Split, int] = {"train": 3, "dev": 2, "test": 2}
_GREETINGS = ("hi", "hello", "hey", "good ", "dear")
PLAIN = frozenset({"greeting", "thanks", "goodbye", "confirm", "deny", "verify_me", "oos", "talk_to_person"})


@dataclass(frozen=True, slots=True)
class Family:
    """One phrase template with its labels. name: file/section/position, the same in every build."""

    name: str
    template: str
    intent: str
    sentiment: Sentiment
    language: str
    split: Split


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled utterance. intent "oos" means that no intent of a shop covers it. family: the template's name."""

    text: str
    intent: str
    sentiment: Sentiment
    language: str
    split: Split
    family: str = ""


def make_examples(seed: int) -> tuple[Example, ...]:
    """All utterances, without repeats; a text that two splits would share stays in the earlier one."""
    found: dict[str, Example] = {}
    for split in ("train", "dev", "test"):
        for family in families():
            if family.split == split:
                # Each family has its own randomness, so a new phrase leaves the others as they were.
                for example in _rendered(Random(f"{seed}:{family.name}"), family):
                    found.setdefault(example.text.casefold(), example)
    return tuple(found.values())


@cache
def families() -> tuple[Family, ...]:
    """Every phrase template, by intent."""
    return tuple(family for name, _ in texts("phrases") if name != "moods" for family in _families_of(name))


def intents() -> tuple[str, ...]:
    """All intent labels, with "oos"."""
    return tuple(sorted({family.intent for family in families()}))


def _families_of(name: str) -> Iterator[Family]:
    intent = "oos" if name.startswith("oos") else name
    for heading, bullets in sections("phrases", name):
        sentiment, _, language = heading.partition(" ")
        for position, template in enumerate(bullets):
            yield Family(
                name=f"{name}/{heading}/{position}",
                template=template,
                intent=intent,
                sentiment=cast(Sentiment, sentiment),
                language=language or "en",
                split=_CYCLE[position % len(_CYCLE)],
            )


def _rendered(random: Random, family: Family) -> Iterator[Example]:
    again = family.intent == "oos" or random.random() < 0.4
    rounds = _RENDERED[family.split] if varies(family.template) else 1 + again
    for turn in range(rounds):
        text, sentiment = render(random, family.template), family.sentiment
        if family.intent not in PLAIN and family.language == "en":
            text, sentiment = _with_mood(random, text, family)
        text = with_noise(random, text, level=0.0 if turn == 0 else 0.6)
        if text.strip():
            yield Example(text, family.intent, sentiment, family.language, family.split, family.name)


def _with_mood(random: Random, text: str, family: Family) -> tuple[str, Sentiment]:
    """Add a line before or after: mostly a polite one, now and then one that turns the sentiment."""
    chance = random.random()
    if chance < 0.16 and family.sentiment == "neutral":
        return _joined(random, text, "negative", family.split), "negative"
    if chance < 0.23 and family.sentiment == "neutral":
        return _joined(random, text, "positive", family.split), "positive"
    if chance > 0.78:
        return _joined(random, text, "neutral", family.split), family.sentiment
    return text, family.sentiment


def _joined(random: Random, text: str, mood: str, split: Split) -> str:
    place = "after" if text.lower().startswith(_GREETINGS) else random.choice(("before", "after"))
    line = render(random, random.choice(mood_lines(mood, place, split)))
    ended = text if text[-1:] in ".?!" else text + "."
    return f"{line} {text}" if place == "before" else f"{ended} {line}"


@cache
def mood_lines(mood: str, place: str, split: Split) -> tuple[str, ...]:
    """The lines of phrases/moods.md of one mood ("negative") and place ("before", "after") that a split may use."""
    lines = dict(sections("phrases", "moods"))[f"{mood} {place}"]
    return tuple(line for position, line in enumerate(lines) if _CYCLE[position % len(_CYCLE)] == split)
