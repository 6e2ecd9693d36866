"""The ways in which customers ask about an order: read from `phrasings/orders.toml`, filled in for one order."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from random import Random
from typing import Any

from rapport.errors import CorruptArtifact

PHRASINGS = "orders.toml"
NOTATIONS = ("hash", "plain", "lower", "lower_hash", "spaced", "dashed", "grouped", "digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrasing:
    """One way of asking; `messages` are sent one after the other and the last reply counts."""

    id: str
    style: str
    messages: tuple[str, ...]
    notation: str = "hash"

    def ask(self, number: str, items: Sequence[str]) -> tuple[str, ...]:
        """The messages with the order number in this notation and the names of the things ordered."""
        names = list(dict.fromkeys(items))
        values = {"{number}": write_number(number, self.notation), "{item}": names[0], "{items}": _listed(names)}
        pattern = re.compile("|".join(re.escape(slot) for slot in values))
        return tuple(pattern.sub(lambda found: values[found.group()], message) for message in self.messages)


def load_phrasings() -> tuple[Phrasing, ...]:
    """Every phrasing of the packaged file, in its order. Raises CorruptArtifact where one is wrong."""
    text = resources.files("eval").joinpath("phrasings", PHRASINGS).read_text(encoding="utf-8")
    return tuple(_checked(row) for row in tomllib.loads(text)["phrasing"])


def deal(phrasings: Sequence[Phrasing], count: int, *, each: int, seed: int) -> list[tuple[Phrasing, ...]]:
    """For each of `count` orders, `each` different phrasings, every phrasing equally often up to one."""
    shuffled = list(phrasings)
    Random(seed).shuffle(shuffled)
    each = min(each, len(shuffled))
    return [
        tuple(shuffled[(index * each + offset) % len(shuffled)] for offset in range(each)) for index in range(count)
    ]


def write_number(number: str, notation: str) -> str:
    """An order number such as "#W2611340" as people write it. Raises ValueError for an unknown notation."""
    letter, digits = number.lstrip("#")[0], number.lstrip("#")[1:]
    forms = {
        "hash": f"#{letter}{digits}",
        "plain": f"{letter}{digits}",
        "lower": f"{letter}{digits}".lower(),
        "lower_hash": f"#{letter}{digits}".lower(),
        "spaced": f"{letter} {digits}",
        "dashed": f"#{letter}-{digits}",
        "grouped": f"#{letter}{digits[:3]} {digits[3:]}",
        "digits": digits,
    }
    if notation not in forms:
        raise ValueError(f"no notation '{notation}'; known: {', '.join(NOTATIONS)}")
    return forms[notation]


def unused_number(taken: Mapping[str, Any], like: str, random: Random) -> str:
    """An order number of the same shape as `like` that no order has."""
    while True:
        number = "".join(random.choice("0123456789") if sign.isdigit() else sign for sign in like)
        if number not in taken:
            return number


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _checked(row: Mapping[str, Any]) -> Phrasing:
    phrasing = Phrasing(
        id=row["id"], style=row["style"], messages=tuple(row["messages"]), notation=row.get("notation", "hash")
    )
    if phrasing.notation not in NOTATIONS or sum("{number}" in message for message in phrasing.messages) != 1:
        raise CorruptArtifact(f"{PHRASINGS}: phrasing '{phrasing.id}' needs one {{number}} and a known notation.")
    return phrasing
