"""Measure what profiles do for conversations: the sample company's tickets after a day, with and without profiles.

The predictors learn from what was known on `CUTOFF`; each ticket after `FROM` is routed with what was known when it
began. What lies between the two is for choosing. A ticket's first message is replaced by a phrasing of the same intent
that no classifier has seen, because the tickets' own phrasings taught the classifiers.

- next-reason hit@3: whether what they wrote about is among the three likeliest reasons; without profiles these are the
  company's commonest. `kept` are the reasons of the kept profile, `situation` those that the conversation uses.
- queue: whether the first message goes to the right queue, over all messages, over the unsure ones, and where a
  customer only asks for a person, so that the words name no queue: the general one is taken without profiles. The
  better guess, the queue of the company's commonest reason, stands beside it.
- teams: how many teams have it until the right one does: 1 where the queue is right, else 2.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from agent.handover import queue_of
from agent.profile_prior import UNSURE, likely_queue, reweighed
from eval.paired import Bootstrap, Estimate, difference, mean

if TYPE_CHECKING:
    from eval.homes import Lab
    from rapport.records import Ticket
    from rapport.sample import SampleCompany
    from rapport.sample.utterances import Example

CUTOFF = datetime(2026, 5, 1, tzinfo=UTC)
FROM = datetime(2026, 7, 15, tzinfo=UTC)
HIT = 3
PHRASINGS = 5  # of each ticket's message
Ranked = tuple[tuple[str, float], ...]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One ticket. reason: what it is about. said: the likeliest intents of each phrasing of its first message.

    kept, situation: chance by reason, from the kept profile and from what went on with the orders.
    """

    reason: str
    said: tuple[Ranked, ...]
    kept: Mapping[str, float]
    situation: Mapping[str, float]


def measure_conversations(
    lab: "Lab", company: "SampleCompany", *, seed: int = 7, progress: Say = lambda part: None
) -> dict[str, Any]:
    """The ablation table; see `ablation`. Fits the heads and trains the predictors of the lab's home first."""
    from eval.homes import add_sample, finish
    from profiles.train import ProfilePlan, train_profiles

    add_sample(lab, company)
    lab.store.upsert(company.events)
    progress("heads and index")
    finish(lab, company)
    now = datetime.combine(company.as_of, datetime.min.time(), UTC)
    plan = ProfilePlan(seed=seed)
    train_profiles(
        lab.home, lab.store, lab.settings.profiles, name="profiles", as_of=CUTOFF, now=now, plan=plan, say=progress
    )
    progress("tickets")
    return ablation(
        cases_of(lab, company, (FROM, now), split="test", seed=seed), usual_reasons(company.tickets, CUTOFF), seed=seed
    )


def usual_reasons(tickets: Sequence["Ticket"], before: datetime) -> list[str]:
    """What customers wrote about before a moment, the commonest first."""
    counts = Counter(
        ticket.labels["intent"] for ticket in tickets if ticket.created_at is not None and ticket.created_at < before
    )
    return [reason for reason, _ in counts.most_common() if reason != "oos"]


def cases_of(
    lab: "Lab", company: "SampleCompany", span: tuple[datetime, datetime], *, split: str, seed: int
) -> list[Case]:
    """The tickets of a span of time as cases; those about nothing the shop knows are left out."""
    from crm.histories import day_of, one_customer
    from profiles.buying import Shelf
    from profiles.gathering import Moment, Money
    from profiles.predictor import load_predictor
    from profiles.reading import read_history
    from profiles.situations import MOST_ORDERS, situation_of

    predictor, shelf = load_predictor(lab.home, lab.store, "profiles"), Shelf.of(lab.store)
    if predictor.situations is None:
        raise ValueError("the predictor knows no situations")
    read = _phrasings(lab, [one for one in company.examples if one.split == split])
    random, found = Random(seed), []
    money = Money(currency=predictor.facts.currency, rates={})
    for ticket in company.tickets:
        at, reason = ticket.created_at, ticket.labels["intent"]
        if at is None or ticket.customer_id is None or not span[0] <= at < span[1] or reason not in read:
            continue
        moment = Moment(now=day_of(span[1]), seen=day_of(at))
        history = read_history(lab.store, one_customer(ticket.customer_id), money, moment)
        profiles = predictor.profiles(history, day_of(at), shelf)
        orders = lab.store.orders_of(ticket.customer_id, limit=MOST_ORDERS)
        found.append(
            Case(
                reason=reason,
                said=tuple(random.choices(read[reason], k=PHRASINGS)),
                kept=dict(profiles[0].next_reasons) if profiles else {},
                situation=predictor.situations.reasons[situation_of(orders, at)],
            )
        )
    return found


def _phrasings(lab: "Lab", examples: Sequence["Example"]) -> dict[str, list[Ranked]]:
    """By intent, the likeliest intents of each phrasing, as the heads in use read it."""
    from agent.assemble import load_heads
    from rapport.text import mask

    heads, _ = load_heads(lab.home, lab.encoder)
    output = heads.suite.read([mask(one.text) for one in examples]).outputs["intent"]
    read: dict[str, list[Ranked]] = {}
    for row, one in enumerate(examples):
        if one.intent != "oos":
            read.setdefault(one.intent, []).append(output.ranked(row))
    return read


def ablation(cases: Sequence[Case], usual: Sequence[str], *, seed: int = 7) -> dict[str, Any]:
    """By figure: without, with, and the change, each with a 95% interval drawn over the tickets.

    usual: reasons, the commonest first. A row that has no cases is left out.
    """
    draw = Bootstrap(seed=seed)
    rows: dict[str, Any] = {}
    for name, pairs in _figures(cases, usual).items():
        if pairs:
            before, after = [one for one, _ in pairs], [other for _, other in pairs]
            rows[name] = {
                "without": _told(draw.estimate(mean, before)),
                "with": _told(draw.estimate(mean, after)),
                "change": _told(draw.estimate(difference(mean), after, before)),
                "tickets": len(pairs),
            }
    return rows


def _figures(cases: Sequence[Case], usual: Sequence[str]) -> dict[str, list[tuple[float, float]]]:
    """(without, with) by ticket, for each figure."""
    common = set(usual[:HIT])
    every = [_routed(case, case.said) for case in cases]
    doubtful = [(case, [said for said in case.said if said[0][1] < UNSURE]) for case in cases]
    asked = [_asked(case) for case in cases]
    return {
        "hit_at_3_kept": [(case.reason in common, case.reason in _best(case.kept)) for case in cases],
        "hit_at_3_situation": [(case.reason in common, case.reason in _best(case.situation)) for case in cases],
        "queue_of_first_message": every,
        "queue_where_unsure": [_routed(case, some) for case, some in doubtful if some],
        "queue_where_a_person_is_asked_for": asked,
        "queue_where_a_person_is_asked_for_over_the_commonest": [
            (float(queue_of((case.reason,)) == queue_of(usual[:1])), after)
            for case, (_, after) in zip(cases, asked, strict=True)
        ],
        "teams_after_first_message": [(2 - one, 2 - other) for one, other in every],
        "teams_where_a_person_is_asked_for": [(2 - one, 2 - other) for one, other in asked],
    }


def _best(reasons: Mapping[str, float]) -> list[str]:
    return sorted(reasons, key=lambda name: -reasons[name])[:HIT]


def _routed(case: Case, phrasings: Sequence[Ranked]) -> tuple[float, float]:
    """The share of these phrasings that go to the right queue, without and with the likely reasons."""
    right, n = queue_of((case.reason,)), len(phrasings)
    after = [reweighed(said, case.situation) if said[0][1] < UNSURE else said for said in phrasings]
    return tuple(sum(queue_of((said[0][0],)) == right for said in some) / n for some in (phrasings, after))  # type: ignore[return-value]


def _asked(case: Case) -> tuple[float, float]:
    """Whether "I want to talk to a person" goes to the right queue."""
    right, without = queue_of((case.reason,)), queue_of(("talk_to_person",))
    return float(without == right), float((likely_queue(case.situation) or without) == right)


def _told(estimate: Estimate) -> dict[str, float]:
    return {"value": round(estimate.value, 4), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}
