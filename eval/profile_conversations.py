"""Measure what profiles do for conversations: the sample company's tickets after a day, with and without profiles.

The predictors learn from what was known on `CUTOFF`; each ticket after `FROM` is routed with what was known when it
began. What lies between the two is for choosing. A ticket's first message is replaced by phrasings of the same intent
that no classifier has seen, because the tickets' own phrasings taught the classifiers, or by vague ones, which leave
open what they are about (`eval.profile_articles`). A figure of a ticket is the mean over its messages.

- reason_at_3: next-reason hit@3, whether what they wrote about is among the three likeliest reasons; without profiles
  these are the company's commonest. `kept` are those of the kept profile, `situation` those that a conversation uses.
- queue: whether the message goes to the right queue: a clear `first` one, an `unsure` or `vague` one, or one that only
  asks for a `person`. `over_guess` has the better guess beside it, the queue of the company's commonest reason.
- hours: until the right team reads it. A team reads it after its usual wait, the median time to the first reply to its
  tickets before `CUTOFF` on the ticket's channel. What is another team's it passes on at once, and that one waits as
  long as it usually does.
- article_at_1 and _at_3: hit@1 and hit@3 of an article that helps, for a vague message. `clear`: of the one that
  answers a question that has nothing to do with what was expected of who asks it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from agent.handover import queue_of
from agent.profile_prior import UNSURE, queue_for, reweighed
from eval.paired import Bootstrap, Estimate, difference, mean
from eval.profile_waits import Waits

if TYPE_CHECKING:
    from eval.homes import Lab
    from eval.profile_articles import Finder, Part
    from rapport.records import Ticket
    from rapport.sample import SampleCompany
    from rapport.sample.utterances import Example

CUTOFF = datetime(2026, 5, 1, tzinfo=UTC)
FROM = datetime(2026, 7, 15, tzinfo=UTC)
HIT = 3
PHRASINGS = 5  # of each ticket's message
Ranked = tuple[tuple[str, float], ...]
Found = tuple[tuple[str, ...], tuple[str, ...], frozenset[str]]  # articles without and with profiles; the right ones
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One ticket. reason: what it is about. said: the likeliest intents of each phrasing of its first message.

    vague: the same of messages that leave it open. sought, asked: articles found for these, and for clear questions.
    kept, situation: chance by reason, from the kept profile and from what went on with the orders.
    """

    reason: str
    channel: str
    said: tuple[Ranked, ...]
    kept: Mapping[str, float]
    situation: Mapping[str, float]
    vague: tuple[Ranked, ...] = ()
    sought: tuple[Found, ...] = ()
    asked: tuple[Found, ...] = ()


def measure_conversations(
    lab: "Lab", company: "SampleCompany", *, seed: int = 7, progress: Say = lambda part: None
) -> dict[str, Any]:
    """The ablation table; see `ablation`. Fits the heads and trains the predictors of the lab's home first."""
    from eval.homes import add_sample, finish
    from eval.profile_articles import Finder
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
    finder = Finder(lab.agent(), now)
    cases = with_messages(cases_of(lab, company, (FROM, now), split="test", seed=seed), finder, "test", seed=seed)
    usual = usual_reasons(company.tickets, CUTOFF)
    return ablation(cases, usual, Waits.of(company.tickets, CUTOFF), seed=seed)


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
                channel=ticket.channel or "",
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


def with_messages(cases: Sequence[Case], finder: "Finder", part: "Part", *, seed: int) -> list[Case]:
    """The same cases with vague messages for them, clear questions beside them, and what is found for both."""
    from eval.profile_articles import reason_articles, vague_messages
    from rapport.sample.questions import read_questions

    random, right = Random(seed), reason_articles()
    vague = vague_messages(part)
    questions = [(one.text, frozenset({one.article})) for one in read_questions() if one.split == part and one.article]
    found = []
    for case in cases:
        fitting = [one.text for one in vague if one.fits(case.reason)]
        texts = random.choices(fitting, k=PHRASINGS)
        asked = random.choices(questions, k=PHRASINGS)
        helps = right.get(case.reason)
        found.append(
            replace(
                case,
                vague=tuple(_ranked(finder, text) for text in texts),
                sought=tuple(_found(finder, text, case, helps) for text in texts) if helps else (),
                asked=tuple(_found(finder, text, case, one) for text, one in asked),
            )
        )
    return found


def _ranked(finder: "Finder", text: str) -> Ranked:
    main = finder.understood(text).main
    return ((main.intent, main.confidence), *main.alternatives)


def _found(finder: "Finder", text: str, case: Case, right: frozenset[str]) -> Found:
    return finder.articles(text, {}), finder.articles(text, case.situation), right


def ablation(cases: Sequence[Case], usual: Sequence[str], waits: Waits, *, seed: int = 7) -> dict[str, Any]:
    """By figure: without, with, and the change, each with a 95% interval drawn over the tickets.

    usual: reasons, the commonest first. A row that has no cases is left out.
    """
    draw = Bootstrap(seed=seed)
    rows: dict[str, Any] = {}
    for name, pairs in _figures(cases, usual, waits).items():
        if pairs:
            before, after = [one for one, _ in pairs], [other for _, other in pairs]
            rows[name] = {
                "without": _told(draw.estimate(mean, before)),
                "with": _told(draw.estimate(mean, after)),
                "change": _told(draw.estimate(difference(mean), after, before)),
                "tickets": len(pairs),
            }
    return rows


def _figures(cases: Sequence[Case], usual: Sequence[str], waits: Waits) -> dict[str, list[tuple[float, float]]]:
    """(without, with) by ticket, for each figure."""
    common = set(usual[:HIT])
    doubtful = [(case, tuple(said for said in case.said if said[0][1] < UNSURE)) for case in cases]
    wanted: Ranked = (("talk_to_person", 1.0),)
    kinds: dict[str, list[tuple[Case, tuple[Ranked, ...]]]] = {
        "first": [(case, case.said) for case in cases],
        "unsure": [(case, some) for case, some in doubtful if some],
        "vague": [(case, case.vague) for case in cases if case.vague],
        "person": [(case, (wanted,)) for case in cases],
    }
    taken = {name: [(case, _queues(case, said)) for case, said in some] for name, some in kinds.items()}
    queue = {f"queue_{name}": [_right(case, ways) for case, ways in some] for name, some in taken.items()}
    asked, guess = queue["queue_person"], queue_of(usual[:1])
    return {
        "reason_at_3_kept": [(case.reason in common, case.reason in _best(case.kept)) for case in cases],
        "reason_at_3_situation": [(case.reason in common, case.reason in _best(case.situation)) for case in cases],
        **queue,
        "queue_person_over_guess": [
            (float(queue_of((case.reason,)) == guess), after) for case, (_, after) in zip(cases, asked, strict=True)
        ],
        **{f"hours_{name}": [_hours(case, ways, waits) for case, ways in some] for name, some in taken.items()},
        **{f"article_at_{k}_vague": [_hits(case.sought, k) for case in cases if case.sought] for k in (1, HIT)},
        **{f"article_at_{k}_clear": [_hits(case.asked, k) for case in cases if case.asked] for k in (1, HIT)},
    }


def _best(reasons: Mapping[str, float]) -> list[str]:
    return sorted(reasons, key=lambda name: -reasons[name])[:HIT]


def _queues(case: Case, messages: Sequence[Ranked]) -> list[tuple[str, str]]:
    """The queue of each message without and with the likely reasons."""
    after = [reweighed(said, case.situation) if said[0][1] < UNSURE else said for said in messages]
    return [
        (queue_of((said[0][0],)), queue_for((other[0][0],), case.situation))
        for said, other in zip(messages, after, strict=True)
    ]


def _right(case: Case, ways: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """The share of ways that lead to the right queue, without and with."""
    right = queue_of((case.reason,))
    return _means([(float(one == right), float(other == right)) for one, other in ways])


def _hours(case: Case, ways: Sequence[tuple[str, str]], waits: Waits) -> tuple[float, float]:
    right = queue_of((case.reason,))
    return _means([
        (waits.until(right, by=one, channel=case.channel), waits.until(right, by=other, channel=case.channel))
        for one, other in ways
    ])  # fmt: skip


def _hits(found: Sequence[Found], k: int) -> tuple[float, float]:
    return _means([(bool(right & set(one[:k])), bool(right & set(other[:k]))) for one, other, right in found])


def _means(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(one for one, _ in pairs) / len(pairs), sum(other for _, other in pairs) / len(pairs)


def _told(estimate: Estimate) -> dict[str, float]:
    return {"value": round(estimate.value, 4), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}
