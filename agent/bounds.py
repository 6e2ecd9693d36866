"""What lies outside an agent's bounds by its words alone: other people's data, its inside, insults, the law, a death.

The patterns are a file, `bounds.toml`. Decides nothing; see `agent.decide_bounds`.
"""

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

BoundId = Literal["others", "inside", "who", "abuse", "danger", "law", "steps", "other_matter", "bereavement"]
FILE = Path(__file__).with_name("bounds.toml")


@dataclass(frozen=True, slots=True)
class Bound:
    """One kind of message. unless: what shows that something harmless is meant."""

    id: BoundId
    patterns: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str]

    def crossed_by(self, text: str) -> bool:
        """Whether a text is such a message."""
        return any(pattern.search(text) for pattern in self.patterns) and not self.unless.search(text)


def crosses(text: str, id: BoundId) -> bool:
    """Whether a text is of this kind."""
    return any(bound.id == id and bound.crossed_by(text) for bound in bounds())


@functools.cache
def bounds() -> tuple[Bound, ...]:
    """The bounds of the file, in its order."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    found = []
    for row in table["bound"]:
        loose = [re.compile(_whole(pattern, table["parts"]), re.IGNORECASE) for pattern in row["patterns"]]
        exact = [re.compile(_whole(pattern, table["parts"])) for pattern in row["exact"]]
        found.append(Bound(row["id"], (*loose, *exact), re.compile(row["unless"], re.IGNORECASE)))
    return tuple(found)


def _whole(pattern: str, parts: dict[str, str]) -> str:
    """A pattern with its parts put in. Only names between braces are slots: "{0,3}" is a count."""
    return re.sub(r"\{([a-z]+)\}", lambda slot: parts[slot[1]], pattern)
