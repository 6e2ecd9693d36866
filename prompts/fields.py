"""The slot protocol: what a model is told of an order, and how the slots that it writes are filled in.

A model that writes by this protocol sees the names of the fields that a record has, and its statuses, never a value. It
writes `{order number}`; the value is put in afterwards. So a value can be left out, but none can be invented, and none
can stand where another one belongs.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prompts.slots import date_words, item_words, listing, money
from rapport.errors import DataError

SLOT = re.compile(r"\{([a-z][a-z0-9 ]*)\}")
BRACES = str.maketrans("{}", "()")  # a customer's braces are no slots

# What may be asked of an order, each with the fields that answer it.
TOPICS: Mapping[str, tuple[str, ...]] = {
    "status": ("order number", "status", "items"),
    "parcel": ("order number", "status", "items"),
    "arrival": ("delivery date", "expected date"),
    "carrier": ("carrier",),
    "tracking number": ("tracking number",),
    "shipping date": ("shipping date",),
    "items": ("items", "status"),
    "order date": ("order date",),
    "total": ("total",),
    "payment method": ("payment method",),
    "invoice number": ("invoice number",),
    "refund": ("refund amount", "refund status"),
    "refund amount": ("refund amount",),
    "refund date": ("refund date",),
    "refund method": ("refund method",),
}
WHOLE = frozenset({"status", "parcel"})  # these tell how the order stands altogether
_PARCEL = ("carrier", "tracking number", "shipping date", "expected date", "delivery date")
_ALWAYS = ("order number", "status")
# What a reply to a topic may say beside what answers it.
_BESIDE: Mapping[str, tuple[str, ...]] = {
    "status": ("expected date", "delivery date", "carrier", "tracking number"),
    "parcel": ("expected date", "delivery date", "carrier", "tracking number"),
    "arrival": ("carrier",),
    "carrier": ("tracking number",),
    "tracking number": ("carrier",),
    "invoice number": ("total",),
    "refund": ("refund date", "refund method"),
    "refund amount": ("refund status",),
    "refund date": ("refund amount", "refund status"),
    "refund method": ("refund amount", "refund status"),
}
NOTHING, NO_MORE = "nothing on record", "nothing"  # where there is no slot to say
_TOLD = re.compile(r"^(say|may say|not on record): (.+)$", re.MULTILINE)
_DENIES = re.compile(r"\b(?:no|not|none|cannot|without)\b|n['’]t\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What there is to say of one record.

    states: name -> the words of a state, which the model may see. fields: slot name -> the words that fill it.
    """

    record: str
    states: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reply has to say. must: slots; may: slots beside them. missing: fields that are asked for and not there.

    Where something is missing the reply says so.
    """

    must: tuple[str, ...]
    may: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def slots(self) -> tuple[str, ...]:
        return self.must + self.may


def sheet_of(values: Mapping[str, Any]) -> Sheet:
    """The sheet of an order from the values that the order tools give.

    Several parcels or refunds share a field: "GLS and DHL". Where their states differ the state is "several".
    """
    parcels, refunds = list(values.get("parcels") or ()), list(values.get("refunds") or ())
    currency = str(values.get("currency") or "")
    fields = {
        "order number": values["number"],
        "status": plain_state(values["status"], spaced=True),
        "items": listing(item_words(values.get("items") or ())),
        "order date": _day(values.get("placed")),
        "total": money(str(values["total"]), currency) if values.get("total") is not None else None,
        "payment method": values.get("payment"),
        "invoice number": values.get("invoice"),
        "carrier": _listed(parcels, "carrier"),
        "tracking number": _listed(parcels, "tracking"),
        "shipping date": _dates(parcels, "shipped"),
        "expected date": _dates([parcel for parcel in parcels if not parcel.get("delivered")], "expected"),
        "delivery date": _dates(parcels, "delivered"),
        "refund amount": listing([money(str(item["amount"]), currency) for item in refunds]),
        "refund status": _listed(refunds, "state"),
        "refund request date": _dates(refunds, "requested"),
        "refund date": _dates(refunds, "paid"),
        "refund method": _listed(refunds, "method"),
    }
    states = {"status": plain_state(values["status"]), "parcel": _state(parcels), "refund": _state(refunds)}
    return Sheet(
        "order",
        states,
        {
            name: str(words).replace("_", " ") if name.endswith(("status", "method")) else str(words)
            for name, words in fields.items()
            if words
        },
    )


def wanted(sheet: Sheet, asked: Sequence[str]) -> Wanted:
    """What a reply to these topics has to say of this record. asked: keys of TOPICS, one or more."""
    must: list[str] = []
    may: list[str] = []
    missing: list[str] = []
    for topic in asked:
        there, lacking = _answers(sheet, topic)
        must += there
        missing += lacking
        may += _BESIDE.get(topic, ())
    kept = [name for name in (*may, *_ALWAYS) if name in sheet.fields and name not in must]
    return Wanted(tuple(dict.fromkeys(must)), tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(missing)))


def _answers(sheet: Sheet, topic: str) -> tuple[list[str], list[str]]:
    """The fields that answer a topic, and those that it lacks."""
    names = _there(sheet, topic)
    if topic == "arrival":
        arrived = sheet.states["parcel"] == "delivered"
        if names and (not arrived or "delivery date" in names):
            return names[:1], []
        # without a day, how the order stands is the answer
        return _there(sheet, "status"), ["delivery date" if arrived else "expected date"]
    if topic in WHOLE:
        return names, []
    if topic.startswith("refund") and "refund amount" not in sheet.fields:
        return [], ["refund"]
    return (names, []) if names else ([], [topic])


def _there(sheet: Sheet, topic: str) -> list[str]:
    return [name for name in TOPICS[topic] if name in sheet.fields]


def system_words(sheet: Sheet, asked: Sequence[str]) -> str:
    """What a model that writes slots is told: the record's states, the slots that it may write, what is asked."""
    need = wanted(sheet, asked)
    lines = [f"{name}: {state}" for name, state in sheet.states.items()]
    lines.append(f"asked: {', '.join(asked)}")
    lines.append(f"say: {', '.join(need.must) or NOTHING}")
    lines.append(f"may say: {', '.join(need.may) or NO_MORE}")
    if need.missing:
        lines.append(f"not on record: {', '.join(need.missing)}")
    return "\n".join(lines)


def told_by(system: str) -> Wanted:
    """What `system_words` told, read back."""
    told = {found[1]: found[2] for found in _TOLD.finditer(system)}
    must, may, missing = (
        tuple(name for name in told.get(line, "").split(", ") if name not in ("", NOTHING, NO_MORE))
        for line in ("say", "may say", "not on record")
    )
    return Wanted(must, may, missing)


def denies(text: str) -> bool:
    """Whether a text says of anything that it is not there."""
    return bool(_DENIES.search(text))


def customer_words(text: str) -> str:
    """A customer's message as such a model reads it: its braces are no slots."""
    return text.translate(BRACES)


def slots_of(text: str) -> tuple[str, ...]:
    """The names of the slots in a text, in order."""
    return tuple(SLOT.findall(text))


def put_in(text: str, sheet: Sheet) -> str:
    """Fill the slots. Values are put in as they are and never read again for slots.

    Raises DataError for a slot that the sheet lacks or a brace that belongs to none.
    """

    def value(match: re.Match[str]) -> str:
        try:
            return sheet.fields[match[1]]
        except KeyError:
            raise DataError(
                f"the reply names '{match[1]}', which is not on record.", hint=f"There are: {sorted(sheet.fields)}."
            ) from None

    if "{" in (rest := SLOT.sub("", text)) or "}" in rest:
        raise DataError("the reply has a brace that belongs to no slot.")
    return SLOT.sub(value, text)


def plain_state(status: Any, *, spaced: bool = False) -> str:
    """A state in plain words; for a model in small letters, letters and digits alone, forty at most."""
    words = str(status).replace("_", " ")
    return words if spaced else " ".join(re.findall(r"[a-z0-9]+", words.casefold()))[:40].strip() or "none"


def _state(rows: Sequence[Mapping[str, Any]]) -> str:
    states = {plain_state(row.get("state") or "none") for row in rows}
    return next(iter(states)) if len(states) == 1 else "several" if states else "none"


def _day(iso: Any) -> str | None:
    return date_words(iso) if iso else None


def _dates(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    return listing(list(dict.fromkeys(date_words(row[name]) for row in rows if row.get(name))))


def _listed(rows: Sequence[Mapping[str, Any]], name: str) -> str:
    return listing(list(dict.fromkeys(str(row[name]) for row in rows if row.get(name))))
