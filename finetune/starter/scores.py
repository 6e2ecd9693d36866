"""Score a model that writes slots, on rows of the grammar: right slots, and what is missing said to be missing."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prompts.fields import slots_of
from rapport.chat.slots import Slots

DENIES = re.compile(r"\b(?:no|not|none|cannot|without)\b|n['’]t\b", re.IGNORECASE)
_LINE = re.compile(r"^(say|may say|not on record): (.+)$", re.MULTILINE)
Write = Callable[[Sequence[dict[str, str]], Slots | None], str]


@dataclass(frozen=True, slots=True)
class SlotScores:
    """Shares of the rows, 0-1.

    right: all slots named that the reply must say, and no others than it may; what is missing is said to be missing.
    wrong: a slot that was not allowed. denied: of the rows with something missing, those that say so.
    exact: the row's own reply, word for word.
    """

    rows: int
    right: float
    wrong: float
    denied: float
    exact: float

    def as_card(self) -> dict[str, float]:
        return asdict(self)


def slots_asked(system: str) -> tuple[Slots, bool]:
    """What the system words allow and demand, and whether something is not on record."""
    told = {found[1]: found[2] for found in _LINE.finditer(system)}
    must = _names(told.get("say", ""), "nothing on record")
    return Slots(must + _names(told.get("may say", ""), "nothing"), must), "not on record" in told


def score_slots(rows: Sequence[dict[str, Any]], write: Write, *, bound: bool = True) -> SlotScores:
    """Let a model answer each row. bound: keep it to the allowed slots; else it writes freely."""
    right = wrong = denied = lacking = exact = 0
    for row in rows:
        slots, missing = slots_asked(row["messages"][0]["content"])
        text = write(row["messages"][:-1], slots if bound else None)
        named = set(slots_of(text))
        outside = not named <= set(slots.allowed)
        said = not missing or bool(DENIES.search(text))
        wrong += outside
        lacking += missing
        denied += missing and said
        right += set(slots.must) <= named and not outside and said
        exact += text == row["messages"][-1]["content"]
    count = max(1, len(rows))
    return SlotScores(len(rows), right / count, wrong / count, denied / max(1, lacking), exact / count)


def _names(listed: str, nothing: str) -> tuple[str, ...]:
    return () if listed in ("", nothing) else tuple(listed.split(", "))
