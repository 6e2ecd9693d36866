"""Score a model that writes slots, on rows of the grammar: right slots, and what is missing said to be missing."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from prompts.fields import denies, slots_of, told_by
from rapport.chat.slots import Slots

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


def score_slots(rows: Sequence[dict[str, Any]], write: Write, *, bound: bool = True) -> SlotScores:
    """Let a model answer each row. bound: keep it to the allowed slots; else it writes freely."""
    right = wrong = denied = lacking = exact = 0
    for row in rows:
        need = told_by(row["messages"][0]["content"])
        text = write(row["messages"][:-1], Slots(need.slots, need.must) if bound else None)
        named, missing = set(slots_of(text)), bool(need.missing)
        outside = not named <= set(need.slots)
        said = not missing or denies(text)
        wrong += outside
        lacking += missing
        denied += missing and said
        right += set(need.must) <= named and not outside and said
        exact += text == row["messages"][-1]["content"]
    count = max(1, len(rows))
    return SlotScores(len(rows), right / count, wrong / count, denied / max(1, lacking), exact / count)
