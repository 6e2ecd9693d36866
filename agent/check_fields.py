"""Refuse a value that stands in the evidence but is said of another field: the day of shipping as that of arrival.

The words around a value name its field. Where they name none, or the value stands in an article too, nothing is judged.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from agent.catalogue import words_of
from agent.check_evidence import ANY, HABIT, Evidence, unit_of
from agent.values import Span, spans_in

_SENTENCE = re.compile(r".+?(?:[.!?;](?=\s)|\n|$)", re.DOTALL)
_ASIDE = re.compile(r"\([^()]*\)")
_DATES = ("iso", "day", "month")
_AMOUNT_FIELDS = frozenset({"money", "amount", "total", "price", ANY})
_TO_COME = re.compile(
    r"\b(?:will|['’]ll|should|would|expect\w*|due|going to|scheduled|planned|estimated|supposed|likely|may|might|"
    r"to be)\b",
    re.IGNORECASE,
)
# What the words before a day say of it. The last of them counts.
_DATE_CUES: Final = tuple(
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), frozenset(fields))
    for pattern, fields in (
        (r"delivered|arrived|handed over to you|reached you|you (?:have )?received", {"delivered"}),
        (r"arriv(?:e|es|al)|expect\w*|delivers?|due|estimated|reach(?:es)?|should|allow\w* until", {"expected"}),
        (r"delivery(?: date| day)?|delivering", {"expected", "delivered"}),
        (r"shipped|dispatched|posted|handed to|on (?:its|the) way since|in transit since|shipping date", {"shipped"}),
        (r"sent|left us|left our warehouse", {"shipped", "paid"}),
        (r"placed|ordered|bought|purchased|order date|order (?:\S*\d\S* )?(?:of|from)", {"placed"}),
        (r"request\w*", {"requested", "placed"}),
        (r"paid|refunded|transferred|credited|paid out", {"paid", "placed"}),
        (r"cancell?ed on", {"cancelled"}),
    )
)  # fmt: skip
# "5 March is the expected day".
_DATE_AFTER: Final = tuple(
    (re.compile(rf"\s*(?:is|was|will be) (?:(?:the|your|its) )?(?:{pattern})", re.IGNORECASE), frozenset(fields))
    for pattern, fields in (
        (r"(?:expected|estimated|planned|arrival)|when it (?:arrives|comes|should)", {"expected"}),
        (r"when it (?:arrived|was delivered|came)", {"delivered"}),
        (r"(?:shipping|dispatch)|when it (?:was (?:shipped|sent)|left)", {"shipped"}),
        (r"(?:order|purchase) da|when (?:you|it was) ordered", {"placed"}),
    )
)
# "We deliver from Monday to Saturday" is of no order in particular.
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_WEEKLY = re.compile(
    rf"\b{_DAY}s?\s*(?:to|and|or|until|till|through|,|-|–)\s*{_DAY}|\b{_DAY}s\b|"
    r"\b(?:every|each|usually|generally|always|if|when\w*|orders|parcels|we|our (?:carriers?|couriers?|drivers?))\b",
    re.IGNORECASE,
)
_AMOUNT_CUES: Final = (
    (re.compile(r"\b(?:refund\w*|money back|reimburs\w*|pa(?:y|id)(?: you)? back)\b", re.IGNORECASE), "amount"),
    (re.compile(r"\b(?:total|sum|came to|charged|order value|you (?:have )?paid)\b", re.IGNORECASE), "total"),
)
_AMOUNT_AFTER: Final = (
    (re.compile(r"\s*refund\b", re.IGNORECASE), "amount"),
    (re.compile(r"\s*(?:in )?total\b"), "total"),
)
_NAMED = (
    r"(?:\s+(?:number|no\.?|code|id))?(?:\s+(?:for|of) (?:it|this|that|(?:your |the )?order \S+))?"
    r"(?:\s+is|\s*:)?\s*[#“\"(]?$"
)
_ID_CUES: Final = tuple(
    (re.compile(rf"\b(?:{pattern}){_NAMED}", re.IGNORECASE), field)
    for pattern, field in (("order", "order number"), ("invoice", "invoice"), ("tracking", "tracking"))
)
_IDS = frozenset({"order number", "invoice", "tracking"})
_NEAR = 45  # characters between an amount and the word that names it


@dataclass(frozen=True, slots=True)
class _Sentence:
    """One sentence with its values; places are within it."""

    text: str
    spans: tuple[Span, ...]


def wrong_fields(text: str, evidence: Evidence) -> list[str]:
    """The values that a reply says of a field that is not theirs, as "wrong field: 2026-03-03"."""
    found: list[str] = []
    for match in _SENTENCE.finditer(text):
        if match[0].strip().casefold() in evidence.passages:
            continue  # words of an article as they stand
        sentence = _Sentence(match[0], spans_in(match[0]))
        for at, span in enumerate(sentence.spans):
            allowed = _allowed(sentence, at, evidence)
            if allowed is not None and _known(span, evidence).isdisjoint(allowed):
                found.append(span.forms[0])
        found += _of_another(sentence.spans, evidence)
        found += _miscounted(match[0], evidence)
    return sorted({f"wrong field: {value}" for value in found})


def _known(span: Span, evidence: Evidence) -> frozenset[str]:
    """The fields of a value; `ANY` alone where the evidence lacks it, which another check says."""
    return frozenset[str]().union(*(evidence.fields.get(form, frozenset({ANY})) for form in span.forms))


def _allowed(sentence: _Sentence, at: int, evidence: Evidence) -> frozenset[str] | None:
    """The fields that the words around a value allow; None where they name none."""
    span = sentence.spans[at]
    if span.kind in (*_DATES, "when"):
        cue = _date_cue(sentence, at)
        weekly = {HABIT} if _WEEKLY.search(sentence.text) else set()
        return cue | {ANY} | weekly if cue else None
    unit = unit_of(sentence.text, span)
    if unit == "money":
        return _amount_cue(sentence, at) or _AMOUNT_FIELDS
    if unit:
        return frozenset({unit, ANY})
    if _known(span, evidence) <= _IDS:
        before = sentence.text[: span.start]
        return next((frozenset({field}) for cue, field in _ID_CUES if cue.search(before)), None)
    return None


def _date_cue(sentence: _Sentence, at: int) -> frozenset[str]:
    start = max((span.end for span in sentence.spans[:at] if span.kind in _DATES), default=0)
    before = _ASIDE.sub(_blank, sentence.text[start : sentence.spans[at].start])
    cues = [(match.end(), match.start(), fields) for cue, fields in _DATE_CUES for match in cue.finditer(before)]
    if not cues:
        after = sentence.text[sentence.spans[at].end :]
        return next((fields for cue, fields in _DATE_AFTER if cue.match(after)), frozenset())
    _, place, fields = max(cues, key=lambda cue: cue[0])
    if _TO_COME.search(before[:place]):
        return frozenset({"expected"}) | (fields - {"delivered"})
    if "paid" in fields and "refund" in sentence.text.casefold():
        return frozenset({"paid"})
    return fields


def _amount_cue(sentence: _Sentence, at: int) -> frozenset[str]:
    span = sentence.spans[at]
    start = max(
        (other.end for other in sentence.spans[:at] if unit_of(sentence.text, other) == "money"),
        default=0,
    )
    near = max(start, span.start - _NEAR)
    cues = [
        (match.end(), field) for cue, field in _AMOUNT_CUES for match in cue.finditer(sentence.text, near, span.start)
    ]
    after = sentence.text[span.end :]
    field = next((field for cue, field in _AMOUNT_AFTER if cue.match(after)), "") or (max(cues)[1] if cues else "")
    # an article's amount, such as delivery costs, may be refunded as well
    return frozenset({field, "money", ANY}) if field else frozenset()


def _of_another(spans: Sequence[Span], evidence: Evidence) -> Iterator[str]:
    """Days and amounts behind the number of an order that are another order's."""
    order, numbers = "", frozenset[str]().union(*evidence.owners.values())
    for span in spans:
        fields = _known(span, evidence)
        if fields == {"order number"} and span.forms[0] in numbers:
            order = span.forms[0]
        elif order and ANY not in fields and (span.kind in _DATES or fields <= {"amount", "total"}):
            owners = frozenset[str]().union(*(evidence.owners.get(form, frozenset()) for form in span.forms))
            if owners and order not in owners:
                yield span.forms[0]


def _miscounted(text: str, evidence: Evidence) -> Iterator[str]:
    """Counts before the name of an item that are not its quantity."""
    words = words_of(text)
    for name, counts in evidence.quantities.items():
        if name not in words:
            continue
        pattern = re.compile(
            r"(?<![\w.,:/-])(\d{1,3})\s*[×x]?\s+" + r"\W+".join(map(re.escape, name.split())), re.IGNORECASE
        )
        yield from (match[1] for match in pattern.finditer(text) if match[1] not in counts)


def _blank(match: re.Match[str]) -> str:
    """An aside is of what stands before it: its words name no field of what follows."""
    return " " * len(match[0])
