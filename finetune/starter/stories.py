"""Make messages that tell more than they ask: a question among facts about other fields and about its occasion."""

from collections.abc import Sequence
from random import Random

from finetune.starter.grammar import phrases, table_of, typed
from prompts.fields import TOPICS, WHOLE
from rapport.sample.grammar import render

OCCASION = 0.2  # share of what is told that concerns no field
BY_NAME = 0.35  # share of the other facts that name the field and no more
_ENDS = (".", "?", "!")
_TOGETHER = WHOLE | {"arrival"}
_ORDERS = ("[my order |order |]{order}", "order {order}", "{order}")


def story(random: Random, topic: str, *, held_out: bool = False) -> str:
    """A question for one topic among facts about others, masked."""
    question, fact = random.choice(phrases(topic, held_out=held_out)), _fact(random, topic)
    if "{order}" in fact and "{order}" in question:  # the order is named once
        if random.random() < 0.5:
            fact = fact.replace("{order}", "it")
        else:
            for named in _ORDERS:
                question = question.replace(named, "it")
    chance = random.random()
    if chance < 0.4:
        text = f"{fact} {question}"
    elif chance < 0.6:
        text = f"{fact} {_fact(random, topic)} {question}"
    elif chance < 0.75:
        text = f"{question if question.endswith(_ENDS) else question + '.'} {fact}"
    else:
        text = f"{fact.rstrip('.')}{random.choice((', ', ' but ', ', but ', ' and ', ', so ', ' - '))}{question}"
    return typed(random, render(random, text))


def telling(random: Random) -> str:
    """A message that tells and asks nothing, masked."""
    return typed(random, render(random, _fact(random)))


def two_topics(random: Random) -> tuple[str, tuple[str, str]]:
    """A message with two questions, and their topics; no two that would be answered by the same."""
    while True:
        first, second = random.sample(list(TOPICS), 2)
        if not {first, second} <= _TOGETHER:
            break
    questions = [random.choice(phrases(topic)) for topic in (first, second)]
    joined = (
        questions[0].rstrip("?.!") + random.choice((" and ", ", ", "? ", "? Also ", ", and also ", ". ")) + questions[1]
    )
    return typed(random, render(random, joined)), (first, second)


def _fact(random: Random, asked: str = "") -> str:
    """What is told of a topic that is not asked for, or of the occasion, as a template."""
    tables = table_of("told")
    if random.random() < OCCASION:
        return str(random.choice(tables["stories"]))
    topic = random.choice([name for name in tables["told"] if not _near(name, asked)])
    names: Sequence[str] = table_of("questions")["names"][topic]
    if names and random.random() < BY_NAME:
        return str(random.choice(tables["told_by_name"])).replace("{name}", random.choice(names))
    return str(random.choice(tables["told"][topic]))


def _near(topic: str, asked: str) -> bool:
    """Whether telling of a topic says what is asked: a refund's state says much of its sum."""
    return topic == asked or ("refund" in (topic, asked) and topic.startswith("refund") and asked.startswith("refund"))
