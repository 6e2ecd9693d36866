"""Which rules of `prompts/rules.toml` apply to a customer's profile in a turn, and what they ask for. Pure.

A rule has conditions, all of which must hold, and actions. What the profile does not tell fulfils no condition. What a
customer could notice (tone, the offer of a person, suggested products) is for verified customers alone: who only claims
to be somebody must not learn from a reply how that customer is seen.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from prompts.render import rules, template
from rapport.customer_profiles import CustomerProfile
from rapport.errors import DataError
from rapport.types import DecisionKind, Identity

Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = get_args(Priority)
UP = "up"  # one step, however many rules ask for it
TONE = "tone_"  # how the names of templates begin that a rule may choose
_BOUNDED: Mapping[str, tuple[float, float]] = {
    "churn_risk": (0.0, 1.0), "contact_risk": (0.0, 1.0), "value": (0.0, math.inf), "value_rank": (0.0, 1.0),
    "next_purchase_days": (0.0, math.inf), "age_days": (0.0, math.inf), "sentiment": (-1.0, 1.0),
}  # fmt: skip
_LISTED: Mapping[str, tuple[str, ...]] = {
    "segment": (), "intent": (), "next_reason": (), "standing": ("new", "active", "lapsed"),
    "identity": tuple(identity.value for identity in Identity), "decision": get_args(DecisionKind),
}  # fmt: skip
_SWITCHES = ("offer_person", "suggest_products")
_ACTIONS = ("priority", "queue", "tone", *_SWITCHES)
_QUEUE = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Bounds:
    """Least and most of a number, both included."""

    least: float = -math.inf
    most: float = math.inf

    def hold(self, value: float | None) -> bool:
        """Whether a number lies within; one that is not known does not."""
        return value is not None and self.least <= value <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """What the rules that apply ask for. priority: the least that a handover gets; up: one step above its own.

    applied: ids of the rules, for the trace.
    """

    priority: Priority = "low"
    up: bool = False
    queue: str | None = None
    tone: str | None = None
    offer_person: bool = False
    suggest_products: bool = False
    applied: tuple[str, ...] = ()

    def raised(self, priority: Priority) -> Priority:
        """A handover's priority after these actions: never lower than before."""
        place = PRIORITIES.index(priority)
        up = min(place + 1, len(PRIORITIES) - 1) if self.up else place
        return PRIORITIES[max(up, PRIORITIES.index(self.priority))]


NOTHING = Actions()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRule:
    """One rule. bounds: of numbers, by name. listed: the values that a name may have."""

    id: str
    bounds: Mapping[str, Bounds]
    listed: Mapping[str, frozenset[str]]
    then: Actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What the conditions are about: a profile and the turn it is used in.

    value_rank: share of the company's customers with a smaller value, 0-1. age_days: since the profile was made.
    decisions: kinds of all that the turn decided.
    """

    profile: CustomerProfile
    identity: Identity
    sentiment: float
    intents: tuple[str, ...]
    decisions: tuple[str, ...]
    age_days: float = 0.0
    value_rank: float | None = None


def actions_for(known: Sequence[ProfileRule], occasion: Occasion) -> Actions:
    """What the rules that apply ask for together; of two queues or tones the first rule's."""
    found = [rule for rule in known if _applies(rule, occasion)]
    if not found:
        return NOTHING
    shown = occasion.identity is Identity.VERIFIED
    return Actions(
        priority=max((rule.then.priority for rule in found), key=PRIORITIES.index),
        up=any(rule.then.up for rule in found),
        queue=next((rule.then.queue for rule in found if rule.then.queue), None),
        tone=next((rule.then.tone for rule in found if rule.then.tone), None) if shown else None,
        offer_person=shown and any(rule.then.offer_person for rule in found),
        suggest_products=shown and any(rule.then.suggest_products for rule in found),
        applied=tuple(rule.id for rule in found),
    )


def uses(known: Sequence[ProfileRule], name: str) -> bool:
    """Whether a rule has a condition of that name."""
    return any(name in rule.bounds or name in rule.listed for rule in known)


def _applies(rule: ProfileRule, occasion: Occasion) -> bool:
    profile = occasion.profile
    numbers: Mapping[str, float | None] = {
        **{name: getattr(profile, name) for name in ("churn_risk", "contact_risk", "value", "next_purchase_days")},
        "value_rank": occasion.value_rank,
        "age_days": occasion.age_days,
        "sentiment": occasion.sentiment,
    }
    words: Mapping[str, set[str]] = {
        "segment": {profile.segment} if profile.segment else set(),
        "standing": {profile.standing},
        "next_reason": {name for name, _ in profile.next_reasons[:3]},
        "intent": set(occasion.intents),
        "decision": set(occasion.decisions),
        "identity": {occasion.identity.value},
    }
    within = all(bounds.hold(numbers[name]) for name, bounds in rule.bounds.items())
    return within and all(words[name] & listed for name, listed in rule.listed.items())


@cache
def shipped_rules() -> tuple[ProfileRule, ...]:
    """The rules of `prompts/rules.toml`. Raises DataError for one that cannot be read."""
    return read_rules(rules().get("profile", ()))


def read_rules(rows: Sequence[Mapping[str, Any]]) -> tuple[ProfileRule, ...]:
    """Rules from their rows: id, when (conditions), then (actions). Raises DataError where one is wrong, saying how."""
    found = tuple(_rule(row) for row in rows)
    names = [rule.id for rule in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f"two profile rules are called '{twice[0]}'.", hint="Give each an id of its own.")
    return found


def _rule(row: Mapping[str, Any]) -> ProfileRule:
    id = row.get("id")
    if not isinstance(id, str) or not id:
        raise DataError("a profile rule has no id.", hint='Begin each [[profile]] of rules.toml with id = "…".')
    if unknown := sorted(set(row) - {"id", "when", "then"}):
        raise _wrong(id, f"has the unknown key '{unknown[0]}'", "Known: id, when, then.")
    bounds: dict[str, Bounds] = {}
    listed: dict[str, frozenset[str]] = {}
    for name, wanted in row.get("when", {}).items():
        if name in _BOUNDED:
            bounds[name] = _bounds(id, name, wanted)
        elif name in _LISTED:
            listed[name] = _list(id, name, wanted)
        else:
            raise _wrong(id, f"has the unknown condition '{name}'", f"Known: {', '.join((*_BOUNDED, *_LISTED))}.")
    if not bounds and not listed:
        raise _wrong(id, "has no condition", "A rule without one would apply to everybody.")
    return ProfileRule(id=id, bounds=bounds, listed=listed, then=_actions(id, row.get("then", {})))


def _bounds(id: str, name: str, wanted: Any) -> Bounds:
    low, high = _BOUNDED[name]
    hint = f"Write {name} = {{ least = …, most = … }} with one or both, each from {low:g} to {high:g}."
    if not isinstance(wanted, Mapping) or not wanted or set(wanted) - {"least", "most"}:
        raise _wrong(id, f"has a {name} that is no pair of bounds", hint)
    for value in wanted.values():
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise _wrong(id, f"bounds {name} by {value!r}", hint)
    found = Bounds(**wanted)
    if found.least > found.most:
        raise _wrong(id, f"has a least {name} above its most", hint)
    return found


def _list(id: str, name: str, wanted: Any) -> frozenset[str]:
    known = _LISTED[name]
    if not isinstance(wanted, list) or not wanted or not all(isinstance(word, str) and word for word in wanted):
        raise _wrong(id, f"has a {name} that is no list of words", f'Write {name} = ["…"].')
    if known and (odd := sorted(set(wanted) - set(known))):
        raise _wrong(id, f"names the unknown {name} '{odd[0]}'", f"Known: {', '.join(known)}.")
    return frozenset(wanted)


def _actions(id: str, wanted: Mapping[str, Any]) -> Actions:
    if unknown := sorted(set(wanted) - set(_ACTIONS)):
        raise _wrong(id, f"has the unknown action '{unknown[0]}'", f"Known: {', '.join(_ACTIONS)}.")
    if not wanted:
        raise _wrong(id, "has no action", f"Known: {', '.join(_ACTIONS)}.")
    for name, (fits, hint) in _FITS.items():
        if name in wanted and not fits(wanted[name]):
            raise _wrong(id, f"has the {name} {wanted[name]!r}", hint)
    if tone := wanted.get("tone"):
        template(tone)
    priority = wanted.get("priority", "low")
    return Actions(
        **{**wanted, "priority": "low" if priority == UP else priority},
        up=priority == UP,
        applied=(id,),
    )


_FITS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "priority": (lambda value: value in (UP, *PRIORITIES[1:]), f"Known: {', '.join((UP, *PRIORITIES[1:]))}."),
    "queue": (lambda value: isinstance(value, str) and bool(_QUEUE.fullmatch(value)), "Name a queue in small letters."),
    "tone": (
        lambda value: isinstance(value, str) and value.startswith(TONE),
        f"Name a template of prompts/replies that begins with {TONE}.",
    ),
    **{name: (lambda value: value is True, "Write true, or leave it out.") for name in _SWITCHES},
}


def _wrong(id: str, what: str, hint: str) -> DataError:
    return DataError(f"the profile rule '{id}' {what}.", hint=hint)
