"""Deal conversations to train, dev and test: all of one conversation to one part, and every level to each part."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from rapport.dialogues import Dialogue
from rapport.errors import BadRow
from rapport.escalation import LEVELS

HELD_OUT = 0.15  # share of the conversations in dev, and in test


def with_splits(dialogues: Sequence[Dialogue], *, seed: int = 7) -> tuple[Dialogue, ...]:
    """The same conversations with their parts; those that name them already are left as they are.

    What has the same `family` lies in one part. Two conversations of a level give train and dev, three give all.
    Raises BadRow where some name a part and some do not.
    """
    if not any(one.split for one in dialogues):
        parts = _dealt(dialogues, seed)
        return tuple(replace(one, split=parts[one.family]) for one in dialogues)
    if all(one.split for one in dialogues):
        return tuple(dialogues)
    raise BadRow(
        "some rows name their split and some do not.", hint="Give every row train, dev or test, or none of them."
    )


def _dealt(dialogues: Sequence[Dialogue], seed: int) -> dict[str, str]:
    """The part of each family."""
    gravest: dict[str, int] = {}
    for one in dialogues:
        level = max((LEVELS.index(said.level) for said in one.said if said.level is not None), default=0)
        gravest[one.family] = max(level, gravest.get(one.family, 0))
    parts: dict[str, str] = {}
    for level in range(len(LEVELS)):
        families = [family for family, found in gravest.items() if found == level]
        Random(f"{seed} {level}").shuffle(families)
        held = max(1, round(HELD_OUT * len(families)))
        dev = held if len(families) > 1 else 0
        test = held if len(families) > 2 else 0
        parts.update(dict.fromkeys(families, "train"))
        parts.update(dict.fromkeys(families[:dev], "dev"))
        parts.update(dict.fromkeys(families[dev : dev + test], "test"))
    return parts
