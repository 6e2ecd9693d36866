"""Turn the values in a staff member's reply into slots, where they stand in the record that the reply is about."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from finetune.stated import Stated, stated_in
from prompts.fields import BRACES, Sheet, sheet_of, slots_of
from rapport.amounts import parse_amount
from rapport.records import number_key

_GAP = r"[\s#./_-]{0,2}"
_JOINED = r"\s*(?:,\s*and|,|and|&|\+|plus)\s*(?:(?:the|your|an?|one|\d+\s*[x×])\s+)?"
_WORD = re.compile(r"\w+")
_BETWEEN = re.compile(r"\{[^}]*\}")  # the slots, between which no name reaches
SHORTEST_BARE = 5  # digits of a number that count without its prefix
SHORTEST_NAME = 4  # letters of a carrier or method that count as one
# What stands near a value that several fields may hold, and what is taken where nothing does.
_CUES: Mapping[str, re.Pattern[str]] = {
    "delivery date": re.compile(r"deliver|arriv|dropped|received|handed over|collected|picked up", re.I),
    "expected date": re.compile(r"expect|should|due|will|reach|estimat|schedul|with you|eta|ready|by\b", re.I),
    "shipping date": re.compile(r"ship|sent|left|dispatch|posted|went out|handed to", re.I),
    "refund date": re.compile(r"refund|paid|credit|money|reimburs|transfer|back", re.I),
    "refund request date": re.compile(r"request|asked|applied", re.I),
    "order date": re.compile(r"order|placed|bought|purchas|booked", re.I),
    "refund method": re.compile(r"refund|back|return|credit|reimburs|repaid", re.I),
    "refund amount": re.compile(r"refund|back|credit|reimburs|return", re.I),
    "total": re.compile(r"total|cost|sum|price|charge|paid|invoice|bill", re.I),
}
_STATUS = r"(?:\b(?:is|are|as|status|now|still|currently|been|marked|shows?)|:)\s+[“\"'‘]?(?P<value>{})(?!\w)"


@dataclass(frozen=True, slots=True)
class Slotted:
    """A reply with slots. foreign: values that it states and the record does not have, as they are written."""

    text: str
    foreign: tuple[str, ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        return slots_of(self.text)


class Company:
    """What else a reply may name: the products and carriers of all records."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._by_first: dict[str, list[str]] = defaultdict(list)
        for name in {" ".join(_WORD.findall(name.casefold())) for name in names}:
            if len(name) >= SHORTEST_NAME:
                self._by_first[name.split(" ")[0]].append(name)

    def named_in(self, text: str) -> list[str]:
        """The names that a text contains, word by word."""
        words = _WORD.findall(text.casefold())
        said = f" {' '.join(words)} "
        return [name for word in dict.fromkeys(words) for name in self._by_first.get(word, ()) if f" {name} " in said]


def put_slots(text: str, values: Mapping[str, Any] | None, company: Company | None = None) -> Slotted:
    """The reply with slots for the record's values. values: of an order, as its tools give them; None without one."""
    text = text.translate(BRACES)
    claims: list[tuple[int, int, str]] = []
    if values is not None:
        sheet = sheet_of(values)
        for start, end, name in (*_written(text, values, sheet), *_dated(text, values), *_status(text, sheet)):
            if not any(start < other and begin < end for begin, other, _ in claims):
                claims.append((start, end, name))
    foreign = [text[found.start : found.end] for found in stated_in(text)
               if not any(found.start < end and start < found.end for start, end, _ in claims)]  # fmt: skip
    made, at = [], 0
    for start, end, name in sorted(claims):
        made += [text[at:start], f"{{{name}}}"]
        at = end
    slotted = "".join([*made, text[at:]])
    return Slotted(slotted, (*foreign, *(company.named_in(_BETWEEN.sub(" | ", slotted)) if company else ())))


def states_more(slotted: str, company: Company) -> bool:
    """Whether a text with slots states a value, or names a product or carrier, beside its slots."""
    rest = _BETWEEN.sub(" | ", slotted)
    return bool(stated_in(rest) or company.named_in(rest))


def _written(text: str, values: Mapping[str, Any], sheet: Sheet) -> Iterator[tuple[int, int, str]]:
    """Numbers, items, carriers and methods, which are written as they stand in the record."""
    parcels, refunds = values.get("parcels") or (), values.get("refunds") or ()
    numbers = {"tracking number": [parcel.get("tracking") for parcel in parcels],
               "invoice number": [values.get("invoice")], "order number": [values["number"]]}  # fmt: skip
    key, small = number_key(text), text.casefold()  # what is not there needs no pattern
    for name, given in numbers.items():
        if len(set(given)) == 1 and given[0] and _bare(str(given[0])) in key:  # a slot stands for all of them
            yield from ((*match.span(), name) for match in _number(str(given[0])).finditer(text))
    names = [str(item["name"]) for item in values.get("items") or ()]
    if names and all(name.casefold() in small for name in names):
        one = [rf"{re.escape(name)}s?(?:\s*\([^)]*\))?" for name in names]
        listed = re.compile(rf"(?<!\w)(?:\d+\s*[x×]\s+)?{_JOINED.join(one)}(?!\w)", re.IGNORECASE)
        yield from ((*match.span(), "items") for match in listed.finditer(text))
    words = {"carrier": [parcel.get("carrier") for parcel in parcels],
             "refund method": [refund.get("method") for refund in refunds],
             "payment method": [values.get("payment")]}  # fmt: skip
    for name, given in words.items():
        if len(set(given)) == 1 and given[0] and (name == "carrier" or len(str(given[0])) >= SHORTEST_NAME):
            yield from _named(text, name, sheet.fields[name])


def _named(text: str, field: str, words: str) -> Iterator[tuple[int, int, str]]:
    if words.casefold().split()[0] not in text.casefold():
        return
    written = re.escape(words).replace(r"\ ", r"[\s_]+")
    for match in re.finditer(rf"(?<!\w){written}(?!\w)", text, re.IGNORECASE):
        if field != "refund method" or _CUES[field].search(text[: match.start()]):
            yield *match.span(), field


def _bare(written: str) -> str:
    """The digits of a number, as people write it without its prefix; the whole where they are few."""
    key = number_key(written)
    digits = key.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return digits if digits.isdigit() and len(digits) >= SHORTEST_BARE else key


def _number(written: str) -> re.Pattern[str]:
    forms = [_GAP.join(map(re.escape, form)) for form in dict.fromkeys((number_key(written), _bare(written)))]
    return re.compile(rf"#?(?<![A-Za-z0-9])(?:{'|'.join(forms)})(?![A-Za-z0-9]|[-/.]\d)", re.IGNORECASE)


def _dated(text: str, values: Mapping[str, Any]) -> Iterator[tuple[int, int, str]]:
    """Dates and amounts, each for the field of that value whose cue stands nearest."""
    days = _days_of(values)
    for found in stated_in(text):
        if found.kind == "date":
            fitting = [name for name, iso in days.items() if found.is_day(iso)]
        elif found.kind == "amount":
            fitting = [name for name, amount in _amounts_of(values).items() if parse_amount(amount) == found.amount]
        else:
            continue
        if fitting:
            start = found.start
            if found.kind == "date" and (article := re.search(r"\bthe\s+$", text[:start], re.IGNORECASE)):
                start = article.start()
            yield start, found.end, _nearest(text, found, fitting)


def _days_of(values: Mapping[str, Any]) -> dict[str, str]:
    """The record's fields that are one day."""
    parcels, refunds = values.get("parcels") or (), values.get("refunds") or ()
    waiting = [parcel for parcel in parcels if not parcel.get("delivered")]
    given: dict[str, Sequence[str | None]] = {
        "delivery date": [parcel.get("delivered") for parcel in parcels],
        "expected date": [parcel.get("expected") for parcel in waiting],
        "shipping date": [parcel.get("shipped") for parcel in parcels],
        "refund date": [refund.get("paid") for refund in refunds],
        "refund request date": [refund.get("requested") for refund in refunds],
        "order date": [values.get("placed")],
    }
    return {name: only for name, days in given.items() if len(set(days)) == 1 for only in days[:1] if only}


def _amounts_of(values: Mapping[str, Any]) -> dict[str, str]:
    refunds = list(values.get("refunds") or ())
    given = {"total": values.get("total"), "refund amount": refunds[0]["amount"] if len(refunds) == 1 else None}
    return {name: str(amount) for name, amount in given.items() if amount is not None}


def _nearest(text: str, found: Stated, names: Sequence[str]) -> str:
    """The one whose cue is nearest before the value in its sentence; else after it; else the first."""
    before = re.split(r"[.!?]\s", text[: found.start])[-1]
    after = re.split(r"[.!?](?:\s|$)", text[found.end :])[0]
    for side, last in ((before, True), (after, False), (text[: found.start], True)):
        places = {name: [match.start() for match in _CUES[name].finditer(side)] for name in names}
        said = {name: max(at) if last else -min(at) for name, at in places.items() if at}
        if said:
            return max(said, key=lambda name: said[name])
    return names[0]


def _status(text: str, sheet: Sheet) -> Iterator[tuple[int, int, str]]:
    """The order's status, where the reply says that something is so."""
    if sheet.fields["status"].casefold().split()[0] not in text.casefold():
        return
    words = re.escape(sheet.fields["status"]).replace(r"\ ", r"[\s_]+")
    for match in re.finditer(_STATUS.format(words), text, re.IGNORECASE):
        yield *match.span("value"), "status"
