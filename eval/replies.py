"""Ask the agent for single fields of orders, as their owner, and judge what it writes by the records alone.

Half of the orders are the sample company's, half a public shop's where that is present. The reply model has seen none
of them: it learns from a grammar, and never sees a value. What must not be answered at all is `eval.decisions`.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from random import Random
from statistics import median
from typing import Any, cast

from eval.decision_messages import Part
from eval.decisions import DecisionTally, measure_decisions
from eval.homes import Lab, add_sample, finish, import_shop, laboratory
from eval.order_facts import facts_in
from eval.reply_truth import judge, record_words
from eval.report import Bound
from rapport.records import Article, Order, RecordKind
from rapport.settings import Settings
from rapport.types import Identity, Turn, Viewer

BOUNDS = (
    Bound(name="right_values", least=0.97),
    Bound(name="wrong_field", most=0.01),
    Bound(name="invented", most=0),
    Bound(name="right_decision", least=0.98),
)
COMPOSER = "composer"
CITATION = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One question and its reply.

    stated: the values asked for are told, or said to be missing. right: so, and nothing but answers was decided.
    wrong: fields that it may not state.
    """

    shop: str
    topic: str
    text: str
    reply: str
    writer: str
    stated: bool
    right: bool
    wrong: tuple[str, ...]
    invented: tuple[str, ...]
    decisions: tuple[str, ...]
    write_ms: float

    @property
    def handed_over(self) -> bool:
        """Whether a person takes over."""
        return any(decision.startswith("hand_over") for decision in self.decisions)

    @property
    def verdict(self) -> str:
        """What is wrong with the reply, in words."""
        fault = "hands over as well" if self.stated and self.handed_over else "not what was asked"
        faults = [*([] if self.right else [fault]), *(f"states the {name} too" for name in self.wrong)]
        return "; ".join([*faults, *(f"invents {number}" for number in self.invented)]) or "right"


@dataclass(slots=True)
class ReplyTally:
    """All exchanges, and what was decided on messages that must not be answered."""

    exchanges: list[Exchange] = field(default_factory=list)
    decisions: DecisionTally | None = None

    def figures(self) -> dict[str, Any]:
        """The stable output: rates in 0-1, invented as a count of replies, ms_p50 of the writing alone.

        wrong_field: another field's value in the place of the one asked for. beside: such a value beside it.
        stated_handing_over: not among right_values; states what was asked and brings a person in as well.
        """
        count = max(1, len(self.exchanges))
        own = [one for one in self.exchanges if one.writer.split(" + ")[0].removesuffix(" again") != COMPOSER]
        return {
            "replies": len(self.exchanges),
            "right_values": sum(one.right for one in self.exchanges) / count,
            "stated_handing_over": sum(one.stated and not one.right and one.handed_over for one in self.exchanges)
            / count,
            "wrong_field": sum(bool(one.wrong) and not one.right for one in self.exchanges) / count,
            "invented": sum(bool(one.invented) for one in self.exchanges),
            "right_decision": self.decisions.rate if self.decisions else None,
            "ms_p50": median([one.write_ms for one in own]) if own else None,
            "beside": sum(bool(one.wrong) and one.right for one in self.exchanges) / count,
            "by_model": len(own) / count,
            "right_by_model": sum(one.right for one in own) / len(own) if own else None,
        }

    def samples(self, count: int, seed: int) -> list[dict[str, str]]:
        """Some exchanges, good and bad, by chance."""
        chosen = Random(seed).sample(self.exchanges, min(count, len(self.exchanges)))
        names = ("shop", "topic", "text", "reply", "writer")
        return [{**{name: getattr(one, name) for name in names}, "verdict": one.verdict} for one in chosen]

    def details(self) -> dict[str, Any]:
        """Rates by topic, every exchange that went wrong, and decisions."""
        topics = sorted({one.topic for one in self.exchanges})
        rates = {name: _rate([one.right for one in self.exchanges if one.topic == name]) for name in topics}
        wrong = [asdict(one) for one in self.exchanges if not one.right or one.wrong or one.invented]
        return {"topics": rates, "failures": wrong, "decisions": self.decisions.details() if self.decisions else None}


def measure(
    shop: Path | None,
    *,
    count: int = 500,
    seed: int = 0,
    part: Part = "test",
    settings: Settings | None = None,
    decisions: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> ReplyTally:
    """Ask `count` questions. shop: folder of a tau2 shop; None asks the sample company alone. part: of the phrasings.

    progress: called with questions asked and to ask.
    """
    tally, random = ReplyTally(), Random(seed)
    shares = [("sample", count - (count // 2 if shop else 0)), *([(shop.name, count // 2)] if shop else [])]
    for name, share in shares:
        with _opened(name, shop, settings) as lab:
            agent, articles = lab.agent(), article_texts(lab)
            for order, topic, text in questions(lab, share, random, part=part):
                turn = agent.ask(text, viewer=Viewer(order.customer_id, Identity.VERIFIED), channel="eval")
                tally.exchanges.append(judged(name, order, topic, text, turn, articles=articles))
                if progress:
                    progress(len(tally.exchanges), count)
            if decisions and name == "sample":
                tally.decisions = measure_decisions(lab, part=part, seed=seed)
    return tally


def questions(lab: Lab, count: int, random: Random, *, part: Part) -> Iterator[tuple[Order, str, str]]:
    """Orders with a topic and a question for it, topics equally often, every order once as long as they last."""
    orders = list(cast(Iterator[Order], lab.store.iterate(RecordKind.ORDERS)))
    random.shuffle(orders)
    phrasings = field_phrasings(part)
    topics = list(phrasings)
    for number in range(count):
        order, topic = orders[number % len(orders)], topics[number % len(topics)]
        yield order, topic, random.choice(phrasings[topic]).replace("{number}", order.number)


def field_phrasings(part: Part) -> dict[str, list[str]]:
    """The ways of asking by topic: `dev` for choosing, `test` written by somebody who had seen no other."""
    text = resources.files("eval").joinpath("phrasings", f"fields_{part}.toml").read_text(encoding="utf-8")
    return cast(dict[str, list[str]], tomllib.loads(text))


def article_texts(lab: Lab) -> str:
    """The words of all articles, which a reply that cites one may quote."""
    return "\n".join(article.text for article in cast(Iterator[Article], lab.store.iterate(RecordKind.ARTICLES)))


def judged(shop: str, order: Order, topic: str, text: str, turn: Turn, *, articles: str = "") -> Exchange:
    """What is right and wrong with one reply. articles: what it may quote where it cites one."""
    reply = turn.reply.text if turn.reply else ""
    answered, wrong = judge(reply, order, topic)
    quotable = articles if turn.reply and turn.reply.citations else ""
    told = Settings().company.contact_hours  # when a person answers
    allowed = facts_in(f"{text} {record_words(order)} {quotable} {told}")
    stated = facts_in(CITATION.sub("", reply.replace(order.number, "")))
    return Exchange(
        shop=shop,
        topic=topic,
        text=text,
        reply=reply,
        writer=turn.models.get("writer", ""),
        stated=answered,
        right=answered and all(decision.kind == "answer" for decision in turn.decisions),
        wrong=wrong,
        invented=tuple(str(number) for number in sorted(stated.numbers - allowed.numbers)),
        decisions=tuple(f"{decision.kind} by {decision.rule}" for decision in turn.decisions),
        write_ms=turn.ms.get("write", 0.0),
    )


@contextmanager
def _opened(name: str, shop: Path | None, settings: Settings | None) -> Iterator[Lab]:
    """A home with the records of the sample company, or of the shop."""
    from rapport.sample import build_sample

    company = build_sample()
    with laboratory(settings) as lab:
        if name == "sample":
            add_sample(lab, company)
        elif shop is not None:
            import_shop(lab, shop)
        finish(lab, company)
        yield lab


def _rate(marks: Sequence[bool]) -> float:
    return round(sum(marks) / len(marks), 4)
