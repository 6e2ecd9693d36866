"""Refuse a state that a reply gives to the customer's order, parcel or refund and that its record does not have.

A help article says what may become of orders in general; how this order stands, only its record says.
"""

import re
from collections.abc import Iterator
from typing import Final

from agent.check_evidence import Evidence

_SENTENCE = re.compile(r".+?(?:[.!?;](?=\s)|\n|$)", re.DOTALL)
_DENIES = re.compile(r"\b(?:not|never|no|cannot|unable)\b|n['’]t\b|\?", re.IGNORECASE)
# "Once your parcel is delivered" states nothing.
_IN_GENERAL = re.compile(
    r"\b(?:if|once|when\w*|while|until|till|unless|whether|as (?:soon|long) as|before|after|in case|any|every|each|"
    r"should|can|could|may|might)\b",
    re.IGNORECASE,
)
_OWN: Final = {
    "order": re.compile(
        r"\b(?:your|the|this|that|my) (?:[\w-]+ )?(?:order|purchase)\b"
        r"(?! (?:confirmation|number|date|e-?mail|page|history))|\border #?\S*\d|\bcancellation\b|"
        r"\b(?:it|everything|this) (?:is|was|has been|['’]s)\b",
        re.IGNORECASE,
    ),
    "parcel": re.compile(
        r"\b(?:your|the|this|that|a|another) (?:[\w-]+ )?(?:parcel|package|shipment|delivery)\b(?!s)", re.IGNORECASE
    ),
    "refund": re.compile(
        r"\b(?:your|the|this|that|a) (?:[\w-]+ )?(?:refund|money|reimbursement)\b(?!s)|\brefund of\b", re.IGNORECASE
    ),
}
# What a state may be called. Each row: words of a reply, states of a record that bear them out.
_WORDS: Final = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), frozenset(states))
    for pattern, states in (
        (r"cancell?ed|called off|voided|annulled|cancellation (?:\S+ ){0,5}?(?:through|confirmed|complete\w*|done|"
         r"successful|accepted|approved|processed)", {"cancelled", "canceled"}),
        (r"delivered", {"delivered"}),
        (r"(?:has|have) arrived", {"delivered"}),
        (r"shipped|dispatched", {"shipped", "in transit", "out for delivery", "delivered", "partially shipped",
                                 "delayed", "lost", "returned", "handed over"}),
        (r"lost", {"lost"}),
        (r"declined|rejected", {"declined", "rejected"}),
        (r"approved", {"approved", "paid", "refunded"}),
        (r"refunded", {"refunded", "paid"}),
    )
)  # fmt: skip
# Said of money alone.
_PAID = re.compile(r"\b(?:was|been|is|already|got) (?:paid|issued|transferred|credited|sent)\b", re.IGNORECASE)
_PAID_STATES = frozenset({"paid", "refunded", "completed"})
_COMING = re.compile(r"\bon (?:its|the) way\b|\bcoming\b|\bbeing (?:processed|paid|prepared)\b", re.IGNORECASE)
_MONEY_MOVES = frozenset({"requested", "approved", "paid", "pending", "processing", "processed", "refunded", "open"})
# "The refund of a cancelled order is paid within five days" is of no order in particular.
_POLICY = re.compile(r"\b(?:within|usually|normally|generally|always|(?:of|for) an?)\b", re.IGNORECASE)
_YOURS = re.compile(
    r"\byour (?:[\w-]+ )?(?:order|purchase|parcel|package|refund|money)\b[^.,;]{0,20}"
    r"\b(?:has|have|was|were|is now|is already)\b",
    re.IGNORECASE,
)


def wrong_states(text: str, evidence: Evidence) -> list[str]:
    """The states that a reply claims without a record, as "refund approved"."""
    return sorted({claim for match in _SENTENCE.finditer(text) for claim in _claims(match[0].strip(), evidence)})


def _claims(sentence: str, evidence: Evidence) -> Iterator[str]:
    if _DENIES.search(sentence) or _IN_GENERAL.search(sentence):
        return
    if not _YOURS.search(sentence) and (_POLICY.search(sentence) or sentence.casefold() in evidence.passages):
        return
    subjects = [name for name, own in _OWN.items() if own.search(sentence)]
    if not subjects:
        return
    known = frozenset[str]().union(*evidence.states.values())
    for pattern, states in _WORDS:
        for match in pattern.finditer(sentence):
            # a system's own word for a state may be any
            if known.isdisjoint(states) and match[0].casefold() not in known:
                yield f"{subjects[-1]} {match[0].casefold()}"
    if "refund" in subjects:
        refund = evidence.states["refund"]
        if _PAID.search(sentence) and refund.isdisjoint(_PAID_STATES):
            yield "refund paid"
        if _COMING.search(sentence) and refund.isdisjoint(_MONEY_MOVES):
            yield "refund on its way"
