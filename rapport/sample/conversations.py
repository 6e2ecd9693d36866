"""Invented conversations with a label on every message: is it answered, is a person offered, or does one take over.

The phrases stand in `escalations/`, a bullet a family; a heading says level, reason and language ("escalate legal de").
A family lies in one split by its place, and so do the ordinary messages around it, which are the utterances' own. Those
of `escalations/taught/` are all for train, and only for what is trained once and shipped: no new home reads them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import cast

from rapport.dialogues import Dialogue, Did, Ordinary, Said
from rapport.sample.data_files import sections, texts
from rapport.sample.dialogue_lines import Line, read_lines
from rapport.sample.grammar import render, with_noise
from rapport.signals import signals
from rapport.types import EscalationLevel

CYCLE = ("train", "dev", "train", "test", "train", "train", "train")
FOLDER, TAUGHT = "escalations", "escalations/taught"
_USUAL = (60.0, 120.0, 175.0, 400.0)
_OUTCOMES: dict[str, tuple[tuple[Did, int], ...]] = {
    "answer": (("answered", 70), ("asked", 14), ("verify", 11), ("unanswered", 5)),
    "offer": (("answered", 42), ("asked", 26), ("verify", 8), ("unanswered", 24)),
    "escalate": (("answered", 36), ("asked", 26), ("verify", 6), ("unanswered", 28), ("unverified", 4)),
}
_NOT_ORDINARY = frozenset({"complaint", "talk_to_person", "verify_me", "confirm", "deny", "thanks", "goodbye"})
_TWICE = {"train": 0.12, "dev": 0.3, "test": 0.3}  # share of the families that are rendered a second time
_BESIDE = {"train": 1.0, "dev": 0.3, "test": 0.3}  # share of those that have an ordinary message beside them
_REPEATS = {"train": 120, "dev": 30, "test": 30}  # conversations of repeated and of unhappy ordinary messages
# How a question is put a second and a third time.
_AGAIN: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        ("{}", "{}", "{}??", "I said: {}", "again: {}", "no, {}"),
        ("{}", "{}!", "AGAIN: {}", "Once more: {}", "{} {}"),
    ),
    "de": (("{}", "nochmal: {}"), ("{}!", "Noch einmal: {}")),
    "fr": (("{}", "je répète : {}"), ("{} !", "Encore une fois : {}")),
    "es": (("{}", "repito: {}"), ("{}!", "Otra vez: {}")),
    "nl": (("{}", "nogmaals: {}"), ("{}!", "Nog een keer: {}")),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase family with its label. name: file/heading/position, the same in every build."""

    name: str
    template: str
    level: EscalationLevel
    reason: str
    language: str
    split: str


def make_conversations(seed: int, ordinary: Sequence[Ordinary], *, taught: bool = False) -> tuple[Dialogue, ...]:
    """All labelled conversations. ordinary: the utterances to put around the phrases, used within their own split.

    taught: with the families that only teach.
    """
    made: list[Dialogue] = []
    families = phrases() + (taught_phrases() if taught else ())
    for split in ("train", "dev", "test"):
        stock = _Stock(tuple(item for item in ordinary if item.split == split))
        for phrase in families:
            if phrase.split == split:
                made.extend(_around(Random(f"{seed}:{phrase.name}"), phrase, stock))
        made.extend(_written(Random(f"{seed}:{split}:written"), split))
        made.extend(_ordinary(Random(f"{seed}:{split}:ordinary"), split, stock))
    return tuple(made)


@cache
def phrases() -> tuple[Phrase, ...]:
    """Every phrase family of `escalations/`."""
    return tuple(
        phrase for name, _ in texts(FOLDER) if name != "dialogues" for phrase in _phrases_of(FOLDER, name, CYCLE)
    )


@cache
def taught_phrases() -> tuple[Phrase, ...]:
    """Further families, all of them for train."""
    return tuple(phrase for name, _ in texts(TAUGHT) for phrase in _phrases_of(TAUGHT, name, ("train",)))


def _phrases_of(folder: str, name: str, cycle: Sequence[str]) -> Iterator[Phrase]:
    """cycle: the splits that a section's families are dealt to in turn."""
    path = f"{folder}/{name}".removeprefix(f"{FOLDER}/")
    for heading, bullets in sections(folder, name):
        level, *rest = heading.split()
        reason, language = (rest[0] if level != "answer" else ""), "en"
        if rest[(level != "answer") :]:
            language = rest[-1]
        for position, template in enumerate(bullets):
            yield Phrase(
                f"{path}/{heading}/{position}", template, cast(EscalationLevel, level), reason, language,
                cycle[position % len(cycle)],
            )  # fmt: skip


class _Stock:
    """The ordinary messages of one split."""

    def __init__(self, examples: Sequence[Ordinary]) -> None:
        # an account that somebody else uses is an ordinary request to the intent head, and a case for a person here
        account = next(signal for signal in signals() if signal.id == "account")
        usable = [e for e in examples if e.intent not in _NOT_ORDINARY and not account.stands_in(e.text.lower())]
        self.plain = [e for e in usable if e.sentiment != "negative"]
        self.people = [e for e in examples if e.intent == "talk_to_person"]
        self.ends = [e for e in examples if e.intent in ("thanks", "goodbye")]
        self._by_language: dict[str, list[Ordinary]] = {}
        for item in self.plain:
            self._by_language.setdefault(item.language, []).append(item)

    def of_language(self, language: str) -> Sequence[Ordinary]:
        return self._by_language.get(language) or self.plain


def _around(random: Random, phrase: Phrase, stock: _Stock) -> Iterator[Dialogue]:
    """Conversations that come to the phrase after none to three ordinary messages."""
    for turn in range(2 if random.random() < _TWICE[phrase.split] else 1):
        money = _Money(random)
        text = render(random, phrase.template, money.slots)
        # many write what they want and how they feel about it at once
        if turn == 1 and random.random() < _BESIDE[phrase.split]:
            text = _beside(random, text, random.choice(stock.of_language(phrase.language)).text)
        text = with_noise(random, text, level=0.0 if turn == 0 else 0.4)
        if not text.strip():
            continue
        before = _before(random, phrase, stock)
        said = [*before, Said(text, phrase.level, phrase.reason)]
        if stock.ends and random.random() < 0.2:  # whoever was angry before may be content again
            said.append(Said(random.choice(stock.ends).text, "answer"))
        yield Dialogue(
            said=tuple(said), split=phrase.split, language=phrase.language, family=phrase.name,
            usual_value=money.usual, order_value=money.order(big=phrase.reason == "value"), invented=True,
        )  # fmt: skip


def _beside(random: Random, text: str, other: str) -> str:
    first, second = (text, other) if random.random() < 0.5 else (other, text)
    return f"{first}{'' if first[-1:] in '.?!,' else '.'} {second}"


def _before(random: Random, phrase: Phrase, stock: _Stock) -> list[Said]:
    """The ordinary messages before a phrase, and what became of them: a third try comes after two that failed."""
    messages = stock.of_language(phrase.language)
    failed: tuple[Did, ...] = ("asked", "unanswered")
    tries = {"escalate": (2, 3), "offer": (1,)}.get(phrase.level, ()) if phrase.reason == "repeated" else ()
    if tries and random.random() < 0.75:
        chosen = random.sample(messages, min(random.choice(tries), len(messages)))
        return [Said(item.text, "answer", did=random.choice(failed)) for item in chosen]
    outcomes = _OUTCOMES[phrase.level]
    names, weights = [name for name, _ in outcomes], [weight for _, weight in outcomes]
    counts = (0, 0, 0, 1, 1, 2) if phrase.level == "answer" else (0, 0, 1, 1, 2)
    chosen = random.sample(messages, min(random.choice(counts), len(messages)))
    return [Said(item.text, "answer", did=random.choices(names, weights)[0]) for item in chosen]


def _written(random: Random, split: str) -> Iterator[Dialogue]:
    """The conversations that were written as a whole."""
    for position, lines in enumerate(_dialogue_lines()):
        if CYCLE[position % len(CYCLE)] != split:
            continue
        for turn in range(2):
            money = _Money(random)
            slots = {**money.slots, **{name: render(random, f"{{{name}}}") for name in _FIXED}}
            said = [
                Said(
                    with_noise(random, render(random, line.text, slots), level=0.4 * turn),
                    line.level,
                    line.reason,
                    line.did,
                )
                for line in lines
            ]
            yield Dialogue(
                said=tuple(item for item in said if item.text.strip()), split=split, family=f"dialogues/{position}",
                usual_value=money.usual, invented=True,
            )  # fmt: skip


# Values that stay the same through a conversation.
_FIXED = ("order", "item", "email", "postcode", "country", "method", "colour", "code", "day", "soon")


@cache
def _dialogue_lines() -> tuple[tuple[Line, ...], ...]:
    return tuple(read_lines(bullet) for _, bullets in sections(FOLDER, "dialogues") for bullet in bullets)


def _ordinary(random: Random, split: str, stock: _Stock) -> Iterator[Dialogue]:
    """Conversations without a phrase of their own: plain ones, the same question again, and a mood that lasts."""
    for item in stock.people:
        yield _dialogue(random, [Said(item.text, "escalate", "person")], split, item.language)
    left = random.sample(stock.plain, len(stock.plain))
    while left:
        count = random.randint(1, 4)
        yield _dialogue(random, [_plain(random, item) for item in left[:count]], split)
        left = left[count:]
    for _ in range(_REPEATS[split] if stock.plain else 0):
        yield _dialogue(random, list(_asked_again(random, stock)), split)
        yield _dialogue(random, list(_lasting_mood(random, split, stock)), split)


def _plain(random: Random, item: Ordinary) -> Said:
    if item.intent == "oos":
        return Said(item.text, "answer", did="unanswered")
    return Said(item.text, "answer", did=random.choice(("answered", "answered", "answered", "asked", "verify")))


def _asked_again(random: Random, stock: _Stock) -> Iterator[Said]:
    """The same question, nearly in the same words; the third time a person is needed."""
    item = random.choice([one for one in stock.plain if one.intent not in ("oos", "greeting")])
    for tries, (level, reason) in enumerate((("answer", ""), ("offer", "repeated"), ("escalate", "repeated"))):
        text = item.text if tries == 0 else random.choice(_AGAIN[item.language][tries - 1]).replace("{}", item.text)
        did = random.choice(("asked", "unanswered"))
        yield Said(text, cast(EscalationLevel, level), reason, cast(Did, did))
        if random.random() < 0.2:
            return


def _lasting_mood(random: Random, split: str, stock: _Stock) -> Iterator[Said]:
    """One unhappy question is answered and a person offered; after three in a row one takes over."""
    mild = [one for one in phrases() if (one.level, one.reason, one.language) == ("offer", "anger", "en")]
    chosen = random.sample([one for one in mild if one.split == split], 3)
    for level, phrase in zip(("offer", "offer", "escalate"), chosen, strict=True):
        text = render(random, phrase.template)
        if random.random() < 0.6:
            text = f"{text} {random.choice(stock.of_language('en')).text}"
        yield Said(text, cast(EscalationLevel, level), "anger", random.choice(("answered", "asked")))
        if random.random() < 0.3:
            return


def _dialogue(random: Random, said: list[Said], split: str, language: str = "en") -> Dialogue:
    money = _Money(random)
    return Dialogue(
        said=tuple(said), split=split, language=language, family="ordinary", usual_value=money.usual,
        order_value=money.order(big=False), invented=True,
    )  # fmt: skip


class _Money:
    """The amounts of one conversation: what the shop's usual order is, much, and little."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.usual = random.choice(_USUAL)
        self.slots: Mapping[str, str] = {
            "big": _written_amount(random, self.usual * random.uniform(3.5, 15)),
            "small": _written_amount(random, self.usual * random.uniform(0.04, 0.8)),
        }

    def order(self, *, big: bool) -> float:
        """The total of the order under discussion; mostly none is."""
        if self._random.random() < 0.55:
            return 0.0
        return self.usual * (self._random.uniform(2, 10) if big else self._random.lognormvariate(-0.1, 0.5))


def _written_amount(random: Random, value: float) -> str:
    whole = round(value) if value > 100 else round(value, 2)
    if isinstance(whole, float):
        return random.choice(
            (f"€{whole:.2f}", f"{whole:.2f} euros", f"£{whole:.2f}", f"{whole:.2f} EUR", f"${whole:.2f}")
        )
    return random.choice(
        (f"€{whole:,}", f"{whole} euros", f"£{whole:,}", f"EUR {whole:,}", f"{whole} €", f"${whole:,}")
    )
