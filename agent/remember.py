"""Carry the thread on: the context after a turn, from the one before and what the turn did. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from agent.context import Context, Pending, Wanted
from agent.facts import Facts, Step
from agent.intents import ANSWERS_TO_US, SMALL_TALK
from agent.wording import echoed
from rapport.likeness import KEPT
from rapport.types import ToolResult

LONGEST_TRAIL = 20
_ASKED_BACK = frozenset({"clarify", "clarify_open", "nothing_pending"})
_NO_ANSWER = frozenset({"no_answer", "not_understood", "out_of_scope", "other_language", "cannot_do"})


def remember(facts: Facts, steps: Sequence[Step], results: Sequence[ToolResult | None]) -> Context:
    """The context that the next turn starts with."""
    before = facts.context
    talked = all(step.rule in SMALL_TALK for step in steps)
    topic = next((step for step in reversed(steps) if step.intent not in SMALL_TALK | ANSWERS_TO_US), None)
    found = [result for result in results if result is not None and result.found]
    numbers = [str(result.values["number"]) for result in found if "number" in result.values]
    listed = [
        tuple(str(order["number"]) for order in result.values["orders"]) for result in found if result.tool == "orders"
    ]
    rules = {step.rule for step in steps}
    products = [str(result.values["product"]) for result in found if result.tool == "product"]
    return replace(
        before,
        order=numbers[-1] if numbers else before.order,
        orders=listed[-1] if listed else before.orders,
        intent=topic.intent if topic else before.intent,
        query=topic.ask.query[:500] if topic else before.query,
        product=products[-1] if products else before.product,
        pending=_kept(before, steps, talked=talked) or _pending(steps, results),
        facts={} if facts.identified.outcome == "matched" else dict(facts.identified.facts),
        failures=facts.identified.failures,
        clarified=before.clarified + 1 if rules & _ASKED_BACK else 0,
        unhelped=before.unhelped + 1 if rules & (_ASKED_BACK | _NO_ANSWER) else 0,
        trail=(*before.trail, round(facts.understanding.sentiment, 2))[-LONGEST_TRAIL:],
        said=(*before.said, facts.understanding.packed)[-KEPT:] if facts.understanding.packed else before.said,
    )


def _kept(before: Context, steps: Sequence[Step], *, talked: bool) -> Pending | None:
    """What still waits: small talk answers nothing, and "why do you need that?" is no refusal to be identified."""
    waits = before.pending is not None and before.pending.kind == "verify"
    aside = waits and all(step.rule == "article" and not step.offers for step in steps)
    return before.pending if talked or aside else None


def _pending(steps: Sequence[Step], results: Sequence[ToolResult | None]) -> Pending | None:
    """What the reply asked for; where it asked for several things, the one that everything else waits for."""
    for step in steps:
        if step.rule in ("verify", "verify_more", "verify_failed", "verify_why"):
            return Pending(kind="verify", wanted=step.wanted)
    for step, result in zip(steps, results, strict=True):
        if result is None:
            continue
        wanted = (Wanted(intent=step.intent, text=step.ask.text[:500], topics=step.topics),)
        if result.tool == "orders" and result.found:
            return Pending(kind="which_order", wanted=wanted)
        if not result.found and step.order is not None:
            return Pending(kind="order_number", wanted=wanted)
        if result.tool == "products" or (result.tool == "product" and not result.found):
            return Pending(kind="product", wanted=wanted)
    for step in steps:
        if step.rule == "clarify":
            return Pending(kind="clarify", wanted=step.wanted)
    return Pending(kind="offer") if any(step.offers for step in steps) else None


def tried(steps: Sequence[Step]) -> list[str]:
    """What the agent did, one line a step, for the person who takes over."""
    lines = []
    for step in steps:
        about = f" ({echoed(step.order)})" if step.order else ""
        lines.append(f"{step.rule.replace('_', ' ')}{about}: {step.decision.reason}")
    return lines
