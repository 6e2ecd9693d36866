"""Write the parts of a reply that state an order with a model that names slots; the values are put in afterwards.

All other parts are the composer's: quotations of articles, products, fixed sentences. So is a part for which the model
does not say what it has to.
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from langchain_core.messages import HumanMessage, SystemMessage

from agent.brief import Brief, Part, Words
from agent.sentences import split
from agent.writer import compose_text
from prompts.fields import SLOT, Sheet, Wanted, customer_words, denies, put_in, slots_of, system_words, wanted
from rapport.chat.model import TransformersChat
from rapport.chat.slots import Slots
from rapport.errors import DataError, ModelError, UserError
from rapport.text import mask
from rapport.types import Verdict

LANGUAGES = ("en",)  # the starter's
AGAIN = 0.7  # temperature of a rewrite: the likeliest words are those that were refused
_NOT_THERE = re.compile(r"\bno\b|\bnot on record\b", re.IGNORECASE)
_STRAY = re.compile(r"[\d{}]")  # a number, or a brace of no slot
# How a field is named where it is denied.
_FIELDS = {
    name: re.compile(rf"(?:\b|^)(?:{words})\b", re.IGNORECASE)
    for name, words in {
        "expected date": "(?:day|date) of arrival|(?:arrival|expected) (?:day|date)",
        "delivery date": "(?:day|date) of (?:arrival|delivery)|(?:arrival|delivery) (?:day|date)",
        "shipping date": "(?:day|date) of (?:dispatch|shipping)|(?:dispatch|shipping) (?:day|date)",
        "order date": "order date",
        "carrier": "carrier|courier",
        "tracking number": "tracking (?:number|code)",
        "total": "total|sum",
        "payment method": "payment method|way of payment",
        "invoice number": "invoice",
        "refund date": "day of payment for the refund|date for the refund|refund date",
        "refund method": "way of the refund",
        "refund amount": "no refund|^the refund (?:of order +)?is not",
        "items": "list of items",
        "parcel": "no parcel",
    }.items()
}


@dataclass(frozen=True, slots=True)
class SlotWriter:
    """A model that writes slots, as a writer."""

    model: TransformersChat
    name: str = "starter"

    @property
    def taught(self) -> bool:
        """It sees the names of fields and the customer's words, never a value."""
        return True

    def describe(self) -> str:
        """What the model says of itself."""
        return self.model.describe()

    def takes(self, brief: Brief) -> bool:
        """Whether a part of the reply is for the model: one that states a record, in a language that it writes."""
        return brief.locale.split("-")[0] in LANGUAGES and any(part.sheet for part in brief.parts)

    def write(self, brief: Brief, *, seconds: float, refused: Verdict | None = None) -> Iterator[str]:
        """The whole reply in one piece; see `Writer`. Raises ModelError where no part came out as it has to."""
        if brief.said:
            raise ModelError("the reply was begun, and this model writes it whole.")
        ends_at = time.monotonic() + seconds
        sheets = [(part, part.sheet) for part in brief.parts if part.sheet is not None]

        def written(one: tuple[Part, Sheet]) -> str:
            return self._part(*one, ends_at=ends_at, again=refused is not None)

        with ThreadPoolExecutor(max_workers=max(1, len(sheets))) as pool:  # one pass of the model serves all
            words = {id(part): text for (part, _), text in zip(sheets, pool.map(written, sheets), strict=True)}
        if not any(words.values()):
            raise ModelError("the model left out what it had to say.")
        parts = [replace(part, lines=(Words(text),)) if (text := words.get(id(part))) else part for part in brief.parts]
        yield compose_text(replace(brief, parts=tuple(parts)))

    def _part(self, part: Part, sheet: Sheet, *, ends_at: float, again: bool) -> str:
        """The words of one part, values put in; "" where they are not as they have to be."""
        need = wanted(sheet, part.asked)
        draft = self._draft(part, sheet, need, ends_at=ends_at, again=again)
        return put_in(draft, sheet) if sound(draft, sheet, need) else ""

    def _draft(self, part: Part, sheet: Sheet, need: Wanted, *, ends_at: float, again: bool) -> str:
        """What the model writes of one part, slots unfilled and no sentence twice; "" where it found no end.

        Raises ModelError.
        """
        left = ends_at - time.monotonic()
        if left <= 0:
            raise ModelError("there was no time left to write.")
        prompt = [
            SystemMessage(system_words(sheet, part.asked)),
            HumanMessage(customer_words(mask(part.question)) or "?"),
        ]
        model = self.model.model_copy(update={"seconds": left, **({"temperature": AGAIN, "seed": 1} if again else {})})
        try:
            message = model.invoke(prompt, slots=Slots(need.slots, need.must))
        except (UserError, DataError) as error:  # it loads when it first writes, and its files may be gone by then
            raise ModelError(f"the model does not load: {error.message}") from error
        ended = message.response_metadata.get("finish_reason") == "stop"
        return " ".join(dict.fromkeys(one.strip() for one in split(str(message.text)))) if ended else ""


def sound(draft: str, sheet: Sheet, need: Wanted) -> bool:
    """Whether a draft names all slots that it must, no others than it may and no number, and says what is missing.

    What it says to be missing is missing.
    """
    named = set(slots_of(draft))
    said = not need.missing or denies(draft)
    fitting = set(need.must) <= named <= set(need.slots) and not _STRAY.search(SLOT.sub("", draft))
    return bool(draft) and said and fitting and not denied_falsely(draft, sheet)


def denied_falsely(draft: str, sheet: Sheet) -> tuple[str, ...]:
    """The fields that a draft says are not on record while they are."""
    denials = [SLOT.sub("", sentence).strip() for sentence in split(draft) if _NOT_THERE.search(sentence)]
    found = [name for name, words in _FIELDS.items() if any(words.search(denial) for denial in denials)]
    under_way = sheet.states["parcel"] not in ("none", "preparing")
    return tuple(name for name in found if name in sheet.fields or (name == "parcel" and under_way))
