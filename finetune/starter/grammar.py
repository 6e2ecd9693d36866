"""Make conversations for the starter: a question, how the record stands, and a reply that names slots.

A phrase of a question is one family: what is held out was never learnt from. Wordings of replies come from
`replies.toml`, and only those that the record and the question allow.
"""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from finetune.starter.orders import MOVING, OVERDUE, PLAIN, invented_order
from prompts.fields import SLOT, TOPICS, WHOLE, Sheet, customer_words, sheet_of, slots_of, system_words, wanted
from rapport.sample.grammar import chosen, render, with_noise
from rapport.text import mask

HELD_OUT = 6  # every sixth phrase of a topic is held out
_WEIGHTS = {"status": 4.0, "parcel": 2.0, "arrival": 3.0, "refund": 2.0}
_TOGETHER = {"status", "parcel", "arrival"}  # two of these in one question would ask the same twice


def rows(seed: int, count: int, *, held_out: bool = False) -> Iterator[dict[str, Any]]:
    """Training rows, each a conversation of one question. held_out: from the phrases that are not learnt."""
    random = Random(f"{seed} {held_out}")
    for number in range(count):
        sheet, asked = sheet_of(invented_order(random)), topics(random)
        question = ask(random, asked, held_out=held_out)
        reply = answer(random, sheet, asked)
        yield {
            "messages": [
                {"role": "system", "content": system_words(sheet, asked)},
                {"role": "user", "content": question},
                {"role": "assistant", "content": reply},
            ],
            "source": f"grammar:{seed}:{number}",
            "customer": None,
            "at": None,
            "checkable": True,
        }


def topics(random: Random) -> tuple[str, ...]:
    """One topic, seldom two or three."""
    names = list(TOPICS)
    count = random.choices((1, 2, 3), (0.76, 0.2, 0.04))[0]
    picked = random.choices(names, [_WEIGHTS.get(name, 1.0) for name in names], k=count)
    kept: list[str] = []
    for name in dict.fromkeys(picked):
        if not (name in _TOGETHER and _TOGETHER & set(kept)):
            kept.append(name)
    return tuple(kept)


def ask(random: Random, asked: Sequence[str], *, held_out: bool = False) -> str:
    """A customer's message that asks for these topics, masked as the model reads it."""
    parts = [render(random, random.choice(phrases(topic, held_out=held_out))) for topic in asked]
    return typed(
        random, parts[0] + "".join(f"{random.choice((' and ', ', ', ' also ', ' '))}{part}" for part in parts[1:])
    )


def typed(random: Random, text: str) -> str:
    """A text as a customer types it, perhaps with a greeting and in a hurry, masked as the model reads it."""
    if random.random() < 0.25:
        text = f"{random.choice(('hi', 'Hello,', 'hey there', 'Good morning,', 'Dear team,', 'sorry,'))} {text}"
    return customer_words(mask(with_noise(random, text, level=0.4)))


def phrases(topic: str, *, held_out: bool = False) -> list[str]:
    """The phrases of one topic's part."""
    return [phrase for place, phrase in enumerate(_asking(topic)) if (place % HELD_OUT == HELD_OUT - 1) is held_out]


def others() -> list[str]:
    """Phrases that ask for none of the topics."""
    return list(table_of("questions")["other"])


@cache
def _asking(topic: str) -> tuple[str, ...]:
    """All phrases of a topic: its own, and those that ask for it by one of its names."""
    table = table_of("questions")
    named = [
        phrase.replace("{name}", f"[{'|'.join(names)}]")
        for phrase in table["by_name"]
        if (names := table["names"][topic])
    ]
    return tuple(dict.fromkeys((*table["phrases"][topic], *named)))


def answer(random: Random, sheet: Sheet, asked: Sequence[str]) -> str:
    """A reply that says what has to be said and nothing that the question does not allow."""
    need = wanted(sheet, asked)
    allowed = set(need.slots)
    said: list[str] = []
    for topic in asked:
        said += _sentences(random, sheet, topic, allowed)
    left = [name for name in need.must if name not in slots_of(" ".join(said))]
    if "status" in left:
        said.insert(0, _pick(random, _lead(sheet), allowed))
    if "items" in left:
        said.append(_pick(random, table_of("replies")["status"]["items"], allowed))
    said += [_missing(random, name, allowed, first=not said) for name in need.missing]
    opening = str(random.choice(table_of("replies")["openings"]["some" if random.random() < 0.2 else "none"]))
    return opening + " ".join(dict.fromkeys(said))


def _sentences(random: Random, sheet: Sheet, topic: str, allowed: set[str]) -> list[str]:
    """The sentences that answer one topic; none where its field is missing."""
    table = table_of("replies")
    if wanted(sheet, (topic,)).missing:
        return []
    if topic in WHOLE:
        tail = table["parcel"].get(_parcel_case(sheet), [])
        chance = 0.95 if topic == "parcel" else 0.7
        fitting = [_pick(random, tail, allowed)] if tail and random.random() < chance else []
        items = [_pick(random, table["status"]["items"], allowed)] if "items" in sheet.fields else []
        return [_pick(random, _lead(sheet), allowed), *items, *[text for text in fitting if text]]
    return [_pick(random, table[topic][_case(sheet, topic)], allowed)]


def _lead(sheet: Sheet) -> list[str]:
    wordings = table_of("replies")["status"]["plain" if sheet.states["status"] in PLAIN else "named"]
    return [wording for wording in wordings if "{order number}" in wording]


def _parcel_case(sheet: Sheet) -> str:
    state = sheet.states["parcel"]
    if state == "delivered" and "delivery date" in sheet.fields:
        return "delivered"
    if state in (*OVERDUE, *MOVING) and "expected date" in sheet.fields:
        return "overdue" if state in OVERDUE else "expected"
    return "moving" if state in MOVING else "waiting" if state == "preparing" else ""


def _case(sheet: Sheet, topic: str) -> str:
    """Which wordings of a topic fit how the record stands."""
    if topic == "arrival":
        if "delivery date" in wanted(sheet, (topic,)).must:
            return "delivered"
        return "overdue" if sheet.states["parcel"] in OVERDUE else "expected"
    if topic == "refund":
        return {"paid": "paid", "declined": "declined"}.get(sheet.states["refund"], "open")
    return "known"


def _missing(random: Random, name: str, allowed: set[str], *, first: bool) -> str:
    table = table_of("replies")["missing"]
    sentence = _pick(random, table["status" if first else "beside"], allowed | {"missing"})
    return sentence.replace("{missing}", str(random.choice(table["names"][name])))


def _pick(random: Random, wordings: Sequence[str], allowed: set[str]) -> str:
    """One wording whose slots are all allowed; "" where there is none."""
    made = [chosen(random, wording) for wording in wordings]
    fitting = [text for text in made if set(SLOT.findall(text)) <= allowed]
    text = " ".join(random.choice(fitting).split()) if fitting else ""
    return text[:1].upper() + text[1:]


@cache
def table_of(name: str) -> dict[str, Any]:
    """One of the tables of phrases and wordings in this folder."""
    return tomllib.loads(resources.files("finetune.starter").joinpath(f"{name}.toml").read_text(encoding="utf-8"))
